"""Two services in memory and a lane between them, with users who edit, late lists, and writes that fail.

Every plan that is made keeps every promise of a plan; the world itself knows what really happened, and checks by it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from crosswatch.engine.base import BaseRow, Key, LastWrite, Rules, SideView
from crosswatch.engine.plan import to_look_up
from crosswatch.engine.planned import Plan, PlannedWrite
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Conflict, Feature, Mode, Side
from crosswatch.model.readings import Date, Reading, Seen, Unknown, Why
from crosswatch.model.values import PRESENT, Grid, Value, same
from tests.engine.promises import ALWAYS, Promise
from tests.engine.removals import REMOVALS
from tests.engine.samples import GRIDS, Case

T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """A value, or its end, that came to a service."""

    at: int
    value: Value | None
    stamp: int
    by_user: bool


@dataclass
class Service:
    """One service: what it holds, how late its lists and lookups may be, and whether it stamps its values."""

    grid: Grid | None
    delay: int = 0
    stamps: Stamps = Stamps.NONE
    events: dict[Key, list[Event]] = field(default_factory=dict)

    def put(self, key: Key, value: Value | None, at: int, *, by_user: bool) -> None:
        """Stores a value at once; what lists show of it is another matter."""
        assert value is None or self.grid is None or self.grid.round(value) == value
        past = self.events.setdefault(key, [])
        past.append(Event(at, value, len(past) + 1, by_user))

    def value(self, key: Key) -> Value | None:
        """What is really there."""
        past = self.events.get(key)
        return past[-1].value if past else None

    def shows(self, key: Key, at: int, lag: int) -> Reading:
        """What a copy that is so far behind says; never further than the service's delay."""
        event = self._last(key, at - min(lag, self.delay))
        if event is None or event.value is None:
            return Reading(None, at)
        stamp = None if self.stamps is Stamps.NONE else event.stamp
        return Reading(event.value, at, stamp, Date(event.at), f"n{key}")

    def was_absent(self, key: Key, since: int) -> bool:
        """Whether the title was absent at that moment, or at any later one."""
        before = self._last(key, since)
        later = [event for event in self.events.get(key, ()) if event.at > since]
        return any(event is None or event.value is None for event in (before, *later))

    def last_by(self, key: Key, *, user: bool) -> int:
        """When the user, or we, last set the title here; before all times if never."""
        return max((event.at for event in self.events.get(key, ()) if event.by_user is user), default=0)

    def _last(self, key: Key, until: int) -> Event | None:
        return next((event for event in reversed(self.events.get(key, [])) if event.at <= until), None)


@dataclass(frozen=True)
class Doubt:
    """A write that was sent, and whose answer never came."""

    write: PlannedWrite
    at: int


@dataclass(frozen=True)
class Bad:
    """What goes wrong in a run, by title: lookups without an answer, writes that do nothing, answers that are lost."""

    unseen: Collection[Key] = ()
    refused: Collection[Key] = ()
    lost: Collection[Key] = ()


NOTHING_BAD = Bad()
Edit = tuple[Side, Key, Value | None]
KEYS = (1, 2)
LAGS = ((0,), (0,), (5, 0, 30), (40, 5, 0), (0, 40, 9), (40,))


class Picker(Protocol):
    """Chooses one of several; ``random.Random.choice`` and Hypothesis can."""

    def __call__(self, among: Sequence[T], /) -> T: ...


