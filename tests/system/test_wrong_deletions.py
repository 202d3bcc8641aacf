"""Stories of lists that were emptied by a program that meant well, told again with CrossWatch in its place.

Where a story is of other services, the account ``tmdb`` is the one that was read, and the tracker, or ``tmdb/second``,
the one that was emptied. In each of them removals are switched on unless that is what the story is about, the lists
end as their owners left them, the user is told what there is to tell, and a true removal works afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.pairs import Pairs
from crosswatch.simulators.tmdb import DEMO_KEY, Key
from crosswatch.store.attention import Question
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    HOUR,
    INTO_TRACKER,
    RATINGS,
    TO_SECOND,
    WATCHLIST,
    Ledger,
    Scene,
    Way,
    said,
    scene_of,
    untouched,
)
from tests.system.two import writes_sent
from tests.system.world import SECOND, TMDB, TRACKER, World, lane

REMOVAL, KEPT = Question.REMOVAL, Question.KEPT
TO_EACH = (INTO_TRACKER, BOTH_ACCOUNTS)
REMOVING = LaneSettings(remove=True, conflict=Conflict.ASK)


@pytest.fixture
def world(two_accounts: World) -> World:
    """All waiting for a service that asks for it takes no time."""
    two_accounts.clock.hasty = True
    return two_accounts


def chained(world: World, source: AccountName, target: AccountName, mode: Mode = Mode.TWO_WAY) -> PairRow:
    """Another pair that removes."""
    return world.add_pair(source, target, mode=mode, features=dict.fromkeys(Feature, REMOVING))


@pytest.mark.parametrize("how", ["503", "a web page", "empty lists", "empty lists and titles"])
@pytest.mark.parametrize("way", TO_EACH, ids=str)
def test_the_service_is_down_for_maintenance_at_night(world: World, way: Way, how: str) -> None:
    """At 03:01 the hourly sync got an empty answer, took it for "all removed", and both watchlists were wiped."""
    scene = scene_of(world, way)
    films = scene.fill(rated=20, watched=60)
    alice = world.sim.user("alice")
    lists = [alice.shelf("watchlist", "movie"), alice.shelf("rated", "movie")]
    rows = [shelf.rows() for shelf in lists]
    with untouched(scene.other):
        for hour in range(7):
            if hour == 3:
                world.sim.knobs.maintenance = how == "503"
                if how == "a web page":
                    world.fault(kind="html", path="/(watchlist|rated|account_states)")
                elif how == "empty lists":
                    world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = set(films), False
                elif how == "empty lists and titles":
                    for shelf, listed in zip(lists, rows, strict=True):
                        for film, _ in listed:
                            shelf.drop(film, 0.0)
            if hour == 5:
                world.sim.knobs.maintenance, world.sim.knobs.faults = False, []
                world.sim.knobs.hidden_rows = set()
                for shelf, listed in zip(lists, rows, strict=True):
                    shelf.fill(listed)
            report = scene.sync()
            down = hour in (3, 4)
            if not down:
                assert (report.run.status, scene.asked()) == ("succeeded", [])
            elif how in ("503", "a web page"):
                assert report.run.status == "failed"
                assert "TMDb" in said(report)
            elif how == "empty lists":
                assert report.lanes["watchlist"]["why_held"] == {"not_proved": 10}
            else:
                assert report.lanes["watchlist"]["waiting"] == 50
                assert report.run.attention == len(scene.asked(REMOVAL)) - (10 if hour == 4 else 0) == 70
            scene.later(HOUR)
    scene.in_step_again()
    scene.a_removal_works(films[30])


def test_two_pairs_with_deletion_on_erase_nothing_hour_after_hour(world: World) -> None:
    """ "Every item got erased on everything", and the list that was built up again was emptied again.

    Alice and the tracker, the tracker and bob, both ways, hourly; people edit all three lists. Then bob's list is
    lost at TMDb, and put together again by hand.
    """
    scene = scene_of(world, Way(TMDB, TRACKER, Mode.TWO_WAY))
    second = chained(world, TRACKER, SECOND)
    bob = Ledger(world, SECOND)
    ledgers = (scene.one, scene.other, bob)
    films = scene.fill(watched=30)
    chance = random.Random(11)
    wanted = set(films)

    def hour() -> None:
        for pair in (scene.pair, second):
            report = world.sync(pair)
            assert (report.run.status, report.run.code) == ("succeeded", "")
        scene.later(HOUR)

    hour()
    scene.later(DAY)
    for round_ in range(15):
        ledger = chance.choice(ledgers)
        if round_ % 5 == 4:
            gone = chance.choice(sorted(wanted))
            ledger.drop(WATCHLIST, gone)
            wanted.discard(gone)
        elif round_ % 2:
            (new,) = world.movies(1)
            ledger.put(WATCHLIST, new)
            wanted.add(new)
        hour()
        hour()
        assert [set(one.has(WATCHLIST)) for one in ledgers] == [wanted] * 3
    scene.later(2 * DAY)
    shelf = world.sim.user("bob").shelf("watchlist", "movie")
    for film in wanted:
        shelf.drop(film, 0.0)
    with untouched(scene.one, scene.other):
        for _ in range(3):
            hour()
    questions = scene_asked(world, second)
    assert len(questions) == len(wanted)
    for film in sorted(wanted):  # by hand
        bob.put(WATCHLIST, film)
    for _ in range(5):
        hour()
        assert [set(one.has(WATCHLIST)) for one in ledgers] == [wanted] * 3
    assert scene_asked(world, second) == []
    gone = min(wanted)
    bob.drop(WATCHLIST, gone)
    hour()
    hour()
    assert [set(one.has(WATCHLIST)) for one in ledgers] == [wanted - {gone}] * 3


def scene_asked(world: World, pair: PairRow) -> list[Any]:
    return Scene(world, BOTH_ACCOUNTS, pair).asked()


@pytest.mark.parametrize("first", ["the list", "an empty list", "an error"])
@pytest.mark.parametrize("way", TO_EACH, ids=str)
def test_the_first_sync_after_connecting_an_expired_session_again(world: World, way: Way, first: str) -> None:
    """After re-authenticating an expired token one sync removed the whole watchlist of the other service."""
    scene = scene_of(world, way)
    films = scene.fill(rated=20, watched=60)
    world.sim.revoke_sessions("alice")
    with untouched(scene.one, scene.other):
        report = scene.sync()
        assert (report.run.status, report.run.code) == ("failed", "session_ended")
        assert "TMDb" in said(report)
        assert [one.question.kind for one in scene.asked()] == [Question.ACCOUNT]
        scene.later(3 * DAY)
        session = world.sim.add_session("alice")
        world.run(ConnectTmdb(world.house).save("default", api_key=DEMO_KEY, session_id=session))
        if first == "an empty list":
            world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = set(films), False
        elif first == "an error":
            world.fault(kind="status", status=500, path="/(watchlist|rated)")
        report = scene.sync()
        assert scene.asked() == [], "the account is the one that it was"
        if first == "an empty list":
            assert report.lanes["watchlist"]["why_held"] == {"not_proved": 10}
        elif first == "an error":
            assert (report.run.status, report.run.code) == ("failed", "tmdb_error")
            assert "TMDb" in said(report)
        world.sim.knobs.faults, world.sim.knobs.hidden_rows = [], set()
    scene.in_step_again()
    scene.a_removal_works(films[30])


@pytest.mark.parametrize("way", TO_EACH, ids=str)
def test_a_service_begins_to_answer_in_pages_and_only_the_first_hundred_rows_are_read(
    world: World, way: Way
) -> None:
    """A watchlist of 600 was cut to the 100 rows that came on the one page that was read."""
    scene = scene_of(world, way)
    films = scene.fill(watched=600, both=way is BOTH_ACCOUNTS)
    world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = set(films[100:]), False
    with untouched(scene.one, scene.other):
        for _ in range(3):
            report = scene.sync()
            figures = report.lanes["watchlist"]
            assert (report.run.status, figures["removed"], figures["waiting"]) == ("succeeded", 0, 0)
            assert figures["why_held"] == {"not_proved": 450}
            scene.later(HOUR)
    world.sim.knobs.hidden_rows = set()
    scene.in_step_again()
    scene.a_removal_works(films[300])


@pytest.mark.parametrize("fresh", ["the tracker", "the base"])
def test_a_fresh_installation_does_not_push_its_emptiness(world: World, fresh: str) -> None:
    """A fresh plugin's first run sent "unwatched" for all that it did not know, and a history of years was gone."""
    scene = scene_of(world, Way(TMDB, TRACKER, Mode.TWO_WAY))
    films = world.movies(80)
    world.sim.fill_watchlist("alice", films[:40])
    world.sim.fill_ratings("alice", [(film, 8.5) for film in films[40:]])
    if fresh == "the base":
        scene.in_step()
        scene.later(DAY)
        for table in ("base", "last_write", "reading"):
            world.change(f"DELETE FROM {table}")
        scene.other.drop(WATCHLIST, *films[:20])  # nobody knows any more that these were there
    with untouched(scene.one):
        for number in (RATINGS, WATCHLIST):
            found = scene.run(number)
            assert found.get("removed", 0) == found.get("held", 0) == 0
        assert scene.equal(RATINGS)
        assert scene.equal(WATCHLIST)
    assert set(scene.other.has(WATCHLIST)) == set(films[:40])
    scene.in_step_again()
    scene.other.drop(WATCHLIST, films[0])
    assert scene.run(WATCHLIST) == {"removed": 1}
    assert films[0] not in scene.one.has(WATCHLIST)


