"""What needs somebody: the questions that runs put into the inbox, and the answers that they find there.

One question is one row, whatever it is about. ``inbox`` shows them, ``answering`` stores what is said to them.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from crosswatch.engine.base import Answer
from crosswatch.model.kinds import Side
from crosswatch.store import base
from crosswatch.store.journal import State
from crosswatch.store.statements import execute_all
from crosswatch.store.tables import attention
from crosswatch.store.tables import base as rows
from crosswatch.store.tables import journal as entries


class Question(StrEnum):
    """What a row of the inbox is about.

    ``CONFLICT``: both sides have changed. ``DOUBT``: a write of which its service cannot say whether it arrived.
    ``REMOVAL``, ``OVERWRITE``: the guard holds it. ``KEPT``: a removal that was seen while the lane did not remove.
    ``UNMATCHED``: a service does not know the title. ``ACCOUNT``: a pair cannot run before an account is seen to.
    """

    CONFLICT = "conflict"
    DOUBT = "doubt"
    REMOVAL = "removal"
    OVERWRITE = "overwrite"
    KEPT = "kept"
    UNMATCHED = "unmatched"
    ACCOUNT = "account"


LEAVE = "leave"
"""The answer after which nothing is written: to a doubt of a pair that is no more, and to a title without a match."""

RULED = (Question.CONFLICT, Question.DOUBT)
"""Questions about two values of which one shall count: they are answered with a side."""

_OPEN = attention.c.answered_at.is_(None)
NOT_DONE = ~exists().where(
    rows.c.lane == attention.c.lane,
    rows.c.title == attention.c.title,
    rows.c.since >= attention.c.answered_at,
)
"""No run has stored other values of the title since the answer: what it asked for has not been done yet."""


def ask_once(
    connection: Connection,
    *,
    kind: str,
    lane: int | None,
    title: int | None,
    data: Mapping[str, object],
    now: int,
) -> None:
    """Puts a question into the inbox; one that is open there is brought up to date. ``lane`` None: its pair is gone."""
    query = select(attention.c.id).where(
        attention.c.kind == kind, attention.c.lane == lane, attention.c.title == title, _OPEN
    )
    known = connection.execute(query).scalar_one_or_none()
    if known is None:
        connection.execute(
            insert(attention).values(kind=kind, lane=lane, title=title, data=dict(data), made_at=now)
        )
    else:
        connection.execute(update(attention).where(attention.c.id == known).values(data=dict(data)))


ACCOUNT_CODES = frozenset(
    {
        "account_changed",
        "invalid_api_key",
        "not_connected",
        "same_account",
        "session_ended",
        "suspended_api_key",
    }
)
"""How a run ends that cannot go on before the user has looked after an account."""


def ask_about_accounts(
    connection: Connection, lane_id: int, code: str, params: Mapping[str, object], now: int
) -> None:
    """Says that a pair cannot run before one of its accounts is seen to."""
    if base.has_lane(connection, lane_id):
        data = {"code": code, "params": dict(params)}
        ask_once(connection, kind=Question.ACCOUNT, lane=lane_id, title=None, data=data, now=now)


_HERE = attention.c.lane == bindparam("lane")
_ACCOUNTS = (attention.c.kind == Question.ACCOUNT) & attention.c.lane.in_(bindparam("lanes", expanding=True))
_ABOUT_ACCOUNTS = select(attention.c.id).where(_ACCOUNTS)
_ACCOUNTS_STAND = delete(attention).where(_ACCOUNTS)
_KNOWN = select(attention.c.id, attention.c.title, attention.c.data, NOT_DONE.label("counts")).where(
    _HERE,
    (attention.c.kind == Question.CONFLICT)
    | ((attention.c.kind == Question.DOUBT) & attention.c.answered_at.is_not(None)),
)
_DROP = delete(attention).where(attention.c.id == bindparam("gone"))
_WAITS = exists().where(
    entries.c.run == attention.c.data["run"].as_integer(),
    entries.c.seq == attention.c.data["seq"].as_integer(),
    entries.c.state.in_([State.SENT, State.IN_DOUBT]),
)
_DROP_SETTLED = delete(attention).where(_HERE, attention.c.kind == Question.DOUBT, _OPEN, ~_WAITS)
_TITLES = select(attention.c.title).where(_HERE, attention.c.kind.in_(RULED))
_ANSWERS = (
    select(attention.c.title, attention.c.data, attention.c.answer)
    .where(_HERE, attention.c.kind.in_(RULED))
    .where(attention.c.answered_at.is_not(None), NOT_DONE)
    .order_by(attention.c.answered_at, attention.c.id)
)


def accounts_stand(connection: Connection, lanes: Collection[int]) -> None:
    """Both accounts of these lanes can be used, and are those that their base was made with."""
    here = {"lanes": list(lanes)}
    if connection.execute(_ABOUT_ACCOUNTS, here).first() is not None:
        connection.execute(_ACCOUNTS_STAND, here)


def keep_conflicts(
    connection: Connection,
    lane_id: int,
    clashes: Mapping[int, tuple[int, int]],
    unclear: Collection[int],
    now: int,
) -> None:
    """Makes the inbox of a lane what this plan derives: title -> the two readings that clash.

    A question about the same readings stays as it is, answered or not; what this plan does not derive leaves, so an
    answer never outlives the readings that it was given to. Nothing is concluded of ``unclear`` titles: those with
    unknown readings, and those whose answer is only now being written. Doubts leave once their write is settled.
    """
    asked: set[int] = set()
    gone: list[int] = []
    for row in connection.execute(_KNOWN, {"lane": lane_id}):
        clash = clashes.get(row.title)
        if row.counts and clash is not None and _readings(row.data) == clash:
            asked.add(row.title)
        elif not row.counts or clash is not None or row.title not in unclear:
            gone.append(row.id)
    drop(connection, gone)
    new = (
        {
            "kind": Question.CONFLICT.value,
            "lane": lane_id,
            "title": key,
            "data": {"source": source, "target": target},
            "made_at": now,
        }
        for key, (source, target) in clashes.items()
        if key not in asked
    )
    execute_all(connection, insert(attention), new)
    connection.execute(_DROP_SETTLED, {"lane": lane_id})


def drop(connection: Connection, gone: Collection[int]) -> None:
    """Takes these questions out of the inbox."""
    execute_all(connection, _DROP, ({"gone": row_id} for row_id in gone))


def _readings(data: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """The two readings of a question; None where it is about none."""
    return (data["source"], data["target"]) if {"source", "target"} <= data.keys() else None


def titles(connection: Connection, lane_id: int) -> set[int]:
    """The titles whose value a lane asks about, or had an answer to that is not done yet."""
    return set(connection.execute(_TITLES, {"lane": lane_id}).scalars())


def answers(connection: Connection, lane_id: int) -> dict[int, Answer]:
    """What the user said to questions of a lane that are about two readings; the newest word on each title.

    An answer that a run has done is none any more: the same two values may be what the user wants by now.
    """
    found: dict[int, Answer] = {}
    for row in connection.execute(_ANSWERS, {"lane": lane_id}):
        readings = _readings(row.data)
        if readings is not None and row.answer in (Side.SOURCE, Side.TARGET):
            found[row.title] = Answer(*readings, winner=Side(row.answer))
    return found
