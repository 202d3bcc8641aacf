"""What is never more than so many: removals and overwrites without leave, lookups of a run; and the short way."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from crosswatch.engine import delta
from crosswatch.engine.base import Answer, Key
from crosswatch.engine.planned import Cause, Plan, PlannedWrite
from crosswatch.engine.title import Lane, Title
from crosswatch.model.kinds import Action, Mode, Side
from crosswatch.model.readings import Reading, Unknown, Why
from tests.engine.promises import Promise
from tests.engine.samples import Case
from tests.engine.truth import has_leave

Named = set[tuple[Key, Side]]


def named(writes: Collection[PlannedWrite]) -> Named:
    """Which titles are written, and where."""
    return {(write.key, write.side) for write in writes}


def the_guard_lets_no_more_through(case: Case) -> None:
    """Without leave at most three removals or a tenth of the base a side and day; beyond it none, on either side.

    None on the word of a side without a single row, or that cannot be asked about single titles; none that waited.
    Titles that a list lacks and that were not looked up yet count, too.
    """
    before = case.plan()
    unasked = [write for write in before.writes if not _has_leave(case, write)]
    missing = Counter(item.side.other for item in before.held if item.why is Why.NOT_PROVED)
    planned = [write for write in unasked if write.action is Action.REMOVE]
    made = case.guarded()
    done, waiting = named(made.writes), named(made.waiting)
    counts = {side: sum(write.side is side for write in planned) for side in Side}
    too_many = any(
        _too_many(case, Action.REMOVE, side, count + missing[side]) for side, count in counts.items() if count
    )
    for write in planned:
        asked, word = (write.key, write.side), write.side.other
        weak = not _has_rows(case, word) or not case.view(word).looks_up
        assert (asked in waiting) == (too_many or weak or asked in case.rules.waiting)
        assert (asked in waiting) != (asked in done)


def the_guard_asks_before_it_overwrites_many(case: Case) -> None:
    """Without leave at most ten overwrites or a fifth of the base a side and day; where lists first meet it asks."""
    made = case.guarded()
    done, waiting = named(made.writes), named(made.waiting)
    asked_about = {clash.key for clash in made.conflicts}
    unasked = [write for write in case.plan().writes if not _has_leave(case, write)]
    for side in Side:
        planned = [write for write in unasked if write.side is side and write.action is Action.CHANGE]
        too_many = _too_many(case, Action.CHANGE, side, len(planned))
        for write in planned:
            waits = too_many or (write.key, side) in case.rules.waiting
            met = write.key not in case.base
            assert ((write.key, side) in waiting) == (waits and not met)
            assert (write.key in asked_about) == (waits and met)
            assert ((write.key, side) in done) != waits


def the_guard_loses_nothing(case: Case) -> None:
    """What is planned is done, waits, or is a question; what is added, and what was allowed, is done."""
    before, made = case.plan(), case.guarded()
    asked = {clash.key for clash in made.conflicts} - {clash.key for clash in before.conflicts}
    apart = {pair for pair in named(before.writes) if pair[0] in asked}
    assert named(before.writes) == named(made.writes) | named(made.waiting) | apart
    assert len(before.writes) == len(made.writes) + len(made.waiting) + len(asked)
    assert [write for write in before.writes if (write.key, write.side) in named(made.writes)] == made.writes
    for write in (*made.waiting, *(write for write in before.writes if write.key in asked)):
        assert not _has_leave(case, write)
        assert write.action is not Action.ADD
    assert (made.rows, made.held) == (before.rows, before.held)


def _has_leave(case: Case, write: PlannedWrite) -> bool:
    """Whether the user allowed exactly this, or chose it."""
    leave = has_leave(case, write.key, write.side, write.expected, write.wanted)
    return leave or (write.cause is Cause.ANSWERED and write.action is not Action.REMOVE)


def _too_many(case: Case, action: Action, side: Side, planned: int) -> bool:
    """Told in the words of the page, in whole numbers."""
    least, parts = (3, 10) if action is Action.REMOVE else (10, 5)
    together = planned + case.bounds.lately.get((side, action), 0)
    return planned > 0 and together > least and together * parts > case.bounds.base


def _has_rows(case: Case, side: Side) -> bool:
    """Whether the list of a side, and not only lookups, holds anything."""
    for seen in case.view(side).listed.values():
        if isinstance(seen, Unknown):
            if seen.why is Why.TWO_ROWS:
                return True
        elif seen.value is not None and seen.mark is None:
            return True
    return False


def lookups_are_bounded(case: Case) -> None:
    """Only unlisted titles that the base calls present, and those allowed; these first, then a bounded number."""
    from crosswatch.engine import plan as planner

    found = planner.to_look_up(case.base, case.source, case.target, case.rules)
    for side, keys in found.items():
        listed = case.view(side).listed
        removals = [asked for asked, leave in case.rules.approved.items() if leave.wanted is None]
        allowed = {key for key, written in removals if written is side.other}
        allowed = {key for key in allowed if key in case.base and key not in listed}
        missing = {
            key
            for key, row in case.base.items()
            if row.agreed(side).value is not None and key not in listed and key not in allowed
        }
        first, rest = keys[: len(allowed)], keys[len(allowed) :]
        assert set(first) == allowed
        assert set(rest) <= missing
        assert len(rest) == min(len(missing), planner.LOOKUPS_PER_SIDE)
        waits = {key: (case.base[key].looked_at, case.base[key].since, key) for key in missing}
        assert rest == sorted(rest, key=waits.__getitem__)
        assert not [key for key in missing - set(rest) if rest and waits[key] < waits[rest[-1]]]


def the_short_way_decides_the_same(case: Case) -> None:
    """A title that needs no closer look is decided as if it had been looked at closely."""
    answers = {
        key: Answer(source.value, target.value, Side.SOURCE)
        for key in case.keys
        if isinstance(source := case.source.listed.get(key), Reading)
        and isinstance(target := case.target.listed.get(key), Reading)
    }
    for mode in Mode:
        for answered in ({}, answers):
            rules = replace(case.rules, mode=mode, answers=answered)
            lane = Lane(case.source, case.target, rules, case.now)
            for key, row in case.base.items():
                if delta.is_quiet(key, row, case.source, case.target, rules):
                    closely = Plan()
                    Title(key, row, lane).into(closely)
                    assert closely == Plan()


BOUNDS: tuple[Promise, ...] = (
    the_guard_lets_no_more_through,
    the_guard_asks_before_it_overwrites_many,
    the_guard_loses_nothing,
    lookups_are_bounded,
    the_short_way_decides_the_same,
)
"""Promises about what is counted that hold for whatever readings and rows."""
