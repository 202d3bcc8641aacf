"""The inbox as people read it, and answers to many: grouped, counted, taken back, in a few statements for thousands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.engine.guard import APPROVAL_MS
from crosswatch.errors import Refused
from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Feature, Kind, Side
from crosswatch.model.refs import Ref, ids
from crosswatch.store import accounts, answering, attention, base, held, inbox, pairs, runs, unmatched
from crosswatch.store.attention import Question
from crosswatch.store.database import Database
from crosswatch.store.inbox import Tally, Which
from tests.unit import holding as guarded
from tests.unit import test_store_attention as asked
from tests.unit.stored import counted, dump, make_pair

SOURCE, TARGET = Side.SOURCE, Side.TARGET
ALL_OF_PAIR_ONE = Which(pair=1, kind=Question.REMOVAL)
titles = asked.titles


def agree(database: Database, lane: int, keys: list[int], version: int = 3) -> None:
    """Base rows as they were when the guard held something."""
    rows: dict[int, BaseRow | None] = {
        key: BaseRow(
            Agreed(850, native_id="s"), Agreed(850, native_id="t"), since=2, version=version, ours=True
        )
        for key in keys
    }
    database.write_now(lambda connection: base.keep(connection, lane, rows))


def hold(database: Database, lane: int, keys: list[int], **more: Any) -> None:
    """Removals that wait, on agreed rows."""
    agree(database, lane, keys)
    guarded.keep(database, lane, *(guarded.removal(key, **more) for key in keys))


def say(database: Database, which: Which, answer: str, now: int = 9) -> int:
    return database.write_now(lambda connection: answering.answer_all(connection, which, answer, now))


def say_one(database: Database, question: int, answer: str, now: int = 9) -> None:
    database.write_now(lambda connection: answering.answer_one(connection, question, answer, now))


def page(database: Database, **which: Any) -> list[inbox.QuestionRow]:
    return database.read_now(lambda connection: inbox.page(connection, Which(**which), limit=100))


def tally(database: Database, pair: int | None = 1) -> Tally:
    return database.read_now(inbox.tallies)[pair]


def account(database: Database, lane: int, code: str = "account_changed") -> int:
    """A run of the pair found another account."""
    params = {"account": "tmdb", "now": "bob", "then": "alice"}
    database.write_now(lambda connection: attention.ask_about_accounts(connection, lane, code, params, 5))
    return page(database, kind=Question.ACCOUNT)[0].id


def row_of(database: Database, lane: int, key: int) -> BaseRow | None:
    return database.read_now(lambda connection: base.find(connection, lane, key))


def test_what_belongs_together_is_one_group_with_its_first_questions(
    database: Database, titles: list[int], lane: int
) -> None:
    asked.keep(database, lane, {titles[0]: (850, 700)})
    agree(database, lane, titles[1:])
    guarded.keep(
        database,
        lane,
        *(guarded.removal(key) for key in titles[1:4]),
        guarded.removal(titles[4], side=SOURCE),
    )
    say(database, Which(pair=1, kind=Question.REMOVAL, titles={titles[3]}, answered=None), "allow")
    account(database, lane)
    groups = database.read_now(lambda connection: inbox.groups(connection, first=1))
    shown = {
        (one.kind, one.feature, one.side, one.said): (one.count, [row.title for row in one.rows])
        for one in groups
    }
    ratings = Feature.RATINGS
    assert shown == {
        (Question.CONFLICT, ratings, None, ""): (1, [titles[0]]),
        (Question.REMOVAL, ratings, TARGET, ""): (2, [titles[1]]),
        (Question.REMOVAL, ratings, SOURCE, ""): (1, [titles[4]]),
        (Question.REMOVAL, ratings, TARGET, "allow"): (1, [titles[3]]),
        (Question.ACCOUNT, None, None, ""): (1, [None]),
    }
    assert {one.pair for one in groups} == {1}
    removals = {Question.CONFLICT: 1, Question.REMOVAL: 3, Question.ACCOUNT: 1}
    assert tally(database) == Tally(removals, {(Question.REMOVAL, "allow"): 1})
    assert (tally(database).waits, tally(database).to_do) == (5, 1)
    assert database.read_now(inbox.count_open) == 5
    assert database.read_now(lambda connection: inbox.count(connection, Which(kind=Question.REMOVAL))) == 3


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({"kind": Question.REMOVAL}, [1, 2, 3]),
        ({"side": SOURCE}, [3]),
        ({"kind": Question.REMOVAL, "side": TARGET}, [1, 2]),
        ({"feature": Feature.RATINGS}, [1, 2, 3]),
        ({"feature": Feature.WATCHLIST}, []),
        ({"pair": 2}, []),
        ({"answered": True}, []),
        ({"answered": None}, [1, 2, 3]),
    ],
)
def test_questions_are_found_by_what_they_are_about(
    database: Database, titles: list[int], lane: int, which: dict[str, Any], found: list[int]
) -> None:
    agree(database, lane, titles)
    writes = [guarded.removal(titles[1]), guarded.removal(titles[2]), guarded.removal(titles[3], side=SOURCE)]
    guarded.keep(database, lane, *writes)
    assert [row.title for row in page(database, **which)] == [titles[place] for place in found]


def test_a_refusal_is_done_at_once_and_taken_back_without_a_trace(
    database: Database, titles: list[int], lane: int
) -> None:
    hold(database, lane, titles)
    before, question = row_of(database, lane, titles[0]), page(database)[0]
    assert say(database, ALL_OF_PAIR_ONE, "keep") == 5
    refused = row_of(database, lane, titles[0])
    assert refused is not None
    assert (refused.values, refused.version, refused.ours) == ((None, 850), 4, False)
    assert tally(database).to_do == 0
    back = Which(pair=1, kind=Question.REMOVAL, answered=True)
    assert say(database, back, "take_back") == 5
    after = row_of(database, lane, titles[0])
    assert before is not None
    assert after == BaseRow(before.source, before.target, since=2, version=5, ours=True)
    (again, *_) = page(database)
    assert (again.id, again.answers) == (question.id, ("allow", "keep"))
    # The next plan comes to it again, as the row is now, and a later approval counts.
    guarded.keep(database, lane, guarded.removal(titles[0], version=5), unclear=titles[1:])
    assert page(database)[0].id == question.id
    say_one(database, question.id, "allow")
    assert guarded.approved(database, lane)[titles[0], TARGET] == 5


def test_what_a_run_has_done_meanwhile_is_not_taken_back(
    database: Database, titles: list[int], lane: int
) -> None:
    hold(database, lane, titles[:2])
    say(database, ALL_OF_PAIR_ONE, "keep")
    agree(database, lane, titles[:1], version=9)
    back = Which(pair=1, kind=Question.REMOVAL, answered=True)
    assert say(database, back, "take_back") == 1
    assert row_of(database, lane, titles[0]) == BaseRow(
        Agreed(850, native_id="s"), Agreed(850, native_id="t"), since=2, version=9, ours=True
    )


def test_an_answer_to_what_has_changed_does_nothing_to_it(
    database: Database, titles: list[int], lane: int
) -> None:
    hold(database, lane, titles[:1])
    agree(database, lane, titles[:1], version=9)
    before = dump(database, "base")
    assert say(database, ALL_OF_PAIR_ONE, "keep") == 1
    assert dump(database, "base") == before
    guarded.keep(database, lane, guarded.removal(titles[0], version=9))
    assert [row.answer for row in page(database)] == [""], "it is asked about as it is now"


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Question.REMOVAL, "source"),
        (Question.CONFLICT, "allow"),
        (Question.KEPT, "leave"),
        (Question.UNMATCHED, "keep"),
        (Question.ACCOUNT, "start_afresh"),
        (Question.REMOVAL, ""),
        (None, "allow"),
    ],
)
def test_what_is_no_answer_to_that_kind_is_refused(
    database: Database, titles: list[int], lane: int, kind: Question | None, answer: str
) -> None:
    hold(database, lane, titles)
    before = dump(database, "attention", "base")
    with pytest.raises(Refused, match="invalid_request"):
        say(database, Which(pair=1, kind=kind), answer)
    assert dump(database, "attention", "base") == before


def test_thousands_are_a_few_statements(database: Database, lane: int) -> None:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(5_000)]
    keys = database.write_now(lambda connection: resolve(connection, films))
    hold(database, lane, keys)
    back = Which(pair=1, kind=Question.REMOVAL, answered=True)
    for which, answer, limit in (
        (ALL_OF_PAIR_ONE, "allow", 8),
        (back, "take_back", 8),
        (ALL_OF_PAIR_ONE, "keep", 16),
        (back, "take_back", 16),
    ):
        with counted(database) as statements:
            assert say(database, which, answer) == 5_000
        assert len(statements) <= limit, answer
    with counted(database) as statements:
        (group,) = database.read_now(lambda connection: inbox.groups(connection, first=5))
    assert (group.count, len(group.rows), len(statements)) == (5_000, 5, 2)


def test_an_account_is_asked_about_once_and_leaves_when_it_is_in_order(
    database: Database, titles: list[int], lane: int
) -> None:
    first = account(database, lane, "session_ended")
    (row,) = page(database)
    assert (row.kind, row.title, row.code, row.answers) == (Question.ACCOUNT, None, "session_ended", ())
    with pytest.raises(Refused, match="invalid_request"):
        say_one(database, row.id, "start_afresh")
    assert account(database, lane) == first
    (row,) = page(database)
    assert (row.code, row.params["now"], row.answers) == ("account_changed", "bob", ("start_afresh",))
    database.write_now(lambda connection: attention.accounts_stand(connection, [lane]))
    assert page(database) == []


def test_starting_afresh_forgets_what_was_agreed_on_and_asked_and_nothing_else(
    database: Database, titles: list[int], lane: int
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    hold(database, other, titles[:1])
    hold(database, lane, titles)
    asked.keep(database, lane, {titles[0]: (850, 700)})
    database.write_now(
        lambda connection: unmatched.set_aside(connection, lane, TARGET, {titles[1]: "unknown_title"}, 5)
    )
    pin(database, 1)
    pin(database, 2)
    question = account(database, lane)
    before = dump(database, "title", "account", "pair")
    say_one(database, question, "start_afresh")
    assert dump(database, "title", "account", "pair") == before
    assert [row.pair for row in page(database)] == [2]
    assert row_of(database, lane, titles[0]) is None
    assert row_of(database, other, titles[0]) is not None
    assert dump(database, "unmatched")["unmatched"] == []
    found = database.read_now(pairs.every)
    assert [[(one.source_uid, one.target_uid, one.source_label) for one in pair.lanes] for pair in found] == [
        [("", "", "")],
        [("tmdb:second", "tracker:second", "")],
    ]


def pin(database: Database, pair_id: int) -> None:
    """A run of the pair has met both accounts."""

    def store(connection: Any) -> None:
        pair = pairs.find(connection, pair_id)
        assert pair is not None
        ends = [accounts.find(connection, name) for name in (pair.source, pair.target)]
        assert ends[0] is not None
        assert ends[1] is not None
        pairs.pin(connection, pair.lanes[0].id, ends[0], ends[1])

    database.write_now(store)


def test_a_pair_that_runs_cannot_start_afresh(database: Database, titles: list[int], lane: int) -> None:
    hold(database, lane, titles)
    question = account(database, lane)
    run = database.write_now(
        lambda connection: runs.start(
            connection, pair=1, pair_name="", kind="sync", trigger="test", process="p", now=1
        )
    )
    before = dump(database, "base", "attention", "lane")
    with pytest.raises(Refused, match="already_running") as refused:
        say_one(database, question, "start_afresh")
    assert refused.value.params["run_id"] == str(run)
    assert dump(database, "base", "attention", "lane") == before


def test_a_doubt_from_before_a_fresh_start_belongs_to_nobody(
    database: Database, titles: list[int], lane: int
) -> None:
    """The other half of what it was to agree on was the former account's: no row may ever be made of it."""
    run, _ = asked.doubt(database, lane, titles[0])
    database.write_now(lambda connection: runs.change(connection, run, status="interrupted"))
    say_one(database, account(database, lane), "start_afresh")
    (row,) = page(database)
    assert (row.kind, row.lane, row.pair, row.answers) == (Question.DOUBT, None, None, ("leave",))
    lanes = database.read_now(
        lambda connection: connection.execute(text("SELECT lane, state FROM journal")).all()
    )
    assert [tuple(one) for one in lanes] == [(0, "in_doubt")]
    assert not database.read_now(lambda connection: base.has_lane(connection, 0))
    say_one(database, row.id, "leave")
    assert (page(database), page(database, answered=True)) == ([], [])


