"""The server is gone within three seconds of being told to stop, whatever it was at, and what it leaves is true."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.system.live import END_SECONDS, Reader, Stage, new_stage, promised
from tests.system.places import PLACES, hang
from tests.system.processes import SimulatedTmdb, command, simulated_tmdb

QUICKEST = ("reading", "settling", "writing, and it arrived", "a limit in writes")


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb() as running:
        yield running


@pytest.fixture
def stage(tmp_path: Path, tmdb: SimulatedTmdb) -> Iterator[Stage]:
    made = new_stage(tmp_path, tmdb)
    made.fill(ratings=30, watchlist=10)
    yield made
    made.leave()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICKEST else pytest.mark.soak) for name in PLACES]
)
def test_the_server_ends_wherever_its_run_is(stage: Stage, name: str) -> None:
    """With streams open; told again and again until it is gone."""
    place = PLACES[name]
    place.prepare(stage)
    before = place.asked(stage)
    with stage.served() as (process, base):
        run = int(httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"])
        place.reached(stage, run, before)
        readers = [
            Reader(f"{base}{path}") for path in (f"/api/runs/{run}/events", "/stream", f"/runs/{run}/stream")
        ]
        with promised(END_SECONDS, f"ended while {name}"):
            while process.child.poll() is None:
                process.child.send_signal(signal.SIGTERM)
                time.sleep(0.05)
            assert process.finished() == 0, process.said
        for reader in readers:
            assert all(event.name != "done" for event in reader.whole()), "a page comes back after that"
    assert "Traceback" not in process.said
    row = stage.run(run)
    assert (row["status"], row["code"], row["phase"]) == ("interrupted", "interrupted", "")
    stage.is_told_truly(run)
    stage.is_left_in_order()
    stage.comes_in_step()


def test_the_server_ends_while_tmdb_lets_a_page_wait(stage: Stage) -> None:
    stage.faulty(hang("^/account$"))
    with stage.served() as (process, base):
        asking = threading.Thread(target=_verify, args=(base,))
        before = stage.asked("GET /account")
        asking.start()
        PLACES["asking who it is"].reached(stage, 0, before)
        with promised(END_SECONDS, "ended while a page waits for TMDb"):
            assert process.end(signal.SIGTERM) == 0, process.said
        asking.join(30)
    stage.is_left_in_order()


def _verify(base: str) -> None:
    with contextlib.suppress(httpx2.HTTPError):
        httpx2.get(f"{base}/api/tmdb_sync/verify", timeout=30)


def test_what_a_killed_server_left_is_closed_by_its_next_start(stage: Stage) -> None:
    place = PLACES["writing"]
    place.prepare(stage)
    with stage.served() as (process, base):
        run = int(httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"])
        place.reached(stage, run, 0)
        process.end(signal.SIGKILL)
    assert stage.run(run)["status"] == "running"
    with stage.served() as (_, base):
        told = httpx2.get(f"{base}/api/runs/{run}").json()
        assert (told["status"], told["code"]) == ("interrupted", "interrupted")
    shown = command("runs", str(run), "--json", environment=stage.folder_environment)
    assert json.loads(shown.stdout)["status"] == "interrupted"
    stage.is_left_in_order()
    stage.comes_in_step()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_a_command_that_is_told_to_stop_twice_stops_once(stage: Stage, number: signal.Signals) -> None:
    place = PLACES["a limit in writes"]
    place.prepare(stage)
    before = place.asked(stage)
    syncing = stage.starts("sync 1")
    run = stage.begun(0)
    place.reached(stage, run, before)
    with promised(END_SECONDS, f"a sync ended by two {number.name}"):
        syncing.child.send_signal(number)
        syncing.child.send_signal(number)
        assert syncing.finished() == 1, syncing.said
    assert stage.run(run)["status"] == "cancelled"
    assert "Traceback" not in syncing.said
    stage.is_told_truly(run)
    stage.is_left_in_order()
