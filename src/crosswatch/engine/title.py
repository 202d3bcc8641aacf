"""One title of a lane while it is being decided."""

from dataclasses import replace

from crosswatch.engine.base import Agreed, BaseRow, Dated, Key, Rules, SideView
from crosswatch.engine.decide import Cell, Decision, Verb, cell, conflict, decide
from crosswatch.engine.delta import Delta, delta, is_evidence, seen, shows_missing
from crosswatch.engine.planned import Cause, Clash, Held, Plan, PlannedWrite
from crosswatch.model.kinds import Action, Mode, Side
from crosswatch.model.readings import Date, Reading, Seen, Unknown, Why, mark_of
from crosswatch.model.values import Value, same

_CAUSES = {
    Delta.NEW: Cause.NEW,
    Delta.CHANGED: Cause.CHANGED,
    Delta.TOUCHED: Cause.TOUCHED,
    Delta.GONE: Cause.REMOVED,
    Delta.SAME: Cause.STAYED,
}
_SOURCE, _TARGET = Side.SOURCE, Side.TARGET
_NO_CLASH = Decision(Verb.CONFLICT)
"""Stands for what a conflict rule says where the table does not ask it."""


class Lane:
    """What is the same for all titles of a plan."""

    __slots__ = ("grid", "now", "rules", "views")

    def __init__(self, source: SideView, target: SideView, rules: Rules, now: int) -> None:
        self.views = {_SOURCE: source, _TARGET: target}
        self.grid = source.grid.coarser(target.grid) if source.grid and target.grid else None
        self.rules, self.now = rules, now


