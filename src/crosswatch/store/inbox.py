"""The inbox as people read it: questions in pages, in groups, and counted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from crosswatch.model.kinds import Feature, Side
from crosswatch.store import held, unmatched
from crosswatch.store.attention import LEAVE, NOT_DONE, RULED, Question
from crosswatch.store.statements import chunks
from crosswatch.store.tables import attention, lane, title
from crosswatch.store.tables import journal as entries

START_AFRESH = "start_afresh"
"""The answer to another account behind a connection: what both sides agreed on is forgotten, and nothing else."""

TAKE_BACK = "take_back"
"""What can be said to every answer that no run has done yet: the question is open again."""

_ANSWERS: Mapping[Question, tuple[str, ...]] = {
    Question.CONFLICT: (Side.SOURCE.value, Side.TARGET.value),
    Question.DOUBT: (Side.SOURCE.value, Side.TARGET.value),
    Question.REMOVAL: (held.ALLOW, held.KEEP),
    Question.OVERWRITE: (held.ALLOW, held.KEEP),
    Question.KEPT: (held.ALLOW, held.KEEP),
    Question.UNMATCHED: (unmatched.TRY_AGAIN, LEAVE),
}

_OPEN = attention.c.answered_at.is_(None)
_SIDE = attention.c.data["side"].as_string()
STANDS = or_(
    attention.c.kind.in_(RULED) & NOT_DONE,
    attention.c.kind.in_(held.EVERY) & held.STANDS,
    attention.c.kind == Question.UNMATCHED,
)
"""No run has done anything about the title since it was answered, so that the answer can be another one."""

SHOWN = _OPEN | STANDS


@dataclass(frozen=True, slots=True)
class Which:
    """Which questions are meant; what is left out counts for all.

    ``answered``: those that were answered and not done yet, instead of open ones; None for both. ``said``: answered so.
    ``titles``: those about these titles. ``until``: those that were there when this one was the newest.
    """

    pair: int | None = None
    kind: Question | None = None
    feature: Feature | None = None
    side: Side | None = None
    titles: Collection[int] | None = None
    answered: bool | None = False
    said: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question. ``source``, ``target``: the two readings that it is about, None is absent.

    ``side``: the one that is, or was to be, written, and ``wanted`` what it was to hold. ``code`` and ``params`` say
    what is wrong with an account, ``code`` why a title has no match, and ``next_try`` when it is tried again. Lane,
    pair and feature of a pair that is no more are None; so is the title of a question about an account.
    """

    id: int
    kind: Question
    lane: int | None
    pair: int | None
    feature: Feature | None
    title: int | None
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
    code: str
    params: Mapping[str, Any]
    next_try: int | None
    made_at: int
    answered_at: int | None
    answer: str

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be said to it."""
        possible = possible_answers(self.kind, code=self.code, orphan=self.lane is None)
        return possible if self.answered_at is None else (*possible, TAKE_BACK)


def possible_answers(kind: Question, *, code: str = "", orphan: bool = False) -> tuple[str, ...]:
    """What can be said to an open question of that kind; ``orphan``: its pair is no more."""
    if kind is Question.ACCOUNT:
        return (START_AFRESH,) if code == "account_changed" else ()
    return (LEAVE,) if orphan else _ANSWERS[kind]


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that one answer can be given to: of one lane, kind and side, open or answered alike.

    ``count`` is how many there are, ``rows`` the oldest of them.
    """

    pair: int | None
    feature: Feature | None
    kind: Question
    side: Side | None
    said: str
    count: int
    rows: Sequence[QuestionRow]


def narrowed(query: Select[Any], which: Which) -> Select[Any]:
    """A query about the inbox and its lanes, for these questions only."""
    state = SHOWN if which.answered is None else ~_OPEN & STANDS if which.answered else _OPEN
    query = query.where(state)
    for column, value in (
        (lane.c.pair, which.pair),
        (attention.c.kind, which.kind),
        (lane.c.feature, which.feature),
        (_SIDE, which.side),
    ):
        if value is not None:
            query = query.where(column == value)
    if which.said:
        query = query.where(attention.c.answer == which.said)
    if which.until is not None:
        query = query.where(attention.c.id <= which.until)
    if which.titles is not None:
        query = query.where(attention.c.title.in_(sorted(which.titles)))
    return query


def find(connection: Connection, attention_id: int) -> QuestionRow | None:
    """One question, open, or answered and not done yet."""
    row = connection.execute(_questions().where(attention.c.id == attention_id, SHOWN)).first()
    return None if row is None else _row(row)


