"""A preview in a real browser on the real server: it leads on by itself, and is applied with one click."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.site_server import KEY, Served, serving, watched

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
TITLES = 30


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Connected, with titles, and no pair yet."""
    with serving(tmp_path / "home") as served:
        body = {"api_key": KEY, "session_id": served.sim.add_session("alice")}
        httpx2.post(f"{served.url}api/tmdb_sync/save", json=body).raise_for_status()
        films = served.sim.catalogue.add_synthetic(movies=TITLES)
        served.sim.fill_ratings("alice", [(film, (place % 20 + 1) / 2) for place, film in enumerate(films)])
        yield served


def nothing_scrolls_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def runs(served: Served) -> list[str]:
    return [run["kind"] for run in httpx2.get(f"{served.url}api/runs").json()["items"]]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_new_pair_begins_with_a_preview_that_is_then_applied(
    browser: Browser, served: Served, size: dict[str, int]
) -> None:
    with watched(browser, served, viewport=size) as seen:
        page = seen.open()
        served.sim.knobs.delay = 0.3
        page.get_by_role("button", name="Preview first").click()
        expect(page).to_have_url(re.compile(r"/runs/1\?follow=plan$"))
        served.sim.knobs.delay = 0.0
        expect(page).to_have_url(re.compile(r"/plans/1$"))
        headline = f"{TITLES} added to CrossWatch, nothing removed."
        expect(page.get_by_role("heading", name=headline)).to_be_visible()
        nothing_scrolls_sideways(page)
        assert runs(served) == ["plan"]
        page.go_back()
        expect(page).not_to_have_url(re.compile("/plans/"))
        page.goto(f"{served.url}plans/1")
        page.get_by_role("button", name=f"Apply exactly this: {TITLES} added").click()
        expect(page).to_have_url(re.compile(r"/runs/2$"))
        expect(page.get_by_text("Done").first).to_be_visible()
        nothing_scrolls_sideways(page)
        page.get_by_role("link", name="this preview").click()
        expect(page.get_by_text("Applied.")).to_be_visible()
        page.get_by_role("button", name="Preview again").click()
        expect(page.get_by_role("heading", name="Nothing would be written.")).to_be_visible()
        assert runs(served) == ["plan", "sync", "plan"]


def test_without_scripts_the_run_of_a_preview_leads_on_too(browser: Browser, served: Served) -> None:
    with watched(browser, served, viewport=DESK, java_script_enabled=False) as seen:
        page = seen.open()
        served.sim.knobs.delay = 0.3
        page.get_by_role("button", name="Preview first").click()
        expect(page).to_have_url(re.compile(r"/runs/1\?follow=plan$"))
        served.sim.knobs.delay = 0.0
        expect(page).to_have_url(re.compile(r"/plans/1$"), timeout=15_000)
        page.get_by_role("button", name=f"Apply exactly this: {TITLES} added").click()
        expect(page.get_by_text("Done").first).to_be_visible(timeout=15_000)
