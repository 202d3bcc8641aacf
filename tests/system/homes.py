"""Folders of installations for tests of the real program, connected without its help."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import httpx2

from crosswatch.app import open_house
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Mode
from crosswatch.providers.tmdb import provider as tmdb_provider
from crosswatch.providers.tmdb.manifest import PACE
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.house import House
from crosswatch.services.pairs import NewPair, Pairs
from crosswatch.services.running import Running, RunReport
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import DEMO_KEY
from tests.system.processes import SimulatedTmdb

_DEMO = {"default": "demo"}


@dataclass
class Home:
    """One installation's folder, connected to the simulated TMDb, with one pair."""

    folder: Path
    tmdb: SimulatedTmdb

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.folder,
            tmdb_api_url=self.tmdb.api_url,
            tmdb_web_url=self.tmdb.web_url,
            tmdb_visibility_delay=0,
        )

    def within(self, work: Callable[[House], Any]) -> Any:
        """The result of work on the open house, in this process. TMDb's pace is lifted: a simulator answers."""

        async def main() -> Any:
            house = open_house(self.settings, role="the test")
            try:
                return await work(house)
            finally:
                await house.close()

        with mock.patch.object(tmdb_provider, "PACE", replace(PACE, per_second=900)):
            return asyncio.run(main())

    def make(
        self,
        *pairs: tuple[str, str],
        users: Mapping[str, str] = _DEMO,
        mode: Mode = Mode.ONE_WAY,
    ) -> None:
        """Connects accounts by sessions of simulated users, and makes the pairs.

        ``users``: instance -> who it is at TMDb. ``pairs``: source and target as people write them; one of TMDb and
        the tracker where none is named.
        """
        sessions = {instance: _session(self.tmdb, user) for instance, user in users.items()}

        async def connect(house: House) -> None:
            for instance, session in sessions.items():
                await ConnectTmdb(house).save(instance, api_key=DEMO_KEY, session_id=session)
            for source, target in pairs or (("tmdb", "tracker"),):
                new = NewPair(AccountName.parse(source), AccountName.parse(target), mode=mode)
                await Pairs(house).add(new)

        self.within(connect)

    def sync(self, pair_id: int = 1) -> RunReport:
        """One undisturbed run."""

        async def run(house: House) -> RunReport:
            run_id, pair = await Running(house).begin(pair_id, trigger="test")
            return await Running(house).carry_out(run_id, pair)

        report: RunReport = self.within(run)
        assert (report.run.status, report.run.code) == ("succeeded", "")
        return report

    @contextlib.contextmanager
    def looked_at(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.settings.database_file, timeout=10)) as connection:
            yield connection


def _session(tmdb: SimulatedTmdb, user: str) -> str:
    """A session of a simulated user, by the way that a script would take."""
    key = {"api_key": DEMO_KEY}
    token = httpx2.get(f"{tmdb.api_url}/authentication/token/new", params=key).json()["request_token"]
    tmdb.approve(token, user)
    body = {"request_token": token}
    answer = httpx2.post(f"{tmdb.api_url}/authentication/session/new", params=key, json=body)
    return str(answer.json()["session_id"])
