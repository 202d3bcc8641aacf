"""The real server as a process of its own, against a simulated TMDb, and a browser that is watched."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from crosswatch.settings import Settings, variable
from crosswatch.simulators.tmdb import ServedSimulator, Simulator, run_simulator

KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
READY = re.compile(r"CrossWatch is ready: (http://\S+)")


@dataclass
class Served:
    """A running server at ``url`` (with a slash at its end), and the simulated TMDb that it knows."""

    url: str
    sim: Simulator
    tmdb: ServedSimulator


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[Served]:
    """Starts ``crosswatch serve`` on a free port over a simulated TMDb with the user alice."""
    sim = Simulator()
    sim.add_key(KEY, app_name="CrossWatch")
    sim.add_user("alice")
    own = {variable(name) for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    with run_simulator(sim) as tmdb:
        given = {
            "home": str(home),
            "port": "0",
            "tmdb_api_url": tmdb.api_url,
            "tmdb_web_url": tmdb.web_url,
            "tmdb_visibility_delay": "0",
            **settings,
        }
        environment.update({variable(name): value for name, value in given.items()})
        server = subprocess.Popen(
            [sys.executable, "-c", "from crosswatch.cli.main import run; run()", "serve"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Served(_ready(server), sim, tmdb)
        finally:
            server.terminate()
            server.communicate(timeout=15)


def _ready(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        found = READY.search(line)
        if found:
            return found[1]
    raise AssertionError("".join(said))


@dataclass
class Watched:
    """A browser on the pages; ``complaints`` and ``strangers`` (requests to other hosts) must stay empty."""

    context: BrowserContext
    served: Served
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self) -> Page:
        """A tab on Home."""
        page = self.context.new_page()
        page.goto(self.served.url)
        return page

    def watch(self, page: Page) -> None:
        def listen(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.complaints.append(message.text)

        page.on("console", listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@contextmanager
def watched(browser: Browser, served: Served, *, known: str = "", **options: object) -> Iterator[Watched]:
    """A fresh browser under watch; ``known`` is one more address that may be asked."""
    context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
    seen = Watched(context, served)
    ours = tuple(url for url in (served.url, served.tmdb.web_url, known) if url)
    context.on("page", seen.watch)
    context.on(
        "request",
        lambda request: None if request.url.startswith(ours) else seen.strangers.append(request.url),
    )
    yield seen
    context.close()
    assert seen.complaints == []
    assert seen.strangers == []
