"""What a service took off a watchlist itself is nobody's removal; nor is what somebody else still wants there."""

from __future__ import annotations

from typing import Any

import pytest

from crosswatch.errors import Unreachable
from crosswatch.model.kinds import Feature, Mode
from crosswatch.simulators.tmdb import Key
from crosswatch.store.pairs import LaneSettings
from tests.system.books import StubbornBook, use_book
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    INTO_TRACKER,
    RATINGS,
    TO_SECOND,
    WATCHLIST,
    Scene,
    Way,
    scene_of,
    untouched,
)
from tests.system.two import writes_sent
from tests.system.world import SECOND, TMDB, TRACKER, World, lane

FROM_ALICE = (INTO_TRACKER, TO_SECOND, BOTH_ACCOUNTS, Way(TMDB, TRACKER, Mode.TWO_WAY))
KEPT_ROWS = "SELECT source_value, target_value FROM base WHERE lane = ? AND title = ?"


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def clearing(world: World) -> None:
    """From now on TMDb takes off a watchlist what is rated."""
    world.sim.knobs.rating_clears_watchlist = True


def row_of(scene: Scene, feature: Feature, key: Key) -> tuple[Any, ...]:
    number = next(one.id for one in scene.pair.lanes if one.feature is feature)
    return tuple(scene.world.rows(KEPT_ROWS, number, scene.world.title(key))[0])


@pytest.mark.parametrize("ratings", [True, False], ids=["with ratings", "watchlist alone"])
@pytest.mark.parametrize("way", FROM_ALICE, ids=str)
def test_the_users_own_rating_takes_a_title_off_and_nothing_is_removed_elsewhere(
    world: World, way: Way, ratings: bool
) -> None:
    scene = scene_of(world, way)
    films = scene.fill(watched=12)
    if not ratings:
        world.change("UPDATE lane SET enabled = 0 WHERE feature = 'ratings'")
    film = films[4]
    clearing(world)
    scene.one.put(RATINGS, film, 850)
    assert film not in scene.one.has(WATCHLIST)
    world.sim.knobs.rating_clears_watchlist = False  # so that our own rating takes nothing off bob's
    report = scene.sync()
    assert (report.run.status, lane(report, "watchlist"), report.run.attention) == (
        "succeeded",
        {"cleared": 1},
        0,
    )
    assert film in scene.other.has(WATCHLIST)
    assert row_of(scene, WATCHLIST, film) == (None, 1)
    for _ in range(3):
        scene.later(DAY)
        assert scene.run(WATCHLIST) == {}
        assert film in scene.other.has(WATCHLIST)
        assert film not in scene.one.has(WATCHLIST), "and it is never put back"
    scene.one.drop(WATCHLIST, films[5])
    assert scene.run(WATCHLIST) == {"removed": 1}
    scene.one.put(WATCHLIST, film)
    assert scene.run(WATCHLIST) == {"adopted": 1}
    scene.later(DAY)
    scene.run(WATCHLIST)
    scene.one.drop(WATCHLIST, film)
    if ratings:  # its rating is known for long by now, so that this is the user's own removal
        assert scene.run(WATCHLIST) == {"removed": 1}
        assert scene.equal(WATCHLIST)
    else:
        assert scene.run(WATCHLIST) == {"cleared": 1}


@pytest.mark.parametrize("way", FROM_ALICE, ids=str)
def test_only_a_lane_that_removes_what_was_rated_passes_it_on(world: World, way: Way) -> None:
    scene = scene_of(world, way, remove_when_rated=True)
    films = scene.fill(watched=12)
    clearing(world)
    scene.one.put(RATINGS, films[4], 850)
    scene.one.put(RATINGS, world.movies(1)[0], 850)
    report = scene.sync()
    found = lane(report, "watchlist")
    if scene.other.name == SECOND:  # our own rating has taken it off there too
        assert found == {"cleared": 1}
    else:  # in this run the tracker was written the rating of that very title
        assert found == {"held": 1, "why_held": {"wanted": 1}}
        assert scene.run(WATCHLIST) == {"removed": 1}
    assert set(scene.other.has(WATCHLIST)) == set(scene.one.has(WATCHLIST)) == {*films} - {films[4]}
    scene.later()
    assert scene.run(WATCHLIST) == {}


