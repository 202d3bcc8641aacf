"""Titles and the ids by which services know them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from crosswatch.model.kinds import Kind
from crosswatch.model.refs import Hints, Ids, Ref
from crosswatch.store.statements import chunks, execute_all, upsert
from crosswatch.store.tables import title, title_id

OWN = "crosswatch"
"""The namespace of our own titles: what the local tracker calls them."""

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")

IdKey = tuple[str, str, str]
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class TitleRow:
    """One title as stored; ``key`` is already the one that it was merged into, if it was."""

    key: int
    kind: Kind
    hints: Hints
    show: int | None = None
    season: int | None = None
    number: int | None = None


def own_key(ref: Ref) -> int | None:
    """Our own number in a ref, where it bears one."""
    own = ref.id(OWN)
    return int(own) if own is not None and _NUMBER.fullmatch(own) else None


_COLUMNS = (
    title.c.id,
    title.c.kind,
    title.c.name,
    title.c.year,
    title.c.poster,
    title.c.show_id,
    title.c.season,
    title.c.number,
    title.c.merged_into,
)


def _row(found: Any) -> TitleRow:
    return TitleRow(
        key=found.merged_into or found.id,
        kind=Kind(found.kind),
        hints=Hints(found.name, found.year, found.poster),
        show=found.show_id,
        season=found.season,
        number=found.number,
    )


_BY_KEYS = select(*_COLUMNS).where(title.c.id.in_(bindparam("keys", expanding=True)))
_BY_IDS = (
    select(title_id.c.value, *_COLUMNS)
    .join(title, title.c.id == title_id.c.title)
    .where(title_id.c.namespace == bindparam("namespace"), title_id.c.kind == bindparam("kind"))
    .where(title_id.c.value.in_(bindparam("values", expanding=True)))
)
_BY_SHOWS = select(*_COLUMNS).where(
    title.c.show_id.in_(bindparam("shows", expanding=True)), title.c.number.is_not(None)
)
_IDS_OF = (
    select(title_id.c.namespace, title_id.c.value, title_id.c.title)
    .where(title_id.c.title.in_(bindparam("keys", expanding=True)))
    .where(title_id.c.namespace.in_(bindparam("spaces", expanding=True)))
    .order_by(title_id.c.value)
)


def by_keys(connection: Connection, keys: Iterable[int]) -> dict[int, TitleRow]:
    """The titles of these keys; keys that do not exist are left out."""
    found: dict[int, TitleRow] = {}
    for some in chunks(sorted(set(keys))):
        for row in connection.execute(_BY_KEYS, {"keys": some}):
            found[row.id] = _row(row)
    return found


def by_ids(connection: Connection, wanted: Iterable[IdKey]) -> dict[IdKey, TitleRow]:
    """The titles that carry these (namespace, kind, value)."""
    groups: dict[tuple[str, str], list[str]] = {}
    for namespace, kind, value in sorted(set(wanted)):
        groups.setdefault((namespace, kind), []).append(value)
    found: dict[IdKey, TitleRow] = {}
    for (namespace, kind), values in groups.items():
        for some in chunks(values):
            given = {"namespace": namespace, "kind": kind, "values": some}
            for row in connection.execute(_BY_IDS, given):
                found[namespace, kind, row.value] = _row(row)
    return found


def by_places(connection: Connection, shows: Iterable[int]) -> dict[Place, TitleRow]:
    """Every known episode of these shows by (show, season, number)."""
    found: dict[Place, TitleRow] = {}
    for some in chunks(sorted(set(shows))):
        for row in connection.execute(_BY_SHOWS, {"shows": some}):
            found[row.show_id, row.season, row.number] = _row(row)
    return found


def next_key(connection: Connection) -> int:
    """The number of the next title. Whoever writes is alone until the end of the transaction, so it stays free."""
    return (connection.execute(select(func.max(title.c.id))).scalar_one() or 0) + 1


def add(connection: Connection, new: Sequence[TitleRow]) -> None:
    """Makes titles with the keys that they bring: asking for each key costs one per title."""
    execute_all(connection, insert(title), (_columns(row) for row in new))


def _columns(row: TitleRow) -> dict[str, object]:
    return {
        "id": row.key,
        "kind": row.kind.value,
        "show_id": row.show,
        "season": row.season,
        "number": row.number,
        "name": row.hints.name,
        "year": row.hints.year,
        "poster": row.hints.poster,
    }


def add_ids(connection: Connection, new: Iterable[tuple[IdKey, int]]) -> None:
    """Ties ids to titles; one that is tied already stays where it is."""
    rows = (
        {"namespace": namespace, "kind": kind, "value": value, "title": key}
        for (namespace, kind, value), key in new
    )
    execute_all(connection, upsert(title_id), rows)


def keep_hints(connection: Connection, hints: dict[int, Hints]) -> None:
    """Stores names, years and posters of these titles."""
    query = (
        update(title)
        .where(title.c.id == bindparam("key"))
        .values(name=bindparam("new_name"), year=bindparam("new_year"), poster=bindparam("new_poster"))
    )
    rows = (
        {"key": key, "new_name": hint.name, "new_year": hint.year, "new_poster": hint.poster}
        for key, hint in hints.items()
    )
    execute_all(connection, query, rows)


def ids_of(
    connection: Connection, keys: Iterable[int], understands: frozenset[str]
) -> dict[int, dict[str, str]]:
    """The ids of these titles in those namespaces; our own where it is understood."""
    wanted = sorted(set(keys))
    found: dict[int, dict[str, str]] = {key: {OWN: str(key)} if OWN in understands else {} for key in wanted}
    spaces = sorted(understands - {OWN})
    if not spaces:
        return found
    for some in chunks(wanted):
        for row in connection.execute(_IDS_OF, {"keys": some, "spaces": spaces}):
            found[row.title].setdefault(row.namespace, row.value)
    return found


def refs_of(connection: Connection, keys: Iterable[int], understands: frozenset[str]) -> dict[int, Ref]:
    """How a service that understands these namespaces is told of the titles; unknown keys are left out."""
    rows = by_keys(connection, keys)
    shows = {row.show for row in rows.values() if row.show is not None}
    known = ids_of(connection, {row.key for row in rows.values()} | shows, understands)

    def tied(key: int | None) -> Ids:
        return tuple(sorted(known[key].items())) if key is not None else ()

    return {
        key: Ref(
            kind=row.kind,
            ids=tied(row.key),
            show_ids=tied(row.show),
            season=row.season,
            number=row.number,
            hints=row.hints,
        )
        for key, row in rows.items()
    }
