"""The real program, killed by itself at one moment; ``programs.py`` says which, and how.

A moment is ``name:n``, the n-th time that it comes to that (see MOMENTS), or ``never:0``. Nothing of this is in the
program: its own functions are wrapped here, from outside. To import the program takes longer than most of these runs:
so it is imported once, and each run is a process that is forked from there.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosswatch import app
from crosswatch.cli import main, syncing
from crosswatch.errors import Refused
from crosswatch.model.kinds import Action
from crosswatch.net.client import HttpClient
from crosswatch.providers.tmdb import manifest, provider
from crosswatch.providers.tmdb.manifest import PACE
from crosswatch.runs.proofs import Proofs
from crosswatch.services.plans import Plans
from crosswatch.services.running import Running
from crosswatch.settings import Settings
from crosswatch.store import journal, plans, runs
from crosswatch.store.database import Database

assert syncing, "what a command needs is imported before the first run"

MOMENTS = {
    "reading": "before a call that reads",
    "planning": "before what is planned is committed",
    "planned": "planned is committed",
    "promising": "before a lane of a plan that is only shown is committed",
    "promised": "a lane of such a plan is committed, and its other lane is not",
    "sealed": "such a plan is committed whole",
    "applying": "before it is committed that a plan is being applied",
    "applied": "that is committed, and nothing else of that run",
    "proved": "the removals of a window were proved once more, and the window is not marked as sent",
    "marking": "before a window is committed as sent",
    "sent": "sent is committed, and nothing of that window has left",
    "middle": "in the middle of a window: before a write leaves",
    "effect": "after the effect of a write, before the program has the answer",
    "answered": "a window is answered, before its results are committed",
    "recorded": "the results of a window are committed",
    "settling": "a doubt was looked up, before what came of it is committed",
    "settled": "what came of a doubt is committed",
    "closing": "before the last commit",
    "closed": "after the last commit",
}


class Killer:
    """Kills this process the n-th time that a moment comes; ``came`` says how often each came so far."""

    def __init__(self, moment: str) -> None:
        self._name, _, nth = moment.partition(":")
        self._nth = int(nth)
        self.came: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._transaction = threading.local()

    def comes(self, name: str) -> None:
        """This moment has come once more."""
        with self._lock:
            self.came[name] += 1
            if name == self._name and self.came[name] == self._nth:
                os.kill(os.getpid(), signal.SIGKILL)

    def around_commit(self, before: str, after: str) -> None:
        """In a transaction: one moment now, the other once it is committed."""
        self.comes(before)
        self._transaction.then.append(after)

    def transaction(self, work: Callable[[], Any]) -> Any:
        """Work that commits when it returns."""
        self._transaction.then = []
        result = work()
        for name in self._transaction.then:
            self.comes(name)
        return result


def wrap(killer: Killer) -> None:
    """Puts the killer into the journal, the database and the HTTP client of this process."""
    enter, mark, end = journal.enter, journal.mark_sent, journal.end
    change, write_now, send = runs.change, Database.write_now, HttpClient._send
    keep_lane, seal, mark_applied, prove = plans.keep_lane, plans.close, plans.mark_applied, Proofs.take

    def entered(connection: Any, entries: Sequence[Any]) -> None:
        enter(connection, entries)
        if entries:
            killer.around_commit("planning", "planned")

    def marked(connection: Any, run: int, seqs: Sequence[int], now: int) -> None:
        mark(connection, run, seqs, now)
        killer.around_commit("marking", "sent")

    def ended(connection: Any, run: int, endings: Sequence[Any], now: int) -> None:
        end(connection, run, endings, now)
        settled = [one for one in endings if one.code == "settled"]
        if settled:
            killer.around_commit("settling", "settled")
        elif endings:
            killer.around_commit("answered", "recorded")

    def changed(connection: Any, run_id: int, **values: Any) -> None:
        change(connection, run_id, **values)
        if values.get("finished_at") and values.get("status") != "interrupted":
            killer.around_commit("closing", "closed")

    async def sent(self: Any, request: Any, turn: Any) -> Any:
        killer.comes("middle" if request.writes else "reading")
        answer = await send(self, request, turn)
        if request.writes:
            killer.comes("effect")
        return answer

    def lane_kept(*given: Any) -> None:
        keep_lane(*given)
        killer.around_commit("promising", "promised")

    def plan_sealed(*given: Any) -> str:
        killer.around_commit("", "sealed")
        return seal(*given)

    def plan_applied(*given: Any) -> None:
        mark_applied(*given)
        killer.around_commit("applying", "applied")

    async def proved(self: Any, window: Sequence[Any]) -> None:
        await prove(self, window)
        if any(write.action is Action.REMOVE for write in window):
            killer.comes("proved")

    patches: dict[tuple[Any, str], Any] = {
        (plans, "keep_lane"): lane_kept,
        (plans, "close"): plan_sealed,
        (plans, "mark_applied"): plan_applied,
        (Proofs, "take"): proved,
        (journal, "enter"): entered,
        (journal, "mark_sent"): marked,
        (journal, "end"): ended,
        (runs, "change"): changed,
        (Database, "write_now"): lambda self, work: killer.transaction(lambda: write_now(self, work)),
        (HttpClient, "_send"): sent,
    }
    for (owner, name), function in patches.items():
        setattr(owner, name, function)


def hurry(seconds: float) -> None:
    """A simulator answers: TMDb's pace is lifted, and a doubt may be looked up after so many seconds, not its limit."""
    paces = {provider: replace(PACE, per_second=900.0), manifest: replace(PACE, time_limit=seconds)}
    for module, pace in paces.items():
        setattr(module, "PACE", pace)  # noqa: B010 (what a module imported is no attribute to the type checker)