def test_an_answered_doubt_that_is_taken_back_is_looked_up_once_more(
    database: Database, titles: list[int], lane: int
) -> None:
    asked.doubt(database, lane, titles[0])
    (row,) = page(database)
    say_one(database, row.id, "source")
    assert asked.in_doubt(database) == [("done", "answered", 9)]
    say_one(database, row.id, "take_back")
    assert asked.in_doubt(database)[0][:2] == ("in_doubt", "in_doubt")
    assert asked.answers(database, lane) == {}
    assert [one.id for one in page(database)] == [row.id]
    asked.keep(database, lane, {})
    assert [one.id for one in page(database)] == [row.id]


@pytest.mark.parametrize(("removes", "asked_about"), [(True, 2), (False, 0)])
def test_only_a_lane_that_removes_asks_about_what_was_kept(
    database: Database, titles: list[int], lane: int, *, removes: bool, asked_about: int
) -> None:
    settings = json.dumps({"remove": removes})
    database.write_now(
        lambda connection: connection.exec_driver_sql("UPDATE lane SET settings = ?", (settings,))
    )
    rows: dict[int, BaseRow | None] = {key: guarded.kept_row(None, 850) for key in titles[:2]}
    database.write_now(lambda connection: base.keep(connection, lane, rows))
    guarded.keep(database, lane)
    assert len(page(database, kind=Question.KEPT)) == asked_about
    assert database.read_now(lambda connection: held.count_kept(connection, lane)) == 2


def test_an_approval_of_a_kept_title_that_has_run_out_is_asked_for_again(
    database: Database, titles: list[int], lane: int
) -> None:
    rows: dict[int, BaseRow | None] = {titles[0]: guarded.kept_row(None, 850)}
    database.write_now(lambda connection: base.keep(connection, lane, rows))
    guarded.ask(database, lane)
    say(database, Which(pair=1, kind=Question.KEPT), "allow", now=9)
    guarded.keep(database, lane, now=8 + APPROVAL_MS)
    assert page(database) == []
    guarded.keep(database, lane, now=9 + APPROVAL_MS)
    assert [row.answers for row in page(database)] == [("allow", "keep")]


def test_differences_are_counted_by_what_both_sides_said(
    database: Database, titles: list[int], lane: int
) -> None:
    values = [(850, 850), (None, 850), (None, 850), (700, None), (None, None)]
    rows: dict[int, BaseRow | None] = {
        key: BaseRow(Agreed(source), Agreed(target), since=1)
        for key, (source, target) in zip(titles, values, strict=True)
    }
    database.write_now(lambda connection: base.keep(connection, lane, rows))
    assert database.read_now(base.differences) == {lane: {(None, 850): 2, (700, None): 1}}
