"""A service in memory: what it holds, how late its lists and lookups are, and what it does of its own accord."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from crosswatch.engine.base import Key
from crosswatch.model.capabilities import Stamps
from crosswatch.model.readings import Date, Reading, mark_of
from crosswatch.model.values import Grid, Value


class By(StrEnum):
    """Who set a value, or took it off."""

    USER = "user"
    US = "us"
    SERVICE = "service"


@dataclass(frozen=True)
class Event:
    """A value, or its end, that came to a service."""

    at: int
    value: Value | None
    stamp: int
    by: By


@dataclass
class Service:
    """One service. ``looks_up``: it can be asked about single titles. ``clears``: what is rated leaves its watchlist.

    ``tells_names``: it says what it calls a title that was written. ``ratings``: of a watchlist's titles, beside it.
    """

    grid: Grid | None
    delay: int = 0
    stamps: Stamps = Stamps.NONE
    looks_up: bool = True
    clears: bool = False
    tells_names: bool = True
    events: dict[Key, list[Event]] = field(default_factory=dict)
    ratings: dict[Key, list[Event]] = field(default_factory=dict)
    renamed: set[Key] = field(default_factory=set)

    def put(self, key: Key, value: Value | None, at: int, by: By) -> None:
        """Stores a value at once; what lists show of it is another matter."""
        assert value is None or self.grid is None or self.grid.round(value) == value
        past = self.events.setdefault(key, [])
        past.append(Event(at, value, len(past) + 1, by))

    def rate(self, key: Key, value: Value, at: int, by: By) -> bool:
        """Rates a title of a watchlist; whether that took it off."""
        past = self.ratings.setdefault(key, [])
        past.append(Event(at, value, len(past) + 1, by))
        if not self.clears or self.value(key) is None:
            return False
        self.put(key, None, at, By.SERVICE)
        return True

    def name(self, key: Key) -> str:
        """What the service itself calls the title."""
        return f"m{key}" if key in self.renamed else f"n{key}"

    def value(self, key: Key) -> Value | None:
        """What is really there."""
        past = self.events.get(key)
        return past[-1].value if past else None

    def shows(self, key: Key, at: int, lag: int) -> Reading:
        """What a copy that is so far behind says; never further than the service's delay."""
        event = _last(self.events, key, at - min(lag, self.delay))
        if event is None or event.value is None:
            return Reading(None, at)
        stamp = None if self.stamps is Stamps.NONE else event.stamp
        return Reading(event.value, at, stamp, Date(event.at), self.name(key))

    def answers(self, key: Key, at: int, lag: int) -> Reading:
        """What it says when it is asked about the title: without stamps and dates, but with its rating."""
        moment = at - min(lag, self.delay)
        event = _last(self.events, key, moment)
        return Reading(
            event.value if event else None,
            at,
            native_id=self.name(key),
            mark=mark_of(self.rating(key, moment)),
        )

    def rating(self, key: Key, at: int) -> Value | None:
        """How a title of the watchlist was rated at that moment."""
        event = _last(self.ratings, key, at)
        return event.value if event else None

    def was_taken_off(self, key: Key, since: int, by: Collection[By]) -> bool:
        """Whether one of these had taken the title off at that moment, or did at any later one."""
        before = _last(self.events, key, since)
        later = [event for event in self.events.get(key, ()) if event.at > since]
        ends = [event for event in (before, *later) if event is not None and event.value is None]
        return any(event.by in by for event in ends)

    def last_by(self, key: Key, by: By) -> int:
        """When that one last set the title here; before all times if never."""
        return max((event.at for event in self.events.get(key, ()) if event.by is by), default=0)


def _last(events: dict[Key, list[Event]], key: Key, until: int) -> Event | None:
    return next((event for event in reversed(events.get(key, [])) if event.at <= until), None)
