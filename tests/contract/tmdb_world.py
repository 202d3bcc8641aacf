"""The simulated TMDb with one user, our client beside it, and what must hold for every call whatever the test."""

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import stamina

from crosswatch.errors import CrossWatchError
from crosswatch.model.kinds import Feature
from crosswatch.model.readings import Page, ReadEnd, Row
from crosswatch.net.client import HttpClient
from crosswatch.net.pacer import Pacer
from crosswatch.net.redaction import install
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.providers.tmdb.status import SERVICE, says_wait
from crosswatch.simulators.tmdb import DEMO_KEY, Fault, Key, ServedSimulator, Simulator, run_simulator

T = TypeVar("T")

SHARED = Path(os.environ.get("CROSSWATCH_TEST_DATA") or Path(__file__).parents[3] / "shared")


class HastyClock:
    """The real time, except that sleeping takes none: it only moves the clock on."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return int((time.time() + self.ahead) * 1000)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += seconds
        await asyncio.sleep(0)


@dataclass
class Reading:
    """What one read gave; rows before a restart are dropped, as its reader must do."""

    rows: list[Row] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    end: ReadEnd | None = None

    @property
    def ended(self) -> ReadEnd:
        assert self.end is not None
        return self.end

    @property
    def native(self) -> list[str]:
        return [row.ref.native_id for row in self.rows]

    @property
    def restarts(self) -> int:
        return sum(page.restart for page in self.pages)


async def read_all(link: TmdbLink, feature: Feature) -> Reading:
    reading = Reading()
    async for page in link.read(feature):
        assert reading.end is None
        if page.restart:
            reading.rows.clear()
        reading.rows += page.rows
        reading.pages.append(page)
        reading.end = page.end
    return reading


class World:
    """``sim`` is what TMDb has; ``run`` and ``read`` are what we make of it."""

    def __init__(self, served: ServedSimulator) -> None:
        self.sim: Simulator = served.sim
        self.served = served
        self.user = "alice"
        self.user_id = self.sim.add_user(self.user)
        self.session = self.sim.add_session(self.user)
        self.clock = HastyClock()
        self.time_limit = 20.0

    def movies(self, count: int) -> list[Key]:
        return self.sim.catalogue.add_synthetic(movies=count)

    def shows(self, count: int) -> list[Key]:
        return self.sim.catalogue.add_synthetic(shows=count)

    def fault(self, **rule: Any) -> None:
        self.sim.knobs.faults = [*self.sim.knobs.faults, Fault(**rule)]

    def with_client(
        self,
        story: Callable[[TmdbClient], Awaitable[T]],
        *,
        key: str = DEMO_KEY,
        session: str | None = None,
        language: str = "",
    ) -> T:
        async def told() -> T:
            http = HttpClient(
                self.served.api_url,
                service=SERVICE,
                pacer=Pacer(self.clock, per_second=2000, connections=8),
                clock=self.clock,
                time_limit=self.time_limit,
                limited=says_wait,
            )
            session_id = self.session if session is None else session
            try:
                return await story(TmdbClient(http, key, session_id, clock=self.clock, language=language))
            finally:
                await http.aclose()

        return asyncio.run(told())

    def with_link(self, story: Callable[[TmdbLink], Awaitable[T]], **how: Any) -> T:
        return self.with_client(lambda client: story(TmdbLink(client, str(self.user_id))), **how)

    def read(self, feature: Feature, **how: Any) -> Reading:
        return self.with_link(lambda link: read_all(link, feature), **how)

    def asked(self, path: str = "") -> int:
        return len(self.sim.traffic.entries(path=path))


@contextmanager
def tmdb_world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """At the end every call is compared with the official document, and every log line searched for secrets."""
    install()
    for name in ("", "httpx2", "httpcore2", "stamina"):
        caplog.set_level(logging.DEBUG, name)
    with stamina.set_testing(True, attempts=3), run_simulator() as served:
        world = World(served)
        yield world
        check_calls(world)
        for secret in (DEMO_KEY, *world.sim.sessions, *world.sim.tokens):
            for record in [*caplog.get_records("setup"), *caplog.get_records("call")]:
                assert secret not in f"{record.getMessage()} {vars(record)}"


def says_no_secret(world: World, error: CrossWatchError) -> None:
    said = f"{error} {error!r} {vars(error)}"
    for secret in (DEMO_KEY, world.session, *world.sim.tokens):
        assert secret not in said


def check_calls(world: World) -> None:
    """Path, method and parameter names of every call are TMDb's own. Exempt: /3/account and api_key (official docs)."""
    calls = {(entry.method, f"/3{entry.path}", entry.query) for entry in world.sim.traffic.entries()}
    for method, path, query in calls:
        exempt = (method, path) == ("GET", "/3/account")
        known = {"session_id"} if exempt else parameters(method, path)
        assert set(query) <= known | {"api_key"}, f"{method} {path} with {query}"


def parameters(method: str, path: str) -> set[str]:
    found: Sequence[dict[str, Any]] = [
        operations[method.lower()]
        for template, operations in _paths().items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in operations
    ]
    assert found, f"TMDb has no {method} {path}"
    return {one["name"] for one in found[0].get("parameters", ()) if one["in"] == "query"}


def _paths() -> dict[str, Any]:
    if not _DOCUMENT:
        _DOCUMENT.update(json.loads((SHARED / "contracts" / "tmdb.openapi.json").read_text())["paths"])
    return _DOCUMENT


_DOCUMENT: dict[str, Any] = {}
