"""Both ways on bad days: late lists, hidden rows, lost answers, storms, wrong clocks; the end is right."""

from __future__ import annotations

import time
from typing import Any

import pytest

from crosswatch import words
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.model.refs import Ref, ids
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.store import answering
from crosswatch.store.pairs import LaneSettings
from tests.system.two import both, edit, equal, writes_sent
from tests.system.world import SECOND, TRACKER, World, lane


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def test_a_rating_that_tmdb_hides_from_its_list_is_not_overwritten_unseen(world: World) -> None:
    film = world.movies(1)[0]
    edit(world, "alice", "rate", film, 8.0)
    edit(world, "bob", "rate", film, 3.0)
    world.sim.knobs.hidden_rows = {film}
    rule = dict.fromkeys(Feature, LaneSettings(conflict=Conflict.ASK))
    pair = world.add_pair(TRACKER, SECOND, mode=Mode.TWO_WAY, features=rule)
    world.run(world.house.runner._tools.resolver.keys([Ref(Kind.MOVIE, ids(tmdb=film[1]))]))
    world.by_hand(Feature.RATINGS, film, 800)
    report = world.sync(pair)
    assert (report.run.status, lane(report)["moved"]) == ("partial", 1)
    assert world.sim.ratings("bob") == {film: 3.0}
    for _ in range(3):
        world.clock.forward(301)
        report = world.sync(pair)
        assert (report.run.status, lane(report)["conflicts"]) == ("succeeded", 1)
    world.run(
        world.house.database.write(lambda c: answering.answer_one(c, 1, "source", world.clock.now_ms()))
    )
    assert lane(world.sync(pair))["changed"] == 1
    assert world.sim.ratings("bob") == {film: 8.0}
    for _ in range(2):
        world.clock.forward(301)
        report = world.sync(pair)
        assert (report.run.status, lane(report)) == ("succeeded", {"gap": {"target": 1}})


@pytest.mark.parametrize("lag", [0, 20, 120, 299])
def test_lists_that_are_late_are_not_taken_for_edits(world: World, lag: int) -> None:
    keys = world.library()
    world.clock.forward(301)
    world.sim.knobs.list_lag = world.sim.knobs.account_states_lag = float(lag)
    pair = both(world)
    assert world.sync(pair).run.status == "succeeded"
    equal(world)
    edit(world, "alice", "rate", keys[3], 0.5)
    edit(world, "bob", "rate", keys[4], 10.0)
    for _ in range(3):
        world.sim.traffic.reset()
        report = world.sync(pair)
        assert report.run.status == "succeeded"
        assert len(writes_sent(world)) <= 2
        world.clock.forward(120)
    world.clock.forward(301)
    world.sync(pair)
    equal(world)
    truth = world.sim.ratings("alice")
    assert (truth[keys[3]], truth[keys[4]]) == (0.5, 10.0)
    world.clock.forward(301)
    assert lane(world.sync(pair)) == {}


def test_three_ratings_lowered_by_half_a_point_are_edits(world: World) -> None:
    films = world.movies(3)
    for film in films:
        edit(world, "alice", "rate", film, 8.0)
    pair = both(world)
    world.sync(pair)
    world.clock.forward(3600)
    for film in films:
        edit(world, "bob", "rate", film, 7.5)
    assert lane(world.sync(pair)) == {"changed": 3}
    assert set(world.sim.ratings("alice").values()) == {7.5}


