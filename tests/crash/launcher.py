"""The real program, killed by itself at one moment: ``launcher.py MOMENT SECONDS sync ...``.

MOMENT is ``name:n``, the n-th time that it comes to that (see MOMENTS), or ``never:0``. SECONDS replaces the time limit
of a call of TMDb after which a doubt may be looked up, so that nobody has to wait for it. Nothing of this is in the
program: its own functions are wrapped here, from outside.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from crosswatch.cli import main
from crosswatch.net.client import HttpClient
from crosswatch.providers.tmdb import manifest, provider
from crosswatch.providers.tmdb.manifest import PACE
from crosswatch.store import journal, runs
from crosswatch.store.database import Database

MOMENTS = {
    "reading": "before a call that reads",
    "planning": "before what is planned is committed",
    "planned": "planned is committed",
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
    """Kills this process the n-th time that a moment comes."""

    def __init__(self, moment: str) -> None:
        self._name, _, nth = moment.partition(":")
        self._nth = int(nth)
        self._came: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._transaction = threading.local()

    def comes(self, name: str) -> None:
        """This moment has come once more."""
        with self._lock:
            self._came[name] += 1
            if name == self._name and self._came[name] == self._nth:
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

    patches: dict[tuple[Any, str], Any] = {
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
    """A simulator answers: TMDb's pace is lifted, and a doubt is ripe after so many seconds."""
    paces = {provider: replace(PACE, per_second=900.0), manifest: replace(PACE, time_limit=seconds)}
    for module, pace in paces.items():
        setattr(module, "PACE", pace)  # noqa: B010 (what a module imported is no attribute to the type checker)


if __name__ == "__main__":
    _, moment, seconds, *words = sys.argv
    sys.argv = ["crosswatch", *words]
    wrap(Killer(moment))
    hurry(float(seconds))
    main.run()
