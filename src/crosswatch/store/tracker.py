"""The rows of CrossWatch's own tracker; implements ports.TrackerBook."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Action, Feature, Kind, Precision
from crosswatch.model.readings import Date, LookedUp, Row, TitleState, Verdict
from crosswatch.model.refs import Ref, ids
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.store import accounts
from crosswatch.store.database import Database
from crosswatch.store.statements import chunks, execute_all, upsert
from crosswatch.store.tables import title, tracker_item
from crosswatch.store.titles import OWN, own_key

PROVIDER = "tracker"


class StoredTracker:
    """The tracker's lists in the database. Every call is one transaction; titles are our own."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database, self._now_ms = database, now_ms

    async def uid(self, instance: str) -> str:
        """``tracker:<random>``, made once per database: an emptied state folder is another tracker."""
        name = AccountName(PROVIDER, instance)
        known = await self._database.read(lambda connection: accounts.find(connection, name))
        if known is not None and known.uid:
            return known.uid
        return await self._database.write(lambda connection: _make_uid(connection, name))

    async def rows(self, instance: str, feature: Feature, after: int, limit: int) -> list[tuple[int, Row]]:
        """Rows in the order in which they came, those after that position only."""
        return await self._database.read(
            lambda connection: _rows(connection, instance, feature, after, limit)
        )

    async def count(self, instance: str, feature: Feature) -> int:
        """How many titles the list has."""
        query = select(func.count()).where(
            tracker_item.c.instance == instance, tracker_item.c.feature == feature
        )
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def states(self, instance: str, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        """What the tracker holds for these titles; GONE for one that is no title of ours."""
        return await self._database.read(lambda connection: _states(connection, instance, refs))

    async def store(self, instance: str, feature: Feature, writes: Sequence[Write]) -> list[Outcome]:
        """Stores all in one transaction; a title that is not ours is unmatched."""
        now = self._now_ms()
        return await self._database.write(
            lambda connection: _store(connection, instance, feature, writes, now)
        )


def _make_uid(connection: Connection, name: AccountName) -> str:
    known = accounts.find(connection, name)
    if known is not None and known.uid:
        return known.uid
    uid = f"{PROVIDER}:{uuid.uuid4().hex}"
    label = "CrossWatch" if str(name) == PROVIDER else f"CrossWatch ({name.instance})"
    return accounts.keep(connection, name, uid=uid, label=label, state=accounts.CONNECTED).uid


def _rows(
    connection: Connection, instance: str, feature: Feature, after: int, limit: int
) -> list[tuple[int, Row]]:
    query = (
        select(
            tracker_item, title.c.kind, title.c.merged_into, title.c.show_id, title.c.season, title.c.number
        )
        .join(title, title.c.id == tracker_item.c.title)
        .where(
            tracker_item.c.instance == instance,
            tracker_item.c.feature == feature,
            tracker_item.c.id > after,
        )
        .order_by(tracker_item.c.id)
        .limit(limit)
    )
    return [(row.id, _row(row)) for row in connection.execute(query)]


def _row(row: Any) -> Row:
    own = str(row.merged_into or row.title)
    show = ids(**{OWN: row.show_id})
    ref = Ref(Kind(row.kind), ids(**{OWN: own}), own, show, row.season, row.number)
    date = None if row.date is None else Date(row.date, Precision(row.precision))
    return Row(ref, row.value, date=date)


def _items(connection: Connection, instance: str, keys: Sequence[int]) -> dict[tuple[Feature, int], int]:
    found: dict[tuple[Feature, int], int] = {}
    for some in chunks(keys):
        query = select(tracker_item.c.feature, tracker_item.c.title, tracker_item.c.value).where(
            tracker_item.c.instance == instance, tracker_item.c.title.in_(some)
        )
        found.update({(Feature(row.feature), row.title): row.value for row in connection.execute(query)})
    return found


def _ours(connection: Connection, refs: Sequence[Ref]) -> list[int | None]:
    """Our number of each ref, in order; None where we have no such title, or one of another kind."""
    keys = [own_key(ref) for ref in refs]
    kinds: dict[int, str] = {}
    for some in chunks([key for key in keys if key is not None]):
        query = select(title.c.id, title.c.kind).where(title.c.id.in_(some))
        kinds.update({row.id: row.kind for row in connection.execute(query)})
    return [
        key if key is not None and kinds.get(key) == ref.kind else None
        for key, ref in zip(keys, refs, strict=True)
    ]


def _states(connection: Connection, instance: str, refs: Sequence[Ref]) -> dict[Ref, LookedUp]:
    keys = _ours(connection, refs)
    items = _items(connection, instance, [key for key in keys if key is not None])
    found: dict[Ref, LookedUp] = {}
    for ref, key in zip(refs, keys, strict=True):
        if key is None:
            found[ref] = Verdict.UNKNOWN if own_key(ref) is None else Verdict.GONE
        else:
            found[ref] = TitleState(
                on_watchlist=(Feature.WATCHLIST, key) in items, rating=items.get((Feature.RATINGS, key))
            )
    return found


def _store(
    connection: Connection, instance: str, feature: Feature, writes: Sequence[Write], now: int
) -> list[Outcome]:
    keys = _ours(connection, [write.ref for write in writes])
    items = _items(connection, instance, [key for key in keys if key is not None])
    outcomes: list[Outcome] = []
    put: list[dict[str, object]] = []
    gone: list[dict[str, object]] = []
    for write, key in zip(writes, keys, strict=True):
        if key is None:
            outcomes.append(Outcome(write.id, Done.UNMATCHED, "unknown_title"))
            continue
        done = _compared(items.get((feature, key)), write)
        outcomes.append(Outcome(write.id, done, native_id=str(key)))
        if done is not Done.APPLIED:
            continue
        if write.action is Action.REMOVE:
            gone.append({"gone": key})
        else:
            put.append(_columns(instance, feature, key, write, now))
    names = ("value", "date", "precision", "origin", "changed_at")
    execute_all(connection, upsert(tracker_item, *names, key=("instance", "feature", "title")), put)
    here = (tracker_item.c.instance == instance) & (tracker_item.c.feature == feature)
    execute_all(connection, delete(tracker_item).where(here, tracker_item.c.title == bindparam("gone")), gone)
    return outcomes


def _compared(now: int | None, write: Write) -> Done:
    """Nothing is overwritten unseen: a value that is neither the expected nor the wanted one has moved."""
    if now == write.wanted:
        return Done.ALREADY
    return Done.APPLIED if now == write.expected else Done.MOVED


def _columns(instance: str, feature: Feature, key: int, write: Write, now: int) -> dict[str, object]:
    return {
        "instance": instance,
        "feature": feature.value,
        "title": key,
        "value": write.wanted,
        "date": write.date.at if write.date else None,
        "precision": write.date.precision.value if write.date else "",
        "origin": write.origin,
        "changed_at": now,
    }
