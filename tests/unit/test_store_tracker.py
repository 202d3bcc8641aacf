"""The local tracker: every value exactly as it was given, in the order in which it came, with where it is from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Action, Feature, Kind, Precision
from crosswatch.model.readings import Date, Page, TitleState, Verdict
from crosswatch.model.refs import Ref, ids
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.providers.tracker.link import PAGE, TrackerLink
from crosswatch.providers.tracker.manifest import MANIFEST
from crosswatch.store.database import Database
from crosswatch.store.tracker import StoredTracker
from tests.unit.stored import counted, dump

RATINGS, WATCHLIST = Feature.RATINGS, Feature.WATCHLIST


class Tracker:
    """A tracker with titles 1, 2, 3 ...: movies, and the clock at 5,000."""

    def __init__(self, database: Database, titles: int = 5) -> None:
        self.database = database
        self.book = StoredTracker(database, lambda: 5_000)
        films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(1, titles + 1)]
        database.write_now(lambda connection: resolve(connection, films))

    def put(self, feature: Feature, *writes: Write, instance: str = "default") -> list[Outcome]:
        """Stores over whatever is there."""
        now = self.values(feature, instance)
        seen = [replace(one, expected=now.get(one.ref.id("crosswatch") or "")) for one in writes]
        return self.put_expecting(feature, *seen, instance=instance)

    def put_expecting(self, feature: Feature, *writes: Write, instance: str = "default") -> list[Outcome]:
        return asyncio.run(self.book.store(instance, feature, writes))

    def link(self, instance: str = "default") -> TrackerLink:
        return TrackerLink(self.book, instance)

    def pages(self, feature: Feature, instance: str = "default") -> list[Page]:
        async def read() -> list[Page]:
            return [page async for page in self.link(instance).read(feature)]

        return asyncio.run(read())

    def values(self, feature: Feature, instance: str = "default") -> dict[str, int]:
        return {row.ref.native_id: row.value for page in self.pages(feature, instance) for row in page.rows}


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    database = Database.open(tmp_path / "crosswatch.db")
    yield Tracker(database)
    database.close()


def ref(title: int | str) -> Ref:
    return Ref(Kind.MOVIE, ids(crosswatch=title))


def write(title: int | str, wanted: int | None, **more: object) -> Write:
    action = Action.REMOVE if wanted is None else Action.ADD
    return Write(title if isinstance(title, int) else 99, ref(title), action, None, wanted, **more)  # type: ignore[arg-type]


def test_every_rating_on_its_grid_comes_back_as_it_was_given(tmp_path: Path) -> None:
    grid = MANIFEST.features[RATINGS].grid
    assert grid is not None
    values = list(range(grid.low, grid.high + 1, grid.step))
    assert (len(values), values[0], values[-1]) == (100, 10, 1000)
    database = Database.open(tmp_path / "crosswatch.db")
    try:
        tracker = Tracker(database, titles=100)
        tracker.put(RATINGS, *(write(title, value) for title, value in enumerate(values, start=1)))
        assert list(tracker.values(RATINGS).values()) == values
    finally:
        database.close()


def test_dates_precision_and_origin_are_kept(tracker: Tracker) -> None:
    instant, day = Date(1_234), Date(86_400_000, Precision.DAY)
    tracker.put(
        RATINGS,
        write(1, 850, date=instant, origin="tmdb:7"),
        write(2, 50, date=day, origin="trakt:9"),
        write(3, 1000),
    )
    rows = [row for page in tracker.pages(RATINGS) for row in page.rows]
    assert [row.date for row in rows] == [instant, day, None]
    stored = dump(tracker.database, "tracker_item")["tracker_item"]
    assert [(row[5], row[7], row[8]) for row in stored] == [
        (1_234, "tmdb:7", 5_000),
        (86_400_000, "trakt:9", 5_000),
        (None, "", 5_000),
    ]


def test_a_change_keeps_its_place_and_tells_its_new_origin(tracker: Tracker) -> None:
    tracker.put(RATINGS, write(3, 700), write(1, 800), write(2, 900))
    tracker.put(RATINGS, replace(write(1, 850, origin="tmdb:7"), expected=800))
    assert list(tracker.values(RATINGS).items()) == [("3", 700), ("1", 850), ("2", 900)]
    tracker.put(RATINGS, write(3, None))
    tracker.put(RATINGS, write(3, 700))
    assert list(tracker.values(RATINGS)) == ["1", "2", "3"]


def test_a_value_that_nobody_expected_stays(tracker: Tracker) -> None:
    tracker.put(RATINGS, write(1, 800), write(2, 700))
    unseen = [replace(write(1, 850), expected=None), replace(write(2, None), expected=750), write(3, 600)]
    outcomes = tracker.put_expecting(RATINGS, *unseen)
    assert [one.done for one in outcomes] == [Done.MOVED, Done.MOVED, Done.APPLIED]
    assert tracker.values(RATINGS) == {"1": 800, "2": 700, "3": 600}


def test_what_is_there_already_is_told_and_not_stored_again(tracker: Tracker) -> None:
    tracker.put(RATINGS, write(1, 850, origin="tmdb:7"))
    before = dump(tracker.database, "tracker_item")
    assert [one.done for one in tracker.put(RATINGS, write(1, 850, origin="else"), write(2, None))] == [
        Done.ALREADY,
        Done.ALREADY,
    ]
    assert dump(tracker.database, "tracker_item") == before


@pytest.mark.parametrize("title", [99, "x", "", "²", "9" * 30])
def test_a_title_that_is_not_ours_is_unmatched_and_the_others_go_on(
    tracker: Tracker, title: int | str
) -> None:
    outcomes = tracker.put(WATCHLIST, write(title, 1), write(1, 1))
    assert [(one.done, one.code) for one in outcomes] == [
        (Done.UNMATCHED, "unknown_title"),
        (Done.APPLIED, ""),
    ]
    assert tracker.values(WATCHLIST) == {"1": 1}


def test_a_title_of_another_kind_is_not_the_one_that_is_meant(tracker: Tracker) -> None:
    tracker.put(WATCHLIST, write(1, 1))
    show = Ref(Kind.SHOW, ids(crosswatch=1))
    taken_off = Write(7, show, Action.REMOVE, 1, None)
    assert tracker.put(WATCHLIST, taken_off) == [Outcome(7, Done.UNMATCHED, "unknown_title")]
    assert tracker.values(WATCHLIST) == {"1": 1}
    assert asyncio.run(tracker.link().lookup([show])) == {show: Verdict.GONE}


def test_rows_of_episodes_say_where_they_stand(tracker: Tracker) -> None:
    special = Ref(Kind.EPISODE, ids(tmdb=900), show_ids=ids(tmdb=90), season=0, number=3)
    key = tracker.database.write_now(lambda connection: resolve(connection, [special]))[0]
    tracker.put(RATINGS, Write(1, Ref(Kind.EPISODE, ids(crosswatch=key)), Action.ADD, None, 850))
    row = tracker.pages(RATINGS)[0].rows[0].ref
    show = tracker.database.write_now(lambda connection: resolve(connection, [Ref(Kind.SHOW, ids(tmdb=90))]))[
        0
    ]
    assert row == Ref(Kind.EPISODE, ids(crosswatch=key), str(key), ids(crosswatch=show), 0, 3)


def test_one_outcome_per_write_in_their_order(tracker: Tracker) -> None:
    writes = [write(3, 1), write(99, 1), write(1, 1), write(2, None)]
    assert [one.write_id for one in tracker.put(WATCHLIST, *writes)] == [one.id for one in writes]


def test_features_and_list_keepers_are_apart(tracker: Tracker) -> None:
    tracker.put(RATINGS, write(1, 850))
    tracker.put(WATCHLIST, write(2, 1), instance="other")
    assert (tracker.values(RATINGS), tracker.values(WATCHLIST)) == ({"1": 850}, {})
    assert tracker.values(WATCHLIST, "other") == {"2": 1}
    assert asyncio.run(tracker.link().whoami()) != asyncio.run(tracker.link("other").whoami())


def test_states_tell_all_features_at_once_and_what_is_no_title(tracker: Tracker) -> None:
    tracker.put(RATINGS, write(1, 850))
    tracker.put(WATCHLIST, write(1, 1), write(2, 1))
    refs = [ref(1), ref(2), ref(3), ref(99), Ref(Kind.MOVIE, ids(tmdb=1)), ref("9" * 30)]
    states = asyncio.run(tracker.link().lookup(refs))
    assert [states[one] for one in refs] == [
        TitleState(on_watchlist=True, rating=850),
        TitleState(on_watchlist=True, rating=None),
        TitleState(on_watchlist=False, rating=None),
        Verdict.GONE,
        Verdict.UNKNOWN,
        Verdict.UNKNOWN,
    ]


def test_the_tracker_is_the_same_one_for_the_life_of_its_database(tracker: Tracker, tmp_path: Path) -> None:
    first = asyncio.run(tracker.link().whoami())
    assert first.uid.startswith("tracker:")
    assert asyncio.run(tracker.link().whoami()) == first
    fresh = Database.open(tmp_path / "other.db")
    assert asyncio.run(StoredTracker(fresh, lambda: 0).uid("default")) != first.uid
    fresh.close()


def test_a_long_list_is_read_in_pages_and_whole(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "crosswatch.db")
    try:
        tracker = Tracker(database, titles=2 * PAGE + 1)
        tracker.put(WATCHLIST, *(write(title, 1) for title in range(1, 2 * PAGE + 2)))
        with counted(database) as statements:
            pages = tracker.pages(WATCHLIST)
        assert [len(page.rows) for page in pages] == [PAGE, PAGE, 1, 0]
        assert len(statements) == 6
        end = pages[-1].end
        assert end is not None
        assert (end.whole, end.total, end.gap) == (True, 2 * PAGE + 1, 0)
    finally:
        database.close()


def test_a_list_that_changes_while_it_is_read_is_not_whole(tracker: Tracker) -> None:
    tracker.put(WATCHLIST, write(1, 1), write(2, 1))

    async def read() -> Page:
        last = None
        async for page in tracker.link().read(WATCHLIST):
            if last is None:
                await tracker.book.store("default", WATCHLIST, [write(3, 1)])
            last = page
        assert last is not None
        return last

    end = asyncio.run(read()).end
    assert end is not None
    assert not end.whole


def test_statements_do_not_grow_with_titles(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "crosswatch.db")
    try:
        tracker = Tracker(database, titles=500)
        costs = []
        for count in (5, 500):
            with counted(database) as statements:
                tracker.put_expecting(RATINGS, *(write(title, 700) for title in range(1, count + 1)))
                asyncio.run(tracker.link().lookup([ref(title) for title in range(1, count + 1)]))
            costs.append(len(statements))
        assert costs[0] == costs[1] <= 6
    finally:
        database.close()
