"""What a user reads when the house itself is not in order: always a sentence, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.system.processes import (
    PROGRAM,
    SimulatedTmdb,
    command,
    environment,
    server,
    simulated_tmdb,
    started,
)

KEY = "c0de5eed0123456789abcdef01234567"


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb("--watchlist", "400", "--ratings", "100") as running:
        yield running


def _connect(env: dict[str, str], tmdb: SimulatedTmdb) -> None:
    waiting = started(PROGRAM, "connect", "tmdb", environment=env)
    tmdb.approve(waiting.wait_for("/authenticate/").rpartition("/")[2])
    assert waiting.finished() == 0, waiting.said


def test_a_second_server_on_the_folder_says_who_serves_it(tmp_path: Path, tmdb: SimulatedTmdb) -> None:
    env = environment(tmp_path, tmdb, TMDB_SYNC_API_KEY=KEY)
    with server(env) as (first, base):
        second = command("serve", environment=env)
        assert second.returncode == 5
        assert second.stderr.strip() == (
            f"CrossWatch already serves this folder as process {first.child.pid} at {base}/.\n"
            "Use that one, or stop it first; a second one needs a CROSSWATCH_HOME of its own."
        )
        assert httpx2.get(f"{base}/api/health").status_code == 200
        assert command("pairs", "list", environment=env).returncode == 0, "commands may run beside the server"


def test_a_port_that_is_taken_is_named(tmp_path: Path, tmdb: SimulatedTmdb) -> None:
    with server(environment(tmp_path / "a", tmdb)) as (_, base):
        port = base.rpartition(":")[2]
        other = command("serve", environment=environment(tmp_path / "b", tmdb, PORT=port))
        assert other.returncode == 1
        assert f"Another program listens on 127.0.0.1:{port}." in other.stderr


def test_a_configuration_cut_in_half_is_told_by_line_and_never_overwritten(
    tmp_path: Path, tmdb: SimulatedTmdb
) -> None:
    env = environment(tmp_path, tmdb, TMDB_SYNC_API_KEY=KEY)
    _connect(env, tmdb)
    assert command("config", "set", "tmdb.language", "de-DE", environment=env).returncode == 0
    path = tmp_path / "config.json"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])

    told = command("verify", environment=env)
    assert told.returncode == 1
    assert f"{path} cannot be read at line" in told.stderr
    assert f"cp “{path}.last-good” “{path}”" in told.stderr
    assert command("config", "set", "tmdb.language", "fr-FR", environment=env).returncode == 1
    with server(env) as (_, base):
        answer = httpx2.get(f"{base}/api/config")
        assert answer.json()["code"] == "config_broken"
        assert str(path) in answer.json()["error"]
        page = httpx2.get(f"{base}/settings/tmdb_sync")
        assert page.status_code == answer.status_code
        assert "cannot be read at line" in page.text
    assert path.read_text() == whole[: len(whole) // 2], "a broken file is never overwritten"

    path.write_text(Path(f"{path}.last-good").read_text())
    assert command("verify", environment=env).returncode == 0, "the last good copy still knows the connection"


def test_the_server_ends_at_once_and_closes_its_run_truthfully(tmp_path: Path, tmdb: SimulatedTmdb) -> None:
    env = environment(tmp_path, tmdb, TMDB_SYNC_API_KEY=KEY)
    _connect(env, tmdb)
    assert command("pairs", "add", "tmdb", "tracker", environment=env).returncode == 0
    tmdb.ask("/knobs", {"delay": 0.5})
    try:
        with server(env) as (process, base):
            run_id = httpx2.post(f"{base}/api/pairs/1/run", json={}).json()["run_id"]
            with httpx2.stream("GET", f"{base}/api/runs/{run_id}/events", timeout=30) as events:
                next(events.iter_lines())
                began = time.monotonic()
                assert process.end(signal.SIGTERM) == 0
            assert time.monotonic() - began < 30, "an open stream does not keep the server"
        with sqlite3.connect(tmp_path / "state" / "crosswatch.db") as database:
            assert database.execute("SELECT status FROM run").fetchall() == [("interrupted",)]
            assert database.execute("SELECT count(*) FROM process").fetchone() == (0,)
        database.close()
    finally:
        tmdb.ask("/knobs", {"delay": 0.0})
    assert command("sync", environment=env).returncode == 0, "and the next run does the rest"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2400k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a full disk needs the right to mount a small one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_run_with_a_sentence_and_the_next_one_does_the_rest(
    small_disk: Path, tmdb: SimulatedTmdb
) -> None:
    env = environment(small_disk, tmdb, TMDB_SYNC_API_KEY=KEY)
    _connect(env, tmdb)
    assert command("pairs", "add", "tmdb", "tracker", environment=env).returncode == 0
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 1024):
            pass
    told = command("sync", environment=env)
    assert told.returncode == 1, told.stdout + told.stderr
    assert "There is no room left on the disk of" in told.stderr
    assert "Make room and try again; what was stored before is whole." in told.stderr
    assert "Traceback" not in told.stderr
    filler.unlink()
    again = command("sync", environment=env)
    assert again.returncode == 0, again.stdout + again.stderr
    with sqlite3.connect(small_disk / "state" / "crosswatch.db") as database:
        assert database.execute("SELECT count(*) FROM tracker_item").fetchone() == (500,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
