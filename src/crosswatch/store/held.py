"""Writes that wait until somebody allows them, and removals that were seen while a lane did not remove."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from crosswatch.engine.base import Approval, BaseRow
from crosswatch.engine.guard import APPROVAL_MS
from crosswatch.engine.planned import PlannedWrite
from crosswatch.model.kinds import Action, Side
from crosswatch.store import base
from crosswatch.store.attention import Question, drop
from crosswatch.store.statements import execute_all
from crosswatch.store.tables import attention, lane
from crosswatch.store.tables import base as rows

ALLOW, KEEP = "allow", "keep"
"""The answers: it is done by the next run that comes to it again, or both sides stay as they are, from now on."""

REMOVAL, OVERWRITE, KEPT = Question.REMOVAL, Question.OVERWRITE, Question.KEPT
KINDS = {Action.REMOVE: REMOVAL, Action.CHANGE: OVERWRITE}
EVERY = (*KINDS.values(), KEPT)

Held = tuple[int, Side]
"""A title and the side that would be written."""

_WAS = "was"
"""Where a question keeps the base row that a refusal took the place of."""

_GUARDED = attention.c.kind.in_(KINDS.values())
STANDS = exists().where(
    rows.c.lane == attention.c.lane,
    rows.c.title == attention.c.title,
    rows.c.version == attention.c.data["version"].as_integer(),
)
"""The base row is still the one that was asked about, or that a refusal has made: no run has done anything to it."""


_HERE = attention.c.lane == bindparam("of_lane")
_ABOUT = select(attention).where(_HERE, _GUARDED)
_OVER = (attention.c.answer == ALLOW) & (attention.c.answered_at <= bindparam("over"))
_APPROVED = (
    select(attention.c.title, attention.c.data)
    .where(_HERE, attention.c.kind.in_(EVERY))
    .where(attention.c.answer == ALLOW, attention.c.answered_at > bindparam("over"))
)
_WAITING = select(attention.c.title, attention.c.data).where(
    _HERE, _GUARDED, attention.c.answered_at.is_(None) | _OVER
)
_REMOVES = select(lane.c.settings).where(lane.c.id == bindparam("lane"))
_KEPT = _HERE & (attention.c.kind == KEPT)
_KEPT_NO_MORE = delete(attention).where(_KEPT, ~STANDS.where(rows.c.kept))
_ASK_AGAIN = (
    update(attention).where(_KEPT, _OVER).values(answer="", answered_at=None, made_at=bindparam("now"))
)
_NOT_ASKED = select(rows).where(
    rows.c.lane == bindparam("of_lane"),
    rows.c.kept,
    rows.c.title.not_in(select(attention.c.title).where(_KEPT)),
)
_ANY_KEPT = select(attention.c.id).where(_KEPT)
_FORGET_KEPT = delete(attention).where(_KEPT)


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
    of ``unclear`` titles. A question about another state of the title is asked anew, and so is one whose approval has
    run out; one that was allowed while this run went on is done by the next.
    """
    derived = {(write.key, write.side): write for write in waiting}
    asked: set[Held] = set()
    gone: list[int] = []
    for row in connection.execute(_ABOUT, {"of_lane": lane_id}):
        held: Held = (row.title, Side(row.data["side"]))
        write = derived.get(held)
        if write is None:
            stays = row.title in unclear or (held in allowed and row.answered_at is not None)
        else:
            stays = row.data == _data(write) and (row.answered_at is None or _allows(row, now))
        if stays:
            asked.add(held)
        else:
            gone.append(row.id)
    drop(connection, gone)
    new = (
        {
            "kind": KINDS[write.action].value,
            "lane": lane_id,
            "title": write.key,
            "data": _data(write),
            "made_at": now,
        }
        for held, write in derived.items()
        if held not in asked
    )
    execute_all(connection, insert(attention), new)
    ask_about_kept(connection, lane_id, now)


def _data(write: PlannedWrite) -> dict[str, Any]:
    """The two values that are asked about, and the version of the base row on which the question rests."""
    return {
        "side": write.side.value,
        "version": write.version,
        write.side.value: write.expected,
        write.side.other.value: write.other.value,
        "wanted": write.wanted,
    }


def _allows(row: Any, now: int) -> bool:
    return bool(row.answer == ALLOW and row.answered_at > now - APPROVAL_MS)


