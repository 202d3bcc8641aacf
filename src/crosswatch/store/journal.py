"""The journal: every write before it is sent, and how it ended. Nothing goes to a service that is not in here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from crosswatch.engine.base import LastWrite
from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.model.writes import Done
from crosswatch.store.runs import RUNNING, SYNC
from crosswatch.store.statements import execute_all, upsert
from crosswatch.store.tables import journal, lane, last_write, title
from crosswatch.store.tables import run as runs


class State(StrEnum):
    """Where a write is. ``IN_DOUBT`` is looked up before anything else is done with its title."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    DROPPED = "dropped"
    IN_DOUBT = "in_doubt"


_MAY_BE_DONE = journal.c.state.in_([State.SENT, State.IN_DOUBT]) | journal.c.outcome.in_(
    [Done.APPLIED, Done.ALREADY, Done.IN_DOUBT]
)


_ONE = (journal.c.run == bindparam("of_run")) & (journal.c.seq == bindparam("one"))
_ENTER = insert(journal)
_MARK_SENT = update(journal).where(_ONE).values(state=State.SENT, sent_at=bindparam("now"))
_END = (
    update(journal)
    .where(_ONE)
    .values(
        state=bindparam("new_state"),
        outcome=bindparam("new_outcome"),
        code=bindparam("new_code"),
        words=bindparam("new_words"),
        done_at=bindparam("now"),
    )
)
_DROP_PLANNED = (
    update(journal)
    .where(journal.c.run == bindparam("of_run"), journal.c.state == State.PLANNED)
    .values(state=State.DROPPED, outcome="not_sent")
)
_UNSETTLED = (
    select(journal)
    .where(journal.c.account_uid == bindparam("account"), journal.c.state.in_([State.SENT, State.IN_DOUBT]))
    .order_by(journal.c.run, journal.c.seq)
)
_CONFIRM = (
    update(last_write)
    .where(last_write.c.account_uid == bindparam("account"), last_write.c.feature == bindparam("list"))
    .where(last_write.c.title == bindparam("one"))
    .values(confirmed=True)
)
_LAST_WRITES = select(last_write).where(
    last_write.c.account_uid == bindparam("account"), last_write.c.feature == bindparam("list")
)
_LATELY = (
    select(journal.c.side, journal.c.action, func.count(func.distinct(journal.c.title)))
    .where(journal.c.lane == bindparam("lane"), journal.c.sent_at >= bindparam("since"))
    .where(~journal.c.approved, _MAY_BE_DONE)
    .group_by(journal.c.side, journal.c.action)
)
_PAIR = select(lane.c.pair).where(lane.c.id == bindparam("lane")).scalar_subquery()
_WHOLE = (runs.c.kind == SYNC) & (runs.c.status != RUNNING) & (runs.c.code == "")
_LAST_WHOLE = select(func.coalesce(func.max(runs.c.id), 0)).where(runs.c.pair == _PAIR, _WHOLE)
_REMOVED = (
    select(journal.c.title)
    .where(journal.c.lane == bindparam("lane"), journal.c.sent_at >= bindparam("since"))
    .where(journal.c.action == Action.REMOVE, _MAY_BE_DONE)
    .where(~journal.c.approved | (journal.c.run > _LAST_WHOLE.scalar_subquery()))
)
_LAST_RUN = select(func.max(journal.c.run)).where(journal.c.lane == bindparam("lane")).scalar_subquery()
_MOVED = select(journal.c.title).where(
    journal.c.run == _LAST_RUN, journal.c.lane == bindparam("lane"), journal.c.outcome == Done.MOVED
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One write of one run. ``other_*`` is the other side's reading on which it rests, ``cause`` what it did.

    ``approved``: the user was asked, and allowed it.
    """

    run: int
    seq: int
    lane: int
    feature: Feature
    side: Side
    account_uid: str
    title: int
    native_id: str
    action: Action
    before: int | None
    expected: int | None
    wanted: int | None
    other_value: int | None
    other_stamp: int | None
    other_native: str
    ours: bool
    cause: str = ""
    approved: bool = False
    state: State = State.PLANNED
    sent_at: int | None = None
    done_at: int | None = None
    outcome: str = ""
    code: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one write ended: the new state, and what is told of it."""

    seq: int
    state: State
    outcome: str = ""
    code: str = ""
    words: str = ""


def _entry(found: Any) -> Entry:
    values = dict(found._mapping)
    values.update(
        feature=Feature(found.feature),
        side=Side(found.side),
        action=Action(found.action),
        state=State(found.state),
    )
    return Entry(**values)


def enter(connection: Connection, entries: Sequence[Entry]) -> None:
    """Enters planned writes."""
    names = [column.name for column in journal.columns]
    rows = ({name: getattr(one, name) for name in names} for one in entries)
    execute_all(connection, _ENTER, rows)


def mark_sent(connection: Connection, run: int, seqs: Sequence[int], now: int) -> None:
    """Notes that these writes may reach the service from now on."""
    execute_all(connection, _MARK_SENT, ({"of_run": run, "one": seq, "now": now} for seq in seqs))


def end(connection: Connection, run: int, ended: Sequence[Ended], now: int) -> None:
    """Stores how writes ended."""
    rows = (
        {
            "of_run": run,
            "one": one.seq,
            "now": now,
            "new_state": one.state.value,
            "new_outcome": one.outcome,
            "new_code": one.code,
            "new_words": one.words,
        }
        for one in ended
    )
    execute_all(connection, _END, rows)


def drop_planned(connection: Connection, run: int) -> int:
    """Ends what was planned and never sent; the next plan finds it again. Returns how many."""
    return connection.execute(_DROP_PLANNED, {"of_run": run}).rowcount


def drop_planned_of(connection: Connection, runs: Collection[int]) -> None:
    """The same for runs whose process is dead."""
    for run in runs:
        drop_planned(connection, run)


def unsettled(connection: Connection, account_uid: str) -> list[Entry]:
    """Writes to an account of which nobody knows whether they arrived, the oldest first."""
    return [_entry(row) for row in connection.execute(_UNSETTLED, {"account": account_uid})]


def remember(
    connection: Connection, account_uid: str, feature: Feature, values: Mapping[int, int | None], now: int
) -> None:
    """Keeps what was last written for titles of an account, so that late lists are not taken for the user's word."""
    rows = (
        {
            "account_uid": account_uid,
            "feature": feature.value,
            "title": key,
            "value": value,
            "at": now,
            "confirmed": False,
        }
        for key, value in values.items()
    )
    execute_all(connection, upsert(last_write, "value", "at", "confirmed"), rows)


def confirm(connection: Connection, account_uid: str, feature: Feature, keys: Collection[int]) -> None:
    """Notes that a reading has shown what was last written for these titles."""
    rows = ({"account": account_uid, "list": feature, "one": key} for key in keys)
    execute_all(connection, _CONFIRM, rows)


def last_writes(connection: Connection, account_uid: str, feature: Feature) -> dict[int, LastWrite]:
    """What any lane last wrote to an account; of any age, since no date of a value of ours may count as the user's."""
    found = connection.execute(_LAST_WRITES, {"account": account_uid, "list": feature})
    return {row.title: LastWrite(row.value, row.at, row.confirmed) for row in found}


def lately(connection: Connection, lane_id: int, since: int) -> dict[tuple[Side, Action], int]:
    """How many titles of each side a lane removed, or overwrote, since then without being asked; doubts count."""
    found = connection.execute(_LATELY, {"lane": lane_id, "since": since})
    return {(Side(side), Action(action)): count for side, action, count in found}


def removed(connection: Connection, lane_id: int, since: int) -> set[int]:
    """The titles that a lane removed from either side since then, as far as they still belong to its base; doubts
    count.

    What the user allowed belongs to it only until a sync of the pair has come to its end: a list of which nine in ten
    were taken off on purpose is as small as it looks, and a tenth of what it was would be all that is left.
    """
    return set(connection.execute(_REMOVED, {"lane": lane_id, "since": since}).scalars())


def moved(connection: Connection, lane_id: int) -> set[int]:
    """Titles of which a lane's last run found another value than the list had shown, or one where it showed none."""
    return set(connection.execute(_MOVED, {"lane": lane_id}).scalars())


@dataclass(frozen=True, slots=True)
class Item:
    """One write as people read it."""

    seq: int
    feature: Feature
    side: Side
    action: Action
    title: int
    kind: str
    name: str
    year: int | None
    show: str
    season: int | None
    number: int | None
    before: int | None
    after: int | None
    outcome: str
    code: str
    words: str
    state: State
    cause: str


def items(
    connection: Connection, run: int, *, after: int, limit: int, feature: Feature | None = None
) -> list[Item]:
    """The writes of a run in their order, those after that number only; of one feature or all."""
    show = title.alias("show")
    query = (
        select(journal, title.c.kind, title.c.name, title.c.year, title.c.season, title.c.number)
        .add_columns(show.c.name.label("show_name"))
        .join(title, title.c.id == journal.c.title)
        .outerjoin(show, show.c.id == title.c.show_id)
        .where(journal.c.run == run, journal.c.seq > after)
        .order_by(journal.c.seq)
        .limit(limit)
    )
    if feature is not None:
        query = query.where(journal.c.feature == feature)
    return [
        Item(
            seq=row.seq,
            feature=Feature(row.feature),
            side=Side(row.side),
            action=Action(row.action),
            title=row.title,
            kind=row.kind,
            name=row.name,
            year=row.year,
            show=row.show_name or "",
            season=row.season,
            number=row.number,
            before=row.before,
            after=row.wanted,
            outcome=row.outcome,
            code=row.code,
            words=row.words,
            state=State(row.state),
            cause=row.cause,
        )
        for row in connection.execute(query)
    ]


def count_items(connection: Connection, run: int, *, feature: Feature | None = None) -> int:
    """How many writes a run planned; of one feature or all."""
    query = select(func.count()).where(journal.c.run == run)
    if feature is not None:
        query = query.where(journal.c.feature == feature)
    return connection.execute(query).scalar_one()
