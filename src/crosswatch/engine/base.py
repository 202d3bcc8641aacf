"""What the engine is given: base rows, the two sides as they were read, and the lane's rules."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Date, Reading, Seen, Why
from crosswatch.model.values import Grid, Value

Key = int
"""CrossWatch's own title."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one side itself said when both sides last agreed. ``value`` None: absent there, as agreed.

    ``mark``: the rating or play that was surely there while the title was on this side's watchlist. ``gap``: how many
    rows this side's list hid then. ``missing_at``: when a whole list first lacked the title, for services that cannot
    be asked about single titles (UTC ms, 0: it did not).
    """

    value: Value | None
    stamp: int | None = None
    native_id: str = ""
    mark: str = ""
    gap: int = 0
    missing_at: int = 0


@dataclass(frozen=True, slots=True)
class BaseRow:
    """One title of a lane, as it was when both sides last agreed.

    ``since``: UTC ms when a value in it last changed. ``ours``: this lane put the title on the target, where it was
    absent. ``kept``: a removal was seen while the lane did not allow removals. ``looked_at``: when an absence was
    last looked up (UTC ms, 0: never).
    """

    source: Agreed
    target: Agreed
    since: int
    version: int = 1
    ours: bool = False
    kept: bool = False
    looked_at: int = 0

    def agreed(self, side: Side) -> Agreed:
        """That side's half of the row."""
        return self.source if side is Side.SOURCE else self.target

    def with_half(self, side: Side, half: Agreed) -> "BaseRow":
        """The same row with another half; neither its age nor its version moves."""
        return replace(self, source=half) if side is Side.SOURCE else replace(self, target=half)

    @property
    def values(self) -> tuple[Value | None, Value | None]:
        """What the source and the target said."""
        return self.source.value, self.target.value

    @property
    def ended(self) -> bool:
        """Absent on both sides: remembered only until late lists can no longer bring it back."""
        return self.values == (None, None)


@dataclass(frozen=True, slots=True)
class LastWrite:
    """What any lane last wrote for a title of an account, and when (UTC ms).

    ``confirmed``: a reading has shown it since, so another value is somebody's new one.
    """

    value: Value | None
    at: int
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of a lane as it was read. ``listed`` holds what the list or a lookup said of a title.

    ``delay``: the service's visibility_delay in ms. ``in_doubt``: titles with a write whose end is not known.
    ``can``: what the service lets us do with this feature. ``gap``: rows that the list hides. ``looks_up``: the
    service can be asked about single titles.

    ``clears``: it may take a title off by itself when it is rated or played; then ``marks`` says of titles what was
    surely there already when the list was read, ``rated_by_us`` which ratings are our own writes, and ``was_listed``
    what the list held before this run wrote ratings there. ``wanted``: titles that something else wants present here:
    another lane, a write of this run, a doubt.
    """

    listed: Mapping[Key, Seen]
    whole: bool
    taken_at: int
    delay: int = 0
    grid: Grid | None = None
    stamps: Stamps = Stamps.NONE
    last_writes: Mapping[Key, LastWrite] = field(default_factory=dict)
    in_doubt: frozenset[Key] = frozenset()
    can: frozenset[Action] = frozenset(Action)
    gap: int = 0
    looks_up: bool = True
    clears: bool = False
    marks: Mapping[Key, str] = field(default_factory=dict)
    rated_by_us: Mapping[Key, Value] = field(default_factory=dict)
    was_listed: frozenset[Key] = frozenset()
    wanted: frozenset[Key] = frozenset()

    @property
    def emptied(self) -> bool:
        """The list itself holds nothing at all, whatever lookups say of single titles."""
        return not any(_is_listed(seen) for seen in self.listed.values())


def _is_listed(seen: Seen) -> bool:
    """Whether this is a row of a list: only lookups carry a mark, or say absent, or give no answer."""
    if isinstance(seen, Reading):
        return seen.value is not None and seen.mark is None
    return seen.why is Why.TWO_ROWS


@dataclass(frozen=True, slots=True)
class Answer:
    """Which side the user chose for a title, and the two readings that were asked about.

    It holds until one of the two readings changes.
    """

    source: Value | None
    target: Value | None
    winner: Side


@dataclass(frozen=True, slots=True)
class Approval:
    """Leave to do one write that was held: of that version of the base row, from that value there to that one.

    The values belong to it, because the row does not move when the user changes a value once more.
    """

    version: int
    expected: Value | None
    wanted: Value | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user allows a lane to do. ``own_dates``: both sides date their values themselves.

    ``answers``: what the user said to questions of this lane. ``approved``: held writes that the user allowed, by
    title and written side. ``waiting``: those that still wait.
    """

    feature: Feature
    mode: Mode
    add: bool = True
    change: bool = True
    remove: bool = False
    remove_when_rated: bool = False
    conflict: Conflict = Conflict.SOURCE
    own_dates: bool = False
    answers: Mapping[Key, Answer] = field(default_factory=dict)
    approved: Mapping[tuple[Key, Side], Approval] = field(default_factory=dict)
    waiting: Set[tuple[Key, Side]] = frozenset()

    def has_approved(
        self, key: Key, side: Side, *, version: int, expected: Value | None, wanted: Value | None
    ) -> bool:
        """Whether the user allowed this very write of a side: the row, and both values, that were asked about."""
        return self.approved.get((key, side)) == Approval(version, expected, wanted)

    def allows(self, action: Action) -> bool:
        """Whether the user wants such writes of this lane at all."""
        if action is Action.ADD:
            return self.add
        return self.change if action is Action.CHANGE else self.remove


@dataclass(frozen=True, slots=True)
class Dated:
    """The dates that decide "newest", where both services have them."""

    source: Date | None
    target: Date | None
