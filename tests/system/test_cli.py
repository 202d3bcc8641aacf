"""The real command line: its exit codes 0 to 5, its last lines, its JSON, and the secrets that it never shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from crosswatch.simulators.tmdb import DEMO_KEY
from tests.system.homes import Home
from tests.system.processes import (
    PROGRAM,
    Process,
    SimulatedTmdb,
    command,
    environment,
    server,
    simulated_tmdb,
    started,
)

SUCCEEDED, FAILED, USED_WRONGLY, PARTIAL, NOT_CONNECTED, BUSY = range(6)


@pytest.fixture(scope="module")
def tmdb() -> Iterator[SimulatedTmdb]:
    with simulated_tmdb("--watchlist", "30", "--ratings", "20") as running:
        yield running


@pytest.fixture(autouse=True)
def kind(tmdb: SimulatedTmdb) -> Iterator[None]:
    """What a test turned is turned back."""
    yield
    tmdb.ask("/knobs", {"delay": 0, "faults": []})


class User:
    """Somebody at a terminal, with a folder."""

    def __init__(self, folder: Path, tmdb: SimulatedTmdb) -> None:
        self.home = Home(folder, tmdb)
        self.environment = environment(folder, tmdb)

    def says(self, line: str, *, given: str = "") -> tuple[int, str]:
        """The exit code and the last words of a command."""
        done = command(*line.split(), environment=self.environment, given=given)
        assert "Traceback" not in done.stderr
        assert DEMO_KEY not in done.stdout + done.stderr
        return done.returncode, (done.stderr or done.stdout).strip()

    def reads(self, line: str) -> Any:
        """The JSON of a command."""
        done = command(*line.split(), "--json", environment=self.environment)
        return json.loads(done.stdout)

    def starts(self, line: str) -> Process:
        return started(PROGRAM, *line.split(), environment=self.environment)

    def run_that_began(self) -> int:
        """The number of the run that is under way in another process, once it reads."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with self.home.looked_at() as connection:
                row = connection.execute("SELECT id FROM run WHERE phase = 'reading'").fetchone()
            if row is not None:
                return int(row[0])
            time.sleep(0.02)
        raise AssertionError("no run began")


@pytest.fixture
def newcomer(tmp_path: Path, tmdb: SimulatedTmdb) -> User:
    return User(tmp_path, tmdb)


@pytest.fixture
def user(tmp_path: Path, tmdb: SimulatedTmdb) -> User:
    """Connected, with a pair."""
    made = User(tmp_path, tmdb)
    made.home.make()
    return made


def test_before_anything_is_connected(newcomer: User) -> None:
    code, last = newcomer.says("status")
    assert (code, last.startswith("tmdb: not connected. ")) == (SUCCEEDED, True)
    code, last = newcomer.says("verify tmdb")
    assert (code, "API key" in last) == (NOT_CONNECTED, True)
    assert newcomer.says("sync") == (
        FAILED,
        "There is no pair to sync.\nMake one with “crosswatch pairs add tmdb tracker”.",
    )
    code, last = newcomer.says("pairs add tmdb tracker")
    assert (code, "tmdb" in last) == (NOT_CONNECTED, True)
    assert newcomer.reads("runs") == newcomer.reads("pairs list") == []


@pytest.mark.parametrize(
    ("line", "given", "code", "words"),
    [
        (f"connect tmdb --key {DEMO_KEY}", "", USED_WRONGLY, "a key is not taken from an argument"),
        ("connect tmdb --key -", "nonsense", USED_WRONGLY, "has 8 characters; a TMDb API key (v3) has 32"),
        ("connect tmdb --key -", "deadbeef" * 4, FAILED, "TMDb does not accept this API key"),
        ("connect plex", "", USED_WRONGLY, "plex"),
        ("verify tmdb/nobody", "", USED_WRONGLY, "nobody"),
        ("config set tmdb_sync.api_key abc", "", USED_WRONGLY, "is a secret"),
        ("cancel 7", "", USED_WRONGLY, "run 7"),
        ("runs 7", "", USED_WRONGLY, "run 7"),
        ("sync nonsense", "", USED_WRONGLY, "nonsense"),
        ("nonsense", "", USED_WRONGLY, "nonsense"),
        ("sync --nonsense", "", USED_WRONGLY, "--nonsense"),
    ],
)
def test_what_is_used_wrongly_is_told_and_changes_nothing(
    newcomer: User, line: str, given: str, code: int, words: str
) -> None:
    done = command(*line.split(), environment=newcomer.environment, given=given)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert (given or DEMO_KEY) not in done.stdout + done.stderr
    assert not (newcomer.home.folder / "config.json").exists()


