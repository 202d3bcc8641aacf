"""Reading one side of a lane: from the pages of a service to titles of ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crosswatch.engine.base import Key
from crosswatch.model.capabilities import Capability, Manifest
from crosswatch.model.kinds import Feature, Kind, Side
from crosswatch.model.readings import LookedUp, ReadEnd, Reading, Row, Seen, TitleState, Unknown, Why
from crosswatch.model.refs import Ref
from crosswatch.model.values import PRESENT, Value
from crosswatch.ports import Clock, Link, Resolver
from crosswatch.store.accounts import AccountRow

TOGETHER = 1_000
"""Titles that are looked up in our own database at once."""


@dataclass(frozen=True, slots=True)
class OpenSide:
    """One side of a pair while a run goes on: the account, and the link that the run keeps to its end."""

    side: Side
    account: AccountRow
    manifest: Manifest
    link: Link

    def capability(self, feature: Feature) -> Capability:
        """What this side's service can do with a feature."""
        return self.manifest.features[feature]


@dataclass(slots=True)
class SideRead:
    """What one side said. ``listed`` is in the order of its list; ``taken_at`` is when the read began (UTC ms).

    ``pages`` and ``took_ms``: what it costs to read the list once more.
    """

    listed: dict[Key, Seen]
    end: ReadEnd
    taken_at: int
    rows: int
    out_of_scope: set[Key] = field(default_factory=set)
    pages: int = 0
    took_ms: int = 0

    def readings(self) -> dict[Key, Reading]:
        """The titles whose state is clear."""
        return {key: one for key, one in self.listed.items() if isinstance(one, Reading)}

    def unclear(self) -> set[Key]:
        """The titles that are listed and not clear."""
        return {key for key, one in self.listed.items() if isinstance(one, Unknown)} | self.out_of_scope


async def read_side(
    side: OpenSide,
    feature: Feature,
    kinds: frozenset[Kind],
    *,
    resolver: Resolver,
    clock: Clock,
    on_progress: Callable[[int, int], None],
) -> SideRead:
    """Reads a whole list. Two rows of one title make it UNKNOWN; kinds that the pair leaves out are set apart."""
    taken_at = clock.now_ms()
    rows: list[Row] = []
    end: ReadEnd | None = None
    pages = 0
    async for page in side.link.read(feature):
        if page.restart:
            rows.clear()
        rows.extend(page.rows)
        pages += 1
        on_progress(page.done, page.total)
        end = page.end or end
    if end is None:
        end = ReadEnd(whole=False, gap=0, total=len(rows), reason="the list ended too early")
    keys: list[Key] = []
    for start in range(0, len(rows), TOGETHER):
        keys += await resolver.keys([row.ref for row in rows[start : start + TOGETHER]])
    took_ms = clock.now_ms() - taken_at
    read = SideRead({}, end, taken_at, len(rows), pages=pages, took_ms=took_ms)
    for key, row in zip(keys, rows, strict=True):
        if row.ref.kind not in kinds:
            read.out_of_scope.add(key)
        elif key in read.listed:
            read.listed[key] = Unknown(Why.TWO_ROWS)
        else:
            read.listed[key] = Reading(row.value, taken_at, row.stamp, row.date, row.ref.native_id)
    return read


def value_of(state: TitleState, feature: Feature) -> Value | None:
    """What a service's word on a title says of one feature."""
    if feature is Feature.WATCHLIST:
        return PRESENT if state.on_watchlist else None
    return state.rating


def seen_in(looked_up: LookedUp, feature: Feature, *, taken_at: int, native_id: str) -> Seen:
    """A lookup as a reading; a title that the service no longer has, or does not answer about, is UNKNOWN."""
    if isinstance(looked_up, TitleState):
        return Reading(value_of(looked_up, feature), taken_at, native_id=native_id, mark=looked_up.mark)
    return Unknown(Why.GONE if looked_up == "gone" else Why.NOT_PROVED)


async def prove(
    side: OpenSide,
    feature: Feature,
    keys: Sequence[Key],
    natives: dict[Key, str],
    *,
    resolver: Resolver,
    clock: Clock,
) -> dict[Key, Seen]:
    """The service's own word on titles that its list lacks."""
    if not keys or not side.manifest.lookup_batch:
        return {}
    refs = await refs_for(side, keys, natives, resolver=resolver)
    taken_at = clock.now_ms()
    answers = await side.link.lookup(list(refs.values()))
    return {
        key: seen_in(answers[ref], feature, taken_at=taken_at, native_id=ref.native_id)
        for key, ref in refs.items()
        if ref in answers
    }


async def look_up(side: OpenSide, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
    """A side's word on single titles, as work that can be given up."""
    return await side.link.lookup(refs)


async def refs_for(
    side: OpenSide, keys: Sequence[Key], natives: dict[Key, str], *, resolver: Resolver
) -> dict[Key, Ref]:
    """How this side is told of titles: the ids that it understands, and its own name for each where it is known.

    Titles of which it cannot be told at all are left out.
    """
    refs = await resolver.refs(keys, side.manifest.understands)
    named = {key: replace(ref, native_id=natives.get(key, "")) for key, ref in refs.items()}
    return {key: ref for key, ref in named.items() if _says_something(ref)}


def _says_something(ref: Ref) -> bool:
    return bool(ref.ids or ref.native_id or (ref.show_ids and ref.number is not None))
