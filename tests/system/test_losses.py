"""Faults that are known to have emptied people's lists, with removals switched on: none of them does any harm.

After each of them the lists are as they were, the user is told what is the matter, and a true removal still works.
"""

from __future__ import annotations

from typing import Any

import pytest

from crosswatch.model.kinds import Mode, Side
from crosswatch.services.connect import ConnectTmdb
from crosswatch.simulators.tmdb import DEMO_KEY, Key
from crosswatch.store.attention import Question
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    FROM_TMDB,
    INTO_TRACKER,
    OUT_OF_TRACKER,
    RATINGS,
    TO_SECOND,
    WATCHLIST,
    Scene,
    Way,
    said,
    scene_of,
    untouched,
)
from tests.system.world import TMDB, TRACKER, World, lane

REMOVAL = Question.REMOVAL
BOTH_TRACKER = Way(TMDB, TRACKER, Mode.TWO_WAY, Side.TARGET)


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def library(scene: Scene, count: int) -> list[Key]:
    """So many films on both watchlists."""
    return scene.fill(watched=count, both=scene.other.user != "")


@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_an_empty_list_with_status_200_removes_none_of_a_thousand_titles(world: World, way: Way) -> None:
    """The lists hold nothing, totals and all; TMDb's word on single titles is what it was."""
    scene = scene_of(world, way)
    count = 1000 if way is INTO_TRACKER else 300
    films = library(scene, count)
    world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = set(films), False
    with untouched(scene.one, scene.other):
        for _ in range(2):
            report = scene.sync()
            figures = report.lanes["watchlist"]
            assert figures["read"]["source"] == 0
            assert (figures["removed"], figures["added"], figures["waiting"]) == (0, 0, 0)
            assert figures["why_held"] == {"not_proved": count - 50}, "fifty of them were asked about"
            scene.later()
    world.sim.knobs.hidden_rows = set()
    scene.in_step_again()
    scene.a_removal_works(films[200])


@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_an_account_that_holds_nothing_any_more_asks_before_a_thousand_titles_go(
    world: World, way: Way
) -> None:
    """TMDb lost the list altogether, and says so of single titles too: proved, and still not believed blindly."""
    scene = scene_of(world, way)
    count = 1000 if way is INTO_TRACKER else 300
    films = library(scene, count)
    shelf = world.sim.user("alice").shelf("watchlist", "movie")
    lost = shelf.rows()
    for film in films:
        shelf.drop(film, 0.0)
    with untouched(scene.other):
        for run in (1, 2):
            report = scene.sync()
            figures = report.lanes["watchlist"]
            assert (report.run.status, figures["removed"]) == ("succeeded", 0)
            assert (figures["waiting"], figures["why_held"]) == (50, {"not_proved": count - 50})
            assert report.run.attention == 50
            assert len(scene.asked(REMOVAL)) == 50 * run
            scene.later()
    assert all("watchlist" in one.sentence for one in scene.asked(REMOVAL))
    shelf.fill(lost)
    scene.in_step_again()
    scene.a_removal_works(films[200])


@pytest.mark.parametrize("totals", [True, False], ids=["totals kept", "totals as short"])
@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_one_empty_page_in_the_middle_removes_none_of_its_twenty_titles(
    world: World, way: Way, totals: bool
) -> None:
    scene = scene_of(world, way)
    films = library(scene, 100)
    if totals:
        world.fault(kind="empty_page", path=f"{world.user_id}/watchlist/movies", query="page=3")
    else:
        world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = set(films[40:60]), False
    with untouched(scene.one, scene.other):
        for _ in range(2):
            report = scene.sync()
            figures = report.lanes["watchlist"]
            assert (report.run.status, figures["removed"], figures["held"]) == ("succeeded", 0, 0)
            assert figures["gap"]["source"] == (20 if totals else 0)
            scene.later()
        world.fault(kind="status", status=500, path="account_states")
        figures = scene.sync().lanes["watchlist"]
        assert (figures["removed"], figures["why_held"]) == (0, {"not_proved": 20}), "nor without a word"
        scene.later()
    world.sim.knobs.faults, world.sim.knobs.hidden_rows = [], set()
    scene.in_step_again()
    scene.a_removal_works(films[50])


