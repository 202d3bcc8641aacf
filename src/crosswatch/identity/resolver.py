"""From what services call their titles to CrossWatch's own, in batches."""

from collections.abc import Sequence
from dataclasses import replace

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
    """Refs being resolved together, each with what those before it have made known."""

    def __init__(self, connection: Connection, refs: Sequence[Ref], shows: dict[Ids, int]) -> None:
        self._connection, self._refs, self._shows = connection, refs, shows
        own = [key for ref in refs if (key := titles.own_key(ref)) is not None]
        self._own = titles.by_keys(connection, own) if own else {}
        others = (id_key for ref in refs if ref.id(OWN) is None for id_key in _id_keys(ref))
        self._tied = titles.by_ids(connection, others)
        self._placed = titles.by_places(connection, shows.values()) if shows else {}
        self._next: int | None = None
        self._new: dict[int, TitleRow] = {}
        self._new_ids: dict[IdKey, int] = {}
        self._said: dict[int, tuple[TitleRow, Hints]] = {}

    def keys(self) -> list[int]:
        """Finds, makes, ties and names; the keys in the order of the refs."""
        keys = [self._one(ref).key for ref in self._refs]
        titles.add(self._connection, [self._named(row) for row in self._new.values()])
        titles.add_ids(self._connection, self._new_ids.items())
        said = {key: _filled(hints, row.hints) for key, (row, hints) in self._said.items()}
        changed = {key: hints for key, hints in said.items() if hints != self._said[key][0].hints}
        titles.keep_hints(self._connection, {key: changed[key] for key in changed if key not in self._new})
        return keys

    def _one(self, ref: Ref) -> TitleRow:
        row = self._find(ref) or self._make(ref)
        if ref.id(OWN) is None:
            for id_key in _id_keys(ref):
                if id_key not in self._tied:
                    self._tied[id_key] = row
                    self._new_ids[id_key] = row.key
        _, before = self._said.get(row.key, (row, Hints()))
        self._said[row.key] = row, _filled(before, ref.hints)
        return row

    def _place(self, ref: Ref) -> Place | None:
        show = self._shows.get(ref.show_ids)
        if show is None or ref.season is None or ref.number is None:
            return None
        return show, ref.season, ref.number

    def _find(self, ref: Ref) -> TitleRow | None:
        own = titles.own_key(ref)
        if own is not None and own in self._own:
            return self._own[own]
        place = self._place(ref)
        if place is not None and place in self._placed:
            return self._placed[place]
        for id_key in _id_keys(ref):
            row = self._tied.get(id_key)
            if row is not None and (place is None or row.number is None):
                return row
        return None

    def _make(self, ref: Ref) -> TitleRow:
        key = titles.next_key(self._connection) if self._next is None else self._next
        self._next = key + 1
        show = self._shows.get(ref.show_ids)
        row = TitleRow(key, ref.kind, Hints(), show, ref.season, ref.number)
        self._new[key] = row
        place = self._place(ref)
        if place is not None:
            self._placed[place] = row
        return row

    def _named(self, row: TitleRow) -> TitleRow:
        return replace(row, hints=self._said[row.key][1])


def _filled(said: Hints, before: Hints) -> Hints:
    """What was said, and where it says nothing what is known otherwise."""
    return Hints(said.name or before.name, said.year or before.year, said.poster or before.poster)


def _id_keys(ref: Ref) -> list[IdKey]:
    return [(namespace, ref.kind.value, value) for namespace, value in ref.ids if namespace != OWN]