def approved(connection: Connection, lane_id: int, now: int) -> dict[Held, Approval]:
    """What the user allowed within the last seven days."""
    found = connection.execute(_APPROVED, {"of_lane": lane_id, "over": now - APPROVAL_MS})
    return dict(_approval(row.title, row.data) for row in found)


def _approval(title: int, data: Mapping[str, Any]) -> tuple[Held, Approval]:
    side = Side(data["side"])
    return (title, side), Approval(data["version"], data[side.value], data["wanted"])


def waiting(connection: Connection, lane_id: int, now: int) -> set[Held]:
    """What a lane waits to be allowed, once more where it was allowed so long ago that it counts no longer."""
    found = connection.execute(_WAITING, {"of_lane": lane_id, "over": now - APPROVAL_MS})
    return {(row.title, Side(row.data["side"])) for row in found}


def ask_about_kept(connection: Connection, lane_id: int, now: int) -> int:
    """Where a lane removes, asks about every removal that was seen while it did not; returns how many are new.

    Nothing is removed by that. A title that is no longer as it was when it was asked about is asked about no longer,
    one whose approval has run out once more. A lane that does not remove does not ask.
    """
    if not _removes(connection, lane_id):
        forget_kept(connection, lane_id)
        return 0
    connection.execute(_KEPT_NO_MORE, {"of_lane": lane_id})
    connection.execute(_ASK_AGAIN, {"of_lane": lane_id, "over": now - APPROVAL_MS, "now": now})
    new = [
        {"kind": KEPT.value, "lane": lane_id, "title": row.title, "data": _kept(row), "made_at": now}
        for row in connection.execute(_NOT_ASKED, {"of_lane": lane_id})
    ]
    execute_all(connection, insert(attention), new)
    return len(new)


def count_kept(connection: Connection, lane_id: int) -> int:
    """How many removals were seen while the lane did not remove, and are not decided."""
    query = select(func.count()).where(rows.c.lane == lane_id, rows.c.kept)
    return connection.execute(query).scalar_one()


def _removes(connection: Connection, lane_id: int) -> bool:
    settings = connection.execute(_REMOVES, {"lane": lane_id}).scalar_one_or_none()
    return bool(settings and settings["remove"])


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
    if connection.execute(_ANY_KEPT, {"of_lane": lane_id}).first() is not None:
        connection.execute(_FORGET_KEPT, {"of_lane": lane_id})


def refuse(
    connection: Connection, lane_id: int, asked: Mapping[int, Mapping[str, Any]], now: int
) -> dict[int, dict[str, Any]]:
    """Stores the two values of each title as a difference that stays; gives what its question keeps from now on.

    A title that has changed since it was asked about stays as it is, and is asked about anew by the next run.
    """
    known = base.some(connection, lane_id, asked)
    agreed: dict[int, BaseRow | None] = {}
    kept: dict[int, dict[str, Any]] = {}
    for key, data in asked.items():
        row = known.get(key)
        if row is None or row.version != data["version"]:
            continue
        agreed[key] = after = _agreed(row, data, now)
        kept[key] = {**data, "version": after.version, _WAS: base.as_columns(row)}
    base.keep(connection, lane_id, agreed)
    return kept


def _agreed(row: BaseRow, data: Mapping[str, Any], now: int) -> BaseRow:
    version = row.version + 1
    for side in Side:
        if row.agreed(side).value != data[side.value]:
            row = row.with_half(side, replace(row.agreed(side), value=data[side.value], stamp=None))
    return replace(row, kept=False, ours=False, since=now, version=version)


def take_back(
    connection: Connection, lane_id: int, refused: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Puts the base rows back that refusals took the place of, unless a run has changed them since.

    Gives what the question of each title says from now on. The version never goes back, so that nobody takes an
    older state for this one.
    """
    known = base.some(connection, lane_id, refused)
    before: dict[int, BaseRow | None] = {}
    asked: dict[int, dict[str, Any]] = {}
    for key, data in refused.items():
        row, was = known.get(key), data.get(_WAS)
        if row is None or was is None or row.version != data["version"]:
            continue
        version = row.version + 1
        before[key] = base.from_columns({**was, "version": version})
        asked[key] = {name: value for name, value in data.items() if name != _WAS} | {"version": version}
    base.keep(connection, lane_id, before)
    return asked
