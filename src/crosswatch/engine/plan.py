"""The plan of one lane: every title decided once, from what was agreed and what both sides say."""

from collections.abc import Iterable, Mapping

from crosswatch.engine.base import BaseRow, Key, Rules, SideView
from crosswatch.engine.delta import is_quiet, needs_proof
from crosswatch.engine.planned import Held, Plan
from crosswatch.engine.title import Lane, Title
from crosswatch.model.kinds import Action, Side
from crosswatch.model.readings import Why

LOOKUPS_PER_SIDE = 50
"""Titles per side and run whose absence is proved; the rest waits for the next run. Approved removals come on top."""


def to_look_up(
    base: Mapping[Key, BaseRow], source: SideView, target: SideView, rules: Rules
) -> dict[Side, list[Key]]:
    """The titles whose absence must be proved by the service's own word in this run.

    First those whose removal was approved, all of them; then those that wait longest, fifty of a side.
    """
    found: dict[Side, list[Key]] = {}
    for side, view in ((Side.SOURCE, source), (Side.TARGET, target)):
        approved = [
            key
            for (key, written), leave in rules.approved.items()
            if written is side.other and key in base and key not in view.listed and leave.wanted is None
        ]
        chosen = set(approved)
        missing = [
            (row.looked_at, row.since, key)
            for key, row in base.items()
            if needs_proof(key, row.agreed(side), view) and key not in chosen
        ]
        found[side] = approved + [key for _, _, key in sorted(missing)[:LOOKUPS_PER_SIDE]]
    return found


def plan(base: Mapping[Key, BaseRow], source: SideView, target: SideView, rules: Rules, *, now: int) -> Plan:
    """Decides every title that either side or the base knows; pure and total. ``now``: UTC ms.

    Writes come oldest first, for services date by arrival: by their dates where all have one, else in the order of
    the lists. Removals come last.
    """
    made = Plan()
    lane = Lane(source, target, rules, now)
    for key in _keys(source.listed, target.listed, base):
        row = base.get(key)
        if row is None or not is_quiet(key, row, source, target, rules):
            Title(key, row, lane).into(made)
    if all(write.other.date is not None for write in made.writes if write.action is not Action.REMOVE):
        made.writes.sort(key=lambda write: write.other.date.at if write.other.date else 0)
    made.writes.sort(key=lambda write: write.action is Action.REMOVE)
    _one_write_per_native_id(made)
    return made


def _one_write_per_native_id(made: Plan) -> None:
    """Holds a write of a title that its service takes for another one that is written before it."""
    first: dict[tuple[Side, str], Key] = {}
    for write in made.writes:
        if write.native_id and first.setdefault((write.side, write.native_id), write.key) != write.key:
            made.held.append(Held(write.key, write.side, Why.OTHER_ID))
    held = {item.key for item in made.held}
    made.writes = [write for write in made.writes if write.key not in held]


def _keys(*parts: Iterable[Key]) -> Iterable[Key]:
    return dict.fromkeys(key for part in parts for key in part)
