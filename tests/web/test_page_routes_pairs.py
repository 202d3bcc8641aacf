"""Pairs by plain forms: every direction can be chosen, changed and deleted without a script."""

import re

import pytest

from tests.web.api_world import Api
from tests.web.page_world import ONE_WAY, Site, words

NEW = "/pairs/new"
RATINGS = {"features": "ratings"}


@pytest.fixture
def site(api: Api) -> Site:
    made = Site(api)
    made.connect()
    return made


@pytest.fixture
def both(site: Site) -> Site:
    """Two accounts of TMDb."""
    site.connect("bob", "second")
    return site


def options(page: str, name: str) -> dict[str, str]:
    """What a list offers: as it is sent, and as it is read."""
    found = re.search(rf'<select id="make-{name}".*?</select>', page, re.DOTALL)
    assert found is not None
    return {value: words(text) for value, text in re.findall(r'value="([^"]+)"[^>]*>([^<]+)', found[0])}


def chosen(page: str) -> set[str]:
    """Everything that is chosen in the forms of a page."""
    return set(re.findall(r'<(?:option|input)[^>]*?value="([^"]+)"[^>]*? (?:selected|checked)>', page))


def pair(site: Site, number: str = "1") -> dict[str, object]:
    shown: dict[str, object] = site.api.get(f"/pairs/{number}")
    return shown


def test_every_account_can_be_either_end(both: Site) -> None:
    page = both.html(NEW)
    accounts = {
        "tmdb": "TMDb: alice",
        "tmdb/second": "TMDb: bob",
        "tracker": "CrossWatch: Tracker",
        "tracker/second": "CrossWatch: Tracker (second)",
    }
    assert options(page, "source") == options(page, "target") == accounts
    assert chosen(page) == {"tmdb", "tracker", "one-way", "ask", "watchlist", "ratings"}
    said = words(page)
    assert "Changes go from the first account to the second." in said
    assert "Changes in either account go to the other one." in said
    assert "Both ways: whose rating counts where both have changed" in said
    assert "TMDb gives none." in said
    assert "nothing is removed from either side" in said


@pytest.mark.parametrize(
    ("source", "target", "mode", "rule", "stored"),
    [
        ("tmdb", "tracker", "one-way", "ask", "source"),
        ("tracker", "tmdb", "one-way", "target", "source"),
        ("tmdb", "tracker", "two-way", "ask", "ask"),
        ("tmdb", "tmdb/second", "two-way", "target", "target"),
        ("tmdb/second", "tracker/second", "two-way", "newest", "newest"),
    ],
)
def test_a_pair_is_made_as_it_was_chosen_and_synced_at_once(
    both: Site, source: str, target: str, mode: str, rule: str, stored: str
) -> None:
    assert both.to(NEW, source=source, target=target, mode=mode, conflict=rule, **RATINGS) == "/"
    both.stream("/stream")
    made = both.api.get("/pairs/1")
    ends = [f"{made[end]['provider']}/{made[end]['instance']}" for end in ("source", "target")]
    assert [end.removesuffix("/default") for end in ends] == [source, target]
    assert (made["mode"], made["features"]["ratings"]["conflict"]) == (mode, stored)
    assert made["features"]["watchlist"]["enabled"] is False
    assert both.api.get("/runs/1")["status"] == "succeeded"
    assert ("Both ways" if mode == "two-way" else "One way") in both.get("/")


def test_a_second_account_is_offered_on_home_until_a_pair_uses_it(both: Site) -> None:
    assert both.to(NEW, **ONE_WAY, **RATINGS) == "/"
    both.stream("/stream")
    page = both.html("/")
    assert {"tmdb/second", "tracker/second"} <= chosen(page)
    assert both.to(NEW, source="tmdb/second", target="tracker/second", **RATINGS) == "/"
    both.stream("/stream")
    page = both.html("/")
    assert "Keep two accounts in step" not in page
    assert 'href="/pairs/new"' in page


