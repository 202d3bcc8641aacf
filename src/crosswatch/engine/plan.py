"""The plan of one lane: every title decided once, from what was agreed and what both sides say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from crosswatch.engine.base import Agreed, BaseRow, Dated, Key, Rules, SideView
from crosswatch.engine.decide import Decision, Verb, cell, conflict, decide
from crosswatch.engine.delta import Delta, delta, needs_proof, seen
from crosswatch.model.kinds import Action, Mode, Side
from crosswatch.model.readings import Date, Reading, Seen, Unknown, Why
from crosswatch.model.values import Value, same


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One value to be put on, or taken from, one side. ``row`` is the base row that a success leaves behind.

    ``native_id``: what the written side calls the title, empty where it has not said. ``other``: the reading of the
    other side on which the decision rests.
    """

    key: Key
    side: Side
    action: Action
    native_id: str
    expected: Value | None
    wanted: Value | None
    other: Reading
    row: BaseRow


@dataclass(frozen=True, slots=True)
class Held:
    """A title of which nothing is concluded in this run, and why."""

    key: Key
    side: Side
    why: Why


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed to different values, and the rule is to ask."""

    key: Key
    source: Value
    target: Value


@dataclass(slots=True)
class Plan:
    """What shall happen in a lane. ``rows``: base rows to store before any write; None ends one.

    ``adopted`` counts agreements found, ``left`` differences that stay as the user left them, ``kept`` removals seen
    while the lane does not remove.
    """

    writes: list[PlannedWrite] = field(default_factory=list)
    rows: dict[Key, BaseRow | None] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    adopted: int = 0
    left: int = 0
    kept: int = 0


def to_look_up(base: Mapping[Key, BaseRow], source: SideView, target: SideView) -> dict[Side, list[Key]]:
    """The titles whose absence must be proved by the service's own word, the longest waiting first."""
    oldest_first = sorted(base.items(), key=lambda item: (item[1].looked_at, item[1].since))
    return {
        side: [key for key, row in oldest_first if needs_proof(key, row.agreed(side), view)]
        for side, view in ((Side.SOURCE, source), (Side.TARGET, target))
    }


def plan(base: Mapping[Key, BaseRow], source: SideView, target: SideView, rules: Rules, *, now: int) -> Plan:
    """Decides every title that either side or the base knows; pure and total. ``now``: UTC ms.

    Writes come oldest first, for services date by arrival: by their dates where all have one, else in the order of
    the lists. Removals come last.
    """
    made = Plan()
    for key in _keys(source.listed, target.listed, base):
        _Title(key, base.get(key), source, target, rules, now).into(made)
    if all(write.other.date is not None for write in made.writes if write.action is not Action.REMOVE):
        made.writes.sort(key=lambda write: write.other.date.at if write.other.date else 0)
    made.writes.sort(key=lambda write: write.action is Action.REMOVE)
    return made


def _keys(*parts: Iterable[Key]) -> Iterable[Key]:
    return dict.fromkeys(key for part in parts for key in part)


