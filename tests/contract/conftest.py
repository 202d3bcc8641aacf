"""A served simulator of TMDb with one user signed in, made anew for every test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from crosswatch.simulators.tmdb import ServedSimulator, Simulator, run_simulator
from crosswatch.simulators.tmdb.catalogue import well_known
from tests.contract.simulated import Clock, Person


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sim(clock: Clock) -> Simulator:
    async def at_once(_: float) -> None:
        """Delays are counted by the tests, never waited for."""

    made = Simulator(catalogue=well_known(), clock=clock, monotonic=clock, sleep=at_once)
    made.add_user("alice")
    return made


@pytest.fixture
def served(sim: Simulator) -> Iterator[ServedSimulator]:
    with run_simulator(sim) as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=20) as made:
        yield made


@pytest.fixture
def alice(sim: Simulator, served: ServedSimulator, client: httpx2.Client) -> Person:
    return Person(sim, served, client, sim.add_session("alice"))
