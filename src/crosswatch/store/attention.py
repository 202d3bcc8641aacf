"""What needs somebody: questions that CrossWatch cannot answer itself, and what was said to them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from crosswatch.engine.base import Answer
from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Side
from crosswatch.store import base, journal
from crosswatch.store.journal import Ended, State
from crosswatch.store.statements import execute_all
from crosswatch.store.tables import attention, lane, title
from crosswatch.store.tables import base as rows
from crosswatch.store.tables import journal as entries


class Question(StrEnum):
    """What is asked. A doubt is a write of which its service cannot say whether it arrived."""

    CONFLICT = "conflict"
    DOUBT = "doubt"


ACCOUNT = "account"
"""The kind of an entry about an account of a pair; it has no title."""

LEAVE = "leave"
"""The answer to a doubt of a pair that is no more: nothing is written, and nothing is asked again."""

_RULED = (Question.CONFLICT.value, Question.DOUBT.value)
_OPEN = attention.c.answered_at.is_(None)
_NOT_DONE = ~exists().where(
    rows.c.lane == attention.c.lane,
    rows.c.title == attention.c.title,
    rows.c.since >= attention.c.answered_at,
)
"""No run has stored other values of the title since the answer: what it asked for has not been done yet."""


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question about one title. ``source``, ``target``: the two readings that it is about, None is absent.

    ``wanted``: what a write in doubt was to put on ``side``. Lane, pair and feature of a pair that is no more are
    None.
    """

    id: int
    kind: Question
    lane: int | None
    pair: int | None
    feature: Feature | None
    title: int
    title_kind: str
    name: str
    year: int | None
    show: str
    season: int | None
    number: int | None
    source: int | None
    target: int | None
    side: Side | None
    wanted: int | None
    made_at: int

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be said to it."""
        return (LEAVE,) if self.lane is None else (Side.SOURCE.value, Side.TARGET.value)


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
        ask_once(connection, kind=ACCOUNT, lane=lane_id, title=None, data=data, now=now)


def accounts_stand(connection: Connection, lanes: Collection[int]) -> None:
    """Both accounts of these lanes can be used, and are those that their base was made with."""
    asked = (attention.c.kind == ACCOUNT) & attention.c.lane.in_(lanes)
    if connection.execute(select(attention.c.id).where(asked)).first() is not None:
        connection.execute(delete(attention).where(asked))


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
    known = select(attention.c.id, attention.c.title, attention.c.data, _NOT_DONE.label("counts"))
    here = attention.c.lane == lane_id
    ruled = (attention.c.kind == Question.CONFLICT) | (
        (attention.c.kind == Question.DOUBT) & attention.c.answered_at.is_not(None)
    )
    asked: set[int] = set()
    gone: list[int] = []
    for row in connection.execute(known.where(here, ruled)):
        clash = clashes.get(row.title)
        if row.counts and clash is not None and _readings(row.data) == clash:
            asked.add(row.title)
        elif not row.counts or clash is not None or row.title not in unclear:
            gone.append(row.id)
    one = attention.c.id == bindparam("gone")
    execute_all(connection, delete(attention).where(one), ({"gone": row_id} for row_id in gone))
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
    _drop_settled(connection, lane_id)


def _readings(data: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """The two readings of a question; None where it is about none."""
    return (data["source"], data["target"]) if {"source", "target"} <= data.keys() else None


def _drop_settled(connection: Connection, lane_id: int) -> None:
    """Takes out open doubts whose write is in doubt no longer."""
    waits = exists().where(
        entries.c.run == attention.c.data["run"].as_integer(),
        entries.c.seq == attention.c.data["seq"].as_integer(),
        entries.c.state.in_([State.SENT, State.IN_DOUBT]),
    )
    connection.execute(
        delete(attention).where(
            attention.c.lane == lane_id, attention.c.kind == Question.DOUBT, _OPEN, ~waits
        )
    )


def titles(connection: Connection, lane_id: int) -> set[int]:
    """The titles whose value a lane asks about, or had an answer to that is not done yet."""
    query = select(attention.c.title).where(attention.c.lane == lane_id, attention.c.kind.in_(_RULED))
    return set(connection.execute(query).scalars())


def answers(connection: Connection, lane_id: int) -> dict[int, Answer]:
    """What the user said to questions of a lane that are about two readings; the newest word on each title.

    An answer that a run has done is none any more: the same two values may be what the user wants by now.
    """
    query = (
        select(attention.c.title, attention.c.data, attention.c.answer)
        .where(attention.c.lane == lane_id, attention.c.kind.in_(_RULED))
        .where(attention.c.answered_at.is_not(None), _NOT_DONE)
        .order_by(attention.c.answered_at, attention.c.id)
    )
    found: dict[int, Answer] = {}
    for row in connection.execute(query):
        readings = _readings(row.data)
        if readings is not None and row.answer in (Side.SOURCE, Side.TARGET):
            found[row.title] = Answer(*readings, winner=Side(row.answer))
    return found


def answer(connection: Connection, attention_id: int, answer: str, now: int) -> None:
    """Stores what the user said; it can be changed until a run has done it.

    A doubt ends with it: its write is done with, and the base row goes, so that the answer decides. Raises Refused
    ``not_found``, or ``invalid_request`` for what is no answer to this question.
    """
    row = find(connection, attention_id)
    if row is None:
        raise Refused("not_found", what=f"question {attention_id}")
    if answer not in row.answers:
        raise Refused("invalid_request", reason=f"the answer must be {' or '.join(row.answers)}")
    connection.execute(
        update(attention).where(attention.c.id == attention_id).values(answer=answer, answered_at=now)
    )
    if row.kind is Question.DOUBT:
        _end_doubt(connection, attention_id, row, now)


def _end_doubt(connection: Connection, attention_id: int, row: QuestionRow, now: int) -> None:
    data = connection.execute(select(attention.c.data).where(attention.c.id == attention_id)).scalar_one()
    if "run" in data and "seq" in data:
        ended = Ended(data["seq"], State.DONE, "answered")
        journal.end(connection, data["run"], [ended], now)
    if row.lane is not None:
        base.keep(connection, row.lane, {row.title: None})


def answer_conflicts(connection: Connection, pair_id: int, answer: Side, now: int) -> int:
    """Answers all open conflicts of a pair alike; returns how many there were."""
    of_pair = select(lane.c.id).where(lane.c.pair == pair_id)
    query = update(attention).where(
        attention.c.kind == Question.CONFLICT, attention.c.lane.in_(of_pair), _OPEN
    )
    return connection.execute(query.values(answer=answer.value, answered_at=now)).rowcount


def find(connection: Connection, attention_id: int) -> QuestionRow | None:
    """One question, open, or answered and not done yet."""
    row = connection.execute(_questions().where(attention.c.id == attention_id, _NOT_DONE)).first()
    return None if row is None else _row(row)


def waiting(
    connection: Connection, *, limit: int, after: int = 0, pair_id: int | None = None
) -> list[QuestionRow]:
    """Open questions, the oldest first, those after that id only; of one pair or all."""
    query = _questions().where(_OPEN, attention.c.id > after).order_by(attention.c.id).limit(limit)
    if pair_id is not None:
        query = query.where(lane.c.pair == pair_id)
    return [_row(row) for row in connection.execute(query)]


def _questions() -> Select[Any]:
    show = title.alias("show")
    return (
        select(attention, lane.c.pair, lane.c.feature, entries.c.feature.label("written_feature"))
        .add_columns(title.c.kind.label("title_kind"), title.c.name, title.c.year)
        .add_columns(title.c.season, title.c.number, show.c.name.label("show_name"))
        .join(title, title.c.id == attention.c.title)
        .outerjoin(show, show.c.id == title.c.show_id)
        .outerjoin(lane, lane.c.id == attention.c.lane)
        .outerjoin(
            entries,
            (entries.c.run == attention.c.data["run"].as_integer())
            & (entries.c.seq == attention.c.data["seq"].as_integer()),
        )
        .where(attention.c.kind.in_(_RULED))
    )


def _row(row: Any) -> QuestionRow:
    feature, data = row.feature or row.written_feature, row.data
    return QuestionRow(
        id=row.id,
        kind=Question(row.kind),
        lane=row.lane,
        pair=row.pair,
        feature=Feature(feature) if feature else None,
        title=row.title,
        title_kind=row.title_kind,
        name=row.name,
        year=row.year,
        show=row.show_name or "",
        season=row.season,
        number=row.number,
        source=data.get("source"),
        target=data.get("target"),
        side=Side(data["side"]) if data.get("side") else None,
        wanted=data.get("wanted"),
        made_at=row.made_at,
    )


def open_by_pair(connection: Connection) -> dict[int | None, int]:
    """How many questions wait, pair by pair; None: of pairs that are no more."""
    return _by_pair(connection, _OPEN)


def conflicts_by_pair(connection: Connection) -> dict[int | None, int]:
    """How many conflicts wait, pair by pair."""
    return _by_pair(connection, _OPEN & (attention.c.kind == Question.CONFLICT))


def answered_by_pair(connection: Connection) -> dict[int | None, int]:
    """How many answers wait for the next run, pair by pair."""
    said = attention.c.answered_at.is_not(None) & attention.c.lane.is_not(None)
    return _by_pair(connection, said & _NOT_DONE)


def _by_pair(connection: Connection, which: ColumnElement[bool]) -> dict[int | None, int]:
    query = (
        select(lane.c.pair, func.count())
        .select_from(attention)
        .outerjoin(lane, lane.c.id == attention.c.lane)
        .where(which)
        .group_by(lane.c.pair)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def count_open(connection: Connection) -> int:
    """How many questions wait."""
    return connection.execute(select(func.count()).where(_OPEN).select_from(attention)).scalar_one()
