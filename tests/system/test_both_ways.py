"""Two accounts of TMDb, and TMDb with the tracker, kept in step both ways: what one has the other gets, once."""

from __future__ import annotations

import pytest

from crosswatch.errors import Refused
from crosswatch.model.kinds import Conflict, Feature, Mode, Side
from crosswatch.services.connect import ConnectTmdb
from crosswatch.simulators.tmdb import DEMO_KEY, fill_movielens_user
from crosswatch.store import answering
from crosswatch.store.attention import Question
from crosswatch.store.inbox import Which
from tests.system.test_real_data import FOLDER
from tests.system.two import both, edit, equal, writes_sent
from tests.system.world import SECOND, TMDB, TRACKER, World, lane

PERSON = 387
"""Of those in the data who rated most, one whose list is written in a few seconds."""


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


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


@pytest.mark.parametrize("mode", list(Mode))
def test_a_first_meeting_does_not_overwrite_a_whole_list(world: World, mode: Mode) -> None:
    """A pair that was made the wrong way round asks, and the answer does it."""
    films = world.movies(12)
    for film in films[:11]:
        edit(world, "alice", "rate", film, 8.0)
        edit(world, "bob", "rate", film, 3.0)
    edit(world, "alice", "rate", films[11], 9.0)
    pair = both(world, mode, Conflict.SOURCE)
    report = world.sync(pair)
    assert (lane(report), report.run.attention) == ({"added": 1, "conflicts": 11}, 11)
    assert {world.sim.ratings("bob")[film] for film in films[:11]} == {3.0}
    world.run(
        world.house.database.write(
            lambda connection: answering.answer_all(
                connection,
                Which(pair=pair.id, kind=Question.CONFLICT),
                Side.SOURCE,
                world.clock.now_ms(),
            )
        )
    )
    assert lane(world.sync(pair)) == {"changed": 11}
    equal(world)


def test_ten_ratings_may_be_overwritten_as_the_rule_says(world: World) -> None:
    for film in world.movies(10):
        edit(world, "alice", "rate", film, 8.0)
        edit(world, "bob", "rate", film, 3.0)
    assert lane(world.sync(both(world, Mode.ONE_WAY, Conflict.SOURCE))) == {"changed": 10}
    equal(world)


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