@pytest.mark.parametrize("way", [TO_SECOND, BOTH_ACCOUNTS], ids=str)
@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
def test_our_own_rating_takes_a_title_off_and_it_is_counted_and_never_put_back(
    world: World, way: Way, first: bool
) -> None:
    """Alice rated a film before TMDb did such things, and still wants to see it; so does bob."""
    scene = scene_of(world, way)
    films = world.movies(12)
    for ledger in (scene.one, scene.other):
        ledger.fill(WATCHLIST, films)
    if not first:
        scene.in_step()
        scene.later(DAY)
        scene.in_step()
    scene.one.put(RATINGS, films[4], 850)
    clearing(world)
    report = scene.sync()
    assert (report.run.status, lane(report)) == ("succeeded", {"added": 1})
    assert films[4] not in scene.other.has(WATCHLIST), "TMDb did that"
    found = {"cleared": 1, "adopted": 11} if first else {"cleared": 1}
    assert lane(report, "watchlist") == found
    assert row_of(scene, WATCHLIST, films[4]) == (1, None)
    for _ in range(3):
        scene.later(DAY)
        world.sim.traffic.reset()
        assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({}, {})
        assert writes_sent(world) == []
        assert films[4] in scene.one.has(WATCHLIST)
        assert films[4] not in scene.other.has(WATCHLIST)
    scene.one.drop(WATCHLIST, films[5])
    if way.mode is Mode.TWO_WAY:  # one way, the lane has not put it there, since bob had it himself
        assert scene.run(WATCHLIST) == {"removed": 1}, "the user's own removal is spread"
    else:
        assert scene.run(WATCHLIST) == {"left": 1}
    scene.other.put(WATCHLIST, films[4])
    assert scene.run(WATCHLIST) == ({"adopted": 1} if way.mode is Mode.TWO_WAY else {"left": 1})
    assert row_of(scene, WATCHLIST, films[4]) == (1, 1), "and what bob puts back himself is in step again"


@pytest.mark.parametrize("lag", [120, 290])
def test_a_late_list_hides_for_a_while_that_our_own_rating_took_a_title_off(world: World, lag: int) -> None:
    """Bob's list shows the title in the run that rates it, and no more only later: nobody's removal either."""
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = world.movies(12)
    for ledger in (scene.one, scene.other):
        ledger.fill(WATCHLIST, films)
    scene.in_step()
    scene.later(DAY)
    scene.in_step()
    scene.one.put(RATINGS, films[4], 850)
    scene.later()
    clearing(world)
    world.sim.knobs.list_lag = world.sim.knobs.account_states_lag = float(lag)
    cleared = 0
    for _ in range(8):
        report = scene.sync()
        figures = report.lanes["watchlist"]
        assert figures["removed"] == figures["added"] == figures["waiting"] == 0
        cleared += figures["cleared"]
        scene.later(90)
    assert cleared == 1
    assert set(scene.one.has(WATCHLIST)) == set(films)
    assert set(scene.other.has(WATCHLIST)) == set(films) - {films[4]}
    scene.other.drop(WATCHLIST, films[5])
    scene.later()
    assert scene.run(WATCHLIST) == {"removed": 1}
    assert films[5] not in scene.one.has(WATCHLIST)


@pytest.mark.parametrize("remove_when_rated", [True, False])
def test_a_rating_of_ours_on_a_second_account_empties_nothing_elsewhere(
    world: World, remove_when_rated: bool
) -> None:
    """Three lists: bob's watchlist loses what our ratings lane rates there, alice's and the tracker's stay."""
    scene = scene_of(world, BOTH_ACCOUNTS, remove_when_rated=remove_when_rated)
    allowed = LaneSettings(remove=True)
    tracker = world.add_pair(SECOND, TRACKER, features=dict.fromkeys(Feature, allowed))
    films = scene.fill(watched=12)
    for _ in range(2):
        assert world.sync(tracker).run.status == "succeeded"
        scene.later(DAY)
        scene.in_step()
    assert world.watchlist == set(films)
    scene.one.put(RATINGS, films[4], 850)
    clearing(world)
    report = scene.sync()
    assert lane(report, "watchlist") == ({"removed": 1} if remove_when_rated else {"cleared": 1})
    report = world.sync(tracker)
    assert lane(report, "watchlist") == {"cleared": 1}
    assert world.watchlist == set(films)
    wanted = set(films) - {films[4]} if remove_when_rated else set(films)
    assert set(scene.one.has(WATCHLIST)) == wanted
    assert set(scene.other.has(WATCHLIST)) == set(films) - {films[4]}


