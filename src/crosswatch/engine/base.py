"""What the engine is given: base rows, the two sides as they were read, and the lane's rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswatch.model.capabilities import Capability, Stamps
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Date, Seen
from crosswatch.model.values import Grid, Value

Key = int
"""CrossWatch's own title."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one side itself said when both sides last agreed. ``value`` None: absent there, as agreed."""

    value: Value | None
    stamp: int | None = None
    native_id: str = ""


@dataclass(frozen=True, slots=True)
class BaseRow:
    """One title of a lane, as it was when both sides last agreed.

    ``since``: UTC ms when a value in it last changed. ``ours``: this lane put the title on the target, where it was
    absent. ``kept``: a removal was seen while the lane did not allow removals. ``rated``: a rating or play of the
    title was there when the row was written. ``looked_at``: when an absence was last looked up (UTC ms, 0: never).
    """

    source: Agreed
    target: Agreed
    since: int
    version: int = 1
    ours: bool = False
    kept: bool = False
    rated: bool = False
    looked_at: int = 0

    def agreed(self, side: Side) -> Agreed:
        """That side's half of the row."""
        return self.source if side is Side.SOURCE else self.target

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
    ``can``: what the service lets us do with this feature.
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

    @classmethod
    def of(
        cls,
        capability: Capability,
        *,
        listed: Mapping[Key, Seen],
        whole: bool,
        taken_at: int,
        last_writes: Mapping[Key, LastWrite],
        in_doubt: frozenset[Key],
    ) -> "SideView":
        """The view of a side whose service has this capability."""
        return cls(
            listed=listed,
            whole=whole,
            taken_at=taken_at,
            delay=capability.visibility_delay * 1000,
            grid=capability.grid,
            stamps=capability.stamps,
            last_writes=last_writes,
            in_doubt=in_doubt,
            can=capability.actions,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """Which side the user chose for a title, and the two readings that were asked about.

    It holds until one of the two readings changes.
    """

    source: Value | None
    target: Value | None
    winner: Side


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user allows a lane to do. ``own_dates``: both sides date their values themselves.

    ``answers``: what the user said to questions of this lane.
    """

    feature: Feature
    mode: Mode
    add: bool = True
    change: bool = True
    remove: bool = False
    conflict: Conflict = Conflict.SOURCE
    own_dates: bool = False
    answers: Mapping[Key, Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dated:
    """The dates that decide "newest", where both services have them."""

    source: Date | None
    target: Date | None
