"""What waits for the user, and what the user said to it: as the store keeps it, without a database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from crosswatch.engine.base import Approval, BaseRow, Key
from crosswatch.engine.planned import Plan, PlannedWrite
from crosswatch.model.kinds import Side
from crosswatch.model.values import Value
from tests.engine.promises import STAYS

Asked = tuple[Key, Side]
"""A title, and the side that would be written."""

LEAVE = 600
"""How long leave holds in this world, in ms."""


@dataclass
class Question:
    """What was asked: of which version of a row, with which values there and on the other side, and what for."""

    version: int
    there: Value | None
    other: Value | None
    wanted: Value | None
    allowed_at: int | None = None


@dataclass
class Inbox:
    """``guarded``: what the guard held. ``kept``: removals that were seen while the lane did not remove."""

    guarded: dict[Asked, Question] = field(default_factory=dict)
    kept: dict[Asked, Question] = field(default_factory=dict)

    @property
    def open(self) -> dict[Asked, Question]:
        """What nobody has answered."""
        return {asked: one for asked, one in {**self.kept, **self.guarded}.items() if one.allowed_at is None}

    def waiting(self) -> frozenset[Asked]:
        """What the guard held and nobody has answered."""
        return frozenset(asked for asked, one in self.guarded.items() if one.allowed_at is None)

    def approved(self, now: int) -> dict[Asked, Approval]:
        """What the user allowed, while that holds."""
        return {
            asked: Approval(one.version, one.there, one.wanted) for asked, one in self._allowed(now).items()
        }

    def _allowed(self, now: int) -> dict[Asked, Question]:
        return {
            asked: one
            for asked, one in {**self.kept, **self.guarded}.items()
            if one.allowed_at is not None and one.allowed_at > now - LEAVE
        }

    def allows(self, write: PlannedWrite, now: int) -> bool:
        """Whether the user said yes to exactly this; told without the engine."""
        one = self._allowed(now).get((write.key, write.side))
        asked_about = (write.version, write.expected, write.wanted)
        return one is not None and (one.version, one.there, one.wanted) == asked_about

    def allow(self, asked: Asked, now: int) -> None:
        """The user says yes."""
        for questions in (self.kept, self.guarded):
            if asked in questions:
                questions[asked].allowed_at = now

    def refuse(self, asked: Asked, base: dict[Key, BaseRow], now: int) -> None:
        """The user says no: both sides stay as they were asked about, which is agreed from now on."""
        question = self.kept.pop(asked, None) or self.guarded.pop(asked)
        row = base.get(asked[0])
        if row is None or row.version != question.version:
            return
        for side, value in ((asked[1], question.there), (asked[1].other, question.other)):
            half = row.agreed(side)
            if half.value != value:
                row = row.with_half(side, replace(half, value=value, stamp=None))
        base[asked[0]] = replace(row, kept=False, ours=False, since=now, version=row.version + 1)

    def keep(self, made: Plan, allowed: Collection[Asked], base: Mapping[Key, BaseRow]) -> None:
        """Makes the questions those of this plan; an answer stays until its write is done or no longer derived."""
        derived = {(write.key, write.side): write for write in made.waiting}
        unclear = {
            (item.key, side)
            for item in made.held
            for side in Side
            if side is item.side or item.why not in STAYS
        }
        self.guarded = {
            asked: one
            for asked, one in self.guarded.items()
            if _stays(one, derived.get(asked), is_done=asked in allowed, is_unclear=asked in unclear)
        }
        for asked, write in derived.items():
            self.guarded.setdefault(asked, _question(write))
        self.drop_outdated(base)

    def ask_about_kept(self, base: Mapping[Key, BaseRow]) -> None:
        """The lane may remove from now on: what was kept is asked about, once."""
        for key, row in base.items():
            if row.kept:
                side = Side.TARGET if row.source.value is None else Side.SOURCE
                there, other = row.agreed(side).value, row.agreed(side.other).value
                self.kept[key, side] = Question(row.version, there, other, None)

    def drop_outdated(self, base: Mapping[Key, BaseRow]) -> None:
        """Forgets every question about a kept removal whose row is another one by now."""
        self.kept = {
            asked: one
            for asked, one in self.kept.items()
            if (row := base.get(asked[0])) is not None and row.kept and row.version == one.version
        }


def _question(write: PlannedWrite) -> Question:
    return Question(write.version, write.expected, write.other.value, write.wanted)


def _stays(one: Question, write: PlannedWrite | None, *, is_done: bool, is_unclear: bool) -> bool:
    if one.allowed_at is None and write is not None:
        return one == _question(write)
    return (is_done and one.allowed_at is not None) or (write is None and is_unclear)
