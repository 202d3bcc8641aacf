"""Two accounts of TMDb, and TMDb with the tracker, kept in step both ways: what one has the other gets, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.model.refs import Ref, ids
from crosswatch.services.connect import ConnectTmdb
from crosswatch.simulators.tmdb import DEMO_KEY, Key, Simulator, fill_movielens_user
from crosswatch.simulators.tmdb.catalogue import well_known
from crosswatch.store import attention
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.system.test_real_data import FOLDER
from tests.system.world import SECOND, TMDB, TRACKER, ShiftedClock, World, lane, make_world

PERSON = 387
"""Of those in the data who rated most, one whose list is written in a few seconds."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Alice is ``tmdb``, bob, who has nothing, ``tmdb/second``; both go by one clock that a test can move."""
    clock = ShiftedClock()
    sim = Simulator(catalogue=well_known(), clock=lambda: clock.now_ms() / 1000)
    with make_world(tmp_path, sim=sim, clock=clock, delay=300) as made:
        made.second("bob")
        yield made


def both(world: World, mode: Mode = Mode.TWO_WAY, conflict: Conflict = Conflict.ASK) -> PairRow:
    """A pair of the two accounts."""
    settings = LaneSettings(conflict=conflict)
    return world.add_pair(TMDB, SECOND, mode=mode, features=dict.fromkeys(Feature, settings))


def equal(world: World) -> None:
    """Both accounts truly hold the same."""
    assert world.sim.ratings("alice") == world.sim.ratings("bob")
    assert set(world.sim.watchlist("alice")) == set(world.sim.watchlist("bob"))


def edit(world: World, user: str, action: str, key: Key, points: float = 0.0) -> None:
    world.user = user
    world.edit(action, key, points)
    world.user = "alice"


def writes_sent(world: World) -> list[tuple[str, str, object]]:
    """Every call that may have changed something, as TMDb saw it."""
    entries = world.sim.traffic.entries()
    return [
        (one.method, one.path, one.body)
        for one in entries
        if one.method != "GET" and "authentication" not in one.path
    ]


def test_a_persons_ratings_reach_an_empty_account_and_nothing_is_written_twice(world: World) -> None:
    if not (FOLDER / "ratings.csv").exists():
        pytest.skip(f"no MovieLens data in {FOLDER}: set CROSSWATCH_TEST_DATA")
    filled = fill_movielens_user(world.sim, "alice", PERSON, folder=FOLDER)
    rated = world.sim.ratings("alice")
    world.sim.fill_watchlist("alice", list(rated)[:40])
    pair = both(world)
    world.sim.traffic.reset()
    report = world.sync(pair)
    assert (report.run.status, lane(report), lane(report, "watchlist")) == (
        "succeeded",
        {"added": len(rated)},
        {"added": 40},
    )
    equal(world)
    sent = writes_sent(world)
    assert len(sent) == len(rated) + 40 == len({(method, path, str(body)) for method, path, body in sent})
    print(f"MovieLens user {PERSON}: {filled.rows} rows, {len(sent)} writes, {report.run.requests} requests")
    world.clock.forward(301)
    world.sim.traffic.reset()
    report = world.sync(pair)
    assert (report.run.status, lane(report), lane(report, "watchlist")) == ("succeeded", {}, {})
    assert writes_sent(world) == []


def test_what_either_user_does_reaches_the_other(world: World) -> None:
    keys = world.library()
    pair = both(world)
    assert world.sync(pair).run.status == "succeeded"
    equal(world)
    world.clock.forward(301)
    new = world.movies(4)
    edit(world, "alice", "rate", new[0], 0.5)
    edit(world, "bob", "rate", new[1], 9.5)
    edit(world, "alice", "rate", keys[0], 10.0)
    edit(world, "bob", "rate", keys[-1], 1.5)  # an episode
    edit(world, "bob", "rate", keys[-2], 2.0)  # one of a season 0
    edit(world, "alice", "add", new[2])
    edit(world, "bob", "add", new[3])
    report = world.sync(pair)
    assert lane(report) == {"added": 2, "changed": 3}
    assert lane(report, "watchlist") == {"added": 2}
    to = report.lanes["ratings"]["to"]
    assert to["source"] == {"added": 1, "changed": 2, "removed": 0}
    assert to["target"] == {"added": 1, "changed": 1, "removed": 0}
    equal(world)
    world.clock.forward(301)
    assert lane(world.sync(pair)) == {}


