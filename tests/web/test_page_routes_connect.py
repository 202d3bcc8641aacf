"""Connecting through pages alone, without scripts: every state of the table has its words and its next step."""

from pathlib import Path

import httpx2
import pytest

from crosswatch.errors import ServiceFailed
from crosswatch.simulators.tmdb import ServedSimulator
from tests.web.api_world import KEY, OTHER_KEY, Api
from tests.web.page_world import Site

PAGE, VERIFY = "/settings/tmdb_sync", "/settings/tmdb_sync/verify"
CONNECT, DISCONNECT = "/settings/tmdb_sync/connect", "/settings/tmdb_sync/disconnect"


@pytest.fixture
def site(api: Api) -> Site:
    return Site(api)


def verified(site: Site, instance: str = "default") -> str:
    """Clicks Verify, when TMDb may be asked again; gives the page that follows."""
    site.api.clock.pass_seconds(2.1)
    return site.get(site.to(VERIFY, instance=instance))


def test_from_nothing_to_connected_and_back(site: Site) -> None:
    assert "Connect TMDb" in site.get("/")
    page = site.get(PAGE)
    assert "Not connected" in page
    assert "If you only want better matching, you want Metadata: TMDb" in page
    url = site.asked()
    pending = site.get(PAGE)
    assert "Pending approval" in pending
    assert "60 minutes left" in pending
    assert f'href="{url}"'.replace("&", "&amp;") in site.html(PAGE)
    assert "Finish connecting TMDb" in site.get("/")
    end = site.came_back(site.answered(url))
    assert end == "/connect/tmdb_sync/result/connected"
    assert "Connected to TMDb You can close this tab." in site.get(end)
    page = site.get(PAGE)
    assert "Connected alice · checked just now Choose what to keep in step" in page
    assert f'href="{site.api.served.web_url}/settings/api"' in site.html(PAGE)
    assert "One step left." in site.get("/")
    assert "Connected: alice" in site.get("/settings")
    assert "Disconnect alice from TMDb?" in site.get(DISCONNECT)
    page = site.get(site.to(DISCONNECT, instance="default"))
    assert "Disconnected. TMDb has ended the session as well." in page
    assert site.sim.sessions == {}
    assert "Disconnected." not in site.get(PAGE)
    assert "Not connected The key is there; the account is not connected yet." in page
    assert "Stored, ends in …e8f9." in page


def test_the_stored_key_needs_no_second_paste(site: Site) -> None:
    site.connect()
    site.to(DISCONNECT, instance="default")
    assert "/authenticate/" in site.to(CONNECT, instance="default", api_key="")
    assert "/authenticate/" in site.to(CONNECT, instance="default")


def test_verify_before_and_after_the_yes(site: Site) -> None:
    assert "There is no TMDb API key yet." in verified(site)
    url = site.asked()
    page = verified(site)
    assert "Not approved yet." in page
    assert page.count("Approve the request") == 1
    assert "Not approved yet." not in site.get(PAGE)
    token = url.split("/authenticate/")[1].split("?")[0]
    site.sim.add_user("alice")
    site.sim.approve(token, "alice")
    page = verified(site)
    assert "Connected alice" in page
    assert "Pending approval" not in page


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        ("", 422, "There is no TMDb API key yet."),
        ("hello", 422, "has 5 characters; a TMDb API key (v3) has 32"),
        ("eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl", 422, "What was pasted is a read access token (v4)"),
        (OTHER_KEY, 400, "TMDb does not accept this API key."),
    ],
)
def test_a_key_that_is_none_is_told_in_the_new_tab(site: Site, key: str, status: int, said: str) -> None:
    code, page = site.refused(CONNECT, instance="default", api_key=key)
    assert (code, said in page) == (status, True), page
    assert "Not connected to TMDb" in page
    assert "Back to CrossWatch" in page
    assert "Not connected" in site.get(PAGE)


def test_a_suspended_key(site: Site) -> None:
    site.sim.suspend_key(KEY)
    assert site.refused(CONNECT, instance="default", api_key=KEY)[0] == 400
    assert "TMDb has suspended this API key." in site.refused(CONNECT, instance="default", api_key=KEY)[1]


def test_saying_no(site: Site) -> None:
    end = site.came_back(site.answered(site.asked(), "deny"))
    assert end == "/connect/tmdb_sync/result/approval_denied"
    assert "nothing was connected" in site.get(end)
    page = site.get(PAGE)
    assert "The request was denied at TMDb, so nothing was connected." in page
    assert "Not connected" in page