def test_one_account_that_is_kept_leaves_no_form(site: Site) -> None:
    site.pair()
    page = site.html("/")
    assert "Keep two accounts in step" not in page
    assert 'href="/pairs/new"' not in page
    assert 'href="/pairs/1"' in page


def test_sent_twice_it_is_one_pair_and_another_direction_is_told(site: Site) -> None:
    assert site.to(NEW, **ONE_WAY, **RATINGS) == "/"
    assert site.to(NEW, **ONE_WAY, **RATINGS) == "/"
    assert site.api.get("/pairs")["total"] == 1
    status, page = site.refused(NEW, **{**ONE_WAY, "mode": "two-way"}, **RATINGS)
    assert (status, "already joins these two accounts" in page) == (409, True)


def test_what_is_refused_is_shown_with_the_form_as_it_was_sent(site: Site) -> None:
    site.pair()
    answer = site.post(NEW, source="tracker", target="tmdb", mode="one-way", conflict="target", **RATINGS)
    assert answer.status_code == 409
    page = site.checked(answer)
    assert "already sends ratings the other way" in words(page)
    assert "make one pair that goes both ways" in words(page)
    assert chosen(page) == {"tracker", "tmdb", "one-way", "target", "ratings"}
    status, page = site.refused(NEW, source="tmdb", target="tmdb", **RATINGS)
    assert (status, "Both sides of the pair are the same account" in page) == (422, True)


@pytest.mark.parametrize(
    "fields",
    [{"mode": "sideways"}, {"conflict": "mine"}, {"source": ""}, {"target": "plex"}, {"source": "tmdb/a b"}],
)
def test_what_no_form_of_ours_says_is_refused(site: Site, fields: dict[str, str]) -> None:
    status, _ = site.refused(NEW, **{**ONE_WAY, **fields}, **RATINGS)
    assert status in (404, 422)
    assert site.api.get("/pairs")["total"] == 0