def test_connecting_and_all_the_way_to_a_second_sync(newcomer: User, tmdb: SimulatedTmdb) -> None:
    """The key comes from standard input; then nothing is given any more, for everything is stored."""
    typed = f'printf "%s\\n" "$TYPED" | {PROGRAM} connect tmdb --key -'
    connecting = started("sh", "-c", typed, environment=newcomer.environment | {"TYPED": DEMO_KEY})
    link = connecting.wait_for("/authenticate/").strip()
    pid = connecting.child.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    seen = [Path(f"/proc/{one}/cmdline").read_bytes() for one in (pid, *children)]
    assert any(words.split(b"\0")[-5:-1] == [b"connect", b"tmdb", b"--key", b"-"] for words in seen)
    assert not any(DEMO_KEY.encode() in words for words in seen)
    tmdb.approve(link.rpartition("/")[2])
    assert connecting.finished() == SUCCEEDED
    assert connecting.lines[-1] == "tmdb is connected as demo."
    assert DEMO_KEY not in connecting.said
    assert newcomer.says("verify") == (SUCCEEDED, "tmdb is connected as demo.")
    code, last = newcomer.says("pairs add tmdb tracker")
    assert (code, last.splitlines()[0]) == (
        SUCCEEDED,
        "Made pair 1 “TMDb to CrossWatch”: tmdb → tracker (ratings, watchlist)",
    )
    first = newcomer.reads("sync")
    assert [(run["status"], run["lanes"]["ratings"]["added"]) for run in first] == [("succeeded", 20)]
    done = command("sync", environment=newcomer.environment)
    assert done.returncode == SUCCEEDED
    assert done.stdout.splitlines()[1:] == [
        "  ratings: read 20 and 20; nothing to write",
        "  watchlist: read 30 and 30; nothing to write",
    ]
    for folder in (newcomer.home.folder, newcomer.home.settings.state):
        for path in folder.iterdir():
            assert not path.is_file() or DEMO_KEY.encode() not in path.read_bytes(), path


def test_what_a_pair_cannot_be(user: User) -> None:
    for line, code, words in (
        ("pairs add tmdb tracker", USED_WRONGLY, "already joins these two accounts"),
        ("pairs add tmdb tracker --two-way", USED_WRONGLY, "already joins these two accounts"),
        ("pairs add tracker tmdb", USED_WRONGLY, "already sends ratings the other way"),
        ("pairs add tmdb tmdb", USED_WRONGLY, "Both sides of the pair are the same account"),
        ("pairs add tmdb plex", USED_WRONGLY, "plex"),
        ("pairs add tmdb/second tracker", NOT_CONNECTED, "tmdb/second"),
        ("pairs add tmdb tracker/two --conflict mine", USED_WRONGLY, "mine"),
        ("pairs add tmdb tracker/two --no-ratings --no-watchlist", FAILED, "Neither watchlist nor ratings"),
        ("pairs add tmdb tracker/a/b", USED_WRONGLY, "a/b"),
    ):
        said = user.says(line)
        assert (said[0], words in said[1]) == (code, True), f"{line}: {said}"
    assert [pair["name"] for pair in user.reads("pairs list")] == ["TMDb to CrossWatch"]


def test_json_is_json_everywhere(user: User) -> None:
    run = user.reads("sync")[0]
    assert user.reads("sync 1")[0]["lanes"]["ratings"]["read"] == {"source": 20, "target": 20}
    assert [one["id"] for one in user.reads("runs")] == ["2", "1"]
    assert len(user.reads("runs 1 --limit 500")["items"]) == 50
    assert user.reads(f"cancel {run['id']}")["status"] == "succeeded"
    assert user.reads("status")["connections"][0]["username"] == "demo"
    assert user.reads("verify")["connected"] is True
    assert user.reads("pairs show 1")["id"] == "1"
    assert user.reads("config get tmdb_sync.session_id")["value"]["set"] is True
    refused = command("sync", "nonsense", "--json", environment=user.environment)
    assert (refused.returncode, json.loads(refused.stdout)["code"]) == (USED_WRONGLY, "not_found")


