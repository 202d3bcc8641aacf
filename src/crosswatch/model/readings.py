"""What a service said about its titles, and how far that can be believed."""

from dataclasses import dataclass
from enum import StrEnum

from crosswatch.model.kinds import Precision
from crosswatch.model.refs import Ref
from crosswatch.model.values import Value


@dataclass(frozen=True, slots=True)
class Date:
    """When something happened, as its service knew it: UTC milliseconds and how precise they are."""

    at: int
    precision: Precision = Precision.INSTANT


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a service's list. ``stamp`` orders the versions of this value within that one service."""

    ref: Ref
    value: Value
    stamp: int | None = None
    date: Date | None = None


@dataclass(frozen=True, slots=True)
class ReadEnd:
    """How a read of a list ended.

    ``whole``: every page arrived, had the right shape and named its own number, and the totals stayed the same.
    ``gap``: the service's own total minus the distinct rows that could be used. ``reason`` says why not whole.
    """

    whole: bool
    gap: int
    total: int
    reason: str = ""
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list that is being read. ``restart``: what came before counts no longer.

    ``done`` and ``total`` are for progress, in rows; only the last page carries ``end``.
    """

    rows: tuple[Row, ...]
    done: int
    total: int
    restart: bool = False
    end: ReadEnd | None = None


class Why(StrEnum):
    """Why nothing can be said about a title on a side at this moment."""

    NOT_WHOLE = "not_whole"
    YOUNG = "young"
    OWN_WRITE = "own_write"
    NOT_PROVED = "not_proved"
    TWO_ROWS = "two_rows"
    GONE = "gone"
    IN_DOUBT = "in_doubt"
    WANTED = "wanted"
    OTHER_ID = "other_id"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one side says about one title. ``value`` None is a proved or a whole list's absence.

    ``mark``: of a lookup, what else the service holds of the title (``TitleState.mark``); None of a list's reading.
    """

    value: Value | None
    taken_at: int
    stamp: int | None = None
    date: Date | None = None
    native_id: str = ""
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing may be concluded about this title on this side."""

    why: Why


Seen = Reading | Unknown


class Verdict(StrEnum):
    """The two answers to a lookup that are not a state."""

    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TitleState:
    """A service's own word on one title, all features at once. ``rating`` None is: not rated."""

    on_watchlist: bool
    rating: Value | None
    played: bool = False

    @property
    def mark(self) -> str:
        """What may have made the service take the title off a watchlist: its rating, a play; empty for neither."""
        return mark_of(self.rating, played=self.played)


def mark_of(rating: Value | None, *, played: bool = False) -> str:
    """A rating and a play in one word that can be stored and compared."""
    return ("" if rating is None else f"r{rating}") + ("p" if played else "")


LookedUp = TitleState | Verdict
