"""Home and Activity through plain HTTP: pairs are made and synced, and every end of a run has its words."""

import asyncio
import re

import pytest
from sqlalchemy import event

from tests.web.api_world import Api
from tests.web.page_world import ONE_WAY, Site

KEEP = "/pairs/new"
BOTH = ["watchlist", "ratings"]


@pytest.fixture
def site(api: Api) -> Site:
    return Site(api)


@pytest.fixture
def synced(site: Site) -> Site:
    """Connected, six titles kept in the tracker."""
    site.connect()
    site.fill()
    site.pair()
    return site


def test_an_empty_house_shows_one_way_in(site: Site) -> None:
    page = site.get("/")
    assert "Keep what you watch in step." in page
    assert "Connections" not in page
    assert "Nothing has run yet" in site.get("/runs")
    assert "Not connected" in site.get("/settings")


def test_from_the_offer_to_in_step(site: Site) -> None:
    site.connect()
    site.fill()
    offer = site.get("/")
    assert "One step left." in offer
    assert "TMDb: alice" in offer
    assert "nothing is removed from either side" in offer
    assert "Starts the first sync, or only shows what it would do." in offer
    assert site.to(KEEP, **ONE_WAY, features=BOTH) == "/"
    messages = site.stream("/stream")
    assert messages[0].startswith("retry: 3000\ndata: ")
    assert "Everything is in step." in messages[-2]
    assert messages[-1].splitlines() == ["event: done", "data:"]
    assert "Choose what to keep in step" not in site.get("/settings/tmdb_sync")
    page = site.get("/")
    assert "Everything is in step. Looked at just now ." in page
    assert "Watchlist 6 Ratings 6" in page
    assert "+12 added" in page
    assert "One step left" not in page


def test_every_line_of_a_message_is_data(synced: Site) -> None:
    for message in synced.stream("/runs/1/stream")[:-1]:
        lines = [line for line in message.splitlines() if not line.startswith("retry: ")]
        assert lines
        assert all(line.startswith("data: ") for line in lines)


def test_a_feature_that_is_not_chosen_is_not_synced(site: Site) -> None:
    site.connect()
    site.fill()
    assert site.to(KEEP, **ONE_WAY, features="ratings") == "/"
    site.sync()
    page = site.get("/")
    assert "Ratings 6" in page
    assert "Watchlist" not in page


def test_no_feature_at_all_is_refused_where_it_was_asked(site: Site) -> None:
    site.connect()
    status, page = site.refused(KEEP, **ONE_WAY)
    assert status == 409
    assert "Neither watchlist nor ratings are switched on" in page
    assert "Keep them in step" in page


def test_a_pair_of_nothing_is_refused(site: Site) -> None:
    status, page = site.refused(KEEP, **ONE_WAY, features=BOTH)
    assert status == 409
    assert "is not connected." in page


def test_the_same_pair_twice_is_one_pair(site: Site) -> None:
    site.connect()
    site.pair()
    site.pair()
    assert site.get("/").count("Sync now") == 1


def test_sync_now_twice_is_one_run(site: Site) -> None:
    site.connect()
    site.fill()
    site.pair()
    site.sim.knobs.delay = 0.2
    assert site.to("/pairs/1/run") == "/"
    assert site.to("/pairs/1/run") == "/"
    page = site.html("/")
    assert "Getting in step." in page
    assert 'hx-sse:connect="/stream"' in page
    assert '<meta http-equiv="refresh" content="3">' in page
    site.stream("/stream")
    assert "2 runs, the newest first." in site.get("/runs")


@pytest.mark.parametrize(("back", "where"), [("home", "/"), ("run", "/runs/2"), ("//evil.example", "/")])
def test_stopping_a_run(site: Site, back: str, where: str) -> None:
    site.connect()
    site.fill(60)
    site.pair()
    site.sim.knobs.delay = 0.5
    site.to("/pairs/1/run")
    assert "Stop" in site.get("/runs/2")
    assert site.to("/runs/2/cancel", back=back) == where
    site.stream("/runs/2/stream")
    assert "Stopped half way." in site.get("/")
    page = site.get("/runs/2")
    assert "You stopped it; what was done stays done." in page
    assert "Nothing was decided" in page
    assert "Nothing to write" not in page
    assert " read in " not in page
    assert site.to("/runs/2/cancel", back=back) == where


def test_a_run_shows_its_titles_in_pages(site: Site) -> None:
    site.connect()
    site.fill(130)
    site.pair()
    page = site.html("/runs/1?lane=ratings")
    assert page.count("<tr>") == 101
    more = re.search(r'href="(/runs/1\?lane=ratings&amp;cursor=\d+)"', page)
    assert more is not None
    rest = site.html(more[1].replace("&amp;", "&"))
    assert rest.count("<tr>") == 31
    assert "on the list" not in rest
    assert "From the start" in rest
    assert site.html("/runs/1").count("<tr>") == 101


