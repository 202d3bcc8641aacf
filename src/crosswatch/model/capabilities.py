"""What a service can do, declared as data. Engine, pages, docs and tests all read these objects."""

from dataclasses import dataclass, field
from enum import StrEnum

from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.values import Grid


class Stamps(StrEnum):
    """Whether a service versions its values; ``USER``: they move only when the user sets this value."""

    NONE = "none"
    ANY = "any"
    USER = "user"


class Dates(StrEnum):
    """Whether a service dates its values itself."""

    NONE = "none"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Capability:
    """What a service can do with one feature.

    ``batch``: titles per write call. ``grid``: the ratings that it holds (None where the value is presence).
    ``visibility_delay``: seconds in which its lists may still show an older state.
    """

    kinds: frozenset[Kind]
    add: bool = False
    change: bool = False
    remove: bool = False
    batch: int = 1
    grid: Grid | None = None
    stamps: Stamps = Stamps.NONE
    dates: Dates = Dates.NONE
    delta_reads: bool = False
    visibility_delay: int = 0

    @property
    def actions(self) -> frozenset[Action]:
        """What can be done to a title here."""
        can = {Action.ADD: self.add, Action.CHANGE: self.change, Action.REMOVE: self.remove}
        return frozenset(action for action, able in can.items() if able)


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a service may be asked. ``time_limit``: seconds that a call may take; 0: it cannot outlive us."""

    per_second: float
    connections: int
    time_limit: float


class Quirk(StrEnum):
    """What a service does that its lists alone do not tell."""

    RATING_MAY_CLEAR_WATCHLIST = "rating_may_clear_watchlist"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A provider on one page. ``lookup_batch``: titles per lookup call, 0 where it has none.

    ``understands``: id namespaces that it accepts in a write or lookup; ``gives``: those that its rows carry.
    """

    id: str
    label: str
    config_key: str
    connects: bool
    features: dict[Feature, Capability]
    understands: frozenset[str]
    gives: frozenset[str]
    pace: Pace
    lookup_batch: int = 0
    quirks: frozenset[Quirk] = field(default_factory=frozenset)
    docs: str = ""
