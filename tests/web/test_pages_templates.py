"""Every page in every state: well-formed, usable with a keyboard and a screen reader, and within the content policy."""

from html.parser import HTMLParser

import pytest

from crosswatch.web.rendering import TEMPLATES
from tests.browser.page_parts import HOSTILE, State
from tests.browser.page_server import render
from tests.browser.page_states import STATES

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
LABELLED = ("text", "password", "checkbox", "radio")
LOADS = {"script": "src", "link": "href", "img": "src", "use": "href", "source": "src", "iframe": "src"}
Attributes = dict[str, str]


class Page(HTMLParser):
    """The elements of a page, and what is wrong with its nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.faults: list[str] = []
        self.texts: list[str] = []
        self._open: list[tuple[str, int]] = []
        self._inside: dict[int, str] = {}
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice: {names}")
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        for _, index in self._open:
            self._inside[index] = self._inside.get(index, "") + data

    def all(self, *tags: str) -> list[Attributes]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    def words(self, tag: str) -> list[str]:
        return [self._inside.get(i, "").strip() for i, (name, _) in enumerate(self.elements) if name == tag]


@pytest.fixture(params=STATES, scope="module")
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render(STATES[request.param]))


def test_is_well_formed(page: Page) -> None:
    assert page.faults == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_has_one_heading_and_one_title(page: Page) -> None:
    assert len([words for words in page.words("h1") if words]) == 1
    assert [bool(words.removesuffix(" · CrossWatch")) for words in page.words("title")] == [True]


def test_keeps_to_the_content_policy(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))]
        assert "js:" not in "".join(value for name, value in attributes.items() if name.startswith("hx-"))
        assert "[" not in attributes.get("hx-trigger", "")
    assert all(script.get("src") for script in page.all("script"))


def test_loads_nothing_from_elsewhere(page: Page) -> None:
    for tag, attributes in page.elements:
        if tag in LOADS:
            assert attributes[LOADS[tag]].startswith("/assets/"), (tag, attributes)


def test_names_every_field_and_button(page: Page) -> None:
    labels = {label["for"] for label in page.all("label") if "for" in label}
    for field in page.all("input"):
        assert field.get("type", "text") in (*LABELLED, "hidden")
        named = field.get("id") in labels or field.get("type") == "checkbox"
        assert named or field.get("type") == "hidden", field
    assert all(field["id"] in labels for field in page.all("select"))
    assert all(page.words("button")), "a button without words"
    assert all(page.words("a")), "a link without words"
    assert all(svg.get("aria-hidden") == "true" for svg in page.all("svg"))


def test_refers_only_to_what_is_there(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    for _, attributes in page.elements:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert set(attributes.get(name, "").split()) <= ids, attributes
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_new_tabs_learn_nothing_about_us(page: Page) -> None:
    for link in page.all("a"):
        if link.get("target") == "_blank" or "://" in link["href"]:
            assert set(link["rel"].split()) == {"noopener", "noreferrer"}
            assert link["href"].startswith("https://www.themoviedb.org/")


def test_forms_go_to_us(page: Page) -> None:
    for form in page.all("form"):
        assert form["action"].startswith("/")
        assert form["method"] in ("get", "post")


@pytest.mark.parametrize("name", STATES)
def test_stays_below_the_base_path(name: str) -> None:
    for tag, attributes in Page(render(STATES[name], base_path="/media/crosswatch")).elements:
        for attribute in ("href", "src", "action", "hx-get", "hx-sse:connect"):
            address = attributes.get(attribute, "")
            if address and not address.startswith(("#", "https://www.themoviedb.org/")):
                assert address.startswith("/media/crosswatch/"), (tag, attribute, address)


@pytest.mark.parametrize(
    "name",
    [
        "home-hostile", "run-hostile", "tmdb-adding", "error-forbidden-host",
        "pair-hostile", "plan-hostile", "pair-new-hostile", "inbox-hostile",
    ],
)  # fmt: skip
def test_hostile_words_stay_words(name: str) -> None:
    html = render(STATES[name])
    page = Page(html)
    assert HOSTILE in "".join(page.texts)
    assert "<img" not in html
    assert "<script>" not in html


def test_every_template_is_shown_in_some_state() -> None:
    pages = {path.name for path in TEMPLATES.glob("*.html")} - {"base.html", "macros.html"}
    assert pages == {state.template for state in STATES.values()}


def _form(state: State, action: str) -> Attributes:
    forms = [form for form in Page(render(state)).all("form") if form["action"] == action]
    assert forms, f"no form for {action}"
    return forms[0]


def test_connect_opens_a_new_tab_without_a_script() -> None:
    form = _form(STATES["tmdb-no-key"], "/settings/tmdb_sync/connect")
    assert (form["method"], form["target"]) == ("post", "_blank")


def test_a_key_is_never_in_the_page() -> None:
    for name in ("tmdb-key-stored", "tmdb-connected", "tmdb-pending"):
        fields = [
            field for field in Page(render(STATES[name])).all("input") if field.get("name") == "api_key"
        ]
        assert fields
        assert all("value" not in field for field in fields)
        assert all(field["autocomplete"] == "off" for field in fields)


def test_a_key_from_the_environment_cannot_be_edited() -> None:
    page = Page(render(STATES["tmdb-key-from-environment"]))
    assert not [field for field in page.all("input") if field["name"] == "api_key"]
    assert "CROSSWATCH_TMDB_SYNC_API_KEY" in page.texts


def test_only_a_pending_approval_is_polled() -> None:
    polled = {
        name
        for name, state in STATES.items()
        if any("data-poll" in attributes for _, attributes in Page(render(state)).elements)
    }
    assert polled == {"tmdb-pending", "tmdb-connected-pending", "tmdb-not-approved-yet"}


@pytest.mark.parametrize(
    ("name", "running"), [("home-running", True), ("run-running", True), ("home-in-step", False)]
)
def test_a_running_page_is_live_with_and_without_scripts(name: str, running: bool) -> None:
    page = Page(render(STATES[name]))
    streams = [attributes for attributes in page.all("div") if "hx-sse:connect" in attributes]
    refreshes = [meta for meta in page.all("meta") if meta.get("http-equiv") == "refresh"]
    assert (len(streams), len(refreshes)) == ((1, 1) if running else (0, 0))


def test_first_run_offers_one_next_step() -> None:
    page = Page(render(STATES["home-empty"]))
    primary = [a for a in page.all("a", "button") if "primary" in a.get("class", "").split()]
    assert [step["href"] for step in primary] == ["/settings/tmdb_sync"]


def test_what_needs_the_user_is_said_only_where_something_does() -> None:
    assert "3 things need you" in "".join(Page(render(STATES["home-asking"])).texts)
    assert "In step, but 3 removals wait for you." in "".join(Page(render(STATES["home-asking"])).texts)
    assert "need you" not in "".join(Page(render(STATES["home-empty"])).texts)


def test_a_disconnect_says_which_pairs_stop() -> None:
    words = Page(render(STATES["disconnect"])).words("li")
    assert words == ["TMDb to tracker", "TMDb to Trakt"]


def test_a_result_page_leads_only_back() -> None:
    for name in ("result-connected", "result-denied", "result-expired", "result-error"):
        links = Page(render(STATES[name])).all("a")
        assert [link["href"] for link in links] == ["#main", "/settings/tmdb_sync"]
