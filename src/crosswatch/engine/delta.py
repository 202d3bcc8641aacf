"""What one side did to one title since both sides last agreed, and which readings may not be believed."""

from enum import StrEnum

from crosswatch.engine.base import Agreed, BaseRow, Key, Rules, SideView
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Side
from crosswatch.model.readings import Reading, Seen, Unknown, Why


class Delta(StrEnum):
    """The six things that a side can have done."""

    NOTHING = "."
    NEW = "+"
    SAME = "="
    TOUCHED = "t"
    CHANGED = "~"
    GONE = "-"
    UNKNOWN = "?"


def needs_proof(key: Key, agreed: Agreed | None, view: SideView) -> bool:
    """Whether the absence of a title must be looked up: the row says present, and the listing lacks it."""
    return agreed is not None and agreed.value is not None and key not in view.listed


def is_evidence(agreed: Agreed, view: SideView) -> bool:
    """Whether a list that lacks a title says something about it: whole, and hiding no more than it did then."""
    return view.whole and view.gap <= agreed.gap


def shows_missing(key: Key, row: BaseRow, side: Side, view: SideView) -> bool:
    """Whether this list is a first proof that a title is missing: evidence, and old enough to be believed."""
    agreed = row.agreed(side)
    if key in view.in_doubt or not needs_proof(key, agreed, view) or not is_evidence(agreed, view):
        return False
    return isinstance(_old_enough(key, Reading(None, view.taken_at), row, side, view), Reading)


def _missing_twice(agreed: Agreed, view: SideView) -> bool:
    """The proof of services that cannot be asked about single titles: two whole lists, the delay apart, lack it."""
    if view.looks_up or not agreed.missing_at or not is_evidence(agreed, view):
        return False
    return view.taken_at > agreed.missing_at and view.taken_at >= agreed.missing_at + view.delay


def seen(key: Key, row: BaseRow | None, side: Side, view: SideView) -> Seen:
    """What may be believed of a title on a side; an absence counts only where it is proved.

    A looked-up answer stands in ``view.listed`` like any other reading; so a title that is not there was neither
    listed nor looked up.
    """
    agreed = row.agreed(side) if row is not None else None
    if key in view.in_doubt:
        return Unknown(Why.IN_DOUBT)
    now = view.listed.get(key)
    if now is None:
        if not view.whole:
            return Unknown(Why.NOT_WHOLE)
        if agreed is not None and needs_proof(key, agreed, view) and not _missing_twice(agreed, view):
            return Unknown(Why.NOT_PROVED)
        now = Reading(None, view.taken_at)
    if isinstance(now, Unknown):
        return now
    return _old_enough(key, now, row, side, view)


def _old_enough(key: Key, now: Reading, row: BaseRow | None, side: Side, view: SideView) -> Seen:
    """The reading, or UNKNOWN where late lists or our own write may still be what it shows."""
    write = view.last_writes.get(key)
    if write is not None and (
        now.taken_at < write.at or (now.taken_at < write.at + view.delay and now.value != write.value)
    ):
        return Unknown(Why.OWN_WRITE)
    if row is None:
        return now
    if now.value != row.agreed(side).value and now.taken_at < row.since + view.delay:
        return Unknown(Why.YOUNG)
    return now


def delta(agreed: Agreed | None, now: Seen, stamps: Stamps) -> Delta:
    """The table of what a side did; total over every base (None: no row) and every reading."""
    if isinstance(now, Unknown):
        return Delta.UNKNOWN
    if agreed is None:
        return Delta.NOTHING if now.value is None else Delta.NEW
    if now.value != agreed.value:
        return Delta.GONE if now.value is None else Delta.CHANGED
    touched = (
        now.value is not None
        and stamps is Stamps.USER
        and now.stamp is not None
        and agreed.stamp is not None
        and now.stamp > agreed.stamp
    )
    return Delta.TOUCHED if touched else Delta.SAME


def is_quiet(key: Key, row: BaseRow, source: SideView, target: SideView, rules: Rules) -> bool:
    """Whether both sides still have a title as it was agreed, nothing is learned of it, and nobody answered about it.

    Every table then says that nothing is to be done, so most titles of most runs need no closer look.
    """
    return (
        _says_the_same(key, row.source, source)
        and _says_the_same(key, row.target, target)
        and key not in rules.answers
    )


def _says_the_same(key: Key, agreed: Agreed, view: SideView) -> bool:
    now = view.listed.get(key)
    if not isinstance(now, Reading) or now.value is None or now.value != agreed.value:
        return False
    write = view.last_writes.get(key)
    return (
        (now.stamp is None or (agreed.stamp is not None and now.stamp <= agreed.stamp))
        and (not now.native_id or now.native_id == agreed.native_id)
        and view.marks.get(key, "") == agreed.mark
        and not agreed.missing_at
        and key not in view.in_doubt
        and (write is None or now.taken_at >= write.at + view.delay)
    )
