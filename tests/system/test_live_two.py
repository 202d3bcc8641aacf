"""Server and command line on one folder: never on one account at once, and who waits says for whom."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.system.live import RATED, Stage, events, new_stage, until
from tests.system.processes import SimulatedTmdb, command, simulated_tmdb

BUSY = 5


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb() as running:
        yield running


@pytest.fixture
def stage(tmp_path: Path, tmdb: SimulatedTmdb) -> Iterator[Stage]:
    """Pair 1 and pair 2 share the account ``tmdb``; pair 3 has nothing to do with it."""
    pairs = (("tmdb", "tracker/one"), ("tmdb", "tracker/two"), ("tmdb/second", "tracker/three"))
    made = new_stage(tmp_path, tmdb, *pairs)
    made.fill(ratings=30, watchlist=10)
    yield made
    made.leave()


def hang(stage: Stage) -> None:
    """TMDb gives no answer about the first account's ratings."""
    path = f"account/{stage.source_id}/rated/movies"
    stage.faulty({"kind": "hang", "path": path, "method": "GET", "seconds": 60})


def holding(stage: Stage, base: str) -> int:
    """A run of the server that holds the account ``tmdb`` until TMDb is kind again; its number."""
    hang(stage)
    before = stage.asked(RATED)
    run = int(httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"])
    until(lambda: stage.asked(RATED) > before, "the server's run reads")
    return run


def test_another_pair_with_the_same_account_waits_and_says_for_whom(stage: Stage) -> None:
    with stage.served() as (process, base):
        first = holding(stage, base)
        asked = stage.asked(RATED)
        holder = f"run {first} of the server (process {process.child.pid})"
        plain, machine = stage.starts("sync 2"), stage.starts("sync --json 3")
        assert machine.finished() == 0, "nobody holds the accounts of the third pair"
        second = int(stage.rows("SELECT id FROM run WHERE pair = 2")[0]["id"])
        plain.wait_for(f"Waiting, waiting for {holder}")
        until(lambda: stage.run(second)["waiting_for"] == holder, "the run says for whom it waits")
        shown = json.loads(
            command("runs", str(second), "--json", environment=stage.folder_environment).stdout
        )
        assert (shown["status"], shown["phase"], shown["waiting_for"]) == ("running", "waiting", holder)
        assert holder in command("runs", environment=stage.folder_environment).stdout
        told = httpx2.get(f"{base}/api/runs/{second}").json()
        assert (told["phase"], told["waiting_for"]) == ("waiting", holder)
        for page in (f"/runs/{second}", "/"):
            assert f"for {holder}" in httpx2.get(base + page).text, page
        event = next(one for one in events(f"{base}/api/runs/{second}/events") if one.run["waiting_for"])
        assert event.run["waiting_for"] == holder
        assert stage.asked(RATED) == asked + 2, "only the third pair read, and its whole list"
        stage.faulty()
        assert httpx2.post(f"{base}/api/runs/{first}/cancel", json={}).status_code == 200
        assert plain.finished() == 0, plain.said
        freed, row = stage.run(first)["finished_at"], stage.run(second)
        assert (row["status"], row["waiting_for"]) == ("succeeded", "")
        assert row["finished_at"] >= freed


def test_a_json_sync_says_what_it_waits_for_too(stage: Stage) -> None:
    with stage.served() as (process, base):
        first = holding(stage, base)
        waiting = stage.starts("sync --json 2")
        waiting.wait_for(f"waiting for run {first} of the server (process {process.child.pid})")
        stage.faulty()
        httpx2.post(f"{base}/api/runs/{first}/cancel", json={})
        assert waiting.finished() == 0, waiting.said
    printed = "\n".join(line for line in waiting.lines if "waiting for" not in line)
    assert [run["status"] for run in json.loads(printed)] == ["succeeded"]


def test_the_server_waits_for_a_run_of_the_command_line(stage: Stage) -> None:
    hang(stage)
    syncing = stage.starts("sync 2")
    first = stage.begun(0)
    until(lambda: stage.run(first)["phase"] == "reading", "the run reads")
    with stage.served() as (_, base):
        second = int(httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"])
        holder = f"run {first} of the command line (process {syncing.child.pid})"
        until(lambda: stage.run(second)["waiting_for"] == holder, "the run says for whom it waits")
        again = httpx2.post(f"{base}/api/pairs/2/run", json={})
        assert (again.status_code, again.json()["code"], again.json()["run_id"]) == (
            409,
            "already_running",
            str(first),
        )
        stage.faulty()
        assert syncing.end(signal.SIGINT) == 1, syncing.said
        assert stage.ended(second)["status"] == "succeeded"


def test_a_run_is_closed_only_when_its_process_is_dead(stage: Stage) -> None:
    with stage.served() as (process, base):
        run = holding(stage, base)
        lines = ("runs", "sync 1", "sync 3")
        codes = [command(*line.split(), environment=stage.folder_environment).returncode for line in lines]
        assert codes == [0, BUSY, 0]
        assert stage.run(run)["status"] == "running", "a living process's run is nobody else's to close"
        os.kill(process.child.pid, signal.SIGSTOP)
        assert command("runs", environment=stage.folder_environment).returncode == 0
        assert stage.run(run)["status"] == "running", "one that does not move is not dead either"
        process.end(signal.SIGKILL)
        stage.faulty()
        told = json.loads(command("runs", str(run), "--json", environment=stage.folder_environment).stdout)
        assert (told["status"], told["code"], told["waiting_for"]) == ("interrupted", "interrupted", "")
        done = command("sync", "2", environment=stage.folder_environment)
        assert done.returncode == 0, done.stderr
    stage.is_left_in_order()


def test_a_run_that_waits_goes_on_when_the_holder_was_killed(stage: Stage) -> None:
    with stage.served() as (process, base):
        run = holding(stage, base)
        waiting = stage.starts("sync 2")
        waiting.wait_for(f"waiting for run {run} of the server (process {process.child.pid})")
        stage.faulty()
        process.end(signal.SIGKILL)
        assert waiting.finished() == 0, waiting.said
    assert command("runs", environment=stage.folder_environment).returncode == 0
    assert stage.run(run)["status"] == "interrupted"
    stage.is_left_in_order()