def test_a_no_to_connecting_anew_leaves_the_connection(site: Site) -> None:
    site.connect()
    url = site.asked()
    page = site.get(PAGE)
    assert "Connected alice" in page
    assert "Until then the present connection stays as it is." in page
    site.came_back(site.answered(url, "deny"))
    page = site.get(PAGE)
    assert "Connected alice" in page
    assert "Denied at TMDb. Nothing changed: alice is still connected." in page
    site.api.fault(kind="reset")
    page = verified(site)
    assert "Connected, not checked" in page
    assert site.api.served.api_url in page
    assert "Denied" not in page
    site.sim.knobs.faults = []
    page = verified(site)
    assert "Connected alice · confirmed just now" in page
    assert "Denied" not in site.get(PAGE)


def test_too_late(site: Site) -> None:
    url = site.asked()
    site.api.clock.pass_seconds(3601)
    page = site.get(PAGE)
    assert "The request was not approved within 60 minutes." in page
    assert "Start again with Connect." in page
    assert "not approved within 60 minutes" in verified(site)
    assert "Too late for TMDb" in site.get("/connect/tmdb_sync/result/approval_expired")
    assert "/authenticate/" in url


def test_tmdb_answers_without_a_session(site: Site) -> None:
    site.sim.knobs.session_without_id = True
    end = site.came_back(site.answered(site.asked()))
    assert "TMDb did not return a session id." in site.get(end)
    assert "Restart with Connect and approve again." in site.get(PAGE)


def test_a_session_that_was_revoked(site: Site) -> None:
    site.connect()
    site.sim.revoke_sessions("alice")
    page = verified(site)
    assert "TMDb no longer accepts this connection" in page
    assert "Not connected" in page
    assert "Connect again" in site.get("/")


def test_tmdb_that_cannot_be_reached(site: Site) -> None:
    site.connect()
    site.api.fault(kind="reset")
    page = verified(site)
    assert "Connected, not checked" in page
    assert site.api.served.api_url in page
    assert "Connected, not checked" in site.get("/")
    code, page = site.refused(CONNECT, instance="default")
    assert (code, site.api.served.api_url in page) == (502, True)


def test_something_answers_in_tmdbs_place(site: Site) -> None:
    site.connect()
    site.api.fault(kind="html")
    assert "answers in TMDb's place" in verified(site)


def test_tmdb_asks_to_wait(site: Site) -> None:
    url = site.asked()
    site.sim.knobs.retry_after = "86400"
    site.api.fault(kind="rate_limited")
    page = verified(site)
    assert "TMDb asks to wait 86400 seconds" in page
    assert "Pending approval" in page
    assert "TMDb asks to wait 86400 seconds" in site.refused(CONNECT, instance="default")[1]
    assert "/authenticate/" in url


def test_any_other_answer_of_tmdb(site: Site) -> None:
    site.connect()
    site.api.fault(kind="status", status=500)
    assert "TMDb answered with HTTP 500, code 11" in verified(site)


def test_a_redirect_while_tmdb_is_away_can_be_finished_later(site: Site) -> None:
    back = site.answered(site.asked())
    site.api.fault(kind="status", status=500, path="session/new")
    end = site.came_back(back)
    assert end == "/connect/tmdb_sync/result/approval_unfinished"
    assert "click Verify there" in site.get(end)
    assert "TMDb answered with HTTP 500" in verified(site)
    site.sim.knobs.faults = []
    assert "Connected alice" in verified(site)


def test_the_redirect_has_an_effect_once_and_only_with_its_token(site: Site) -> None:
    back = site.answered(site.asked())
    forged = back.split("request_token=")[0] + "request_token=" + "0" * 40 + "&approved=true"
    assert site.came_back(forged).endswith("/approval_unknown")
    assert site.came_back(back).endswith("/connected")
    asked = len(site.sim.traffic.entries("POST", "/authentication/session/new"))
    assert site.came_back(back).endswith("/connected"), "it says how it ended"
    assert len(site.sim.traffic.entries("POST", "/authentication/session/new")) == asked, "and does nothing"
    assert "used already" in site.get("/connect/tmdb_sync/result/approval_unknown")


def test_a_redirect_that_comes_after_a_poll_is_welcome_all_the_same(site: Site) -> None:
    back = site.answered(site.asked())
    site.api.clock.pass_seconds(2.1)
    assert "Connected alice" in site.get(f"{PAGE}/state")
    assert site.came_back(back).endswith("/connected")


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}])
def test_fetching_in_advance_finishes_nothing(site: Site, headers: dict[str, str]) -> None:
    back = site.answered(site.asked())
    assert site.api.client.get(back, headers=headers, follow_redirects=False).status_code == 503
    assert site.api.client.head(back, follow_redirects=False).status_code == 405
    assert site.sim.sessions == {}
    assert site.came_back(back).endswith("/connected")


def test_results_are_a_closed_list(site: Site) -> None:
    page = site.get("/connect/tmdb_sync/result/anything", status=404)
    assert "Settings" not in page


