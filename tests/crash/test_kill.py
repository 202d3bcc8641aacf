"""`crosswatch sync` is killed at every moment, run once more, and nothing shows that it ever was."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crosswatch.model.kinds import Mode
from tests.crash.launcher import MOMENTS
from tests.system.homes import Home
from tests.system.live import Stage
from tests.system.processes import Process, SimulatedTmdb, environment, simulated_tmdb, started

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
NEVER, CHANCE = "never", "chance"
TITLES = 250
"""Of each list, so that a story is 500 writes."""

AT_ONCE = 0.0
"""Seconds after which a doubt is ripe, for those who do not mean to meet one that is not."""

NAME = "(SELECT x.kind || x.value FROM title_id x WHERE x.title = t.title AND x.namespace = 'tmdb')"
WHOSE = "(SELECT provider || instance FROM account a WHERE a.{} = t.{})"
COMPARED = (
    f"""SELECT (SELECT feature FROM lane WHERE id = t.lane), {NAME} AS name, source_value, target_value,
        source_native, CASE target_native WHEN t.title THEN 'own' ELSE target_native END, ours, kept, rated
        FROM base t ORDER BY 1, 2""",
    f"SELECT {WHOSE.format('uid', 'account_uid')}, feature, {NAME}, value FROM last_write t ORDER BY 1, 2, 3",
    f"SELECT {WHOSE.format('id', 'account')}, feature, {NAME}, value, date FROM reading t ORDER BY 1, 2, 3",
    f"SELECT {NAME}, feature, value, date, precision, origin LIKE 'tmdb:%' FROM tracker_item t ORDER BY t.id",
    "SELECT kind, name, year, poster, season, number, merged_into FROM title ORDER BY 1, 2, 4",
    "SELECT namespace, kind, value FROM title_id ORDER BY 1, 2, 3",
    f"SELECT {WHOSE.format('id', 'account')}, feature, whole, gap, total FROM snapshot t ORDER BY 1, 2",
    "SELECT title FROM unmatched UNION ALL SELECT title FROM attention",
)
SENT_AGAIN = """
SELECT a.run, a.seq, b.run, b.seq FROM journal a JOIN journal b
ON (a.lane, a.side, a.title, a.wanted) = (b.lane, b.side, b.title, b.wanted) AND a.run < b.run
WHERE a.sent_at IS NOT NULL AND b.sent_at IS NOT NULL
AND (a.done_at IS NULL OR a.done_at > b.sent_at OR a.outcome != 'not_sent')
"""
"""Writes that were sent once more although the first sending was not settled, or had worked."""


@dataclass(frozen=True)
class Story:
    """Two accounts and what is on their lists before a sync. ``changed``: the target has older ratings.

    ``late``: seconds by which TMDb's lists are, and may be, behind.
    """

    target: str = "tmdb/second"
    mode: Mode = Mode.ONE_WAY
    both: bool = False
    changed: bool = False
    late: int = 0


STORIES = {
    "to an empty account": Story(),
    "both ways": Story(mode=Mode.TWO_WAY, both=True),
    "over older ratings": Story(changed=True),
    "to the tracker": Story(target="tracker"),
    "before late lists": Story(late=2),
}


@dataclass
class Victim:
    """An installation whose program is killed; ``killed``: the runs that were under way then."""

    stage: Stage
    story: Story
    killed: list[int] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, tmdb: SimulatedTmdb, story: Story, films: Sequence[Any]) -> Victim:
        """Fresh users with the lists of the story, connected in a fresh folder."""
        users = {name: f"{folder.name}-{name}" for name in ("default", "second")}
        numbers = [int(tmdb.ask("/users", {"username": user})["id"]) for user in users.values()]
        home = Home(folder, tmdb)
        home.make(("tmdb", story.target), users=users, mode=story.mode)
        made = cls(Stage(home, users["default"], users["second"], numbers[0]), story)
        made._fill(films)
        tmdb.ask("/log", method="DELETE")
        tmdb.ask("/knobs", {"list_lag": story.late})
        return made

    def _fill(self, films: Sequence[Any]) -> None:
        rated, listed = films[:TITLES], films[TITLES // 2 :][:TITLES]
        here = [self.stage.source] * 2 if not self.story.both else [self.stage.source, self.stage.target]
        if self.story.changed:
            self._put(self.stage.source, [(film, 3.0) for film in rated], [])
            self.stage.home.sync()
        for user, half in zip(here, (slice(0, None, 2), slice(1, None, 2)), strict=True):
            ratings = [(film, place % 20 / 2 + 0.5) for place, film in enumerate(rated)]
            self._put(
                user, [one for one in ratings[half] if one[1] != 3.0 or not self.story.changed], listed[half]
            )

    def _put(self, user: str, ratings: Sequence[Any], watchlist: Sequence[Any]) -> None:
        self.stage.tmdb.ask("/fill", {"user": user, "ratings": ratings, "watchlist": watchlist})

    @property
    def codes(self) -> Sequence[int]:
        """How a sync may end that nobody kills: lists that are late change while they are read, and are not whole."""
        return (0, 3) if self.story.late else (0,)

    def started(self, moment: str, ripe: float = AT_ONCE) -> Process:
        """The real program, in the hands of the launcher."""
        words = (sys.executable, LAUNCHER, moment, str(ripe), "sync", "1")
        late = {"TMDB_VISIBILITY_DELAY": str(self.story.late)}
        return started(*words, environment=environment(self.stage.home.folder, self.stage.tmdb, **late))

    def is_hit(self, name: str, nth: int, ripe: float, breath: float) -> bool:
        """Kills it, by itself at a moment or by us after some seconds; whether that was before its end."""
        last = self.stage.newest()
        process = self.started(f"{name}:{nth}" if name in MOMENTS else f"{NEVER}:0", ripe)
        if name == CHANCE:
            time.sleep(breath)
            process.end(signal.SIGKILL)
        code = process.finished()
        self.stage.quiet()
        assert code in (*self.codes, -signal.SIGKILL), f"sync ended with {code}: {process.said}"
        assert [row[0] for row in self.stage.rows("PRAGMA integrity_check")] == ["ok"]
        assert self.stage.rows("PRAGMA foreign_key_check") == []
        begun = self.stage.rows("SELECT id FROM run WHERE id > ? AND status = 'running'", last)
        self.killed += [int(row["id"]) for row in begun]
        return code == -signal.SIGKILL

    def settle(self) -> list[Any]:
        """The rest, undisturbed, until a run finds nothing to do and nothing waits any more; gives what is left."""
        for _ in range(30):
            writes = self._writes()
            process = self.started(f"{NEVER}:0")
            code = process.finished()
            assert code in self.codes, process.said
            if code == 0 and self._is_at_rest():
                assert self._writes() == writes, "it wrote what it had not planned"
                return self.left()
        raise AssertionError("it never comes to rest")

    def _is_at_rest(self) -> bool:
        rows = self.stage.rows("SELECT counts FROM run_lane WHERE run = ?", self.stage.newest())
        lanes = [json.loads(row["counts"]) for row in rows]
        return not any(lane["planned"] or lane["held"] for lane in lanes)

    def _writes(self) -> Counter[tuple[str, str]]:
        """What TMDb did for us, by call and body, without what was cut off before it had arrived whole."""
        log = self.stage.tmdb.ask("/log?method=POST")["entries"]
        return Counter((entry["path"], entry["body"]) for entry in log if entry["status"] in (200, 201))

    def left(self) -> list[Any]:
        """Both lists of both accounts, and our own rows; without times, numbers of runs and versions."""
        with self.stage.home.looked_at() as connection:
            stored = [connection.execute(query).fetchall() for query in COMPARED]
        return [*stored, self.stage.lists(self.stage.source), self.stage.lists(self.stage.target)]

    def nothing_was_repeated_and_nothing_is_left(self) -> None:
        writes = self._writes()
        assert {key: times for key, times in writes.items() if times > 1} == {}
        assert [tuple(row) for row in self.stage.rows(SENT_AGAIN)] == []
        self.stage.is_left_in_order()
        states = {row["state"] for row in self.stage.rows("SELECT DISTINCT state FROM journal")}
        assert states <= {"done", "dropped"}
        status = {row["id"]: row["status"] for row in self.stage.rows("SELECT id, status FROM run")}
        assert {status[run] for run in self.killed} <= {"interrupted"}
        assert "running" not in status.values()


def moments(chance: random.Random) -> Iterator[tuple[str, int, float, float]]:
    """One after the other, each at another window and call; a doubt is met ripe, and now and then before it is."""
    order = (
        "planned", "sent", "settling", "middle", CHANCE, "effect", "settled", "answered", "recorded", "planning",
        "marking", CHANCE, "reading",
    )  # fmt: skip
    while True:
        for name in order:
            nth = chance.randint(1, 10) if name in ("reading", "middle", "effect") else chance.randint(1, 3)
            nth = 1 if name in ("settling", "settled", "planned", "planning") else nth
            ripe = 60.0 if name in ("sent", "answered") and chance.random() < 0.4 else AT_ONCE
            yield name, nth, ripe, chance.uniform(0.6, 2.5)


def killed_often(
    folder: Path, names: Sequence[str], *, kills: int, each: int, budget: float, seed: int
) -> Counter[str]:
    """Stories until there were so many kills, or until no new one may begin any more; gives the kills per moment."""
    chance = random.Random(seed)
    begun, hits = time.monotonic(), Counter[str]()
    when, twins, told = moments(chance), dict[str, list[Any]](), 0
    with simulated_tmdb("--knob", "page_size=100", "--knob", "delay=0.002", "--user", "library") as tmdb:
        tmdb.ask("/fill", {"user": "library", "synthetic": {"movies": 2 * TITLES}})
        films = tmdb.ask("/lists?user=library")["watchlist"]
        while hits.total() < kills and time.monotonic() - begun < budget:
            name, told = names[told % len(names)], told + 1
            if name not in twins:
                calm = Victim.make(folder / f"calm{told}", tmdb, STORIES[name], films)
                twins[name] = calm.settle()
                calm.nothing_was_repeated_and_nothing_is_left()
            victim = Victim.make(folder / f"story{told}", tmdb, STORIES[name], films)
            for last in [*[""] * (each - 1), chance.choice(("closing", "closed"))]:
                moment, nth, ripe, breath = next(when)
                if victim.is_hit(last or moment, 1 if last else nth, AT_ONCE if last else ripe, breath):
                    hits[last or moment] += 1
            same = list(zip(victim.settle(), twins[name], strict=True))
            victim.nothing_was_repeated_and_nothing_is_left()
            for made, wanted in same:
                assert made == wanted, f"seed {seed}, story {told} ({name}), after {len(victim.killed)} kills"
    said = ", ".join(f"{name} {hits[name]}" for name in (*MOMENTS, CHANCE) if hits[name])
    print(f"{hits.total()} kills in {told} stories and {time.monotonic() - begun:.0f} s, seed {seed}: {said}")
    return hits


@pytest.mark.crash
@pytest.mark.timeout(400)
def test_a_sync_that_is_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    names = ("to an empty account", "both ways", "to the tracker")
    hits = killed_often(tmp_path, names, kills=22, each=8, budget=40, seed=7)
    assert hits.total() >= 6
    assert {"planned", "sent", "settling", "middle", "effect"} <= set(hits)


@pytest.mark.crash
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_leave_no_trace(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    hits = killed_often(tmp_path, list(STORIES), kills=200, each=11, budget=3000, seed=seed)
    assert hits.total() >= 200
    assert set(hits) == {*MOMENTS, CHANCE}
