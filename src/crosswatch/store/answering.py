"""What is said to questions of the inbox: stored in a few statements for one as for thousands.

An answer can be another one, or be taken back, until a run has done it. One that a run is doing at this moment stays
as it is: its write may be on its way.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from crosswatch.errors import Refused
from crosswatch.store import attention as asked
from crosswatch.store import base, held, inbox, journal, runs
from crosswatch.store.attention import Question
from crosswatch.store.held import KEEP
from crosswatch.store.inbox import START_AFRESH, TAKE_BACK, Which
from crosswatch.store.journal import Ended, State
from crosswatch.store.statements import execute_all
from crosswatch.store.tables import attention, lane, run, unmatched
from crosswatch.store.tables import base as base_rows
from crosswatch.store.tables import journal as entries

_IN_WORK = (State.PLANNED, State.SENT)
_NO_LANE = 0
"""No lane has this number."""


def answer_one(connection: Connection, attention_id: int, answer: str, now: int) -> None:
    """Stores what the user said to one question.

    Raises Refused ``not_found``; ``invalid_request`` for what is no answer to this question; ``already_running``,
    with ``run_id``, while a run does what was said before.
    """
    row = inbox.find(connection, attention_id)
    if row is None:
        raise Refused("not_found", what=f"question {attention_id}")
    if answer not in row.answers:
        if not row.answers:
            raise Refused("invalid_request", reason="this ends by itself once the connection is in order")
        raise Refused("invalid_request", reason=f"the answer must be {_either(row.answers)}")
    if answer == START_AFRESH:
        assert row.pair is not None, "a question about an account is asked by a pair"
        start_afresh(connection, row.pair)
        return
    query = select(attention).where(attention.c.id == attention_id)
    _store(connection, connection.execute(query).all(), answer, now)


def answer_all(connection: Connection, which: Which, answer: str, now: int) -> int:
    """Stores one answer to many questions of a kind; returns how many there were.

    Without named titles it is for the open ones, or for those that are answered where it takes back. Raises Refused
    ``invalid_request`` for what is no answer to questions of that kind, and ``already_running`` where a run does all
    of it; what a run does of it otherwise stays as it is, and is not counted.
    """
    kind = which.kind
    if kind is None:
        raise Refused("invalid_request", reason="one answer is for questions of one kind")
    possible = (*inbox.possible_answers(kind), TAKE_BACK)
    if kind is Question.ACCOUNT:
        raise Refused("invalid_request", reason="questions about an account are answered one by one")
    if answer not in possible:
        raise Refused("invalid_request", reason=f"the answer must be {_either(possible)}")
    rows = select(attention).select_from(attention).outerjoin(lane, lane.c.id == attention.c.lane)
    return _store(connection, connection.execute(inbox.narrowed(rows, which)).all(), answer, now)


def _either(answers: Sequence[str]) -> str:
    return " or ".join(answers)


def _store(connection: Connection, rows: Sequence[Any], answer: str, now: int) -> int:
    free = _not_in_work(connection, rows)
    if answer == TAKE_BACK:
        free = [row for row in free if row.answered_at is not None]
    data = {row.id: row.data for row in free}
    data |= _take_back(connection, [row for row in free if row.answer == KEEP != answer], data)
    _reopen_doubts(connection, [row for row in free if row.answered_at is not None], now)
    if answer == TAKE_BACK:
        _say(connection, data, "", None)
        return len(free)
    if answer == KEEP:
        data |= _refuse(connection, [row for row in free if row.answer != KEEP], data, now)
    doubts = [row for row in free if row.kind == Question.DOUBT]
    _end_doubts(connection, doubts, now)
    asked.drop(connection, [row.id for row in doubts if row.lane is None])
    _say(connection, data, answer, now)
    return len(free)


def _say(connection: Connection, data: Mapping[int, Mapping[str, Any]], answer: str, at: int | None) -> None:
    query = update(attention).where(attention.c.id == bindparam("one"))
    execute_all(
        connection,
        query.values(data=bindparam("said"), answer=answer, answered_at=at),
        ({"one": row_id, "said": said} for row_id, said in data.items()),
    )


def _not_in_work(connection: Connection, rows: Sequence[Any]) -> list[Any]:
    """The questions that no running run has begun to act on. Raises Refused ``already_running`` where it did on all."""
    query = (
        select(entries.c.lane, entries.c.title, entries.c.run)
        .join(run, run.c.id == entries.c.run)
        .where(run.c.status == runs.RUNNING, entries.c.state.in_(_IN_WORK))
    )
    in_work = {(row.lane, row.title): row.run for row in connection.execute(query)}
    free = [row for row in rows if row.answered_at is None or (row.lane, row.title) not in in_work]
    if rows and not free:
        raise Refused("already_running", run_id=str(in_work[rows[0].lane, rows[0].title]))
    return free


def _by_lane(
    rows: Iterable[Any], data: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[int, tuple[int, Mapping[str, Any]]]]:
    """Lane -> title -> the question about it, and what that says."""
    found: dict[int, dict[int, tuple[int, Mapping[str, Any]]]] = {}
    for row in rows:
        found.setdefault(row.lane, {})[row.title] = (row.id, data[row.id])
    return found


def _refuse(
    connection: Connection, rows: Iterable[Any], data: Mapping[int, Mapping[str, Any]], now: int
) -> dict[int, Mapping[str, Any]]:
    changed: dict[int, Mapping[str, Any]] = {}
    for lane_id, of_lane in _by_lane(rows, data).items():
        kept = held.refuse(connection, lane_id, {key: said for key, (_, said) in of_lane.items()}, now)
        changed |= {of_lane[key][0]: said for key, said in kept.items()}
    return changed


def _take_back(
    connection: Connection, rows: Iterable[Any], data: Mapping[int, Mapping[str, Any]]
) -> dict[int, Mapping[str, Any]]:
    changed: dict[int, Mapping[str, Any]] = {}
    for lane_id, of_lane in _by_lane(rows, data).items():
        again = held.take_back(connection, lane_id, {key: said for key, (_, said) in of_lane.items()})
        changed |= {of_lane[key][0]: said for key, said in again.items()}
    return changed


def _writes_of(doubts: Iterable[Any]) -> dict[int, list[int]]:
    """Run -> the numbers of its writes that these doubts are about."""
    found: dict[int, list[int]] = {}
    for row in doubts:
        if "run" in row.data and "seq" in row.data:
            found.setdefault(row.data["run"], []).append(row.data["seq"])
    return found


def _end_doubts(connection: Connection, doubts: Sequence[Any], now: int) -> None:
    """Their writes are done with, and the base rows go, so that the answers decide."""
    for run_id, seqs in _writes_of(doubts).items():
        journal.end(connection, run_id, [Ended(seq, State.DONE, "answered") for seq in seqs], now)
    for lane_id, of_lane in _by_lane(doubts, {row.id: {} for row in doubts}).items():
        if lane_id is not None:
            base.keep(connection, lane_id, dict.fromkeys(of_lane))


def _reopen_doubts(connection: Connection, rows: Iterable[Any], now: int) -> None:
    """Nobody has said whether their writes arrived: they are looked up once more."""
    for run_id, seqs in _writes_of(row for row in rows if row.kind == Question.DOUBT).items():
        ended = [Ended(seq, State.IN_DOUBT, "in_doubt", "third_value") for seq in seqs]
        journal.end(connection, run_id, ended, now)


def start_afresh(connection: Connection, pair_id: int) -> None:
    """Forgets what both sides of a pair agreed on, with which accounts, and what was asked about it.

    Its next run has no base, so it removes nothing. Raises Refused ``already_running`` while a run of it goes on.
    Writes in doubt are those of no pair from now on: the other half of what they were to agree on is somebody else's.
    """
    going = runs.going_on(connection, pair_id)
    if going:
        raise Refused("already_running", run_id=str(going[0].id))
    lanes = list(connection.execute(select(lane.c.id).where(lane.c.pair == pair_id)).scalars())
    open_doubts = (attention.c.kind == Question.DOUBT) & attention.c.answered_at.is_(None)
    connection.execute(update(attention).where(attention.c.lane.in_(lanes), open_doubts).values(lane=None))
    unsettled = entries.c.lane.in_(lanes) & entries.c.state.in_([State.SENT, State.IN_DOUBT])
    connection.execute(update(entries).where(unsettled).values(lane=_NO_LANE))
    for table in (base_rows, unmatched, attention):
        connection.execute(delete(table).where(table.c.lane.in_(lanes)))
    nobody = dict.fromkeys(("source_uid", "target_uid", "source_label", "target_label"), "")
    connection.execute(update(lane).where(lane.c.id.in_(lanes)).values(**nobody))