def test_the_page_asks_nobody_and_the_state_does(site: Site) -> None:
    site.connect()
    before = site.api.asked("")
    site.get("/")
    site.get("/settings")
    assert 'hx-trigger="poll"' in site.html(PAGE)
    assert site.api.asked("") == before
    site.api.clock.pass_seconds(61)
    assert 'hx-trigger="poll, load"' in site.html(PAGE)
    site.get(f"{PAGE}/state")
    assert site.api.asked("") == before + 1
    assert 'hx-trigger="poll"' in site.html(PAGE)


def test_a_second_account(site: Site) -> None:
    site.connect()
    page = site.get(f"{PAGE}?instance=second")
    assert "Not connected" in page
    assert "Stored, ends in …e8f9." in page
    site.connect("bob", "second")
    page = site.get(f"{PAGE}?instance=second")
    assert "Connected bob" in page
    assert "alice bob" in page
    assert "alice" in site.get("/settings")
    assert "bob" in site.get("/settings")
    assert site.to("/pairs/new", source="tmdb/second", target="tracker/second", features="ratings") == "/"
    site.stream("/stream")
    assert "Tracker (second)" in site.get("/")
    page = site.get(site.to(DISCONNECT, instance="second"))
    assert "Stopped until it is connected again: TMDb (second)" in page
    assert "Connected alice" in site.get(PAGE)


def test_a_disconnect_that_tmdb_did_not_hear_of_says_so(site: Site) -> None:
    site.connect()
    site.api.fault(kind="status", status=500)
    page = site.get(site.to(DISCONNECT, instance="default"))
    assert "TMDb did not answer to it" in page


def test_connecting_leads_on_until_a_pair_uses_the_account(site: Site) -> None:
    site.connect()
    assert "Next: choose what to keep in step" in site.get("/connect/tmdb_sync/result/connected")
    site.pair()
    end = site.came_back(site.answered(site.asked()))
    assert end == "/connect/tmdb_sync/result/connected_again"
    assert "Back to CrossWatch" in site.get(end)


def test_a_new_request_after_a_revocation_is_told_alone(site: Site) -> None:
    site.connect()
    site.sim.revoke_sessions("alice")
    assert "no longer accepts" in verified(site)
    site.asked()
    page = site.get(PAGE)
    assert "Pending approval" in page
    assert "no longer accepts" not in page


def test_the_state_brings_the_account_switcher_along(site: Site) -> None:
    assert "Add another account" not in site.get(f"{PAGE}/state")
    site.connect()
    assert "Add another account" in site.get(f"{PAGE}/state")


@pytest.mark.parametrize("name", ["no spaces", "x" * 33, "<script>", "a/b"])
def test_a_name_that_cannot_be_one(site: Site, name: str) -> None:
    query = str(httpx2.QueryParams({"instance": name}))
    page = site.html(f"{PAGE}?{query}", status=404)
    assert "Names have 1 to 32 letters, digits, _ or -" in page
    assert "<script>" not in page
    assert site.refused(CONNECT, instance=name, api_key=KEY)[0] == 404
    assert site.refused(VERIFY, instance=name)[0] == 404


def test_a_state_that_was_never_asked_for_has_nothing_to_verify(site: Site) -> None:
    assert "Not connected" in site.get(f"{PAGE}/state?instance=never")
    assert "Not connected" in verified(site, "never")
    site.get(f"{DISCONNECT}?instance=never", status=404)


def test_the_key_of_the_environment(tmdb: ServedSimulator, tmp_path: Path) -> None:
    api = Api(tmdb, tmp_path / "home", tmdb_sync_api_key=KEY)
    try:
        site = Site(api)
        page = site.get(PAGE)
        assert "Set by CROSSWATCH_TMDB_SYNC_API_KEY , ends in …e8f9." in page
        assert "/authenticate/" in site.to(CONNECT, instance="default")
    finally:
        api.close()


def test_what_tmdb_says_is_never_markup(site: Site) -> None:
    site.connect()
    hostile = ServiceFailed("tmdb_error", status=500, number=11, message="<b>no</b>")
    session = site.api.house.config.tmdb_account().session_id
    site.parts.connect.memory.failed("default", session, hostile)
    assert "&lt;b&gt;no&lt;/b&gt;" in site.html(PAGE)


def test_a_restart_forgets_nothing_that_matters(site: Site) -> None:
    site.connect()
    url = site.asked()
    token = url.split("/authenticate/")[1].split("?")[0]
    site.api.close()
    site.api.open()
    page = site.html(PAGE)
    assert f'href="{site.api.served.web_url}/authenticate/{token}"' in page
    assert 'hx-trigger="poll, load"' in page
    assert "Pending approval" in site.get(PAGE)
    assert "Connected alice" in site.get(PAGE)
    assert site.came_back(site.answered(url)).endswith("/connected")
