"""What waits to be allowed: it leaves with its reason, an answer lasts until it is done, a stale one does nothing."""

from __future__ import annotations

import pytest

from crosswatch.engine.guard import APPROVAL_MS
from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Kind
from crosswatch.model.refs import Ref, ids
from crosswatch.store import attention
from crosswatch.store.database import Database
from crosswatch.store.held import ALLOW, KEEP, OVERWRITE, REMOVAL
from tests.unit.holding import (
    SOURCE,
    TARGET,
    approved,
    entries,
    keep,
    numbers,
    overwrite,
    removal,
    say,
    waiting,
)
from tests.unit.stored import counted, make_pair


def test_what_waits_stands_with_both_values_and_the_version_that_it_rests_on(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, removal(titles[0]), removal(titles[1], side=SOURCE), overwrite(titles[2]))
    found = [(row.kind, row.title, row.data, row.made_at, row.answered_at) for row in entries(database, lane)]
    away = {"version": 3, "wanted": None}
    changed = {"version": 3, "side": "target", "source": 850, "target": 700, "wanted": 850}
    assert found == [
        (REMOVAL, titles[0], {**away, "side": "target", "source": None, "target": 850}, 5, None),
        (REMOVAL, titles[1], {**away, "side": "source", "source": 850, "target": None}, 5, None),
        (OVERWRITE, titles[2], changed, 5, None),
    ]
    assert waiting(database, lane) == {(titles[0], TARGET), (titles[1], SOURCE), (titles[2], TARGET)}
    assert approved(database, lane) == {}


def test_the_same_question_stays_and_another_state_is_asked_anew(
    database: Database, titles: list[int], lane: int
) -> None:
    before_each = [removal(key) for key in titles[:4]] + [overwrite(titles[4])]
    keep(database, lane, *before_each)
    first = numbers(database, lane)
    keep(
        database,
        lane,
        removal(titles[0]),
        removal(titles[1], version=4),
        removal(titles[2], value=900),
        removal(titles[3], side=SOURCE),
        overwrite(titles[4], wanted=900),
        now=8,
    )
    second = numbers(database, lane)
    assert len(entries(database, lane)) == 5
    assert second[titles[0]] == first[titles[0]]
    assert not {second[key] for key in titles[1:5]} & set(first.values())
    assert [row.made_at for row in entries(database, lane)] == [5, 8, 8, 8, 8]


def test_what_is_derived_no_longer_leaves_unless_nothing_is_known_of_it(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, *(removal(key) for key in titles[:3]))
    keep(database, lane, removal(titles[0]), unclear=[titles[1]])
    assert waiting(database, lane) == {(titles[0], TARGET), (titles[1], TARGET)}
    keep(database, lane)
    assert entries(database, lane) == []


def test_a_write_that_is_made_without_a_question_takes_its_question_along(
    database: Database, titles: list[int], lane: int
) -> None:
    """As when a value changed and the removal became a change, which the guard lets pass."""
    keep(database, lane, removal(titles[0]))
    keep(database, lane, allowed=[(titles[0], TARGET)])
    assert entries(database, lane) == []


def test_other_lanes_and_other_questions_are_left_alone(
    database: Database, titles: list[int], lane: int
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, removal(titles[0]))
    keep(database, other, removal(titles[0], side=SOURCE))
    database.write_now(
        lambda connection: attention.keep_conflicts(connection, lane, {titles[3]: (850, 700)}, (), 5)
    )
    before = entries(database, other)
    keep(database, lane)
    assert entries(database, other) == before
    assert [row.kind for row in entries(database, lane)] == ["conflict"]
    assert waiting(database, other) == {(titles[0], SOURCE)}
    assert waiting(database, lane) == set()


