"""Plans that are shown before they are done: what would be written, what waits, and the promise that both make."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.store.statements import execute_all
from crosswatch.store.tables import plan, plan_item, plan_lane, title

EXPIRES_MS = 24 * 60 * 60 * 1000
"""How long a plan can be applied."""


class ItemState(StrEnum):
    """What becomes of a title. WRITE: it is written when the plan is applied; all others say why nothing is."""

    WRITE = "write"
    WAITS = "waits"
    CONFLICT = "conflict"
    HELD = "held"
    KEPT = "kept"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """The head of a plan. ``hash`` covers the rules, both accounts and every write; ``applied_by`` is a run."""

    id: int
    pair: int
    pair_name: str
    run: int
    hash: str
    made_at: int
    expires_at: int
    applied_by: int | None


@dataclass(frozen=True, slots=True)
class PlanLane:
    """A lane of a plan. ``rules``: a digest of all that the user set; ``counts`` as a run shows them."""

    feature: Feature
    lane: int
    rules: str
    source_uid: str
    target_uid: str
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Promise:
    """One title of a plan. ``before``: what ``side`` has, ``wanted``: what it shall have (None: absent).

    ``other_value``: what the other side has. Of a conflict ``before`` is the target's value and ``other_value`` the
    source's. ``side`` of a title that is kept or was cleared is the one that still has it.
    ``reason``: the cause of a write, or why there is none. ``proof``: "lookup" or "list", with the time (UTC ms).
    """

    feature: Feature
    state: ItemState
    title: int
    reason: str
    side: Side | None = None
    action: Action | None = None
    native_id: str = ""
    before: int | None = None
    wanted: int | None = None
    other_value: int | None = None
    proof: str = ""
    proved_at: int = 0


@dataclass(frozen=True, slots=True)
class PlanItem:
    """A promise as people read it."""

    seq: int
    promise: Promise
    kind: str
    name: str
    year: int | None
    show: str
    season: int | None
    number: int | None


def begin(connection: Connection, *, pair: int, pair_name: str, run: int, now: int) -> int:
    """Enters a plan that is being made; nobody sees it before it is closed. Returns its id."""
    made = connection.execute(
        insert(plan).values(pair=pair, pair_name=pair_name, run=run, made_at=now, expires_at=now + EXPIRES_MS)
    )
    assert made.inserted_primary_key is not None, "a plan has an id"
    return int(made.inserted_primary_key[0])


def keep_lane(connection: Connection, plan_id: int, lane: PlanLane, promises: Iterable[Promise]) -> None:
    """Stores a lane of a plan with all its titles, batch by batch."""
    connection.execute(
        insert(plan_lane).values(
            plan=plan_id,
            feature=lane.feature,
            lane=lane.lane,
            rules=lane.rules,
            source_uid=lane.source_uid,
            target_uid=lane.target_uid,
            counts=dict(lane.counts),
        )
    )
    last = select(func.max(plan_item.c.seq)).where(plan_item.c.plan == plan_id)
    first = (connection.execute(last).scalar_one() or 0) + 1
    rows = (_columns(plan_id, seq, promise) for seq, promise in enumerate(promises, start=first))
    execute_all(connection, insert(plan_item), rows)


def _columns(plan_id: int, seq: int, one: Promise) -> dict[str, object]:
    return {
        "plan": plan_id,
        "seq": seq,
        "feature": one.feature.value,
        "state": one.state.value,
        "side": one.side.value if one.side else "",
        "action": one.action.value if one.action else "",
        "title": one.title,
        "native_id": one.native_id,
        "before": one.before,
        "wanted": one.wanted,
        "other_value": one.other_value,
        "reason": one.reason,
        "proof": one.proof,
        "proved_at": one.proved_at,
    }


def close(connection: Connection, plan_id: int) -> str:
    """Seals a plan with the hash of all that it promises; from now on it is there. Returns the hash."""
    digest = sha256()
    for lane in lanes_of(connection, plan_id):
        digest.update(f"{lane.feature}|{lane.rules}|{lane.source_uid}|{lane.target_uid}\n".encode())
        for one in writes_of(connection, plan_id, lane.feature):
            line = (one.title, one.side, one.native_id, one.before, one.wanted)
            digest.update(f"{line}\n".encode())
    connection.execute(update(plan).where(plan.c.id == plan_id).values(hash=digest.hexdigest()))
    return digest.hexdigest()


def find(connection: Connection, plan_id: int) -> PlanRow | None:
    """One plan that is whole."""
    row = connection.execute(select(plan).where(plan.c.id == plan_id, plan.c.hash != "")).first()
    return None if row is None else PlanRow(**row._mapping)


def lanes_of(connection: Connection, plan_id: int) -> list[PlanLane]:
    """The lanes of a plan in the order in which they run."""
    rows = connection.execute(select(plan_lane).where(plan_lane.c.plan == plan_id))
    found = [
        PlanLane(Feature(row.feature), row.lane, row.rules, row.source_uid, row.target_uid, row.counts)
        for row in rows
    ]
    return sorted(found, key=lambda lane: list(Feature).index(lane.feature))


def writes_of(connection: Connection, plan_id: int, feature: Feature) -> Iterator[Promise]:
    """The writes of a lane in a fixed order, one after the other: they need not fit into memory."""
    query = select(plan_item).where(
        plan_item.c.plan == plan_id,
        plan_item.c.feature == feature,
        plan_item.c.state == ItemState.WRITE,
    )
    for part in connection.execute(query.order_by(plan_item.c.title, plan_item.c.side)).partitions(1000):
        for row in part:
            yield _promise(row)


def _promise(row: Any) -> Promise:
    return Promise(
        feature=Feature(row.feature),
        state=ItemState(row.state),
        title=row.title,
        side=Side(row.side) if row.side else None,
        action=Action(row.action) if row.action else None,
        native_id=row.native_id,
        before=row.before,
        wanted=row.wanted,
        other_value=row.other_value,
        reason=row.reason,
        proof=row.proof,
        proved_at=row.proved_at,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which titles of a plan are asked for; None: whatever it is. ``but``: those of any other state."""

    feature: Feature | None = None
    action: Action | None = None
    state: ItemState | None = None
    but: ItemState | None = None