def test_a_service_that_keeps_no_halves_stops_the_lane_before_it_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = world.movies(8)
    for place, film in enumerate(films):
        edit(world, "alice", "rate", film, 8.5 if place % 2 else 8.0)
    rate = TmdbClient.rate

    async def rounded(client: TmdbClient, place: Any, value: int, may_send: Any) -> Any:
        return await rate(client, place, value // 100 * 100, may_send)

    monkeypatch.setattr(TmdbClient, "rate", rounded)
    pair = both(world)
    world.sync(pair)
    world.clock.forward(3600)
    report = world.sync(pair)
    assert (report.run.code, report.run.params["count"]) == ("grid_wrong", 4)
    assert {world.sim.ratings("alice")[film] for film in films} == {8.0, 8.5}


def test_a_clock_that_was_ahead_and_is_put_right_holds_nothing_for_a_year(world: World) -> None:
    keys = world.library()
    pair = both(world)
    world.clock.forward(365 * 86_400)
    world.sync(pair)
    world.clock.forward(-365 * 86_400)
    world.sim.clock = lambda: time.time()
    edit(world, "alice", "rate", keys[3], 0.5)
    world.sync(pair)
    world.clock.forward(301)
    assert lane(world.sync(pair)) == {"changed": 1}
    assert world.sim.ratings("bob")[keys[3]] == 0.5


def test_late_lists_do_not_hide_what_somebody_rated_just_now(world: World) -> None:
    """Bob rates sixty films that alice rated long ago; his list does not show it yet, single titles do."""
    films = world.movies(60)
    for film in films:
        edit(world, "alice", "rate", film, 8.0)
    world.clock.forward(1000)
    pair = both(world)
    for film in films:
        edit(world, "bob", "rate", film, 3.0)
    world.sim.knobs.list_lag = 120.0
    report = world.sync(pair)
    assert (report.run.status, lane(report)) == ("partial", {"moved": 60})
    assert set(world.sim.ratings("bob").values()) == {3.0}
    world.clock.forward(301)
    assert lane(world.sync(pair)) == {"conflicts": 60}


def test_a_late_list_does_not_hide_one_edit_among_many(world: World) -> None:
    films = world.movies(200)
    for user in ("alice", "bob"):
        world.sim.fill_ratings(user, [(film, 7.0) for film in films])
    pair = both(world)
    assert lane(world.sync(pair)) == {"adopted": 200}
    world.clock.forward(1000)
    for film in films[:40]:
        edit(world, "alice", "rate", film, 6.0)
    world.clock.forward(200)
    edit(world, "bob", "rate", films[39], 8.0)
    world.sim.knobs.list_lag = 120.0
    assert lane(world.sync(pair)) == {"changed": 39, "moved": 1}
    assert world.sim.ratings("bob")[films[39]] == 8.0


@pytest.mark.parametrize("kind", ["reset", "html", "truncated", "empty_body", "status"])
def test_an_answer_that_was_lost_is_looked_up_and_the_write_not_repeated(world: World, kind: str) -> None:
    films = world.movies(6)
    for film in films:
        edit(world, "alice", "rate", film, 6.5)
    world.sim.fill_watchlist("alice", films)
    pair = both(world)
    world.fault(kind=kind, method="POST", when="after", nth=(2, 5, 8, 11))
    world.sim.traffic.reset()
    report = world.sync(pair)
    assert report.run.status == "partial"
    assert lane(report) == {"added": 4, "in_doubt": 2}
    assert lane(report, "watchlist") == {"added": 4, "in_doubt": 2}
    report = world.sync(pair)
    assert lane(report) == {"held": 2, "why_held": {"in_doubt": 2}}
    world.clock.forward(400)
    report = world.sync(pair)
    assert (report.run.status, lane(report), lane(report, "watchlist")) == ("succeeded", {}, {})
    assert len(writes_sent(world)) == 12
    equal(world)


def test_a_storm_of_refusals_for_haste_delays_and_loses_nothing(world: World) -> None:
    films = world.movies(60)
    for film in films:
        edit(world, "alice", "rate", film, 6.5)
    pair = both(world)
    world.clock.hasty = True
    world.fault(kind="rate_limited", method="POST", probability=0.4, seed=3)
    world.sim.knobs.retry_after = "1"
    report = world.sync(pair)
    assert (report.run.status, lane(report)) == ("succeeded", {"added": 60})
    equal(world)
    answered = [
        one.status for one in world.sim.traffic.entries() if one.method == "POST" and "rating" in one.path
    ]
    assert answered.count(201) == 60
    assert answered.count(429) > 10


def test_a_service_that_asks_for_a_day_ends_the_run_truthfully(world: World) -> None:
    for film in world.movies(30):
        edit(world, "alice", "rate", film, 6.5)
    pair = both(world)
    world.fault(kind="rate_limited", method="POST", path="rating", nth=tuple(range(12, 500)))
    world.sim.knobs.retry_after = "86400"
    report = world.sync(pair)
    assert (report.run.status, report.run.code) == ("partial", "rate_limited")
    figures = report.lanes["ratings"]
    assert figures["added"] == len(world.sim.ratings("bob")) >= 8
    assert figures["added"] + figures["not_sent"] + figures["retry_later"] == 30
    world.sim.knobs.faults = []
    world.clock.forward(90_000)
    assert world.sync(pair).run.status == "succeeded"
    equal(world)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_service_that_answers_nothing_is_left_alone(world: World, when: str) -> None:
    for film in world.movies(100):
        edit(world, "alice", "rate", film, 6.5)
    pair = both(world)
    world.fault(kind="reset", method="POST", path="rating", when=when)
    world.sim.traffic.reset()
    report = world.sync(pair)
    assert (report.run.status, report.run.code) == ("partial", "no_answers")
    assert "TMDb (second)" in words.say(report.run.code, report.run.params).sentence
    figures = report.lanes["ratings"]
    assert len(writes_sent(world)) == figures["in_doubt"] <= 16
    assert figures["in_doubt"] + figures["not_sent"] == 100
    world.sim.knobs.faults = []
    world.clock.forward(400)
    assert lane(world.sync(pair)) == {"added": 100 if when == "before" else 100 - figures["in_doubt"]}
    equal(world)


def test_three_of_ten_answers_an_error_and_still_all_arrives(world: World) -> None:
    """Half of the errors come before the effect, half after it; what a report says is what TMDb has."""
    films = world.movies(60)
    for film in films:
        edit(world, "alice", "rate", film, 6.5)
    pair = both(world)
    world.fault(kind="status", status=500, method="POST", probability=0.15, seed=5)
    world.fault(kind="status", status=500, method="POST", probability=0.15, seed=6, when="after")
    world.sim.traffic.reset()
    for _ in range(12):
        before = len(world.sim.ratings("bob"))
        report = world.sync(pair)
        figures = report.lanes["ratings"]
        arrived = len(world.sim.ratings("bob")) - before
        assert figures["added"] <= arrived <= figures["added"] + figures["in_doubt"]
        assert figures["planned"] == figures["added"] + figures["in_doubt"]
        assert (report.run.status == "partial") is (figures["in_doubt"] > 0)
        world.clock.forward(400)
        if not figures["planned"]:
            break
    equal(world)
    done = [one for one in world.sim.traffic.entries() if one.method == "POST" and one.status == 201]
    assert len({one.path for one in done}) == len(done), "an answered write was sent again"
