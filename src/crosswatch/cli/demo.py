"""crosswatch demo: the application on a simulated TMDb, in a folder that goes away with it."""

import asyncio
import tempfile
from pathlib import Path

import typer

from crosswatch.cli.serve import serve
from crosswatch.config.logs import setup_logging
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import DEMO_KEY, Key, Simulator, run_simulator

USER = "example"
_OWN = (
    "database_url", "secret_key", "secret_key_file", "tmdb_proxy", "tmdb_sync_api_key", "tmdb_api_key",
)  # fmt: skip
"""What the environment may say of the user's own CrossWatch, and the demo must not touch."""


def serve_demo(*, port: int, titles: int) -> None:
    """Serves until Ctrl+C, and says what to click."""
    setup_logging("warning", "text")
    simulator = Simulator()
    simulator.add_key(DEMO_KEY)
    fill(simulator, titles)
    with tempfile.TemporaryDirectory(prefix="crosswatch-demo-") as folder, run_simulator(simulator) as tmdb:
        settings = Settings(
            home=Path(folder),
            state=Path(folder) / "state",
            port=port,
            tmdb_api_url=tmdb.api_url,
            tmdb_web_url=tmdb.web_url,
            tmdb_image_url=tmdb.image_url,
            tmdb_visibility_delay=0,
            **dict.fromkeys(_OWN),
        )

        def welcome(url: str) -> None:
            typer.echo(f"""
CrossWatch on a simulated TMDb: {url}

  1. Open it, choose “Connect TMDb”, and paste this key:  {DEMO_KEY}
  2. Click Connect, approve in the tab that opens, and come back.
  3. Choose what to keep in step; the first sync starts at once.

The simulated TMDb itself is at {tmdb.web_url}/ (change something there, and sync again).
Everything is in a throw-away folder. Ctrl+C ends it.
""")

        asyncio.run(serve(settings, on_ready=welcome, port_from="“--port” (make demo PORT=9000)"))


def fill(simulator: Simulator, titles: int) -> None:
    """An example account with a watchlist and ratings, half points among them, of known titles first."""
    user = simulator.add_user(USER, name="Example")
    known: list[Key] = [key for kind in ("movie", "tv") for key in _keys(simulator, kind)]
    if len(known) < titles:
        missing = titles - len(known)
        known += simulator.catalogue.add_synthetic(movies=missing - missing // 5, shows=missing // 5)
    chosen = known[:titles]
    half = len(chosen) // 2
    simulator.fill_watchlist(user, chosen[:half])
    simulator.fill_ratings(user, [(key, (number % 20 + 1) / 2) for number, key in enumerate(chosen[half:])])


def _keys(simulator: Simulator, kind: str) -> list[Key]:
    titles = simulator.catalogue.movies if kind == "movie" else simulator.catalogue.shows
    return [title.key for title in titles.values()]
