"""Planning by itself: the base and two readings of 100,000 titles, in a process that does nothing else.

``python -m bench.planning again`` (or ``first``) prints what it took, as JSON.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from crosswatch.engine.base import Agreed, BaseRow, Key, LastWrite, Rules, SideView
from crosswatch.engine.guard import Bounds, guard
from crosswatch.engine.plan import plan, to_look_up
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Feature, Mode, Side
from crosswatch.model.readings import Date, Reading, Seen
from crosswatch.model.values import Grid, Value

TITLES = 100_000
_NOW = 1_800_000_000_000
_A_WHILE_AGO = _NOW - 7 * 24 * 60 * 60 * 1000
_TMDB, _TRACKER = Grid(50, 50), Grid(10, 10)


@dataclass(frozen=True, slots=True)
class Planned:
    """Seconds of deciding what to look up, of the plan and of the guard; what the process held at most."""

    seconds: float
    peak_mb: float
    writes: int
    waiting: int


def planned(which: str) -> Planned:
    """What one plan takes in a fresh process: ``first`` or ``again``."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.planning", which], check=True, stdout=subprocess.PIPE, text=True
    )
    return Planned(**json.loads(done.stdout))


def _value(key: Key) -> Value:
    return 50 + 50 * (key % 19)


def _reading(key: Key, value: Value, *, dated: bool) -> Reading:
    """As a list says it: our tracker dates and stamps its values, TMDb does not."""
    at = _A_WHILE_AGO + key
    name = f"movie:{key}"
    return Reading(value, _NOW, at, Date(at), name) if dated else Reading(value, _NOW, None, None, name)


def _base() -> dict[Key, BaseRow]:
    return {
        key: BaseRow(
            Agreed(_value(key), None, f"movie:{key}"),
            Agreed(_value(key), _A_WHILE_AGO + key, f"movie:{key}"),
            since=_A_WHILE_AGO + key,
            ours=True,
        )
        for key in range(TITLES)
    }


def _source(*, again: bool) -> dict[Key, Seen]:
    """Of every thousand titles five are rated anew, one is off the list and two are new, since both agreed."""
    listed: dict[Key, Seen] = {}
    for key in range(TITLES + TITLES // 500 * again):
        place = key % 1000 if again and key < TITLES else -1
        if place != 500:
            listed[key] = _reading(key, _value(key + (place in range(0, 500, 100))), dated=False)
    return listed


def _target() -> dict[Key, Seen]:
    """Two of every thousand were rated anew."""
    return {key: _reading(key, _value(key + (key % 1000 in (600, 700))), dated=True) for key in range(TITLES)}


def main() -> None:
    """Makes one plan and prints what it took."""
    again = sys.argv[1] == "again"
    base = _base() if again else {}
    writes = {key: LastWrite(_value(key), _A_WHILE_AGO) for key in base}
    source = SideView(_source(again=again), whole=True, taken_at=_NOW, delay=30_000, grid=_TMDB)
    target = SideView(
        _target() if again else {},
        whole=True,
        taken_at=_NOW,
        grid=_TRACKER,
        stamps=Stamps.USER,
        last_writes=writes,
    )
    rules = Rules(Feature.RATINGS, Mode.TWO_WAY, remove=True)
    started = time.perf_counter()
    wanted = to_look_up(base, source, target, rules)
    answers = {key: Reading(None, _NOW, mark="") for key in wanted[Side.SOURCE]}
    known = SideView({**source.listed, **answers}, whole=True, taken_at=_NOW, delay=30_000, grid=_TMDB)
    made = plan(base, known, target, rules, now=_NOW)
    guard(made, base, {Side.SOURCE: known, Side.TARGET: target}, rules, Bounds(len(base)))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(asdict(Planned(seconds, peak, len(made.writes), len(made.waiting)))))


if __name__ == "__main__":
    main()