class World:
    """Two services and one lane. Every step takes at least a millisecond. ``promises``: what each plan is held to."""

    def __init__(
        self,
        rules: Rules,
        source: Service,
        target: Service,
        promises: Sequence[Promise] = (*ALWAYS, *REMOVALS),
    ) -> None:
        self.rules, self.promises, self.now = rules, promises, 1000
        self.services = {Side.SOURCE: source, Side.TARGET: target}
        self.base: dict[Key, BaseRow] = {}
        self.last_writes: dict[Side, dict[Key, LastWrite]] = {side: {} for side in Side}
        self.doubts: dict[tuple[Side, Key], Doubt] = {}
        self.read_for_write: dict[tuple[Side, Key], int] = {}

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

    def edit(self, side: Side, key: Key, value: Value | None) -> None:
        """The user sets, sets again or takes off a title."""
        self.now += 1
        service = self.services[side]
        self.services[side].put(
            key, service.grid.round(value) if service.grid and value else value, self.now, by_user=True
        )

    def wait(self, time: int) -> None:
        """Time passes."""
        self.now += time

    def run(self, lags: Sequence[int] = (0,), bad: Bad = NOTHING_BAD, meanwhile: Sequence[Edit] = ()) -> Plan:
        """One run: settle, read, look up, plan, store, write. ``meanwhile``: edits between the plan and its writes."""
        self.now += 1
        self._settle()
        views = self._read(lags, bad)
        case = Case(dict(self.base), views[Side.SOURCE], views[Side.TARGET], self.rules, self.now + 1)
        self.now += 1
        for promise in self.promises:
            promise(case)
        made = case.plan()
        for key, row in made.rows.items():
            self._store(key, row)
        for edit in meanwhile:
            self.edit(*edit)
        for write in made.writes:
            self._write(write, case, bad)
        return made

    def comes_to_rest(self) -> None:
        """Once nobody edits and all delays passed, the sides agree after two rounds, and a third does nothing."""
        for _ in range(2):
            self.wait(self.delay)
            made = self.run()
        self.wait(self.delay)
        for key in self.keys:
            assert key in {clash.key for clash in made.conflicts} or self._in_step(key), f"title {key}"
        last = self.run()
        assert not last.writes
        assert not last.kept
        assert not last.held
        self.wait(self.delay)
        rest = self.run()
        assert (rest.writes, rest.rows, rest.held) == ([], {}, [])

    def _in_step(self, key: Key) -> bool:
        """Whether both sides agree on a title, or differ for a reason that the lane's rules give."""
        source, target = (self.services[side].value(key) for side in Side)
        if same(source, target, self.grid):
            return True
        row = self.base.get(key)
        if row is not None and row.kept and not self.rules.remove:
            return True
        left = self.services[Side.TARGET].last_by(key, user=True) > 0
        return self.rules.mode is Mode.ONE_WAY and left

    def _read(self, lags: Sequence[int], bad: Bad) -> dict[Side, SideView]:
        """Both sides as lists and lookups show them, each title from a copy of its own age."""
        lists = {side: self._listed(side, lags) for side in Side}
        needed = to_look_up(
            self.base, self._view(Side.SOURCE, lists), self._view(Side.TARGET, lists), self.rules
        )
        for side, keys in needed.items():
            for key in keys:
                answer = self.services[side].shows(key, self.now, lags[(key + 1) % len(lags)])
                lists[side][key] = Unknown(Why.NOT_PROVED) if key in bad.unseen else answer
        return {side: self._view(side, lists) for side in Side}

    def _listed(self, side: Side, lags: Sequence[int]) -> dict[Key, Seen]:
        service = self.services[side]
        shown = {key: service.shows(key, self.now, lags[key % len(lags)]) for key in service.events}
        return {key: reading for key, reading in shown.items() if reading.value is not None}

    def _view(self, side: Side, lists: Mapping[Side, Mapping[Key, Seen]]) -> SideView:
        service = self.services[side]
        return SideView(
            listed=lists[side],
            whole=True,
            taken_at=self.now,
            delay=service.delay,
            grid=service.grid,
            stamps=service.stamps,
            last_writes=dict(self.last_writes[side]),
            in_doubt=frozenset(key for at, key in self.doubts if at is side),
        )

    def _store(self, key: Key, row: BaseRow | None) -> None:
        if row is None:
            del self.base[key]
        else:
            self.base[key] = row

    def _write(self, write: PlannedWrite, case: Case, bad: Bad) -> None:
        """Sends one write, unless a look before it shows that the title has moved."""
        self.now += 1
        service = self.services[write.side]
        if service.value(write.key) != write.expected:
            return
        assert self.rules.mode is Mode.TWO_WAY or write.side is Side.TARGET
        if write.wanted is None:
            self._removal_was_meant(write, case)
        else:
            self._follows_the_user(write)
        if write.key in bad.refused:
            return
        self.read_for_write[write.side, write.key] = case.view(write.side.other).taken_at
        service.put(write.key, write.wanted, self.now, by_user=False)
        self.last_writes[write.side][write.key] = LastWrite(write.wanted, self.now)
        if write.key in bad.lost:
            self.doubts[write.side, write.key] = Doubt(write, self.now)
        else:
            self._store(write.key, write.row)

    def _removal_was_meant(self, write: PlannedWrite, case: Case) -> None:
        """The title really is, or just was, off the other side; and a one-way lane had put it where it goes."""
        other = self.services[write.side.other]
        assert write.key in case.base
        assert other.was_absent(write.key, case.view(write.side.other).taken_at - other.delay)
        assert self.rules.mode is Mode.TWO_WAY or self.services[write.side].last_by(write.key, user=False)

    def _follows_the_user(self, write: PlannedWrite) -> None:
        """Since the readings behind our last write of this title the user did something on the other side."""
        other = self.services[write.side.other]
        before = self.read_for_write.get((write.side, write.key), 0)
        assert other.last_by(write.key, user=True) > max(0, before - other.delay)

    def _settle(self) -> None:
        """Ends the doubts that are old enough: what was wanted is there, or came and was changed again."""
        for (side, key), doubt in list(self.doubts.items()):
            if self.now >= doubt.at + self.services[side].delay:
                del self.doubts[side, key]
                self._store(key, doubt.write.row)


