"""The inbox as a browser without scripts uses it: both values as buttons, one by one or all at once."""

import re

import pytest

from crosswatch.simulators.tmdb import Key
from crosswatch.store import attention
from tests.web.api_world import Api
from tests.web.page_world import Site, words

FILMS = 3


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


def forms(page: str, action: str) -> list[str]:
    """The forms of a page with such an action, each with its buttons' values."""
    return re.findall(rf'<form class="answers" method="post" action="({action})">', page)


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
    assert "Waits for you" in home
    assert '<a href="/attention">Decide them</a>' in home
    assert "3 in conflict" in site.get("/runs/1")
    assert '<a href="/attention">Decide them</a>' in site.html("/runs/1")


def test_both_values_are_buttons(site: Site) -> None:
    page = site.html("/attention")
    assert len(forms(page, r"/attention/\d+")) == FILMS
    said = words(page)
    assert "What needs you 3 things only you can decide." in said
    assert "TMDb and TMDb (second)" in said
    assert "Keep 8.5 (TMDb, alice)" in said
    for value in ("6", "6.5", "7"):
        assert f"Keep {value} (TMDb, bob)" in said


def test_an_answer_waits_for_the_next_sync_which_can_be_begun_there(site: Site, films: list[Key]) -> None:
    assert site.to("/attention/1", answer="source", cursor="") == "/attention"
    page = site.html("/attention")
    assert "2 things only you can decide." in words(page)
    assert "1 answer waits for the next sync." in words(page)
    assert 'action="/pairs/1/run"' in page
    assert "2 things need you" in site.get("/")
    site.sync()
    assert site.sim.ratings("bob")[films[0]] == 8.5
    said = site.get("/attention")
    assert "waits for the next sync" not in said
    assert "2 things only you can decide." in said


def test_all_of_a_pair_at_once(site: Site, films: list[Key]) -> None:
    page = site.html("/attention")
    assert forms(page, r"/attention/pairs/1")
    assert "Answer all 3 at once Keep TMDb, alice’s rating for all 3" in words(page)
    assert site.to("/attention/pairs/1", answer="target") == "/attention"
    said = site.get("/attention")
    assert "Nothing needs you." in said
    assert "3 answers wait for the next sync." in said
    site.sync()
    assert [site.sim.ratings("alice")[film] for film in films] == [6.0, 6.5, 7.0]
    assert "Everything is in step." in site.get("/")
    assert "wait for the next sync" not in site.get("/attention")


def test_many_questions_come_in_pages_and_an_answer_stays_on_its_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosswatch.web.pages.inbox.QUESTIONS", 2)
    page = site.html("/attention")
    assert len(forms(page, r"/attention/\d+")) == 2
    assert "Answer all 3 at once" in words(page)
    assert 'href="/attention?cursor=2"' in page
    second = site.html("/attention?cursor=2")
    assert forms(second, r"/attention/\d+") == ["/attention/3"]
    assert '<input type="hidden" name="cursor" value="2">' in second
    assert site.to("/attention/3", answer="source", cursor="2") == "/attention?cursor=2"
    assert site.to("/attention/3", answer="source", cursor="//evil") == "/attention"


@pytest.mark.parametrize(
    ("path", "answer", "status"),
    [
        ("/attention/7", "source", 404),
        ("/attention/x", "source", 404),
        ("/attention/1", "leave", 422),
        ("/attention/1", "", 422),
        ("/attention/pairs/7", "source", 404),
        ("/attention/pairs/1", "leave", 422),
    ],
)
def test_what_cannot_be_said_is_told_above_the_inbox(site: Site, path: str, answer: str, status: int) -> None:
    found, page = site.refused(path, answer=answer)
    assert found == status
    assert "3 things only you can decide." in page
    assert site.api.get("/attention")["total"] == FILMS


def test_a_doubt_says_what_happened_and_one_of_a_deleted_pair_can_be_left(site: Site) -> None:
    title = int(site.api.get("/attention")["items"][0]["title"]["id"])
    data = {"side": "target", "wanted": 850, "found": None, "source": 850, "target": None}
    lane = site.api.house.database.read_now(lambda connection: attention.waiting(connection, limit=1))[0].lane

    def ask(lane_id: int | None) -> None:
        site.api.house.database.write_now(
            lambda connection: attention.ask_once(
                connection, kind="doubt", lane=lane_id, title=title, data=data, now=1
            )
        )

    ask(lane)
    said = site.get("/attention")
    assert "CrossWatch sent 8.5 to TMDb (second) for" in said
    assert "Keep 8.5 (TMDb, alice)" in said
    assert "Leave both as they are" in said
    assert "Answer all 3 at once" in said, "a doubt is answered for itself"
    ask(None)
    said = site.get("/attention")
    assert "From pairs that were deleted" in said
    assert site.to("/attention/5", answer="leave") == "/attention"
    assert "From pairs that were deleted" not in site.get("/attention")
