"""Brings a database to the newest schema. The only module that imports Alembic; used when there is work for it."""

import contextlib
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from crosswatch.errors import HouseError
from crosswatch.store import database

_SCRIPTS = Path(__file__).parent / "migrations"


def to_newest(engine: Engine, path: Path, found: str | None) -> None:
    """Migrates in one transaction, after a copy beside it (``*.before-<schema>``) where there was data.

    Raises HouseError ``database_newer`` where the file's schema is one that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise HouseError("database_newer", path=str(path), found=found, known=database.SCHEMA)
    if found is not None:
        _copy(path, path.with_name(f"{path.name}.before-{database.SCHEMA}"))
    with engine.connect() as connection:
        connection = connection.execution_options(crosswatch_write=True)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _copy(path: Path, copy: Path) -> None:
    """A whole copy by SQLite's own means: copying the live file releases its locks and can break it."""
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    copy.chmod(0o600)