class Title:
    """A title, what both sides say of it, and what follows from that."""

    __slots__ = (
        "cleared",
        "deltas",
        "grid",
        "key",
        "now",
        "row",
        "rules",
        "seen",
        "stored",
        "views",
        "word",
    )

    def __init__(self, key: Key, row: BaseRow | None, lane: Lane) -> None:
        self.key, self.stored = key, row
        self.views, self.grid, self.rules, self.now = lane.views, lane.grid, lane.rules, lane.now
        source, target = self.views[_SOURCE], self.views[_TARGET]
        self.seen: dict[Side, Seen] = {
            _SOURCE: seen(key, row, _SOURCE, source),
            _TARGET: seen(key, row, _TARGET, target),
        }
        self.row = None if row is not None and row.ended and not self._is_unknown() else row
        self.deltas = {
            _SOURCE: delta(self._stored_half(_SOURCE), self.seen[_SOURCE], source.stamps),
            _TARGET: delta(self._stored_half(_TARGET), self.seen[_TARGET], target.stamps),
        }
        self.cleared = (
            _SOURCE if self._took_it_off(_SOURCE) else _TARGET if self._took_it_off(_TARGET) else None
        )
        self.word: Cause | None = None

    def _is_unknown(self) -> bool:
        return isinstance(self.seen[_SOURCE], Unknown) or isinstance(self.seen[_TARGET], Unknown)

    def _stored_half(self, side: Side) -> Agreed | None:
        return None if self.row is None else self.row.agreed(side)

    def into(self, made: Plan) -> None:
        """Decides, and enters the decision into the plan."""
        decision = self._decision()
        if self.cleared is None:
            made.left += decision.left
        elif decision.verb is not Verb.HOLD:
            made.cleared.append(self.key)
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
        if self.cleared is not None:
            return self._after_the_service_did_it(self.cleared)
        for chosen, word in ((self._answered(), Cause.ANSWERED), (self._allowed(), Cause.APPROVED)):
            if chosen is not None:
                self.word = word
                return chosen
        return self._by_table()

    def _by_table(self) -> Decision:
        found = cell(self.rules.mode, self.row, self.deltas[_SOURCE], self.deltas[_TARGET])
        clash = self._clash() if found is Cell.SAME_OR_CONFLICT else _NO_CLASH
        return decide(found, self.row, agrees=same(*self._values(), self.grid), clash=clash)

    def _took_it_off(self, side: Side) -> bool:
        """Whether this side's service may itself have taken the title off its watchlist, because it was rated.

        So where its own word shows a rating or play that was not surely there while the title was listed, or that
        we wrote; and where the title was listed before this run rated it. None of it is the user's removal.
        """
        now, view, agreed = self.seen[side], self.views[side], self._stored_half(side)
        if not view.clears or not isinstance(now, Reading) or now.value is not None or not now.mark:
            return False
        if agreed is None or agreed.value is None:
            return self.key in view.was_listed
        ours = view.rated_by_us.get(self.key)
        return now.mark != agreed.mark or (ours is not None and now.mark.removesuffix("p") == mark_of(ours))

    def _after_the_service_did_it(self, side: Side) -> Decision:
        """Nothing is written, least of all back; only a lane that may remove what was rated passes it on."""
        if isinstance(self.seen[side.other], Unknown):
            return Decision(Verb.HOLD)
        half = self._stored_half(side)
        if self.rules.remove and self.rules.remove_when_rated and half is not None and half.value is not None:
            spread = self._by_table()
            if spread.verb is Verb.REMOVE:
                self.cleared = None
                return spread
        return Decision(Verb.ADOPT, left=True) if self._values() != (None, None) else Decision(Verb.NONE)

    def _allowed(self) -> Decision | None:
        """The removal of a title that was kept while the lane did not remove, once the user allows it."""
        row = self.row
        if row is None or not row.kept or not self.rules.remove:
            return None
        two_way = self.rules.mode is Mode.TWO_WAY
        for side in Side if two_way else (_TARGET,):
            there, gone = self.seen[side], self.seen[side.other]
            if (
                (two_way or row.ours)
                and self.deltas[side] is self.deltas[side.other] is Delta.SAME
                and isinstance(there, Reading)
                and there.value is not None
                and self.rules.has_approved(
                    self.key, side, version=row.version, expected=there.value, wanted=None
                )
                and isinstance(gone, Reading)
                and self._is_proof(gone, row.agreed(side.other), self.views[side.other])
            ):
                return Decision(Verb.REMOVE, side)
        return None

    def _is_proof(self, gone: Reading, agreed: Agreed, view: SideView) -> bool:
        """Whether an absence that was agreed is proved anew: by a lookup, or by a list that hides no more."""
        return gone.mark is not None if view.looks_up else is_evidence(agreed, view)

    def _absent_on_both(self) -> bool:
        return not self._is_unknown() and self._values() == (None, None)

    def _values(self) -> tuple[Value | None, Value | None]:
        source, target = self.seen[_SOURCE], self.seen[_TARGET]
        return (
            source.value if isinstance(source, Reading) else None,
            target.value if isinstance(target, Reading) else None,
        )

    def _clash(self) -> Decision:
        dated = Dated(self._own_date(_SOURCE), self._own_date(_TARGET))
        return conflict(self.rules.conflict, self.rules.mode, dated, own_dates=self.rules.own_dates)

    def _answered(self) -> Decision | None:
        """What the user chose for these two readings; an absence that was chosen stays a difference."""
        answer = self.rules.answers.get(self.key)
        if answer is None or self._is_unknown():
            return None
        if (answer.source, answer.target) != self._values():
            return None
        chosen = answer.source if answer.winner is _SOURCE else answer.target
        if chosen is None or (answer.winner is _TARGET and self.rules.mode is Mode.ONE_WAY):
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
        self._note_missing(made)
        for side, reading in self.seen.items():
            if isinstance(reading, Unknown):
                made.held.append(Held(self.key, side, reading.why))
                return

    def _note_missing(self, made: Plan) -> None:
        """Remembers the first list that lacks the title, until one has it, where a service cannot be asked about it."""
        if self.stored is None:
            return
        row = self.stored
        for side, view in self.views.items():
            half = row.agreed(side)
            if half.missing_at and self.key in view.listed:
                row = row.with_half(side, replace(half, missing_at=0))
            elif not half.missing_at and not view.looks_up and shows_missing(self.key, row, side, view):
                row = row.with_half(side, replace(half, missing_at=view.taken_at))
        if row is not self.stored:
            made.rows[self.key] = row

    def _adopt(self, made: Plan, *, left: bool) -> None:
        """Stores the two current readings. Where the values are the agreed ones only stamps and ids are learned."""
        row = self._adopted()
        if row == self.stored:
            return
        made.adopted += not left and (self.row is None or row.values != self.row.values)
        made.rows[self.key] = row

    def _adopted(self, *, kept: bool = False) -> BaseRow:
        """The row that the two current readings make; equal to the stored one where nothing changed.

        Leave to do a kept removal ends where the title is set again, for the user then wants it.
        """
        old = self.row
        source, target = self._agreed(_SOURCE), self._agreed(_TARGET)
        if old is None:
            return BaseRow(source, target, since=self.now, version=self._next_version())
        ours = old.ours and self.deltas[_TARGET] is Delta.SAME
        row = replace(old, source=source, target=target, ours=ours)
        if row.values != old.values:
            return replace(row, since=self.now, version=self._next_version(), kept=kept)
        renamed = (source.native_id, target.native_id) != (old.source.native_id, old.target.native_id)
        if renamed or (old.kept and Delta.TOUCHED in self.deltas.values()):
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
        mark = self._mark(side)
        if old is None or self.row is None or now.value != old.value:
            return Agreed(now.value, now.stamp, native_id, mark, view.gap)
        write = view.last_writes.get(self.key)
        young = now.taken_at < max(self.row.since, write.at if write else 0) + view.delay
        newer = now.stamp is not None and (old.stamp is None or now.stamp > old.stamp)
        stamp = now.stamp if newer and not young else old.stamp
        return Agreed(old.value, stamp, native_id, mark, old.gap, old.missing_at if now.value is None else 0)

    def _mark(self, side: Side) -> str:
        """What was surely there while this side still listed the title, and so has not taken it off."""
        return self.views[side].marks.get(self.key, "")

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
            made.kept.append(self.key)
            made.rows[self.key] = self._adopted(kept=True)
            return
        if not self._is_allowed(action, side):
            made.left += 1
            return
        if action is Action.REMOVE and (why := self._must_stay(side, now)) is not None:
            made.held.append(Held(self.key, side, why))
            self._learn_native_id(made, side, now.native_id)
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
                    side,
                    Agreed(wanted, None, native_id, self._mark(side), self.views[side].gap),
                    other,
                    was_there=now.value is not None,
                ),
                cause=self.word or _CAUSES[self.deltas[side.other]],
            )
        )

    def _must_stay(self, side: Side, now: Reading) -> Why | None:
        """Why a title may not be taken off a side although the other one no longer has it.

        A list that arrived in part is a bad day of its service, whose word on single titles is not taken then either.
        """
        if not all(view.whole for view in self.views.values()):
            return Why.PARTIAL
        if self.key in self.views[side].wanted:
            return Why.WANTED
        half = self._stored_half(side)
        return None if half is not None and half.native_id == now.native_id else Why.OTHER_ID

    def _learn_native_id(self, made: Plan, side: Side, native_id: str) -> None:
        """A row that does not know yet what a side calls the title does from now on."""
        if self.stored is not None and not (half := self.stored.agreed(side)).native_id and native_id:
            learned = self.stored.with_half(side, replace(half, native_id=native_id))
            made.rows[self.key] = replace(learned, version=self._next_version())

    def _is_allowed(self, action: Action, side: Side) -> bool:
        """Whether the user wants this of the lane, and the service can do it."""
        return self.rules.allows(action) and action in self.views[side].can

    def _native_id(self, side: Side) -> str:
        """What a side calls the title: in its reading, else in the base row."""
        now, old = self.seen[side], self._stored_half(side)
        return (now.native_id if isinstance(now, Reading) else "") or (old.native_id if old else "")

    def _after(self, side: Side, written: Agreed, other: Reading, *, was_there: bool) -> BaseRow:
        """The row once the write is done: what was sent, without a stamp, and the other side's own reading."""
        read = Agreed(
            other.value,
            other.stamp,
            self._native_id(side.other),
            self._mark(side.other),
            self.views[side.other].gap,
        )
        source, target = (written, read) if side is _SOURCE else (read, written)
        ours = self.row is not None and self.row.ours and self.deltas[_TARGET] is Delta.SAME
        if side is _TARGET and not was_there:
            ours = written.value is not None
        return BaseRow(source, target, since=self.now, version=self._next_version(), ours=ours)
