"""The database file: one schema however it is made, and every way to be broken told in a sentence's code."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from crosswatch.errors import HouseError
from crosswatch.store import migrate, tables
from crosswatch.store.database import SCHEMA, Connection, Database


def schema(path: Path) -> dict[str, list[str]]:
    """Every table and index as SQLite has it: its parts, in whatever order they were named."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {
        name: sorted(line.strip().rstrip(",") for line in sql.splitlines() if line.strip())
        for name, sql in rows
        if name not in ("alembic_version", "sqlite_sequence")
    }


def test_the_migrations_make_the_schema_of_the_tables(database: Database, tmp_path: Path) -> None:
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == SCHEMA
    fresh = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    tables.metadata.create_all(fresh)
    fresh.dispose()
    made, wanted = schema(database.path), schema(tmp_path / "fresh.db")
    assert set(made) == set(wanted)
    for name in wanted:
        assert made[name] == wanted[name], name
    text = " ".join(line for lines in made.values() for line in lines)
    assert text.count("AUTOINCREMENT") == 6
    assert "ON DELETE CASCADE" in text


def test_a_database_is_opened_again_without_migrating(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "crosswatch.db"
    Database.open(path).close()
    monkeypatch.setattr(migrate, "to_newest", None)
    both = [Database.open(path) for _ in range(2)]
    for one in both:
        one.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_committed_is_durable_and_references_are_kept(database: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert database.read_now(pragmas) == ["wal", 2, 1, 10_000]


def test_a_unit_of_work_is_stored_as_a_whole_or_not_at_all(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO title (kind, name, poster) VALUES ('movie', 'x', '')")
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        database.write_now(half)
    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("SELECT count(*) FROM title").fetchone() == (0,)


OPENER = """
import sys
from pathlib import Path
from crosswatch.app import open_house
from crosswatch.settings import Settings
import asyncio
sys.stdin.readline()
house = open_house(Settings(home=Path(sys.argv[1])), role="one of several")
asyncio.run(house.close())
print("opened")
"""


def test_processes_that_open_a_fresh_folder_at_once_all_get_it(tmp_path: Path) -> None:
    """Folders, key and database are made by whoever comes first; nobody sees them half made."""
    command = [sys.executable, "-W", "error", "-c", OPENER, str(tmp_path / "home")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CROSSWATCH_")}
    started = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(4)
    ]
    try:
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [process.communicate(timeout=60) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert ended == [("opened\n", "")] * len(started)


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "crosswatch.db"
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(HouseError, match="database_newer") as refused:
        Database.open(path)
    assert refused.value.params == {"path": str(path), "found": "9999", "known": SCHEMA}
    assert [found.name for found in tmp_path.glob("*before*")] == []


@pytest.mark.parametrize("content", [b"a letter to my aunt\n" * 40, b"SQLite format 3\0" + b"x" * 4096])
def test_a_file_that_is_no_database_is_told_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "crosswatch.db"
    path.write_bytes(content)
    with pytest.raises(HouseError, match="database_broken"):
        Database.open(path)
    assert path.read_bytes() == content


def test_a_page_that_was_damaged_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "crosswatch.db"
    made = Database.open(path)
    made.write_now(
        lambda connection: connection.exec_driver_sql(
            "INSERT INTO title (kind, name, poster) SELECT 'movie', hex(randomblob(2000)), '' FROM sqlite_master"
        )
    )
    made.close()
    content = bytearray(path.read_bytes())
    content[-8 * 4096 :] = os.urandom(8 * 4096)
    path.write_bytes(content)
    broken = Database.open(path)
    with pytest.raises(HouseError, match="database_broken"):
        broken.read_now(
            lambda connection: connection.exec_driver_sql("SELECT sum(length(name)) FROM title").scalar_one()
        )
    broken.close()


def test_a_folder_where_the_file_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "crosswatch.db").mkdir()
    with pytest.raises(HouseError, match="cannot_write"):
        Database.open(tmp_path / "crosswatch.db")


def test_a_writer_waits_for_another_and_readers_do_not(database: Database) -> None:
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO title (kind, name, poster) VALUES ('movie', 'x', '')")
        count = database.read_now(
            lambda connection: connection.exec_driver_sql("SELECT count(*) FROM title").scalar_one()
        )
        assert count == 0
        other.execute("COMMIT")
