"""Rings of pairs: values and removals would go round in one, so the pair that would close it is refused."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Mode
from crosswatch.store.pairs import PairRow

Uids = Mapping[AccountName, str]
Ways = dict[str, dict[str, str]]
"""Uid -> the uids that it is carried to, and the name of the pair that does."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Two accounts, and in which direction changes go between them."""

    source: AccountName
    target: AccountName
    mode: Mode

    @property
    def directions(self) -> tuple[tuple[AccountName, AccountName], ...]:
        """From where to where changes go."""
        there = (self.source, self.target)
        return (there, there[::-1]) if self.mode is Mode.TWO_WAY else (there,)


def carried(pair: PairRow) -> frozenset[Feature]:
    """The features that a pair carries as it is: it and their lanes are switched on."""
    return frozenset(lane.feature for lane in pair.lanes if pair.enabled and lane.settings.enabled)


def refuse_rings(known: Collection[PairRow], new: Ends, features: Collection[Feature], uids: Uids) -> None:
    """Raises Refused ``pair_cycle`` where a feature could come back to where it began, through other pairs.

    Two names of one account are one place. ``opposite`` names a pair that goes straight the other way.
    """
    names = {uid: str(name) for name, uid in uids.items()} | {
        uids[name]: str(name) for name in (new.target, new.source)
    }
    for feature in (one for one in Feature if one in features):
        ways = _ways((pair for pair in known if feature in carried(pair)), uids)
        for begin, end in new.directions:
            path = _path(ways, uids[end], uids[begin], ())
            if path:
                ring = " → ".join(names[uid] for uid in (uids[begin], *path))
                straight = {"opposite": ways[path[0]][path[1]]} if len(path) == 2 else {}
                raise Refused("pair_cycle", feature=feature.value, cycle=ring, **straight)


def _ways(pairs: Iterable[PairRow], uids: Uids) -> Ways:
    ways: Ways = {}
    for pair in pairs:
        for begin, end in Ends(pair.source, pair.target, pair.mode).directions:
            ways.setdefault(uids[begin], {}).setdefault(uids[end], pair.name)
    return ways


def _path(ways: Ways, start: str, end: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """A way from start to end through accounts that were not passed before; empty where there is none."""
    here = (*before, start)
    if start == end:
        return here
    for step in sorted(ways.get(start, {}).keys() - set(here)):
        found = _path(ways, step, end, here)
        if found:
            return found
    return ()
