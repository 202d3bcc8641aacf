"""Previews that no longer hold: whatever has moved is told, and nothing is written in any lane."""

from __future__ import annotations

import asyncio

import pytest

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Kind, Mode, Side
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.pairs import NewPair, Pairs
from crosswatch.services.plans import Plans
from crosswatch.services.running import RunReport
from crosswatch.simulators.tmdb import DEMO_KEY
from crosswatch.store.pairs import LaneSettings
from tests.system.plans import (
    LATE,
    UNTOUCHED,
    applied,
    edited,
    in_step,
    previewed,
    removing,
    run_of,
)
from tests.system.two import both, edit, writes_sent
from tests.system.world import SECOND, TMDB, World


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


@pytest.mark.parametrize("where", ["ratings", "watchlist"])
def test_a_title_that_moved_is_named_and_nothing_is_written_in_any_lane(world: World, where: str) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    new = edited(world, keys)
    made = previewed(world, pair)
    if where == "ratings":
        edit(world, "alice", "rate", keys[0], 8.0)
        moved = keys[0]
    else:
        edit(world, "alice", "add", new[1])
        moved = new[1]
    before = world.dump(*UNTOUCHED)
    world.sim.traffic.reset()
    report = applied(world, made)
    title = world.sim.title(moved)
    assert title is not None
    assert (report.run.status, report.run.code) == ("failed", "plan_stale")
    assert report.run.params["why"] == "moved"
    assert report.run.params["count"] == 1
    assert report.run.params["titles"].startswith(f"{title.name} (")
    assert writes_sent(world) == []
    assert world.dump(*UNTOUCHED) == before
    assert world.run(Plans(world.house).show(made.plan.id)).plan.applied_by is None


def test_many_moved_titles_are_counted_and_the_first_are_named(world: World) -> None:
    pair = both(world)
    films = world.movies(9)
    world.sim.fill_ratings("alice", [(film, 4.0) for film in films])
    made = previewed(world, pair)
    world.sim.fill_ratings("alice", [(film, 5.0) for film in films[:8]])
    params = applied(world, made).run.params
    assert params["count"] == 8
    assert str(params["titles"]).count("(") == 5
    assert str(params["titles"]).endswith(", 3 more")


def test_what_came_since_makes_all_of_it_wait_and_that_is_said(world: World) -> None:
    """Three removals may pass unasked, five may not: the three have not moved, yet they wait."""
    pair = removing(world)
    films = in_step(world, pair)
    world.clock.forward(86_400)
    for film in films[:3]:
        edit(world, "alice", "remove", film)
    made = previewed(world, pair)
    assert made.writes.total() == 3
    for film in films[3:9]:
        edit(world, "alice", "remove", film)
    before = world.dump(*UNTOUCHED)
    report = applied(world, made)
    assert (report.run.code, report.run.params["why"], report.run.params["count"]) == (
        "plan_stale",
        "wait",
        3,
    )
    assert world.dump(*UNTOUCHED) == before
    said = words.say(report.run.code, report.run.params)
    assert said.sentence.startswith("Nothing was written: so much was taken off")


def test_an_episode_that_moved_is_named_by_its_show(world: World) -> None:
    pair = both(world)
    world.library(movies=0, shows=1)
    made = previewed(world, pair)
    episode = next(key for key in world.sim.ratings("alice") if key[0] == "episode")
    edit(world, "alice", "rate", episode, 7.5)
    assert str(applied(world, made).run.params["titles"]).endswith(" S00E01")


def test_a_removal_whose_title_came_back_is_not_made(world: World) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    edit(world, "alice", "remove", keys[1])
    made = previewed(world, pair)
    edit(world, "alice", "add", keys[1])
    report = applied(world, made)
    assert report.run.code == "plan_stale"
    assert keys[1] in world.sim.watchlist("bob")


@pytest.mark.parametrize("what", ["settings", "kinds", "expired", "applied", "account"])
def test_a_run_that_was_entered_already_finds_out_by_itself(world: World, what: str) -> None:
    """What was refused at once may also come up between the call and the run."""
    pair = both(world, Mode.ONE_WAY)
    world.library()
    made = previewed(world, pair)
    if what == "settings":
        world.run(Pairs(world.house).change(pair.id, features={Feature.RATINGS: LaneSettings(add=False)}))
    elif what == "kinds":
        world.run(Pairs(world.house).change(pair.id, kinds=[Kind.MOVIE]))
    elif what == "expired":
        world.clock.forward(24 * 3600)
    elif what == "applied":
        world.change("UPDATE plan SET applied_by = 99")
    else:
        world.sim.add_user("carol")
        session = world.sim.add_session("carol")
        world.run(ConnectTmdb(world.house).save("second", api_key=DEMO_KEY, session_id=session))
    fresh = world.run(Pairs(world.house).show(pair.id))
    begun = world.run(world.house.runner.begin(fresh, trigger="test", plan_id=made.plan.id))
    world.sim.traffic.reset()
    report = run_of(world, (begun, fresh))
    assert (report.run.status, report.run.code) == ("failed", "plan_stale")
    reason = what if what in ("expired", "applied", "account") else "changed"
    assert report.run.params["why"] == reason
    assert writes_sent(world) == []
    with pytest.raises(Refused) as refused:
        applied(world, made)
    assert (refused.value.code, refused.value.params["why"]) == ("plan_stale", reason)


def test_applying_that_is_stopped_half_way_counts_as_applied_and_the_next_sync_does_the_rest(
    world: World,
) -> None:
    pair = both(world, Mode.ONE_WAY)
    films = world.movies(60)
    world.sim.fill_ratings("alice", [(film, 4.0) for film in films])
    made = previewed(world, pair)
    world.fault(kind="hang", method="POST", nth=(5,), seconds=60)

    async def stopped() -> RunReport:
        run_id, fresh = await Plans(world.house).begin_to_apply(made.plan.id, trigger="test")
        task = asyncio.create_task(world.running.carry_out(run_id, fresh))
        while not world.sim.ratings("bob"):
            await asyncio.sleep(0.01)
        await world.running.cancel(run_id)
        return await task

    report = world.run(stopped())
    assert report.run.status == "cancelled"
    done = len(world.sim.ratings("bob"))
    assert 0 < done < 60
    after = world.run(Plans(world.house).show(made.plan.id))
    assert after.plan.applied_by == report.run.id
    assert after.stale is not None
    world.sim.knobs.faults = []
    for _ in range(3):
        world.clock.forward(LATE)
        world.sync(pair)
    assert world.sim.ratings("bob") == world.sim.ratings("alice")


def test_a_plan_of_a_pair_that_was_deleted_while_it_was_made(world: World) -> None:
    pair = world.run(Pairs(world.house).add(NewPair(SECOND, TMDB)))
    world.library()
    made = previewed(world, pair)
    world.run(Pairs(world.house).remove(pair.id))
    shown = world.run(Plans(world.house).show(made.plan.id))
    assert shown.stale is not None
    assert shown.stale.params["why"] == "gone"
    assert shown.labels == {Side.SOURCE: "the source", Side.TARGET: "the target"}
    with pytest.raises(Refused):
        applied(world, made)
