"""What every plan promises, as functions that take a lane before its plan and raise AssertionError."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from crosswatch.engine.base import BaseRow, Key, LastWrite, SideView
from crosswatch.engine.planned import Plan
from crosswatch.model.kinds import Action, Conflict, Mode, Side
from crosswatch.model.readings import Reading, Seen, Why
from tests.engine.samples import Case
from tests.engine.truth import alike, believed, changed, has_namesake, moved, nearest, values

Promise = Callable[[Case], None]
STAYS = (Why.WANTED, Why.OTHER_ID, Why.PARTIAL)
"""Why a title is not taken off although all is known of it."""


def is_total(case: Case) -> None:
    """Every title is decided, without an error, and each at most once."""
    made = case.plan()
    entries = Counter(write.key for write in made.writes)
    entries += Counter(held.key for held in made.held) + Counter(clash.key for clash in made.conflicts)
    assert all(count == 1 for count in entries.values()), entries
    assert {*entries, *made.rows} <= case.keys


def one_way_leaves_the_source_alone(case: Case) -> None:
    """Nothing ever goes to the source of a one-way lane."""
    one_way = replace(case, rules=replace(case.rules, mode=Mode.ONE_WAY))
    assert not [write for write in one_way.plan().writes if write.side is Side.SOURCE]


def what_is_unknown_is_left_alone(case: Case) -> None:
    """No write and no agreement where either side is unknown; the title is held."""
    made = case.plan()
    written = {write.key for write in made.writes}
    held = {item.key for item in made.held if item.why not in STAYS}
    for key in case.keys:
        unknown = [side for side in Side if believed(case, key, side) is None]
        assert (key in held) == bool(unknown)
        if unknown:
            assert key not in written
            assert key not in made.rows or _is_noted(made.rows[key], case.base[key])


def _is_noted(after: BaseRow | None, before: BaseRow) -> bool:
    """Whether no more is stored than that a list lacks a title, or that a row that had ended is forgotten."""
    if after is None:
        return before.ended
    return _unnoted(after) == _unnoted(before)


def _unnoted(row: BaseRow) -> BaseRow:
    return replace(row, source=replace(row.source, missing_at=0), target=replace(row.target, missing_at=0))


def a_first_run_never_removes(case: Case) -> None:
    """Without base rows nothing is removed and nothing is called a removal."""
    for remove in (True, False):
        first = replace(case, base={}, rules=replace(case.rules, remove=remove)).plan()
        assert not [write for write in first.writes if write.wanted is None]
        assert not first.kept


def writes_are_exact(case: Case) -> None:
    """A write names what is there, and what shall be there, on that side's grid; its row is what both then say."""
    for write in case.plan().writes:
        view, now, other = (
            case.view(write.side),
            believed(case, write.key, write.side),
            believed(case, write.key, write.side.other),
        )
        assert now is not None
        assert other == write.other
        assert write.expected == now.value
        assert write.wanted != write.expected
        asked = write.other.value
        assert write.wanted == (None if asked is None else nearest(asked, view.grid))
        assert (write.action is Action.REMOVE) == (write.wanted is None)
        assert (write.action is Action.ADD) == (write.expected is None)
        written, kept = write.row.agreed(write.side), write.row.agreed(write.side.other)
        assert (written.value, written.stamp) == (write.wanted, None)
        assert (kept.value, kept.stamp) == (write.other.value, write.other.stamp)
        assert write.row.since == case.now
        before = case.base.get(write.key)
        assert write.row.version == (before.version + 1 if before else 1)
        assert not write.row.kept


def what_the_user_forbids_is_not_written(case: Case) -> None:
    """Adds, changes and removals happen only where the lane allows them."""
    allowed = {Action.ADD: case.rules.add, Action.CHANGE: case.rules.change, Action.REMOVE: case.rules.remove}
    assert all(allowed[write.action] for write in case.plan().writes)


def young_readings_change_nothing(case: Case) -> None:
    """Until a row is as old as a side's delay, another reading of that side neither writes nor agrees anything."""
    fresh = replace(case, base={key: replace(row, since=case.now) for key, row in case.base.items()})
    made = fresh.plan()
    for key, row in fresh.base.items():
        for side in Side:
            reading = case.view(side).listed.get(key)
            differs = isinstance(reading, Reading) and reading.value != row.agreed(side).value
            if differs and case.view(side).delay > 0:
                assert key not in made.rows or _is_noted(made.rows[key], row)
                assert key not in {write.key for write in made.writes}


def rows_say_what_was_read(case: Case) -> None:
    """A stored row holds both current readings, or the agreed values; its age and version follow its values."""
    made = case.plan()
    waits = {item.key for item in made.held}
    for key, row in made.rows.items():
        before = case.base.get(key)
        if row is None or key in waits:
            assert before is not None
            continue
        for side in Side:
            reading = believed(case, key, side)
            assert reading is not None
            assert row.agreed(side).value == reading.value
        if before is not None and values(row) == values(before) and not before.ended:
            assert row.since == before.since
        else:
            assert row.since == case.now
            assert row.version == (before.version + 1 if before else 1)


