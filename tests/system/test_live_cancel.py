"""A run stops within two seconds wherever it is and whoever says so, and what it tells of its end is true."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.system.live import CANCEL_SECONDS, Stage, new_stage, promised, until
from tests.system.places import PLACES, QUICK, Place, hang
from tests.system.processes import SimulatedTmdb, command, simulated_tmdb

CONNECTIONS = 8


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb() as running:
        yield running


@pytest.fixture
def stage(tmp_path: Path, tmdb: SimulatedTmdb) -> Iterator[Stage]:
    made = new_stage(tmp_path, tmdb, ("tmdb", "tmdb/second"), ("tmdb", "tracker"))
    made.fill(ratings=30, watchlist=10)
    yield made
    made.leave()


class Stopped:
    """A run that was stopped: its number, how many calls had left by then, and what the program said."""

    def __init__(self, stage: Stage, place: Place) -> None:
        self.stage, self.place = stage, place
        self.before = place.asked(stage)
        self.last = stage.newest()
        self.run = self.left = 0

    def wait(self) -> None:
        self.run = self.stage.begun(self.last)
        self.place.reached(self.stage, self.run, self.before)
        self.left = self.stage.requests()

    def by_api(self, name: str) -> None:
        with self.stage.served() as (_, base):
            assert httpx2.post(f"{base}/api/pairs/1/run", json={}).status_code == 202
            self.wait()
            with promised(CANCEL_SECONDS, f"stopped while {name}, by the API"):
                answer = httpx2.post(f"{base}/api/runs/{self.run}/cancel", json={})
                assert answer.status_code == 200, answer.text
                self.stage.ended(self.run)

    def by_command(self, name: str) -> None:
        syncing = self.stage.starts("sync 1")
        self.wait()
        asked = command("cancel", str(self.run), environment=self.stage.folder_environment)
        with promised(CANCEL_SECONDS, f"stopped while {name}, by the command line"):
            assert (asked.returncode, asked.stderr) == (0, "")
            self.stage.ended(self.run)
        assert syncing.finished() == 1, syncing.said

    def by_key(self, name: str) -> None:
        syncing = self.stage.starts("sync 1")
        self.wait()
        with promised(CANCEL_SECONDS, f"stopped while {name}, by Ctrl+C"):
            assert syncing.end(signal.SIGINT) == 1, syncing.said
        assert "Traceback" not in syncing.said
        assert "The run was stopped by you." in syncing.said


WAYS = (Stopped.by_api, Stopped.by_command, Stopped.by_key)


def _combinations() -> Iterator[Any]:
    """The quick places with one way to stop each; with `make soak` every place with every way."""
    for place, (number, way) in itertools.product(PLACES, enumerate(WAYS)):
        quick = place in QUICK and QUICK.index(place) % len(WAYS) == number
        marks = () if quick else pytest.mark.soak
        yield pytest.param(place, way, marks=marks, id=f"{place}-{way.__name__}")


@pytest.mark.parametrize(("name", "way"), list(_combinations()))
def test_a_run_stops_wherever_it_is(stage: Stage, name: str, way: Callable[[Stopped, str], None]) -> None:
    PLACES[name].prepare(stage)
    stopped = Stopped(stage, PLACES[name])
    way(stopped, name)
    row = stage.run(stopped.run)
    assert (row["status"], row["code"]) == ("cancelled", "cancelled")
    assert stage.requests() - stopped.left <= CONNECTIONS, "no call leaves any more"
    stage.is_left_in_order()
    told = stage.is_told_truly(stopped.run)
    if "writ" in name:
        ratings, _ = stage.lists(stage.target)
        assert told["not_sent"] > 0
        assert told["added"] >= 4 or name == "a limit in writes"
        assert told["added"] <= len(ratings)
        assert ("in_doubt" in told) == name.startswith("writing")
    stage.comes_in_step()


def test_a_run_stops_while_it_waits_for_another_one(stage: Stage) -> None:
    stage.faulty(hang("rated/movies", seconds=30))
    holding = stage.starts("sync 2")
    held = stage.begun(0)
    until(lambda: stage.run(held)["phase"] == "reading", "the other run holds the account")
    stopped = Stopped(stage, Place(lambda _: None, waits_for=f"run {held} of the command line"))
    stopped.by_key("waiting for another run")
    assert stage.run(stopped.run)["status"] == "cancelled"
    assert stage.run(held)["status"] == "running"
    assert holding.end(signal.SIGINT) == 1, holding.said
    stage.is_left_in_order()


def test_a_run_stops_while_the_pause_that_another_one_met_lasts(stage: Stage) -> None:
    stage.faulty({"kind": "rate_limited", "path": "rated/movies"}, retry_after="20")
    with stage.served() as (_, base):
        for _ in range(2):
            last = stage.newest()
            assert httpx2.post(f"{base}/api/pairs/1/run", json={}).status_code == 202
            run = stage.begun(last)
            _waits_for_tmdb(stage, run)
            with promised(CANCEL_SECONDS, "stopped in the pause"):
                httpx2.post(f"{base}/api/runs/{run}/cancel", json={})
                stage.ended(run)
            assert stage.run(run)["status"] == "cancelled"
    stage.comes_in_step()


def _waits_for_tmdb(stage: Stage, run: int) -> None:
    until(lambda: stage.run(run)["waiting_for"].endswith(" s"), "the run waits for TMDb")


def test_a_limit_of_a_minute_in_reads_ends_the_run_at_once(stage: Stage) -> None:
    """Nothing can be decided without the lists, and nothing is lost by coming later."""
    stage.faulty({"kind": "rate_limited", "path": "rated/movies"}, retry_after="60")
    began = time.monotonic()
    done = command("sync", "1", environment=stage.folder_environment)
    assert (done.returncode, stage.run(1)["code"]) == (1, "rate_limited"), done.stderr
    assert time.monotonic() - began < 30, "it does not sit the minute out"
    stage.comes_in_step()