def test_help_names_every_command_and_offers_no_completion(newcomer: User) -> None:
    said = newcomer.says("--help")[1]
    named = {line.split()[1] for line in said.splitlines() if line.startswith("│ ") and line[2] != " "}
    assert {"config", "pairs", "user", "sync", "demo"} <= named
    assert "completion" not in said + newcomer.says("runs --help")[1] + newcomer.says("pairs --help")[1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("runs 99999999999999999999", "less"),
        ("cancel 99999999999999999999", "less"),
        ("config set tmdb.language ²", "en-US"),
        (f"config set tmdb.language {'7' * 5000}", "5000"),
        ("demo --port 99999", "65535"),
    ],
)
def test_numbers_that_cannot_be_are_used_wrongly(newcomer: User, line: str, words: str) -> None:
    code, last = newcomer.says(line)
    assert (code, words in last) == (USED_WRONGLY, True), last


@pytest.mark.parametrize("line", ["runs --json", "--help", "version"])
def test_output_that_cannot_be_written_is_said_in_one_sentence(newcomer: User, line: str) -> None:
    done = command_of_shell(f"{PROGRAM} {line} > /dev/full", newcomer.environment)
    assert (done.returncode, done.stderr) == (
        FAILED,
        "The output could not be written: No space left on device.\n",
    )
    assert command_of_shell(f"{PROGRAM} {line} >&-", newcomer.environment).returncode == SUCCEEDED


def command_of_shell(line: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=90, check=False
    )


def test_without_a_key_nothing_is_connected(newcomer: User) -> None:
    assert newcomer.says("connect tmdb")[0] == newcomer.says("connect tmdb-metadata")[0] == NOT_CONNECTED


