"""CrossWatch's own tracker on the bench: the provider over a database, which the bench reads by itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest import mock

from crosswatch.identity.resolver import resolve
from crosswatch.model.capabilities import Manifest
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.refs import Ref, ids
from crosswatch.model.values import Value
from crosswatch.model.writes import Outcome, Write
from crosswatch.ports import Link
from crosswatch.providers.registry import tracker
from crosswatch.providers.tracker import link as tracker_link
from crosswatch.store import titles
from crosswatch.store.database import Database
from crosswatch.store.tracker import StoredTracker
from tests.conformance.bench import Asks, Bench, Trouble, Truth

T = TypeVar("T")
_PUT = """
INSERT INTO tracker_item (instance, feature, title, value, precision, origin, changed_at)
VALUES ('default', ?, ?, ?, '', '', 0)
ON CONFLICT (instance, feature, title) DO UPDATE SET value = excluded.value
"""


class CountingTracker(StoredTracker):
    """The tracker's book, which counts how often it was told to store something."""

    stored = 0

    async def store(self, instance: str, feature: Feature, writes: Sequence[Write]) -> list[Outcome]:
        self.stored += 1
        return await super().store(instance, feature, writes)


class TrackerBench:
    """Two list-keepers of one database."""

    page_size = 50

    def __init__(self, database: Database, runner: asyncio.Runner) -> None:
        self.said: list[str] = []
        self.book = CountingTracker(database, lambda: 5_000)
        self.provider = tracker(self.book)
        self._database = database
        self._runner = runner
        self._made = 0

    @property
    def manifest(self) -> Manifest:
        return self.provider.manifest

    def open(self, instance: str = "default") -> Link:
        return self.provider.open(instance)

    def titles(self, kind: Kind, count: int) -> list[Ref]:
        """Titles of ours that nobody has on a list; they came here under the ids of another service."""
        show = self._next()
        numbers = [self._next() for _ in range(count)]
        if kind in {Kind.MOVIE, Kind.SHOW}:
            told = [Ref(kind, ids(tmdb=number)) for number in numbers]
        elif kind is Kind.SEASON:
            told = [
                Ref(kind, ids(tmdb=number), "", ids(tmdb=show), place) for place, number in enumerate(numbers)
            ]
        else:
            told = [
                Ref(kind, ids(tmdb=number), "", ids(tmdb=show), min(place, 1), place + 1)
                for place, number in enumerate(numbers)
            ]
        keys = self._database.write_now(lambda connection: resolve(connection, told))
        return self._refs(keys)

    def unknown(self, kind: Kind) -> Ref:
        return Ref(kind, ids(crosswatch=999_999_999))

    def twins(self) -> tuple[Ref, Ref]:
        movie = self.titles(Kind.MOVIE, 1)[0]
        return movie, Ref(Kind.SHOW, movie.ids)

    def truth(self, feature: Feature, instance: str = "default") -> Truth:
        with self._connected() as connection:
            query = "SELECT title, value FROM tracker_item WHERE instance = ? AND feature = ?"
            values = dict(connection.execute(query, (instance, feature.value)).fetchall())
        return dict(zip(self._refs(list(values)), values.values(), strict=True))

    def edit(self, feature: Feature, ref: Ref, value: Value | None) -> None:
        if value is not None:
            self.fill(feature, {ref: value})
            return
        with self._connected() as connection:
            query = "DELETE FROM tracker_item WHERE instance = 'default' AND feature = ? AND title = ?"
            connection.execute(query, (feature.value, ref.id("crosswatch")))

    def vanish(self, ref: Ref) -> None:
        raise NotImplementedError(f"titles of ours stay: {ref}")

    def fill(self, feature: Feature, rows: Mapping[Ref, Value]) -> None:
        with self._connected() as connection:
            values = [(feature.value, ref.id("crosswatch"), value) for ref, value in rows.items()]
            connection.executemany(_PUT, values)

    def arrived(self) -> int:
        return self.book.stored

    def secrets(self) -> list[str]:
        return []

    def suffer(
        self, trouble: Trouble, asks: Asks, *, times: int | None = None, page: int | None = None
    ) -> None:
        raise NotImplementedError(f"{trouble} cannot happen within one process")

    def held(self) -> int:
        return 0

    def recover(self) -> None:
        """Nothing goes wrong here."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _refs(self, keys: Sequence[int]) -> list[Ref]:
        understood = self.manifest.understands
        refs = self._database.read_now(lambda connection: titles.refs_of(connection, keys, understood))
        return [refs[key] for key in keys]

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._database.path)) as connection, connection:
            yield connection


@cache
def _empty_database() -> bytes:
    """A new database's file, made once: the migrations take longer than most cases."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "crosswatch.db"
        Database.open(path).close()
        return path.read_bytes()


@contextlib.contextmanager
def tracker_bench(home: Path) -> Iterator[Bench]:
    """A database of its own, made anew, and pages small enough that many are soon filled."""
    (home / "crosswatch.db").write_bytes(_empty_database())
    database = Database.open(home / "crosswatch.db")
    try:
        with mock.patch.object(tracker_link, "PAGE", TrackerBench.page_size), asyncio.Runner() as runner:
            yield TrackerBench(database, runner)
    finally:
        database.close()
