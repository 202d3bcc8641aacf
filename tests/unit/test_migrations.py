"""From each older schema to the newest: nothing that was stored is lost, and what is new says nothing untrue."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command, op
from alembic.config import Config

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.store import base, journal, migrate, plans
from crosswatch.store.database import SCHEMA, Database
from crosswatch.store.journal import State
from tests.unit.test_store_database import schema

Row = dict[str, Any]
OLDER = ("0001", "0002")
TITLES = [
    {
        "id": key, "kind": "movie", "show_id": None, "season": None, "number": None, "name": f"Film {key}",
        "year": 1990, "poster": "", "merged_into": None,
    }
    for key in (1, 2, 3)
]  # fmt: skip
ACCOUNTS = [
    {
        "id": key,
        "provider": name,
        "instance": "default",
        "uid": f"{name}:1",
        "label": "",
        "state": "connected",
    }
    for key, name in ((1, "tmdb"), (2, "tracker"))
]
PAIR = {
    "id": 7, "name": "a", "source": 1, "target": 2, "mode": "two_way", "enabled": 1, "kinds": '["movie"]',
    "made_at": 1,
}  # fmt: skip
LANE = {
    "id": 5, "pair": 7, "feature": "watchlist", "enabled": 1,
    "settings": '{"add": true, "change": true, "remove": true, "conflict": "ask"}', "settings_hash": "x",
    "source_uid": "tmdb:1", "target_uid": "tracker:1", "source_label": "ann", "target_label": "",
}  # fmt: skip
RUN = {
    "id": 9, "pair": 7, "pair_name": "a", "kind": "sync", "status": "succeeded", "phase": "", "feature": "",
    "waiting_for": "", "done": 1, "total": 1, "code": "", "params": "{}", "started_at": 1, "phase_at": 1,
    "finished_at": 2, "trigger": "test", "plan": None, "requests": 3, "attention": 0, "cancel": 0, "process": "p",
    "version": 4,
}  # fmt: skip


def base_row(title: int, **more: object) -> Row:
    """As an older version stored it."""
    return {
        "lane": 5, "title": title, "source_value": 1, "target_value": 1, "source_stamp": None, "target_stamp": 44,
        "source_native": str(600 + title), "target_native": str(title), "since": 1_000 + title, "version": title,
        "ours": 0, "kept": 0, "rated": 0, "looked_at": 0, **more,
    }  # fmt: skip


def journal_row(seq: int, **more: object) -> Row:
    """As an older version stored it."""
    return {
        "run": 9, "seq": seq, "lane": 5, "feature": "watchlist", "side": "target", "account_uid": "tracker:1",
        "title": seq, "native_id": "", "action": "add", "before": None, "expected": None, "wanted": 1,
        "other_value": 1, "other_stamp": 33, "other_native": "601", "ours": 1, "state": "done", "sent_at": 70,
        "done_at": 80, "outcome": "applied", "code": "", "words": "said", **more,
    }  # fmt: skip


BASE = [
    base_row(1, rated=1, ours=1),
    base_row(2, target_value=None, kept=1, looked_at=77),
    base_row(3, source_stamp=5, source_value=None, target_value=850),
]
JOURNAL = [
    journal_row(1),
    journal_row(2, state="in_doubt", outcome="in_doubt", code="no_answer", done_at=None),
    journal_row(
        3, action="remove", before=850, expected=850, wanted=None, ours=0, sent_at=None, state="dropped"
    ),
]
LAST = [
    {"account_uid": "tracker:1", "feature": "watchlist", "title": key, "value": value, "at": 70 + key}
    for key, value in ((1, 1), (2, None))
]
READ = [
    {
        "account": account, "feature": "watchlist", "title": title, "value": 1, "stamp": None, "date": 50,
        "precision": "day", "native_id": str(600 + title), "seen_at": 60 + title,
    }
    for account, title in ((1, 1), (1, 2), (2, 1))
]  # fmt: skip
SNAPSHOTS = [
    {
        "account": account, "feature": "watchlist", "whole": 1, "gap": 0, "total": account, "reason": "",
        "taken_at": 66, "cursor": None,
    }
    for account in (1, 2)
]  # fmt: skip
OF_ACCOUNTS = {"reading": READ, "snapshot": SNAPSHOTS}
UNTOUCHED: dict[str, list[Row]] = {
    "title": TITLES,
    "account": ACCOUNTS,
    "pair": [PAIR],
    "lane": [LANE],
    "run": [RUN],
}


def made_at(path: Path, revision: str) -> None:
    """A database as the version with that schema left it, with rows in all that later schemas change."""
    made = Database(path)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with made.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    made.close()
    last = [row | ({} if revision == "0001" else {"confirmed": row["title"] == 1}) for row in LAST]
    with closing(sqlite3.connect(path)) as file, file:
        for table, rows in {
            **UNTOUCHED,
            **OF_ACCOUNTS,
            "base": BASE,
            "journal": JOURNAL,
            "last_write": last,
        }.items():
            put(file, table, rows)


def put(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    names = list(rows[0])
    marks = ", ".join("?" for _ in names)
    columns = ", ".join(f'"{name}"' for name in names)
    connection.executemany(
        f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', [list(row.values()) for row in rows]
    )


def stored(path: Path, table: str) -> list[Row]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')]


@pytest.fixture(params=OLDER)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "crosswatch.db"
    made_at(path, request.param)
    return path


def test_nothing_that_was_stored_is_lost(older: Path) -> None:
    Database.open(older).close()
    for table, rows in UNTOUCHED.items():
        assert stored(older, table) == rows, table
    new = {"source_mark": "", "target_mark": "", "source_gap": 0, "target_gap": 0}
    new |= {"source_missing_at": 0, "target_missing_at": 0}
    assert stored(older, "base") == [{key: one[key] for key in one if key != "rated"} | new for one in BASE]
    assert stored(older, "journal") == [{**one, "cause": "", "approved": 0} for one in JOURNAL]
    for table, rows in OF_ACCOUNTS.items():
        assert stored(older, table) == [_of_uid(one) for one in rows], table
    assert stored(older, "plan") == stored(older, "plan_lane") == stored(older, "plan_item") == []
    with closing(sqlite3.connect(older)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        left = "SELECT name FROM sqlite_master WHERE name LIKE '%_before'"
        assert connection.execute(left).fetchall() == []


def _of_uid(row: Row) -> Row:
    """What was read of a connection's lists now belongs to whoever was behind it."""
    uids = {one["id"]: one["uid"] for one in ACCOUNTS}
    return {"account_uid": uids[row["account"]], **{key: row[key] for key in row if key != "account"}}


