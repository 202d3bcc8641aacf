"""What the tests of simulators share: a clock to turn by hand, somebody signed in, and the test data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from crosswatch.simulators.tmdb import DEMO_KEY, ServedSimulator, Simulator

FILMS = [("movie", number) for number in (11, 13, 550, 603, 680)]


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Person:
    """One user with a session, calling the API of a served simulator."""

    sim: Simulator
    served: ServedSimulator
    client: httpx2.Client
    session: str
    username: str = "alice"

    def call(self, method: str, path: str, body: object = None, **query: object) -> httpx2.Response:
        params: dict[str, Any] = {"api_key": DEMO_KEY, "session_id": self.session, **query}
        params = {name: value for name, value in params.items() if value is not None}
        return self.client.request(method, self.served.api_url + path, params=params, json=body)

    def get(self, path: str, **query: object) -> httpx2.Response:
        return self.call("GET", path, **query)

    def watch(self, kind: str, number: int, *, on: bool = True) -> httpx2.Response:
        body = {"media_type": kind, "media_id": number, "watchlist": on}
        return self.call("POST", "/account/1/watchlist", body)

    def page(self, name: str = "watchlist/movies", **query: object) -> dict[str, Any]:
        answer = self.get(f"/account/1/{name}", **query)
        assert answer.status_code == 200, answer.text
        value: dict[str, Any] = answer.json()
        return value

    def ids(self, name: str = "watchlist/movies", **query: object) -> list[int]:
        return [row["id"] for row in self.page(name, **query)["results"]]

    def states(self, path: str) -> dict[str, Any]:
        value: dict[str, Any] = self.get(f"{path}/account_states").json()
        return value


def data_root() -> Path:
    """The folder of the test data; skips the test where it is missing."""
    root = Path(os.environ.get("CROSSWATCH_TEST_DATA", Path(__file__).parents[2].parent / "shared"))
    if not (root / "contracts").is_dir():
        pytest.skip("no test data: set CROSSWATCH_TEST_DATA to the folder with contracts/ and data/")
    return root
