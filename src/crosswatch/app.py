"""Puts the house together: from settings to an open installation, and to the application that serves it."""

from typing import TYPE_CHECKING

from crosswatch.config.config import Config
from crosswatch.config.folders import make_folders
from crosswatch.identity.resolver import TitleResolver
from crosswatch.net.clock import SystemClock
from crosswatch.ports import Clock
from crosswatch.providers import registry
from crosswatch.runs.processes import Process
from crosswatch.runs.runner import Runner
from crosswatch.sealing import Sealer, load_key
from crosswatch.services.house import House
from crosswatch.settings import Settings
from crosswatch.store.database import Database
from crosswatch.store.tracker import StoredTracker

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def open_house(settings: Settings, *, role: str, clock: Clock | None = None) -> House:
    """Opens the installation that the settings name; makes folders, key and database where they are missing.

    ``role`` is what people call this process ("the server", "the command line"). Raises HouseError where
    something is not in order, and then nothing was changed.
    """
    clock = clock or SystemClock()
    make_folders(settings)
    sealer = Sealer(load_key(settings, settings.state))
    config = Config(settings, sealer)
    database = Database.open(settings.database_file)
    process = Process.start(database, settings.state, clock, role=role)
    tmdb = registry.tmdb(config, clock)
    providers = registry.by_id(tmdb, registry.tracker(StoredTracker(database, clock.now_ms)))
    runner = Runner(database, providers, TitleResolver(database), clock, process)
    return House(settings, sealer, config, database, clock, process, providers, tmdb, runner)


def application(house: House) -> "ASGIApp":
    """The pages and the API of an open installation."""
    from crosswatch.web.application import make_application

    return make_application(house)
