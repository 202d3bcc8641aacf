"""Previews as contracts: they write nothing, and what is applied is exactly what they showed, or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from crosswatch.errors import Refused
from crosswatch.model.kinds import Action, Conflict, Feature, Kind, Mode, Side
from crosswatch.services.attention import Attention
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.pairs import NewPair, Pairs
from crosswatch.services.plans import PlanReport, Plans, headline, proof, why
from crosswatch.services.running import RunReport
from crosswatch.simulators.tmdb import DEMO_KEY, Key
from crosswatch.store.attention import Question
from crosswatch.store.inbox import Which
from crosswatch.store.pairs import LaneSettings, PairRow
from crosswatch.store.plans import ItemState, PlanItem
from tests.system.two import both, edit, writes_sent
from tests.system.world import SECOND, TMDB, World, lane

UNTOUCHED = (
    "base", "journal", "reading", "snapshot", "attention", "last_write", "unmatched", "tracker_item", "lane",
)  # fmt: skip
LATE = 301
"""Seconds after which lists show what was written."""


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def removing(world: World, mode: Mode = Mode.TWO_WAY) -> PairRow:
    """A pair of alice's and bob's accounts that removes, too."""
    settings = LaneSettings(remove=True, conflict=Conflict.ASK)
    return world.add_pair(TMDB, SECOND, mode=mode, features=dict.fromkeys(Feature, settings))


def run_of(world: World, begun: tuple[int, PairRow]) -> RunReport:
    return world.run(world.running.carry_out(*begun))


def previewed(world: World, pair: PairRow) -> PlanReport:
    """A plan from its beginning to its head."""
    plans = Plans(world.house)
    report = run_of(world, world.run(plans.begin(pair.id, trigger="test")))
    assert (report.run.kind, report.run.code) == ("plan", "")
    assert report.run.plan is not None
    made = world.run(plans.show(report.run.plan))
    assert made.stale is None
    return made


def applied(world: World, made: PlanReport) -> RunReport:
    begun = world.run(Plans(world.house).begin_to_apply(made.plan.id, trigger="test"))
    return run_of(world, begun)


def every(world: World, made: PlanReport) -> list[PlanItem]:
    async def read() -> list[PlanItem]:
        return [item async for page in Plans(world.house).every(made.plan.id) for item in page]

    return world.run(read())


def sentences(world: World, made: PlanReport, state: ItemState) -> list[str]:
    """Why the titles in that state are so."""
    return [why(one.promise, made.labels) for one in every(world, made) if one.promise.state is state]


def promised(items: Sequence[PlanItem]) -> list[tuple[Any, ...]]:
    writes = [one.promise for one in items if one.promise.state is ItemState.WRITE]
    return sorted(
        (one.feature, one.title, one.side, one.action, one.native_id, one.before, one.wanted)
        for one in writes
    )


def written(world: World, report: RunReport) -> list[tuple[Any, ...]]:
    """What a run has done, in the same words."""
    rows = world.rows("SELECT * FROM journal WHERE run = ?", report.run.id)
    assert {row["outcome"] for row in rows} <= {"applied"}
    return sorted(
        (
            row["feature"],
            row["title"],
            row["side"],
            row["action"],
            row["native_id"],
            row["expected"],
            row["wanted"],
        )
        for row in rows
    )


def in_step(world: World, pair: PairRow, **more: int) -> list[Key]:
    """A library of alice's that bob has as well, long ago."""
    keys = world.library(**more)
    assert world.sync(pair).run.status == "succeeded"
    world.clock.forward(3600)
    assert lane(world.sync(pair)) == {}
    return keys


def edited(world: World, keys: list[Key]) -> list[Key]:
    """A change of every kind on either side, in both lanes; gives two new films."""
    new = world.movies(2)
    edit(world, "alice", "rate", keys[0], 9.5)
    edit(world, "alice", "rate", new[0], 3.0)
    edit(world, "alice", "remove", keys[1])
    edit(world, "bob", "add", new[1])
    edit(world, "bob", "unrate", keys[2])
    edit(world, "alice", "rate", keys[3], 1.5)
    edit(world, "bob", "rate", keys[3], 2.5)
    return new


