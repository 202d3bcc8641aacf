"""Removals that were seen while a lane did not remove, and differences that the user wants to stay."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.engine.guard import APPROVAL_MS
from crosswatch.store import held
from crosswatch.store.database import Database
from crosswatch.store.held import ALLOW, KEPT, REMOVAL
from tests.unit.holding import (
    TARGET,
    agreed,
    approved,
    ask,
    entries,
    keep,
    kept_row,
    numbers,
    overwrite,
    refuse,
    removal,
    row_of,
    say,
    waiting,
)
from tests.unit.stored import dump, make_pair


def test_switching_removals_on_asks_about_what_was_kept_and_does_nothing(
    database: Database, titles: list[int], lane: int
) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    rows: dict[int, BaseRow | None] = {
        titles[0]: kept_row(None, 850),
        titles[1]: kept_row(700, None, version=5),
        titles[2]: kept_row(None, 850, kept=False),
    }
    agreed(database, lane, rows)
    agreed(database, other, {titles[3]: kept_row(None, 850)})
    assert ask(database, lane) == 2
    found = [(row.kind, row.title, row.data, row.made_at) for row in entries(database, lane)]
    here = {"version": 3, "side": "target", "source": None, "target": 850, "wanted": None}
    there = {"version": 5, "side": "source", "source": 700, "target": None, "wanted": None}
    assert found == [(KEPT, titles[0], here, 6), (KEPT, titles[1], there, 6)]
    assert entries(database, other) == []
    assert approved(database, lane) == {}
    assert waiting(database, lane) == set(), "nothing waits for the guard"
    for key, row in rows.items():
        assert row_of(database, lane, key) == row
    assert ask(database, other) == 1


def test_what_was_kept_is_asked_about_until_it_is_otherwise(
    database: Database, titles: list[int], lane: int
) -> None:
    one, two, three, four = titles[:4]
    agreed(database, lane, {key: kept_row(None, 850) for key in titles[:4]})
    ask(database, lane)
    before = numbers(database, lane)
    agreed(
        database,
        lane,
        {two: kept_row(None, 900, version=4), three: None, four: kept_row(None, 850, kept=False)},
    )
    keep(database, lane, now=8)
    after = numbers(database, lane)
    assert (set(after), after[one]) == ({one, two}, before[one]), "another state is asked about anew"
    assert after[two] not in before.values()
    say(database, lane, ALLOW, one)
    assert approved(database, lane) == {(one, TARGET): 3}
    keep(database, lane, allowed=[(one, TARGET)], now=9)
    assert approved(database, lane) == {(one, TARGET): 3}
    agreed(database, lane, {one: None, two: None})
    keep(database, lane, now=10)
    assert entries(database, lane) == []


def test_a_lane_that_does_not_remove_asks_no_more(database: Database, titles: list[int], lane: int) -> None:
    other = database.write_now(lambda connection: make_pair(connection, "second"))
    for one in (lane, other):
        agreed(database, one, {titles[0]: kept_row(None, 850)})
        ask(database, one)
        keep(database, one, removal(titles[1]))
    say(database, lane, ALLOW, titles[0])
    database.write_now(lambda connection: held.forget_kept(connection, lane))
    assert [(row.kind, row.title) for row in entries(database, lane)] == [(REMOVAL, titles[1])]
    assert approved(database, lane) == {}
    assert [row.kind for row in entries(database, other)] == [KEPT, REMOVAL]


@pytest.mark.parametrize("removes", [True, False], ids=["removes", "removes not"])
def test_only_a_lane_that_removes_asks(
    database: Database, titles: list[int], lane: int, removes: bool
) -> None:
    agreed(database, lane, {titles[0]: kept_row(None, 850)})
    ask(database, lane)
    settings = '{"remove": true}' if removes else '{"remove": false}'
    query = text("UPDATE lane SET settings = json_patch(settings, :wanted)")
    database.write_now(lambda connection: connection.execute(query, {"wanted": settings}))
    for _ in range(2):
        keep(database, lane, now=8)
        assert len(entries(database, lane)) == removes
    assert ask(database, lane) == 0


def test_a_kept_one_that_was_allowed_seven_days_ago_is_asked_about_again(
    database: Database, titles: list[int], lane: int
) -> None:
    agreed(database, lane, {titles[0]: kept_row(None, 850)})
    ask(database, lane)
    say(database, lane, ALLOW, titles[0], now=9)
    keep(database, lane, unclear=[titles[0]], now=8 + APPROVAL_MS)
    assert approved(database, lane, now=8 + APPROVAL_MS) == {(titles[0], TARGET): 3}
    keep(database, lane, unclear=[titles[0]], now=9 + APPROVAL_MS)
    (row,) = entries(database, lane)
    assert (row.answer, row.answered_at, row.made_at) == ("", None, 9 + APPROVAL_MS)


def test_a_removal_that_is_refused_is_a_difference_that_stays(
    database: Database, titles: list[int], lane: int
) -> None:
    row = BaseRow(
        Agreed(850, stamp=7, native_id="s", mark="r1", gap=2),
        Agreed(850, stamp=8, native_id="t"),
        since=4,
        version=3,
        ours=True,
    )
    agreed(database, lane, {titles[0]: row, titles[1]: row})
    keep(database, lane, removal(titles[0]))
    refuse(database, lane, titles[0], entries(database, lane)[0].data)
    assert row_of(database, lane, titles[0]) == BaseRow(
        Agreed(None, None, native_id="s", mark="r1", gap=2),
        Agreed(850, stamp=8, native_id="t"),
        since=20,
        version=4,
    )
    assert row_of(database, lane, titles[1]) == row
    keep(database, lane, now=21)
    assert entries(database, lane) == []


def test_an_overwrite_that_is_refused_leaves_both_values(
    database: Database, titles: list[int], lane: int
) -> None:
    agreed(database, lane, {titles[0]: BaseRow(Agreed(700, 7), Agreed(700, 8), since=4, version=3)})
    keep(database, lane, overwrite(titles[0], before=700, wanted=850))
    refuse(database, lane, titles[0], entries(database, lane)[0].data)
    assert row_of(database, lane, titles[0]) == BaseRow(Agreed(850), Agreed(700, 8), since=20, version=4)


def test_a_kept_one_that_is_refused_is_kept_no_more_and_never_asked_about_again(
    database: Database, titles: list[int], lane: int
) -> None:
    agreed(database, lane, {titles[0]: kept_row(None, 850)})
    ask(database, lane)
    refuse(database, lane, titles[0], entries(database, lane)[0].data)
    assert row_of(database, lane, titles[0]) == kept_row(None, 850, version=4, kept=False, since=20)
    keep(database, lane, now=21)
    assert entries(database, lane) == []
    assert ask(database, lane) == 0


@pytest.mark.parametrize(
    "now", [None, BaseRow(Agreed(900), Agreed(900), since=9, version=4)], ids=["ended", "changed"]
)
def test_a_refusal_of_what_has_changed_since_does_nothing(
    database: Database, titles: list[int], lane: int, now: BaseRow | None
) -> None:
    agreed(database, lane, {titles[0]: BaseRow(Agreed(850), Agreed(850), since=4, version=3)})
    keep(database, lane, removal(titles[0]))
    data = entries(database, lane)[0].data
    agreed(database, lane, {titles[0]: now})
    before = dump(database, "base", "attention")
    refuse(database, lane, titles[0], data)
    assert dump(database, "base", "attention") == before
