"""Rules about removals, approvals and previews, broken one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from crosswatch.engine import decide, delta, guard, plan, title
from crosswatch.engine.base import Approval, BaseRow, SideView
from crosswatch.engine.decide import Cell, Decision, Verb
from crosswatch.engine.delta import Delta
from crosswatch.engine.guard import Bounds
from crosswatch.engine.planned import PlannedWrite
from crosswatch.engine.title import Title
from crosswatch.model.kinds import Action, Side
from crosswatch.model.readings import Seen
from crosswatch.runs import lane, proofs
from crosswatch.runs.contract import Contract
from crosswatch.runs.deriving import Derived
from crosswatch.runs.lane import LaneRun
from crosswatch.runs.proofs import Proofs
from crosswatch.runs.runner import _Run
from crosswatch.runs.sending import Sending
from crosswatch.store import answering, base, held, journal, tables
from crosswatch.store.database import Connection
from tests.protocol import removal_lives as lives

Break = Callable[[pytest.MonkeyPatch], None]
HOUR = 3_600_000


def the_guard_counts_one_too_few(patch: pytest.MonkeyPatch) -> None:
    most = Bounds.most
    patch.setattr(Bounds, "most", lambda self, action: most(self, action) + 1)


def the_guard_forgets_the_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "lately", lambda *_: {})


def only_what_is_too_much_waits(patch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the first removals go, and the rest waits."""
    hold = guard._hold

    def hold_the_rest(made: Any, writes: Any) -> None:
        rest = list(writes)
        removals = [write for write in rest if write.action is Action.REMOVE]
        hold(made, [write for write in rest if write not in removals[:1]])

    patch.setattr(guard, "_hold", hold_the_rest)


def what_waited_goes_by_itself(patch: pytest.MonkeyPatch) -> None:
    """What waits is forgotten when the next run counts anew."""
    patch.setattr(held, "waiting", lambda *_: set())
    patch.setattr(journal, "lately", lambda *_: {})
    most = Bounds.most
    patch.setattr(Bounds, "passed", lambda self, action, side, planned: planned > most(self, action) + 1)


def an_emptied_side_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SideView, "emptied", False)


def a_list_is_proof_enough(patch: pytest.MonkeyPatch) -> None:
    """An absence is taken from the list alone."""
    for module in (delta, plan):
        patch.setattr(module, "needs_proof", lambda *_: False)


def one_list_is_proof_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delta, "_missing_twice", lambda _agreed, view: not view.looks_up)


def a_proof_never_gets_old(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(proofs, "GOOD_FOR_MS", HOUR)
    patch.setattr(proofs, "LOOK_AGAIN_MS", HOUR)


def what_came_back_is_removed(patch: pytest.MonkeyPatch) -> None:
    """The last proof is asked for, and not heeded."""
    why_not = Proofs.why_not

    def not_heeded(self: Proofs, write: PlannedWrite) -> Any:
        found = why_not(self, write)
        return None if found is not None and found[1] == "came_back" else found

    patch.setattr(Proofs, "why_not", not_heeded)


def the_fence_is_no_matter_to_removals(patch: pytest.MonkeyPatch) -> None:
    outcomes, may_send = Sending.outcomes, Sending._may_send
    removing: set[int] = set()

    async def noted(self: Sending, writes: Any, refs: Any) -> Any:
        if any(write.action is Action.REMOVE for _, write in writes):
            removing.add(id(self))
        try:
            return await outcomes(self, writes, refs)
        finally:
            removing.discard(id(self))

    async def unless_removing(self: Sending) -> None:
        if id(self) in removing:
            self._left = True
        else:
            await may_send(self)

    patch.setattr(Sending, "outcomes", noted)
    patch.setattr(Sending, "_may_send", unless_removing)


def removals_come_first(patch: pytest.MonkeyPatch) -> None:
    write = LaneRun._write

    async def removals_first(self: LaneRun, numbered: Any, reads: Any) -> None:
        for removals in (True, False):
            some = [one for one in numbered if (one[1].action is Action.REMOVE) is removals]
            await write(self, some, reads)

    patch.setattr(LaneRun, "_write", removals_first)


def what_a_service_took_off_is_the_users_removal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Title, "_took_it_off", lambda *_: False)


def what_a_service_took_off_is_put_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Title, "_after_the_service_did_it", lambda _self, side: Decision(Verb.PUT, side))