def a_world(pick: Picker, promises: Sequence[Promise] = (*ALWAYS, *REMOVALS)) -> World:
    """Two services and a lane of any kind."""
    ratings = pick((True, True, True, False))
    services = [
        Service(
            pick(list(GRIDS.values())) if ratings else None,
            delay=pick((0, 10, 40)),
            stamps=pick((Stamps.USER, Stamps.NONE)),
        )
        for _ in Side
    ]
    feature = Feature.RATINGS if ratings else Feature.WATCHLIST
    rules = Rules(
        feature,
        pick(tuple(Mode)),
        remove=pick((True, True, False)),
        conflict=pick((Conflict.SOURCE, Conflict.TARGET, Conflict.NEWEST, Conflict.ASK)),
        own_dates=True,
    )
    return World(rules, services[0], services[1], promises)


def an_edit(world: World, pick: Picker) -> Edit:
    """What a user may do: to any of two titles, on either side; half of the time to take it off."""
    values = (None, None, 800, 840, 850) if world.rules.feature is Feature.RATINGS else (None, PRESENT)
    return pick(tuple(Side)), pick(KEYS), pick(values)


def some_bad(pick: Picker) -> Bad:
    """Mostly nothing; else one title is unlucky."""
    return pick(
        (
            NOTHING_BAD,
            NOTHING_BAD,
            NOTHING_BAD,
            *(Bad(**{how: (1,)}) for how in ("unseen", "refused", "lost")),
        )
    )


def some_lags(pick: Picker) -> tuple[int, ...]:
    """How old the copies are that answer; three, so that a title's list and lookup seldom have the same."""
    return pick(LAGS)


def a_history(pick: Picker, *, steps: int, promises: Sequence[Promise] = (*ALWAYS, *REMOVALS)) -> None:
    """A life of a lane: edits, waiting and runs in any order, and rest in the end."""
    world = a_world(pick, promises)
    for _ in range(steps):
        match pick(("edit", "edit", "edit", "run", "run", "wait")):
            case "edit":
                world.edit(*an_edit(world, pick))
            case "wait":
                world.wait(pick((5, 20, 50)))
            case _:
                meanwhile = [an_edit(world, pick)] if pick((True, False, False)) else []
                world.run(some_lags(pick), some_bad(pick), meanwhile)
    world.comes_to_rest()
