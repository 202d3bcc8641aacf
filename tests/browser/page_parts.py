"""What the made-up views have in common."""

from dataclasses import dataclass

from crosswatch.web.pages.views import Area, ConnectionState, ConnectionView, Notice
from crosswatch.words import say

NOW = 1_795_445_824_000
MINUTE = 60_000
HOUR = 60 * MINUTE
HOSTILE = '<script>alert("1")</script> & \'"><img src=x onerror=alert(1)>'
LONG = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb" + "x" * 60


@dataclass(frozen=True)
class State:
    """One page in one state."""

    template: str
    view: object
    area: Area = Area.NONE
    nav: bool = True
    signed_in: bool = False


CONNECTIONS = (
    ConnectionView("tmdb", "TMDb", "alice", ConnectionState.CONNECTED, "/settings/tmdb_sync"),
    ConnectionView("tracker", "CrossWatch", "Tracker", ConnectionState.BUILT_IN),
)


def told(code: str, link: tuple[str, str] = ("", ""), **params: object) -> Notice:
    """A notice in the catalogue's words; ``link`` is (href, label)."""
    return Notice(say(code, params), *link)


UNREACHABLE = told("unreachable", url="https://api.themoviedb.org/3", reason="the name could not be resolved")
