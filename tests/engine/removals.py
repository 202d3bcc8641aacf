"""What every plan promises about removals, in the manner of ``promises``; removals are where data is lost."""

from collections import Counter
from dataclasses import replace

from crosswatch.engine.base import Agreed, BaseRow, Key
from crosswatch.engine.planned import Cause, Plan, PlannedWrite
from crosswatch.model.kinds import Action, Mode, Side
from crosswatch.model.readings import Reading
from tests.engine.promises import STAYS, Promise
from tests.engine.samples import Case
from tests.engine.truth import (
    believed,
    has_leave,
    has_namesake,
    missing_twice,
    moved,
    must_stay,
    says_missing,
    taken_by_service,
    values,
)


def removed(made: Plan) -> list[PlannedWrite]:
    """The removals of a plan."""
    return [write for write in made.writes if write.wanted is None]


def removals_are_proved(case: Case) -> None:
    """A removal has a base row, the service's own word or two whole lists, and the lane's and the user's leave.

    Both sides had the title in the row; or a removal had been kept, and the user then allowed it.
    """
    for write in removed(case.plan()):
        row, away = case.base.get(write.key), write.side.other
        proof, listed = believed(case, write.key, away), case.view(away).listed.get(write.key)
        assert case.rules.remove
        assert row is not None
        assert proof is not None
        assert proof.value is None
        if None in values(row):
            assert row.kept
            assert has_leave(case, write.key, write.side, write.expected, None)
            assert proof.mark is not None or not case.view(away).looks_up, "nobody looked it up"
            assert proof.mark is not None or listed is not None or says_missing(case, write.key, away)
        else:
            assert isinstance(listed, Reading) or missing_twice(case, write.key, away), "nobody looked it up"


def what_the_user_took_off_is_planned(case: Case) -> None:
    """A proved removal of the user's is planned, unless what it would take off must stay; nothing swallows it."""
    two_way = replace(case, rules=replace(case.rules, mode=Mode.TWO_WAY, remove=True))
    made = two_way.plan()
    found = {(write.key, write.side) for write in removed(made)}
    stays = {(item.key, item.side) for item in made.held if item.why in STAYS}
    for key, row in case.base.items():
        for side in Side:
            gone, there = believed(two_way, key, side), believed(two_way, key, side.other)
            if gone is None or gone.value is not None or there is None or None in values(row):
                continue
            if moved(two_way, key, side.other) or taken_by_service(two_way, key, side):
                continue
            if has_namesake(two_way, key, side.other) or Action.REMOVE not in case.view(side.other).can:
                continue
            stay = must_stay(two_way, key, side.other)
            assert ((key, side.other) in stays, (key, side.other) in found) == (stay, not stay)


def a_removal_that_is_not_allowed_is_kept(case: Case) -> None:
    """With removals off, what would be removed is stored as absent there, present here, and marked; never written."""
    allowed = replace(case, rules=replace(case.rules, remove=True, remove_when_rated=False)).plan()
    forbidden = replace(case, rules=replace(case.rules, remove=False)).plan()
    would = [write for write in removed(allowed) if write.cause is Cause.REMOVED]
    stay = {item.key for item in allowed.held if item.why in STAYS}
    cannot = {key for key in case.keys if any(Action.REMOVE not in case.view(side).can for side in Side)}
    assert {write.key for write in would} <= set(forbidden.kept)
    assert set(forbidden.kept) <= {write.key for write in would} | stay | cannot
    assert not removed(forbidden)
    for write in would:
        row = forbidden.rows[write.key]
        assert row is not None
        assert row.kept
        assert row.agreed(write.side).value == write.expected
        assert row.agreed(write.side.other).value is None
        assert write.key not in {item.key for item in forbidden.held}


def what_was_kept_waits_for_its_leave(case: Case) -> None:
    """A kept removal is done only while nothing moved, the lane removes, and the user allowed this very row."""
    made = case.plan()
    by_leave = {(write.key, write.side) for write in made.writes if write.cause is Cause.APPROVED}
    for key in case.base:
        for side in Side:
            assert ((key, side) in by_leave) == _may_go(case, key, side) or has_namesake(case, key, side)


def leave_ends_where_the_user_sets_it_again(case: Case) -> None:
    """Once either side shows that the user wants a title, leave for its kept removal is leave no more."""
    made = case.plan()
    after = {**made.rows, **{write.key: write.row for write in made.writes}}
    waits = {item.key for item in made.held}
    for key, row in case.base.items():
        if row.kept and not row.ended and key not in waits and any(moved(case, key, side) for side in Side):
            stored = after.get(key)
            assert stored is None or stored.version == row.version + 1


def _may_go(case: Case, key: Key, side: Side) -> bool:
    """Whether all holds that it takes to do a kept removal."""
    row, rules, away = case.base[key], case.rules, case.view(side.other)
    there, proof = believed(case, key, side), believed(case, key, side.other)
    if not row.kept or not rules.remove or there is None or not has_leave(case, key, side, there.value, None):
        return False
    if rules.mode is Mode.ONE_WAY and (side is Side.SOURCE or not row.ours):
        return False
    if proof is None or moved(case, key, side) or moved(case, key, side.other):
        return False
    if row.agreed(side).value is None or row.agreed(side.other).value is not None:
        return False
    if taken_by_service(case, key, side.other) or must_stay(case, key, side):
        return False
    known = proof.mark is not None if away.looks_up else away.whole and away.gap <= row.agreed(side.other).gap
    return known and Action.REMOVE in case.view(side).can


