"""`crosswatch sync` is killed at every moment, run once more, and nothing shows that it ever was."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from crosswatch.providers.tmdb import provider as tmdb_provider
from crosswatch.providers.tmdb.manifest import PACE
from tests.system.homes import Home
from tests.system.processes import PROGRAM, environment, simulated_tmdb, started

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

SOAK = os.environ.get("CROSSWATCH_SOAK") == "1"
RATINGS, WATCHLIST = 1_300, 600
STORIES = 60 if SOAK else 5
KILLS = 3
BUDGET = 900.0 if SOAK else 60.0
"""Seconds after which no new story begins."""

FEWEST = 8
"""Kills that have to hit before the run's own end; else the test does not show what it should."""

TITLE = "(SELECT x.kind || x.value FROM title_id x WHERE x.title = t.title AND x.namespace = 'tmdb')"
COMPARED = (
    f"SELECT {TITLE}, feature, value, date, precision, origin FROM tracker_item t ORDER BY t.id",
    f"""SELECT lane, {TITLE} AS name, source_value, target_value, source_stamp, target_stamp, source_native,
        target_native = t.title, ours, kept, rated FROM base t ORDER BY lane, name""",
    f"SELECT account, feature, {TITLE} AS name, value, stamp, date FROM reading t ORDER BY 1, 2, 3",
    f"SELECT account_uid LIKE 'tracker:%', feature, {TITLE} AS name, value FROM last_write t ORDER BY 2, 3",
    "SELECT kind, name, year, poster, season, number, merged_into FROM title ORDER BY kind, name, poster",
    "SELECT namespace, kind, value FROM title_id ORDER BY 1, 2, 3",
    "SELECT feature, whole, gap, total, reason, cursor FROM snapshot WHERE account = 1 ORDER BY feature",
    "SELECT * FROM unmatched UNION ALL SELECT id, kind, lane, title, made_at FROM attention",
)


@dataclass
class Victim(Home):
    """An installation whose program is killed; ``killed``: the runs that were under way."""

    killed: list[int] = field(default_factory=list)


def compared(home: Home) -> list[list[tuple[Any, ...]]]:
    """All that a sync leaves behind, without times, numbers of runs and versions."""
    with home.looked_at() as connection:
        return [connection.execute(query).fetchall() for query in COMPARED]


SENT = "SELECT 1 FROM journal WHERE run > :run AND state = 'sent' AND feature = :feature LIMIT 1"
ENDED = (
    "SELECT 1 FROM journal WHERE run > :run AND state = 'done' AND feature = :feature LIMIT 1 OFFSET :past"
)
PLANNED = "SELECT 1 FROM journal WHERE run > :run AND feature = :feature LIMIT 1"
UNRECORDED = """
SELECT 1 FROM journal j JOIN tracker_item i ON i.title = j.title AND i.feature = j.feature
WHERE j.run > :run AND j.state = 'sent' AND j.feature = :feature AND i.value = j.wanted LIMIT 1
"""


@dataclass(frozen=True)
class Moment:
    """When to kill: once TMDb was asked so often, or once a query finds something; then a breath later."""

    name: str
    asked: int = 0
    query: str = ""
    feature: str = "ratings"
    past: int = 0
    breath: float = 0.0

    def has_come(self, home: Home, connection: sqlite3.Connection, run: int, asked: int) -> bool:
        if self.asked:
            return bool(home.tmdb.ask("/state")["requests"] - asked >= self.asked)
        values = {"run": run, "feature": self.feature, "past": self.past}
        return connection.execute(self.query, values).fetchone() is not None


def moments(chance: random.Random) -> Iterator[Moment]:
    """One while it reads, then two while it stores; each kind in its turn, the rest by chance."""
    while True:
        for storing in (
            (Moment("sent", query=SENT), Moment("unrecorded", query=UNRECORDED)),
            (Moment("planned", query=PLANNED), Moment("in the middle", query=ENDED, past=499)),
            (Moment("unrecorded", query=UNRECORDED), Moment("of the last", query=ENDED, past=1_200)),
            (
                Moment("later lane", query=UNRECORDED, feature="watchlist"),
                Moment("its middle", query=ENDED, feature="watchlist", past=200),
            ),
            (
                Moment("by chance", query=PLANNED, breath=chance.random() * 0.3),
                Moment("by chance", query=PLANNED, feature="watchlist", breath=chance.random() * 0.1),
            ),
        ):
            yield Moment("reading", asked=chance.randint(1, 8), breath=chance.random() * 0.1)
            yield from storing


