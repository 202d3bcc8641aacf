"""What every service works with, put together by app.py."""

from dataclasses import dataclass

from crosswatch.config.config import Config
from crosswatch.ports import Clock, Provider
from crosswatch.providers.tmdb.provider import TmdbProvider
from crosswatch.runs.processes import Process
from crosswatch.runs.runner import Runner
from crosswatch.sealing import Sealer
from crosswatch.settings import Settings
from crosswatch.store.database import Database


@dataclass(frozen=True, slots=True)
class House:
    """An open installation: its settings, files, database, providers and runs."""

    settings: Settings
    sealer: Sealer
    config: Config
    database: Database
    clock: Clock
    process: Process
    providers: dict[str, Provider]
    tmdb: TmdbProvider
    runner: Runner

    async def close(self, *, seconds: float = 2.0) -> None:
        """Ends runs under way as interrupted, then closes everything."""
        await self.runner.close(seconds=seconds)
        await self.tmdb.aclose()
        self.process.close()
        self.database.close()
