"""A clock that was ahead: no time that it left behind holds anything back until it comes."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crosswatch.store import clocks
from crosswatch.store.database import Connection, Database
from crosswatch.store.unmatched import LONGEST_MS
from tests.unit.stored import counted, make_pair

NOW, AHEAD, BEFORE = 1_000_000_000_000, 2_000_000_000_000, 900_000_000_000
MINE, OTHERS = "tmdb:default", "tmdb:other"


@pytest.fixture
def lanes(database: Database) -> tuple[int, int]:
    """Ours, and one of another pair."""
    return database.write_now(make_pair), database.write_now(lambda one: make_pair(one, "other"))


def fill(connection: Connection, lane: int, uid: str, at: int) -> None:
    """A row with that time in each table that is asked about times."""
    connection.execute(
        text("INSERT OR IGNORE INTO title (id, kind, name, poster) VALUES (1, 'movie', 'Heat', '')")
    )
    connection.execute(
        text(
            "INSERT OR IGNORE INTO run (id, pair, pair_name, kind, status, phase, feature, waiting_for, done, total, "
            "code, params, started_at, phase_at, trigger, requests, attention, cancel, process, version) "
            "VALUES (9, 1, '', 'sync', 'succeeded', '', '', '', 0, 0, '', '{}', 1, 1, 'test', 0, 0, 0, '', 1)"
        )
    )
    rows = {
        "last_write": {"account_uid": uid, "feature": "ratings", "title": 1, "at": at, "confirmed": 1},
        "reading": {
            "account_uid": uid, "feature": "ratings", "title": 1, "value": 800, "precision": "", "native_id": "",
            "seen_at": at,
        },
        "snapshot": {
            "account_uid": uid, "feature": "ratings", "whole": 1, "gap": 0, "total": 1, "reason": "", "taken_at": at,
        },
        "journal": {
            "run": 9, "seq": lane, "lane": lane, "feature": "ratings", "side": "target", "account_uid": uid,
            "title": 1, "native_id": "", "action": "remove", "other_native": "", "ours": 1, "cause": "",
            "approved": 0, "state": "done", "sent_at": at, "done_at": at, "outcome": "", "code": "", "words": "",
        },
        "base": {
            "lane": lane, "title": 1, "source_native": "", "target_native": "", "source_mark": "", "target_mark": "",
            "source_gap": 0, "target_gap": 0, "source_missing_at": at, "target_missing_at": at, "since": at,
            "version": 1, "ours": 0, "kept": 0, "looked_at": 0,
        },
        "attention": {
            "kind": "removal", "lane": lane, "title": 1, "data": "{}", "made_at": 1, "answer": "allow",
            "answered_at": at,
        },
        "unmatched": {
            "lane": lane, "title": 1, "reason": "", "tries": 1, "next_try": at + LONGEST_MS,
        },
    }  # fmt: skip
    for table, row in rows.items():
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)


def times(database: Database, lane: int, uid: str) -> set[int]:
    """All times of an account and a lane; those of the next try as if it had just been put off for long."""
    queries = (
        ("last_write", "at", "account_uid"),
        ("reading", "seen_at", "account_uid"),
        ("snapshot", "taken_at", "account_uid"),
        ("journal", "sent_at", "account_uid"),
        ("journal", "done_at", "account_uid"),
        ("base", "since", "lane"),
        ("base", "source_missing_at", "lane"),
        ("base", "target_missing_at", "lane"),
        ("attention", "answered_at", "lane"),
        ("unmatched", "next_try", "lane"),
    )

    def read(connection: Connection) -> set[int]:
        return {
            connection.execute(
                text(f"SELECT {column} FROM {table} WHERE {owner} = :whose"),
                {"whose": uid if owner == "account_uid" else lane},
            ).scalar_one()
            for table, column, owner in queries
        }

    return database.read_now(read)


def test_all_times_ahead_are_taken_for_now(database: Database, lanes: tuple[int, int]) -> None:
    mine, others = lanes
    database.write_now(lambda one: fill(one, mine, MINE, AHEAD))
    database.write_now(lambda one: fill(one, others, OTHERS, AHEAD))
    database.write_now(lambda one: clocks.put_right(one, [MINE], [mine], NOW))
    assert times(database, mine, MINE) == {NOW}
    assert times(database, others, OTHERS) == {AHEAD, AHEAD + LONGEST_MS}, "nobody looked after those"


def test_times_that_are_past_stay_and_nothing_is_written(database: Database, lanes: tuple[int, int]) -> None:
    mine, _ = lanes
    database.write_now(lambda one: fill(one, mine, MINE, BEFORE))
    with counted(database) as statements:
        database.write_now(lambda one: clocks.put_right(one, [MINE], [mine], NOW))
    assert times(database, mine, MINE) == {BEFORE, BEFORE + LONGEST_MS}
    assert {one.split()[0] for one in statements} == {"SELECT"}