@pytest.mark.parametrize("share", [1, 2], ids=["all rows", "half of the rows"])
@pytest.mark.parametrize("way", [OUT_OF_TRACKER, BOTH_TRACKER], ids=str)
def test_the_trackers_rows_are_lost_while_its_database_stays(world: World, way: Way, share: int) -> None:
    scene = scene_of(world, way)
    films = scene.fill(rated=10, watched=30)
    rows = world.rows("SELECT * FROM tracker_item")
    world.change("DELETE FROM tracker_item WHERE id % ? = 0", share)
    lost = [row for row in rows if row["id"] % share == 0]
    with untouched(scene.other):
        for _ in range(2):
            report = scene.sync()
            assert (report.run.status, report.run.attention) == ("succeeded", len(lost))
            waiting = [report.lanes[name]["waiting"] for name in ("ratings", "watchlist")]
            assert sum(waiting) == len(lost)
            assert len(scene.asked(REMOVAL)) == len(lost)
            scene.later(2 * DAY)
    for row in lost:  # the copy that the user had of them
        names = ", ".join(row.keys())
        world.change(f"INSERT INTO tracker_item ({names}) VALUES ({', '.join('?' * len(row))})", *row)
    scene.in_step_again()
    scene.a_removal_works(films[30])


def test_the_tracker_that_follows_tmdb_loses_its_rows_and_tmdb_keeps_all(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(rated=10, watched=30)
    world.change("DELETE FROM tracker_item")
    with untouched(scene.one):
        assert (scene.run(WATCHLIST), scene.asked()) == ({"left": 30}, [])
    assert scene.other.has(WATCHLIST) == {}
    scene.one.put(WATCHLIST, (new := world.movies(1)[0]))
    assert scene.run(WATCHLIST) == {"added": 1}
    scene.later()
    scene.one.drop(WATCHLIST, new, films[20])
    assert scene.run(WATCHLIST)["removed"] == 1
    assert scene.other.has(WATCHLIST) == {}


@pytest.mark.parametrize("ended", ["disconnected", "session ended at TMDb"])
@pytest.mark.parametrize("way", [INTO_TRACKER, TO_SECOND, BOTH_TRACKER], ids=str)
def test_tmdb_is_disconnected_with_the_pair_in_place(world: World, way: Way, ended: str) -> None:
    scene = scene_of(world, way)
    scene = Scene(world, Way(way.source, way.target, way.mode), scene.pair)
    films = scene.fill(rated=10, watched=30)
    if ended == "disconnected":
        world.run(ConnectTmdb(world.house).disconnect("default"))
    else:
        world.sim.revoke_sessions("alice")
    with untouched(scene.one, scene.other):
        for _ in range(2):
            report = scene.sync()
            code = "not_connected" if ended == "disconnected" else "session_ended"
            assert (report.run.status, report.run.code, report.lanes) == ("failed", code, {})
            assert "TMDb" in said(report)
            asked = scene.asked()
            assert [one.question.kind for one in asked] == [Question.ACCOUNT]
            assert asked[0].sentence
            scene.later(DAY)
        session = world.sim.add_session("alice")
        world.run(ConnectTmdb(world.house).save("default", api_key=DEMO_KEY, session_id=session))
        assert (scene.run(RATINGS), scene.run(WATCHLIST), scene.asked()) == ({}, {}, [])
    scene.a_removal_works(films[20])


@pytest.mark.parametrize("way", [INTO_TRACKER, TO_SECOND, BOTH_ACCOUNTS, BOTH_TRACKER], ids=str)
def test_the_same_pair_is_connected_to_another_empty_account(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    scene = Scene(world, Way(way.source, way.target, way.mode), scene.pair)
    films = scene.fill(rated=10, watched=100, both=way is BOTH_ACCOUNTS)
    world.sim.add_user("carol")
    connect = ConnectTmdb(world.house)
    carol = world.sim.add_session("carol")
    world.run(connect.save("default", api_key=DEMO_KEY, session_id=carol))
    world.sim.traffic.reset()
    with untouched(scene.one, scene.other):
        for _ in range(2):
            report = scene.sync()
            assert (report.run.status, report.run.code, report.lanes) == ("failed", "account_changed", {})
            assert "carol" in said(report)
            assert "alice" in said(report)
            assert world.asked("watchlist") + world.asked("rated") == 0, "not even read"
            assert [one.question.answers for one in scene.asked()] == [("start_afresh",)]
            scene.later(DAY)
        session = world.sim.add_session("alice")
        world.run(connect.save("default", api_key=DEMO_KEY, session_id=session))
        assert (scene.run(RATINGS), scene.run(WATCHLIST), scene.asked()) == ({}, {}, [])
    scene.a_removal_works(films[20])


def test_starting_afresh_with_an_empty_account_takes_nothing_off_the_tracker(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(rated=10, watched=30)
    world.sim.add_user("carol")
    session = world.sim.add_session("carol")
    world.run(ConnectTmdb(world.house).save("default", api_key=DEMO_KEY, session_id=session))
    scene.sync()
    scene.start_afresh()
    with untouched(scene.other):
        for _ in range(2):
            assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({"left": 10}, {"left": 30})
            scene.later(DAY)
    world.user = "carol"
    new = world.movies(2)
    for film in new:
        world.edit("add", film)
    assert scene.run(WATCHLIST) == {"added": 2, "left": 30}
    scene.later()
    world.edit("remove", new[0])
    assert scene.run(WATCHLIST) == {"removed": 1, "left": 30}
    assert set(scene.other.has(WATCHLIST)) == {*films[10:], new[1]}


@pytest.mark.parametrize("way", [TO_SECOND, BOTH_ACCOUNTS], ids=str)
def test_another_empty_account_gets_both_lists_after_starting_afresh(world: World, way: Way) -> None:
    """Also titles of both lists, which only the first person's watchlist had held when our ratings came."""
    scene = scene_of(world, way)
    films = world.movies(20)
    world.sim.knobs.rating_clears_watchlist = False
    world.sim.fill_ratings("alice", [(film, 7.0) for film in films])
    world.sim.fill_watchlist("alice", films)
    scene.in_step()
    scene.later(DAY)
    scene.in_step()
    world.sim.knobs.rating_clears_watchlist = True
    world.sim.add_user("carol")
    session = world.sim.add_session("carol")
    world.run(ConnectTmdb(world.house).save("second", api_key=DEMO_KEY, session_id=session))
    scene.sync()
    scene.start_afresh()
    with untouched(scene.one if way is BOTH_ACCOUNTS else scene.other):
        for _ in range(3):
            scene.sync()
            scene.later()
    assert set(world.sim.watchlist("carol")) == set(world.sim.watchlist("alice")) == set(films)
    assert world.sim.ratings("carol") == world.sim.ratings("alice") == dict.fromkeys(films, 7.0)


@pytest.mark.parametrize("arrived", [True, False], ids=["it arrived", "it did not arrive"])
@pytest.mark.parametrize("way", [OUT_OF_TRACKER, BOTH_ACCOUNTS], ids=str)
def test_a_web_page_with_status_200_is_no_answer_to_a_write(world: World, way: Way, arrived: bool) -> None:
    """Counted as added, and then taken for removed on the other side: neither happens."""
    scene = scene_of(world, way)
    films = scene.fill(watched=10)
    new = world.movies(5)
    for film in new:
        scene.one.put(WATCHLIST, film)
    world.fault(kind="html", method="POST", path="watchlist", when="after" if arrived else "before")
    report = scene.sync()
    assert (report.run.status, lane(report, "watchlist")) == ("partial", {"in_doubt": 5})
    world.sim.knobs.faults = []
    assert set(scene.one.has(WATCHLIST)) == {*films, *new}
    assert scene.run(WATCHLIST) == {"held": 5, "why_held": {"in_doubt": 5}}
    scene.later(400)
    assert scene.run(WATCHLIST) == ({} if arrived else {"added": 5})
    assert set(scene.one.has(WATCHLIST)) == set(scene.other.has(WATCHLIST)) == {*films, *new}
    scene.in_step_again()
    scene.a_removal_works(new[0])


@pytest.mark.parametrize("after", range(1, 9))
@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_titles_are_removed_at_tmdb_while_its_pages_are_read(world: World, way: Way, after: int) -> None:
    """Four titles of the first page go, so that four of each later page move up and are never listed."""
    scene = scene_of(world, way)
    films = library(scene, 100)
    world.sim.after_list_reads(after, lambda: scene.one.drop(WATCHLIST, *films[:4]))
    removed: dict[str, Any] = {"removed": 0}
    for _ in range(3):
        report = scene.sync()
        removed["removed"] += report.lanes["watchlist"]["removed"]
        assert report.run.status in ("succeeded", "partial")
        assert report.lanes["watchlist"]["added"] == 0, "nor does one come back"
        assert set(films[4:]) <= set(scene.other.has(WATCHLIST))
        scene.later()
    assert removed == {"removed": 4}
    assert set(scene.one.has(WATCHLIST)) == set(scene.other.has(WATCHLIST)) == set(films[4:])
    scene.a_removal_works(films[50])


@pytest.mark.parametrize("way", [INTO_TRACKER, OUT_OF_TRACKER, BOTH_ACCOUNTS, BOTH_TRACKER], ids=str)
def test_half_stars_arrive_as_halves_and_stay(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = world.movies(20)
    for place, film in enumerate(films):
        scene.one.put(RATINGS, film, 50 * (place + 1))
    assert scene.run(RATINGS) == {"added": 20}
    wanted = {film: 50 * (place + 1) for place, film in enumerate(films)}
    for _ in range(3):
        assert scene.one.has(RATINGS) == scene.other.has(RATINGS) == wanted
        scene.later()
        assert scene.run(RATINGS) == {}
    scene.one.put(RATINGS, films[0], 850)
    assert scene.run(RATINGS) == {"changed": 1}
    assert scene.other.has(RATINGS) == wanted | {films[0]: 850}
    scene.later()
    scene.one.drop(RATINGS, films[16])  # 8.5
    assert scene.run(RATINGS) == {"removed": 1}
    assert scene.equal(RATINGS)
