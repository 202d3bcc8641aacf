"""A simulated TMDb with one user, and a whole house connected to it; nothing is waited for that a test can set."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import stamina

from crosswatch.app import open_house
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.refs import Ref, ids
from crosswatch.model.writes import Outcome, Write
from crosswatch.providers.tmdb import provider as tmdb_provider
from crosswatch.providers.tmdb.manifest import PACE
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.pairs import NewPair, Pairs
from crosswatch.services.running import Running, RunReport
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import DEMO_KEY, Edit, Fault, Key, ServedSimulator, Simulator, run_simulator
from crosswatch.simulators.tmdb.catalogue import well_known
from crosswatch.store.pairs import PairRow
from crosswatch.store.tracker import StoredTracker

T = TypeVar("T")
TMDB, SECOND, TRACKER = AccountName("tmdb"), AccountName("tmdb", "second"), AccountName("tracker")
LANE_TABLES = ("base", "reading", "tracker_item", "title", "title_id", "last_write", "journal", "unmatched")
_KINDS = {"movie": "movie", "show": "tv"}
_CONTENT = """
SELECT i.title, i.value, t.kind, t.season, t.number, x.value AS tmdb, s.value AS show
FROM tracker_item i JOIN title t ON t.id = i.title
LEFT JOIN title_id x ON x.title = t.id AND x.namespace = 'tmdb'
LEFT JOIN title_id s ON s.title = t.show_id AND s.namespace = 'tmdb'
WHERE i.instance = ? AND i.feature = ?
"""


class ShiftedClock:
    """The real time, moved ahead by as much as a test wants. ``hasty``: a second and more pass without waiting."""

    def __init__(self) -> None:
        self.ahead_ms = 0
        self.hasty = False

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    async def sleep(self, seconds: float) -> None:
        if self.hasty and seconds >= 1:
            self.ahead_ms += round(seconds * 1000)
            seconds = 0
        await asyncio.sleep(seconds)

    def forward(self, seconds: float) -> None:
        self.ahead_ms += round(seconds * 1000)


class World:
    """``sim`` is what TMDb has, ``house`` what we have; the user is alice. ``run`` is one event loop for all."""

    def __init__(
        self,
        served: ServedSimulator,
        home: Path,
        runner: asyncio.Runner,
        *,
        delay: int,
        clock: ShiftedClock | None = None,
    ) -> None:
        self.sim: Simulator = served.sim
        self.settings = Settings(
            home=home, tmdb_api_url=served.api_url, tmdb_web_url=served.web_url, tmdb_visibility_delay=delay
        )
        self.user, self.user_id = "alice", self.sim.add_user("alice")
        self.session = self.sim.add_session("alice")
        self.clock = clock or ShiftedClock()
        self._runner = runner
        self.open()
        self.run(ConnectTmdb(self.house).save("default", api_key=DEMO_KEY, session_id=self.session))
        self.pair = self.add_pair()

    def open(self) -> None:
        """Opens the house, as a process that starts does."""
        self.house = open_house(self.settings, role="the test", clock=self.clock)
        self.running = Running(self.house)
        self.book = StoredTracker(self.house.database, self.clock.now_ms)

    def close(self) -> None:
        self.run(self.house.close())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work, in the one event loop of this world."""
        return self._runner.run(work)

    # TMDb

    def movies(self, count: int) -> list[Key]:
        return self.sim.catalogue.add_synthetic(movies=count)

    def shows(self, count: int) -> list[Key]:
        return self.sim.catalogue.add_synthetic(shows=count)

    def edit(self, action: Any, key: Key, value: float = 0.0) -> None:
        """What alice does on TMDb's website."""
        self.sim.edit(Edit(self.user, action, key, value) if value else Edit(self.user, action, key))

    def fault(self, **rule: Any) -> None:
        self.sim.knobs.faults = [*self.sim.knobs.faults, Fault(**rule)]

    def library(self, movies: int = 45, shows: int = 3) -> list[Key]:
        """Fills alice's lists: all of it rated, from half a point to ten, and the first thirty to watch.

        The two last ones are episodes, one of a season 0. Gives the keys.
        """
        keys = self.movies(movies) + self.shows(shows)
        show = keys[-1][1]
        episodes: list[Key] = [("episode", show, 0, 1), ("episode", show, 1, 2)]
        self.sim.fill_watchlist(self.user, keys[:30])
        rated = [(key, (place % 20 + 1) / 2) for place, key in enumerate(keys + episodes)]
        self.sim.fill_ratings(self.user, rated)
        return keys + episodes

    def asked(self, path: str = "") -> int:
        """How many calls with this in their path TMDb has answered since the log was cleared."""
        return len(self.sim.traffic.entries(path=path))

    def second(self, name: str = "bob") -> str:
        """Another user of TMDb, connected as ``tmdb/second``."""
        self.sim.add_user(name)
        session = self.sim.add_session(name)
        self.run(ConnectTmdb(self.house).save("second", api_key=DEMO_KEY, session_id=session))
        return name

    # Pairs and runs

    def add_pair(self, source: AccountName = TMDB, target: AccountName = TRACKER, **more: Any) -> PairRow:
        return self.run(Pairs(self.house).add(NewPair(source, target, **more)))

    def sync(self, pair: PairRow | None = None) -> RunReport:
        """One whole run."""
        return self.run(self.started(pair))

    async def started(self, pair: PairRow | None = None) -> RunReport:
        run_id, fresh = await self.running.begin((pair or self.pair).id, trigger="test")
        return await self.running.carry_out(run_id, fresh)

    # What is stored

    def tracked(self, feature: Feature, instance: str = "default") -> dict[Key, int]:
        """The tracker's list, by TMDb's names of the titles: key -> value in hundredths."""
        found: dict[Key, int] = {}
        for row in self.rows(_CONTENT, instance, feature.value):
            key: Key
            if row["kind"] == "episode":
                key = ("episode", int(row["show"]), row["season"], row["number"])
            else:
                key = (_KINDS[row["kind"]], int(row["tmdb"]))
            assert key not in found, f"{key} is two titles"
            found[key] = row["value"]
        return found

    @property
    def ratings(self) -> dict[Key, int]:
        return self.tracked(Feature.RATINGS)

    @property
    def watchlist(self) -> set[Key]:
        return set(self.tracked(Feature.WATCHLIST))

    def true_ratings(self) -> dict[Key, int]:
        """What alice has at TMDb, in hundredths."""
        return {key: round(points * 100) for key, points in self.sim.ratings(self.user).items()}

    def title(self, key: Key) -> int:
        """Our own number of a title of TMDb."""
        kind = "show" if key[0] == "tv" else key[0]
        found = self.rows(
            "SELECT title FROM title_id WHERE namespace = 'tmdb' AND kind = ? AND value = ?",
            kind,
            str(key[1]),
        )
        return int(found[0]["title"])

    def by_hand(self, feature: Feature, key: Key, wanted: int | None) -> Outcome:
        """What the user does in the tracker itself."""
        title = self.title(key)
        now = self.tracked(feature).get(key)
        action = Action.REMOVE if wanted is None else Action.ADD if now is None else Action.CHANGE
        ref = Ref(Kind.MOVIE, ids(crosswatch=title))
        return self.run(self.book.store("default", feature, [Write(1, ref, action, now, wanted)]))[0]

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What a query of another program sees in the database."""
        with contextlib.closing(sqlite3.connect(self.settings.database_file)) as connection:
            connection.row_factory = sqlite3.Row
            return list(connection.execute(query, values))

    def change(self, statement: str, *values: Any) -> None:
        """Changes the database behind the house's back."""
        with contextlib.closing(sqlite3.connect(self.settings.database_file)) as connection, connection:
            connection.execute(statement, values)

    def dump(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Whole tables, to compare."""
        return {
            table: sorted((tuple(row) for row in self.rows(f"SELECT * FROM {table}")), key=repr)
            for table in tables or LANE_TABLES
        }


@contextlib.contextmanager
def make_world(
    home: Path, *, delay: int = 0, sim: Simulator | None = None, clock: ShiftedClock | None = None
) -> Iterator[World]:
    """A connected house over a served simulator; ``delay``: TMDb's visibility delay in seconds.

    A ``clock`` that the simulator shares lets a test wait for late lists without waiting.

    TMDb's pace is lifted, for it is the simulator that answers; tests of the pace are elsewhere.
    """
    fast = replace(PACE, per_second=2000)
    sim = sim or Simulator(catalogue=well_known())
    with (
        mock.patch.object(tmdb_provider, "PACE", fast),
        stamina.set_testing(True, attempts=3),
        run_simulator(sim) as served,
        asyncio.Runner() as runner,
    ):
        world = World(served, home, runner, delay=delay, clock=clock)
        try:
            yield world
        finally:
            world.close()


def lane(report: RunReport, feature: str = "ratings") -> dict[str, Any]:
    """The figures of a lane that say that something happened."""
    quiet = ("to", "read", "gap", "planned")
    figures = {name: value for name, value in report.lanes[feature].items() if value and name not in quiet}
    gap = {side: rows for side, rows in report.lanes[feature]["gap"].items() if rows}
    return figures | ({"gap": gap} if gap else {})
