"""What the suite needs of a service besides its link: titles that it knows, the truth, a user's hand, bad days."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from crosswatch.model.capabilities import Capability, Manifest
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.refs import Ref
from crosswatch.model.values import PRESENT, Value
from crosswatch.ports import Link

T = TypeVar("T")
Truth = dict[Ref, Value]
"""A list as the service truly holds it, by refs without native ids."""


class Asks(StrEnum):
    """The calls that a trouble meets."""

    READ = "read"
    LOOKUP = "lookup"
    WRITE = "write"


class Trouble(StrEnum):
    """What may go wrong between us and a service. The four last ones have happened after the effect of a write."""

    SESSION_OVER = "session that may end"
    FORBIDDEN = "status 403"
    WAIT_TOLD = "429 with Retry-After"
    WAIT_UNTOLD = "429 without Retry-After"
    FAILURE = "status 500"
    EMPTY_PAGE = "page that comes empty"
    REPEATED_ROW = "row that comes twice"
    HELD = "call that is held"
    LATE_LIST = "list that is late"
    CLEARED = "rating that clears the watchlist"
    SILENCE = "answer that comes too late"
    RESET = "connection that breaks"
    WEB_PAGE = "web page with status 200"
    CUT_ANSWER = "cut JSON"


AFTER_THE_EFFECT = (Trouble.SILENCE, Trouble.RESET, Trouble.WEB_PAGE, Trouble.CUT_ANSWER)
TOLD_SECONDS = 1.0
"""What Retry-After says."""


class Bench(Protocol):
    """One service on the bench: an account of it called ``default``, and another called ``second``.

    Refs are given as somebody else would name the titles: by ids that the service understands, without its native id.
    """

    @property
    def manifest(self) -> Manifest: ...

    page_size: int
    """Rows on one page of the service's lists."""

    said: list[str]
    """All that was logged, and said by links; it is searched for secrets."""

    def open(self, instance: str = "default") -> Link:
        """A new link to that account; Refused ``not_connected`` for one that nobody connected."""
        ...

    def titles(self, kind: Kind, count: int) -> list[Ref]:
        """That many titles that no earlier call gave; of episodes the first is of a season 0."""
        ...

    def unknown(self, kind: Kind) -> Ref:
        """A title that the service does not have."""
        ...

    def twins(self) -> tuple[Ref, Ref]:
        """A movie, and the name of a show with the movie's number; the service need not have that show."""
        ...

    def truth(self, feature: Feature, instance: str = "default") -> Truth:
        """What is on the list, learnt behind the link's back."""
        ...

    def edit(self, feature: Feature, ref: Ref, value: Value | None) -> None:
        """What the user does at the service; None takes the title off the list."""
        ...

    def vanish(self, ref: Ref) -> None:
        """The service no longer has this title; for services whose titles can vanish."""
        ...

    def fill(self, feature: Feature, rows: Mapping[Ref, Value]) -> None:
        """Many such edits that happened long ago."""
        ...

    def arrived(self) -> int:
        """How many calls that write the service has got so far."""
        ...

    def secrets(self) -> list[str]:
        """What must appear in nothing that is logged or told."""
        ...

    def suffer(
        self, trouble: Trouble, asks: Asks, *, times: int | None = None, page: int | None = None
    ) -> None:
        """From now on this happens to those calls: so many of them (None: all), and of reads that page alone.

        A late list shows what it held before this account's newest changes.
        """
        ...

    def held(self) -> int:
        """How many calls are held at this moment."""
        ...

    def recover(self) -> None:
        """No further trouble; calls that are held stay so."""
        ...

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work, in the one event loop of this bench."""
        ...


class MakeBench(Protocol):
    """Puts a service on the bench for as long as the block runs; ``home`` is an empty folder."""

    def __call__(self, home: Path) -> AbstractContextManager[Bench]: ...


def named(ref: Ref) -> Ref:
    """The ref without what the service itself calls the title."""
    return replace(ref, native_id="")


def values_of(capability: Capability) -> list[Value]:
    """Every value that the service can hold for one title."""
    grid = capability.grid
    return [PRESENT] if grid is None else list(range(grid.low, grid.high + 1, grid.step))


def some_titles(bench: Bench, feature: Feature, count: int = 1) -> list[Ref]:
    """Fresh titles of every kind that the feature holds, so many of each."""
    kinds = sorted(bench.manifest.features[feature].kinds)
    return [ref for kind in kinds for ref in bench.titles(kind, count)]


def skip_without(able: object, bench: Bench, what: str, reason: str) -> None:
    """Skips a case that the manifest rules out, and says which ability is missing and where the manifest says so."""
    if not able:
        pytest.skip(f"{bench.manifest.id} has no {what} ({reason})")


def can_suffer(bench: Bench, *troubles: Trouble) -> None:
    """Skips a case whose troubles cannot happen: a service within this process has no wire, one without accounts
    no session."""
    for trouble in troubles:
        if trouble is Trouble.SESSION_OVER:
            skip_without(bench.manifest.connects, bench, trouble, "manifest: connects is false")
        skip_without(bench.manifest.pace.time_limit, bench, trouble, "manifest: pace.time_limit is 0")
