"""Marked secrets through everything that the program does; afterwards they are looked for everywhere."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest

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

KEY = "c0de5eed0123456789abcdef01234567"
WRONG_KEY = "bad0bad0bad0bad0bad0bad0bad0bad0"
PAGES = (
    "/",
    "/runs",
    "/runs/1",
    "/settings",
    "/settings/tmdb_sync",
    "/settings/tmdb_sync/disconnect",
    "/nothing",
)
SHOWING_THE_LINK = ("GET /settings/tmdb_sync",)
"""Where the approval link stands for the user to open; it holds the request token, which is worth nothing alone."""

CALLS = (
    "/api/health",
    "/api/status",
    "/api/providers",
    "/api/config",
    "/api/pairs",
    "/api/runs",
    "/api/runs/1",
    "/api/runs/1/items",
    "/api/tmdb_sync/verify",
    "/api/openapi.json",
    "/api/docs",
    "/api/nothing",
)


class Witness:
    """Everything that was seen of the program from outside."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.seen: list[tuple[str, str]] = []
        self.client = httpx2.Client(base_url=base, timeout=60, headers={"Origin": base})

    def call(self, method: str, path: str, *, keep: bool = True, **more: Any) -> httpx2.Response:
        answer = self.client.request(method, path, **more)
        if keep:
            self.seen.append((f"{method} {path}", f"{answer.headers}\n{answer.text}"))
        return answer

    def look_everywhere(self) -> None:
        for path in (*PAGES, *CALLS):
            self.call("GET", path)


def _fail_in_every_way(tmdb: SimulatedTmdb, witness: Witness) -> None:
    """Connections that break, hang up, lie or refuse, while secrets are on their way."""
    kinds: tuple[dict[str, Any], ...] = (
        {"kind": "reset"},
        {"kind": "html"},
        {"kind": "truncated"},
        {"kind": "wrong_shape"},
        {"kind": "empty_body"},
        {"kind": "redirect"},
        {"kind": "status", "status": 503},
        {"kind": "rate_limited"},
    )
    for fault in kinds:
        tmdb.ask("/knobs", {"faults": [fault], "retry_after": "86400"})
        witness.call("GET", "/api/tmdb_sync/verify")
        witness.call("POST", "/api/tmdb_sync/connect/start", json={"api_key": WRONG_KEY})
        witness.call("POST", "/api/tmdb/verify", json={"api_key": WRONG_KEY})
        witness.call("POST", "/api/pairs/1/run")
        witness.look_everywhere()
    tmdb.ask("/knobs", {"faults": [], "retry_after": "none"})


def _without_tmdb(env: dict[str, str]) -> list[tuple[str, str]]:
    """Commands when nobody listens where TMDb should be, and where its name does not resolve."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = []
    for address in (f"http://127.0.0.1:{port}/3", "http://nowhere.invalid/3"):
        away = env | {"CROSSWATCH_TMDB_API_URL": address, "CROSSWATCH_LOG_LEVEL": "debug"}
        for words in (("verify",), ("sync",), ("status",), ("connect", "tmdb/second", "--key", "-")):
            done = command(*words, environment=away, given=KEY)
            said.append((f"crosswatch {' '.join(words)}", done.stdout + done.stderr))
            assert "Traceback" not in done.stdout + done.stderr
    return said


def _arguments(process: Process) -> str:
    return Path(f"/proc/{process.child.pid}/cmdline").read_bytes().decode().replace("\0", " ")


def _assert_nowhere(secrets: dict[str, str], places: list[tuple[str, str]]) -> None:
    for name, secret in secrets.items():
        for place, text in places:
            assert secret not in text, f"the {name} is in {place}"


@pytest.mark.timeout(300)
def test_no_secret_is_anywhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with simulated_tmdb("--watchlist", "30", "--ratings", "30") as tmdb:
        env = environment(home, tmdb, LOG_LEVEL="debug")
        with server(env) as (process, base):
            witness = Witness(base)
            witness.call(
                "POST", "/api/tmdb_sync/connect/start", json={"api_key": "eyJhbGciOi.eyJhdWQiOi.c2lnbmF0dXJl"}
            )
            witness.call("POST", "/api/tmdb_sync/connect/start", json={"api_key": WRONG_KEY})
            witness.call("POST", "/api/tmdb_sync/connect/start", content=f'{{"api_key": "{KEY}"')
            witness.call("POST", "/api/tmdb_sync/connect/start", json={"api_key": [KEY], KEY: 1})
            first = witness.call(
                "POST", "/api/tmdb_sync/connect/start", json={"api_key": KEY}, keep=False
            ).json()
            assert KEY not in str(first)
            witness.look_everywhere()
            tmdb.approve(first["request_token"])
            finished = witness.call("POST", "/api/tmdb_sync/connect/finish", json={})
            assert finished.json()["connected"] is True
            session = next(iter(tmdb.ask("/state")["sessions"]))
            pair = {"source": "tmdb", "target": "tracker"}
            assert witness.call("POST", "/api/pairs", json=pair).status_code == 201
            witness.call("POST", "/api/pairs/1/run")
            with witness.client.stream("GET", "/api/runs/1/events") as events:
                witness.seen.append(("events", "".join(events.iter_text())))
            witness.look_everywhere()
            again = witness.call("POST", "/api/tmdb_sync/connect/start", json={}, keep=False).json()
            _fail_in_every_way(tmdb, witness)
            tmdb.ask("/revoke", {"session": session})
            witness.look_everywhere()
            arguments = _arguments(process)
            witness.call("POST", "/api/tmdb_sync/save", json={"api_key": KEY, "session_id": WRONG_KEY * 2})
            said = _without_tmdb(env)
            witness.call("POST", "/api/tmdb_sync/disconnect")
            witness.client.close()
        waiting = started(PROGRAM, "connect", "tmdb", environment=env)
        waiting.wait_for("/authenticate/")
        arguments += _arguments(waiting)
        waiting.end()

    secrets = {"key": KEY, "wrong key": WRONG_KEY, "session": session}
    tokens = {"request token": first["request_token"], "second token": again["request_token"]}
    files = [(str(path), path.read_bytes().decode("latin-1")) for path in home.rglob("*") if path.is_file()]
    places = [*witness.seen, *said, ("log", process.said), ("ps", arguments), *files]
    assert any("DEBUG" in line for line in process.lines), "the log was to be looked at on every level"
    assert any(path.endswith("crosswatch.db") for path, _ in files)
    _assert_nowhere(secrets, places)
    _assert_nowhere(tokens, [(place, text) for place, text in places if place not in SHOWING_THE_LINK])
    _assert_nowhere(secrets, [("connect", waiting.said)])
    assert "Traceback" not in process.said
