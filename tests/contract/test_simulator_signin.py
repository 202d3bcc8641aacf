"""Signing in at the simulated TMDb: keys, request tokens, the approval page, sessions."""

from __future__ import annotations

import re

import httpx2
import pytest

from crosswatch.simulators.tmdb import DEMO_KEY, ServedSimulator, Simulator
from tests.contract.simulated import Clock, Person

DENIED = {"success": False, "failure": True, "status_code": 17, "status_message": "Session denied."}


def new_token(client: httpx2.Client, served: ServedSimulator) -> str:
    answer = client.get(f"{served.api_url}/authentication/token/new", params={"api_key": DEMO_KEY})
    assert answer.status_code == 200
    token = str(answer.json()["request_token"])
    assert answer.headers["authentication-callback"] == f"{served.web_url}/authenticate/{token}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", answer.json()["expires_at"])
    return token


def new_session(client: httpx2.Client, served: ServedSimulator, token: str) -> httpx2.Response:
    url, key = f"{served.api_url}/authentication/session/new", {"api_key": DEMO_KEY}
    return client.post(url, params=key, json={"request_token": token})


def decide(client: httpx2.Client, served: ServedSimulator, token: str, **form: str) -> httpx2.Response:
    return client.post(f"{served.web_url}/authenticate/{token}", data=form)


def test_approving_on_the_page_sends_the_browser_back_and_makes_one_session(
    client: httpx2.Client, served: ServedSimulator
) -> None:
    token = new_token(client, served)
    back = "http://192.168.1.4:8787/cw/connect/tmdb_sync/abc"
    page = client.get(f"{served.web_url}/authenticate/{token}", params={"redirect_to": back})
    assert page.status_code == 200
    assert "not themoviedb.org" in page.text
    assert "CrossWatch asks to read and change your lists" in page.text
    assert f'value="{back}"' in page.text
    assert new_session(client, served, token).json() == DENIED

    answer = decide(client, served, token, user="alice", answer="approve", redirect_to=back)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{back}?request_token={token}&approved=true"

    session = new_session(client, served, token)
    assert session.status_code == 200
    assert re.fullmatch("[0-9a-f]{40}", session.json()["session_id"])
    again = new_session(client, served, token)
    assert (again.status_code, again.json()) == (401, DENIED)


def test_denying_is_told_by_the_redirect_alone(client: httpx2.Client, served: ServedSimulator) -> None:
    token = new_token(client, served)
    answer = decide(client, served, token, user="alice", answer="deny", redirect_to="myapp://done")
    assert answer.headers["location"] == f"myapp://done?request_token={token}&denied=true"
    assert new_session(client, served, token).json() == DENIED
    assert client.get(f"{served.web_url}/authenticate/{token}").status_code == 404


def test_without_redirect_the_browser_lands_on_a_page_that_says_so(
    client: httpx2.Client, served: ServedSimulator
) -> None:
    for answer, path in (("approve", "allow"), ("deny", "deny")):
        token = new_token(client, served)
        landed = decide(client, served, token, user="alice", answer=answer)
        assert landed.headers["location"] == f"/authenticate/{path}"
        assert client.get(served.web_url + landed.headers["location"]).status_code == 200


def test_a_redirect_with_a_query_gets_a_second_question_mark_and_no_header_of_its_own(
    client: httpx2.Client, served: ServedSimulator
) -> None:
    token = new_token(client, served)
    back = "http://127.0.0.1:9/a?b=c\r\nX-Bad: 1"
    answer = decide(client, served, token, user="alice", answer="approve", redirect_to=back)
    assert "x-bad" not in answer.headers
    assert answer.headers["location"].startswith("http://127.0.0.1:9/a?b=c%0D%0A")
    assert answer.headers["location"].endswith(f"?request_token={token}&approved=true")


def test_the_approval_page_lets_one_of_several_users_be_chosen(
    sim: Simulator, client: httpx2.Client, served: ServedSimulator
) -> None:
    sim.add_user("bob & <co>")
    token = new_token(client, served)
    page = client.get(f"{served.web_url}/authenticate/{token}").text
    assert "<option>alice</option>" in page
    assert "bob &amp; &lt;co&gt;" in page
    assert decide(client, served, token, user="nobody", answer="approve").status_code == 400
    assert decide(client, served, token, user="bob & <co>", answer="approve").status_code == 303
    session = new_session(client, served, token).json()["session_id"]
    assert sim.sessions[session] == sim.user("bob & <co>").id


def test_old_clients_may_ask_for_the_session_with_get(
    sim: Simulator, client: httpx2.Client, served: ServedSimulator
) -> None:
    token = new_token(client, served)
    sim.approve(token, "alice")
    url = f"{served.api_url}/authentication/session/new"
    assert client.get(url, params={"api_key": DEMO_KEY, "request_token": token}).json()["success"] is True


def test_a_token_lives_as_long_as_the_knob_says_even_when_approved(
    sim: Simulator, clock: Clock, client: httpx2.Client, served: ServedSimulator
) -> None:
    pending, approved = new_token(client, served), new_token(client, served)
    sim.approve(approved, "alice")
    clock.now += 3599
    assert (sim.token_state(pending), sim.token_state(approved)) == ("pending", "approved")
    sim.knobs.token_lifetime = 3599
    assert (sim.token_state(pending), sim.token_state(approved)) == ("expired", "expired")
    assert new_session(client, served, approved).json() == DENIED
    assert "too old" in client.get(f"{served.web_url}/authenticate/{pending}").text
    with pytest.raises(ValueError, match="expired"):
        sim.approve(pending, "alice")


