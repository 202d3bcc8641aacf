"""The guard: more removals or overwrites than people make by hand wait until they are allowed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crosswatch.engine.base import BaseRow, Key, Rules, SideView
from crosswatch.engine.planned import Cause, Clash, Plan, PlannedWrite
from crosswatch.model.kinds import Action, Side
from crosswatch.model.readings import Why

WINDOW_MS = 24 * 60 * 60 * 1000
"""The time over which removals and overwrites of all runs are counted together."""

APPROVAL_MS = 7 * 24 * 60 * 60 * 1000
"""How long it counts that somebody allowed a write that waited."""

FEWEST_REMOVALS, REMOVALS_SHARE = 3, 10
FEWEST_OVERWRITES, OVERWRITES_SHARE = 10, 5
"""So many pass in any case; beyond that one in so many of the titles of the base."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the guard counts with. ``base``: titles of the lane's base.

    ``lately``: how many titles of a side runs of this lane have removed, or overwritten, within the window without
    being asked.
    """

    base: int
    lately: Mapping[tuple[Side, Action], int] = field(default_factory=dict)

    def most(self, action: Action) -> int:
        """How many titles of one side may be removed, or overwritten, within the window."""
        if action is Action.REMOVE:
            return max(FEWEST_REMOVALS, self.base // REMOVALS_SHARE)
        return max(FEWEST_OVERWRITES, self.base // OVERWRITES_SHARE)

    def passed(self, action: Action, side: Side, planned: int) -> bool:
        """Whether so many more would be too many."""
        return planned + self.lately.get((side, action), 0) > self.most(action)


def guard(
    made: Plan, base: Mapping[Key, BaseRow], views: Mapping[Side, SideView], rules: Rules, bounds: Bounds
) -> None:
    """Takes out of the plan what has to wait: then ``made.waiting`` or, of lists that meet first, questions.

    What the user allowed, or answered, is done and does not count. What waited once goes on waiting for an answer.
    """
    _hold_removals(made, views, rules, bounds)
    _hold_overwrites(made, base, rules, bounds)


def _hold_removals(made: Plan, views: Mapping[Side, SideView], rules: Rules, bounds: Bounds) -> None:
    """Beyond the bound of either side all of them wait; else those that waited before, or that nothing but an empty
    list or two lists without the title speak for.

    Titles that a list lacks and that nobody was asked about yet count as well: only some are looked up in a run, and
    a list that lost thousands would take a tenth of the other one with it day by day, a few at a time.
    """
    unasked = [write for write in _unasked(made, rules) if write.action is Action.REMOVE]
    counts = {side: sum(write.side is side for write in unasked) for side in Side}
    missing = Counter(held.side.other for held in made.held if held.why is Why.NOT_PROVED)
    too_many = any(
        bounds.passed(Action.REMOVE, side, count + missing[side]) for side, count in counts.items() if count
    )

    def waits(write: PlannedWrite) -> bool:
        source = views[write.side.other]
        weak = source.emptied or not source.looks_up
        return too_many or weak or (write.key, write.side) in rules.waiting

    _hold(made, [write for write in unasked if waits(write)])


def _hold_overwrites(made: Plan, base: Mapping[Key, BaseRow], rules: Rules, bounds: Bounds) -> None:
    """Where a first meeting of two lists would overwrite that many, no edit stands behind any of them: a pair that
    was made the wrong way round would do it to a whole account. Each is a question then; an edit only waits."""
    for side in Side:
        unasked = [
            write
            for write in _unasked(made, rules)
            if write.action is Action.CHANGE and write.side is side and write.cause is not Cause.ANSWERED
        ]
        too_many = bounds.passed(Action.CHANGE, side, len(unasked))
        waits = [write for write in unasked if too_many or (write.key, write.side) in rules.waiting]
        met = {write.key for write in waits if write.key not in base}
        made.conflicts += [_question(write) for write in waits if write.key in met]
        _hold(made, waits)
        made.waiting = [write for write in made.waiting if write.key not in met]


def _unasked(made: Plan, rules: Rules) -> list[PlannedWrite]:
    """The writes that nobody has allowed."""
    return [write for write in made.writes if not is_allowed(write, rules)]


def is_allowed(write: PlannedWrite, rules: Rules) -> bool:
    """Whether the user allowed this write, with these values, as the base row is now."""
    return rules.has_approved(
        write.key, write.side, version=write.version, expected=write.expected, wanted=write.wanted
    )


def _hold(made: Plan, writes: Iterable[PlannedWrite]) -> None:
    """Each title is written once at most, so its key names the write."""
    held = {write.key: write for write in writes}
    made.waiting += held.values()
    made.writes = [write for write in made.writes if write.key not in held]


def _question(write: PlannedWrite) -> Clash:
    there, other = write.expected, write.other.value
    assert there is not None, "a change has something to overwrite"
    assert other is not None, "a change has something to write"
    if write.side is Side.TARGET:
        return Clash(write.key, other, there)
    return Clash(write.key, there, other)
