"""The whole application over a simulated TMDb, called as a script on this machine calls it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from crosswatch.app import application, open_house
from crosswatch.services.house import House
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import Fault, Key, ServedSimulator

BASE = "http://127.0.0.1:8787"
ME = ("127.0.0.1", 50_000)
KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
OTHER_KEY = "ffeeddccbbaa99887766554433221100"
PROBLEM = "application/problem+json"
T = TypeVar("T")


class AheadClock:
    """The machine's time, and as much ahead of it as a test likes."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def pass_seconds(self, seconds: float) -> None:
        self.ahead_ms += round(seconds * 1000)


class Api:
    """An installation with its API. Every answer is searched for secrets, every error for its shape."""

    def __init__(self, served: ServedSimulator, home: Path, **settings: Any) -> None:
        self.sim, self.served, self.home = served.sim, served, home
        self.sim.add_key(KEY, app_name="CrossWatch")
        self.clock = AheadClock()
        self.settings: dict[str, Any] = {
            "tmdb_api_url": served.api_url,
            "tmdb_web_url": served.web_url,
            "tmdb_visibility_delay": 0,
            **settings,
        }
        self.secrets = {KEY, OTHER_KEY}
        self.open()

    def open(self) -> None:
        """Starts the application; a test that closed it before starts it again on the same folder."""
        settings = Settings(home=self.home, **self.settings)
        self.house: House = open_house(settings, role="the test", clock=self.clock)
        self.app: ASGIApp = application(self.house)
        self.client = TestClient(self.app, base_url=BASE, client=ME, raise_server_exceptions=True)
        self.client.__enter__()

    def close(self) -> None:
        self.client.__exit__(None, None, None)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """One call; ``path`` is without ``/api``."""
        content = None if body is None else json.dumps(body)
        given = {} if body is None else {"Content-Type": "application/json"}
        answer = self.client.request(
            method, f"/api{path}", content=content, params=query, headers={**given, **(headers or {})}
        )
        self.check(answer)
        if answer.status_code >= 400:
            assert "?" not in answer.json()["error"], "a parameter of the sentence is missing"
        return answer

    def check(self, answer: httpx2.Response) -> None:
        said = answer.text + str(answer.headers)
        for secret in (*self.secrets, *self.sim.sessions):
            assert secret not in said
        if answer.status_code >= 400:
            is_problem(answer)

    def get(self, path: str, **query: str) -> Any:
        answer = self.call("GET", path, query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, **query: str) -> Any:
        answer = self.call("POST", path, body, query=query)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, str]:
        """Status and code of a call that must fail."""
        answer = self.call(method, path, body, query=query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"]

    def fault(self, **rule: Any) -> None:
        self.sim.knobs.faults = [*self.sim.knobs.faults, Fault(**rule)]

    def asked(self, path: str, method: str = "") -> int:
        """How often TMDb was called at that path."""
        return len(self.sim.traffic.entries(method, path))

    def start(self, *, key: str | None = KEY, **query: str) -> Any:
        return self.post("/tmdb_sync/connect/start", None if key is None else {"api_key": key}, **query)

    def verify(self, **query: str) -> Any:
        """Verify, when at least two seconds have passed since the last question."""
        self.clock.pass_seconds(2.1)
        return self.get("/tmdb_sync/verify", **query)

    def connect(self, user: str = "alice", **query: str) -> Any:
        """Goes the whole way; gives what verify says then."""
        if not any(known.username == user for known in self.sim.users.values()):
            self.sim.add_user(user)
        self.sim.approve(self.start(**query)["request_token"], user)
        state = self.verify(**query)
        assert (state["connected"], state["pending"]) == (True, False), state
        return state

    def movies(self, count: int) -> list[Key]:
        return self.sim.catalogue.add_synthetic(movies=count)

    def pair(self, **more: object) -> Any:
        return self.post("/pairs", {"source": "tmdb", "target": "tracker", **more})

    def ended(self, run_id: str) -> Any:
        """A run when it has ended, by its events."""
        with self.client.stream("GET", f"/api/runs/{run_id}/events") as stream:
            for _ in stream.iter_lines():
                pass
        return self.get(f"/runs/{run_id}")

    def drive(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does something in the application's own event loop."""
        portal = self.client.portal
        assert portal is not None
        return portal.call(work)


def is_problem(answer: httpx2.Response) -> None:
    """An error document as RFC 9457 and the interface want it."""
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["ok"] is False
    assert told["status"] == answer.status_code
    assert told["type"].endswith(told["code"])
    assert told["title"]
    assert told["error"] == told["detail"] != ""