def test_what_was_rated_lately_may_have_been_taken_off_by_tmdb(world: World) -> None:
    """Nobody knows whether the rating was there while the title was still listed; nothing is removed then."""
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=5, settled=False)
    scene.one.put(RATINGS, films[0], 850)
    scene.later(60)
    scene.run(RATINGS)
    scene.one.drop(WATCHLIST, films[0], films[1])
    scene.later()
    assert scene.run(WATCHLIST) == {"removed": 1, "cleared": 1}
    assert set(scene.other.has(WATCHLIST)) == {films[0], *films[2:]}


def test_what_another_lane_still_wants_stays_until_that_one_lets_go(world: World) -> None:
    """Alice and bob fill one tracker. What alice takes off stays as long as bob wants it."""
    scene = scene_of(world, INTO_TRACKER)
    allowed = LaneSettings(remove=True)
    second = world.add_pair(SECOND, TRACKER, features=dict.fromkeys(Feature, allowed))
    films = world.movies(12)
    for user in ("alice", "bob"):
        world.sim.fill_watchlist(user, films)
    for _ in range(2):
        assert (scene.run(WATCHLIST), world.sync(second).run.status)[1] == "succeeded"
        scene.later(DAY)
    scene.one.drop(WATCHLIST, films[4])
    with untouched(scene.other):
        for _ in range(3):
            assert scene.run(WATCHLIST) == {"held": 1, "why_held": {"wanted": 1}}
            assert lane(world.sync(second), "watchlist") == {}
            scene.later(DAY)
    world.user = "bob"
    world.edit("remove", films[4])
    assert lane(world.sync(second), "watchlist") == {"left": 1}, "this lane has not put it there"
    assert scene.run(WATCHLIST) == {"removed": 1}
    assert world.watchlist == set(films) - {films[4]}


@pytest.mark.parametrize("kind", ["reset", "html", "truncated", "empty_body", "status"])
@pytest.mark.parametrize("feature", [RATINGS, WATCHLIST])
def test_a_removal_whose_answer_was_lost_is_looked_up_and_settled(
    world: World, feature: Feature, kind: str
) -> None:
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = scene.fill(rated=10 if feature is RATINGS else 0, watched=10 if feature is WATCHLIST else 0)
    scene.one.drop(feature, films[4])
    place = (
        {"method": "DELETE", "path": "rating"}
        if feature is RATINGS
        else {"method": "POST", "path": "watchlist"}
    )
    world.fault(kind=kind, when="after", times=1, **place)
    report = scene.sync()
    assert (report.run.status, lane(report, feature)) == ("partial", {"in_doubt": 1})
    world.sim.traffic.reset()
    found = scene.run(feature)
    assert found == {"held": 1, "why_held": {"in_doubt": 1}}
    scene.later(400)
    assert scene.run(feature) == {}
    assert scene.equal(feature)
    assert films[4] not in scene.other.has(feature)
    assert writes_sent(world) == [], "what arrived is not sent again"
    outcomes = world.rows("SELECT state, outcome FROM journal WHERE action = 'remove'")
    assert [tuple(row) for row in outcomes] == [("done", "applied")]
    scene.later(400)
    scene.one.put(feature, films[4], 350)
    assert scene.run(feature) == {"added": 1}, "it may come again"
    assert scene.equal(feature)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_removal_in_the_tracker_whose_process_broke_off_is_settled(world: World, arrives: bool) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=10)
    scene.one.drop(WATCHLIST, films[4])
    book = StubbornBook(world.book)
    use_book(world, book)
    book.breaks, book.arrives = Unreachable("http://tracker", "timed out", maybe_done=True), arrives
    report = scene.sync()
    assert (report.run.status, lane(report, "watchlist")) == ("partial", {"in_doubt": 1})
    book.breaks = None
    assert scene.run(WATCHLIST) == ({} if arrives else {"removed": 1})
    assert scene.equal(WATCHLIST)
    assert films[4] not in scene.other.has(WATCHLIST)


def test_a_removal_in_doubt_counts_for_the_guard(world: World) -> None:
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = scene.fill(watched=12)
    scene.one.drop(WATCHLIST, *films[:3])
    world.fault(kind="reset", method="POST", path="watchlist", when="after")
    report = scene.sync()
    assert lane(report, "watchlist") == {"in_doubt": 3}
    world.sim.knobs.faults = []
    scene.later(400)
    scene.one.drop(WATCHLIST, films[3])
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 1, "waiting": 1}
