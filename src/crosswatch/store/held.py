"""Writes that wait until somebody allows them, and removals that were seen while a lane did not remove."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select

from crosswatch.engine.guard import APPROVAL_MS
from crosswatch.engine.planned import PlannedWrite
from crosswatch.model.kinds import Action, Side
from crosswatch.store import base
from crosswatch.store.statements import execute_all
from crosswatch.store.tables import attention
from crosswatch.store.tables import base as rows

ALLOW, KEEP = "allow", "keep"
"""The answers: it is done by the next run that comes to it again, or both sides stay as they are."""

REMOVAL, OVERWRITE, KEPT = "removal", "overwrite", "kept"
"""The questions: the guard held a removal or an overwrite; a removal was seen while the lane did not remove."""

KINDS = {Action.REMOVE: REMOVAL, Action.CHANGE: OVERWRITE}

Held = tuple[int, Side]
"""A title and the side that would be written."""

_OPEN = attention.c.answered_at.is_(None)
_GUARDED = attention.c.kind.in_(KINDS.values())
_ASKED_ABOUT = attention.c.data["version"].as_integer()


def keep(
    connection: Connection,
    lane_id: int,
    waiting: Sequence[PlannedWrite],
    *,
    allowed: Collection[Held],
    unclear: Collection[int],
    now: int,
) -> None:
    """Makes the inbox of a lane what the guard holds in this plan; what is derived no longer leaves.

    ``allowed``: writes of this plan that were approved; their answers stay until they are done. Nothing is concluded
    of ``unclear`` titles. A question about another state of the title is asked anew.
    """
    derived = {(write.key, write.side): write for write in waiting}
    asked: set[Held] = set()
    gone: list[int] = []
    query = select(attention).where(attention.c.lane == lane_id, _GUARDED)
    for row in connection.execute(query):
        held, open_now = (row.title, Side(row.data["side"])), row.answered_at is None
        write = derived.get(held)
        if write is not None and open_now and row.data == _data(write):
            asked.add(held)
        elif not (held in allowed and not open_now) and not (write is None and row.title in unclear):
            gone.append(row.id)
    one = attention.c.id == bindparam("gone")
    execute_all(connection, delete(attention).where(one), ({"gone": row_id} for row_id in gone))
    new = (
        {
            "kind": KINDS[write.action],
            "lane": lane_id,
            "title": write.key,
            "data": _data(write),
            "made_at": now,
        }
        for held, write in derived.items()
        if held not in asked
    )
    execute_all(connection, insert(attention), new)
    _drop_outdated_kept(connection, lane_id)


def _data(write: PlannedWrite) -> dict[str, Any]:
    """The two values that are asked about, and the version of the base row on which the question rests."""
    return {
        "side": write.side.value,
        "version": write.version,
        write.side.value: write.expected,
        write.side.other.value: write.other.value,
        "wanted": write.wanted,
    }


def _drop_outdated_kept(connection: Connection, lane_id: int) -> None:
    """A title that is no longer as it was when it was asked about is asked about no longer."""
    same = exists().where(
        rows.c.lane == attention.c.lane,
        rows.c.title == attention.c.title,
        rows.c.kept,
        rows.c.version == _ASKED_ABOUT,
    )
    connection.execute(delete(attention).where(attention.c.lane == lane_id, attention.c.kind == KEPT, ~same))


def approved(connection: Connection, lane_id: int, now: int) -> dict[Held, int]:
    """What the user allowed within the last seven days, with the version of the base row that was asked about."""
    query = select(attention.c.title, attention.c.data).where(
        attention.c.lane == lane_id,
        attention.c.kind.in_([*KINDS.values(), KEPT]),
        attention.c.answer == ALLOW,
        attention.c.answered_at > now - APPROVAL_MS,
    )
    return {(row.title, Side(row.data["side"])): row.data["version"] for row in connection.execute(query)}


def waiting(connection: Connection, lane_id: int) -> set[Held]:
    """What a lane waits to be allowed."""
    query = select(attention.c.title, attention.c.data).where(attention.c.lane == lane_id, _GUARDED, _OPEN)
    return {(row.title, Side(row.data["side"])) for row in connection.execute(query)}


def ask_about_kept(connection: Connection, lane_id: int, now: int) -> int:
    """Asks about every removal that was seen while the lane did not remove; returns how many there are."""
    kept = connection.execute(select(rows).where(rows.c.lane == lane_id, rows.c.kept)).all()
    execute_all(
        connection,
        insert(attention),
        (
            {"kind": KEPT, "lane": lane_id, "title": row.title, "data": _kept(row), "made_at": now}
            for row in kept
        ),
    )
    return len(kept)


def _kept(row: Any) -> dict[str, Any]:
    side = Side.TARGET if row.source_value is None else Side.SOURCE
    return {
        "side": side.value,
        "version": row.version,
        "source": row.source_value,
        "target": row.target_value,
        "wanted": None,
    }


def forget_kept(connection: Connection, lane_id: int) -> None:
    """A lane that does not remove any more does not ask either."""
    connection.execute(delete(attention).where(attention.c.lane == lane_id, attention.c.kind == KEPT))


def refuse(connection: Connection, lane_id: int, key: int, data: Mapping[str, Any], now: int) -> None:
    """Stores the two values as a difference that stays, unless the title changed since it was asked about."""
    row = base.find(connection, lane_id, key)
    if row is None or row.version != data["version"]:
        return
    for side in Side:
        if row.agreed(side).value != data[side.value]:
            row = row.with_half(side, replace(row.agreed(side), value=data[side.value], stamp=None))
    agreed = replace(row, kept=False, ours=False, since=now, version=row.version + 1)
    base.keep(connection, lane_id, {key: agreed})
