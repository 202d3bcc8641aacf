"""Whether a service keeps other ratings than its declared grid says: then every value would come back as an edit."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from crosswatch.engine.base import Key, LastWrite, SideView
from crosswatch.model.readings import Reading
from crosswatch.model.values import Grid, Value

ENOUGH = 3
"""So many values have to come back off; two may well be two edits."""

SUSPECT_FOR = 7 * 24 * 60 * 60 * 1000
"""Milliseconds after which a value that came back off is the user's, whatever else is: nobody is stopped for ever."""


@dataclass(frozen=True, slots=True)
class _Seen:
    key: Key
    write: LastWrite
    reading: Reading

    def off(self, step: int) -> bool:
        """Whether another value came back, at most one step away."""
        now, sent = self.reading.value, self.write.value
        return now is not None and sent is not None and 0 < abs(now - sent) <= step


def off_grid(view: SideView, now: int) -> list[Key]:
    """The titles that show that a side's grid is declared wrongly, none where it seems right. ``now``: UTC ms.

    Of the values that were written and are read for the first time, three or more came back off by one step at
    most, and none of their like came back as it was sent. Their like: whole steps of two, or the halves between
    them, for a service that has no halves keeps the whole ones as they are.
    """
    if view.grid is None:
        return []
    step = view.grid.step
    suspects = [seen for seen in _first_seen(view) if now < seen.write.at + SUSPECT_FOR]
    for rest in (0, step):
        like = [seen for seen in suspects if (seen.write.value or 0) % (2 * step) == rest]
        off = [seen.key for seen in like if seen.off(step)]
        if len(off) >= ENOUGH and not any(seen.reading.value == seen.write.value for seen in like):
            return off
    return []


def alike(sent: Mapping[Key, Value], grid: Grid) -> list[list[Key]]:
    """What was sent, in groups of their like; those large enough that their coming back off would count."""
    groups: dict[int, list[Key]] = {}
    for key, value in sent.items():
        groups.setdefault(value % (2 * grid.step), []).append(key)
    return [keys for keys in groups.values() if len(keys) >= ENOUGH]


def read_since(view: SideView) -> Collection[Key]:
    """The titles whose last write a reading of full age has shown, as it was sent or not."""
    return [seen.key for seen in _first_seen(view)]


def _first_seen(view: SideView) -> Iterable[_Seen]:
    for key, write in view.last_writes.items():
        if write.confirmed or key in view.in_doubt:
            continue
        reading = view.listed.get(key)
        if isinstance(reading, Reading) and reading.taken_at >= write.at + view.delay:
            yield _Seen(key, write, reading)
