"""A connected house over a simulated TMDb, made anew for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        yield made


@pytest.fixture
def late_world(tmp_path: Path) -> Iterator[World]:
    """The same, with TMDb's lists allowed to be five minutes late, as they are by default."""
    with make_world(tmp_path, delay=300) as made:
        yield made