@pytest.mark.parametrize("mode", list(Mode))
def test_removing_is_off_until_somebody_switches_it_on(world: World, mode: Mode) -> None:
    """By default "unwatched" was passed on, and kept removing old plays."""
    scene = scene_of(world, Way(TMDB, SECOND, mode))
    world.run(Pairs(world.house).remove(scene.pair.id))
    scene.pair = world.add_pair(TMDB, SECOND, mode=mode)  # as the program makes it
    films = scene.fill(rated=20, watched=20)
    assert not any(one.settings.remove for one in scene.pair.lanes)
    scene.one.drop(RATINGS, *films[:8])
    scene.one.drop(WATCHLIST, *films[20:28])
    with untouched(scene.other):
        report = scene.sync()
        assert (report.run.status, scene.asked()) == ("succeeded", [])
        assert (report.lanes["ratings"]["kept"], report.lanes["watchlist"]["kept"]) == (8, 8), "it is told"
        for _ in range(3):
            scene.later(DAY)
            assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({}, {})
        scene.settings(remove=True)
        for _ in range(2):
            scene.later(DAY)
            assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({}, {})
        assert len(scene.asked(KEPT)) == 16, "about 30 films were deleted when it was first switched on"
    assert scene.say(KEPT, "keep") == 16
    assert set(scene.other.has(RATINGS)) == set(films[:20])
    scene.a_removal_works(films[30])
    assert len(scene.other.has(WATCHLIST)) == 19


