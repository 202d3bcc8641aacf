"""Previews as contracts: they write nothing, and what is applied is exactly what they showed, or nothing at all."""

from __future__ import annotations

import pytest

from crosswatch.model.kinds import Action, Feature, Mode, Side
from crosswatch.services.attention import Attention
from crosswatch.services.plans import Plans, headline, proof, why
from crosswatch.store.attention import Question
from crosswatch.store.inbox import Which
from crosswatch.store.plans import ItemState
from tests.system.plans import (
    LATE,
    UNTOUCHED,
    applied,
    edited,
    every,
    in_step,
    previewed,
    promised,
    removing,
    sentences,
    written,
)
from tests.system.two import both, edit, writes_sent
from tests.system.world import World, lane


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


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
    assert (report.run.status, lane(report), lane(report, "watchlist")) == (
        "succeeded",
        {"changed": 1, "later": 1},
        {"later": 1},
    )
    assert new[0] not in world.sim.ratings("bob")
    assert new[1] not in world.sim.watchlist("bob")
    report = world.sync(pair)
    assert (lane(report)["added"], lane(report, "watchlist")["added"]) == (1, 1)


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