def test_one_way_nothing_ever_goes_back(world: World) -> None:
    keys = world.library()
    pair = both(world, Mode.ONE_WAY, Conflict.SOURCE)
    world.sync(pair)
    equal(world)
    world.clock.forward(301)
    before = world.sim.ratings("alice")
    edit(world, "bob", "rate", keys[0], 9.5)
    edit(world, "bob", "rate", world.movies(1)[0], 7.0)
    report = world.sync(pair)
    assert report.lanes["ratings"]["to"]["source"] == {"added": 0, "changed": 0, "removed": 0}
    assert (report.run.status, lane(report)) == ("succeeded", {"left": 2})
    assert world.sim.ratings("alice") == before


@pytest.mark.parametrize("first_run", [True, False])
@pytest.mark.parametrize(
    ("rule", "wins"), [(Conflict.SOURCE, "alice"), (Conflict.TARGET, "bob"), (Conflict.NEWEST, "")]
)
def test_where_both_rated_otherwise_the_rule_decides(
    world: World, rule: Conflict, wins: str, first_run: bool
) -> None:
    """TMDb has no dates, so "newest" asks."""
    film = world.movies(1)[0]
    pair = both(world, conflict=rule)
    if not first_run:
        edit(world, "alice", "rate", film, 5.0)
        world.sync(pair)
        world.clock.forward(301)
    edit(world, "alice", "rate", film, 8.0)
    edit(world, "bob", "rate", film, 3.0)
    report = world.sync(pair)
    assert report.run.status == "succeeded"
    if wins:
        assert lane(report) == {"changed": 1}
        assert (
            world.sim.ratings("alice") == world.sim.ratings("bob") == {film: 8.0 if wins == "alice" else 3.0}
        )
    else:
        assert lane(report) == {"conflicts": 1}
        assert (world.sim.ratings("alice"), world.sim.ratings("bob")) == ({film: 8.0}, {film: 3.0})


def test_a_rating_that_the_tracker_holds_finer_is_not_written_back(world: World) -> None:
    films = world.movies(2)
    for film in films:
        world.edit("rate", film, 7.0)
    world.sync()  # one-way into the tracker, so that it knows the titles
    world.clock.forward(301)
    pair = world.add_pair(TRACKER, SECOND, mode=Mode.TWO_WAY)
    world.by_hand(Feature.RATINGS, films[0], 730)
    assert lane(world.sync(pair)) == {"added": 2}
    assert world.sim.ratings("bob") == {films[0]: 7.5, films[1]: 7.0}
    for _ in range(2):
        world.clock.forward(301)
        assert lane(world.sync(pair)) == {}
    assert world.ratings[films[0]] == 730
    edit(world, "bob", "rate", films[0], 8.0)
    assert lane(world.sync(pair)) == {"changed": 1}
    assert world.ratings[films[0]] == 800


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
    world.run(world.house.database.write(lambda c: attention.answer(c, 1, "source", world.clock.now_ms())))
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


@pytest.mark.parametrize("before", [0.0, 5.0])
def test_late_lists_do_not_hide_what_somebody_rated_just_now(world: World, before: float) -> None:
    """Bob rates sixty films that alice rated long ago; his list does not show it yet, single titles do."""
    films = world.movies(60)
    for film in films:
        edit(world, "alice", "rate", film, before or 8.0)
        if before:
            edit(world, "bob", "rate", film, before)
    world.clock.forward(1000)
    pair = both(world)
    if before:
        world.sync(pair)
        world.clock.forward(1000)
        for film in films:
            edit(world, "alice", "rate", film, 8.0)
        world.clock.forward(200)
    for film in films:
        edit(world, "bob", "rate", film, 3.0)
    world.sim.knobs.list_lag = 120.0
    report = world.sync(pair)
    assert (report.run.status, lane(report)) == ("partial", {"moved": 60})
    assert set(world.sim.ratings("bob").values()) == {3.0}
    world.clock.forward(301)
    assert lane(world.sync(pair)) == {"conflicts": 60}


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


def test_another_account_behind_a_connection_stops_before_anything_is_read(world: World) -> None:
    world.library()
    pair = both(world)
    world.sync(pair)
    before = world.dump("base", "reading", "last_write")
    world.second("carol")
    world.sim.traffic.reset()
    report = world.sync(pair)
    assert (report.run.status, report.run.code) == ("failed", "account_changed")
    assert report.run.params == {"account": "tmdb/second", "now": "carol", "then": "bob"}
    assert world.asked("rated") == world.asked("watchlist") == 0
    assert world.dump("base", "reading", "last_write") == before


def test_one_account_is_never_kept_in_step_with_itself(world: World) -> None:
    pair = both(world)
    world.run(ConnectTmdb(world.house).save("second", api_key=DEMO_KEY, session_id=world.session))
    report = world.sync(pair)
    assert (report.run.status, report.run.code) == ("failed", "same_account")
    with pytest.raises(Refused, match="same_account"):
        world.add_pair(SECOND, TMDB)