def test_a_preview_writes_nothing_anywhere(world: World) -> None:
    pair = removing(world)
    keys = world.library()
    for _ in range(2):
        before = world.dump(*UNTOUCHED)
        world.sim.traffic.reset()
        assert previewed(world, pair).writes
        assert world.dump(*UNTOUCHED) == before
        assert writes_sent(world) == []
        world.sync(pair)
        world.clock.forward(3600)
        edited(world, keys)


def test_the_same_state_has_the_same_hash_and_another_has_another(world: World) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    edited(world, keys)
    first, second = previewed(world, pair), previewed(world, pair)
    assert (first.plan.hash, first.plan.id) == (second.plan.hash, second.plan.id - 1)
    edit(world, "alice", "rate", keys[0], 9.0)
    assert previewed(world, pair).plan.hash != first.plan.hash


def test_apply_does_exactly_the_stored_writes_in_both_lanes(world: World) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    edited(world, keys)
    made = previewed(world, pair)
    items = every(world, made)
    assert headline(made.writes, made.labels) == (
        "1 added to TMDb (second), 1 changed, 1 removed; 1 added to TMDb, 1 removed"
    )
    world.sim.traffic.reset()
    report = applied(world, made)
    assert (report.run.kind, report.run.status, report.run.plan) == ("sync", "succeeded", made.plan.id)
    assert written(world, report) == promised(items) != []
    assert len(writes_sent(world)) == len(promised(items)) == 5
    assert keys[1] not in world.sim.watchlist("bob")
    assert keys[2] not in world.sim.ratings("alice")
    after = world.run(Plans(world.house).show(made.plan.id))
    assert after.plan.applied_by == report.run.id
    world.clock.forward(LATE)
    assert not previewed(world, pair).writes
    assert lane(world.sync(pair)) == {"conflicts": 1}


def test_every_reason_is_told_with_both_names_and_every_proof_with_its_time(world: World) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    edited(world, keys)
    made = previewed(world, pair)
    told = {
        (one.promise.feature, one.promise.action, one.promise.side): (
            why(one.promise, made.labels),
            proof(one.promise, made.labels, "21:03"),
        )
        for one in every(world, made)
        if one.promise.state is ItemState.WRITE
    }
    asked = "{} was asked about this title itself at 21:03."
    listed = "Read in the list of {} at 21:03."
    ratings, watchlist, source, target = Feature.RATINGS, Feature.WATCHLIST, Side.SOURCE, Side.TARGET
    first, second = "TMDb", "TMDb (second)"
    assert told == {
        (ratings, "change", target): (f"You changed it on {first}.", listed.format(first)),
        (ratings, "add", target): (f"{first} has it, and {second} does not.", listed.format(first)),
        (ratings, "remove", source): (f"You took it off on {second}.", asked.format(second)),
        (watchlist, "remove", target): (f"You took it off on {first}.", asked.format(first)),
        (watchlist, "add", source): (f"{second} has it, and {first} does not.", listed.format(second)),
    }
    assert sentences(world, made, ItemState.CONFLICT) == [
        f"Rated 1.5 on {first} and 2.5 on {second}. You decide which one counts."
    ]


def test_what_is_new_by_then_waits_for_the_next_run(world: World) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    edit(world, "alice", "rate", keys[0], 9.5)
    made = previewed(world, pair)
    new = world.movies(2)
    edit(world, "alice", "rate", new[0], 4.0)
    edit(world, "alice", "add", new[1])
    report = applied(world, made)
    assert (report.run.status, lane(report), lane(report, "watchlist")) == ("succeeded", {"changed": 1}, {})
    assert new[0] not in world.sim.ratings("bob")
    assert new[1] not in world.sim.watchlist("bob")
    report = world.sync(pair)
    assert (lane(report)["added"], lane(report, "watchlist")["added"]) == (1, 1)


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


