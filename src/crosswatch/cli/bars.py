"""Progress of a run: a bar on a terminal, plain lines otherwise."""

import asyncio
import sys
import time

import typer

from crosswatch.services.running import Running, RunReport

_PHASES = {"waiting": "Waiting", "reading": "Reading", "planning": "Planning", "writing": "Writing"}
_EVERY = 0.25
_LINE_EVERY = 5.0


async def followed(running: Running, run_id: int, task: "asyncio.Task[RunReport]", *, quiet: bool) -> None:
    """Shows where the run is until it has ended; where nobody reads along only for whom it waits."""
    if quiet:
        await _waits(running, run_id, task)
    elif sys.stderr.isatty():
        await _bar(running, run_id, task)
    else:
        await _lines(running, run_id, task)


async def _bar(running: Running, run_id: int, task: "asyncio.Task[RunReport]") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.text import Text

    class Rate(ProgressColumn):
        """Titles per second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "", style="progress.data.speed")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown, phase = bar.add_task("Starting", total=None), ("", "")
        while not task.done():
            run = (await running.show(run_id)).run
            if (run.phase, run.feature) != phase:
                phase = (run.phase, run.feature)
                bar.reset(shown)
            bar.update(shown, description=_where(run.phase, run.feature, run.waiting_for))
            bar.update(shown, completed=run.done, total=run.total or None)
            await asyncio.wait({task}, timeout=_EVERY)


async def _lines(running: Running, run_id: int, task: "asyncio.Task[RunReport]") -> None:
    last, told_at = "", 0.0
    while not task.done():
        run = (await running.show(run_id)).run
        where = _where(run.phase, run.feature, run.waiting_for)
        if where != last or time.monotonic() - told_at > _LINE_EVERY:
            of = f" {run.done} of {run.total}" if run.total else ""
            typer.echo(f"{where}{of} ...", err=True)
            last, told_at = where, time.monotonic()
        await asyncio.wait({task}, timeout=_EVERY)


async def _waits(running: Running, run_id: int, task: "asyncio.Task[RunReport]") -> None:
    last = ""
    while not task.done():
        run = (await running.show(run_id)).run
        if run.phase == "waiting" and run.waiting_for not in ("", last):
            last = run.waiting_for
            typer.echo(f"{_where(run.phase, run.feature, last)} ...", err=True)
        await asyncio.wait({task}, timeout=_EVERY)


def _where(phase: str, feature: str, waiting_for: str) -> str:
    said = " ".join(part for part in (_PHASES.get(phase, phase), feature) if part)
    return f"{said}, waiting for {waiting_for}" if waiting_for else said
