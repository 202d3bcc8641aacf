"""What is told of a run while it goes on reaches every reader, whoever does the work and whoever is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.system.live import Event, Reader, Stage, events, new_stage, until
from tests.system.processes import SimulatedTmdb, simulated_tmdb

SLOWLY = {"delay": 0.12}
HANG = {"kind": "hang", "path": "rated/movies", "method": "GET", "seconds": 5}


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb() as running:
        yield running


@pytest.fixture
def stage(tmp_path: Path, tmdb: SimulatedTmdb) -> Iterator[Stage]:
    made = new_stage(tmp_path, tmdb)
    made.fill(ratings=60, watchlist=40)
    yield made
    made.leave()


def states(told: list[Event]) -> list[tuple[str, str]]:
    return [(one.run["phase"], one.run["feature"]) for one in told]


def test_a_run_of_the_command_line_moves_the_pages(stage: Stage) -> None:
    stage.faulty(**SLOWLY)
    with stage.served() as (_, base):
        syncing = stage.starts("sync")
        run = stage.begun(0)
        told, home = Reader(f"{base}/api/runs/{run}/events"), Reader(f"{base}/stream")
        page = Reader(f"{base}/runs/{run}/stream")
        assert syncing.finished() == 0, syncing.said
        result = told.whole()[-1]
        assert (result.name, result.run["status"]) == ("result", "succeeded")
        assert result.run == httpx2.get(f"{base}/api/runs/{run}").json()
        versions = [int(one.id) for one in told.events]
        assert versions == sorted(set(versions))
        phases = [phase for phase, _ in itertools.groupby(states(told.events[:-1]))]
        assert {("reading", "ratings"), ("writing", "ratings"), ("writing", "watchlist")} <= set(phases)
        assert phases.index(("reading", "ratings")) < phases.index(("writing", "ratings"))
        written = [one.run["done"] for one in told.events if states([one]) == [("writing", "ratings")]]
        assert written == sorted(written)
        assert len(set(written)) > 1, "its progress is told, not only its phase"
        for reader in (home, page):
            *parts, end = reader.whole()
            assert end.name == "done"
            assert any("Reading both lists: " in part.data for part in parts)
            assert any("Writing changes: ratings" in part.data for part in parts)
            assert "progress-phase" not in parts[-1].data
        assert "from the command line" in page.events[-2].data
    assert stage.in_step()


def test_a_reader_that_comes_back_is_told_what_came_since(stage: Stage) -> None:
    stage.faulty(**SLOWLY)
    told: list[Event] = []
    with stage.served() as (_, base):
        run = httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"]
        url = f"{base}/api/runs/{run}/events"
        while not told or told[-1].name != "result":
            stream = events(url, last=told[-1].id if told else "")
            told.extend(itertools.islice(stream, 2))
            stream.close()  # type: ignore[attr-defined]
        assert httpx2.get(url, headers={"Last-Event-ID": told[-1].id}).status_code == 204
    versions = [int(one.id) for one in told]
    assert versions == sorted(set(versions))
    assert [one.name for one in told].count("result") == 1
    assert told[-1].run["status"] == "succeeded"
    assert len(told) > 4, "it was cut off more than once"


def test_a_reader_that_comes_back_to_a_new_server_is_told_the_end(stage: Stage) -> None:
    stage.faulty(HANG)
    with stage.served() as (_, base):
        run = httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"]
        seen = next(one for one in events(f"{base}/api/runs/{run}/events") if one.run["phase"] == "reading")
    with stage.served() as (_, base):
        url = f"{base}/api/runs/{run}/events"
        (result,) = events(url, last=seen.id)
        assert (result.name, result.run["status"]) == ("result", "interrupted")
        assert int(result.id) > int(seen.id)
        assert httpx2.get(url, headers={"Last-Event-ID": result.id}).status_code == 204
    stage.comes_in_step()


def test_a_run_of_the_command_line_is_followed_across_a_new_start_of_the_server(stage: Stage) -> None:
    stage.faulty(HANG)
    syncing = stage.starts("sync")
    run = stage.begun(0)
    with stage.served() as (_, base):
        seen = next(one for one in events(f"{base}/api/runs/{run}/events") if one.run["phase"] == "reading")
    stage.faulty(**SLOWLY)
    with stage.served() as (_, base):
        told = list(events(f"{base}/api/runs/{run}/events", last=seen.id))
    assert syncing.finished() == 0, syncing.said
    versions = [int(one.id) for one in (seen, *told)]
    assert versions == sorted(set(versions))
    assert (told[-1].name, told[-1].run["status"]) == ("result", "succeeded")
    assert stage.in_step()


def test_home_shows_a_run_that_began_before_it_was_opened_and_then_its_end(stage: Stage) -> None:
    stage.faulty(HANG)
    with stage.served() as (_, base):
        syncing = stage.starts("sync")
        until(lambda: "Reading" in httpx2.get(f"{base}/").text, "the page shows the run")
        run = stage.newest()
        reader = Reader(f"{base}/stream")
        assert httpx2.post(f"{base}/api/runs/{run}/cancel", json={}).status_code == 200
        assert syncing.finished() == 1
        *_, last, end = reader.whole()
        assert end.name == "done"
        assert f"/runs/{run}" in last.data
        assert "Stopped" in last.data
