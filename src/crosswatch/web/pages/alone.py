"""What the templates of pages need that stand alone, as views.py has it for all others."""

from dataclasses import dataclass
from enum import StrEnum

from crosswatch.web.pages.views import Notice


class Result(StrEnum):
    """How an approval at TMDb ended."""

    CONNECTED = "connected"
    DENIED = "denied"
    EXPIRED = "expired"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ConnectResultView:
    """The neutral page of the TMDb tab; ``notice`` in every case but connected. Names no account and no secret.

    ``back`` is where its button leads, ``next`` what the button says.
    """

    result: Result
    service: str = "TMDb"
    notice: Notice | None = None
    back: str = "/settings/tmdb_sync"
    next: str = "Back to CrossWatch"


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A page that is an error: its status, the words, and a command to copy where there is one."""

    status: int
    notice: Notice
    command: str = ""


@dataclass(frozen=True, slots=True)
class SignInView:
    """The password page; ``next`` is the path to go on to."""

    next: str = "/"
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class SetUpView:
    """The first password; ``least`` characters."""

    least: int
    notice: Notice | None = None