def a_title_gone_from_both_sides_ends(case: Case) -> None:
    """Where both sides say absent nothing is written and the row ends, whatever a table says."""
    made = case.plan()
    for key, row in case.base.items():
        sides = [believed(case, key, side) for side in Side]
        if all(reading is not None and reading.value is None for reading in sides) and not row.ended:
            assert key not in {write.key for write in made.writes}
            ended = made.rows[key]
            assert ended is not None
            assert ended.ended
            assert not ended.kept
            assert ended.since == case.now
            if case.keys == {key}:
                assert (made.left, made.kept, made.adopted) == (0, [], 0)


def ended_rows_are_remembered_and_forgotten(case: Case) -> None:
    """A row that ended stays until no late list can show the title any more, and then goes."""
    made = case.plan()
    for key, row in case.base.items():
        old = all(case.view(side).taken_at >= row.since + case.view(side).delay for side in Side)
        if made.rows.get(key, row) is None:
            assert row.ended
            assert old
        if row.ended and old and key not in {write.key for write in made.writes}:
            assert made.rows.get(key) != row
            assert key in made.rows


def only_what_we_put_there_is_ours(case: Case) -> None:
    """A title is ours where this lane put it on a target without it, until the target itself changes it."""
    made = case.plan()
    waits = {item.key for item in made.held}
    for key, row in made.rows.items():
        before = case.base.get(key)
        if key in waits:
            continue
        if row is not None and row.ours:
            assert before is not None
            assert before.ours
            assert not moved(case, key, Side.TARGET)
        if row is not None and before is not None and before.ours and not before.ended:
            assert row.ours or moved(case, key, Side.TARGET)
    for write in made.writes:
        before = case.base.get(write.key)
        if write.side is Side.TARGET and write.action is Action.ADD:
            assert write.row.ours
        elif write.row.ours:
            assert before is not None
            assert before.ours
            assert not moved(case, write.key, Side.TARGET)


def one_way_removes_only_what_is_ours(case: Case) -> None:
    """A one-way lane takes from the target only what it put there and what nobody touched since."""
    one_way = replace(case, rules=replace(case.rules, mode=Mode.ONE_WAY))
    for write in one_way.plan().writes:
        if write.wanted is None:
            assert case.base[write.key].ours
            assert not moved(case, write.key, Side.TARGET)


def the_finer_side_is_written_only_for_a_change_on_the_coarser(case: Case) -> None:
    """Unless something happened on the coarser side, or both sides clash, the finer side is left alone."""
    source, target = case.source.grid, case.target.grid
    if source is None or target is None or source.step == target.step:
        return
    finer = Side.SOURCE if source.step < target.step else Side.TARGET
    for write in case.plan().writes:
        assert write.side is not finer or moved(case, write.key, finer.other)


def what_agrees_is_not_written(case: Case) -> None:
    """Where both sides have the title and agree on the coarser grid, nothing is written."""
    for write in case.plan().writes:
        assert write.expected is None or not alike(case, write.expected, write.other.value)


def a_clash_ends_by_its_rule(case: Case) -> None:
    """Where both sides changed to different values the rule says which of them is written, if any."""
    rules = replace(case.rules, change=True)
    case = able(replace(case, rules=rules))
    made = case.plan()
    for key in case.keys:
        source, target = (believed(case, key, side) for side in Side)
        if source is None or target is None or not all(changed(case, key, side) for side in Side):
            continue
        if any(has_namesake(case, key, side) for side in Side):
            continue
        if alike(case, source.value, target.value):
            assert key in made.rows
            continue
        written = [write.side for write in made.writes if write.key == key]
        asked = key in {clash.key for clash in made.conflicts}
        if rules.conflict is Conflict.ASK:
            assert asked
        elif rules.conflict is Conflict.SOURCE:
            assert written == [Side.TARGET] or nearest(source.value or 0, case.target.grid) == target.value
        elif rules.conflict is Conflict.TARGET and rules.mode is Mode.TWO_WAY:
            assert written == [Side.SOURCE] or nearest(target.value or 0, case.source.grid) == source.value
        elif rules.conflict is Conflict.TARGET:
            assert not written
            assert made.left
        assert not (asked and written)


def what_is_agreed_learns_stamps_late_and_never_loses_any(case: Case) -> None:
    """While values stay, a row takes over newer stamps and native ids; the stamp not before late lists are over."""
    made = case.plan()
    for key, row in case.base.items():
        readings = {side: believed(case, key, side) for side in Side}
        if row.ended or any(r is None or r.value != row.agreed(side).value for side, r in readings.items()):
            continue
        after = made.rows.get(key, row)
        assert after is not None
        for side, reading in readings.items():
            assert reading is not None
            then, now, write = row.agreed(side), after.agreed(side), case.view(side).last_writes.get(key)
            quiet = max(row.since, write.at if write else 0) + case.view(side).delay
            newer = reading.stamp is not None and (then.stamp is None or reading.stamp > then.stamp)
            assert now.stamp == (reading.stamp if newer and reading.taken_at >= quiet else then.stamp)
            assert now.native_id == (reading.native_id or then.native_id)


