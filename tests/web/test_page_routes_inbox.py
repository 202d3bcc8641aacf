"""The inbox as a browser without scripts uses it: every answer is a button, and every answer has a way back."""

import re
from typing import Any

import pytest

from crosswatch.simulators.tmdb import Key
from crosswatch.store import attention, inbox
from crosswatch.store.inbox import Which
from tests.web.api_world import Api
from tests.web.page_world import Site, words

FILMS = 3
BLOCK = {"pair": "1", "kind": "conflict", "feature": "ratings"}
QUERY = "/attention?pair=1&kind=conflict&feature=ratings"


@pytest.fixture
def films(api: Api) -> list[Key]:
    return api.movies(FILMS)


@pytest.fixture
def site(api: Api, films: list[Key]) -> Site:
    """Three films that alice rates 8.5, and bob 6, 6.5 and 7, in a pair of both directions, synced once."""
    made = Site(api)
    made.connect()
    made.connect("bob", "second")
    api.sim.fill_ratings("alice", [(film, 8.5) for film in films])
    api.sim.fill_ratings("bob", [(film, 6 + place / 2) for place, film in enumerate(films)])
    made.to("/pairs/new", source="tmdb", target="tmdb/second", mode="two-way", features="ratings")
    made.stream("/stream")
    return made


def said(page: str) -> set[str]:
    """Everything that the buttons of a page say."""
    return set(re.findall(r'name="say" value="([^"]+)"', page))


def ticks(page: str) -> list[str]:
    """The titles that can be ticked."""
    return re.findall(r'name="items" value="([^"]+)"', page)


def test_an_empty_inbox_feels_good(api: Api) -> None:
    site = Site(api)
    page = site.get("/attention")
    assert "Nothing needs you." in page
    assert "All else it does by itself." in page
    assert 'href="/attention" aria-current="page"' in site.html("/attention")
    assert "need you" not in site.get("/")


def test_home_leads_to_what_needs_the_user(site: Site) -> None:
    home = site.html("/")
    assert "3 things need you Decide them" in words(home)
    assert "Nearly in step. All is done but what only you can decide." in words(home)
    assert "In step, but 3 conflicts wait for you." in words(home)
    assert "Waits for you" in home
    assert '<a href="/attention">Decide them</a>' in home
    assert "3 in conflict" in site.get("/runs/1")
    assert '<a href="/attention">Decide them</a>' in site.html("/runs/1")


def test_both_values_are_buttons(site: Site) -> None:
    page = site.html("/attention")
    shown = words(page)
    assert "What needs you 3 things only you can decide." in shown
    assert "TMDb and TMDb (second)" in shown
    assert "3 titles have two ratings" in shown
    assert "Keep 8.5 (TMDb, alice)" in shown
    for value in ("6", "6.5", "7"):
        assert f"Keep {value} (TMDb, bob)" in shown
    one_by_one = {f"{side}:{number}" for side in ("source", "target") for number in (1, 2, 3)}
    many = {f"{side}:{of}" for side in ("source", "target") for of in ("all", "chosen")}
    assert said(page) == one_by_one | many
    assert len(ticks(page)) == FILMS


def test_an_answer_waits_for_the_next_sync_which_can_be_begun_there(site: Site, films: list[Key]) -> None:
    assert site.to("/attention", say="source:1", **BLOCK) == "/attention"
    page = site.html("/attention")
    assert "2 things only you can decide." in words(page)
    assert "TMDb, alice’s value for 1 title is done by the next sync." in words(page)
    assert 'action="/pairs/1/run"' in page
    home = site.get("/")
    assert "2 things need you" in home
    assert "In step, but 2 conflicts wait for you and 1 answer waits for the next sync." in home
    site.sync()
    assert site.sim.ratings("bob")[films[0]] == 8.5
    shown = site.get("/attention")
    assert "by the next sync" not in shown
    assert "2 things only you can decide." in shown


def test_an_answer_can_be_taken_back_until_the_sync(site: Site, films: list[Key]) -> None:
    site.to("/attention", say="source:1", **BLOCK)
    page = site.html("/attention")
    assert "Look at what you said, or take it back" in words(page)
    assert "take_back:1" in said(page)
    assert site.to("/attention", say="take_back:1", **BLOCK) == "/attention"
    assert "3 things only you can decide." in site.get("/attention")
    site.sync()
    assert site.sim.ratings("bob")[films[0]] == 6.0


def test_all_of_a_block_at_once_and_all_of_it_back(site: Site, films: list[Key]) -> None:
    assert "Keep TMDb, alice’s rating for these 3" in site.get("/attention")
    assert site.to("/attention", say="target:all", **BLOCK) == "/attention"
    page = site.html("/attention")
    assert "Nothing needs you." in words(page)
    assert "TMDb, bob’s values for 3 titles are done by the next sync." in words(page)
    assert "Take these 3 back" in words(page)
    site.to("/attention", say="take_back:all", **BLOCK, said="target")
    assert "3 things only you can decide." in site.get("/attention")
    site.to("/attention", say="target:all", **BLOCK)
    site.sync()
    assert [site.sim.ratings("alice")[film] for film in films] == [6.0, 6.5, 7.0]
    assert "Everything is in step." in site.get("/")
    assert "next sync" not in site.get("/attention")


