"""A connected house over a simulated TMDb, made anew for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswatch.simulators.tmdb import Simulator
from crosswatch.simulators.tmdb.catalogue import well_known
from tests.system.world import ShiftedClock, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        yield made


@pytest.fixture
def late_world(tmp_path: Path) -> Iterator[World]:
    """The same, with TMDb's lists allowed to be five minutes late, as they are by default."""
    with make_world(tmp_path, delay=300) as made:
        yield made


@pytest.fixture
def two_accounts(tmp_path: Path) -> Iterator[World]:
    """Alice is ``tmdb``, bob, who has nothing, ``tmdb/second``; both go by one clock that a test can move."""
    clock = ShiftedClock()
    sim = Simulator(catalogue=well_known(), clock=lambda: clock.now_ms() / 1000)
    with make_world(tmp_path, sim=sim, clock=clock, delay=300) as made:
        made.second("bob")
        yield made
