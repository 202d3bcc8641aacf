"""One database: units of work are one transaction each, and its failures are told in the house's words."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from crosswatch.errors import HouseError

__all__ = ["SCHEMA", "Connection", "Database"]

T = TypeVar("T")
BUSY_TIMEOUT_MS = 10_000
_LITTLE = 1_000_000
SCHEMA = "0003"
"""The newest migration; a database at another one is migrated, or refused where it is newer."""


class Database:
    """The database file of a state folder, at the newest schema once ``open`` has returned.

    SQLite in WAL mode with ``synchronous=FULL``: what was committed survives a power cut. Work is given as functions
    of a connection; ``read`` and ``write`` run them in a thread, the ``_now`` forms in the caller's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="database")
        self._file = 0

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Opens, makes or migrates the database at ``path``."""
        database = cls(path)
        with database._told():
            database._migrate()
        database._file = path.stat().st_ino
        return database

    @property
    def engine(self) -> Engine:
        """For counting statements; work goes through ``read`` and ``write``."""
        return self._engine

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The result of ``work`` on one consistent state."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_now, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """The result of ``work``; everything that it wrote is committed, or nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.write_now, work)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """As ``read``, in the caller's thread."""
        self._check_file()
        with self._told(), self._engine.connect() as connection, connection.begin():
            return work(connection)

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """As ``write``, in the caller's thread."""
        self._check_file()
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(crosswatch_write=True)
            with connection.begin():
                return work(connection)

    def close(self) -> None:
        """Waits for work under way and closes every connection."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _check_file(self) -> None:
        """SQLite goes on writing into a file that was deleted, and all of it is gone at the next start."""
        try:
            same = self.path.stat().st_ino == self._file
        except FileNotFoundError:
            same = False
        if not same:
            reason = "the file was deleted, moved or replaced while it was in use"
            raise HouseError("database_broken", path=str(self.path), reason=reason)

    def _migrate(self) -> None:
        found = self._version()
        if found == SCHEMA:
            return
        from crosswatch.store import migrate

        migrate.to_newest(self._engine, self.path, found)

    def _version(self) -> str | None:
        with self._engine.connect() as connection:
            has = connection.exec_driver_sql(
                "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
            ).first()
            if has is None:
                return None
            row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
            return None if row is None else str(row[0])

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the database's own failures into sentences; nothing of a failed transaction stays."""
        try:
            yield
        except DatabaseError as error:
            told = _tell(error.orig, self.path)
            if told is None:
                raise
            raise told from None
        except sqlite3.DatabaseError as error:
            raise (_tell(error, self.path) or error) from None


def _tell(error: BaseException | None, path: Path) -> HouseError | None:
    words = str(error)
    full = "disk I/O error" in words and shutil.disk_usage(path.parent).free < _LITTLE
    if full or "disk is full" in words:
        return HouseError("disk_full", path=str(path))
    if "disk I/O error" in words:
        return HouseError("database_broken", path=str(path), reason=words)
    if "readonly database" in words or "unable to open database" in words:
        return HouseError("cannot_write", path=str(path), reason=words)
    if "not a database" in words or "malformed" in words:
        return HouseError("database_broken", path=str(path), reason=words)
    if "database is locked" in words:
        return HouseError("database_broken", path=str(path), reason="another program keeps it locked")
    return None


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", pool_size=6, max_overflow=4)

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, see below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
        with contextlib.suppress(OSError):
            os.chmod(path, 0o600)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("crosswatch_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
