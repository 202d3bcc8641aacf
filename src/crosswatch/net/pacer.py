"""How fast one host is asked: by all accounts of the process together."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from crosswatch.net.meter import tell_waiting
from crosswatch.ports import Clock

_LOWEST_SHARE = 1 / 16
_RECOVER_MS = 5_000
_RECOVER_BY = 1 / 8
_MADE_UP_MS = 250
_LONGEST_GUESS = 30.0
_LONGEST_PAUSE = 900.0


class Paused(Exception):
    """The host asked for more patience than the caller has: ``seconds`` still to wait. Nothing was sent.

    The host's own word, also where we would ask again sooner.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True)
class Turn:
    """One request's place. ``sent_at`` in the clock's milliseconds; ``paused``: seconds waited for the host's sake."""

    sent_at: int = 0
    paused: float = 0.0


class Pacer:
    """At most ``per_second`` requests in any one second from the first on, evenly spread, and ``connections`` at once.

    A refusal (429) makes everybody wait and halves rate and connections; both come back slowly.
    """

    def __init__(self, clock: Clock, *, per_second: float, connections: int) -> None:
        self._clock = clock
        self._per_second = per_second
        self._connections = connections
        self._share = 1.0
        self._gate = asyncio.Lock()  # first come, first served; a cancelled waiter leaves no trace
        self._freed = asyncio.Event()
        self._busy = 0
        self._seen = 0
        self._next = 0.0
        self._soonest = 0.0
        self._sent: deque[int] = deque(maxlen=max(1, int(per_second)))
        self._paused_until = 0
        self._asked_until = 0
        self._changed_at = -1
        self._strikes = 0

    @property
    def share(self) -> float:
        """How much of its full rate the host gets at the moment, from 1/16 to 1."""
        return self._share

    @asynccontextmanager
    async def turn(self, patience: float) -> AsyncIterator[Turn]:
        """Waits for this request's place and holds it inside. Raises Paused where pauses would exceed ``patience``."""
        turn = Turn()
        asked_at = self._now()
        self._check_pause(turn, patience)
        async with self._gate:
            while (wait := await self._wait_ms(turn, patience)) > 0:
                await self._clock.sleep(wait / 1000)
            turn.sent_at = self._take(asked_at)
        try:
            yield turn
        finally:
            self._busy -= 1
            self._freed.set()

    def refused(self, turn: Turn, retry_after: float | None) -> float:
        """The host said 429: everybody waits, a second at least, a quarter of an hour at most. Returns the seconds."""
        now = self._now()
        if self._halve(turn):
            self._strikes += 1
        guess = min(_LONGEST_GUESS, 2.0 ** (self._strikes - 1))
        pause = min(_LONGEST_PAUSE, max(1.0, guess if retry_after is None else retry_after))
        self._paused_until = max(self._paused_until, now + math.ceil(pause * 1000))
        self._asked_until = now + math.ceil((retry_after or 0.0) * 1000)
        self._next = max(self._next, self._paused_until)  # a pause is not made up for
        return pause

    def flooded(self, turn: Turn) -> None:
        """A connection was refused, reset or timed out: some hosts answer too many requests in this way."""
        self._halve(turn)

    def answered(self) -> None:
        """An ordinary answer came. Rate and connections come back by an eighth every five seconds."""
        self._strikes = 0
        now = self._now()
        if self._share < 1 and now - self._changed_at >= _RECOVER_MS:
            self._share = min(1.0, self._share + _RECOVER_BY)
            self._changed_at = now

    def _halve(self, turn: Turn) -> bool:
        """Once only for all requests that were under way together."""
        if turn.sent_at <= self._changed_at:
            return False
        self._share = max(_LOWEST_SHARE, self._share / 2)
        self._changed_at = self._now()
        return True

    async def _wait_ms(self, turn: Turn, patience: float) -> int:
        while self._busy >= max(1, int(self._connections * self._share)):
            self._freed.clear()
            await self._freed.wait()
        if (pause := self._check_pause(turn, patience)) > 0:
            turn.paused += pause / 1000
            return pause
        window = self._sent[0] + 1000 if len(self._sent) == self._sent.maxlen else 0
        return math.ceil(max(self._next, self._soonest, window) - self._now())

    def _check_pause(self, turn: Turn, patience: float) -> int:
        pause = self._paused_until - self._now()
        if pause > 0:
            if turn.paused + pause / 1000 > patience:
                raise Paused(max(pause, self._asked_until - self._now()) / 1000)
            tell_waiting(pause / 1000)
        return pause

    def _take(self, asked_at: int) -> int:
        """A place that was taken late, though asked for in time, is made up for: never by a burst, at most twice as
        fast for a moment, and within the bound of the window."""
        now = self._now()
        interval = 1000 / (self._per_second * self._share)
        self._next = min(now, max(self._next, asked_at, now - _MADE_UP_MS)) + interval
        self._soonest = now + interval / 2
        self._sent.append(now)
        self._busy += 1
        return now

    def _now(self) -> int:
        """The clock; where somebody set it back, the plan moves back with it."""
        now = self._clock.now_ms()
        if (back := self._seen - now) > 0:
            self._next -= back
            self._soonest -= back
            self._paused_until -= back
            self._asked_until -= back
            self._changed_at -= back
            self._sent = deque((at - back for at in self._sent), maxlen=self._sent.maxlen)
        self._seen = now
        return now


class Pacers:
    """One pacer per host for the whole process: hosts limit by address, not by account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pacers: dict[str, Pacer] = {}

    def of(self, url: str, *, per_second: float, connections: int) -> Pacer:
        """The pacer of that address's host and port; made with this pace where it is the first."""
        host = urlsplit(url).netloc.rpartition("@")[2].lower()
        if host not in self._pacers:
            self._pacers[host] = Pacer(self._clock, per_second=per_second, connections=connections)
        return self._pacers[host]