def leave_ends_with_its_row(case: Case) -> None:
    """What was allowed of another version of a row, or with other values, is as good as not allowed."""
    versions = {key: row.version for key, row in case.base.items()}
    older = {
        asked: replace(leave, version=versions.get(asked[0], 0) + off)
        for asked, leave in case.rules.approved.items()
        for off in (1, 2)
    }
    dead = replace(case, rules=replace(case.rules, approved=older)).guarded()
    none = replace(case, rules=replace(case.rules, approved={})).guarded()
    assert dead == none
    others = {asked: replace(leave, expected=-1, wanted=-1) for asked, leave in case.rules.approved.items()}
    assert replace(case, rules=replace(case.rules, approved=others)).guarded() == none


def what_a_service_took_off_is_nobodys_removal(case: Case) -> None:
    """It is stored and counted, never put back, and passed on only by a lane that may remove what was rated."""
    made = case.plan()
    for key in case.keys:
        for side in Side:
            other = believed(case, key, side.other)
            if not taken_by_service(case, key, side) or other is None or other.value is None:
                continue
            row = case.base.get(key)
            before = row.agreed(side).value if row else None
            written = [write for write in made.writes if write.key == key]
            spreads = case.rules.remove and case.rules.remove_when_rated and before is not None
            assert not [write for write in written if write.side is side], "it was put back"
            assert spreads or not written, "it was taken for the user's removal"
            if not spreads:
                after = made.rows.get(key, row)
                assert key in made.cleared
                assert key not in made.kept
                assert after is not None
                assert (after.agreed(side).value, after.agreed(side.other).value) == (None, other.value)
                assert not after.kept or (row is not None and row.kept)


def a_service_is_blamed_only_on_its_own_word(case: Case) -> None:
    """Nothing counts as taken off by a service that a lookup does not show as rated, or that clears nothing."""
    for key in case.plan().cleared:
        assert any(taken_by_service(case, key, side) for side in Side)


def what_must_stay_is_not_taken_off(case: Case) -> None:
    """Nothing is removed where something else wants it, or under another name than the row's own."""
    made = case.plan()
    for write in removed(made):
        assert not must_stay(case, write.key, write.side)
    for item in made.held:
        if item.why in STAYS and item.key in made.rows:
            before, after = case.base[item.key], made.rows[item.key]
            assert after is not None
            assert after.values == before.values
            assert before.agreed(item.side).native_id == ""
            assert after.version == before.version + 1


def each_title_of_a_service_is_written_once(case: Case) -> None:
    """No two writes of a plan name the same title of a service."""
    named = Counter((write.side, write.native_id) for write in case.plan().writes if write.native_id)
    assert all(count == 1 for count in named.values()), named


def a_list_that_lacks_a_title_is_noted(case: Case) -> None:
    """Where nobody can be asked, a held row notes the first list that proves something, until a list has the title."""
    made = case.plan()
    for key in {item.key for item in made.held if item.why not in STAYS} & case.base.keys():
        row = case.base[key]
        after = made.rows.get(key, row)
        if after is None:
            continue
        for side in Side:
            then, now = row.agreed(side), after.agreed(side)
            view = case.view(side)
            if key in view.listed:
                assert now.missing_at == 0
            elif then.missing_at:
                assert now.missing_at == then.missing_at
            else:
                first = not view.looks_up and then.value is not None and says_missing(case, key, side)
                first = first and _could_be_believed(case, key, side)
                assert now.missing_at == (view.taken_at if first else 0)


def _could_be_believed(case: Case, key: Key, side: Side) -> bool:
    """Whether the absence would count, had the service been asked: no doubt, no late list, no write of ours."""
    view = case.view(side)
    told = replace(view, listed={**view.listed, key: Reading(None, view.taken_at)})
    known = replace(case, source=told) if side is Side.SOURCE else replace(case, target=told)
    return believed(known, key, side) is not None


def rows_remember_what_was_there(case: Case) -> None:
    """A stored half holds the mark that was surely there, and how much the list hid when its value was agreed."""
    made = case.plan()
    waits = {item.key for item in made.held}
    rows = {key: row for key, row in made.rows.items() if row is not None and key not in waits}
    for key, row in [*rows.items(), *((write.key, write.row) for write in made.writes)]:
        written = {write.side for write in made.writes if write.key == key}
        for side in Side:
            view, before = case.view(side), _half(case.base.get(key), side)
            after = row.agreed(side)
            assert after.mark == view.marks.get(key, "")
            agreed_anew = before is None or after.value != before.value or bool(written)
            assert after.gap == (view.gap if agreed_anew or before is None else before.gap)


def _half(row: BaseRow | None, side: Side) -> Agreed | None:
    return None if row is None or row.ended else row.agreed(side)


def every_removal_says_why(case: Case) -> None:
    """A removal is somebody's own, or was allowed: nothing else takes a title off."""
    for write in removed(case.plan()):
        row = case.base[write.key]
        assert write.cause is (Cause.APPROVED if None in values(row) else Cause.REMOVED)
        assert write.version == row.version


REMOVALS: tuple[Promise, ...] = (
    removals_are_proved,
    what_the_user_took_off_is_planned,
    a_removal_that_is_not_allowed_is_kept,
    what_was_kept_waits_for_its_leave,
    leave_ends_where_the_user_sets_it_again,
    leave_ends_with_its_row,
    what_a_service_took_off_is_nobodys_removal,
    a_service_is_blamed_only_on_its_own_word,
    what_must_stay_is_not_taken_off,
    each_title_of_a_service_is_written_once,
    a_list_that_lacks_a_title_is_noted,
    rows_remember_what_was_there,
    every_removal_says_why,
)
"""Promises about removals that hold for whatever readings and rows."""
