"""Titles without a match: they wait with growing patience, are told in the inbox, and follow what is said to them."""

from __future__ import annotations

from crosswatch.model.kinds import Side
from crosswatch.store import unmatched
from crosswatch.store.attention import Question
from crosswatch.store.database import Database
from tests.unit import test_store_attention as asked
from tests.unit.stored import dump
from tests.unit.test_store_inbox import page, say_one

SOURCE, TARGET = Side.SOURCE, Side.TARGET
titles = asked.titles


def test_titles_without_a_match_wait_are_tried_again_or_left_out(
    database: Database, titles: list[int], lane: int
) -> None:
    hour = 3_600_000

    def aside(*keys: int, now: int) -> None:
        reasons = dict.fromkeys(keys, "unknown_title")
        database.write_now(lambda connection: unmatched.set_aside(connection, lane, TARGET, reasons, now))

    def waiting(now: int) -> set[int]:
        return database.read_now(lambda connection: unmatched.waiting(connection, lane, now))

    one, two, three = titles[:3]
    aside(one, two, three, now=0)
    assert waiting(1) == {one, two, three}
    assert waiting(hour) == set()
    assert {row.next_try for row in page(database)} == {hour}
    numbers = {row.title: row.id for row in page(database)}
    say_one(database, numbers[one], "try_again", now=2)
    say_one(database, numbers[two], "leave", now=2)
    assert waiting(3) == {two, three}
    assert waiting(9 * hour) == {two}
    assert database.read_now(lambda connection: unmatched.left_out(connection, lane)) == {two}
    aside(one, two, now=4)
    assert {row.title: row.id for row in page(database)} == {one: numbers[one], three: numbers[three]}
    assert next(row.next_try for row in page(database) if row.title == one) == 4 + 2 * hour
    assert waiting(9 * hour) == {two}, "what is left out stays so"
    say_one(database, numbers[two], "take_back", now=5)
    assert waiting(9 * hour) == set()
    database.write_now(lambda connection: unmatched.keep(connection, lane, {one: TARGET, two: TARGET}, [], 6))
    assert {row.title for row in page(database)} == {one, two}
    database.write_now(lambda connection: unmatched.keep(connection, lane, {}, [one], 7))
    assert {row.title for row in page(database)} == {one}
    database.write_now(lambda connection: unmatched.matched(connection, lane, [one]))
    assert page(database) == []
    assert dump(database, "unmatched")["unmatched"] == []


def test_a_title_that_was_set_aside_before_there_was_an_inbox_is_told(
    database: Database, titles: list[int], lane: int
) -> None:
    aside = "INSERT INTO unmatched VALUES (?, ?, 'no_id', 3, 77)"
    database.write_now(lambda connection: connection.exec_driver_sql(aside, (lane, titles[0])))
    for _ in range(2):
        database.write_now(lambda connection: unmatched.keep(connection, lane, {titles[0]: SOURCE}, [], 6))
        (row,) = page(database)
        assert (row.kind, row.side, row.code, row.next_try) == (Question.UNMATCHED, SOURCE, "no_id", 77)