def what_was_there_already_counts_as_ours(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(decide.ONE_WAY, (Delta.GONE, Delta.SAME), Cell.REMOVE_ON_TARGET)


def other_lanes_want_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(base, "wanted_by_others", lambda *_: set())


def what_was_kept_is_removed_unasked(patch: pytest.MonkeyPatch) -> None:
    approved = held.approved

    def and_kept(connection: Connection, lane_id: int, now: int) -> Mapping[held.Held, Approval]:
        query = select(tables.base).where(tables.base.c.lane == lane_id, tables.base.c.kept)
        kept = {}
        for row in connection.execute(query):
            side = Side.TARGET if row.source_value is None else Side.SOURCE
            there = row.target_value if side is Side.TARGET else row.source_value
            kept[row.title, side] = Approval(row.version, there, None)
        return kept | approved(connection, lane_id, now)

    patch.setattr(held, "approved", and_kept)


def an_approval_counts_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Whatever state the title is in by now, and however long ago it was."""
    ever: dict[tuple[int, held.Held], Approval] = {}
    approved = held.approved

    def ever_approved(connection: Connection, lane_id: int, now: int) -> Mapping[held.Held, Approval]:
        if lane_id == 1 and not tables_have_runs(connection):
            ever.clear()
        for one, version in approved(connection, lane_id, now).items():
            ever[lane_id, one] = version
        return {one: version for (of, one), version in ever.items() if of == lane_id}

    def whatever_it_is_now(write: PlannedWrite, rules: Any) -> bool:
        return (write.key, write.side) in rules.approved

    patch.setattr(held, "approved", ever_approved)
    patch.setattr(guard, "is_allowed", whatever_it_is_now)
    patch.setattr(lane, "is_allowed", whatever_it_is_now)


def tables_have_runs(connection: Connection) -> bool:
    """Whether anything was written in this life."""
    return connection.execute(select(tables.journal.c.run).limit(1)).first() is not None


def a_refusal_is_not_noted(patch: pytest.MonkeyPatch) -> None:
    """The question goes, and both sides are not agreed to differ."""
    patch.setattr(held, "refuse", lambda *_: {})
    patch.setattr(held, "waiting", lambda *_: set())


def starting_afresh_keeps_the_base(patch: pytest.MonkeyPatch) -> None:
    """Other people's lists are held against what was agreed with the first ones."""

    def unpinned(connection: Connection, pair_id: int) -> None:
        nobody = dict.fromkeys(("source_uid", "target_uid", "source_label", "target_label"), "")
        connection.execute(update(tables.lane).where(tables.lane.c.pair == pair_id).values(**nobody))

    patch.setattr(answering, "start_afresh", unpinned)


def a_plan_that_is_applied_does_more(patch: pytest.MonkeyPatch) -> None:
    """What came up since it was shown is done too."""
    keep = Contract.keep_only_promised

    def keep_all(self: Contract, feature: Any, derived: Derived) -> None:
        writes = derived.made.writes
        keep(self, feature, derived)
        derived.made.writes, derived.later = writes, set()

    patch.setattr(Contract, "keep_only_promised", keep_all)


def a_plan_that_is_applied_does_less(patch: pytest.MonkeyPatch) -> None:
    """What does not come out any more is left out, and the rest is done."""
    patch.setattr(Contract, "refuse_if_moved", lambda *_: None)


def a_plan_is_applied_under_other_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("crosswatch.runs.contract.refuse_if_stale", lambda *_: None)


def a_preview_stores_what_agrees(patch: pytest.MonkeyPatch) -> None:
    keep_plan = _Run._keep_plan

    def and_rows(
        self: _Run, plan_id: int, run: Any, of: Any, derived: Derived, connection: Connection
    ) -> None:
        base.keep(connection, of.id, derived.made.rows)
        keep_plan(self, plan_id, run, of, derived, connection)

    patch.setattr(_Run, "_keep_plan", and_rows)


def an_edit_does_not_beat_a_removal(patch: pytest.MonkeyPatch) -> None:
    for touched in (Delta.TOUCHED, Delta.CHANGED):
        patch.setitem(decide.TWO_WAY, (Delta.GONE, touched), Cell.REMOVE_ON_TARGET)
        patch.setitem(decide.TWO_WAY, (touched, Delta.GONE), Cell.REMOVE_ON_SOURCE)


def agreed_differences_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A row that says absent here and present there is read as if both had had it."""
    seen = delta.seen

    def as_if_both(key: int, row: BaseRow | None, side: Side, view: SideView) -> Seen:
        return seen(key, row, side, view)

    stored = Title._stored_half

    def both(self: Title, side: Side) -> Any:
        half = stored(self, side)
        if half is not None and half.value is None and self.row is not None:
            return replace(half, value=self.row.agreed(side.other).value)
        return half

    patch.setattr(title, "seen", as_if_both)
    patch.setattr(Title, "_stored_half", both)


SHOWN_BY: dict[Break, tuple[int | lives.Life, ...]] = {
    the_guard_counts_one_too_few: (18, 49),
    the_guard_forgets_the_day: (lives.two_runs_of_a_day, 80),
    only_what_is_too_much_waits: (3, 4),
    what_waited_goes_by_itself: (3, 12),
    an_emptied_side_is_believed: (3, 4),
    a_list_is_proof_enough: (2, 3),
    one_list_is_proof_enough: (lives.leave_before_a_second_list, 202, 326),
    a_proof_never_gets_old: (lives.a_minute_between_the_proof_and_the_removal, 460, 563),
    what_came_back_is_removed: (lives.back_before_the_removal,),
    the_fence_is_no_matter_to_removals: (lives.somebody_else_at_the_removal, 305, 315),
    removals_come_first: (21, 48),
    what_a_service_took_off_is_the_users_removal: (48, 56),
    what_a_service_took_off_is_put_back: (2, 5),
    what_was_there_already_counts_as_ours: (lives.on_both_lists_before_the_pair, 257, 377),
    other_lanes_want_nothing: (lives.two_sources_of_one_list, 221, 236),
    what_was_kept_is_removed_unasked: (lives.kept_and_then_switched_on, 72, 270),
    an_approval_counts_for_ever: (lives.allowed_and_put_back,),
    a_refusal_is_not_noted: (12, 18),
    starting_afresh_keeps_the_base: (54, 97),
    a_plan_that_is_applied_does_more: (18, 36),
    a_plan_that_is_applied_does_less: (lives.shown_and_partly_undone, 235, 386),
    a_plan_is_applied_under_other_rules: (lives.shown_under_other_rules, 295, 313),
    a_preview_stores_what_agrees: (25, 38),
    an_edit_does_not_beat_a_removal: (17, 21),
    agreed_differences_are_forgotten: (38, 47),
}
"""Rule -> histories that showed it broken: drawn ones, by their seeds, and lives in which it is needed."""