def test_what_came_after_the_page_was_shown_is_not_answered_with_the_rest(site: Site) -> None:
    """A sync may ask about thousands while somebody looks at three and says yes to these."""
    page = site.html("/attention")
    (until,) = set(re.findall(r'name="until" value="([^"]+)"', page))
    late = site.api.movies(1)
    site.sim.fill_ratings("alice", [(late[0], 8.5)])
    site.sim.fill_ratings("bob", [(late[0], 2)])
    site.sync()
    assert site.api.get("/attention")["total"] == FILMS + 1
    site.to("/attention", say="target:all", **BLOCK, until=until)
    assert "1 thing only you can decide." in site.get("/attention")


def test_some_are_ticked(site: Site, films: list[Key]) -> None:
    first, _, third = ticks(site.html("/attention"))
    assert site.to("/attention", say="target:chosen", items=[first, third], **BLOCK) == "/attention"
    assert "1 thing only you can decide." in site.get("/attention")
    site.sync()
    assert [site.sim.ratings("alice")[film] for film in films] == [6.0, 8.5, 7.0]


def test_the_enter_key_on_a_box_answers_nothing(site: Site) -> None:
    items = ticks(site.html("/attention"))
    assert site.to("/attention", say="", items=items, **BLOCK) == "/attention"
    assert site.api.get("/attention")["total"] == FILMS


def test_many_questions_come_in_pages_and_an_answer_stays_on_its_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosswatch.web.pages.inbox.FIRST", 1)
    monkeypatch.setattr("crosswatch.web.pages.inbox.QUESTIONS", 2)
    page = site.html("/attention")
    assert len(ticks(page)) == 1
    assert "Keep TMDb, alice’s rating for all 3" in words(page)
    assert "Show all 3" in words(page)
    assert f'href="{QUERY}"'.replace("&", "&amp;") in page
    first = site.html(QUERY)
    assert len(ticks(first)) == 2
    assert f"{QUERY}&cursor=2".replace("&", "&amp;") in first
    second = site.html(f"{QUERY}&cursor=2")
    assert {"source:3", "target:3"} <= said(second)
    assert len(ticks(second)) == 1
    here: dict[str, Any] = {**BLOCK, "whole": "1"}
    assert site.to("/attention", say="source:3", cursor="2", **here) == f"{QUERY}&cursor=2"
    assert site.to("/attention", say="source:1", cursor="//evil", **here) == QUERY
    assert site.html(f"{QUERY}&cursor=3", status=303) == "", "nothing is left there"


@pytest.mark.parametrize(
    ("say", "more", "status"),
    [
        ("source:7", {}, 404),
        ("source:x", {}, 404),
        ("leave:1", {}, 422),
        ("take_back:1", {}, 422),
        ("source", {}, 404),
        ("source:all", {"pair": "7"}, 404),
        ("source:all", {"pair": ""}, 404),
        ("leave:all", {}, 422),
        ("source:all", {"kind": "x"}, 422),
        ("source:all", {"kind": ""}, 422),
        ("source:chosen", {}, 422),
        ("source:chosen", {"items": "x"}, 422),
    ],
)
def test_what_cannot_be_said_is_told_above_the_inbox(
    site: Site, say: str, more: dict[str, str], status: int
) -> None:
    found, page = site.refused("/attention", say=say, **{**BLOCK, **more})
    assert found == status
    assert "3 things only you can decide." in page
    assert site.api.get("/attention")["total"] == FILMS


@pytest.mark.parametrize(
    "query", ["kind=x", "kind=conflict&pair=x", "kind=conflict&side=x", "kind=conflict&cursor=x"]
)
def test_blocks_that_are_not(site: Site, query: str) -> None:
    answer = site.api.client.get(f"/attention?{query}", follow_redirects=False)
    assert answer.status_code in (404, 422)


def test_a_doubt_says_what_happened_and_one_of_a_deleted_pair_can_be_left(site: Site) -> None:
    title = int(site.api.get("/attention")["items"][0]["title"]["id"])
    data = {"side": "target", "wanted": 850, "found": None, "source": 850, "target": None}
    database = site.api.house.database
    lane = database.read_now(lambda connection: inbox.page(connection, Which(), limit=1))[0].lane

    def ask(lane_id: int | None) -> None:
        database.write_now(
            lambda connection: attention.ask_once(
                connection, kind="doubt", lane=lane_id, title=title, data=data, now=1
            )
        )

    ask(lane)
    shown = site.get("/attention")
    assert "1 write without a clear answer" in shown
    assert "CrossWatch sent 8.5 to TMDb (second) for" in shown
    assert "Leave both as they are" in shown
    assert "Keep TMDb, alice’s rating for these 3" in shown, "a doubt is answered for itself"
    ask(None)
    shown = site.get("/attention")
    assert "From pairs that were deleted" in shown
    assert site.to("/attention", say="leave:5", kind="doubt", side="target") == "/attention"
    assert "From pairs that were deleted" not in site.get("/attention")
