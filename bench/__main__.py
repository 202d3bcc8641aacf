"""``make bench``: prints what CrossWatch takes for the work of which others have published figures."""

import json
import platform
import sys

from bench.planning import planned
from bench.world import World, connect_second, world

_DELAY, _LIMIT = 0.05, 40
_EXISTING = {"first": 341.0, "again": 17.7, "memory": 157.0}
"""Existing software on the same work (one watchlist of 5,000, 50 ms a request), measured on 2026-11-22."""


def main() -> int:
    """Prints the figures; 1 where a claim does not hold."""
    print(f"CrossWatch on Python {platform.python_version()}, {platform.machine()}; TMDb simulated beside it")
    print(f"{_DELAY * 1000:.0f} ms a request, {_LIMIT} requests a second allowed\n")
    print(f"{'':45} {'seconds':>8} {'requests':>9} {'written':>8} {'429':>4} {'peak MB':>8}")
    kept = True
    knobs = ("--knob", f"delay={_DELAY}", "--knob", f"rate_limit={_LIMIT}")
    with world("--watchlist", "5000", *knobs) as made:
        kept &= _row(made, "watchlist 5,000, first", seconds=12, written=5_000, existing=_EXISTING["first"])
        kept &= _row(
            made, "watchlist 5,000, nothing changed", seconds=12, written=0, existing=_EXISTING["again"]
        )
    with world("--watchlist", "10000", "--ratings", "10000", *knobs) as made:
        kept &= _row(made, "10,000 and 10,000 ratings, first", seconds=45, written=20_000)
        kept &= _row(made, "the same, nothing changed", seconds=45, written=0)
    with world("--ratings", "500", *knobs) as made:
        connect_second(made)
        kept &= _row(made, "500 ratings to a second account", seconds=20, written=500, pair="both")
        kept &= _row(made, "both ways, nothing changed", seconds=5, written=0, pair="both")
    kept &= _plan("planning 100,000 against 100,000, 1 % differs", "again", seconds=1.5, written=950)
    kept &= _plan("planning 100,000 against none, first", "first", seconds=5, written=100_000)
    print("\nAll claims hold." if kept else "\nA claim does not hold.")
    return 0 if kept else 1


def _row(
    made: World,
    name: str,
    *,
    seconds: float,
    written: int,
    existing: float | None = None,
    pair: str = "tracker",
) -> bool:
    refused_before = _refused(made)
    took = made.command("sync", pair, "--json")
    (run,) = json.loads(took.said)
    wrote = sum(lane["added"] + lane["changed"] + lane["removed"] for lane in run["lanes"].values())
    refused = _refused(made) - refused_before
    ratio = (
        f"   existing software: {existing:.0f} s, {existing / took.seconds:.0f} times as long"
        if existing
        else ""
    )
    print(
        f"{name:45} {took.seconds:8.1f} {run['requests']:9} {wrote:8} {refused:4} {took.peak_mb:8.0f}{ratio}"
    )
    return took.seconds < seconds and took.peak_mb < 120 and wrote == written


def _plan(name: str, which: str, *, seconds: float, written: int) -> bool:
    """Planning alone, without a service, in a process that holds the base and both readings."""
    took = planned(which)
    print(f"{name:45} {took.seconds:8.1f} {0:9} {took.writes:8} {0:4} {took.peak_mb:8.0f}")
    return took.seconds < seconds and took.peak_mb < 250 and took.writes == written


def _refused(made: World) -> int:
    return sum(1 for call in made.ask("/log")["entries"] if call["status"] == 429)


if __name__ == "__main__":
    sys.exit(main())
