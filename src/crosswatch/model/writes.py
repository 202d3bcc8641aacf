"""One write to a service, and the one outcome that it has."""

from dataclasses import dataclass
from enum import StrEnum

from crosswatch.model.kinds import Action
from crosswatch.model.readings import Date
from crosswatch.model.refs import Ref
from crosswatch.model.values import Value


@dataclass(frozen=True, slots=True)
class Write:
    """What a service shall store. ``expected``, ``wanted``: None is absent. ``origin``: the uid the value is from."""

    id: int
    ref: Ref
    action: Action
    expected: Value | None
    wanted: Value | None
    date: Date | None = None
    origin: str = ""


class Done(StrEnum):
    """How a write ended. ``IN_DOUBT``: sent, and the answer cannot be understood; it may or may not have worked.

    ``NOT_SENT`` is no service's word: the run ended, or was stopped, before the write left.
    """

    APPLIED = "applied"
    ALREADY = "already"
    UNMATCHED = "unmatched"
    REJECTED = "rejected"
    MOVED = "moved"
    RETRY_LATER = "retry_later"
    RECONNECT = "reconnect"
    IN_DOUBT = "in_doubt"
    NOT_SENT = "not_sent"


REPLACED = "replaced"
"""The code of an APPLIED add that met a value which the service had not shown: it was overwritten."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one write. ``code`` and ``words`` are the service's own; ``native_id`` what it calls the title.

    ``retry_after``: seconds for which the service asked to wait, with RETRY_LATER only; None where it did not say.
    """

    write_id: int
    done: Done
    code: str = ""
    words: str = ""
    native_id: str = ""
    retry_after: float | None = None
