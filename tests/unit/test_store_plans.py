"""Plans as they are stored: sealed by a hash of what they promise, shown page by page, forgotten in time."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event

from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.model.refs import Hints, Ref, ids
from crosswatch.store import plans, runs
from crosswatch.store.database import Database
from crosswatch.store.plans import EXPIRES_MS, ItemState, PlanLane, PlanRow, Promise, Wanted
from tests.unit.stored import dump

RATINGS, WATCHLIST = Feature.RATINGS, Feature.WATCHLIST
NOW = 1_000


@pytest.fixture
def titles(database: Database) -> list[int]:
    films = [Ref(Kind.MOVIE, ids(tmdb=number), hints=Hints(f"Film {number}", 1990)) for number in range(6)]
    show = ids(tmdb=1399)
    episode = Ref(Kind.EPISODE, ids(tmdb=63), show_ids=show, season=0, number=1, hints=Hints("The special"))
    named = Ref(Kind.SHOW, show, hints=Hints("The show", 2011))
    return database.write_now(lambda connection: resolve(connection, [*films, episode, named]))


@pytest.fixture
def run(database: Database) -> int:
    return database.write_now(
        lambda connection: runs.start(
            connection, pair=7, pair_name="a to b", kind="plan", trigger="test", process="p", now=NOW
        )
    )


def head(feature: Feature = RATINGS, **more: Any) -> PlanLane:
    values: dict[str, Any] = {
        "lane": 3,
        "rules": "digest",
        "source_uid": "tmdb:1",
        "target_uid": "tracker:1",
        "counts": {},
    }
    return PlanLane(feature, **(values | more))


def promise(title: int, **more: Any) -> Promise:
    values: dict[str, Any] = {
        "feature": RATINGS,
        "state": ItemState.WRITE,
        "side": Side.TARGET,
        "action": Action.CHANGE,
        "native_id": f"n{title}",
        "before": 700,
        "wanted": 850,
        "other_value": 860,
        "reason": "changed",
    }
    return Promise(title=title, **(values | more))


Lanes = Sequence[tuple[PlanLane, Sequence[Promise]]]


def begun(database: Database, run: int, lanes: Lanes = (), *, now: int = NOW) -> int:
    """A plan that nobody has closed yet; each lane in a transaction of its own, as a run stores them."""
    made = database.write_now(
        lambda connection: plans.begin(connection, pair=7, pair_name="a to b", run=run, now=now)
    )
    for lane, promises in lanes:
        database.write_now(partial(plans.keep_lane, plan_id=made, lane=lane, promises=iter(promises)))
    return made


def sealed(database: Database, run: int, lanes: Lanes, *, now: int = NOW) -> PlanRow:
    made = begun(database, run, lanes, now=now)
    digest = database.write_now(lambda connection: plans.close(connection, made))
    found = database.read_now(lambda connection: plans.find(connection, made))
    assert found is not None
    assert found.hash == digest
    return found


def test_a_plan_is_there_once_it_is_whole(database: Database, run: int, titles: list[int]) -> None:
    made = begun(database, run, [(head(), [promise(titles[0])])])
    assert database.read_now(lambda connection: plans.find(connection, made)) is None
    digest = database.write_now(lambda connection: plans.close(connection, made))
    found = database.read_now(lambda connection: plans.find(connection, made))
    assert found == PlanRow(made, 7, "a to b", run, digest, NOW, NOW + EXPIRES_MS, None)
    assert len(digest) == 64
    assert EXPIRES_MS == 24 * 60 * 60 * 1000
    assert database.read_now(lambda connection: plans.find(connection, made + 1)) is None


def test_the_hash_is_of_what_is_promised_and_not_of_how_it_was_entered(
    database: Database, run: int, titles: list[int]
) -> None:
    rated = [promise(key) for key in titles]
    listed = [
        promise(key, feature=WATCHLIST, side=side, action=Action.REMOVE, before=1, wanted=None)
        for key in titles[:3]
        for side in Side
    ]
    lanes = [(head(), rated), (head(WATCHLIST, lane=4), listed)]
    first = sealed(database, run, lanes)
    for seed in range(4):
        chance = random.Random(seed)
        shuffled = [(lane, chance.sample(of, len(of))) for lane, of in chance.sample(lanes, 2)]
        other = sealed(database, run, shuffled, now=NOW + 5 + seed)
        assert (other.id, other.hash) == (other.id, first.hash)
        assert other.id != first.id


def told_otherwise(one: Promise) -> list[Promise]:
    """What a hash does not cover: when and how something was proved, why, and what the other side had."""
    return [
        replace(one, proof="lookup", proved_at=9),
        replace(one, reason="touched"),
        replace(one, other_value=870),
    ]


def test_proofs_reasons_and_what_is_not_written_are_no_part_of_the_hash(
    database: Database, run: int, titles: list[int]
) -> None:
    one = promise(titles[0])
    plain = sealed(database, run, [(head(), [one])]).hash
    for other in told_otherwise(one):
        assert sealed(database, run, [(head(), [other])]).hash == plain
    for state in set(ItemState) - {ItemState.WRITE}:
        more = promise(titles[1], state=state)
        assert sealed(database, run, [(head(counts={"held": 1}), [one, more])]).hash == plain, state


@pytest.mark.parametrize(
    "change",
    [
        {"side": Side.SOURCE},
        {"native_id": "other"},
        {"before": 750},
        {"before": None},
        {"wanted": None},
        {"wanted": 900},
        {"title": 1},
    ],
    ids=str,
)
def test_every_part_of_a_write_is_part_of_the_hash(
    database: Database, run: int, titles: list[int], change: dict[str, Any]
) -> None:
    one = promise(titles[0])
    other = replace(one, **change)
    hashes = {sealed(database, run, [(head(), [write])]).hash for write in (one, other)}
    assert len(hashes) == 2
    assert sealed(database, run, [(head(), [one, promise(titles[3])])]).hash not in hashes


@pytest.mark.parametrize(
    "change", [{"rules": "others"}, {"source_uid": "tmdb:2"}, {"target_uid": "tracker:2"}], ids=str
)
def test_rules_and_people_are_part_of_the_hash(
    database: Database, run: int, titles: list[int], change: dict[str, Any]
) -> None:
    writes = [promise(titles[0])]
    plain = sealed(database, run, [(head(), writes)])
    assert sealed(database, run, [(head(**change), writes)]).hash != plain.hash


def test_a_lane_without_writes_is_promised_too(database: Database, run: int, titles: list[int]) -> None:
    one = [promise(titles[0])]
    alone = sealed(database, run, [(head(), one)])
    both = sealed(database, run, [(head(), one), (head(WATCHLIST, lane=4), [])])
    same_as_watchlist = sealed(database, run, [(head(WATCHLIST), [replace(one[0], feature=WATCHLIST)])])
    assert len({alone.hash, both.hash, same_as_watchlist.hash}) == 3


def test_lanes_come_back_in_the_order_in_which_they_run(
    database: Database, run: int, titles: list[int]
) -> None:
    counts = {"planned": 2, "why_held": {"gone": 1}}
    lanes = [(head(WATCHLIST, lane=4), []), (head(counts=counts), [promise(titles[0])])]
    made = sealed(database, run, lanes)
    found = database.read_now(lambda connection: plans.lanes_of(connection, made.id))
    assert found == [head(counts=counts), head(WATCHLIST, lane=4)]


def every_state(titles: list[int]) -> list[Promise]:
    return [
        promise(titles[4], action=Action.ADD, before=None, proof="list", proved_at=8),
        promise(titles[1], side=Side.SOURCE, action=Action.REMOVE, wanted=None, proof="lookup", proved_at=9),
        promise(titles[6]),
        promise(titles[0], state=ItemState.WAITS, action=Action.REMOVE, wanted=None),
        promise(titles[2], state=ItemState.CONFLICT, side=None, action=None, native_id="", wanted=None),
        promise(titles[3], state=ItemState.HELD, action=None, wanted=None, before=None, other_value=None),
        promise(titles[5], state=ItemState.KEPT, side=None, action=None),
        promise(titles[7], state=ItemState.CLEARED, side=None, action=None),
    ]


def test_what_was_promised_comes_back_as_it_was_and_is_numbered_in_order(
    database: Database, run: int, titles: list[int]
) -> None:
    rated = every_state(titles)
    listed = [replace(one, feature=WATCHLIST) for one in rated[:2]]
    made = sealed(database, run, [(head(), rated), (head(WATCHLIST, lane=4), listed)])
    items = database.read_now(lambda connection: plans.items(connection, made.id, after=0, limit=99))
    assert [one.promise for one in items] == [*rated, *listed]
    assert [one.seq for one in items] == list(range(1, 11))
    film, episode = items[0], items[2]
    assert (film.kind, film.name, film.year, film.show, film.season) == ("movie", "Film 4", 1990, "", None)
    assert (episode.kind, episode.name, episode.show) == ("episode", "The special", "The show")
    assert (episode.season, episode.number) == (0, 1)


def test_writes_come_by_title_and_nothing_else_with_them(
    database: Database, run: int, titles: list[int]
) -> None:
    rated = every_state(titles)
    listed = [promise(titles[0], feature=WATCHLIST)]
    made = sealed(database, run, [(head(), rated), (head(WATCHLIST, lane=4), listed)])
    found = database.read_now(lambda connection: list(plans.writes_of(connection, made.id, RATINGS)))
    assert found == sorted(rated[:3], key=lambda one: one.title)


def test_items_come_in_pages_and_only_those_that_are_wanted(
    database: Database, run: int, titles: list[int]
) -> None:
    rated = every_state(titles)
    listed = [replace(one, feature=WATCHLIST) for one in rated]
    made = sealed(database, run, [(head(), rated), (head(WATCHLIST, lane=4), listed)]).id
    sealed(database, run, [(head(), rated)])

    def page(after: int, limit: int, wanted: Wanted | None = None) -> list[int]:
        found = database.read_now(
            lambda connection: plans.items(connection, made, after=after, limit=limit, wanted=wanted)
        )
        return [one.seq for one in found]

    def count(wanted: Wanted | None = None) -> int:
        return database.read_now(lambda connection: plans.count_items(connection, made, wanted))

    assert (page(0, 5), page(5, 5), page(15, 5), page(16, 5)) == (
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [16],
        [],
    )
    assert count() == 16
    of = {
        Wanted(feature=WATCHLIST): [9, 10, 11, 12, 13, 14, 15, 16],
        Wanted(action=Action.REMOVE): [2, 4, 10, 12],
        Wanted(state=ItemState.WAITS): [4, 12],
        Wanted(RATINGS, Action.REMOVE, ItemState.WRITE): [2],
        Wanted(RATINGS, Action.REMOVE, ItemState.KEPT): [],
    }
    for wanted, seqs in of.items():
        assert page(0, 99, wanted) == seqs
        assert count(wanted) == len(seqs)
    assert page(4, 1, Wanted(action=Action.REMOVE)) == [10]
    found = database.read_now(lambda connection: plans.counts(connection, made))
    assert sum(found.values()) == 16
    assert found[RATINGS, ItemState.WRITE, "source", "remove"] == 1
    assert found[WATCHLIST, ItemState.CONFLICT, "", ""] == 1


def test_a_plan_is_applied_by_one_run(database: Database, run: int, titles: list[int]) -> None:
    made, other = (sealed(database, run, [(head(), [promise(titles[0])])]) for _ in range(2))
    database.write_now(lambda connection: plans.mark_applied(connection, made.id, 12))
    found = [database.read_now(partial(plans.find, plan_id=one.id)) for one in (made, other)]
    assert found == [replace(made, applied_by=12), other]


def test_plans_are_forgotten_a_day_after_they_expired_whole_or_not(
    database: Database, run: int, titles: list[int]
) -> None:
    lanes = [(head(), every_state(titles))]
    old, unfinished = sealed(database, run, lanes).id, begun(database, run, lanes)
    young = sealed(database, run, lanes, now=NOW + 1).id
    database.write_now(lambda connection: plans.purge(connection, NOW + 2 * EXPIRES_MS))
    assert {row[0] for row in dump(database, "plan")["plan"]} == {old, unfinished, young}
    database.write_now(lambda connection: plans.purge(connection, NOW + 2 * EXPIRES_MS + 1))
    left = dump(database, "plan", "plan_lane", "plan_item")
    assert [row[0] for row in left["plan"]] == [young]
    assert {row[0] for row in left["plan_lane"]} == {young}
    assert [row[0] for row in left["plan_item"]] == [young] * 8
    assert sealed(database, run, lanes).id > young, (
        "the number of a plan that was forgotten names another one"
    )


def test_twenty_thousand_titles_are_stored_and_sealed_without_all_of_them_in_memory(
    database: Database, run: int
) -> None:
    count = 20_000
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(count)]
    keys = database.write_now(lambda connection: resolve(connection, films))
    drawn = 0
    drawn_before: list[int] = []

    def stream() -> Iterator[Promise]:
        nonlocal drawn
        for key in keys:
            drawn += 1
            yield promise(key)

    def note(*_: Any) -> None:
        drawn_before.append(drawn)

    made = begun(database, run)
    event.listen(database.engine, "before_cursor_execute", note)
    database.write_now(lambda connection: plans.keep_lane(connection, made, head(), stream()))
    event.remove(database.engine, "before_cursor_execute", note)
    assert len(drawn_before) < 40
    assert max(later - earlier for earlier, later in pairwise(drawn_before)) <= count / 10
    tracemalloc.start()
    try:
        database.write_now(lambda connection: plans.close(connection, made))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000, f"sealing takes {peak} bytes"
    page = database.read_now(lambda connection: plans.items(connection, made, after=19_990, limit=500))
    assert [one.seq for one in page] == list(range(19_991, count + 1))
    assert database.read_now(lambda connection: plans.count_items(connection, made)) == count
