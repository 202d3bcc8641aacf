"""Two services in memory and a lane between them, with users who edit, late lists, and writes that fail.

Every plan that is made keeps every promise of a plan; the world itself knows what really happened, and checks by it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crosswatch.engine.base import BaseRow, Key, LastWrite, Rules, SideView
from crosswatch.engine.guard import FEWEST_OVERWRITES, Bounds
from crosswatch.engine.plan import to_look_up
from crosswatch.engine.planned import Plan, PlannedWrite
from crosswatch.model.kinds import Action, Mode, Side
from crosswatch.model.readings import Seen, Unknown, Why, mark_of
from crosswatch.model.values import Grid, Value
from tests.engine.bounds import BOUNDS
from tests.engine.inbox import Asked, Inbox
from tests.engine.promises import ALWAYS, Promise
from tests.engine.removals import REMOVALS
from tests.engine.samples import Case
from tests.engine.services import By, Service

DAY = 400
"""How long the guard of this world counts back, in ms."""


@dataclass(frozen=True)
class Doubt:
    """A write that was sent, and whose answer never came."""

    write: PlannedWrite
    at: int


@dataclass(frozen=True)
class Bad:
    """What goes wrong in a run, by title: lookups without an answer, writes that do nothing, answers that are lost.

    And of the list of ``side``: what it hides and counts, names twice, or loses, so that it is not whole. ``blind``:
    nothing is known of the ratings that were there before.
    """

    unseen: Collection[Key] = ()
    refused: Collection[Key] = ()
    lost: Collection[Key] = ()
    hidden: Collection[Key] = ()
    doubled: Collection[Key] = ()
    cut: Collection[Key] = ()
    side: Side = Side.SOURCE
    blind: bool = False


NOTHING_BAD = Bad()
Edit = tuple[Side, Key, Value | None]


@dataclass
class Known:
    """What the world remembers in order to judge: who was blamed, what was refused, what must not come back."""

    removed: list[tuple[int, Side]] = field(default_factory=list)
    cleared: set[Key] = field(default_factory=set)
    refused: dict[Asked, int] = field(default_factory=dict)
    by_service: dict[Asked, int] = field(default_factory=dict)
    read_for_write: dict[Asked, int] = field(default_factory=dict)


class World:
    """Two services and one lane. Every step takes at least a millisecond. ``promises``: what each plan is held to.

    ``many``: the user has so many titles that removals come to the bound of the guard.
    """

    def __init__(
        self,
        rules: Rules,
        source: Service,
        target: Service,
        promises: Sequence[Promise] = (*ALWAYS, *REMOVALS, *BOUNDS),
        *,
        many: bool = False,
    ) -> None:
        self.rules, self.promises, self.many, self.now = rules, promises, many, 1000
        self.services = {Side.SOURCE: source, Side.TARGET: target}
        self.base: dict[Key, BaseRow] = {}
        self.last_writes: dict[Side, dict[Key, LastWrite]] = {side: {} for side in Side}
        self.rated_by_us: dict[Side, dict[Key, Value]] = {side: {} for side in Side}
        self.wanted: dict[Side, set[Key]] = {side: set() for side in Side}
        self.doubts: dict[Asked, Doubt] = {}
        self.inbox, self.known = Inbox(), Known()

    @property
    def keys(self) -> set[Key]:
        """Every title that ever was on either side."""
        return {key for service in self.services.values() for key in service.events}

    @property
    def delay(self) -> int:
        """The longer of both delays."""
        return max(service.delay for service in self.services.values())

    @property
    def grid(self) -> Grid | None:
        """The grid on which both sides compare."""
        source, target = (self.services[side].grid for side in Side)
        return source.coarser(target) if source and target else None

    def wait(self, time: int) -> None:
        """Time passes."""
        self.now += time

    # What the user does

    def edit(self, side: Side, key: Key, value: Value | None) -> None:
        """The user sets, sets again or takes off a title; what is not there cannot be taken off."""
        self.now += 1
        service = self.services[side]
        if value is None and service.value(key) is None:
            return
        service.put(key, service.grid.round(value) if service.grid and value else value, self.now, By.USER)
        for at in Side:
            self.known.by_service.pop((key, at), None)

    def rate(self, side: Side, key: Key) -> None:
        """The user rates a title of the watchlist, never twice alike: without stamps nobody could tell that."""
        self.now += 1
        service = self.services[side]
        self._rate(side, key, 10 * (1 + len(service.ratings.get(key, ()))), By.USER, seen=key in self.base)

    def allow(self, asked: Asked) -> None:
        """The user answers what waits: yes where the title really is off the other side, or really differs there."""
        self.now += 1
        key, side = asked
        if self.inbox.open[asked].other == self.services[side.other].value(key):
            self.inbox.allow(asked, self.now)
        else:
            self.refuse(asked)

    def refuse(self, asked: Asked) -> None:
        """The user answers no to what waits."""
        self.now += 1
        self.known.refused[asked] = self.now
        self.inbox.refuse(asked, self.base, self.now)

    def switch_removals(self) -> None:
        """The user lets the lane remove, or not any more; only then what was kept is asked about."""
        self.rules = replace(self.rules, remove=not self.rules.remove)
        self.inbox.kept.clear()
        if self.rules.remove:
            self.inbox.ask_about_kept(self.base)

    # What a run does

    def run(
        self,
        lags: Sequence[int] = (0,),
        bad: Bad = NOTHING_BAD,
        meanwhile: Sequence[Edit] = (),
        rates: Sequence[Asked] = (),
    ) -> Plan:
        """One run: settle, rate, read, look up, plan, store, write.

        ``rates``: what the lane of ratings writes before; ``meanwhile``: edits between the plan and its writes.
        """
        self.now += 1
        self._settle()
        was_listed = self._write_ratings(rates, lags)
        views = self._read(lags, bad, was_listed)
        self.now += 1
        rules = self._rules()
        case = Case(dict(self.base), views[Side.SOURCE], views[Side.TARGET], rules, self.now, self._bounds())
        for promise in self.promises:
            promise(case)
        made = case.guarded()
        self._no_more_than_allowed(made, case)
        for key, row in made.rows.items():
            self._store(key, row)
        self.known.cleared |= set(made.cleared)
        for held in made.held:
            if held.key not in self.base:
                # What was listed is known in this run alone: of a title without a row nothing can be kept.
                self.known.by_service.pop((held.key, held.side.other), None)
        allowed = {(write.key, write.side) for write in made.writes if self.inbox.allows(write, case.now)}
        self.inbox.keep(made, allowed, self.base)
        for edit in meanwhile:
            self.edit(*edit)
        for write in made.writes:
            self._write(write, case, bad)
        return made

    def _write_ratings(self, rates: Sequence[Asked], lags: Sequence[int]) -> dict[Side, frozenset[Key]]:
        """The lane of ratings before this one; what was seen on the watchlists before it wrote."""
        listed = {side: self._listed(side, lags, NOTHING_BAD).keys() for side in Side}
        for key, side in rates:
            self.now += 1
            value = 10 * (1 + len(self.services[side].ratings.get(key, ())))
            self._rate(side, key, value, By.US, seen=key in listed[side] or key in self.base)
            self.rated_by_us[side][key] = value
        return {side: frozenset({key for key, at in rates if at is side} & listed[side]) for side in Side}

    def _rate(self, side: Side, key: Key, value: Value, by: By, *, seen: bool) -> None:
        """``seen``: we saw the title on the watchlist before, so we can know who took it off."""
        row = self.base.get(key)
        known = seen and (row is None or row.agreed(side).value is not None)
        if self.services[side].rate(key, value, self.now, by) and known:
            self.known.by_service[key, side] = self.now

    def _rules(self) -> Rules:
        """What the user allows by now."""
        return replace(
            self.rules,
            approved=self.inbox.approved(self.now),
            waiting=self.inbox.waiting(),
        )

    def _bounds(self) -> Bounds:
        """Where there are many titles the user has overwritten so much today that each more rating is asked about."""
        removed = Counter(side for at, side in self.known.removed if at > self.now - DAY)
        lately = {(side, Action.REMOVE): count for side, count in removed.items()}
        changed = {(side, Action.CHANGE): FEWEST_OVERWRITES for side in Side if self.many}
        return Bounds(sum(not row.ended for row in self.base.values()), {**lately, **changed})

    def _no_more_than_allowed(self, made: Plan, case: Case) -> None:
        """Three without leave within a day, or a tenth of what is agreed; counted by the world itself.

        Nobody is asked in vain, and what waits for an answer goes on waiting.
        """
        for write in (*made.writes, *made.waiting):
            if write.wanted is None:
                self._removal_was_meant(write, case)
                waits = write in made.waiting or self.inbox.allows(write, case.now)
                assert waits or (write.key, write.side) not in case.rules.waiting
                assert waits or self.services[write.side.other].looks_up
                assert waits or not case.base[write.key].kept
        for side in Side:
            own = [write for write in made.writes if write.side is side and write.wanted is None]
            unasked = [write for write in own if not self.inbox.allows(write, case.now)]
            before = sum(1 for at, where in self.known.removed if where is side and at > self.now - DAY)
            titles = sum(1 for row in self.base.values() if row.values != (None, None))
            assert not unasked or len(unasked) + before <= max(3, titles // 10)

    def _read(
        self, lags: Sequence[int], bad: Bad, was_listed: Mapping[Side, frozenset[Key]]
    ) -> dict[Side, SideView]:
        """Both sides as lists and lookups show them, each title from a copy of its own age."""
        lists = {side: self._listed(side, lags, bad) for side in Side}
        views = {side: self._view(side, lists[side], lags, bad, was_listed[side]) for side in Side}
        needed = to_look_up(
            self.base,
            views[Side.SOURCE],
            views[Side.TARGET],
            self._rules(),
        )
        for side, keys in needed.items():
            if self.services[side].looks_up:
                for key in {*keys, *(was_listed[side] - lists[side].keys())}:
                    answer = self.services[side].answers(key, self.now, lags[(key + 1) % len(lags)])
                    lists[side][key] = Unknown(Why.NOT_PROVED) if key in bad.unseen else answer
                    if key in self.base:
                        self.base[key] = replace(self.base[key], looked_at=self.now)
        return views

    def _listed(self, side: Side, lags: Sequence[int], bad: Bad) -> dict[Key, Seen]:
        service = self.services[side]
        shown = {key: service.shows(key, self.now, lags[key % len(lags)]) for key in service.events}
        listed: dict[Key, Seen] = {key: one for key, one in shown.items() if one.value is not None}
        if bad.side is side:
            listed = {key: one for key, one in listed.items() if key not in (*bad.hidden, *bad.cut)}
            listed.update({key: Unknown(Why.TWO_ROWS) for key in bad.doubled if key in listed})
        return listed

    def _view(
        self, side: Side, listed: dict[Key, Seen], lags: Sequence[int], bad: Bad, was_listed: frozenset[Key]
    ) -> SideView:
        service = self.services[side]
        shown = service.shows
        hides = [key for key in bad.hidden if shown(key, self.now, lags[key % len(lags)]).value is not None]
        return SideView(
            listed=listed,
            whole=not (bad.cut and bad.side is side),
            taken_at=self.now,
            delay=service.delay,
            grid=service.grid,
            stamps=service.stamps,
            last_writes=dict(self.last_writes[side]),
            in_doubt=frozenset(key for key, at in self.doubts if at is side),
            gap=len(hides) if bad.side is side else 0,
            looks_up=service.looks_up,
            clears=service.clears,
            marks={} if bad.blind else self._marks(service, lags),
            rated_by_us=dict(self.rated_by_us[side]),
            was_listed=was_listed,
            wanted=frozenset(self.wanted[side]),
        )

    def _marks(self, service: Service, lags: Sequence[int]) -> dict[Key, str]:
        """The ratings that were there before anything that a late list may still show, and still are."""
        marks: dict[Key, str] = {}
        for key in service.ratings:
            before = service.rating(key, self.now - service.delay - 1)
            now = service.rating(key, self.now - min(lags[key % len(lags)], service.delay))
            if before is not None and before == now:
                marks[key] = mark_of(before)
        return marks

    def _store(self, key: Key, row: BaseRow | None) -> None:
        if row is None:
            del self.base[key]
        else:
            self.base[key] = row

    def _write(self, write: PlannedWrite, case: Case, bad: Bad) -> None:
        """Sends one write, unless a look before it shows that the title has moved."""
        self.now += 1
        service, asked = self.services[write.side], (write.key, write.side)
        if service.value(write.key) != write.expected:
            return
        assert self.rules.mode is Mode.TWO_WAY or write.side is Side.TARGET
        if write.wanted is not None:
            self._follows_the_user(write)
        elif not self._is_proved_again(write):
            return
        if write.key in bad.refused:
            return
        if write.wanted is None and not self.inbox.allows(write, case.now):
            self.known.removed.append((self.now, write.side))
        self.known.read_for_write[asked] = case.view(write.side.other).taken_at
        service.put(write.key, write.wanted, self.now, By.US)
        self.last_writes[write.side][write.key] = LastWrite(write.wanted, self.now)
        if write.key in bad.lost:
            self.doubts[asked] = Doubt(write, self.now)
        else:
            self._done(write)

    def _done(self, write: PlannedWrite) -> None:
        """The row of a write that arrived, with the name that the service may have told."""
        service, half = self.services[write.side], write.row.agreed(write.side)
        named = replace(half, native_id=service.name(write.key)) if service.tells_names else half
        self._store(write.key, replace(write.row.with_half(write.side, named), since=self.now))

    def _is_proved_again(self, write: PlannedWrite) -> bool:
        """The last proof of an absence: the other side's word, just before the call."""
        other = self.services[write.side.other]
        if not other.looks_up:
            return other.value(write.key) is None
        answer = other.answers(write.key, self.now, 0)
        return answer.value is None and answer.mark == write.other.mark

    def _removal_was_meant(self, write: PlannedWrite, case: Case) -> None:
        """Somebody took the title off the other side; nothing else wants it, and nobody said no to that."""
        other, asked = self.services[write.side.other], (write.key, write.side)
        by = {By.USER, By.SERVICE} if case.rules.remove_when_rated else {By.USER}
        since = case.view(write.side.other).taken_at - other.delay
        assert write.key in case.base
        assert other.was_taken_off(write.key, max(since, self.known.refused.get(asked, 0)), by)
        assert self.rules.mode is Mode.TWO_WAY or self.services[write.side].last_by(write.key, By.US)
        assert write.key not in self.wanted[write.side]

    def _follows_the_user(self, write: PlannedWrite) -> None:
        """Since the readings behind our last write of this title the user did something on the other side.

        And what a service took off by itself is not put back.
        """
        other, asked = self.services[write.side.other], (write.key, write.side)
        before = self.known.read_for_write.get(asked, 0)
        assert other.last_by(write.key, By.USER) > max(0, before - other.delay)
        if (taken_off := self.known.by_service.get(asked)) is not None:
            assert other.last_by(write.key, By.USER) > taken_off - other.delay, "it is put back"

    def _settle(self) -> None:
        """Ends the doubts that are old enough: what was wanted is there, or came and was changed again."""
        for asked, doubt in list(self.doubts.items()):
            if self.now >= doubt.at + self.services[asked[1]].delay:
                del self.doubts[asked]
                self._done(doubt.write)
