"""One list of one user, in the order in which it grew, with enough memory to show how it was a moment ago."""

from __future__ import annotations

import bisect
from typing import NamedTuple

from crosswatch.simulators.tmdb.catalogue import Key

Rows = list[tuple[Key, float]]
_REMEMBERED = 50_000


class _Entry(NamedTuple):
    place: int
    value: float


class _Change(NamedTuple):
    key: Key
    before: _Entry | None


class Shelf:
    """Titles with a value (points for ratings, 1.0 for a watchlist), oldest first; changing a value keeps the place.

    `rows` and `value` take a moment; what was put, changed or removed after it is not shown. `fill` has no
    moment: its rows are shown as having been there always.
    """

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._place = 0
        self._times: list[float] = []
        self._changes: list[_Change] = []
        self._forgotten = 0
        self._views: dict[int, Rows] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def fill(self, rows: Rows) -> None:
        """Puts these rows, in this order, as a settled state: earlier changes are no longer remembered."""
        for key, value in rows:
            self._set(key, value)
        self._forgotten += len(self._changes)
        self._times.clear()
        self._changes.clear()
        self._views.clear()

    def put(self, key: Key, value: float, at: float) -> bool:
        """Puts or changes one row; gives whether it was there already."""
        before = self._entries.get(key)
        self._remember(key, before, at)
        self._set(key, value)
        return before is not None

    def drop(self, key: Key, at: float) -> bool:
        """Removes one row; gives whether it was there."""
        before = self._entries.get(key)
        if before is None:
            return False
        self._remember(key, before, at)
        del self._entries[key]
        return True

    def rows(self, at: float | None = None) -> Rows:
        """The rows as they were at that moment (None: now), oldest first. The list is shared: do not change it."""
        cut = len(self._times) if at is None else bisect.bisect_right(self._times, at)
        view = self._views.get(self._forgotten + cut)
        if view is None:
            view = self._view(cut)
            if len(self._views) > 3:
                self._views.clear()
            self._views[self._forgotten + cut] = view
        return view

    def value(self, key: Key, at: float | None = None) -> float | None:
        """The value at that moment (None: now), or None where the title was not there."""
        entry = self._entries.get(key)
        cut = len(self._times) if at is None else bisect.bisect_right(self._times, at)
        for change in reversed(self._changes[cut:]):
            if change.key == key:
                entry = change.before
        return entry.value if entry else None

    def _set(self, key: Key, value: float) -> None:
        before = self._entries.get(key)
        if before is None:
            self._place += 1
        self._entries[key] = _Entry(before.place if before else self._place, value)

    def _remember(self, key: Key, before: _Entry | None, at: float) -> None:
        self._times.append(at)
        self._changes.append(_Change(key, before))
        if len(self._times) > _REMEMBERED:
            half = _REMEMBERED // 2
            del self._times[:half], self._changes[:half]
            self._forgotten += half

    def _view(self, cut: int) -> Rows:
        if cut == len(self._changes):
            return [(key, entry.value) for key, entry in self._entries.items()]
        entries = dict(self._entries)
        for change in reversed(self._changes[cut:]):
            if change.before is None:
                entries.pop(change.key, None)
            else:
                entries[change.key] = change.before
        ordered = sorted(entries.items(), key=lambda item: item[1].place)
        return [(key, entry.value) for key, entry in ordered]
