"""Rules of removals, broken one at a time, in the manner of ``test_breakages``: such a mistake costs a whole list."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from crosswatch.engine import delta, guard, plan, title
from crosswatch.engine.base import Agreed, Approval, BaseRow, Key, Rules, SideView
from crosswatch.engine.decide import Decision, Verb
from crosswatch.engine.delta import Delta
from crosswatch.engine.planned import Plan, PlannedWrite
from crosswatch.model.kinds import Action, Feature, Mode, Side
from crosswatch.model.readings import Reading, Unknown, Why
from tests.engine import bounds, removals
from tests.engine.lives import a_history
from tests.engine.promises import Promise
from tests.engine.removal_lanes import removal_lanes
from tests.engine.samples import TMDB, TRACKER, small_lanes
from tests.engine.services import Service
from tests.engine.test_breakages import Break, rule_and_promise
from tests.engine.world import World

TITLE = title.Title


def one_more_than_the_bound_passes(patch: pytest.MonkeyPatch) -> None:
    passed = guard.Bounds.passed
    patch.setattr(guard.Bounds, "passed", lambda it, action, side, count: passed(it, action, side, count - 1))


def one_less_than_the_bound_waits(patch: pytest.MonkeyPatch) -> None:
    passed = guard.Bounds.passed
    patch.setattr(guard.Bounds, "passed", lambda it, action, side, count: passed(it, action, side, count + 1))


def yesterday_does_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guard.Bounds, "passed", lambda it, action, side, count: count > it.most(action))


def a_fifth_may_be_removed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guard, "REMOVALS_SHARE", 5)


def eleven_may_be_overwritten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guard, "FEWEST_OVERWRITES", 11)


def each_side_waits_for_itself(patch: pytest.MonkeyPatch) -> None:
    hold = guard._hold_removals

    def apart(made: Plan, views: dict[Side, SideView], rules: Rules, bound: guard.Bounds) -> None:
        parts = {side: Plan(writes=[one for one in made.writes if one.side is side]) for side in Side}
        for part in parts.values():
            hold(part, views, rules, bound)
            made.waiting += part.waiting
        held = {one.key for one in made.waiting}
        made.writes = [one for one in made.writes if one.key not in held]

    patch.setattr(guard, "_hold_removals", apart)


def what_was_not_looked_up_does_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guard, "Counter", lambda _: dict.fromkeys(Side, 0))


def an_emptied_side_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SideView, "emptied", False)


def a_lookup_fills_an_empty_list(patch: pytest.MonkeyPatch) -> None:
    def nothing_at_all(view: SideView) -> bool:
        return not any(isinstance(one, Unknown) or one.value is not None for one in view.listed.values())

    patch.setattr(SideView, "emptied", property(nothing_at_all))


def what_waited_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    hold = guard._hold_removals

    def afresh(made: Plan, views: Any, rules: Rules, bound: guard.Bounds) -> None:
        hold(made, views, replace(rules, waiting=frozenset()), bound)

    patch.setattr(guard, "_hold_removals", afresh)


def leave_holds_for_every_version(patch: pytest.MonkeyPatch) -> None:
    def whenever(write: PlannedWrite, rules: Rules) -> bool:
        return (write.key, write.side) in rules.approved

    patch.setattr(guard, "is_allowed", whenever)


def leave_for_one_value_is_leave_for_any(patch: pytest.MonkeyPatch) -> None:
    def of_the_row(rules: Rules, key: Key, side: Side, *, version: int, **_: object) -> bool:
        leave = rules.approved.get((key, side))
        return leave is not None and leave.version == version

    patch.setattr(Rules, "has_approved", of_the_row)


def leave_for_what_was_kept_holds_for_every_version(patch: pytest.MonkeyPatch) -> None:
    _with_leave(patch, lambda it: set(it.rules.approved))


def what_was_kept_is_done_by_itself(patch: pytest.MonkeyPatch) -> None:
    _with_leave(patch, lambda it: {(it.key, side) for side in Side})


def _with_leave(patch: pytest.MonkeyPatch, leave: Callable[[Any], set[tuple[Key, Side]]]) -> None:
    allowed = TITLE._allowed

    def anyhow(it: Any) -> Decision | None:
        rules, row = it.rules, it.row
        if row is not None:
            said = {one: Approval(row.version, row.agreed(one[1]).value, None) for one in leave(it)}
            it.rules = replace(rules, approved=said)
        decision = allowed(it)
        it.rules = rules
        return decision

    patch.setattr(TITLE, "_allowed", anyhow)


def kept_removals_are_nothing_special(patch: pytest.MonkeyPatch) -> None:
    what_was_kept_needs_no_proof(patch)
    what_was_kept_is_done_by_itself(patch)


def what_was_kept_needs_no_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TITLE, "_is_proof", lambda *_: True)


def leave_outlives_the_users_change_of_mind(patch: pytest.MonkeyPatch) -> None:
    adopted = TITLE._adopted

    def still(it: Any, *, kept: bool = False) -> BaseRow:
        row: BaseRow = adopted(it, kept=kept)
        touched = it.row is not None and Delta.TOUCHED in it.deltas.values() and row.values == it.row.values
        return replace(row, version=it.row.version) if touched else row

    patch.setattr(TITLE, "_adopted", still)


def what_the_service_took_off_is_the_users(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TITLE, "_took_it_off", lambda *_: False)


def what_was_rated_at_all_is_the_services(patch: pytest.MonkeyPatch) -> None:
    def rated(it: Any, side: Side) -> bool:
        now = it.seen[side]
        return it.views[side].clears and isinstance(now, Reading) and now.value is None and bool(now.mark)

    patch.setattr(TITLE, "_took_it_off", rated)


def our_own_ratings_are_the_users(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(title, "mark_of", lambda _: "never")


def what_the_service_took_off_is_put_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TITLE, "_after_the_service_did_it", lambda _, side: Decision(Verb.PUT, side))


def what_may_be_spread_goes_by_the_table(patch: pytest.MonkeyPatch) -> None:
    after = TITLE._after_the_service_did_it

    def table(it: Any, side: Side) -> Decision:
        half, rules = it._stored_half(side), it.rules
        if rules.remove and rules.remove_when_rated and half is not None and half.value is not None:
            it.cleared = None
            spread: Decision = it._by_table()
            return spread
        return after(it, side)

    patch.setattr(TITLE, "_after_the_service_did_it", table)


def rows_forget_what_was_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TITLE, "_mark", lambda *_: "")


def what_others_want_is_taken_off(patch: pytest.MonkeyPatch) -> None:
    stay = TITLE._must_stay

    def unwanted(it: Any, side: Side, now: Reading) -> Why | None:
        found = stay(it, side, now)
        return None if found is Why.WANTED else found

    patch.setattr(TITLE, "_must_stay", unwanted)


def another_name_is_taken_for_the_title(patch: pytest.MonkeyPatch) -> None:
    stay = TITLE._must_stay

    def nameless(it: Any, side: Side, now: Reading) -> Why | None:
        found = stay(it, side, now)
        return None if found is Why.OTHER_ID else found

    patch.setattr(TITLE, "_must_stay", nameless)


def a_list_in_part_is_as_good_as_a_whole_one(patch: pytest.MonkeyPatch) -> None:
    stay = TITLE._must_stay

    def anyway(it: Any, side: Side, now: Reading) -> Why | None:
        found = stay(it, side, now)
        return None if found is Why.PARTIAL else found

    patch.setattr(TITLE, "_must_stay", anyway)


def a_title_of_a_service_is_written_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plan, "_one_write_per_native_id", lambda _: None)


def one_list_is_proof_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delta, "_missing_twice", lambda agreed, view: not view.looks_up and view.whole)


def two_lists_at_once_are_proof_enough(patch: pytest.MonkeyPatch) -> None:
    def twice(agreed: Agreed, view: SideView) -> bool:
        return not view.looks_up and bool(agreed.missing_at) and delta.is_evidence(agreed, view)

    patch.setattr(delta, "_missing_twice", twice)


def what_a_list_hides_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    def whole(agreed: Agreed, view: SideView) -> bool:
        return view.whole

    patch.setattr(delta, "is_evidence", whole)
    patch.setattr(title, "is_evidence", whole)


def a_late_list_is_a_first_proof(patch: pytest.MonkeyPatch) -> None:
    def shows(key: Key, row: BaseRow, side: Side, view: SideView) -> bool:
        agreed = row.agreed(side)
        return delta.needs_proof(key, agreed, view) and delta.is_evidence(agreed, view)

    patch.setattr(title, "shows_missing", shows)


def a_first_proof_outlives_the_titles_return(patch: pytest.MonkeyPatch) -> None:
    note = TITLE._note_missing

    def stubborn(it: Any, made: Plan) -> None:
        note(it, made)
        if (row := made.rows.get(it.key)) is not None:
            for side in Side:
                before = it.stored.agreed(side)
                row = row.with_half(side, before) if before.missing_at else row
            made.rows[it.key] = row

    patch.setattr(TITLE, "_note_missing", stubborn)


def what_was_looked_up_last_is_looked_up_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plan, "sorted", lambda missing: sorted(missing, reverse=True), raising=False)


def leave_is_no_reason_to_look(patch: pytest.MonkeyPatch) -> None:
    look = plan.to_look_up
    patch.setattr(
        plan,
        "to_look_up",
        lambda base, source, target, rules: look(base, source, target, replace(rules, approved={})),
    )


def the_short_way_sees_no_stamps(patch: pytest.MonkeyPatch) -> None:
    same = delta._says_the_same

    def stampless(key: Key, agreed: Agreed, view: SideView) -> bool:
        return same(key, agreed, _unstamped(view))

    patch.setattr(delta, "_says_the_same", stampless)


def _unstamped(view: SideView) -> SideView:
    listed = {
        key: replace(one, stamp=None) if isinstance(one, Reading) else one for key, one in view.listed.items()
    }
    return replace(view, listed=listed)


BROKEN: tuple[tuple[Break, Promise], ...] = (
    (one_more_than_the_bound_passes, bounds.the_guard_lets_no_more_through),
    (one_less_than_the_bound_waits, bounds.the_guard_lets_no_more_through),
    (yesterday_does_not_count, bounds.the_guard_lets_no_more_through),
    (a_fifth_may_be_removed, bounds.the_guard_lets_no_more_through),
    (eleven_may_be_overwritten, bounds.the_guard_asks_before_it_overwrites_many),
    (each_side_waits_for_itself, bounds.the_guard_lets_no_more_through),
    (what_was_not_looked_up_does_not_count, bounds.the_guard_lets_no_more_through),
    (an_emptied_side_is_believed, bounds.the_guard_lets_no_more_through),
    (a_lookup_fills_an_empty_list, bounds.the_guard_lets_no_more_through),
    (what_waited_is_forgotten, bounds.the_guard_lets_no_more_through),
    (leave_holds_for_every_version, removals.leave_ends_with_its_row),
    (leave_for_one_value_is_leave_for_any, removals.leave_ends_with_its_row),
    (leave_for_what_was_kept_holds_for_every_version, removals.what_was_kept_waits_for_its_leave),
    (what_was_kept_is_done_by_itself, removals.what_was_kept_waits_for_its_leave),
    (what_was_kept_needs_no_proof, removals.removals_are_proved),
    (leave_outlives_the_users_change_of_mind, removals.leave_ends_where_the_user_sets_it_again),
    (what_the_service_took_off_is_the_users, removals.what_a_service_took_off_is_nobodys_removal),
    (what_was_rated_at_all_is_the_services, removals.what_the_user_took_off_is_planned),
    (our_own_ratings_are_the_users, removals.what_a_service_took_off_is_nobodys_removal),
    (what_the_service_took_off_is_put_back, removals.what_a_service_took_off_is_nobodys_removal),
    (what_may_be_spread_goes_by_the_table, removals.what_a_service_took_off_is_nobodys_removal),
    (rows_forget_what_was_there, removals.rows_remember_what_was_there),
    (what_others_want_is_taken_off, removals.what_must_stay_is_not_taken_off),
    (another_name_is_taken_for_the_title, removals.what_must_stay_is_not_taken_off),
    (a_list_in_part_is_as_good_as_a_whole_one, removals.what_must_stay_is_not_taken_off),
    (a_title_of_a_service_is_written_twice, removals.each_title_of_a_service_is_written_once),
    (one_list_is_proof_enough, removals.removals_are_proved),
    (two_lists_at_once_are_proof_enough, removals.removals_are_proved),
    (what_a_list_hides_does_not_matter, removals.removals_are_proved),
    (a_late_list_is_a_first_proof, removals.a_list_that_lacks_a_title_is_noted),
    (a_first_proof_outlives_the_titles_return, removals.a_list_that_lacks_a_title_is_noted),
    (what_was_looked_up_last_is_looked_up_first, bounds.lookups_are_bounded),
    (leave_is_no_reason_to_look, bounds.lookups_are_bounded),
    (the_short_way_sees_no_stamps, bounds.the_short_way_decides_the_same),
)


@pytest.mark.parametrize(("breaks", "promise"), BROKEN, ids=rule_and_promise)
def test_a_broken_rule_breaks_its_promise(
    breaks: Break, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        try_small(promise)


def try_small(promise: Promise) -> None:
    """Holds every small lane, and every small removal, to a promise."""
    for lanes in (removal_lanes, small_lanes):
        for case in lanes():
            promise(case)


LIVES: tuple[Break, ...] = (
    one_more_than_the_bound_passes,
    yesterday_does_not_count,
    what_waited_is_forgotten,
    kept_removals_are_nothing_special,
    what_the_service_took_off_is_the_users,
    what_the_service_took_off_is_put_back,
    what_others_want_is_taken_off,
    one_list_is_proof_enough,
    what_a_list_hides_does_not_matter,
)


@pytest.mark.parametrize("breaks", LIVES, ids=rule_and_promise)
def test_a_broken_rule_shows_in_the_life_of_a_lane(breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        live(400)


def live(seeds: int) -> None:
    """So many histories in which only the world judges, by what really happened."""
    for seed in range(seeds):
        a_history(Random(seed).choice, steps=30, promises=())


def overwrites_allowed_and_then_a_sweep() -> None:
    """The user allows many ratings to be overwritten, and takes all of them off before the next run."""
    rules = Rules(Feature.RATINGS, Mode.TWO_WAY, remove=True)
    world = World(rules, Service(TMDB), Service(TRACKER), many=True)
    for value in (800, 900):
        for key in range(1, 7):
            world.edit(Side.SOURCE, key, value)
        world.run()
    assert len(world.inbox.open) == 6
    for asked in list(world.inbox.open):
        world.allow(asked)
    for key in range(1, 6):
        world.edit(Side.SOURCE, key, None)
    made = world.run()
    assert [(write.key, write.action) for write in made.writes] == [(6, Action.CHANGE)]
    assert {write.action for write in made.waiting} == {Action.REMOVE}
    assert [world.services[Side.TARGET].value(key) for key in range(1, 7)] == [800] * 5 + [900]


def test_a_broken_rule_loses_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    overwrites_allowed_and_then_a_sweep()
    leave_for_one_value_is_leave_for_any(monkeypatch)
    with pytest.raises(AssertionError):
        overwrites_allowed_and_then_a_sweep()


def test_every_action_has_a_bound() -> None:
    assert {guard.Bounds(0).most(action) for action in Action} == {3, 10}
