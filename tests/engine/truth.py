"""What may be believed and what agrees, told in the words of the page and without the engine.

So the promises of a plan cannot share a mistake with it.
"""

from decimal import ROUND_HALF_UP, Decimal

from crosswatch.engine.base import BaseRow, Key
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Side
from crosswatch.model.readings import Reading, Unknown
from crosswatch.model.values import Grid, Value
from tests.engine.samples import Case


def believed(case: Case, key: Key, side: Side) -> Reading | None:
    """What may be believed of a title on a side, told in the words of the page; None where nothing may."""
    view, row = case.view(side), case.base.get(key)
    then = row.agreed(side).value if row else None
    if key in view.in_doubt:
        return None
    if key in view.listed:
        reading = view.listed[key]
        if isinstance(reading, Unknown):
            return None
    elif not view.whole or (then is not None and not missing_twice(case, key, side)):
        return None
    else:
        reading = Reading(None, view.taken_at)
    write = view.last_writes.get(key)
    if write and reading.taken_at < write.at:
        return None
    if write and reading.taken_at - write.at < view.delay and reading.value != write.value:
        return None
    if row and reading.taken_at - row.since < view.delay and reading.value != then:
        return None
    return reading


def missing_twice(case: Case, key: Key, side: Side) -> bool:
    """Where nobody can be asked: two whole lists lack the title, the delay apart, hiding no more than at the time."""
    view, row = case.view(side), case.base.get(key)
    if row is None or view.looks_up or not says_missing(case, key, side):
        return False
    first = row.agreed(side).missing_at
    return 0 < first < view.taken_at and first + view.delay <= view.taken_at


def says_missing(case: Case, key: Key, side: Side) -> bool:
    """Whether a list that lacks a title of the base says something by it: whole, and it hides no more than then."""
    view = case.view(side)
    return view.whole and key not in view.listed and view.gap <= case.base[key].agreed(side).gap


def taken_by_service(case: Case, key: Key, side: Side) -> bool:
    """Whether a title is off a watchlist because it was rated or played there, as far as anybody can know."""
    view, row, reading = case.view(side), case.base.get(key), believed(case, key, side)
    if not view.clears or reading is None or reading.value is not None or reading.mark in (None, ""):
        return False
    if row is None or row.agreed(side).value is None:
        return key in view.was_listed
    ours = view.rated_by_us.get(key)
    return reading.mark != row.agreed(side).mark or reading.mark in (f"r{ours}", f"r{ours}p")


def must_stay(case: Case, key: Key, side: Side) -> bool:
    """Whether a title may not be taken off a side: something else wants it there, or it has another name there.

    Nor on a day on which either list arrived only in part.
    """
    if not (case.source.whole and case.target.whole):
        return True
    row, reading = case.base.get(key), believed(case, key, side)
    named = row.agreed(side).native_id if row else None
    return key in case.view(side).wanted or reading is None or reading.native_id != named


def has_leave(case: Case, key: Key, side: Side, expected: Value | None, wanted: Value | None) -> bool:
    """Whether the user allowed exactly this: of this version of the row, from that value to that one."""
    row, rules, asked = case.base.get(key), case.rules, (key, side)
    leave = rules.approved.get(asked)
    if leave is None or leave.version != (row.version if row else 0):
        return False
    return (leave.expected, leave.wanted) == (expected, wanted)


def has_namesake(case: Case, key: Key, side: Side) -> bool:
    """Whether another title of the lane has the same name at that side's service: only one of them is written."""
    names: dict[Key, set[str]] = {other: set() for other in case.keys}
    for other in case.keys:
        seen = case.view(side).listed.get(other)
        names[other].add(seen.native_id if isinstance(seen, Reading) else "")
        names[other].add(case.base[other].agreed(side).native_id if other in case.base else "")
    return any(names[key] & names[other] - {""} for other in case.keys - {key})


def nearest(value: Value, grid: Grid | None) -> Value:
    """The value as a service of that grid holds it: half up on decimals, within its ends."""
    if grid is None:
        return value
    steps = (Decimal(value) / grid.step).quantize(Decimal(1), ROUND_HALF_UP)
    return min(max(int(steps) * grid.step, grid.low), grid.high)


def alike(case: Case, one: Value | None, other: Value | None) -> bool:
    """Whether two values agree on the coarser grid of both sides."""
    if one is None or other is None:
        return one is other
    grids = [case.source.grid, case.target.grid]
    coarsest = None if None in grids else max((grid for grid in grids if grid), key=lambda grid: grid.step)
    return nearest(one, coarsest) == nearest(other, coarsest)


def changed(case: Case, key: Key, side: Side) -> bool:
    """Whether a side now has the title with another value than in the base row."""
    row, reading = case.base.get(key), believed(case, key, side)
    then = row.agreed(side).value if row else None
    return reading is not None and reading.value is not None and reading.value != then


def moved(case: Case, key: Key, side: Side) -> bool:
    """Whether a believed reading shows that something happened on that side since the base row."""
    row, reading = case.base.get(key), believed(case, key, side)
    if reading is None:
        return False
    if row is None or row.ended:
        return reading.value is not None
    then = row.agreed(side)
    if reading.value != then.value:
        return True
    stamped = reading.stamp is not None and then.stamp is not None and reading.stamp > then.stamp
    return stamped and reading.value is not None and case.view(side).stamps is Stamps.USER


def values(row: BaseRow | None) -> tuple[Value | None, Value | None]:
    """What both sides said when they agreed; a row that ended is like none."""
    return (None, None) if row is None else (row.source.value, row.target.value)