@pytest.mark.parametrize("answer", [{"kind": "status", "status": 404}, {"kind": "status"}, {"kind": "html"}])
@pytest.mark.parametrize("way", TO_EACH, ids=str)
def test_a_title_still_on_the_list_whose_lookup_fails_is_not_deleted_and_sent_again(
    world: World, way: Way, answer: dict[str, Any]
) -> None:
    """The lookup of a title on the watchlist failed; it was deleted, and fifteen minutes later it was sent again."""
    scene = scene_of(world, way)
    films = scene.fill(watched=60)
    world.fault(path=f"/{films[4][1]}/account_states", **answer)
    world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = {films[4]}, False
    world.sim.traffic.reset()
    with untouched(scene.one, scene.other):
        for _ in range(4):
            found = scene.run(WATCHLIST)
            assert found["held"] == 1
            assert set(found["why_held"]) <= {"not_proved", "gone"}
            scene.later(15 * 60)
    world.sim.knobs.faults, world.sim.knobs.hidden_rows = [], set()
    scene.in_step_again()
    assert writes_sent(world) == []
    scene.a_removal_works(films[4])


@pytest.mark.parametrize("target", [TRACKER, SECOND], ids=str)
def test_a_title_that_was_there_before_is_not_deleted_once_it_was_listed_and_unlisted(
    world: World, target: AccountName
) -> None:
    """Media that the program had not added became eligible for deletion once watch-listed and un-listed."""
    scene = scene_of(world, Way(TMDB, target, Mode.ONE_WAY))
    films = scene.fill(watched=20)
    own = world.movies(1)[0]
    scene.other.put(WATCHLIST, own)
    assert scene.run(WATCHLIST) == {"left": 1}
    scene.later(DAY)
    scene.one.put(WATCHLIST, own)
    assert scene.run(WATCHLIST) == {"adopted": 1}
    scene.later(DAY)
    scene.one.drop(WATCHLIST, own)
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"left": 1}
        scene.later(DAY)
        assert scene.run(WATCHLIST) == {}
    scene.one.drop(WATCHLIST, films[3])
    assert scene.run(WATCHLIST) == {"removed": 1}, "what the lane has put there goes with its source"
    assert set(scene.other.has(WATCHLIST)) == {*films, own} - {films[3]}