def test_what_was_confirmed_before_is_believed_as_it_was(tmp_path: Path) -> None:
    """The first schema did not say it: there everything counts as seen, and only new writes show a wrong grid."""
    for revision, confirmed in (("0001", [1, 1]), ("0002", [1, 0])):
        path = tmp_path / f"{revision}.db"
        made_at(path, revision)
        Database.open(path).close()
        assert stored(path, "last_write") == [
            {**row, "confirmed": seen} for row, seen in zip(LAST, confirmed, strict=True)
        ]


def test_a_migrated_database_has_the_schema_of_a_new_one(older: Path, tmp_path: Path) -> None:
    Database.open(older).close()
    Database.open(tmp_path / "new.db").close()
    assert schema(older) == schema(tmp_path / "new.db")
    assert stored(older, "alembic_version") == [{"version_num": SCHEMA}]


def test_rows_of_an_older_schema_are_read_and_what_is_new_says_nothing(older: Path) -> None:
    """Without marks a title that was rated then is never taken for one that the user took off (see the engine)."""
    database = Database.open(older)
    rows = database.read_now(lambda connection: base.of_lane(connection, 5, [Kind.MOVIE]))
    assert rows[1] == BaseRow(Agreed(1, None, "601"), Agreed(1, 44, "1"), since=1_001, version=1, ours=True)
    assert rows[2] == BaseRow(
        Agreed(1, None, "602"), Agreed(None, 44, "2"), since=1_002, version=2, kept=True, looked_at=77
    )
    (doubt,) = database.read_now(lambda connection: journal.unsettled(connection, "tracker:1"))
    assert (doubt.seq, doubt.state, doubt.approved, doubt.cause) == (2, State.IN_DOUBT, False, "")
    lately = database.read_now(lambda connection: journal.lately(connection, 5, 0))
    assert lately == {(Side.TARGET, Action.ADD): 2}
    database.close()


def test_a_migrated_database_can_be_written(older: Path) -> None:
    database = Database.open(older)
    row = BaseRow(Agreed(850, mark="r850", gap=2), Agreed(None, missing_at=5), since=3)
    database.write_now(lambda connection: base.keep(connection, 5, {3: row}))
    assert database.read_now(lambda connection: base.find(connection, 5, 3)) == row

    def plan(connection: Any) -> str:
        made = plans.begin(connection, pair=7, pair_name="a", run=9, now=1)
        head = plans.PlanLane(Feature.WATCHLIST, 5, "rules", "tmdb:1", "tracker:1", {})
        plans.keep_lane(connection, made, head, [])
        return plans.close(connection, made)

    assert database.write_now(plan)
    database.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: stored(older, name) for name in ("base", "journal", "last_write", "alembic_version")}
    shape, create = schema(older), op.create_table

    def full(name: str, *columns: Any, **more: Any) -> Any:
        if name == "plan_item":
            raise OSError("no room left")
        return create(name, *columns, **more)

    monkeypatch.setattr(op, "create_table", full)
    with pytest.raises(OSError, match="no room left"):
        Database.open(older)
    assert schema(older) == shape
    assert {name: stored(older, name) for name in before} == before
    monkeypatch.undo()
    Database.open(older).close()
    assert stored(older, "alembic_version") == [{"version_num": SCHEMA}]


def test_a_copy_of_what_was_there_is_kept_beside_it(older: Path) -> None:
    before = {name: stored(older, name) for name in ("base", "journal")}
    Database.open(older).close()
    copy = older.with_name(f"{older.name}.before-{SCHEMA}")
    assert {name: stored(copy, name) for name in before} == before