class _Title:
    """One title of a lane while it is being decided."""

    def __init__(
        self, key: Key, row: BaseRow | None, source: SideView, target: SideView, rules: Rules, now: int
    ) -> None:
        self.key, self.rules, self.now = key, rules, now
        self.views = {Side.SOURCE: source, Side.TARGET: target}
        self.stored = row
        self.seen: dict[Side, Seen] = {side: seen(key, row, side, view) for side, view in self.views.items()}
        unknown = any(isinstance(reading, Unknown) for reading in self.seen.values())
        self.row = None if row is not None and row.ended and not unknown else row
        self.deltas = {
            side: delta(self._stored_half(side), self.seen[side], view.stamps)
            for side, view in self.views.items()
        }

    def _stored_half(self, side: Side) -> Agreed | None:
        return None if self.row is None else self.row.agreed(side)

    def into(self, made: Plan) -> None:
        """Decides, and enters the decision into the plan."""
        decision = self._decision()
        made.left += decision.left
        match decision.verb:
            case Verb.NONE:
                if self.row is not None:
                    self._adopt(made, left=decision.left)
            case Verb.HOLD:
                self._hold(made)
            case Verb.ADOPT:
                self._adopt(made, left=decision.left)
            case Verb.END:
                self._end(made)
            case Verb.CONFLICT:
                source, target = self._values()
                if source is not None and target is not None:
                    made.conflicts.append(Clash(self.key, source, target))
            case Verb.PUT | Verb.REMOVE:
                self._write(made, decision)
        self._forget_when_old(made)

    def _decision(self) -> Decision:
        if self.row is not None and self._absent_on_both():
            return Decision(Verb.END)
        if (chosen := self._answered()) is not None:
            return chosen
        found = cell(self.rules.mode, self.row, self.deltas[Side.SOURCE], self.deltas[Side.TARGET])
        return decide(found, self.row, agrees=self._agrees(), clash=self._clash())

    def _absent_on_both(self) -> bool:
        return all(isinstance(reading, Reading) and reading.value is None for reading in self.seen.values())

    def _values(self) -> tuple[Value | None, Value | None]:
        source, target = self.seen[Side.SOURCE], self.seen[Side.TARGET]
        return (
            source.value if isinstance(source, Reading) else None,
            target.value if isinstance(target, Reading) else None,
        )

    def _agrees(self) -> bool:
        source, target = self.views[Side.SOURCE].grid, self.views[Side.TARGET].grid
        return same(*self._values(), source.coarser(target) if source and target else None)

    def _clash(self) -> Decision:
        dated = Dated(self._own_date(Side.SOURCE), self._own_date(Side.TARGET))
        return conflict(self.rules.conflict, self.rules.mode, dated, own_dates=self.rules.own_dates)

    def _answered(self) -> Decision | None:
        """What the user chose for these two readings; an absence that was chosen stays a difference."""
        answer = self.rules.answers.get(self.key)
        if answer is None or any(isinstance(reading, Unknown) for reading in self.seen.values()):
            return None
        if (answer.source, answer.target) != self._values():
            return None
        chosen = answer.source if answer.winner is Side.SOURCE else answer.target
        if chosen is None or (answer.winner is Side.TARGET and self.rules.mode is Mode.ONE_WAY):
            return Decision(Verb.ADOPT, left=True)
        return Decision(Verb.PUT, answer.winner.other)

    def _own_date(self, side: Side) -> Date | None:
        """The date of a side's reading; None where the value is what we wrote, for the date may then be ours."""
        reading, write = self.seen[side], self.views[side].last_writes.get(self.key)
        if isinstance(reading, Unknown) or (write is not None and write.value == reading.value):
            return None
        return reading.date

    def _hold(self, made: Plan) -> None:
        """Counts a title that waits, once, with the first side that is unknown."""
        for side, reading in self.seen.items():
            if isinstance(reading, Unknown):
                made.held.append(Held(self.key, side, reading.why))
                return

    def _adopt(self, made: Plan, *, left: bool) -> None:
        """Stores the two current readings. Where the values are the agreed ones only stamps and ids are learned."""
        row = self._adopted()
        if row == self.stored:
            return
        made.adopted += not left and (self.row is None or row.values != self.row.values)
        made.rows[self.key] = row

    def _adopted(self, *, kept: bool = False) -> BaseRow:
        """The row that the two current readings make; equal to the stored one where nothing changed."""
        old = self.row
        source, target = self._agreed(Side.SOURCE), self._agreed(Side.TARGET)
        if old is None:
            return BaseRow(source, target, since=self.now, version=self._next_version())
        ours = old.ours and self.deltas[Side.TARGET] is Delta.SAME
        row = replace(old, source=source, target=target, ours=ours)
        if row.values != old.values:
            return replace(row, since=self.now, version=self._next_version(), kept=kept)
        if (source.native_id, target.native_id) != (old.source.native_id, old.target.native_id):
            return replace(row, version=self._next_version())
        return row

    def _next_version(self) -> int:
        return self.stored.version + 1 if self.stored else 1

    def _agreed(self, side: Side) -> Agreed:
        """What a side's current reading makes of its half of the row; a young row learns no stamp."""
        now, view, old = self.seen[side], self.views[side], self._stored_half(side)
        if not isinstance(now, Reading):
            return old or Agreed(None)
        native_id = self._native_id(side)
        if old is None or self.row is None or now.value != old.value:
            return Agreed(now.value, now.stamp, native_id)
        write = view.last_writes.get(self.key)
        young = now.taken_at < max(self.row.since, write.at if write else 0) + view.delay
        newer = now.stamp is not None and (old.stamp is None or now.stamp > old.stamp)
        return Agreed(old.value, now.stamp if newer and not young else old.stamp, native_id)

    def _end(self, made: Plan) -> None:
        """Remembers the end of a row for as long as late lists may still show the title."""
        made.rows[self.key] = self._adopted()

    def _forget_when_old(self, made: Plan) -> None:
        """Drops a row that had ended, once both sides were read so late that they cannot show the title any more."""
        row = self.stored
        if row is None or not row.ended or self.key in made.rows:
            return
        if all(view.taken_at >= row.since + view.delay for view in self.views.values()):
            made.rows[self.key] = None

    def _write(self, made: Plan, decision: Decision) -> None:
        side = decision.side
        assert side is not None, "a write names its side"
        now, other = self.seen[side], self.seen[side.other]
        assert isinstance(now, Reading), "no table cell writes over what is not known"
        assert isinstance(other, Reading), "no table cell writes what is not known"
        grid = self.views[side].grid
        wanted = other.value if other.value is None or grid is None else grid.round(other.value)
        if wanted == now.value:
            self._adopt(made, left=False)
            return
        action = Action.REMOVE if wanted is None else Action.ADD if now.value is None else Action.CHANGE
        if action is Action.REMOVE and not self.rules.remove:
            made.kept += 1
            made.rows[self.key] = self._adopted(kept=True)
            return
        if not self._is_allowed(action, side):
            made.left += 1
            return
        native_id = self._native_id(side)
        made.writes.append(
            PlannedWrite(
                key=self.key,
                side=side,
                action=action,
                native_id=native_id,
                expected=now.value,
                wanted=wanted,
                other=other,
                row=self._after(
                    side, Agreed(wanted, None, native_id), other, was_there=now.value is not None
                ),
            )
        )

    def _is_allowed(self, action: Action, side: Side) -> bool:
        """Whether the user wants this of the lane, and the service can do it."""
        wanted = {
            Action.ADD: self.rules.add,
            Action.CHANGE: self.rules.change,
            Action.REMOVE: self.rules.remove,
        }
        return wanted[action] and action in self.views[side].can

    def _native_id(self, side: Side) -> str:
        """What a side calls the title: in its reading, else in the base row."""
        now, old = self.seen[side], self._stored_half(side)
        return (now.native_id if isinstance(now, Reading) else "") or (old.native_id if old else "")

    def _after(self, side: Side, written: Agreed, other: Reading, *, was_there: bool) -> BaseRow:
        """The row once the write is done: what was sent, without a stamp, and the other side's own reading."""
        halves = {side: written, side.other: Agreed(other.value, other.stamp, self._native_id(side.other))}
        ours = self.row is not None and self.row.ours and self.deltas[Side.TARGET] is Delta.SAME
        if side is Side.TARGET and not was_there:
            ours = written.value is not None
        return BaseRow(
            halves[Side.SOURCE], halves[Side.TARGET], since=self.now, version=self._next_version(), ours=ours
        )
