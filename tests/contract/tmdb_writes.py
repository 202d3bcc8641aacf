"""What the tests of TMDb's writes share: titles, writes, a may_send that is watched, and a TMDb that says one thing."""

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import stamina

from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.refs import Ref, ids
from crosswatch.model.values import PRESENT, Value
from crosswatch.model.writes import Outcome, Write
from crosswatch.net.client import HttpClient
from crosswatch.net.pacer import Pacer
from crosswatch.net.redaction import install
from crosswatch.ports import MaySend
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.providers.tmdb.status import SERVICE, says_wait
from crosswatch.simulators.tmdb import Key
from tests.contract.tmdb_world import HastyClock, World

KEY = "0123456789abcdef0123456789abcdef"
SESSION = "5e5510a0123456789abcdef0123456789abcdef0"


def movie(tmdb_id: object, native_id: str = "") -> Ref:
    return Ref(Kind.MOVIE, ids(tmdb=tmdb_id), native_id)


def show(tmdb_id: object, native_id: str = "") -> Ref:
    return Ref(Kind.SHOW, ids(tmdb=tmdb_id), native_id)


def episode(show_id: object, season: int, number: int, native_id: str = "") -> Ref:
    return Ref(Kind.EPISODE, ids(), native_id, ids(tmdb=show_id), season, number)


def add(ref: Ref, wanted: Value = PRESENT, *, number: int = 1) -> Write:
    return Write(number, ref, Action.ADD, None, wanted)


def change(ref: Ref, expected: Value, wanted: Value, *, number: int = 1) -> Write:
    return Write(number, ref, Action.CHANGE, expected, wanted)


def remove(ref: Ref, expected: Value = PRESENT, *, number: int = 1) -> Write:
    return Write(number, ref, Action.REMOVE, expected, None)


async def always() -> None:
    """Lets everything out."""


@dataclass
class Watched:
    """A may_send that counts how often it was asked, and says no with ``no`` from the ``after``-th time on."""

    no: BaseException | None = None
    after: int = 1
    asked: int = 0

    async def __call__(self) -> None:
        self.asked += 1
        if self.no is not None and self.asked >= self.after:
            raise self.no


@dataclass
class Scripted:
    """TMDb played by given answers, the last of them for ever. ``events``: "asked" by may_send, "sent" by a call."""

    answers: list[httpx2.Response | Exception]
    clock: HastyClock = field(default_factory=HastyClock)
    requests: list[httpx2.Request] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    async def may_send(self) -> None:
        self.events.append("asked")

    def write(
        self, feature: Feature, *writes: Write, may_send: MaySend | None = None, account_id: str = "7"
    ) -> list[Outcome]:
        async def story() -> list[Outcome]:
            http = HttpClient(
                "https://api.example/3",
                service=SERVICE,
                pacer=Pacer(self.clock, per_second=2000, connections=8),
                clock=self.clock,
                limited=says_wait,
                transport=httpx2.MockTransport(self._answer),
            )
            link = TmdbLink(TmdbClient(http, KEY, SESSION, clock=self.clock), account_id)
            try:
                return await link.write(feature, writes, may_send or self.may_send)
            finally:
                await http.aclose()

        return asyncio.run(story())

    def one(self, feature: Feature, write: Write) -> Outcome:
        outcomes = self.write(feature, write)
        assert [outcome.write_id for outcome in outcomes] == [write.id]
        return outcomes[0]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        self.events.append("sent")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def scripted(*answers: httpx2.Response | Exception) -> Scripted:
    return Scripted(list(answers))


def says(status: int, data: Any, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json=data, headers=headers)


def told(status: int, number: int, message: str = "", **headers: str) -> httpx2.Response:
    """An answer in TMDb's own shape."""
    data = {"success": status < 300, "status_code": number, "status_message": message}
    return says(status, data, **headers)


def body(request: httpx2.Request) -> Any:
    return json.loads(request.content)


@contextmanager
def quiet_and_watched(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Retries without waiting; at the end every log line is searched for the secrets."""
    install()
    for name in ("", "httpx2", "httpcore2", "stamina"):
        caplog.set_level(logging.DEBUG, name)
    with stamina.set_testing(True, attempts=3):
        yield
    for record in caplog.get_records("call"):
        says_none(f"{record.getMessage()} {vars(record)}", [KEY, SESSION])


def says_none(text: str, secrets: Sequence[str]) -> None:
    for secret in secrets:
        assert secret not in text


def written(
    world: World, feature: Feature, *writes: Write, may_send: MaySend = always, **how: Any
) -> list[Outcome]:
    outcomes = world.with_link(lambda link: link.write(feature, writes, may_send), **how)
    assert [outcome.write_id for outcome in outcomes] == [write.id for write in writes]
    says_none(repr(outcomes), [*world.sim.keys, *world.sim.sessions])
    return outcomes


def one(world: World, feature: Feature, write: Write, **how: Any) -> Outcome:
    return written(world, feature, write, **how)[0]


WRITES: list[tuple[Feature, Write, str]] = [
    (Feature.WATCHLIST, add(movie(603)), "watchlist"),
    (Feature.WATCHLIST, remove(show(1399)), "watchlist"),
    (Feature.RATINGS, add(movie(603), 850), "rating"),
    (Feature.RATINGS, change(show(1399), 200, 850), "rating"),
    (Feature.RATINGS, remove(episode(1399, 1, 2), 200), "rating"),
]


def furnished(world: World) -> tuple[dict[Key, float], list[Key]]:
    world.sim.fill_watchlist(world.user, [("tv", 1399)])
    world.sim.fill_ratings(world.user, [(("tv", 1399), 2.0), (("episode", 1399, 1, 2), 2.0)])
    return world.sim.ratings(world.user), world.sim.watchlist(world.user)
