"""What came in: a bounded log, counters, calls at once, connections, and the sliding window of the rate limit."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

_LOGGED = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered call. `query` holds names only, since values are secrets; `page` is the one value kept.

    `status` is 0 where the connection was reset.
    """

    method: str
    path: str
    query: tuple[str, ...]
    page: str
    body: str
    status: int
    at: float


class Traffic:
    """Counts what arrives; `monotonic` gives the seconds by which the rate limit is measured."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._windows: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self.log: deque[Entry] = deque(maxlen=_LOGGED)
        self.counters: Counter[str] = Counter()
        """Calls per route, such as "GET /movie/{movie}/account_states"; unknown ones under "METHOD ?"."""
        self.at_once = 0
        self.most_at_once = 0
        self.most_connections = 0
        self.refused_connections = 0

    @property
    def connections(self) -> int:
        """Open connections right now, of all addresses."""
        return sum(self._open.values())

    def reset(self) -> None:
        """Forgets log, counters and high-water marks; open connections stay counted."""
        self.log.clear()
        self.counters.clear()
        self._windows.clear()
        self.most_at_once = self.at_once
        self.most_connections = self.connections
        self.refused_connections = 0

    def entries(self, method: str = "", path: str = "") -> list[Entry]:
        """The logged calls with this method and with `path` in their path, oldest first."""
        return [e for e in list(self.log) if e.method == (method or e.method) and path in e.path]

    def over_limit(self, address: str, limit: int, *, count_refused: bool) -> int:
        """Counts a call from this address; gives the calls of the last second where they exceed the limit, else 0."""
        window = self._windows.setdefault(address, deque())
        now = self._monotonic()
        while window and window[0] <= now - 1.0:
            window.popleft()
        calls = len(window) + 1
        if calls <= limit or count_refused:
            window.append(now)
        return calls if calls > limit else 0

    def connected(self, address: str, limit: int | None) -> bool:
        """Counts a new connection; False where the address holds too many and this one is to be reset."""
        with self._lock:
            if limit is not None and self._open[address] >= limit:
                self.refused_connections += 1
                return False
            self._open[address] += 1
            self.most_connections = max(self.most_connections, self.connections)
            return True

    def disconnected(self, address: str) -> None:
        with self._lock:
            self._open[address] -= 1
