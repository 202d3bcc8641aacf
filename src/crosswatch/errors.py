"""Every error that crosses a seam: a code, parameters, and what to do about it.

    CrossWatchError
    ├── Refused             what was asked for cannot be done as it was asked
    ├── ServiceError        a service said no, or nothing, or nonsense
    │   ├── Unreachable       nothing was sent, or no answer came
    │   ├── Blocked           something else answered in the service's place
    │   ├── RateLimited       asked to wait; ``retry_after`` seconds, None where it did not say
    │   ├── KeyRejected       the application key is not accepted
    │   ├── SessionEnded      the user must connect again
    │   ├── NotApproved       the user has not said yes (or the approval is used up or over)
    │   ├── ItemError         this one title; the others go on
    │   └── ServiceFailed     any other answer
    ├── HouseError          CrossWatch's own files, disk or settings are not in order
    └── Cancelled           the user stopped it

Errors carry no sentences (words.py makes them where they are shown) and never a secret.
"""

from enum import StrEnum
from math import ceil


class Reaction(StrEnum):
    """What helps against an error."""

    RETRY = "retry"
    RECONNECT = "reconnect"
    ITEM = "item"
    FIX_KEY = "fix_key"
    FIX_INPUT = "fix_input"
    TELL_US = "tell_us"


Param = str | int | float
UNTOLD_SECONDS = 30
"""How long to wait where a service asks to wait and does not say how long."""


class CrossWatchError(Exception):
    """The root: a stable snake_case ``code``, ``params`` for its sentence, and a ``reaction``."""

    reaction = Reaction.TELL_US

    def __init__(self, code: str, **params: Param) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code} ({shown})" if shown else self.code


class Refused(CrossWatchError):
    """What was asked for cannot be done as it was asked; nothing was changed."""

    reaction = Reaction.FIX_INPUT


class ServiceError(CrossWatchError):
    """A service said no, or nothing, or nonsense.

    ``maybe_done`` is true where the request was sent and its effect is not known.
    """

    reaction = Reaction.RETRY
    maybe_done = False


class Unreachable(ServiceError):
    """No answer. ``maybe_done`` where the request may have arrived."""

    def __init__(self, url: str, reason: str, *, maybe_done: bool = False) -> None:
        super().__init__("unreachable", url=url, reason=reason)
        self.maybe_done = maybe_done


class Blocked(ServiceError):
    """An HTML page, or somebody else's certificate, where the service should be."""

    maybe_done = True

    def __init__(self, url: str, reason: str) -> None:
        super().__init__("blocked", url=url, reason=reason)


class RateLimited(ServiceError):
    """The service asked to wait; the request had no effect. ``retry_after`` in seconds, where it said so.

    ``seconds`` is what people are told: whole, and ``UNTOLD_SECONDS`` where the service did not say.
    """

    def __init__(self, service: str, retry_after: float | None) -> None:
        super().__init__(
            "rate_limited",
            service=service,
            seconds=max(1, ceil(retry_after)) if retry_after is not None else UNTOLD_SECONDS,
        )
        self.retry_after = retry_after


class KeyRejected(ServiceError):
    """``invalid_api_key`` or ``suspended_api_key``."""

    reaction = Reaction.FIX_KEY


class SessionEnded(ServiceError):
    """The stored session counts no longer; connect again."""

    reaction = Reaction.RECONNECT

    def __init__(self, service: str) -> None:
        super().__init__("session_ended", service=service)


class NotApproved(ServiceError):
    """The user's approval is missing, used up, or over: the service does not tell which."""


class ItemError(ServiceError):
    """One title that the service does not have or does not take."""

    reaction = Reaction.ITEM


class ServiceFailed(ServiceError):
    """Any other answer: the HTTP status, the service's own number and its words (already redacted)."""

    def __init__(
        self, code: str, *, status: int, number: int, message: str, maybe_done: bool = False
    ) -> None:
        super().__init__(code, status=status, number=number, message=message)
        self.maybe_done = maybe_done


class HouseError(CrossWatchError):
    """CrossWatch's own files, disk or settings are not in order."""

    reaction = Reaction.TELL_US


class Cancelled(CrossWatchError):
    """The user stopped it; what was done stays done and is reported."""

    def __init__(self) -> None:
        super().__init__("cancelled")
