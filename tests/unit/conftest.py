"""What tests of the store share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswatch.identity.resolver import resolve
from crosswatch.model.kinds import Kind
from crosswatch.model.refs import Ref, ids
from crosswatch.store.database import Database
from tests.unit.stored import make_pair


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh one, closed in the end."""
    made = Database.open(tmp_path / "crosswatch.db")
    yield made
    made.close()


@pytest.fixture
def titles(database: Database) -> list[int]:
    """Six films; tests that need names or more of them make their own."""
    films = [Ref(Kind.MOVIE, ids(tmdb=number)) for number in range(6)]
    return database.write_now(lambda connection: resolve(connection, films))


@pytest.fixture
def lane(database: Database) -> int:
    """The ratings lane of a pair that removes."""
    return database.write_now(make_pair)
