"""The pages in Chromium, under their content policy: nothing sticks out, nothing complains, live parts are live."""

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from crosswatch.web.pages.views import PairState, Progress
from tests.browser.page_server import Served, serving
from tests.browser.page_states import READING, STATES, home, pair
from tests.browser.page_states_settings import CONNECTED, PENDING, tmdb

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def complaints() -> list[str]:
    """What the console of ``page`` said; must be empty at the end of a test."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A phone, under the eyes of ``complaints``."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    page = context.new_page()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


CUT_OFF = """() => [...document.querySelectorAll('body *')].filter((e) => {
    const style = getComputedStyle(e);
    return e.scrollWidth > e.clientWidth + 1 && style.overflowX !== 'visible' && style.textOverflow !== 'ellipsis'
        && !e.matches('.sr, svg, input, progress');
}).map((e) => e.outerHTML.slice(0, 80))"""


def test_nothing_scrolls_sideways_or_is_cut_off_on_a_phone(page: Page, served: Served) -> None:
    wide = {}
    for name in STATES:
        page.goto(f"{served.url}/state/{name}")
        width = page.evaluate("document.documentElement.scrollWidth")
        cut = page.evaluate(CUT_OFF)
        if width > 360 or cut:
            wide[name] = (width, cut)
    assert wide == {}


REACHED = (
    "a[href], button:not([disabled]), summary, select, "
    "input:not([type=hidden], [type=radio]), input[type=radio]:checked"
)


@pytest.mark.parametrize(
    "name",
    ["home-in-step", "run-partial", "tmdb-no-key", "sign-in", "pair-new-both-ways", "pair", "inbox-one"],
)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.url}/state/{name}")
    focusable = page.locator(REACHED).filter(visible=True).count()
    unseen = []
    for _ in range(focusable + 3):
        page.keyboard.press("Tab")
        outlined = page.evaluate(
            """() => {
                const focused = document.activeElement;
                focused.dataset.reached = '';
                const style = getComputedStyle(focused.closest('.choice, .option') ?? focused);
                return focused === document.body
                    || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
            }"""
        )
        if not outlined:
            unseen.append(page.evaluate("document.activeElement.outerHTML"))
    assert unseen == []
    assert page.locator("body [data-reached]").count() == focusable


def test_whose_rating_counts_is_asked_where_it_matters(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/state/pair-new")
    expect(page.get_by_label("Ask me")).to_be_hidden()
    page.get_by_label("Both ways").check()
    expect(page.get_by_label("Ask me")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("The first account’s")).to_be_checked()
    page.get_by_label("One way").check()
    expect(page.get_by_label("Ask me")).to_be_hidden()


def test_answers_to_what_is_ticked_come_with_the_first_tick(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/state/inbox")
    ticked = page.get_by_role("button", name="Remove the chosen from CrossWatch")
    expect(ticked).to_be_hidden()
    page.get_by_label("Choose Heat").first.check()
    expect(ticked).to_be_visible()
    page.route("**/attention", lambda route: route.fulfill(body=route.request.post_data or ""))
    page.keyboard.press("Enter")
    page.wait_for_url("**/attention")
    assert "say=&" in page.inner_text("body"), "the Enter key on a box is no answer"


def test_the_first_page_is_light(page: Page, served: Served) -> None:
    sizes = {}
    page.on("response", lambda response: sizes.update({response.url: response.body()}))
    page.goto(f"{served.url}/state/home-in-step", wait_until="networkidle")
    compressed = sum(len(gzip.compress(body)) for body in sizes.values())
    assert len(sizes) <= 12
    assert compressed <= 120_000
    assert all(url.startswith(served.url) for url in sizes)


def test_nothing_moves_while_the_first_page_loads(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/state/home-in-step", wait_until="networkidle")
    shift = page.evaluate(
        """() => new Promise((resolve) => {
            let total = 0;
            new PerformanceObserver((list) => { for (const e of list.getEntries()) total += e.value; })
                .observe({type: 'layout-shift', buffered: true});
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(total)));
        })"""
    )
    assert shift == 0


def test_progress_moves_and_ends_in_place(page: Page, served: Served) -> None:
    writing = pair(PairState.RUNNING, Progress("42", "writing", READING.started_at, done=9, total=10))
    served.stream = (home(writing), home(pair(PairState.IN_STEP)))
    page.goto(f"{served.url}/state/home-running")
    expect(page.get_by_text("Reading both lists")).to_be_visible()
    page.get_by_role("button", name="Stop").focus()
    served.next_message.set()
    expect(page.get_by_text("9 of 10")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    served.next_message.set()
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is in step.")
    expect(page.get_by_role("button", name="Sync now")).to_be_visible()
    assert served.left.wait(10)


def test_a_stream_that_fails_leaves_the_page_as_it_is(
    page: Page, served: Served, complaints: list[str]
) -> None:
    served.broken = True
    with page.expect_response("**/stream") as refused:
        page.goto(f"{served.url}/state/home-running")
    assert refused.value.status == 503
    expect(page.get_by_text("Reading both lists")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Getting in step.")
    assert [text for text in complaints if "503" in text] == complaints
    complaints.clear()


def test_a_pending_approval_becomes_connected_by_itself(page: Page, served: Served) -> None:
    served.connection = tmdb(**PENDING)
    page.goto(f"{served.url}/state/tmdb-pending")
    expect(page.get_by_role("heading", name="Pending approval")).to_be_visible()
    served.connection = tmdb(**CONNECTED)
    expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
    expect(page.get_by_text("alice")).to_be_visible()


def test_the_first_tab_notices_that_an_approval_was_asked_for(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/state/tmdb-no-key")
    served.connection = tmdb(**PENDING)
    page.get_by_label("TMDb API Key (v3)").fill("0123456789abcdef0123456789abcdef")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Connect").click()
    expect(opened.value).to_have_title("TMDb")
    page.bring_to_front()
    expect(page.get_by_role("heading", name="Pending approval")).to_be_visible()
    assert "/settings/tmdb_sync/connect" in served.asked


def test_typing_survives_a_poll(page: Page, served: Served) -> None:
    served.connection = tmdb(**PENDING)
    page.goto(f"{served.url}/state/tmdb-pending")
    page.get_by_text("Start again with another key").click()
    with page.expect_response("**/settings/tmdb_sync/state*"):
        page.get_by_label("TMDb API Key (v3)").fill("abc")
    with page.expect_response("**/settings/tmdb_sync/state*"):
        pass
    expect(page.get_by_label("TMDb API Key (v3)")).to_have_value("abc")


@pytest.mark.parametrize("name", ["home-empty", "tmdb-no-key", "tmdb-connected"])
def test_what_is_settled_is_not_polled(page: Page, served: Served, name: str) -> None:
    page.clock.install()
    page.goto(f"{served.url}/state/{name}")
    page.clock.run_for(30_000)
    assert served.asked == [f"/state/{name}"]


def test_relative_times_stay_true(page: Page, served: Served) -> None:
    page.clock.install(time=1_795_445_824)
    page.goto(f"{served.url}/state/home-in-step")
    expect(page.locator(".hero time")).to_have_text("4 minutes ago")
    page.clock.run_for(61_000)
    expect(page.locator(".hero time")).to_have_text("5 minutes ago")


def test_pages_work_without_scripts(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/state/home-running")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.goto(f"{served.url}/state/tmdb-no-key")
    expect(page.get_by_role("button", name="Verify")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("theme", "ground"), [("dark", "rgb(11, 17, 19)"), ("light", "rgb(244, 247, 245)")])
def test_a_chosen_theme_wins_over_the_systems(
    browser: Browser, served: Served, theme: str, ground: str
) -> None:
    context = browser.new_context(color_scheme="light" if theme == "dark" else "dark")
    page = context.new_page()
    page.goto(f"{served.url}/state/home-in-step?theme={theme}")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == ground
    context.close()