def test_what_the_guard_holds_is_shown_and_not_applied(world: World) -> None:
    pair = removing(world)
    keys = in_step(world, pair)
    for key in keys[:20]:
        edit(world, "alice", "remove", key)
    made = previewed(world, pair)
    assert (made.writes.total(), made.states[ItemState.WAITS]) == (0, 20)
    assert set(sentences(world, made, ItemState.WAITS)) == {
        "You took it off on TMDb. It waits until you allow it."
    }
    report = applied(world, made)
    assert report.run.status == "succeeded"
    assert report.run.attention == 20, "now they stand in the inbox"
    assert set(keys[:20]) <= set(world.sim.watchlist("bob"))


def test_what_a_lane_keeps_says_where_it_was_taken_off(world: World) -> None:
    pair = both(world, Mode.ONE_WAY)
    keys = in_step(world, pair)
    edit(world, "alice", "unrate", keys[1])
    made = previewed(world, pair)
    assert sentences(world, made, ItemState.KEPT) == [
        "You took it off on TMDb. It stays on TMDb (second), because this pair does not remove."
    ]


def test_what_a_service_took_off_itself_is_told_so(world: World) -> None:
    pair = removing(world)
    new = world.movies(1)
    edit(world, "alice", "add", new[0])
    in_step(world, pair)
    edit(world, "alice", "rate", new[0], 7.0)
    edit(world, "alice", "remove", new[0])
    made = previewed(world, pair)
    (said,) = sentences(world, made, ItemState.CLEARED)
    assert said.startswith("TMDb may have taken it off by itself, because you rated or watched it.")


def test_titles_that_are_held_say_which_side_is_not_known(world: World) -> None:
    pair = both(world)
    world.library()
    world.sync(pair)
    edit(world, "bob", "rate", next(iter(world.sim.ratings("bob"))), 5.5)
    held = sentences(world, previewed(world, pair), ItemState.HELD)
    assert held
    assert all(one.startswith(("TMDb: ", "TMDb (second): ")) for one in held)


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


def test_an_answer_that_came_after_the_preview_is_not_lost(world: World) -> None:
    """Its write was not promised, so it waits for the next run; the answer must wait with it."""
    pair = both(world)
    films = world.movies(2)
    world.sim.fill_ratings("alice", [(films[0], 8.5), (films[1], 3.0)])
    world.sim.fill_ratings("bob", [(films[0], 6.0)])
    assert lane(world.sync(pair))["conflicts"] == 1
    edit(world, "alice", "rate", world.movies(1)[0], 2.0)
    world.clock.forward(LATE)
    made = previewed(world, pair)
    inbox = Attention(world.house)
    world.run(inbox.answer_all(Which(pair=pair.id, kind=Question.CONFLICT), "source"))
    assert applied(world, made).run.status == "succeeded"
    assert world.sim.ratings("bob")[films[0]] == 6.0
    world.clock.forward(LATE)
    assert lane(world.sync(pair)) == {"changed": 1}
    assert world.sim.ratings("bob")[films[0]] == 8.5


def test_an_applied_plan_notes_of_both_lanes_what_a_sync_notes(world: World) -> None:
    """What was rated while it was listed is known from the ratings lane; a plan must not forget it."""
    pair = removing(world)
    in_step(world, pair)
    world.clock.forward(3600)
    world.sync(pair)
    before = world.rows("SELECT title, source_mark, target_mark FROM base WHERE source_mark != '' ORDER BY 1")
    assert before, "the library has titles that are rated and listed"
    applied(world, previewed(world, pair))
    after = world.rows("SELECT title, source_mark, target_mark FROM base WHERE source_mark != '' ORDER BY 1")
    assert [tuple(row) for row in after] == [tuple(row) for row in before]


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


def test_twenty_thousand_titles_page_by_page(world: World) -> None:
    pair = both(world, Mode.ONE_WAY)
    world.sim.knobs.page_size = 500
    films = world.movies(20_000)
    world.sim.fill_ratings("alice", [(film, place % 20 / 2 + 0.5) for place, film in enumerate(films)])
    made = previewed(world, pair)
    assert made.writes == {(Side.TARGET, Action.ADD): 20_000}
    seen: list[int] = []

    async def read() -> None:
        async for page in Plans(world.house).every(made.plan.id):
            assert len(page) <= 500
            seen.extend(one.seq for one in page)

    world.run(read())
    assert seen == list(range(1, 20_001))
