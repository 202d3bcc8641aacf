"""From an empty installation to everything in step, in a real browser on the real server, as people do it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.site_proxy import stripping_proxy
from tests.browser.site_server import KEY, Served, serving, watched

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "home") as served:
        yield served


def fill(served: Served, titles: int) -> None:
    keys = served.sim.catalogue.add_synthetic(movies=titles)
    served.sim.fill_watchlist("alice", keys)
    served.sim.fill_ratings("alice", [(key, (place % 20 + 1) / 2) for place, key in enumerate(keys)])


def to_settings(page: Page) -> None:
    page.get_by_role("link", name="Connect TMDb").click()
    expect(page.get_by_role("heading", name="Not connected")).to_be_visible()


def click_connect(page: Page) -> Page:
    """Pastes the key and clicks Connect; gives the tab in which TMDb asks."""
    page.get_by_label("TMDb API Key (v3)").fill(KEY)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Connect").click()
    expect(opened.value.get_by_role("button", name="Approve")).to_be_visible()
    return opened.value


def connect(page: Page) -> None:
    """All of it, up to Connected on the first page."""
    to_settings(page)
    tab = click_connect(page)
    tab.get_by_role("button", name="Approve").click()
    expect(tab.get_by_role("heading", name="Connected to TMDb")).to_be_visible()
    tab.close()
    page.bring_to_front()
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()


def make_pair(page: Page) -> None:
    page.get_by_role("link", name="Home").click()
    page.get_by_role("button", name="Keep them in step").click()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_first_page_changes_to_connected_by_itself(
    browser: Browser, served: Served, size: dict[str, int]
) -> None:
    with watched(browser, served, viewport=size) as seen:
        page = seen.open()
        to_settings(page)
        tab = click_connect(page)
        page.bring_to_front()
        expect(page.get_by_role("heading", name="Pending approval")).to_be_visible()
        tab.bring_to_front()
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_role("heading", name="Connected to TMDb")).to_be_visible()
        assert "?" not in tab.url
        tab.close()
        page.bring_to_front()
        expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
        expect(page.locator("#connection")).to_contain_text("alice")
        expect(page.get_by_text("Start again with another key")).to_have_count(0)
        expect(page.get_by_text("Connect with another key")).to_be_visible()
        expect(page.get_by_text("Add another account")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def test_without_scripts_verify_does_it(browser: Browser, served: Served) -> None:
    with watched(browser, served, java_script_enabled=False) as seen:
        page = seen.open()
        to_settings(page)
        tab = click_connect(page)
        page.get_by_role("button", name="Verify").click()
        expect(page.get_by_role("heading", name="Pending approval")).to_be_visible()
        expect(page.get_by_text("Not approved yet.")).to_be_visible()
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_role("heading", name="Connected to TMDb")).to_be_visible()
        page.get_by_role("button", name="Verify").click()
        expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
        expect(page.locator("#connection")).to_contain_text("alice")


def test_saying_no_is_told_on_both_pages(browser: Browser, served: Served) -> None:
    with watched(browser, served) as seen:
        page = seen.open()
        to_settings(page)
        tab = click_connect(page)
        tab.get_by_role("button", name="Deny").click()
        expect(tab.get_by_role("heading", name="Not connected to TMDb")).to_be_visible()
        expect(tab.get_by_text("denied at TMDb, so nothing was connected")).to_be_visible()
        tab.close()
        page.bring_to_front()
        expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
        expect(page.get_by_text("denied at TMDb, so nothing was connected")).to_be_visible()


def test_a_key_that_tmdb_does_not_know_is_told_in_the_new_tab(browser: Browser, served: Served) -> None:
    with watched(browser, served) as seen:
        page = seen.open()
        to_settings(page)
        page.get_by_label("TMDb API Key (v3)").fill("f" * 32)
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Connect").click()
        expect(opened.value.get_by_text("TMDb does not accept this API key.")).to_be_visible()
        # The browser's own words about an answer that says no.
        assert all("400" in text for text in seen.complaints)
        seen.complaints.clear()


def test_from_the_pair_to_in_step_with_live_progress(browser: Browser, served: Served) -> None:
    fill(served, 120)
    with watched(browser, served) as seen:
        page = seen.open()
        connect(page)
        served.sim.knobs.delay = 0.4
        make_pair(page)
        expect(page.get_by_text("Reading both lists")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Everything is in step.", timeout=30_000)
        expect(page).to_have_title("Everything is in step · CrossWatch")
        expect(page.locator(".figure dd").first).to_have_text("120")
        page.get_by_role("link", name="Last run").click()
        expect(page.get_by_role("heading", name="TMDb to CrossWatch")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(100)
        page.get_by_role("link", name="More titles").click()
        expect(page.locator("tbody tr")).to_have_count(100)


def test_stop_stops(browser: Browser, served: Served) -> None:
    fill(served, 400)
    with watched(browser, served) as seen:
        page = seen.open()
        connect(page)
        served.sim.knobs.delay = 1.0
        make_pair(page)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Stopped half way.", timeout=20_000)
        expect(page.get_by_role("button", name="Sync now")).to_be_visible()


def test_the_page_of_a_run_moves_by_itself(browser: Browser, served: Served) -> None:
    fill(served, 40)
    with watched(browser, served) as seen:
        page = seen.open()
        connect(page)
        served.sim.knobs.delay = 0.5
        make_pair(page)
        page.get_by_role("link", name="Details").click()
        expect(page.locator(".run-head .badge")).to_have_text("Running")
        expect(page.locator(".run-head .badge")).to_have_text("Done", timeout=20_000)
        expect(page.locator("tbody tr")).to_have_count(80)


def test_the_first_page_is_light(browser: Browser, served: Served) -> None:
    with watched(browser, served) as seen:
        page = seen.open()
        connect(page)
        make_pair(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Everything is in step.", timeout=30_000)
        sizes: dict[str, bytes] = {}
        again = browser.new_context().new_page()
        again.on("response", lambda response: sizes.update({response.url: response.body()}))
        again.goto(served.url, wait_until="networkidle")
        again.context.close()
        assert len(sizes) <= 12
        assert sum(len(gzip.compress(body)) for body in sizes.values()) <= 120_000


def test_disconnecting_asks_first(browser: Browser, served: Served) -> None:
    with watched(browser, served) as seen:
        page = seen.open()
        connect(page)
        make_pair(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Everything is in step.", timeout=30_000)
        page.goto(f"{served.url}settings/tmdb_sync")
        page.get_by_role("link", name="Disconnect").click()
        expect(page.get_by_text("TMDb to CrossWatch")).to_be_visible()
        page.get_by_role("button", name="Disconnect alice").click()
        expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
        assert served.sim.sessions == {}
        page.get_by_role("link", name="Home").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Out of step.")
        expect(page.get_by_role("button", name="Sync now")).to_be_disabled()


def test_under_a_base_path_behind_a_proxy_that_strips_it(browser: Browser, tmp_path: Path) -> None:
    with (
        stripping_proxy("/cw") as proxy,
        serving(tmp_path / "home", base_path="/cw", public_url=proxy.origin) as served,
    ):
        proxy.behind = served.url.removesuffix("/cw/")
        served.url = f"{proxy.origin}/cw/"
        fill(served, 40)
        with watched(browser, served) as seen:
            page = seen.open()
            connect(page)
            served.sim.knobs.delay = 0.3
            make_pair(page)
            expect(page.get_by_role("heading", level=1)).to_have_text(
                "Everything is in step.", timeout=30_000
            )
            assert page.url == served.url
