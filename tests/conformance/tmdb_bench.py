"""TMDb on the bench: the provider as the house opens it, over the simulated TMDb."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import stamina

from crosswatch.config.config import Config
from crosswatch.config.folders import make_folders
from crosswatch.model.capabilities import Manifest
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.refs import Ref, ids
from crosswatch.model.values import PRESENT, Value
from crosswatch.ports import Link
from crosswatch.providers.registry import tmdb
from crosswatch.providers.tmdb import provider as tmdb_provider
from crosswatch.providers.tmdb.manifest import PACE
from crosswatch.sealing import Sealer, load_key
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import DEMO_KEY, Edit, Fault, Key, ServedSimulator, Simulator, run_simulator
from crosswatch.simulators.tmdb.catalogue import well_known
from tests.conformance.bench import AFTER_THE_EFFECT, Asks, Bench, Trouble, Truth
from tests.contract.tmdb_world import HastyClock

T = TypeVar("T")
EPISODES_OF_A_SHOW = 18
LATE_SECONDS = 3_600.0
_ASKED = {
    Asks.READ: ("GET", r"^/account/\w+/(watchlist|rated)/"),
    Asks.LOOKUP: ("GET", "/account_states$"),
    Asks.WRITE: ("POST|DELETE", "(/watchlist|/rating)$"),
}
_FAULTS: dict[Trouble, dict[str, Any]] = {
    Trouble.FORBIDDEN: {"kind": "status", "status": 403},
    Trouble.WAIT_TOLD: {"kind": "rate_limited"},
    Trouble.WAIT_UNTOLD: {"kind": "rate_limited"},
    Trouble.FAILURE: {"kind": "status", "status": 500},
    Trouble.EMPTY_PAGE: {"kind": "empty_page"},
    Trouble.REPEATED_ROW: {"kind": "duplicate_row"},
    Trouble.HELD: {"kind": "hang"},
    Trouble.SILENCE: {"kind": "hang", "seconds": 2 * PACE.time_limit},
    Trouble.RESET: {"kind": "reset"},
    Trouble.WEB_PAGE: {"kind": "html"},
    Trouble.CUT_ANSWER: {"kind": "truncated"},
}


class PushedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time can be pushed on, so that a time limit passes without anybody waiting for it."""

    pushed = 0.0

    def time(self) -> float:
        return super().time() + self.pushed

    def push(self, seconds: float) -> None:
        """From any thread: as if so much time had passed."""
        self.pushed += seconds
        self.call_soon_threadsafe(lambda: None)