def test_without_a_connection_the_form_leads_home(api: Api) -> None:
    answer = api.client.get(NEW, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_pair_is_changed_on_its_own_page(site: Site) -> None:
    site.to(NEW, **{**ONE_WAY, "mode": "two-way"}, features=["ratings", "watchlist"])
    site.stream("/stream")
    page = site.html("/pairs/1")
    assert chosen(page) == {"ratings", "watchlist", "ask", "on"}
    assert site.to("/pairs/1", name="Ours", conflict="target", enabled="on", **RATINGS) == "/"
    changed = site.api.get("/pairs/1")
    assert (changed["name"], changed["enabled"]) == ("Ours", True)
    assert changed["features"]["ratings"]["conflict"] == "target"
    assert changed["features"]["watchlist"]["enabled"] is False
    assert site.to("/pairs/1", name="Ours", **RATINGS) == "/"
    assert site.api.get("/pairs/1")["enabled"] is False
    assert "Switched off" in site.get("/")


def test_whose_rating_counts_can_be_changed_one_way_too(site: Site) -> None:
    site.pair()
    page = site.html("/pairs/1")
    assert chosen(page) == {"ratings", "watchlist", "source", "on"}
    assert "TMDb gives no dates, so it asks." in words(page)
    assert site.to("/pairs/1", name="Mine", enabled="on", **RATINGS) == "/"
    assert site.api.get("/pairs/1")["features"]["ratings"]["conflict"] == "source"
    assert site.to("/pairs/1", name="Mine", enabled="on", conflict="target", **RATINGS) == "/"
    assert site.api.get("/pairs/1")["features"]["ratings"]["conflict"] == "target"


def test_removing_is_ticked_list_by_list(site: Site) -> None:
    site.pair()
    said = site.get("/pairs/1")
    assert "What you take off the first account’s watchlist is taken off the second one’s" in said
    assert "A first sync removes nothing." in said
    ticked = {"name": "Mine", "enabled": "on", "features": ["ratings", "watchlist"]}
    site.to("/pairs/1", **ticked, removes="watchlist", when_rated="on")
    features = site.api.get("/pairs/1")["features"]
    assert (features["watchlist"]["remove"], features["watchlist"]["remove_when_rated"]) == (True, True)
    assert features["ratings"]["remove"] is False
    site.to("/pairs/1", **ticked, removes="ratings", when_rated="on")
    features = site.api.get("/pairs/1")["features"]
    assert (features["watchlist"]["remove"], features["watchlist"]["remove_when_rated"]) == (False, False)
    assert features["ratings"]["remove"] is True
    site.to("/pairs/1", **ticked)
    assert site.api.get("/pairs/1")["features"]["ratings"]["remove"] is False


def test_switching_removing_on_leads_to_what_was_kept_and_removes_nothing(site: Site) -> None:
    films = site.sim.catalogue.add_synthetic(movies=3)
    site.sim.fill_watchlist("alice", films)
    site.pair()
    assert site.sim.user("alice").shelf("watchlist", "movie").drop(films[0], 0.0)
    site.sync()
    assert "you are asked about 1 title that was kept so far." in site.get("/pairs/1")
    ticked = {"name": "Mine", "enabled": "on", "features": ["ratings", "watchlist"]}
    assert site.to("/pairs/1", **ticked, removes=["watchlist", "ratings"]) == "/attention"
    said = site.get("/attention")
    assert "1 title is on CrossWatch’s watchlist alone" in said
    assert "Nothing is removed until you say so." in said
    assert "In step, but 1 kept title waits for you." in site.get("/")
    site.sync()
    question = site.api.get("/attention")["items"][0]
    assert (question["kind"], question["side"], question["answers"]) == ("kept", "target", ["allow", "keep"])
    assert site.to("/attention", say=f"allow:{question['id']}") == "/attention"
    site.sync()
    assert "Everything is in step." in site.get("/")
    assert site.api.get("/runs/4")["lanes"]["watchlist"]["removed"] == 1


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": "x"}, 409, "Neither watchlist nor ratings are switched on"),
        ({"name": "x" * 201, **RATINGS}, 422, "a name has at most 200 characters"),
        ({"name": "a\x07b", **RATINGS}, 422, "a name has at most 200 characters"),
        ({"name": "x", "conflict": "mine", **RATINGS}, 422, "no conflict of that name"),
    ],
)
def test_changes_that_cannot_be(site: Site, fields: dict[str, str], status: int, said: str) -> None:
    site.pair()
    before = pair(site)
    found = site.refused("/pairs/1", enabled="on", **fields)
    assert (found[0], said in found[1]) == (status, True), found
    assert pair(site) == before


def test_deleting_a_pair_keeps_all_titles(site: Site) -> None:
    site.fill()
    site.pair()
    assert "Both accounts keep all their titles." in site.get("/pairs/1")
    assert "Keep it" in site.get("/pairs/1/delete")
    assert site.api.get("/pairs")["total"] == 1, "to look at the question deletes nothing"
    assert site.to("/pairs/1/delete") == "/"
    assert site.api.get("/pairs")["total"] == 0
    assert len(site.sim.ratings("alice")) == 6
    assert "Keep two accounts in step" in site.get("/")


def test_a_pair_that_runs_is_not_deleted(site: Site) -> None:
    site.fill()
    site.pair()
    site.sim.knobs.delay = 5.0
    site.to("/pairs/1/run")
    status, page = site.refused("/pairs/1/delete")
    assert (status, "This pair is running" in page) == (409, True)
    site.sim.knobs.delay = 0.0
    site.to("/runs/2/cancel", back="home")
    site.stream("/stream")
    assert site.to("/pairs/1/delete") == "/"


def test_pairs_that_are_not_there(site: Site) -> None:
    for path in ("/pairs/7", "/pairs/x"):
        assert "404" in site.get(path, status=404)
        assert site.refused(path, name="x")[0] == 404
        assert site.refused(f"{path}/delete")[0] == 404
