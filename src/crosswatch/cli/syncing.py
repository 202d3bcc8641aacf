"""crosswatch sync, runs, cancel, status."""

import asyncio
import signal
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from crosswatch import words
from crosswatch.cli.bars import followed
from crosswatch.cli.opening import with_house
from crosswatch.cli.output import (
    FAILED,
    JSON_OPTION,
    NOT_CONNECTED,
    PARTIAL,
    SUCCEEDED,
    local_time,
    show_json,
    wants_json,
)
from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from crosswatch.services.running import Running, RunReport
from crosswatch.services.shapes import item_shape, run_shape, shown_value
from crosswatch.store.journal import Item
from crosswatch.store.pairs import PairRow

app = typer.Typer()

_WORST_FIRST = (FAILED, NOT_CONNECTED, PARTIAL, SUCCEEDED)


@app.command()
def sync(
    pair: Annotated[
        str | None, typer.Argument(help="Its number or name; all pairs where it is left out.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Anything that needs attention ends with 3.")
    ] = False,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Brings a pair, or all pairs, in step now."""
    reports = with_house(lambda house: _sync(house, pair))
    if wants_json():
        show_json([run_shape(report) for report in reports])
    codes = [_exit_code(report, strict=strict) for report in reports]
    raise typer.Exit(next(code for code in _WORST_FIRST if code in codes))


async def _sync(house: House, wanted: str | None) -> list[RunReport]:
    pairs = Pairs(house)
    chosen = [await pairs.named(wanted)] if wanted else [pair for pair in await pairs.every() if pair.enabled]
    if not chosen:
        raise Refused("no_pairs")
    reports: list[RunReport] = []
    for pair in chosen:
        report = await _one(house, pair)
        reports.append(report)
        if not wants_json():
            _tell(report)
    return reports


async def _one(house: House, pair: PairRow) -> RunReport:
    """One run in this process, with progress; Ctrl+C and SIGTERM ask it to stop."""
    running = Running(house)
    run_id, pair = await running.begin(pair.id, trigger="command line")
    task = asyncio.create_task(running.carry_out(run_id, pair))
    loop = asyncio.get_running_loop()
    stops: set[asyncio.Task[RunReport]] = set()

    def stop() -> None:
        stops.add(asyncio.create_task(running.cancel(run_id)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await followed(running, run_id, task, quiet=wants_json())
        return await task
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        await asyncio.gather(*stops)


def _exit_code(report: RunReport, *, strict: bool) -> int:
    run = report.run
    if run.status == "succeeded":
        return PARTIAL if strict and run.attention else SUCCEEDED
    if run.status == "partial":
        return PARTIAL
    return NOT_CONNECTED if run.code in ("not_connected", "session_ended", "account_changed") else FAILED


@app.command()
def runs(
    run: Annotated[
        int | None, typer.Argument(help="The number of a run; the newest runs where it is left out.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 20,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Lists the newest runs, or shows one with everything that it wrote."""
    if run is not None:
        report, items = with_house(lambda house: _show(house, run, limit))
        if wants_json():
            show_json({**run_shape(report), "items": [item_shape(item) for item in items]})
        else:
            _tell(report)
            for item in items:
                typer.echo(f"  {_item_line(item)}")
        return
    reports = with_house(lambda house: Running(house).every(limit=limit))
    if wants_json():
        show_json([run_shape(report) for report in reports])
    elif not reports:
        typer.echo("There were no runs yet. Start one with “crosswatch sync”.")
    else:
        for report in reports:
            typer.echo(_line(report))


async def _show(house: House, run_id: int, limit: int) -> tuple[RunReport, list[Item]]:
    running = Running(house)
    items, _ = await running.items(run_id, after=0, limit=limit)
    return await running.show(run_id), list(items)


@app.command()
def cancel(
    run: Annotated[int, typer.Argument(help="The number of the run.")],
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Asks a run to stop, also one of the server."""
    report = with_house(lambda house: Running(house).cancel(run))
    if wants_json():
        show_json(run_shape(report))
    elif report.run.finished_at is not None:
        typer.echo(f"Run {run} has already ended.")
    else:
        typer.echo(f"Run {run} was asked to stop.")


@app.command()
def status(json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Says what is connected, what is kept in step, and how the last runs went."""
    with_house(_status)


async def _status(house: House) -> None:
    connect, pairs, running = ConnectTmdb(house), Pairs(house), Running(house)
    states = [await connect.verify(instance) for instance in connect.instances()]
    every = await pairs.every()
    last = await running.every(limit=5)
    if wants_json():
        show_json(
            {
                "connections": [
                    {
                        "instance": state.instance,
                        "connected": state.connected,
                        "checked": state.checked,
                        "username": state.account.username if state.account else "",
                        "code": state.error.code if state.error else "",
                    }
                    for state in states
                ],
                "pairs": [pair.name for pair in every],
                "runs": [run_shape(report) for report in last],
            }
        )
        return
    for state in states:
        name = "tmdb" if state.instance == "default" else f"tmdb/{state.instance}"
        who = f" as {state.account.username}" if state.account and state.account.username else ""
        said = f" {words.say(state.error.code, state.error.params).whole}" if state.error else ""
        typer.echo(f"{name}: {'connected' if state.connected else 'not connected'}{who}.{said}")
    for pair in every:
        typer.echo(f"Pair {pair.id}, {pair.name}: {'on' if pair.enabled else 'off'}")
    for report in last:
        typer.echo(_line(report))


def _line(report: RunReport) -> str:
    run = report.run
    return f"{run.id}: {local_time(run.started_at)}  {run.pair_name}: {run.status}{_figures(report)}"


def _tell(report: RunReport) -> None:
    """How a run ended, lane by lane, and what to do where something is wrong."""
    run = report.run
    seconds = ((run.finished_at or run.started_at) - run.started_at) / 1000
    typer.echo(f"{run.pair_name}: {run.status} in {seconds:.1f} s, {run.requests} requests (run {run.id})")
    for feature, lane in report.lanes.items():
        typer.echo(
            f"  {feature}: read {lane['read']['source']} and {lane['read']['target']};{_lane_figures(lane)}"
        )
        for side, reason in lane.get("incomplete", {}).items():
            typer.echo(f"    the {side}'s list is not complete: {reason}")
        hidden = sum(lane.get("gap", {}).values())
        if hidden:
            typer.echo(f"    {hidden} hidden: the service counts them and does not list them")
        for why, titles in lane.get("why_held", {}).items():
            typer.echo(f"    {titles} held: {words.held(why)}")
    if run.code:
        typer.echo(words.say(run.code, run.params).whole, err=True)


def _lane_figures(lane: Mapping[str, Any]) -> str:
    names = (
        "added", "changed", "removed", "adopted", "already", "held", "kept", "left", "conflicts",
        "unmatched", "rejected", "moved", "retry_later", "in_doubt", "not_sent",
    )  # fmt: skip
    said = [f" {lane[name]} {name.replace('_', ' ')}" for name in names if lane.get(name)]
    return ",".join(said) or " nothing to do"


def _figures(report: RunReport) -> str:
    names = ("added", "changed", "removed", "held")
    sums = {name: sum(int(lane.get(name, 0)) for lane in report.lanes.values()) for name in names}
    said = ", ".join(f"{number} {name}" for name, number in sums.items() if number)
    return f", {said}" if said else ""


def _item_line(item: Item) -> str:
    title = item.name or f"title {item.title}"
    if item.season is not None and item.number is not None:
        title = f"{item.show or 'Show'} S{item.season:02d}E{item.number:02d} {item.name}".rstrip()
    elif item.year:
        title = f"{title} ({item.year})"
    before, after = (shown_value(item.feature, value) for value in (item.before, item.after))
    values = f": {'none' if before is None else before} → {'none' if after is None else after}"
    changed = values if item.feature is Feature.RATINGS else ""
    return f"{item.feature} {item.action} {title}{changed}: {item.outcome or item.state.value} {item.words}".rstrip()