def page(connection: Connection, which: Which, *, limit: int, after: int = 0) -> list[QuestionRow]:
    """The questions after that id, the oldest first."""
    query = narrowed(_questions(), which).where(attention.c.id > after).order_by(attention.c.id).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def count(connection: Connection, which: Which) -> int:
    """How many there are."""
    query = select(func.count()).select_from(attention).outerjoin(lane, lane.c.id == attention.c.lane)
    return int(connection.execute(narrowed(query, which)).scalar_one())


def groups(connection: Connection, *, first: int) -> list[Group]:
    """All of the inbox: what belongs together, open or answered, with the ``first`` questions of each."""
    query = (
        select(attention.c.id, attention.c.lane, attention.c.kind, _SIDE, attention.c.answer)
        .where(SHOWN)
        .order_by(attention.c.id)
    )
    alike: dict[tuple[Any, ...], list[int]] = {}
    for row_id, *key in connection.execute(query):
        alike.setdefault(tuple(key), []).append(row_id)
    shown = [row_id for ids in alike.values() for row_id in ids[:first]]
    rows: dict[int, QuestionRow] = {}
    for part in chunks(shown):
        found = connection.execute(_questions().where(attention.c.id.in_(part)))
        rows.update({row.id: _row(row) for row in found})
    return [_group([rows[row_id] for row_id in ids[:first]], len(ids)) for ids in alike.values()]


def _group(rows: Sequence[QuestionRow], alike: int) -> Group:
    one = rows[0]
    return Group(one.pair, one.feature, one.kind, one.side, one.answer, alike, rows)


def _questions() -> Select[Any]:
    show = title.alias("show")
    return (
        select(attention, lane.c.pair, lane.c.feature, entries.c.feature.label("written_feature"))
        .add_columns(title.c.kind.label("title_kind"), title.c.name, title.c.year)
        .add_columns(title.c.season, title.c.number, show.c.name.label("show_name"))
        .outerjoin(title, title.c.id == attention.c.title)
        .outerjoin(show, show.c.id == title.c.show_id)
        .outerjoin(lane, lane.c.id == attention.c.lane)
        .outerjoin(
            entries,
            (entries.c.run == attention.c.data["run"].as_integer())
            & (entries.c.seq == attention.c.data["seq"].as_integer()),
        )
    )


def _row(row: Any) -> QuestionRow:
    kind, data = Question(row.kind), row.data
    feature = None if kind is Question.ACCOUNT else row.feature or row.written_feature
    return QuestionRow(
        id=row.id,
        kind=kind,
        lane=row.lane,
        pair=row.pair,
        feature=Feature(feature) if feature else None,
        title=row.title,
        title_kind=row.title_kind or "",
        name=row.name or "",
        year=row.year,
        show=row.show_name or "",
        season=row.season,
        number=row.number,
        source=data.get("source"),
        target=data.get("target"),
        side=Side(data["side"]) if data.get("side") else None,
        wanted=data.get("wanted"),
        code=data.get("code") or data.get("reason") or "",
        params=data.get("params") or {},
        next_try=data.get("next_try"),
        made_at=row.made_at,
        answered_at=row.answered_at,
        answer=row.answer,
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many questions of a pair are open, and how many are answered and not done yet: by kind and by answer."""

    open: Mapping[Question, int]
    answered: Mapping[tuple[Question, str], int]

    @property
    def waits(self) -> int:
        """How many questions wait for the user."""
        return sum(self.open.values())

    @property
    def to_do(self) -> int:
        """How many answers the next run does something about."""
        return sum(
            number for (_, answer), number in self.answered.items() if answer not in (held.KEEP, LEAVE)
        )


NOTHING = Tally({}, {})


def tallies(connection: Connection) -> dict[int | None, Tally]:
    """What waits, pair by pair; None: of pairs that are no more."""
    query = (
        select(lane.c.pair, attention.c.kind, attention.c.answer, _OPEN.label("waits"), func.count())
        .select_from(attention)
        .outerjoin(lane, lane.c.id == attention.c.lane)
        .where(SHOWN)
        .group_by(lane.c.pair, attention.c.kind, attention.c.answer, "waits")
    )
    opened: dict[int | None, dict[Question, int]] = {}
    answered: dict[int | None, dict[tuple[Question, str], int]] = {}
    for pair, kind, answer, waits, number in connection.execute(query):
        if waits:
            opened.setdefault(pair, {})[Question(kind)] = number
        else:
            answered.setdefault(pair, {})[Question(kind), answer] = number
    return {
        pair: Tally(opened.get(pair, {}), answered.get(pair, {})) for pair in opened.keys() | answered.keys()
    }


def count_open(connection: Connection) -> int:
    """How many questions wait."""
    return connection.execute(select(func.count()).where(_OPEN).select_from(attention)).scalar_one()


def newest(connection: Connection) -> int:
    """The newest question of all; 0 where there is none."""
    return connection.execute(select(func.max(attention.c.id))).scalar_one() or 0
