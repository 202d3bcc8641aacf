"""From what services call their titles to CrossWatch's own, in batches."""

from collections.abc import Sequence
from typing import Any

from crosswatch.model.kinds import Kind
from crosswatch.model.refs import Hints, Ids, Ref
from crosswatch.store import titles
from crosswatch.store.database import Connection, Database
from crosswatch.store.titles import OWN, IdKey, Place, TitleRow


class TitleResolver:
    """The Resolver of ports.py over the database. Every unknown id gets a title at once.

    A title is found by our own number, then by its place in a show (episodes), then by the first of its ids that is
    known. Ids that are new are tied to it; an id that is tied to another title stays there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keys(self, refs: Sequence[Ref]) -> list[int]:
        """The title of each ref, in order; one transaction."""
        return await self._database.write(lambda connection: resolve(connection, refs))

    async def refs(self, keys: Sequence[int], understands: frozenset[str]) -> dict[int, Ref]:
        """How a service that understands these namespaces is told of the titles."""
        return await self._database.read(lambda connection: titles.refs_of(connection, keys, understands))


def resolve(connection: Connection, refs: Sequence[Ref]) -> list[int]:
    """The titles of refs within a transaction; statements grow with batches, not with titles."""
    shows = _shows(connection, refs)
    return _Batch(connection, refs, shows).keys()


def _shows(connection: Connection, refs: Sequence[Ref]) -> dict[Ids, int]:
    """The shows in which the refs' episodes and seasons stand; made where they are new."""
    wanted = list(dict.fromkeys(ref.show_ids for ref in refs if ref.show_ids))
    if not wanted:
        return {}
    keys = _Batch(connection, [Ref(Kind.SHOW, show_ids) for show_ids in wanted], {}).keys()
    return dict(zip(wanted, keys, strict=True))


class _Batch:
    """Refs being resolved together."""

    def __init__(self, connection: Connection, refs: Sequence[Ref], shows: dict[Ids, int]) -> None:
        self._connection, self._refs, self._shows = connection, refs, shows
        own = [int(value) for ref in refs if (value := ref.id(OWN)) is not None and value.isdigit()]
        self._own = titles.by_keys(connection, own) if own else {}
        others = (id_key for ref in refs if ref.id(OWN) is None for id_key in _id_keys(ref))
        self._tied = titles.by_ids(connection, others)
        self._placed = titles.by_places(connection, shows.values()) if shows else {}

    def keys(self) -> list[int]:
        """Finds, makes, ties and names; the keys in the order of the refs."""
        found: list[TitleRow | None] = [self._find(ref) for ref in self._refs]
        keys = self._make(found)
        self._tie(keys)
        self._name(found, keys)
        return keys

    def _place(self, ref: Ref) -> Place | None:
        show = self._shows.get(ref.show_ids)
        if show is None or ref.season is None or ref.number is None:
            return None
        return show, ref.season, ref.number

    def _find(self, ref: Ref) -> TitleRow | None:
        own = ref.id(OWN)
        if own is not None and own.isdigit() and int(own) in self._own:
            return self._own[int(own)]
        place = self._place(ref)
        if place is not None and place in self._placed:
            return self._placed[place]
        for id_key in _id_keys(ref):
            row = self._tied.get(id_key)
            if row is not None and (place is None or row.number is None):
                return row
        return None

    def _make(self, found: Sequence[TitleRow | None]) -> list[int]:
        """Keys for all, with one new title per new identity (refs of one batch may repeat each other)."""
        identities: dict[object, int] = {}
        new: list[dict[str, Any]] = []
        slots: list[int] = []
        for ref, row in zip(self._refs, found, strict=True):
            if row is not None:
                slots.append(-1)
                continue
            identity: object = self._place(ref) or next(iter(_id_keys(ref)), ref)
            if identity not in identities:
                identities[identity] = len(new)
                new.append(self._columns(ref))
            slots.append(identities[identity])
        made = titles.add(self._connection, new)
        return [row.key if row is not None else made[slot] for row, slot in zip(found, slots, strict=True)]

    def _columns(self, ref: Ref) -> dict[str, Any]:
        hints = ref.hints
        return {
            "kind": ref.kind,
            "show_id": self._shows.get(ref.show_ids),
            "season": ref.season,
            "number": ref.number,
            "name": hints.name,
            "year": hints.year,
            "poster": hints.poster,
        }

    def _tie(self, keys: Sequence[int]) -> None:
        new: dict[IdKey, int] = {}
        for ref, key in zip(self._refs, keys, strict=True):
            if ref.id(OWN) is not None:
                continue
            for id_key in _id_keys(ref):
                if id_key not in self._tied:
                    new.setdefault(id_key, key)
        titles.add_ids(self._connection, new.items())

    def _name(self, found: Sequence[TitleRow | None], keys: Sequence[int]) -> None:
        """Keeps names, years and posters where a service says something new; empty says nothing."""
        changed: dict[int, Hints] = {}
        for ref, row, key in zip(self._refs, found, keys, strict=True):
            if row is None:
                continue
            said, stored = ref.hints, row.hints
            merged = Hints(said.name or stored.name, said.year or stored.year, said.poster or stored.poster)
            if merged != stored:
                changed[key] = merged
        titles.keep_hints(self._connection, changed)


def _id_keys(ref: Ref) -> list[IdKey]:
    return [(namespace, ref.kind.value, value) for namespace, value in ref.ids if namespace != OWN]
