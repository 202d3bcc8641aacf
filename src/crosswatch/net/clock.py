"""The time of the machine."""

import asyncio
import time


class SystemClock:
    """The machine's own clock; implements ports.Clock."""

    def now_ms(self) -> int:
        """UTC, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Waits that long."""
        await asyncio.sleep(seconds)