async def contract(pair_id: int) -> int:
    """Makes a plan and applies it, as the pages do; 3 where something is left, as for a sync."""
    house = app.open_house(Settings(), role="the command line")
    try:
        plan_id = None
        for plan_is_made in (False, True):
            if plan_is_made:
                assert plan_id is not None, "a run that made a plan names it"
                run_id, pair = await Plans(house).begin_to_apply(plan_id, trigger="command line")
            else:
                run_id, pair = await Plans(house).begin(pair_id, trigger="command line")
            report = await Running(house).carry_out(run_id, pair)
            plan_id = report.run.plan
            if report.run.status not in ("succeeded", "partial"):
                print(report.run.status, report.run.code, dict(report.run.params), file=sys.stderr)
                return 1
        return 3 if report.run.status == "partial" else 0
    except Refused as refused:
        print(refused.code, dict(refused.params), file=sys.stderr)
        return 1
    finally:
        await house.close()


def run(moment: str, ripe: float, words: Sequence[str], tell: str) -> None:
    """The program with these words; it ends with SystemExit, or not at all. How often what came is told in a file."""
    killer = Killer(moment)
    wrap(killer)
    hurry(ripe)
    atexit.register(lambda: Path(tell).write_text(json.dumps(killer.came)))
    if words[0] == "contract":
        sys.exit(asyncio.run(contract(int(words[1]))))
    sys.argv = ["crosswatch", *words]
    main.run()


def next_order() -> dict[str, Any] | None:
    """Tells of each run that is ordered on stdin how it ended; in the process of a run: what it is to do.

    None once no more is ordered.
    """
    while line := sys.stdin.readline():
        order: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if not pid:
            return order
        print(ended(pid, order["breath"]), flush=True)
    return None


def ended(pid: int, breath: float | None) -> int:
    """The exit code of a run, which is killed after so many seconds where it has not ended by then."""
    end = None if breath is None else time.monotonic() + breath
    while end is not None and time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    if end is not None:
        os.kill(pid, signal.SIGKILL)  # nobody has waited for it yet, so the number is still its own
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def become(environment: dict[str, str], output: str) -> None:
    """A process of its own: nothing comes in, and what it says goes into a file."""
    os.environ.clear()
    os.environ.update(environment)
    into = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, name in ((os.open(os.devnull, os.O_RDONLY), 0), (into, 1), (into, 2)):
        os.dup2(stream, name)


if __name__ == "__main__":
    if (order := next_order()) is not None:
        become(order["environment"], order["output"])
        run(order["moment"], order["ripe"], order["words"], order["came"])