def test_an_answer_lasts_until_it_is_done(database: Database, titles: list[int], lane: int) -> None:
    one, two, three = titles[:3]
    keep(database, lane, removal(one), removal(two, version=7), removal(three, side=SOURCE))
    say(database, lane, ALLOW, one, two, three)
    answers = {(one, TARGET): 3, (two, TARGET): 7, (three, SOURCE): 3}
    assert approved(database, lane) == answers
    assert waiting(database, lane) == set()
    # The next plan writes the first, cannot say anything of the second, and the third is what it was no longer.
    keep(database, lane, allowed=[(one, TARGET)], unclear=[two], now=11)
    assert approved(database, lane) == {(one, TARGET): 3, (two, TARGET): 7}
    # It was killed before it could write, and so the plan after it derives both once more; then they are done.
    keep(database, lane, allowed=[(one, TARGET), (two, TARGET)], now=12)
    assert approved(database, lane) == {(one, TARGET): 3, (two, TARGET): 7}
    keep(database, lane, now=13)
    assert approved(database, lane) == {}
    assert entries(database, lane) == []


def test_an_answer_that_was_given_while_a_plan_was_made_is_for_the_next_one(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, removal(titles[0]), removal(titles[1]))
    say(database, lane, ALLOW, titles[0])
    before = entries(database, lane)
    keep(database, lane, removal(titles[0]), removal(titles[1]), now=11)
    assert entries(database, lane) == before
    assert approved(database, lane, now=12) == {(titles[0], TARGET): 3}
    assert waiting(database, lane) == {(titles[1], TARGET)}


def test_an_answer_is_for_one_side(database: Database, titles: list[int], lane: int) -> None:
    keep(database, lane, removal(titles[0]))
    say(database, lane, ALLOW, titles[0])
    keep(database, lane, allowed=[(titles[0], SOURCE)])
    assert approved(database, lane) == {}


def test_an_answer_to_another_state_is_asked_for_again(
    database: Database, titles: list[int], lane: int
) -> None:
    keep(database, lane, removal(titles[0], version=3))
    say(database, lane, ALLOW, titles[0])
    keep(database, lane, removal(titles[0], version=4), now=11)
    assert approved(database, lane, now=12) == {}
    assert waiting(database, lane) == {(titles[0], TARGET)}
    assert len(entries(database, lane)) == 1


def test_what_was_allowed_is_allowed_for_seven_days(database: Database, titles: list[int], lane: int) -> None:
    assert APPROVAL_MS == 7 * 24 * 60 * 60 * 1000
    keep(database, lane, removal(titles[0]))
    say(database, lane, ALLOW, titles[0], now=9)
    assert approved(database, lane, now=9 + APPROVAL_MS - 1) == {(titles[0], TARGET): 3}
    assert approved(database, lane, now=9 + APPROVAL_MS) == {}
    # By then it waits again although a plan might let it pass, and it is asked about anew.
    assert waiting(database, lane, now=9 + APPROVAL_MS - 1) == set()
    assert waiting(database, lane, now=9 + APPROVAL_MS) == {(titles[0], TARGET)}
    keep(database, lane, removal(titles[0]), now=9 + APPROVAL_MS)
    assert waiting(database, lane) == {(titles[0], TARGET)}
    assert len(entries(database, lane)) == 1


def test_what_was_refused_and_is_derived_all_the_same_is_asked_anew(
    database: Database, titles: list[int], lane: int
) -> None:
    """A refusal changes the row; where it could not, the user has to be asked about what is there now."""
    keep(database, lane, removal(titles[0]))
    before = numbers(database, lane)
    say(database, lane, KEEP, titles[0])
    keep(database, lane, removal(titles[0]), now=11)
    assert waiting(database, lane) == {(titles[0], TARGET)}
    assert numbers(database, lane) != before


@pytest.mark.parametrize("answer", [KEEP, ""])
def test_only_what_was_allowed_is_allowed(
    database: Database, titles: list[int], lane: int, answer: str
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    keep(database, lane, removal(titles[0]), removal(titles[1]))
    keep(database, other, removal(titles[0]))
    say(database, lane, answer, titles[0])
    say(database, other, ALLOW, titles[0])
    assert approved(database, lane) == {}
    assert approved(database, other) == {(titles[0], TARGET): 3}


def test_ten_thousand_that_wait_are_a_few_statements(database: Database, lane: int) -> None:
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(10_000)]
    keys = database.write_now(lambda connection: resolve(connection, films))
    writes = [removal(key) for key in keys]
    for limit, given in ((16, writes), (6, writes), (16, [])):
        with counted(database) as statements:
            keep(database, lane, *given)
        assert len(statements) <= limit
        assert len(waiting(database, lane)) == len(given)
