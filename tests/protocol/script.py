"""What shall happen during a run, and at which of its calls or commits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from crosswatch.model.kinds import Feature
from crosswatch.model.values import Value


class What(StrEnum):
    """Things that happen to a run from outside, and answers that are none."""

    EDIT = "the user edits"
    ANSWER = "the user answers all that is asked"
    SWITCH = "the user switches removing on or off"
    KILL = "the process is killed"
    KILL_LATE = "the process is killed, and what it sent arrives later"
    FREEZE = "the process hangs while another takes over"
    CANCEL = "the user stops the run"
    RECONNECT = "another account is connected"
    STALL = "the call waits for more than a minute"
    LIMITED = "429"
    UNSENT = "no connection"
    FAILED = "500"
    NONSENSE = "a web page with 200"
    TIMEOUT = "no answer in time"
    REJECTED = "refused"
    SESSION_ENDED = "the session has ended"


FAULTS = frozenset(
    {
        What.LIMITED,
        What.UNSENT,
        What.FAILED,
        What.NONSENSE,
        What.TIMEOUT,
        What.REJECTED,
        What.SESSION_ENDED,
    }
)
UNCLEAR = frozenset({What.FAILED, What.NONSENSE, What.TIMEOUT})
"""Answers to a write that leave open whether it had an effect."""


class Point(StrEnum):
    """Where in a run: around any of its calls, around one that writes, or around a commit."""

    BEFORE_CALL = "before call"
    AFTER_CALL = "after call"
    BEFORE_WRITE = "before write"
    AFTER_WRITE = "after write"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


@dataclass(frozen=True)
class Edit:
    """The user sets a title on a list of a service, or takes it off."""

    service: str
    feature: Feature
    title: int
    value: Value | None


@dataclass(frozen=True)
class Happening:
    """One thing, and when: at the n-th call, write or commit of the run."""

    point: Point
    n: int
    what: What
    edit: Edit | None = None


@dataclass
class Script:
    """All that happens to one run. Counts its calls, those that write among them, and its commits."""

    happenings: tuple[Happening, ...] = ()
    calls: int = 0
    writes: int = 0
    commits: int = 0
    met: list[What] = field(default_factory=list)

    def at(self, point: Point, n: int) -> Iterator[Happening]:
        """What happens at that point; each is met once."""
        for one in self.happenings:
            if (one.point, one.n) == (point, n):
                self.met.append(one.what)
                yield one

    @classmethod
    def of(cls, happenings: Iterable[Happening]) -> "Script":
        return cls(tuple(happenings))