def test_a_bogus_token_is_denied_like_a_pending_one(client: httpx2.Client, served: ServedSimulator) -> None:
    answer = new_session(client, served, "0" * 40)
    assert (answer.status_code, answer.json()) == (401, DENIED)


def test_keys_are_taken_from_query_or_bearer_by_their_shape(
    sim: Simulator, client: httpx2.Client, served: ServedSimulator
) -> None:
    read_token = sim.default_key.read_token
    url = f"{served.api_url}/authentication"
    assert client.get(url, params={"api_key": DEMO_KEY}).json()["success"] is True
    assert client.get(url, headers={"authorization": f"Bearer {read_token}"}).status_code == 200
    wrong = [
        client.get(url),
        client.get(url, params={"api_key": "f" * 32}),
        client.get(url, params={"api_key": read_token}),
        client.get(url, headers={"authorization": f"Bearer {DEMO_KEY}"}),
    ]
    assert [(answer.status_code, answer.json()["status_code"]) for answer in wrong] == [(401, 7)] * 4
    other = sim.add_key()
    sim.suspend_key(other.api_key)
    suspended = client.get(url, params={"api_key": other.api_key})
    assert (suspended.status_code, suspended.json()["status_code"]) == (401, 10)


def test_the_session_decides_and_not_the_id_in_the_path(alice: Person) -> None:
    bob = alice.sim.add_user("bob")
    for path in ("/account", f"/account/{bob}", "/account/%7Baccount_id%7D"):
        assert alice.get(path).json()["username"] == "alice"


def test_ended_revoked_and_absent_sessions_are_401_code_3(alice: Person) -> None:
    assert alice.call("DELETE", "/authentication/session", {"session_id": alice.session}).json() == {
        "success": True
    }
    revoked = alice.sim.add_session("alice")
    alice.sim.revoke_session(revoked)
    for session in (alice.session, revoked, "", None):
        answer = alice.get("/account", session_id=session)
        assert (answer.status_code, answer.json()["status_code"]) == (401, 3)
    by_query = alice.call("DELETE", "/authentication/session", session_id=alice.sim.add_session("alice"))
    assert by_query.json() == {"success": True}
    alice.sim.add_session("alice")
    assert alice.sim.revoke_sessions("alice") == 1


def test_guests_may_rate_and_nothing_else(alice: Person) -> None:
    guest = alice.get("/authentication/guest_session/new").json()["guest_session_id"]
    mine = {"session_id": None, "guest_session_id": guest}
    assert alice.call("POST", "/movie/550/rating", {"value": 7}, **mine).status_code == 201
    assert alice.get("/movie/550/account_states", **mine).json()["rated"] == {"value": 7.0}
    assert alice.get("/account/1/watchlist/movies", **mine).status_code == 401
    assert alice.sim.ratings("alice") == {}


def test_nobody_has_a_password(alice: Person) -> None:
    path = "/authentication/token/validate_with_login"
    assert alice.call("POST", path, {"request_token": "x"}).json()["status_code"] == 26
    assert alice.call("POST", path, {"username": "a", "password": "b"}).json()["status_code"] == 30


def test_the_pages_of_users_show_and_change_their_lists(alice: Person) -> None:
    base, client = alice.served.web_url, alice.client
    assert 'href="/u/alice"' in client.get(base).text
    assert DEMO_KEY in client.get(f"{base}/settings/api").text
    client.post(f"{base}/u/alice", data={"action": "add", "kind": "movie", "title": "fight club"})
    client.post(f"{base}/u/alice", data={"action": "rate", "kind": "tv", "title": "1396", "value": "9.5"})
    assert alice.sim.watchlist("alice") == [("movie", 550)]
    assert alice.sim.ratings("alice") == {("tv", 1396): 9.5}
    page = client.get(f"{base}/u/alice").text
    assert "Fight Club" in page
    assert "Breaking Bad" in page
    client.post(f"{base}/u/alice", data={"action": "remove", "key": "movie/550"})
    client.post(f"{base}/u/alice", data={"action": "rate", "key": "tv/1396", "value": "4"})
    assert (alice.sim.watchlist("alice"), alice.sim.ratings("alice")) == ([], {("tv", 1396): 4.0})
    for wrong in (
        {"action": "rate", "key": "tv/1396", "value": "11"},
        {"action": "add", "title": "No Such Film"},
    ):
        assert "note=" in client.post(f"{base}/u/alice", data=wrong).headers["location"]
    assert alice.sim.ratings("alice") == {("tv", 1396): 4.0}
    client.post(f"{base}/u/alice", data={"action": "unrate", "key": "tv/1396"})
    assert alice.sim.ratings("alice") == {}
    assert client.get(f"{base}/u/nobody").status_code == 404
    client.post(f"{base}/users", data={"username": "carol"})
    client.post(f"{base}/users", data={"username": "a/b"})
    assert [user.username for user in alice.sim.users.values()] == ["alice", "carol"]