def killed(home: Victim, moment: Moment) -> bool:
    """Starts the program and kills it at that moment; whether that was before its end."""
    asked = home.tmdb.ask("/state")["requests"]
    with home.looked_at() as connection:
        run = connection.execute("SELECT coalesce(max(id), 0) FROM run").fetchone()[0]
        process = started(PROGRAM, "sync", environment=environment(home.folder, home.tmdb))
        try:
            while process.child.poll() is None and not moment.has_come(home, connection, run, asked):
                time.sleep(0.0005)
            time.sleep(moment.breath)
        finally:
            code = process.end(signal.SIGKILL)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        begun = connection.execute("SELECT id, status FROM run WHERE id > ?", (run,)).fetchall()
    if code not in (0, -signal.SIGKILL):
        raise AssertionError(f"sync ended with {code}: {process.said}")
    if code == -signal.SIGKILL:
        home.killed += [number for number, status in begun if status == "running"]
    return code == -signal.SIGKILL


def nothing_is_left(home: Victim) -> None:
    """No lease, no process, no write half done; every run that was killed says so."""
    with home.looked_at() as connection:
        assert connection.execute("SELECT * FROM lease WHERE holder != ''").fetchall() == []
        assert connection.execute("SELECT * FROM process").fetchall() == []
        states = connection.execute("SELECT DISTINCT state FROM journal").fetchall()
        assert {state for (state,) in states} <= {"done", "dropped"}
        statuses = dict(connection.execute("SELECT id, status FROM run").fetchall())
    assert {statuses[run] for run in home.killed} <= {"interrupted"}
    assert "running" not in statuses.values()
    assert list((home.settings.state / "processes").iterdir()) == []


def _ratings(chance: random.Random, films: list[Any]) -> list[list[Any]]:
    return [[film, chance.randint(1, 20) / 2] for film in films]


def test_a_sync_that_is_killed_at_any_moment_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6) if SOAK else 7
    chance = random.Random(seed)
    begun, hits, story = time.monotonic(), [], 0
    options = ("--ratings", str(RATINGS), "--watchlist", str(WATCHLIST), "--knob", "page_size=200")
    with (
        simulated_tmdb(*options) as tmdb,
        mock.patch.object(tmdb_provider, "PACE", replace(PACE, per_second=900)),
    ):
        calm, victim = Home(tmp_path / "calm", tmdb), Victim(tmp_path / "victim", tmdb)
        calm.make()
        victim.make()
        tmdb.ask("/knobs", {"delay": 0.02})
        films = [key for key, _ in tmdb.ask("/lists?user=demo")["ratings"]]
        when = moments(chance)
        while story < STORIES and time.monotonic() - begun < BUDGET:
            story += 1
            calm.sync()
            for _ in range(KILLS):
                moment = next(when)
                if killed(victim, moment):
                    hits.append(moment.name)
            victim.sync()
            nothing_is_left(victim)
            for made, wanted in zip(compared(victim), compared(calm), strict=True):
                assert made == wanted, f"seed {seed}, story {story}, after {hits[-KILLS:]}"
            tmdb.ask(
                "/fill", {"user": "demo", "ratings": _ratings(chance, films), "synthetic": {"movies": 450}}
            )
        truth = tmdb.ask("/lists?user=demo")["ratings"]
    print(
        f"{len(hits)} kills ({', '.join(sorted(set(hits)))}) in {time.monotonic() - begun:.0f} s, seed {seed}"
    )
    assert len(truth) == RATINGS
    assert len(hits) >= FEWEST
    assert {"reading", "sent", "unrecorded"} <= set(hits)
    assert victim.killed
