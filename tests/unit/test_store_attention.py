"""The inbox: what waits in it, what is said to it, and that an answer never outlives what it was given to."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from crosswatch.engine.base import Agreed, Answer, BaseRow
from crosswatch.errors import Refused
from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.model.refs import Hints, Ref, ids
from crosswatch.store import answering, attention, base, inbox, journal, runs
from crosswatch.store.attention import Question
from crosswatch.store.database import Connection, Database
from crosswatch.store.inbox import QuestionRow, Which
from crosswatch.store.journal import Ended, Entry, State
from tests.unit.stored import counted, dump, make_pair

RATINGS = Feature.RATINGS


@pytest.fixture
def titles(database: Database) -> list[int]:
    films = [Ref(Kind.MOVIE, ids(tmdb=number), hints=Hints(f"Film {number}", 1990)) for number in range(5)]
    return database.write_now(lambda connection: resolve(connection, films))


def keep(
    database: Database,
    lane: int,
    clashes: dict[int, tuple[int, int]],
    *,
    unclear: tuple[int, ...] = (),
    now: int = 5,
) -> None:
    database.write_now(lambda connection: attention.keep_conflicts(connection, lane, clashes, unclear, now))


def waiting(database: Database, limit: int = 100, after: int = 0, **which: Any) -> list[QuestionRow]:
    return database.read_now(
        lambda connection: inbox.page(connection, Which(**which), limit=limit, after=after)
    )


def asked(database: Database) -> dict[int | None, tuple[int | None, int | None]]:
    return {row.title: (row.source, row.target) for row in waiting(database)}


def say(database: Database, question: int, answer: str, now: int = 9) -> None:
    database.write_now(lambda connection: answering.answer_one(connection, question, answer, now))


def answers(database: Database, lane: int) -> dict[int, Answer]:
    return database.read_now(lambda connection: attention.answers(connection, lane))


def test_a_conflict_waits_with_both_values(database: Database, titles: list[int], lane: int) -> None:
    keep(database, lane, {titles[1]: (850, 700)})
    (row,) = waiting(database)
    assert (row.kind, row.lane, row.feature, row.title) == ("conflict", lane, RATINGS, titles[1])
    assert (row.name, row.year, row.title_kind, row.show) == ("Film 1", 1990, "movie", "")
    assert (row.source, row.target, row.made_at) == (850, 700, 5)
    assert row.answers == ("source", "target")
    assert answers(database, lane) == {}


def test_the_same_conflict_is_asked_once_and_another_one_anew(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, {titles[0]: (850, 700), titles[1]: (400, 300)})
    before = waiting(database)
    keep(database, lane, {titles[0]: (850, 700), titles[1]: (400, 350)}, now=8)
    after = waiting(database)
    assert after[0] == before[0]
    assert after[1].id not in {row.id for row in before}
    assert (after[1].source, after[1].target, after[1].made_at) == (400, 350, 8)
    assert len(after) == 2


def test_what_a_plan_no_longer_derives_leaves_unless_nothing_is_known_of_it(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, dict.fromkeys(titles[:3], (850, 700)))
    keep(database, lane, {titles[0]: (850, 700)}, unclear=(titles[1],))
    assert set(asked(database)) == {titles[0], titles[1]}


def test_other_lanes_keep_their_questions(database: Database, titles: list[int], lane: int) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, {titles[0]: (850, 700)})
    keep(database, other, {titles[0]: (100, 200)})
    keep(database, lane, {})
    assert [(row.lane, row.source) for row in waiting(database)] == [(other, 100)]


def test_an_answer_holds_for_its_two_readings(database: Database, titles: list[int], lane: int) -> None:
    keep(database, lane, {titles[0]: (850, 700), titles[1]: (400, 300)})
    one, two = waiting(database)
    say(database, one.id, "target")
    assert set(asked(database)) == {titles[1]}
    assert answers(database, lane) == {titles[0]: Answer(850, 700, Side.TARGET)}
    say(database, one.id, "source", now=10)
    say(database, two.id, "source")
    # A run that had read the answers before this one was given still sees the clash; the answer stays.
    keep(database, lane, {titles[0]: (850, 700)}, unclear=(titles[1],))
    assert answers(database, lane) == {
        titles[0]: Answer(850, 700, Side.SOURCE),
        titles[1]: Answer(400, 300, Side.SOURCE),
    }
    assert asked(database) == {}


@pytest.mark.parametrize("now", [{}, {0: (850, 750)}])
def test_an_answer_is_forgotten_with_its_readings(
    database: Database, titles: list[int], lane: int, now: dict[int, tuple[int, int]]
) -> None:
    clashes = {titles[index]: values for index, values in now.items()}
    keep(database, lane, {titles[0]: (850, 700)})
    say(database, waiting(database)[0].id, "source")
    keep(database, lane, clashes)
    assert answers(database, lane) == {}
    assert asked(database) == clashes


def agreed(database: Database, lane: int, title: int, value: int, *, since: int) -> None:
    """A run has stored what both sides agree on."""
    row = {title: BaseRow(Agreed(value), Agreed(value), since=since)}
    database.write_now(lambda connection: base.keep(connection, lane, row))


def test_an_answer_that_was_done_counts_no_more_when_the_same_values_come_back(
    database: Database, titles: list[int], lane: int
) -> None:
    """The user may have put the former value back on purpose; that is a new change, and a new question."""
    agreed(database, lane, titles[0], 500, since=2)
    keep(database, lane, {titles[0]: (850, 700)})
    question = waiting(database)[0].id
    say(database, question, "target")
    assert len(answers(database, lane)) == 1
    assert [tally.to_do for tally in database.read_now(inbox.tallies).values()] == [1]
    agreed(database, lane, titles[0], 700, since=12)
    assert answers(database, lane) == {}
    assert database.read_now(inbox.tallies) == {}
    with pytest.raises(Refused, match="not_found"):
        say(database, question, "source", now=13)
    keep(database, lane, {titles[0]: (850, 700)}, now=14)
    assert asked(database) == {titles[0]: (850, 700)}
    assert answers(database, lane) == {}
    assert len(dump(database, "attention")["attention"]) == 1


def doubt(
    database: Database, lane: int | None, title: int, *, state: State = State.IN_DOUBT
) -> tuple[int, int]:
    """A write of 850 to the target, where 600 is found: neither the old value nor the new one."""

    def make(connection: Connection) -> tuple[int, int]:
        run = runs.start(connection, pair=1, pair_name="", kind="sync", trigger="test", process="p", now=1)
        entry = Entry(
            run=run,
            seq=1,
            lane=lane or 77,
            feature=RATINGS,
            side=Side.TARGET,
            account_uid="tracker:default",
            title=title,
            native_id="",
            action=Action.CHANGE,
            before=700,
            expected=700,
            wanted=850,
            other_value=850,
            other_stamp=None,
            other_native="",
            ours=False,
            state=state,
            sent_at=2,
        )
        journal.enter(connection, [entry])
        data = {
            "run": run,
            "seq": 1,
            "side": "target",
            "wanted": 850,
            "found": 600,
            "source": 850,
            "target": 600,
        }
        attention.ask_once(connection, kind="doubt", lane=lane, title=title, data=data, now=5)
        return run, 1

    return database.write_now(make)


def in_doubt(database: Database) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in database.read_now(
            lambda connection: connection.execute(text("SELECT state, outcome, done_at FROM journal")).all()
        )
    ]


def test_an_answered_doubt_ends_the_write_and_the_base_row_so_that_the_answer_decides(
    database: Database, titles: list[int], lane: int
) -> None:
    rows = {key: BaseRow(Agreed(700), Agreed(700), since=1) for key in titles[:2]}
    database.write_now(lambda connection: base.keep(connection, lane, rows))
    doubt(database, lane, titles[0])
    (row,) = waiting(database)
    assert (row.kind, row.side, row.wanted, row.answers) == ("doubt", Side.TARGET, 850, ("source", "target"))
    say(database, row.id, "target")
    assert in_doubt(database) == [("done", "answered", 9)]
    kept = database.read_now(lambda connection: base.of_lane(connection, lane, [Kind.MOVIE]))
    assert set(kept) == {titles[1]}
    assert answers(database, lane) == {titles[0]: Answer(850, 600, Side.TARGET)}
    assert waiting(database) == []
    keep(database, lane, {}, unclear=(titles[0],))
    assert answers(database, lane) == {titles[0]: Answer(850, 600, Side.TARGET)}
    keep(database, lane, {})
    assert answers(database, lane) == {}


def test_a_doubt_stays_open_until_its_write_is_settled(
    database: Database, titles: list[int], lane: int
) -> None:
    run, seq = doubt(database, lane, titles[0])
    keep(database, lane, {})
    assert len(waiting(database)) == 1
    ended = [Ended(seq, State.DONE, "applied", "settled")]
    database.write_now(lambda connection: journal.end(connection, run, ended, 7))
    keep(database, lane, {})
    assert waiting(database) == []


def test_a_doubt_of_a_pair_that_is_gone_can_only_be_left_as_it_is(
    database: Database, titles: list[int]
) -> None:
    doubt(database, None, titles[0])
    (row,) = waiting(database)
    assert (row.lane, row.pair, row.feature, row.answers) == (None, None, RATINGS, ("leave",))
    with pytest.raises(Refused, match="invalid_request"):
        say(database, row.id, "source")
    say(database, row.id, "leave")
    assert in_doubt(database) == [("done", "answered", 9)]
    assert waiting(database) == []


def test_what_is_no_answer_changes_nothing(database: Database, titles: list[int], lane: int) -> None:
    keep(database, lane, {titles[0]: (850, 700)})
    before = dump(database, "attention", "base", "journal")
    for question, answer, code in (
        (waiting(database)[0].id, "leave", "invalid_request"),
        (waiting(database)[0].id, "both", "invalid_request"),
        (4711, "source", "not_found"),
    ):
        with pytest.raises(Refused, match=code):
            say(database, question, answer)
    assert dump(database, "attention", "base", "journal") == before


def test_all_conflicts_of_a_pair_are_answered_at_once_and_nothing_else(
    database: Database, titles: list[int], lane: int
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, dict.fromkeys(titles[:3], (850, 700)))
    keep(database, other, {titles[0]: (100, 200)})
    doubt(database, lane, titles[4])
    said = waiting(database)[0].id
    say(database, said, "target")
    pair = waiting(database)[0].pair
    assert pair is not None
    tallies = database.read_now(inbox.tallies)
    assert {key: tally.waits for key, tally in tallies.items()} == {pair: 3, pair + 1: 1}
    which = Which(pair=pair, kind=Question.CONFLICT)
    count = database.write_now(lambda connection: answering.answer_all(connection, which, "source", 9))
    assert count == 2
    assert {key: one.winner for key, one in answers(database, lane).items()} == {
        titles[0]: Side.TARGET,
        titles[1]: Side.SOURCE,
        titles[2]: Side.SOURCE,
    }
    assert [row.kind for row in waiting(database)] == ["conflict", "doubt"]
    assert database.read_now(inbox.count_open) == 2


def test_questions_come_in_pages_and_by_pair(database: Database, titles: list[int], lane: int) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, dict.fromkeys(titles, (850, 700)))
    keep(database, other, {titles[0]: (100, 200)})
    every = waiting(database)
    assert [row.title for row in every] == [*titles, titles[0]]
    first = waiting(database, limit=2)
    assert waiting(database, limit=9, after=first[-1].id) == every[2:]
    assert first == every[:2]
    assert waiting(database, pair=every[-1].pair) == every[-1:]


def test_many_conflicts_are_a_few_statements(database: Database, lane: int) -> None:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(5_000)]
    many = database.write_now(lambda connection: resolve(connection, films))
    with counted(database) as first:
        keep(database, lane, dict.fromkeys(many, (850, 700)))
    with counted(database) as second:
        keep(database, lane, dict.fromkeys(many, (850, 750)))
    with counted(database) as third:
        keep(database, lane, dict.fromkeys(many, (850, 750)))
    assert len(waiting(database, limit=9_999)) == 5_000
    assert len(first) <= 7
    assert len(second) <= 12
    assert len(third) <= 2
