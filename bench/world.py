"""The program and a simulated TMDb, each a process of its own, as a user has them."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosswatch.simulators.tmdb import DEMO_KEY

_CROSSWATCH = str(Path(sys.executable).parent / "crosswatch")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one command took: seconds of the wall, peak memory in MB, and what it said."""

    seconds: float
    peak_mb: float
    said: str


@dataclass(frozen=True, slots=True)
class World:
    """A simulated account that is connected, and the folder of an installation."""

    environment: dict[str, str]
    control: str

    def command(self, *words: str) -> Measured:
        """Runs ``crosswatch ...`` to its end. Raises RuntimeError where it fails."""
        started = time.perf_counter()
        with tempfile.TemporaryFile("w+") as said:
            child = subprocess.Popen([_CROSSWATCH, *words], env=self.environment, stdout=said)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            text = said.read()
        if child.returncode:
            raise RuntimeError(f"crosswatch {' '.join(words)} ended with {child.returncode}: {text}")
        return Measured(time.perf_counter() - started, usage.ru_maxrss / 1024, text)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the simulator's controls."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.control}{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def world(*simulator: str) -> Iterator[World]:
    """A fresh installation on a simulator that was started with these words; the account is connected."""
    with tempfile.TemporaryDirectory(prefix="crosswatch-bench-") as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", "crosswatch.simulators.tmdb", "--print-urls", *simulator],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None, "it was asked for"
            urls = json.loads(child.stdout.readline())
            environment = {
                name: value for name, value in os.environ.items() if not name.startswith("CROSSWATCH_")
            } | {
                "CROSSWATCH_HOME": folder,
                "CROSSWATCH_TMDB_API_URL": urls["api_url"],
                "CROSSWATCH_TMDB_WEB_URL": urls["web_url"],
                "CROSSWATCH_TMDB_SYNC_API_KEY": DEMO_KEY,
                "CROSSWATCH_TMDB_VISIBILITY_DELAY": "0",
            }
            made = World(environment, f"{urls['web_url']}/_simulator")
            _connect(made)
            made.command("pairs", "add", "tmdb", "tracker", "--name", "tracker")
            yield made
        finally:
            child.terminate()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _connect(made: World, account: str = "tmdb", place: int = 0) -> None:
    """Connects as a user does: asks, approves in the simulator as its user at that place, goes on."""
    child = subprocess.Popen(
        [_CROSSWATCH, "connect", account], env=made.environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None, "it was asked for"
    with child.stdout as lines:
        link = next((line.strip() for line in lines if "/authenticate/" in line), "")
        if not link:
            raise RuntimeError("no approval link was printed")
        user = made.ask("/state")["users"][place]["username"]
        made.ask("/approve", {"token": link.rsplit("/", 1)[1], "user": user})
        lines.read()
    if child.wait():
        raise RuntimeError("the simulated account could not be connected")


def connect_second(made: World) -> None:
    """Connects ``tmdb/second``, a user who has nothing, and pairs the two both ways."""
    made.ask("/users", {"username": "second"})
    _connect(made, "tmdb/second", place=1)
    made.command("pairs", "add", "tmdb", "tmdb/second", "--two-way", "--name", "both")
