"""Writing to the simulated TMDb: what is there afterwards, whatever goes wrong on the way, and what was never sent."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import TitleState, Verdict
from crosswatch.model.refs import Ref, ids
from crosswatch.model.values import PRESENT, Value
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.simulators.tmdb import Key
from tests.contract.tmdb_world import World, read_all, tmdb_world
from tests.contract.tmdb_writes import (
    WRITES,
    Watched,
    add,
    change,
    episode,
    furnished,
    movie,
    one,
    remove,
    show,
    written,
)


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with tmdb_world(caplog) as world:
        yield world


def done(outcome: Outcome) -> tuple[Done, str]:
    return outcome.done, outcome.code


TITLES: list[tuple[Ref, Key, str]] = [
    (movie(1668), ("movie", 1668), "1668"),
    (show(1668), ("tv", 1668), "1668"),
    (episode(1399, 1, 2), ("episode", 1399, 1, 2), "1399/1/2"),
    (episode(1399, 0, 1), ("episode", 1399, 0, 1), "1399/0/1"),
]


@pytest.mark.parametrize(("ref", "key", "native_id"), TITLES)
def test_a_rating_from_nothing_to_nothing(world: World, ref: Ref, key: Key, native_id: str) -> None:
    steps: list[tuple[Write, float | None]] = [
        (add(ref, 850), 8.5),
        (change(ref, 850, 700), 7.0),
        (change(ref, 700, 700), 7.0),
        (remove(ref, 700), None),
        (remove(ref, 700), None),
        (add(ref, 50), 0.5),
    ]
    for write, points in steps:
        assert one(world, Feature.RATINGS, write) == Outcome(write.id, Done.APPLIED, native_id=native_id)
        assert world.sim.ratings(world.user) == ({} if points is None else {key: points})
    assert world.asked() == len(steps)
    assert [entry.status for entry in world.sim.traffic.entries()] == [201, 201, 201, 200, 200, 201]


@pytest.mark.parametrize(("ref", "key", "native_id"), TITLES[:2])
def test_a_title_on_the_watchlist_and_off_again(world: World, ref: Ref, key: Key, native_id: str) -> None:
    steps = [
        (add(ref), Done.APPLIED),
        (add(ref), Done.ALREADY),
        (remove(ref), Done.APPLIED),
        (remove(ref), Done.APPLIED),
        (add(ref), Done.APPLIED),
    ]
    for write, ended in steps:
        assert one(world, Feature.WATCHLIST, write) == Outcome(write.id, ended, native_id=native_id)
        assert world.sim.watchlist(world.user) == ([] if write.wanted is None else [key])
    assert world.asked() == len(steps)


@pytest.mark.parametrize(("ref", "key", "native_id"), TITLES)
def test_a_rating_that_nobody_had_seen_is_told_when_it_is_overwritten(
    world: World, ref: Ref, key: Key, native_id: str
) -> None:
    world.sim.fill_ratings(world.user, [(key, 3.0)])
    assert one(world, Feature.RATINGS, add(ref, 900)) == Outcome(
        1, Done.APPLIED, "replaced", native_id=native_id
    )
    assert world.sim.ratings(world.user) == {key: 9.0}


@pytest.mark.parametrize("value", range(50, 1001, 50))
def test_every_rating_is_stored_and_read_back_as_it_was_sent(world: World, value: Value) -> None:
    refs = [ref for ref, _, _ in TITLES]
    written(
        world, Feature.RATINGS, *(add(ref, value, number=number) for number, ref in enumerate(refs, start=1))
    )
    assert world.sim.ratings(world.user) == {key: value / 100 for _, key, _ in TITLES}
    assert {json.loads(entry.body)["value"] for entry in world.sim.traffic.entries("POST")} == {value / 100}

    async def read_back(link: TmdbLink) -> None:
        reading = await read_all(link, Feature.RATINGS)
        assert reading.ended.whole
        assert [row.value for row in reading.rows] == [value] * len(TITLES)
        states = await link.lookup(refs)
        assert list(states.values()) == [TitleState(on_watchlist=False, rating=value)] * len(TITLES)

    world.with_link(read_back)


@pytest.mark.parametrize("value", [0, 1, 845, 1001, 1050, 100_000])
def test_what_tmdb_cannot_hold_is_rejected_in_its_own_words(world: World, value: Value) -> None:
    outcome = one(world, Feature.RATINGS, add(movie(603), value))
    assert done(outcome) == (Done.REJECTED, "title_refused")
    assert outcome.words.startswith("Value ")
    assert world.sim.ratings(world.user) == {}


def test_an_outcome_names_the_title_as_the_rows_of_the_lists_do(world: World) -> None:
    refs = {key: ref for ref, key, _ in TITLES}
    said: dict[tuple[Feature, Kind], set[str]] = {}
    for feature, keys in ((Feature.RATINGS, TITLES), (Feature.WATCHLIST, TITLES[:2])):
        writes = [
            add(refs[key], 700 if feature is Feature.RATINGS else PRESENT, number=number)
            for number, (_, key, _) in enumerate(keys)
        ]
        for write, outcome in zip(writes, written(world, feature, *writes), strict=True):
            said.setdefault((feature, write.ref.kind), set()).add(outcome.native_id)
        read: dict[tuple[Feature, Kind], set[str]] = {}
        for row in world.read(feature).rows:
            read.setdefault((feature, row.ref.kind), set()).add(row.ref.native_id)
        assert read == {of: names for of, names in said.items() if of[0] is feature}


def test_the_name_that_tmdb_gave_comes_before_what_was_learnt_since(world: World) -> None:
    world.sim.fill_ratings(world.user, [(("movie", 603), 8.0), (("episode", 1399, 0, 1), 8.0)])
    moved = [movie(11, "603"), episode(1396, 3, 3, "1399/0/1")]
    states = world.with_link(lambda link: link.lookup(moved))
    assert list(states.values()) == [TitleState(on_watchlist=False, rating=800)] * 2
    outcomes = written(
        world, Feature.RATINGS, *(change(ref, 800, 850, number=place) for place, ref in enumerate(moved))
    )
    assert [outcome.native_id for outcome in outcomes] == ["603", "1399/0/1"]
    assert world.sim.ratings(world.user) == {("movie", 603): 8.5, ("episode", 1399, 0, 1): 8.5}
    own = Ref(Kind.EPISODE, ids(tmdb=63056), "1399/0/1")
    assert one(world, Feature.RATINGS, remove(own, 850)).native_id == "1399/0/1"
    assert ("episode", 1399, 0, 1) not in world.sim.ratings(world.user)


NO_PLACE = [
    Ref(Kind.MOVIE, ids(imdb="tt0133093")),
    *(
        movie(wrong)
        for wrong in ("../account", "603/rating", "603 ", "0", "-1", "６０３", "0603", "1e3", "9" * 12)
    ),
    *(movie(603, wrong) for wrong in ("../603", "603/1/1", "tmdb:603", "603/", "/603", "0")),
    show("tt0944947"),
    episode("..", 1, 1),
    episode(1399, -1, 1),
    episode(1399, 1, -1),
    *(
        episode(1399, 1, 1, wrong)
        for wrong in ("1399", "1399/1", "1399/1/1/1", "1399//1", "1399/../1", "63056")
    ),
    Ref(Kind.EPISODE, ids(tmdb=63056)),
    Ref(Kind.EPISODE, ids(tmdb=63056), show_ids=ids(tmdb=1399), season=1),
    Ref(Kind.EPISODE, ids(tmdb=63056), show_ids=ids(tmdb=1399), number=1),
    Ref(Kind.SEASON, ids(tmdb=3624), show_ids=ids(tmdb=1399), season=1),
    Ref(Kind.SEASON, ids(tmdb=3624), "1399/1/1", show_ids=ids(tmdb=1399), season=1, number=1),
]


@pytest.mark.parametrize("ref", NO_PLACE)
def test_what_has_no_place_at_tmdb_is_unmatched_and_nothing_is_sent(world: World, ref: Ref) -> None:
    may_send = Watched()
    for feature, write in (
        (Feature.RATINGS, add(ref, 850)),
        (Feature.RATINGS, remove(ref, 850)),
        (Feature.WATCHLIST, add(ref)),
        (Feature.WATCHLIST, remove(ref)),
    ):
        assert one(world, feature, write, may_send=may_send) == Outcome(1, Done.UNMATCHED, "no_place")
    assert world.with_link(lambda link: link.lookup([ref])) == {ref: Verdict.UNKNOWN}
    assert (world.asked(), may_send.asked) == (0, 0)


def test_an_episode_is_on_no_watchlist(world: World) -> None:
    assert done(one(world, Feature.WATCHLIST, add(episode(1399, 1, 1)))) == (Done.UNMATCHED, "no_place")
    assert world.asked() == 0


def test_a_title_that_tmdb_has_no_more_is_unmatched(world: World) -> None:
    for key in (("movie", 603), ("tv", 1399)):
        world.sim.delete_title(key)
    for ref in (movie(603), show(1399), episode(1399, 1, 1), episode(1396, 77, 1), movie(2_000_000_000)):
        outcomes = [
            one(world, Feature.RATINGS, add(ref, 850)),
            one(world, Feature.RATINGS, remove(ref, 850)),
        ]
        if ref.kind is not Kind.EPISODE:
            outcomes += [one(world, Feature.WATCHLIST, add(ref)), one(world, Feature.WATCHLIST, remove(ref))]
        for outcome in outcomes:
            assert done(outcome) == (Done.UNMATCHED, "title_gone")
            assert "could not be found" in outcome.words


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("reset", {}),
    ("html", {}),
    ("truncated", {}),
    ("wrong_shape", {}),
    ("empty_body", {}),
    ("redirect", {}),
    *(("status", {"status": status}) for status in (500, 502, 503, 504)),
]


@pytest.mark.parametrize(("feature", "write", "path"), WRITES)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "more"), FAULTS)
def test_an_answer_that_is_lost_or_spoilt_is_in_doubt_whether_or_not_it_worked(
    world: World, feature: Feature, write: Write, path: str, when: str, kind: str, more: dict[str, Any]
) -> None:
    before = furnished(world)
    world.fault(kind=kind, path=path, when=when, **more)
    may_send = Watched()
    outcome = one(world, feature, write, may_send=may_send)
    assert (outcome.done, outcome.native_id) == (Done.IN_DOUBT, "")
    assert may_send.asked == 1
    assert world.sim.traffic.counters.total() == 1
    worked = when == "after" or kind in {"truncated", "wrong_shape"}
    assert (before != (world.sim.ratings(world.user), world.sim.watchlist(world.user))) is worked


@pytest.mark.parametrize(("feature", "write", "_path"), WRITES)
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"session": "e" * 40}, "session_ended"),
        ({"key": "f" * 32}, "invalid_api_key"),
        ({"key": "suspended"}, "suspended_api_key"),
    ],
)
def test_who_may_not_write_must_connect_again(
    world: World, feature: Feature, write: Write, _path: str, how: dict[str, str], code: str
) -> None:
    before = furnished(world)
    if how.get("key") == "suspended":
        how = {"key": world.sim.add_key().api_key}
        world.sim.suspend_key(how["key"])
    assert done(one(world, feature, write, **how)) == (Done.RECONNECT, code)
    assert (world.sim.ratings(world.user), world.sim.watchlist(world.user)) == before


@pytest.mark.parametrize(("feature", "write", "_path"), WRITES)
@pytest.mark.parametrize(("said", "seconds"), [("none", None), ("0", 0), ("1", 1), ("86400", 86400)])
@pytest.mark.parametrize(("status", "body"), [(429, "json"), (429, "html"), (200, "json")])
def test_beyond_the_limit_it_is_later_and_nothing_was_done(
    world: World,
    feature: Feature,
    write: Write,
    _path: str,
    said: str,
    seconds: float | None,
    status: int,
    body: str,
) -> None:
    before = furnished(world)
    knobs = world.sim.knobs
    knobs.rate_limit, knobs.retry_after = 0, said  # type: ignore[assignment]
    knobs.rate_limit_status, knobs.rate_limit_body = status, body  # type: ignore[assignment]
    outcome = one(world, feature, write)
    assert (*done(outcome), outcome.retry_after) == (Done.RETRY_LATER, "rate_limited", seconds)
    assert world.asked() == 1
    assert (world.sim.ratings(world.user), world.sim.watchlist(world.user)) == before


def test_one_write_that_fails_leaves_the_others_their_own_outcomes(world: World) -> None:
    world.sim.delete_title(("movie", 13))
    world.fault(kind="status", path="/movie/550/", status=503)
    writes = [
        add(movie(11), 850, number=4),
        add(movie(13), 850, number=3),
        add(movie(550), 850, number=2),
        add(movie(603), 845, number=9),
        add(movie("none"), 850, number=7),
        add(movie(680), 850, number=1),
    ]
    assert [outcome.done for outcome in written(world, Feature.RATINGS, *writes)] == [
        Done.APPLIED,
        Done.UNMATCHED,
        Done.IN_DOUBT,
        Done.REJECTED,
        Done.UNMATCHED,
        Done.APPLIED,
    ]
    assert world.sim.ratings(world.user) == {("movie", 11): 8.5, ("movie", 680): 8.5}
    assert written(world, Feature.RATINGS) == []


def test_many_writes_at_once_are_each_done_once(world: World) -> None:
    keys = world.movies(60)
    may_send = Watched()

    async def story(link: TmdbLink) -> list[list[Outcome]]:
        return await asyncio.gather(
            *(link.write(Feature.RATINGS, [add(movie(key[1]), 650)], may_send) for key in keys)
        )

    outcomes = world.with_link(story)
    assert [outcome.native_id for (outcome,) in outcomes] == [str(key[1]) for key in keys]
    assert world.sim.ratings(world.user) == dict.fromkeys(keys, 6.5)
    assert world.asked() == may_send.asked == len(keys)
    assert world.sim.traffic.most_at_once <= 8
