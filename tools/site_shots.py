"""Takes screenshots of the real pages on the real server, on a phone and a desk, dark and light, into shots/.

.venv/bin/python -m tools.site_shots
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.site_server import KEY, Served, serving
from tools.browser import find_chromium
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


def main() -> None:
    """All of them."""
    SHOTS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        walk(browser, served)
        browser.close()
    print(f"see {SHOTS}")


if __name__ == "__main__":
    main()