class TmdbBench:
    """Two users of the simulated TMDb, alice (``default``) and bob (``second``)."""

    def __init__(self, served: ServedSimulator, home: Path, runner: asyncio.Runner) -> None:
        self.sim: Simulator = served.sim
        self.page_size = self.sim.knobs.page_size
        self.said: list[str] = []
        self._runner = runner
        self._holding = 0
        settings = Settings(
            home=home, tmdb_api_url=served.api_url, tmdb_web_url=served.web_url, tmdb_visibility_delay=0
        )
        make_folders(settings)
        config = Config(settings, Sealer(load_key(settings, settings.state)))
        self._users = {"default": "alice", "second": "bob"}
        self._secrets = [DEMO_KEY]
        for instance, user in self._users.items():
            number, session = self.sim.add_user(user), self.sim.add_session(user)
            self._secrets.append(session)
            config.save_tmdb_account(
                instance, api_key=DEMO_KEY, session_id=session, account_id=str(number), username=user
            )
        clock = HastyClock()
        self.provider = tmdb(config, clock)

    @property
    def manifest(self) -> Manifest:
        return self.provider.manifest

    def open(self, instance: str = "default") -> Link:
        return self.provider.open(instance)

    def titles(self, kind: Kind, count: int) -> list[Ref]:
        catalogue = self.sim.catalogue
        if kind is Kind.MOVIE:
            return [self._ref(key) for key in catalogue.add_synthetic(movies=count)]
        shows = catalogue.add_synthetic(shows=count if kind is Kind.SHOW else -(-count // EPISODES_OF_A_SHOW))
        if kind is Kind.SHOW:
            return [self._ref(key) for key in shows]
        return [
            self._ref(episode.key)
            for show in shows
            for season in catalogue.shows[show[1]].seasons.values()
            for episode in season.episodes.values()
        ][:count]

    def unknown(self, kind: Kind) -> Ref:
        if kind is Kind.EPISODE:
            return Ref(kind, ids(tmdb=999_999_999), show_ids=ids(tmdb=1399), season=1, number=999)
        return Ref(kind, ids(tmdb=999_999_999))

    def twins(self) -> tuple[Ref, Ref]:
        return self._ref(("movie", 1668)), self._ref(("tv", 1668))

    def truth(self, feature: Feature, instance: str = "default") -> Truth:
        user = self._users[instance]
        if feature is Feature.WATCHLIST:
            return {self._ref(key): PRESENT for key in self.sim.watchlist(user)}
        return {self._ref(key): round(points * 100) for key, points in self.sim.ratings(user).items()}

    def edit(self, feature: Feature, ref: Ref, value: Value | None) -> None:
        key = _key(ref)
        if feature is Feature.WATCHLIST:
            self.sim.edit(Edit("alice", "remove" if value is None else "add", key))
        elif value is None:
            self.sim.edit(Edit("alice", "unrate", key))
        else:
            self.sim.edit(Edit("alice", "rate", key, value / 100))

    def vanish(self, ref: Ref) -> None:
        self.sim.delete_title(_key(ref))

    def fill(self, feature: Feature, rows: Mapping[Ref, Value]) -> None:
        if feature is Feature.WATCHLIST:
            self.sim.fill_watchlist("alice", [_key(ref) for ref in rows])
        else:
            self.sim.fill_ratings("alice", [(_key(ref), value / 100) for ref, value in rows.items()])

    def arrived(self) -> int:
        counted = dict(self.sim.traffic.counters)
        return sum(count for name, count in counted.items() if name.startswith(("POST", "DELETE")))

    def secrets(self) -> list[str]:
        return self._secrets

    def suffer(
        self, trouble: Trouble, asks: Asks, *, times: int | None = None, page: int | None = None
    ) -> None:
        if trouble is Trouble.SESSION_OVER:
            self._end_sessions(after=0 if page is None else page - 1)
            return
        if trouble in (Trouble.LATE_LIST, Trouble.CLEARED):
            self.sim.knobs.list_lag = LATE_SECONDS if trouble is Trouble.LATE_LIST else 0
            self.sim.knobs.rating_clears_watchlist = trouble is Trouble.CLEARED
            return
        self.sim.knobs.retry_after = "1" if trouble is Trouble.WAIT_TOLD else "none"
        method, path = _ASKED[asks]
        fault = Fault(
            **_FAULTS[trouble],
            method=method,
            path=path,
            query="" if page is None else rf"\bpage={page}\b",
            times=times,
            when="after" if trouble in AFTER_THE_EFFECT else "before",
        )
        self.sim.knobs.faults = [*self.sim.knobs.faults, fault]

    def held(self) -> int:
        return self._holding

    def recover(self) -> None:
        self.sim.knobs.faults = []
        self.sim.knobs.list_lag = 0
        self.sim.knobs.rating_clears_watchlist = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def pass_time(self, seconds: float) -> None:
        """The simulator's sleep: a call is held for ever, and one that shall be too late makes the time pass."""
        self._holding += 1
        if seconds > PACE.time_limit * 1.5:
            loop = self._runner.get_loop()
            assert isinstance(loop, PushedLoop)
            loop.push(seconds)
        await asyncio.Event().wait()

    def _end_sessions(self, after: int) -> None:
        if after:
            self.sim.after_list_reads(after, lambda: self.sim.revoke_sessions("alice"))
        else:
            self.sim.revoke_sessions("alice")

    def _ref(self, key: Key) -> Ref:
        if len(key) == 2:
            return Ref(Kind.MOVIE if key[0] == "movie" else Kind.SHOW, ids(tmdb=key[1]))
        _, show, season, number = key
        own = self.sim.catalogue.shows[show].seasons[season].episodes[number].id
        return Ref(Kind.EPISODE, ids(tmdb=own), show_ids=ids(tmdb=show), season=season, number=number)


def _key(ref: Ref) -> Key:
    if ref.kind is Kind.EPISODE:
        assert ref.season is not None
        assert ref.number is not None
        return ("episode", int(ref.show_id("tmdb") or 0), ref.season, ref.number)
    return ("movie" if ref.kind is Kind.MOVIE else "tv", int(ref.id("tmdb") or 0))


@contextlib.contextmanager
def tmdb_bench(home: Path) -> Iterator[Bench]:
    """Nothing is waited for: the pace is lifted, pauses are counted, and time limits pass when the service says so."""
    sim = Simulator(catalogue=well_known(), sleep=lambda seconds: bench.pass_time(seconds))
    with (
        mock.patch.object(tmdb_provider, "PACE", replace(PACE, per_second=2000)),
        # No TLS is spoken here, and reading the machine's certificates takes longer than most cases.
        mock.patch.object(ssl.SSLContext, "load_verify_locations"),
        stamina.set_testing(True, attempts=3),
        run_simulator(sim) as served,
        asyncio.Runner(loop_factory=PushedLoop) as runner,
    ):
        bench = TmdbBench(served, home, runner)
        try:
            yield bench
        finally:
            bench.run(bench.provider.aclose())
