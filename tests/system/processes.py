"""The real program and a simulated TMDb, each a process of its own, as a user has them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx2

PROGRAM = str(Path(sys.executable).parent / "crosswatch")


@dataclass
class Process:
    """A running process and every line that it has said so far, on either stream."""

    child: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._readers = [
            threading.Thread(target=self._collect, args=(stream,), daemon=True)
            for stream in (self.child.stdout, self.child.stderr)
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def _collect(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, words: str, *, seconds: float = 60) -> str:
        """The first line that holds these words."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.lines):
                if words in line:
                    return line
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{words!r} was not said; but: {self.said}")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ends the process and returns its exit code."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        return self.finished()

    def finished(self, *, seconds: float = 60) -> int:
        """Waits for its end and for its last words."""
        code = self.child.wait(seconds)
        for reader in self._readers:
            reader.join(10)
        return code


def started(*command: str, environment: dict[str, str]) -> Process:
    """A process whose output is collected."""
    return Process(
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
    )


@dataclass(frozen=True)
class SimulatedTmdb:
    """A simulated TMDb as a process; ``ask`` speaks to its controls."""

    process: Process
    api_url: str
    web_url: str

    def ask(self, path: str, body: dict[str, Any] | None = None, *, method: str = "") -> Any:
        method = method or ("GET" if body is None else "PATCH" if path == "/knobs" else "POST")
        # No TLS is spoken here, and reading the machine's certificates takes longer than the call.
        answer = httpx2.request(
            method, f"{self.web_url}/_simulator{path}", json=body, timeout=30, verify=False
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def approve(self, token: str, user: str = "demo") -> None:
        self.ask("/approve", {"token": token, "user": user})


@contextlib.contextmanager
def simulated_tmdb(*words: str) -> Iterator[SimulatedTmdb]:
    """A simulated TMDb started with these words."""
    process = started(
        sys.executable,
        "-m",
        "crosswatch.simulators.tmdb",
        "--print-urls",
        *words,
        environment=dict(os.environ),
    )
    try:
        urls = json.loads(process.wait_for("api_url"))
        yield SimulatedTmdb(process, urls["api_url"], urls["web_url"])
    finally:
        process.end()


def environment(home: Path, tmdb: SimulatedTmdb, **more: str) -> dict[str, str]:
    """What a process of ours gets: this folder, this TMDb, a free port, and no delay before lists are believed."""
    ours = {
        "HOME": home,
        "PORT": 0,
        "TMDB_API_URL": tmdb.api_url,
        "TMDB_WEB_URL": tmdb.web_url,
        "TMDB_VISIBILITY_DELAY": 0,
        **more,
    }
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CROSSWATCH_")}
    return outside | {f"CROSSWATCH_{name}": str(value) for name, value in ours.items()}


@contextlib.contextmanager
def server(environment: dict[str, str]) -> Iterator[tuple[Process, str]]:
    """``crosswatch serve`` and its address, without a slash at the end."""
    process = started(PROGRAM, "serve", environment=environment)
    try:
        line = process.wait_for("CrossWatch is ready: ")
        yield process, line.rpartition(" ")[2].rstrip("/")
    finally:
        process.end()


def command(*words: str, environment: dict[str, str], given: str = "") -> subprocess.CompletedProcess[str]:
    """``crosswatch ...`` to its end."""
    return subprocess.run(
        [PROGRAM, *words],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
