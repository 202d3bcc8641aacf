"""Takes screenshots of the real pages on the real server, on a phone and a desk, dark and light, into shots/.

.venv/bin/python -m tools.site_shots
.venv/bin/python -m tools.site_shots --docs    the few of the documentation, into docs/images/
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from crosswatch.simulators.tmdb.state import Action, Edit
from tests.browser.site_server import KEY, Served, serving
from tools.browser import find_chromium
from tools.pictures import IMAGES
from tools.shots import ARGUMENTS, SHOTS, SIZES

TITLES = 400
PAGES = {"home": "", "tmdb": "settings/tmdb_sync", "settings": "settings", "runs": "runs", "run": "runs/1"}


@contextmanager
def pages(browser: Browser) -> Iterator[dict[str, Page]]:
    """A page for every size and theme."""
    made = {}
    for size, (width, height) in SIZES.items():
        for scheme in ("dark", "light"):
            made[f"{size}-{scheme}"] = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
    yield made
    for page in made.values():
        page.close()


def shoot(made: dict[str, Page], served: Served, state: str, *names: str) -> None:
    """These pages as they are at this moment."""
    for variant, page in made.items():
        for name in names:
            page.goto(served.url + PAGES[name], wait_until="load")
            page.wait_for_timeout(200)
            page.screenshot(path=SHOTS / f"site-{state}-{name}-{variant}.png", full_page=True)


def walk(browser: Browser, served: Served) -> None:
    """From nothing to everything, and to something broken."""
    first = browser.new_page()
    with pages(browser) as made:
        shoot(made, served, "empty", "home", "tmdb", "settings", "runs")
        first.goto(f"{served.url}settings/tmdb_sync")
        first.get_by_label("TMDb API Key (v3)").fill(KEY)
        with first.context.expect_page() as opened:
            first.get_by_role("button", name="Connect").click()
        tab = opened.value
        tab.get_by_role("button", name="Approve").wait_for()
        shoot(made, served, "pending", "home", "tmdb")
        tab.get_by_role("button", name="Approve").click()
        tab.get_by_role("heading", name="Connected to TMDb").wait_for()
        tab.screenshot(path=SHOTS / "site-connected-tab.png", full_page=True)
        shoot(made, served, "connected", "home", "tmdb", "settings")
        keys = served.sim.catalogue.add_synthetic(movies=TITLES)
        served.sim.fill_watchlist("alice", keys[: TITLES // 2])
        served.sim.fill_ratings("alice", [(key, (place % 20 + 1) / 2) for place, key in enumerate(keys)])
        first.goto(served.url)
        served.sim.knobs.delay = 3.0
        first.get_by_role("button", name="Keep them in step").click()
        shoot(made, served, "running", "home", "run")
        served.sim.knobs.delay = 0.0
        first.get_by_role("heading", name="Everything is in step.").wait_for()
        shoot(made, served, "synced", "home", "runs", "run", "tmdb")
        served.sim.revoke_sessions("alice")
        first.get_by_role("button", name="Sync now").click()
        first.get_by_role("heading", name="Out of step.").wait_for()
        shoot(made, served, "failed", "home", "tmdb")
        first.goto(f"{served.url}runs/2")
        first.screenshot(path=SHOTS / "site-failed-run.png", full_page=True)


class Script:
    """Calls of the API, as a script makes them."""

    def __init__(self, page: Page, served: Served) -> None:
        self._page, self._url = page, served.url

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call; its answer."""
        answer = self._page.request.fetch(f"{self._url}api/{path}", method=method, data=body)
        assert answer.ok, answer.text()
        return answer.json()

    def run(self, path: str) -> Any:
        """A run that this call begins, once it has ended."""
        run_id = self.call("POST", path, {})["run_id"]
        while (run := self.call("GET", f"runs/{run_id}"))["status"] == "running":
            time.sleep(0.1)
        assert run["status"] == "succeeded", run
        return run


def a_pair_that_removes(script: Script, served: Served) -> Callable[[Action, int], None]:
    """Connects, and syncs a watchlist and ratings of known titles once; gives what makes alice edit one of them."""
    keys = [movie.key for movie in list(served.sim.catalogue.movies.values())[:60]]
    served.sim.fill_watchlist("alice", keys[:40])
    served.sim.fill_ratings("alice", [(key, (place % 11 + 9) / 2) for place, key in enumerate(keys[40:])])
    session = served.sim.add_session("alice")
    script.call("POST", "tmdb_sync/save", {"api_key": KEY, "session_id": session})
    removes = {"watchlist": {"remove": True}, "ratings": {"remove": True}}
    script.call(
        "POST", "pairs", {"source": "tmdb", "target": "tracker", "mode": "two-way", "features": removes}
    )
    script.run("pairs/1/run")

    def edit(action: Action, place: int) -> None:
        served.sim.edit(Edit("alice", action, keys[place], 9.5))

    return edit


def document(browser: Browser, served: Served) -> None:
    """Home, an inbox in which more removals wait than the guard lets pass, a preview of a little of everything."""
    page = browser.new_page(
        viewport={"width": 1200, "height": 820}, color_scheme="dark", reduced_motion="reduce"
    )
    script = Script(page, served)
    edit = a_pair_that_removes(script, served)

    def shoot_document(name: str, path: str) -> None:
        answer = page.goto(served.url + path, wait_until="load")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        page.screenshot(path=IMAGES / f"{name}.png")

    shoot_document("home", "")
    for place in range(3, 12):
        edit("remove", place)
    script.run("pairs/1/run")
    shoot_document("inbox", "attention")
    script.call("POST", "attention", {"pair": "1", "kind": "removal", "answer": "keep"})
    for place in (45, 46):
        edit("rate", place)
    for place in (41, 42, 43):
        edit("add", place)
    for place in (20, 21):
        edit("remove", place)
    page.set_viewport_size({"width": 1200, "height": 1060})
    shoot_document("preview-page", f"plans/{script.run('pairs/1/plan')['plan_id']}")
    page.close()


def main(documents: list[str]) -> None:
    """All of them, or those of the documentation."""
    SHOTS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        (document if documents else walk)(browser, served)
        browser.close()
    print(f"see {IMAGES if documents else SHOTS}")


if __name__ == "__main__":
    main(sys.argv[1:])
