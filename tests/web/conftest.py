"""The application over a simulated TMDb, made anew for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from crosswatch.simulators.tmdb import ServedSimulator, Simulator, run_simulator
from tests.web.api_world import Api


@pytest.fixture
def tmdb() -> Iterator[ServedSimulator]:
    """A simulated TMDb; what is tried again is tried again at once."""
    with stamina.set_testing(True, attempts=3), run_simulator(Simulator()) as served:
        yield served


@pytest.fixture
def api(tmdb: ServedSimulator, tmp_path: Path) -> Iterator[Api]:
    made = Api(tmdb, tmp_path / "home")
    yield made
    made.close()