def newest_goes_by_the_users_own_dates(case: Case) -> None:
    """By "newest", a clash is settled only by two dates that no write of ours can have made."""
    newest = replace(case, rules=replace(case.rules, conflict=Conflict.NEWEST, own_dates=True))
    settled = {write.key for write in newest.plan().writes}
    for key in newest.keys:
        readings = {side: believed(newest, key, side) for side in Side}
        if all(reading and changed(newest, key, side) for side, reading in readings.items()):
            for side, reading in readings.items():
                write = newest.view(side).last_writes.get(key)
                ours = write is not None and reading is not None and write.value == reading.value
                assert not ours or key not in settled


def able(case: Case) -> Case:
    """The same between services that can do everything."""
    everything = frozenset(Action)
    return replace(
        case, source=replace(case.source, can=everything), target=replace(case.target, can=everything)
    )


def later(case: Case, made: Plan) -> Case:
    """The lane after all of a plan was done and all delays have passed: lists are whole, absences looked up."""
    base = {key: row for key, row in {**case.base, **made.rows}.items() if row is not None}
    now = case.now + max(case.source.delay, case.target.delay) + 1
    sides: dict[Side, SideView] = {}
    for side in Side:
        view = case.view(side)
        writes = {write.key: write.wanted for write in made.writes if write.side is side}
        listed: dict[Key, Seen] = {}
        for key in case.keys:
            reading = view.listed.get(key, Reading(None, 0))
            if key in writes:
                reading = Reading(writes[key], now, _next(reading), None, "w")
            listed[key] = replace(reading, taken_at=now) if isinstance(reading, Reading) else reading
        sides[side] = replace(
            view,
            listed=listed,
            whole=True,
            taken_at=now,
            last_writes={
                **view.last_writes,
                **{key: LastWrite(value, case.now) for key, value in writes.items()},
            },
        )
    base.update({write.key: write.row for write in made.writes})
    return Case(base, sides[Side.SOURCE], sides[Side.TARGET], case.rules, now)


def _next(reading: Seen) -> int:
    return 1 + ((reading.stamp or 0) if isinstance(reading, Reading) else 0)


def comes_to_rest(case: Case) -> None:
    """Two rounds after the last edit nothing is written and no value is agreed; then nothing is stored at all.

    Of titles that a service takes for one only one is written in a round; what a service calls a title may have to be
    learned in one of its own.
    """
    if any(has_namesake(case, key, side) for key in case.keys for side in Side):
        return
    once = later(case, case.plan())
    learned = [item for item in once.plan().held if item.why is Why.OTHER_ID]
    once = later(once, once.plan()) if learned else once
    twice = later(once, once.plan())
    made = twice.plan()
    assert not made.writes
    assert not made.kept
    for key, row in made.rows.items():
        assert values(row) == values(twice.base[key])
    rest = later(twice, made).plan()
    assert (rest.writes, rest.rows, rest.kept) == ([], {}, [])


def sides_agree_in_the_end(case: Case) -> None:
    """After two rounds both sides agree on the coarser grid, except where rules or user say otherwise."""
    allowed = replace(case.rules, mode=Mode.TWO_WAY, add=True, change=True, remove=True)
    two_way = able(replace(case, rules=allowed))
    first = two_way.plan()
    once = later(two_way, first)
    second = once.plan()
    twice = later(once, second)
    made = twice.plan()
    excepted = {item.key for item in made.held} | {clash.key for clash in made.conflicts}
    excepted |= {item.key for item in (*first.held, *second.held) if item.why in STAYS}
    excepted |= {*first.cleared, *second.cleared, *made.cleared}
    for key in twice.keys - excepted:
        source, target = believed(twice, key, Side.SOURCE), believed(twice, key, Side.TARGET)
        assert source is not None
        assert target is not None
        row = case.base.get(key)
        differ = row is not None and None in values(row) and values(row) == (source.value, target.value)
        assert differ or alike(case, source.value, target.value)


ALWAYS: tuple[Promise, ...] = (
    is_total,
    one_way_leaves_the_source_alone,
    what_is_unknown_is_left_alone,
    a_first_run_never_removes,
    writes_are_exact,
    what_the_user_forbids_is_not_written,
    young_readings_change_nothing,
    rows_say_what_was_read,
    a_title_gone_from_both_sides_ends,
    ended_rows_are_remembered_and_forgotten,
    only_what_we_put_there_is_ours,
    one_way_removes_only_what_is_ours,
    what_agrees_is_not_written,
    a_clash_ends_by_its_rule,
    what_is_agreed_learns_stamps_late_and_never_loses_any,
    newest_goes_by_the_users_own_dates,
)
"""Promises that hold for whatever readings and rows."""

SOUND: tuple[Promise, ...] = (
    comes_to_rest,
    sides_agree_in_the_end,
    the_finer_side_is_written_only_for_a_change_on_the_coarser,
)
"""Promises that need values on their grids and rows as lanes make them."""
