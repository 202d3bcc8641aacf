"""Stories of titles that came back although their owner had removed them; here they stay away, everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Mode, Side
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.simulators.tmdb import Key
from crosswatch.store.attention import Question
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    HOUR,
    INTO_TRACKER,
    OUT_OF_TRACKER,
    RATINGS,
    THREE,
    WATCHLIST,
    Ledger,
    Scene,
    Way,
    scene_of,
    untouched,
)
from tests.system.two import writes_sent
from tests.system.world import SECOND, TMDB, TRACKER, World, lane

REMOVING = LaneSettings(remove=True, conflict=Conflict.ASK)
LONGEST_CHAIN = 2


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def chain(world: World) -> tuple[Scene, PairRow, tuple[Ledger, Ledger, Ledger]]:
    """Alice and the tracker, the tracker and bob, all both ways."""
    scene = scene_of(world, Way(TMDB, TRACKER, Mode.TWO_WAY))
    second = world.add_pair(TRACKER, SECOND, mode=Mode.TWO_WAY, features=dict.fromkeys(Feature, REMOVING))
    return scene, second, (scene.one, scene.other, Ledger(world, SECOND))


@pytest.mark.parametrize("feature", [RATINGS, WATCHLIST])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("target", [TRACKER, SECOND], ids=str)
def test_a_removal_on_either_side_is_not_undone_at_the_next_sync(
    world: World, target: AccountName, side: Side, feature: Feature
) -> None:
    """Nothing was stored of what both had agreed on, so the title that one side lacked was new on the other."""
    scene = scene_of(world, Way(TMDB, target, Mode.TWO_WAY, side))
    films = scene.fill(rated=15, watched=15)
    film = films[4 if feature is RATINGS else 20]
    scene.one.drop(feature, film)
    reports = []
    for _ in range(6):
        reports.append(scene.sync().lanes[feature])
        assert film not in scene.one.has(feature).keys() | scene.other.has(feature).keys()
        scene.later(HOUR)
    assert [report["removed"] for report in reports] == [1, 0, 0, 0, 0, 0]
    assert all(report["added"] == 0 for report in reports)
    assert len(scene.one.has(feature)) == len(scene.other.has(feature)) == 14


@pytest.mark.parametrize("feature", [RATINGS, WATCHLIST])
@pytest.mark.parametrize("where", [0, 1, 2], ids=["alice", "the tracker", "bob"])
def test_one_removal_is_enough_for_every_service_in_the_chain(
    world: World, where: int, feature: Feature
) -> None:
    """One had to remove by hand from every service in the chain."""
    scene, second, ledgers = chain(world)
    films = world.movies(24)
    ledgers[0].fill(RATINGS, films[:12])
    ledgers[0].fill(WATCHLIST, films[12:])
    for _ in range(2):
        for pair in (scene.pair, second):
            assert world.sync(pair).run.status == "succeeded"
        scene.later(DAY)
    film = films[4 if feature is RATINGS else 16]
    ledgers[where].drop(feature, film)
    rounds = 0
    while any(film in ledger.has(feature) for ledger in ledgers):
        rounds += 1
        assert rounds <= LONGEST_CHAIN + 1
        for pair in (scene.pair, second):
            report = world.sync(pair)
            assert (report.run.status, report.lanes[feature]["added"]) == ("succeeded", 0)
        scene.later(HOUR)
    for pair in (scene.pair, second) * 3:
        assert lane(world.sync(pair), feature) == {}
        scene.later(HOUR)
    wanted = [set(films[:12]), set(films[12:])]
    wanted[feature is WATCHLIST].discard(film)
    for ledger in ledgers:
        assert [set(ledger.has(RATINGS)), set(ledger.has(WATCHLIST))] == wanted


@pytest.mark.parametrize("way", [INTO_TRACKER, BOTH_ACCOUNTS], ids=str)
def test_what_was_requested_and_removed_is_not_made_again_by_the_next_job(world: World, way: Way) -> None:
    """The request was deleted and the title taken off the watchlist; the next job made both again."""
    scene = scene_of(world, way)
    other = world.add_pair(AccountName("tracker", "archive"), scene.way.target, enabled=False)
    assert not other.enabled
    films = scene.fill(rated=15, watched=15)
    film = films[20]
    scene.one.put(RATINGS, film, 850)
    scene.later(DAY)
    scene.in_step()
    scene.later(DAY)
    scene.in_step()
    scene.one.drop(RATINGS, film)
    scene.one.drop(WATCHLIST, film)
    world.sim.traffic.reset()
    first = scene.sync()
    assert (lane(first), lane(first, "watchlist")) == ({"removed": 1}, {"held": 1, "why_held": {"wanted": 1}})
    assert lane(scene.sync(), "watchlist") == {"removed": 1}, "one write of a title in a run"
    sent = len(writes_sent(world))
    for _ in range(12):
        assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({}, {})
        scene.later(HOUR)
    assert len(writes_sent(world)) == sent
    for ledger in (scene.one, scene.other):
        assert film not in ledger.has(RATINGS).keys() | ledger.has(WATCHLIST).keys()
    scene.one.put(WATCHLIST, film)
    assert scene.run(WATCHLIST) == {"added": 1}, "it is made again when somebody wants it again"


ENDS = {"gone": "unmatched", "404": "rejected", "400": "rejected", "500": "in_doubt"}


@pytest.mark.parametrize("answer", ENDS)
@pytest.mark.parametrize("way", [OUT_OF_TRACKER, BOTH_ACCOUNTS], ids=str)
def test_an_orphan_that_no_call_can_remove_is_told_and_nothing_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch, way: Way, answer: str
) -> None:
    """An entry of a watchlist that every call to remove it fails for: the sync lives with it."""
    scene = scene_of(world, way)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, films[4])
    if answer != "gone":
        world.fault(method="POST", path="watchlist", kind="status", status=int(answer))
    with monkeypatch.context() as patched, untouched(scene.one, scene.other):
        if answer == "gone":
            patched.setattr(TmdbLink, "write", _gone_for_writes(world, films[4]))
        for number in range(4):
            report = scene.sync()
            figures = report.lanes["watchlist"]
            assert figures["added"] == figures["removed"] == 0, "nor is it put back where it was removed"
            if number == 0:
                assert (report.run.status, figures[ENDS[answer]]) == ("partial", 1)
            scene.later(DAY)
    unmatched = {world.title(films[4])} if answer == "gone" else set()
    assert scene.titles(Question.UNMATCHED) == unmatched
    told = world.rows("SELECT outcome FROM journal WHERE action = 'remove'")
    assert {row["outcome"] for row in told} <= {ENDS[answer], "not_sent"}
    world.sim.knobs.faults = []
    scene.one.drop(WATCHLIST, films[5])
    scene.later(8 * DAY)
    scene.sync()
    scene.later()
    assert scene.sync().lanes["watchlist"]["added"] == 0
    assert set(scene.one.has(WATCHLIST)) == set(scene.other.has(WATCHLIST)) == {*films} - {*films[4:6]}
    assert scene.asked() == []


def _gone_for_writes(world: World, film: Key) -> Any:
    """TMDb shows the title, and has never heard of it as soon as something is to be done with it."""
    write = TmdbLink.write

    async def writing(link: TmdbLink, *arguments: Any) -> Any:
        world.sim.deleted.add(film)
        try:
            return await write(link, *arguments)
        finally:
            world.sim.deleted.discard(film)

    return writing


@pytest.mark.parametrize("way", THREE, ids=str)
def test_a_late_list_does_not_bring_back_what_was_just_removed(world: World, way: Way) -> None:
    """The list of the side that was written shows the title for a while after it was taken off there."""
    scene = scene_of(world, way)
    films = scene.fill(rated=10, watched=10)
    scene.one.drop(RATINGS, films[4])
    scene.one.drop(WATCHLIST, films[14])
    assert scene.run(RATINGS) == {"removed": 1} == _changes(scene, WATCHLIST)
    world.sim.knobs.list_lag = world.sim.knobs.account_states_lag = 280.0
    for _ in range(6):
        report = scene.sync()
        for feature, film in ((RATINGS, films[4]), (WATCHLIST, films[14])):
            assert report.lanes[feature]["added"] == 0
            assert film not in scene.one.has(feature).keys() | scene.other.has(feature).keys()
        scene.later(60)
    world.sim.knobs.list_lag = world.sim.knobs.account_states_lag = 0.0
    scene.later()
    assert (scene.run(RATINGS), scene.run(WATCHLIST)) == ({}, {})


def _changes(scene: Scene, feature: Feature) -> dict[str, int]:
    """What the last run removed in a lane."""
    run = scene.world.rows("SELECT max(run) AS last FROM journal")[0]["last"]
    done = scene.world.rows(
        "SELECT count(*) AS titles FROM journal WHERE run = ? AND feature = ? AND action = 'remove' "
        "AND outcome = 'applied'",
        run,
        feature.value,
    )
    return {"removed": done[0]["titles"]}


def test_a_title_removed_on_both_sides_at_once_is_gone_for_good(world: World) -> None:
    scene = scene_of(world, BOTH_ACCOUNTS)
    films = scene.fill(rated=10, watched=10)
    gone: list[tuple[Feature, Key]] = [(RATINGS, films[4]), (WATCHLIST, films[14])]
    for feature, film in gone:
        scene.one.drop(feature, film)
        scene.other.drop(feature, film)
    world.sim.traffic.reset()
    for _ in range(4):
        for feature, film in gone:
            found = scene.run(feature)
            assert found.get("added", 0) == found.get("removed", 0) == 0
            assert film not in scene.one.has(feature).keys() | scene.other.has(feature).keys()
        scene.later(HOUR)
    assert writes_sent(world) == []
    scene.one.put(RATINGS, films[4], 350)
    assert scene.run(RATINGS) == {"added": 1}
    assert scene.equal(RATINGS)