def items(
    connection: Connection, plan_id: int, *, after: int, limit: int, wanted: Wanted | None = None
) -> list[PlanItem]:
    """The titles of a plan in their order, those after that number only."""
    show = title.alias("show")
    query = (
        select(plan_item, title.c.kind, title.c.name, title.c.year, title.c.season, title.c.number)
        .add_columns(show.c.name.label("show_name"))
        .join(title, title.c.id == plan_item.c.title)
        .outerjoin(show, show.c.id == title.c.show_id)
        .where(plan_item.c.plan == plan_id, plan_item.c.seq > after)
        .order_by(plan_item.c.seq)
        .limit(limit)
    )
    return [
        PlanItem(
            seq=row.seq,
            promise=_promise(row),
            kind=row.kind,
            name=row.name,
            year=row.year,
            show=row.show_name or "",
            season=row.season,
            number=row.number,
        )
        for row in connection.execute(_only(query, wanted))
    ]


def count_items(connection: Connection, plan_id: int, wanted: Wanted | None = None) -> int:
    """How many titles that are."""
    query = select(func.count()).select_from(plan_item).where(plan_item.c.plan == plan_id)
    return int(connection.execute(_only(query, wanted)).scalar_one())


def _only(query: Select[Any], wanted: Wanted | None) -> Select[Any]:
    wanted = wanted or Wanted()
    if wanted.feature is not None:
        query = query.where(plan_item.c.feature == wanted.feature)
    if wanted.action is not None:
        query = query.where(plan_item.c.action == wanted.action)
    if wanted.state is not None:
        query = query.where(plan_item.c.state == wanted.state)
    if wanted.but is not None:
        query = query.where(plan_item.c.state != wanted.but)
    return query


def counts(connection: Connection, plan_id: int) -> dict[tuple[Feature, ItemState, str, str], int]:
    """(feature, state, side, action) -> titles; side and action are empty where nothing is written."""
    columns = (plan_item.c.feature, plan_item.c.state, plan_item.c.side, plan_item.c.action)
    query = select(*columns, func.count()).where(plan_item.c.plan == plan_id).group_by(*columns)
    return {
        (Feature(feature), ItemState(state), side, action): count
        for feature, state, side, action, count in connection.execute(query)
    }


def mark_applied(connection: Connection, plan_id: int, run: int) -> None:
    """Notes which run applies a plan: it can be applied once."""
    connection.execute(update(plan).where(plan.c.id == plan_id).values(applied_by=run))


def purge(connection: Connection, now: int) -> None:
    """Forgets plans that expired a day ago, and those that were never finished."""
    connection.execute(delete(plan).where(plan.c.expires_at < now - EXPIRES_MS))