def test_ctrl_c_while_waiting_for_the_approval_ends_with_1(newcomer: User) -> None:
    connecting = started(
        "sh",
        "-c",
        f"printf '%s\\n' \"$TYPED\" | (exec {PROGRAM} connect tmdb --key -)",
        environment=newcomer.environment | {"TYPED": DEMO_KEY},
    )
    connecting.wait_for("Waiting for your approval")
    children = Path(f"/proc/{connecting.child.pid}/task/{connecting.child.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGINT)
    assert (connecting.finished(), connecting.lines[-1]) == (FAILED, "Stopped.")
    code, last = newcomer.says("verify")
    assert (code, last) == (
        NOT_CONNECTED,
        "Pending approval: TMDb is waiting for your yes. Open the link that “crosswatch connect tmdb” printed "
        "and approve; then “crosswatch verify tmdb”.",
    )


def test_pairs_that_are_off_are_said_to_be_off(user: User) -> None:
    assert user.says("pairs edit 1 --off")[0] == SUCCEEDED
    off = "Pair 1, “TMDb to CrossWatch”, is switched off.\nSwitch it on with “crosswatch pairs edit 1 --on”."
    assert user.says("sync") == user.says("sync 1") == (FAILED, off)


def test_a_run_shows_all_that_it_wrote_or_how_much_more_there_is(user: User) -> None:
    assert user.says("sync")[0] == SUCCEEDED
    code, said = user.says("runs 1")
    assert (code, len([line for line in said.splitlines() if " add " in line])) == (SUCCEEDED, 50)
    assert user.says("runs 1 --limit 30")[1].splitlines()[-1] == "20 more: --limit 50"


def test_a_sync_of_all_goes_past_a_busy_pair(user: User, tmdb: SimulatedTmdb) -> None:
    assert user.says("pairs add tmdb tracker/two --name Second")[0] == SUCCEEDED
    tmdb.ask("/knobs", {"faults": [{"kind": "hang", "path": "rated", "seconds": 60}]})
    with server(user.environment) as (_, base):
        begun = httpx2.post(f"{base}/api/run", json={}, timeout=30).json()["runs"]
        done = command("sync", "--json", environment=user.environment)
        for run in begun:
            assert user.says(f"cancel {run['run_id']}")[0] == SUCCEEDED
    assert (done.returncode, json.loads(done.stdout)) == (BUSY, [])
    assert [line.partition(" Wait")[0] for line in done.stderr.splitlines()] == [
        "Pair 1 “TMDb to CrossWatch”: This pair is running at this moment.",
        "Pair 2 “Second”: This pair is running at this moment.",
    ]


def test_a_key_that_tmdb_rejects_connects_nothing(user: User) -> None:
    assert user.says("config set tmdb_sync.api_key -", given="deadbeef" * 4)[0] == SUCCEEDED
    code, last = user.says("verify")
    assert (code, last.startswith("TMDb does not accept this API key.")) == (NOT_CONNECTED, True)
    assert user.reads("verify")["connected"] is False
    assert user.says("sync")[0] == NOT_CONNECTED


def test_names_do_not_steer_the_terminal(user: User) -> None:
    name = "A\x1b[31m\x9b2JB"
    done = command("pairs", "edit", "1", "--name", name, environment=user.environment)
    assert (done.returncode, "“A[31m2JB”" in done.stdout) == (SUCCEEDED, True), done.stdout
    assert user.reads("pairs show 1")["name"] == name
    for line in ("pairs list --json", "sync", "runs", "runs 1", "status"):
        done = command(*line.split(), environment=user.environment)
        assert not {"\x1b", "\x9b"} & set(done.stdout + done.stderr), line


def test_a_sync_that_did_not_get_everything_is_partial(user: User, tmdb: SimulatedTmdb) -> None:
    tmdb.ask("/knobs", {"faults": [{"kind": "wrong_page", "path": "watchlist/tv"}]})
    done = command("sync", environment=user.environment)
    assert done.returncode == PARTIAL
    assert "the source's list is not complete: page 1 of watchlist/tv" in done.stdout


def test_no_answer_fails_with_a_sentence(user: User, tmdb: SimulatedTmdb) -> None:
    tmdb.ask("/knobs", {"faults": [{"kind": "html"}]})
    code, last = user.says("sync")
    assert code == FAILED
    assert "answers in TMDb's place" in last.splitlines()[-1]
    assert "failed (Something answers in TMDb's place)" in user.says("runs")[1]
    shown = command("runs", "1", environment=user.environment).stdout
    assert "nothing to write" not in shown
    assert "nothing was decided" in shown


def test_a_running_sync_is_stopped_from_another_process(user: User, tmdb: SimulatedTmdb) -> None:
    tmdb.ask("/knobs", {"faults": [{"kind": "hang", "path": "rated", "seconds": 60}]})
    syncing = user.starts("sync")
    run = user.run_that_began()
    words = Path(f"/proc/{syncing.child.pid}/cmdline").read_bytes()
    assert words.split(b"\0")[-2:] == [b"sync", b""]
    assert user.says("sync")[0] == BUSY
    assert user.says(f"cancel {run}") == (SUCCEEDED, f"Run {run} was asked to stop.")
    assert syncing.finished() == FAILED
    assert "cancelled" in syncing.said
    assert "The run was stopped by you." in syncing.said
    assert user.says(f"cancel {run}") == (SUCCEEDED, f"Run {run} has already ended.")


def test_a_sync_waits_for_nobody_who_has_the_pair(user: User, tmdb: SimulatedTmdb) -> None:
    tmdb.ask("/knobs", {"faults": [{"kind": "hang", "path": "rated", "seconds": 60}]})
    with server(user.environment) as (_, base):
        begun = httpx2.post(f"{base}/api/pairs/1/run", json={}, timeout=30)
        assert begun.status_code == 202, begun.text
        run = user.run_that_began()
        code, last = user.says("sync")
        assert (code, last.splitlines()[0]) == (BUSY, "This pair is running at this moment.")
        assert user.says(f"cancel {run}")[0] == SUCCEEDED
        while user.reads("runs 1")["status"] == "running":
            time.sleep(0.1)
    assert user.reads("runs 1")["code"] == "cancelled"


def test_ctrl_c_stops_a_sync_and_says_so(user: User, tmdb: SimulatedTmdb) -> None:
    tmdb.ask("/knobs", {"faults": [{"kind": "hang", "path": "rated", "seconds": 60}]})
    syncing = user.starts("sync")
    user.run_that_began()
    assert syncing.end(2) == FAILED
    assert "Traceback" not in syncing.said
    assert user.reads("runs 1")["status"] == "cancelled"


def test_disconnected_and_revoked_are_not_connected(user: User, tmdb: SimulatedTmdb) -> None:
    assert user.says("sync")[0] == SUCCEEDED
    tmdb.ask("/revoke", {"user": "demo"})
    code, last = user.says("sync")
    assert (code, last.splitlines()[-1]) == (
        NOT_CONNECTED,
        "TMDb no longer accepts this connection; it was probably revoked there. "
        "Run “crosswatch connect tmdb” to connect again.",
    )
    assert user.says("verify")[0] == NOT_CONNECTED
    code, last = user.says("disconnect")
    assert (code, "say --yes" in last, "“TMDb to CrossWatch” will stop" in last) == (USED_WRONGLY, True, True)
    assert user.says("disconnect --yes") == (
        SUCCEEDED,
        "tmdb is disconnected. Until it is connected again, this stops: “TMDb to CrossWatch”.",
    )
    assert user.says("disconnect") == (SUCCEEDED, "tmdb was not connected.")
    code, last = user.says("sync")
    assert (code, "tmdb" in last.splitlines()[-1]) == (NOT_CONNECTED, True)
    assert [run["status"] for run in user.reads("runs")] == ["failed", "failed", "succeeded"]
