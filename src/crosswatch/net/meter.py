"""What one run asked of the services, although several runs share one client."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Meter:
    """Figures of one run. ``requests``: sent to services, each try counted.

    ``on_waiting`` is told the seconds whenever a call begins to wait because the service asked for it.
    """

    on_waiting: Callable[[float], None] | None = None
    requests: int = 0


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def measured(on_waiting: Callable[[float], None] | None = None) -> Iterator[Meter]:
    """Counts every request made inside, also by tasks that are started inside, and no other."""
    meter = Meter(on_waiting)
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


def count_request() -> None:
    """One more request for the run that asks, if any."""
    if (meter := _current.get()) is not None:
        meter.requests += 1


def tell_waiting(seconds: float) -> None:
    """Tells the run that asks, if any, that it waits for the service now."""
    meter = _current.get()
    if meter is not None and meter.on_waiting is not None:
        meter.on_waiting(seconds)
