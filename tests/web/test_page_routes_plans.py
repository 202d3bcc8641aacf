"""Previews as a browser without scripts uses them: from a button to the titles, and from there to exactly that."""

import re

import pytest

from crosswatch.simulators.tmdb import Edit, Key
from crosswatch.web.pages import planning
from tests.web.api_world import Api
from tests.web.page_world import ONE_WAY, Site, words

BOTH = ["watchlist", "ratings"]
RUN = re.compile(r"/runs/(\d+)\?follow=plan")
DAY = 24 * 60 * 60


@pytest.fixture
def site(api: Api) -> Site:
    made = Site(api)
    made.connect()
    return made


@pytest.fixture
def kept(site: Site) -> Site:
    """Six titles that are kept in the tracker."""
    site.fill()
    site.pair()
    return site


def followed(site: Site, where: str) -> str:
    """From the run of a preview to the preview, as a page without scripts gets there: by loading the run again."""
    number = RUN.fullmatch(where)
    assert number is not None, where
    assert site.api.ended(number[1])["kind"] == "plan"
    answer = site.api.client.get(where, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


def previewed(site: Site, pair: str = "1") -> str:
    """The address of a preview that its button makes."""
    return followed(site, site.to(f"/pairs/{pair}/plan"))


def applied(site: Site, plan: str) -> str:
    """The address of the run that applies a plan, once it has ended."""
    where = site.to(f"{plan}/apply")
    site.api.ended(where.removeprefix("/runs/"))
    return where


def counted(page: str, heading: str) -> int:
    found = re.search(rf'id="{heading}">[^<]+<span class="tally">([^<]+)</span>', page)
    assert found is not None, heading
    return int(found[1].replace("\u202f", ""))


def test_from_a_button_to_exactly_what_was_shown(kept: Site) -> None:
    site = kept
    film = next(iter(site.sim.ratings("alice")))
    new = site.sim.catalogue.add_synthetic(movies=1)
    site.sim.fill_ratings("alice", [(film, 9.5), (new[0], 4.0)])
    assert 'action="/pairs/1/plan"' in site.html("/")
    assert 'action="/pairs/1/plan"' in site.html("/pairs/1")
    plan = previewed(site)
    page = site.html(plan)
    said = words(page)
    assert "Preview of TMDb to CrossWatch 1 added to CrossWatch, 1 changed, nothing removed." in said
    assert "Nothing has been written. Made just now , expires in 23 hours ." in said
    assert "Apply exactly this: 1 added, 1 changed" in said
    assert 'class="large primary"' in page
    assert (counted(page, "writes"), "Would not be written" in said) == (2, False)
    assert "9.5" in said
    assert "You changed it on TMDb. Read in the list of TMDb at " in said
    assert "TMDb has it, and CrossWatch does not." in said
    run = applied(site, plan)
    said = site.get(run)
    assert "It applied exactly this preview : 1 added to CrossWatch, 1 changed, nothing removed." in said
    assert f'href="{plan}"' in site.html(run)
    assert "Everything is in step." in site.get("/")
    page = site.html(plan)
    assert "Applied. The run shows how each title ended. Look at the run" in words(page)
    assert f'href="{run}"' in page
    assert "Apply exactly this" not in page
    assert "Preview again" in page


def test_what_came_since_the_preview_keeps_the_pair_from_being_in_step(kept: Site) -> None:
    site = kept
    first, second = site.sim.catalogue.add_synthetic(movies=2)
    site.sim.fill_ratings("alice", [(first, 4.0)])
    plan = previewed(site)
    site.sim.fill_ratings("alice", [(second, 5.0)])
    run = applied(site, plan)
    assert "1 left for the next sync" in site.get(run)
    home = site.get("/")
    assert "Everything is in step." not in home
    assert "In step, but 1 change waits for the next sync." in home
    site.sync()
    assert "Everything is in step." in site.get("/")


def test_a_preview_is_not_taken_for_a_sync(site: Site) -> None:
    site.fill()
    where = site.to("/pairs/new", **ONE_WAY, features=BOTH, then="preview")
    plan = followed(site, where)
    assert "12 added to CrossWatch" in site.get(plan)
    home = site.get("/")
    assert "Ready for the first sync." in home
    assert "Not synced yet" in home
    assert "In step" not in home
    assert "Ready · Preview · just now" in home
    assert "nothing written" in home
    run = site.get("/runs/1")
    assert "Preview by you, just now" in run
    assert "It only looked; nothing was written." in run
    assert "12 added to CrossWatch, nothing removed. Look at the preview" in run
    assert "agree" not in run
    applied(site, plan)
    assert "Everything is in step." in site.get("/")


def test_while_a_preview_is_made_home_says_so_and_its_run_leads_on(kept: Site) -> None:
    site = kept
    site.sim.knobs.delay = 2.0
    where = site.to("/pairs/1/plan")
    home = site.get("/")
    assert "Looking ahead. Nothing is written while a preview is made." in home
    assert "Previewing" in home
    assert "Getting in step" not in home
    page = site.html(where)
    assert 'hx-sse:connect="/runs/2/stream?follow=plan"' in page
    assert '<meta http-equiv="refresh" content="3">' in page
    assert "Nothing is written." in words(page)
    assert site.to("/pairs/1/plan") == where, "asked for twice, it is one preview"
    site.sim.knobs.delay = 0.0
    messages = site.stream("/runs/2/stream?follow=plan")
    assert 'data-next="/plans/1"' in messages[-2]
    assert 'data-next="' not in messages[0]
    assert 'data-next="' not in site.stream("/runs/2/stream")[-2]
    assert "Look at the preview" in site.get("/runs/2"), "without follow it stays where it is"


def test_a_preview_that_fails_stays_at_its_run_and_says_why(kept: Site) -> None:
    site = kept
    site.sim.revoke_sessions("alice")
    where = site.to("/pairs/1/plan")
    site.api.ended("2")
    said = site.get(where)
    assert "Failed" in said
    assert "It could not look; nothing was written." in said
    assert "TMDb no longer accepts this connection" in said


def test_removals_are_named_on_a_dangerous_button(kept: Site) -> None:
    site = kept
    films = list(site.sim.ratings("alice"))
    lanes = {lane: {"enabled": True, "remove": True} for lane in BOTH}
    site.api.call("PATCH", "/pairs/1", {"features": lanes})
    for film in films[:2]:
        site.sim.edit(Edit("alice", "unrate", film))
    plan = previewed(site)
    page = site.html(plan)
    assert "Apply exactly this: 2 removed" in words(page)
    assert 'class="large danger solid"' in page
    assert "2 removed from CrossWatch." in words(page)
    assert "TMDb was asked about this title itself at " in words(page)
    assert "2 removed" in site.get(applied(site, plan))


def test_what_is_not_written_stands_apart_with_its_reason(site: Site) -> None:
    site.connect("bob", "second")
    films: list[Key] = site.sim.catalogue.add_synthetic(movies=planning.REST + 5)
    site.sim.fill_ratings("alice", [(film, 8.5) for film in films] + [(("movie", 603), 2.0)])
    site.sim.fill_ratings("bob", [(film, 6.0) for film in films])
    chosen = {"source": "tmdb", "target": "tmdb/second", "mode": "two-way", "features": "ratings"}
    plan = followed(site, site.to("/pairs/new", **chosen, then="preview"))
    page = site.html(plan)
    said = words(page)
    assert "1 added to TMDb (bob), nothing removed." in said
    assert "Rated 8.5 on TMDb (alice) and 6 on TMDb (bob). You decide which one counts." in said
    assert (counted(page, "writes"), counted(page, "rest")) == (1, len(films))
    assert page.count("You decide which one counts.") == planning.REST
    assert f'href="{plan}?only=rest"' in page
    alone = site.html(f"{plan}?only=rest")
    assert alone.count("Rated 8.5 on TMDb (alice)") == len(films)
    assert "The whole preview" in alone
    assert "Would be written" not in alone
    assert site.api.get("/attention")["total"] == 0


def test_titles_are_paged_and_filtered_by_lane(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "TITLES", 4)
    site.fill(5)
    plan = followed(site, site.to("/pairs/new", **ONE_WAY, features=BOTH, then="preview"))
    titles: list[str] = []
    where = plan
    for rows in (4, 4, 2):
        page = site.html(where)
        found = re.findall(r'class="item-title">([^<]+)<', page)
        assert (len(found), counted(page, "writes")) == (rows, 10)
        titles += found
        more = re.search(r'href="([^"]+)">More titles', page)
        where = more[1] if more else ""
    assert not where
    assert len(titles) == 10
    assert len(set(titles)) == 5, "each is rated and listed"
    page = site.html(f"{plan}?lane=ratings")
    assert counted(page, "writes") == 5
    assert re.search(r'href="([^"]+lane=ratings[^"]+cursor=\d+)">More titles', page)
    assert site.get(f"{plan}?lane=history", status=404)
    assert site.get(f"{plan}?cursor=x", status=422)


@pytest.mark.parametrize("why", ["expired", "changed", "account", "gone"])
def test_what_can_no_longer_be_applied_says_why(kept: Site, why: str) -> None:
    site = kept
    site.sim.fill_ratings("alice", [(("movie", 603), 2.0)])
    plan = previewed(site)
    if why == "expired":
        site.api.clock.pass_seconds(DAY)
    elif why == "changed":
        assert site.to("/pairs/1", name="Ours", enabled="on", features="ratings") == "/"
    elif why == "account":
        site.connect("bob")
    else:
        assert site.to("/pairs/1/delete") == "/"
    said = {
        "expired": "Preview expired. This preview is more than a day old, so it can no longer be applied.",
        "changed": "Settings changed since. The pair has been changed since this preview was made",
        "account": "Another account. Another account is connected now",
        "gone": "Pair deleted. The pair of this preview has been deleted.",
    }[why]
    page = site.get(plan)
    assert said in page
    assert "Apply exactly this" not in page
    assert ("Preview again" in site.html(plan).split("<section")[1]) is (why != "gone")
    status, refused = site.refused(f"{plan}/apply")
    assert (status, said in refused) == (409, True)


def test_a_title_that_moved_is_named_at_the_run_and_at_the_preview(kept: Site) -> None:
    site = kept
    site.sim.fill_ratings("alice", [(("movie", 603), 2.0)])
    plan = previewed(site)
    site.sim.fill_ratings("alice", [(("movie", 603), 3.0)])
    run = applied(site, plan)
    page = site.html(run)
    sentence = "Nothing was written: what this preview showed no longer holds for The Matrix (1999)."
    assert sentence in words(page)
    assert f'<a class="button small" href="{plan}">Go to the preview</a>' in page
    assert "It applied" not in page
    page = site.html(plan)
    assert sentence in words(page)
    assert re.search(r'class="large primary" type="submit">.*Preview again', page)
    assert "Apply exactly this: 1 added" in words(page)


def test_nothing_to_write_leads_to_a_sync(kept: Site) -> None:
    plan = previewed(kept)
    page = kept.html(plan)
    assert "Nothing would be written." in words(page)
    assert 'action="/pairs/1/run"' in page
    assert "Apply exactly this" not in page
    assert "Would be written" not in page


def test_while_the_pair_runs_it_is_said_on_the_preview(kept: Site) -> None:
    site = kept
    site.sim.fill_ratings("alice", [(("movie", 603), 2.0)])
    plan = previewed(site)
    site.sim.knobs.delay = 5.0
    site.to("/pairs/1/run")
    status, page = site.refused(f"{plan}/apply")
    assert (status, "This pair is running at this moment." in page) == (409, True)
    site.sim.knobs.delay = 0.0
    site.to("/runs/3/cancel", back="home")
    site.stream("/stream")
    assert "Done" in site.get(applied(site, plan))


@pytest.mark.parametrize("path", ["/plans/7", "/plans/x", "/plans/7/apply"])
def test_previews_that_are_not_there(site: Site, path: str) -> None:
    if path.endswith("apply"):
        assert site.refused(path)[0] == 404
    else:
        assert "404" in site.get(path, status=404)
    assert site.refused("/pairs/7/plan")[0] == 404


def test_a_preview_that_cannot_begin_says_so_on_home(kept: Site) -> None:
    site = kept
    assert site.to("/pairs/1", name="Ours", features="ratings") == "/"
    status, page = site.refused("/pairs/1/plan")
    assert (status, "is switched off" in page) == (409, True)


def test_a_preview_that_is_kept_no_more_leaves_its_run(kept: Site) -> None:
    site = kept
    assert previewed(site) == "/plans/1"
    site.api.clock.pass_seconds(3 * DAY)
    assert previewed(site) == "/plans/2"
    assert site.get("/plans/1", status=404)
    said = site.get("/runs/2")
    assert "It only looked; nothing was written." in said
    assert "Look at the preview" not in said
