"""What a plan consists of: what shall be written, what waits and why, and what is only stored."""

from dataclasses import dataclass, field
from enum import StrEnum

from crosswatch.engine.base import BaseRow, Key
from crosswatch.model.kinds import Action, Side
from crosswatch.model.readings import Reading, Why
from crosswatch.model.values import Value


class Cause(StrEnum):
    """Why a value is written: what the other side did, or what the user said."""

    NEW = "new"
    CHANGED = "changed"
    TOUCHED = "touched"
    REMOVED = "removed"
    STAYED = "stayed"
    ANSWERED = "answered"
    APPROVED = "approved"


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
    cause: Cause

    @property
    def version(self) -> int:
        """The version of the base row on which the decision rests, 0 where there is none."""
        return self.row.version - 1


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

    ``waiting``: writes that the guard holds until the user has allowed them. ``adopted`` counts agreements found,
    ``left`` differences that stay as the user left them; ``kept``: removals seen while the lane does not remove;
    ``cleared``: titles that a service took off by itself, which is nobody's removal.
    """

    writes: list[PlannedWrite] = field(default_factory=list)
    waiting: list[PlannedWrite] = field(default_factory=list)
    rows: dict[Key, BaseRow | None] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    adopted: int = 0
    left: int = 0
    kept: list[Key] = field(default_factory=list)
    cleared: list[Key] = field(default_factory=list)