def test_runs_come_in_pages(synced: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosswatch.web.pages.activity.RUNS", 2)
    for _ in range(2):
        synced.sync()
    page = synced.html("/runs")
    assert page.count('class="entry"') == 2
    assert 'href="/runs?cursor=2"' in page
    assert synced.html("/runs?cursor=2").count('class="entry"') == 1


def test_nothing_new_says_so(synced: Site) -> None:
    synced.sync()
    assert "no changes" in synced.get("/")
    assert "This run wrote no title." in synced.get("/runs/2")
    assert "Nothing to write" in synced.get("/runs/2")


def test_what_the_tracker_keeps_is_said(synced: Site) -> None:
    key = synced.sim.watchlist("alice")[0]
    synced.sim.knobs.list_lag = 0.0
    assert synced.sim.user("alice").shelf("watchlist", "movie").drop(key, 0.0)
    synced.sync()
    synced.sync()
    home = synced.get("/")
    assert "In step, with exceptions" in home
    assert "In step, but 1 difference is kept." in home
    assert "also keeps" not in home, "each of them is told once"
    page = synced.get("/runs/3")
    assert "Nothing to write CrossWatch keeps 1 title that TMDb does not list." in page
    assert page.count("Nothing to write") == 2


def test_a_title_that_its_service_does_not_list_is_told(synced: Site) -> None:
    synced.sim.hide_row(next(iter(synced.sim.ratings("alice"))))
    synced.sync()
    home = synced.get("/")
    assert "In step, but 2 titles are not listed by their services." in home, "rated and to watch"
    assert "Everything is in step." not in home


def test_another_account_is_told_before_any_sync_comes_upon_it(synced: Site) -> None:
    synced.connect("bob")
    home = synced.get("/")
    assert "Everything is in step." not in home
    assert "The connection tmdb is now bob; the pair was set up with alice." in home
    assert "Sync now" in home, "the sync asks about it"
    synced.connect("alice")
    assert "Everything is in step." in synced.get("/")


def test_a_revoked_session_stops_the_pair_until_it_is_connected_again(synced: Site) -> None:
    synced.sim.revoke_sessions("alice")
    synced.sync()
    page = synced.get("/")
    assert "Out of step." in page
    assert "TMDb no longer accepts this connection" in page
    assert "Look at the connection" in page
    assert "Something needs you" in page
    assert 'type="submit" disabled' in synced.html("/")
    assert "Not connected" in synced.get("/settings/tmdb_sync")
    assert "Connect again" in synced.get("/settings")
    synced.connect()
    page = synced.get("/")
    assert "TMDb no longer accepts" not in page
    assert 'type="submit" disabled' not in synced.html("/")
    synced.sync()
    assert "Everything is in step." in synced.get("/")


def test_tmdb_away_is_told_and_can_be_tried_again(synced: Site) -> None:
    synced.api.fault(kind="status", status=500)
    synced.sync()
    page = synced.get("/")
    assert "Out of step." in page
    assert "TMDb answered with HTTP 500" in page
    assert "It will work on another try." in page
    assert "Something needs you" not in page
    assert "Failed" in synced.get("/runs/2")
    assert 'type="submit" disabled' not in synced.html("/")


def test_a_lost_page_makes_it_nearly_in_step(synced: Site) -> None:
    synced.fill(60)
    synced.api.fault(kind="wrong_page", path="watchlist/movies", query="page=2")
    synced.sync()
    page = synced.get("/")
    assert "Nearly in step." in page
    assert "did not give its" in page
    assert "Partly done" in synced.get("/runs/2")


def test_disconnected_and_forgotten_pairs(synced: Site) -> None:
    assert "1 pair stops until then: TMDb to CrossWatch" in synced.get("/settings/tmdb_sync/disconnect")
    synced.to("/settings/tmdb_sync/disconnect", instance="default")
    page = synced.get("/")
    assert "Out of step." in page
    assert "is not connected." in page
    synced.api.call("DELETE", "/pairs/1")
    assert "6 read in the source" in synced.get("/runs/1")
    assert "TMDb to CrossWatch" in synced.get("/runs")


def test_a_pair_that_is_switched_off(synced: Site) -> None:
    synced.api.call("PATCH", "/pairs/1", {"enabled": False})
    assert "Switched off." in synced.get("/")
    status, page = synced.refused("/pairs/1/run")
    assert status == 409
    assert "is switched off" in page


@pytest.mark.parametrize(
    "path", ["/runs/9", "/runs/x", "/runs/9/stream", "/runs/1/stream", "/nowhere", "/runs/1?lane=history"]
)
def test_what_is_not_there(site: Site, path: str) -> None:
    page = site.get(path, status=404)
    assert "404 Not found" in page
    assert "Go to Home" in page


def test_what_cannot_be_done_there(site: Site) -> None:
    assert site.refused("/runs/9/cancel")[0] == 404
    assert site.refused("/pairs/9/run")[0] == 404
    assert site.refused("/pairs/x/run")[0] == 404
    assert site.refused("/runs")[0] == 405
    assert "422" in site.get("/runs?cursor=x", status=422)
    assert site.api.client.head("/").status_code == 200


def test_a_stream_with_nothing_running_says_so_and_ends(site: Site) -> None:
    first, done = site.stream("/stream")
    assert "Keep what you watch in step." in first
    assert done.startswith("event: done")


def test_a_server_that_closes_ends_its_streams_without_done(site: Site) -> None:
    site.connect()
    site.fill()
    site.pair()
    site.sim.knobs.delay = 30
    site.to("/pairs/1/run")

    async def close_soon() -> None:
        asyncio.get_running_loop().call_later(0.1, site.parts.closing.set)

    site.api.drive(close_soon)
    messages = site.stream("/stream")
    assert "Getting in step." in messages[0]
    assert not any(message.startswith("event:") for message in messages)


def test_home_asks_the_database_no_more_for_more_pairs(synced: Site) -> None:
    """However many pairs there are, the statements stay the same."""
    count = 0

    def seen(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(synced.api.house.database.engine, "before_cursor_execute", seen)
    synced.get("/")
    one, count = count, 0
    for name in ("second", "third"):
        synced.api.post("/pairs", {"source": "tmdb", "target": "tracker/" + name, "name": name})
    count = 0
    synced.get("/")
    event.remove(synced.api.house.database.engine, "before_cursor_execute", seen)
    # Two more accounts: each is looked up for a pending approval and for its counts.
    assert count <= one + 2 * 3