@pytest.mark.parametrize("titles", [True, False], ids=["titles too", "the list alone"])
@pytest.mark.parametrize("way", TO_EACH, ids=str)
def test_a_failing_proxy_in_between_answers_with_an_empty_list(world: World, way: Way, titles: bool) -> None:
    """A list proxy that failed gave an empty list, and the library was cleaned; only the films, the shows came."""
    scene = scene_of(world, way)
    shows = world.shows(5)
    world.sim.fill_watchlist("alice", shows)
    films = scene.fill(watched=60)
    shelf = world.sim.user("alice").shelf("watchlist", "movie")
    rows = shelf.rows()
    if titles:
        for film in films:
            shelf.drop(film, 0.0)
    else:
        world.sim.knobs.hidden_rows, world.sim.knobs.count_hidden = set(films), False
    with untouched(scene.other):
        for _ in range(3):
            report = scene.sync()
            figures = report.lanes["watchlist"]
            assert (report.run.status, figures["removed"], figures["read"]["source"]) == ("succeeded", 0, 5)
            assert figures["waiting"] == (50 if titles else 0)
            assert figures["why_held"] == {"not_proved": 10}
            scene.later(HOUR)
        assert scene.titles(REMOVAL) == ({world.title(film) for film in films} if titles else set())
    world.sim.knobs.hidden_rows = set()
    shelf.fill(rows)
    scene.in_step_again()
    scene.a_removal_works(films[30])


def every(ledgers: Iterable[Ledger]) -> list[tuple[dict[Key, int], dict[Key, int]]]:
    return [(ledger.has(RATINGS), ledger.has(WATCHLIST)) for ledger in ledgers]


def test_one_wrong_click_wipes_nothing(world: World) -> None:
    """ "One wrong button click and you could wipe your entire history": the clicks that there are."""
    scene = scene_of(world, TO_SECOND)
    alice, bob, tracker = (Ledger(world, name) for name in (TMDB, SECOND, TRACKER))
    films = scene.fill(rated=20, watched=60)
    before = every((alice, bob))
    world.run(Pairs(world.house).remove(scene.pair.id))
    assert every((alice, bob)) == before, "a pair is deleted"

    world.sim.add_user("carol")
    for mode in Mode:  # an empty account is made the source, with removing switched on
        way = Way(AccountName("tracker", "empty"), TMDB, mode)
        pair = world.add_pair(way.source, way.target, mode=mode, features=dict.fromkeys(Feature, REMOVING))
        for _ in range(3):
            report = world.sync(pair)
            assert report.run.status == "succeeded"
            removed = [report.lanes[feature]["removed"] for feature in ("ratings", "watchlist")]
            assert removed == [0, 0]
            scene.later(DAY)
        assert every((alice, bob)) == before
        world.run(Pairs(world.house).remove(pair.id))

    pair = chained(world, TMDB, TRACKER)
    scene = Scene(world, Way(TMDB, TRACKER, Mode.TWO_WAY), pair)
    scene.in_step()
    scene.later(DAY)
    scene.in_step()
    tracker.drop(WATCHLIST, *films[20:])  # "remove all"
    tracker.drop(RATINGS, *films[:19])
    for attention in (69, 69):  # fifty titles of a list are looked up in one run
        report = scene.sync()
        assert (report.run.status, report.run.attention) == ("succeeded", attention)
    assert len(scene.asked(REMOVAL)) == 79
    assert every((alice, bob)) == before
    assert {one.question.side for one in scene.asked(REMOVAL)} == {"source"}

    assert scene.say(REMOVAL, "allow") == 79  # one more wrong click, taken back before a run has done it
    assert scene.say(REMOVAL, "take_back") == 79
    scene.sync()
    assert every((alice, bob)) == before
    assert scene.say(REMOVAL, "allow", films[20:21]) == 1
    report = scene.sync()
    assert lane(report, "watchlist")["removed"] == 1
    items, _ = world.run(world.running.items(report.run.id, after=0, limit=10))
    assert [(item.title, item.before, item.after) for item in items] == [(world.title(films[20]), 1, None)]
    assert set(before[0][1]) - set(alice.has(WATCHLIST)) == {films[20]}
    assert every((bob,)) == before[1:]
