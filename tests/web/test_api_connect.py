"""Connecting over the API: every code of the table with its status, and what stays true whatever TMDb does."""

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from crosswatch.app import application, open_house
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import ServedSimulator
from tests.web.api_world import BASE, KEY, ME, OTHER_KEY, Api

START, FINISH = "/tmdb_sync/connect/start", "/tmdb_sync/connect/finish"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_the_whole_way(api: Api) -> None:
    alice = api.sim.add_user("alice")
    started = api.start()
    assert set(started) == {"ok", "auth_url", "request_token", "expires_at", "instance"}
    page = urlsplit(started["auth_url"])
    assert f"{page.scheme}://{page.netloc}" == api.served.web_url
    assert page.path == f"/authenticate/{started['request_token']}"
    (back,) = parse_qs(page.query)["redirect_to"]
    assert re.fullmatch(rf"{BASE}/connect/tmdb_sync/[\w-]{{22}}", back)
    assert ISO.fullmatch(started["expires_at"])

    waiting = api.verify()
    assert set(waiting) == {
        "ok", "connected", "pending", "checked", "account", "error", "code", "expires_at", "instance",
    }  # fmt: skip
    assert (waiting["ok"], waiting["connected"], waiting["pending"]) == (True, False, True)
    assert (waiting["code"], waiting["expires_at"]) == ("pending_approval", started["expires_at"])
    assert "approve" in waiting["error"].lower()

    api.sim.approve(started["request_token"], alice)
    state = api.verify()
    assert state == {
        "ok": True, "connected": True, "pending": False, "checked": True, "error": "", "code": "",
        "account": {"id": alice, "username": "alice"}, "expires_at": None, "instance": "default",
    }  # fmt: skip
    assert list(api.sim.sessions.values()) == [alice]


def test_finish_answers_who_is_connected_and_never_the_session(api: Api) -> None:
    alice = api.sim.add_user("alice")
    started = api.start()
    api.sim.approve(started["request_token"], alice)
    finished = api.post(FINISH)
    assert finished == {
        "ok": True, "connected": True, "account": {"id": alice, "username": "alice"}, "instance": "default",
    }  # fmt: skip
    assert api.post(FINISH) == finished


def test_finish_takes_a_token_that_a_script_asked_for_itself(api: Api) -> None:
    alice = api.sim.add_user("alice")
    answer = httpx2.get(f"{api.served.api_url}/authentication/token/new", params={"api_key": KEY})
    token = answer.json()["request_token"]
    given = {"api_key": KEY, "request_token": token}
    assert api.refused("POST", FINISH, given) == (409, "pending_approval")
    api.sim.approve(token, alice)
    assert api.post(FINISH, given)["account"]["id"] == alice


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "missing_api_key"),
        (None, "missing_api_key"),
        ("  ", "missing_api_key"),
        ("abc", "not_a_v3_key"),
        (KEY + "0", "not_a_v3_key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJjYW5hcnkifQ.c2lnbmF0dXJl", "not_a_v3_key"),
        ("…e8f9", "missing_api_key"),
        ({"set": True, "hint": "…e8f9"}, "missing_api_key"),
    ],
)
@pytest.mark.parametrize("path", [START, "/tmdb/save"])
def test_keys_that_are_none(api: Api, key: object, code: str, path: str) -> None:
    api.secrets |= {key} if isinstance(key, str) and len(key) > 6 else set()
    assert api.refused("POST", path, {"api_key": key}) == (422, code)
    assert api.asked("") == 0


def test_a_v4_token_is_recognised(api: Api) -> None:
    answer = api.call("POST", START, {"api_key": "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln"})
    assert "v4" in answer.json()["error"]


def test_keys_that_tmdb_refuses(api: Api) -> None:
    assert api.refused("POST", START, {"api_key": OTHER_KEY}) == (400, "invalid_api_key")
    api.sim.suspend_key(KEY)
    assert api.refused("POST", START, {"api_key": KEY}) == (400, "suspended_api_key")
    assert api.get("/tmdb_sync/verify")["code"] == "missing_api_key"


def test_nothing_was_started(api: Api) -> None:
    assert api.refused("POST", FINISH) == (409, "no_pending_request")


@pytest.mark.parametrize("number", [17, 33])
def test_pending_by_either_number_of_tmdb(api: Api, number: Any) -> None:
    api.sim.knobs.pending_code = number
    api.start()
    assert api.refused("POST", FINISH) == (409, "pending_approval")
    assert api.verify()["code"] == "pending_approval"


def test_an_hour_later_the_request_is_over(api: Api) -> None:
    api.start()
    api.clock.pass_seconds(3601)
    state = api.verify()
    assert (state["pending"], state["code"]) == (False, "approval_expired")
    assert api.refused("POST", FINISH) == (409, "approval_expired")


def test_a_denied_request_stays_pending_until_the_redirect_tells(api: Api) -> None:
    started = api.start()
    api.sim.deny(started["request_token"])
    assert api.verify()["code"] == "pending_approval"
    (back,) = parse_qs(urlsplit(started["auth_url"]).query)["redirect_to"]
    secret = urlsplit(back).path.rpartition("/")[2]
    connect = api.client.app.state.parts.connect  # type: ignore[attr-defined]

    async def returned() -> str:
        code = await connect.returned(
            secret, request_token=started["request_token"], approved=False, denied=True
        )
        assert isinstance(code, str)
        return code

    assert api.drive(returned) == "approval_denied"
    state = api.verify()
    assert (state["connected"], state["pending"], state["code"]) == (False, False, "approval_denied")
    assert api.refused("POST", FINISH) == (409, "approval_denied")


def test_tmdb_sends_no_session_id(api: Api) -> None:
    api.sim.knobs.session_without_id = True
    started = api.start()
    api.sim.approve(started["request_token"], api.sim.add_user("alice"))
    state = api.verify()
    assert (state["connected"], state["pending"], state["code"]) == (False, False, "no_session_id")
    assert api.refused("POST", FINISH) == (502, "no_session_id")


def test_a_session_that_was_revoked_at_tmdb(api: Api) -> None:
    api.connect()
    api.sim.revoke_sessions("alice")
    state = api.verify()
    assert (state["connected"], state["checked"], state["code"]) == (False, False, "session_ended")
    assert api.refused("POST", FINISH) == (409, "session_ended")


def closed_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/3"


def no_tmdb(api: Api) -> None:
    """From now on nobody listens where TMDb was."""
    api.close()
    api.settings["tmdb_api_url"] = closed_port()
    api.open()


def test_a_stored_session_while_tmdb_cannot_be_reached(api: Api) -> None:
    connected = api.connect()
    no_tmdb(api)
    state = api.verify()
    assert (state["connected"], state["checked"], state["code"]) == (True, False, "unreachable")
    assert state["account"] == connected["account"]
    assert api.settings["tmdb_api_url"] in state["error"]
    assert api.refused("POST", START) == (502, "unreachable")


def a_day_of_waiting(api: Api) -> None:
    api.sim.knobs.retry_after = "86400"
    api.fault(kind="rate_limited")


TROUBLE: dict[str, tuple[Callable[[Api], None], int]] = {
    "unreachable": (no_tmdb, 502),
    "blocked": (lambda api: api.fault(kind="html"), 502),
    "rate_limited": (a_day_of_waiting, 429),
    "tmdb_error": (lambda api: api.fault(kind="status", status=503), 502),
}


@pytest.mark.parametrize("code", TROUBLE)
def test_trouble_on_the_way_to_tmdb(api: Api, code: str) -> None:
    begin, status = TROUBLE[code]
    api.start()
    begin(api)
    for path, body in ((START, {"api_key": KEY}), (FINISH, None), ("/tmdb/save", {"api_key": KEY})):
        answer = api.call("POST", path, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert ("retry-after" in answer.headers) == (status == 429)
        api.clock.pass_seconds(2.1)
    state = api.verify()
    assert (state["connected"], state["pending"], state["code"]) == (False, True, code)


def test_who_must_wait_is_told_how_long(api: Api) -> None:
    a_day_of_waiting(api)
    answer = api.call("POST", START, {"api_key": KEY})
    assert answer.headers["retry-after"] == "86400"
    assert "86400 seconds" in answer.json()["error"]


def test_save_tests_key_and_session_before_it_keeps_them(api: Api) -> None:
    session = api.sim.add_session(api.sim.add_user("alice"))
    wrong = "0" * 40
    assert api.refused("POST", "/tmdb_sync/save", {"api_key": KEY, "session_id": wrong}) == (
        409,
        "session_ended",
    )
    assert api.get("/config")["tmdb_sync"]["session_id"] == {"set": False, "hint": ""}
    saved = api.post("/tmdb_sync/save", {"api_key": KEY, "session_id": session})
    assert saved["connected"] is True
    assert saved["account"]["username"] == "alice"
    assert api.verify()["checked"] is True


def test_disconnect_ends_the_session_at_tmdb_too(api: Api) -> None:
    api.connect()
    assert api.post("/tmdb_sync/disconnect") == {"ok": True, "revoked": True, "instance": "default"}
    assert api.sim.sessions == {}
    assert api.verify()["connected"] is False
    assert api.get("/config")["tmdb_sync"]["api_key"]["set"] is True


def test_disconnect_forgets_even_if_tmdb_cannot_be_reached(api: Api) -> None:
    api.connect()
    no_tmdb(api)
    assert api.post("/tmdb_sync/disconnect")["revoked"] is False
    assert api.get("/config")["tmdb_sync"]["session_id"]["set"] is False


def test_an_instance_appears_with_its_first_successful_connect(api: Api) -> None:
    api.connect("alice")
    assert api.refused("GET", "/tmdb_sync/verify", instance="second") == (404, "unknown_instance")
    assert api.refused("POST", "/tmdb_sync/disconnect", instance="second") == (404, "unknown_instance")
    api.start(key=None, instance="second")
    assert list(api.get("/config")["tmdb_sync"]["instances"]) == []
    state = api.connect("bob", instance="second")
    assert (state["instance"], state["account"]["username"]) == ("second", "bob")
    assert list(api.get("/config")["tmdb_sync"]["instances"]) == ["second"]
    assert api.verify()["account"]["username"] == "alice"


def test_names_that_no_account_can_have(api: Api) -> None:
    for name in ("a b", "ü", "x" * 33, "../x", "a.b", ""):
        for method, path in (
            ("POST", START),
            ("GET", "/tmdb_sync/verify"),
            ("POST", "/tmdb_sync/disconnect"),
        ):
            assert api.refused(method, path, {"api_key": KEY} if path == START else None, instance=name) == (
                404,
                "unknown_instance",
            )


def test_forget_removes_the_name_but_not_while_a_pair_uses_it(api: Api) -> None:
    api.connect("bob", instance="second")
    api.connect("alice")
    pair = api.post("/pairs", {"source": "tmdb/second", "target": "tracker"})
    refused = api.refused("POST", "/tmdb_sync/disconnect", instance="second", forget="true")
    assert refused == (409, "in_use")
    assert api.verify(instance="second")["connected"] is True
    api.call("DELETE", f"/pairs/{pair['id']}")
    assert api.post("/tmdb_sync/disconnect", instance="second", forget="true")["revoked"] is True
    assert api.refused("GET", "/tmdb_sync/verify", instance="second") == (404, "unknown_instance")
    assert api.verify()["connected"] is True


def test_connecting_anew_leaves_the_working_connection_until_it_is_done(api: Api) -> None:
    api.connect("alice")
    (old,) = api.sim.sessions
    assert api.refused("POST", START, {"api_key": OTHER_KEY}) == (400, "invalid_api_key")
    started = api.start()
    state = api.verify()
    assert (state["connected"], state["pending"], state["checked"], state["code"]) == (True, True, True, "")
    assert list(api.sim.sessions) == [old]
    api.sim.approve(started["request_token"], api.sim.add_user("bob"))
    state = api.verify()
    assert (state["pending"], state["account"]["username"]) == (False, "bob")
    assert old not in api.sim.sessions
    assert len(api.sim.sessions) == 1


def test_a_restart_between_start_and_verify(api: Api) -> None:
    started = api.start()
    api.close()
    api.sim.approve(started["request_token"], api.sim.add_user("alice"))
    api.open()
    assert api.verify()["account"]["username"] == "alice"


def test_twenty_who_verify_at_once_ask_tmdb_for_one_session(tmdb: ServedSimulator, tmp_path: Path) -> None:
    tmdb.sim.add_key(KEY)
    tmdb.sim.knobs.delay = 0.05
    settings = Settings(home=tmp_path, tmdb_api_url=tmdb.api_url, tmdb_web_url=tmdb.web_url)

    async def race() -> list[Any]:
        house = open_house(settings, role="the test")
        transport = httpx2.ASGITransport(application(house), client=ME)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            started = (await client.post(f"/api{START}", json={"api_key": KEY})).json()
            tmdb.sim.approve(started["request_token"], tmdb.sim.add_user("alice"))
            states = await asyncio.gather(*(client.get("/api/tmdb_sync/verify") for _ in range(20)))
            states.append(await client.get("/api/tmdb_sync/verify"))
        await house.close()
        assert {state.status_code for state in states} == {200}
        return [state.json() for state in states]

    *states, last = asyncio.run(race())
    assert all(state["connected"] or state["pending"] for state in states)
    assert last["connected"] is True
    assert len(tmdb.sim.traffic.entries("POST", "/authentication/session/new")) == 1
    assert len(tmdb.sim.sessions) == 1


def test_however_often_one_asks_tmdb_is_asked_every_two_seconds(api: Api) -> None:
    session_new = "/authentication/session/new"
    api.start()
    for _ in range(5):
        assert api.get("/tmdb_sync/verify")["code"] == "pending_approval"
    assert api.asked(session_new) == 1
    api.clock.pass_seconds(2.1)
    api.get("/tmdb_sync/verify")
    assert api.asked(session_new) == 2


@pytest.mark.parametrize(
    ("settings", "headers", "expected"),
    [
        ({"public_url": "https://watch.example"}, {}, "https://watch.example/connect/tmdb_sync/"),
        (
            {"public_url": "https://watch.example", "base_path": "/cw"},
            {},
            "https://watch.example/cw/connect/tmdb_sync/",
        ),
        ({"base_path": "/cw"}, {}, f"{BASE}/cw/connect/tmdb_sync/"),
        (
            {"trusted_proxies": "127.0.0.0/8", "public_url": None},
            {
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "localhost:444",
                "X-Forwarded-For": "127.0.0.1",
            },
            "https://localhost:444/connect/tmdb_sync/",
        ),
    ],
)
def test_where_tmdb_sends_the_browser_back(
    tmdb: ServedSimulator, tmp_path: Path, settings: dict[str, Any], headers: dict[str, str], expected: str
) -> None:
    api = Api(tmdb, tmp_path, **settings)
    answer = api.call("POST", START, {"api_key": KEY}, headers=headers)
    api.close()
    (back,) = parse_qs(urlsplit(answer.json()["auth_url"]).query)["redirect_to"]
    assert back.startswith(expected)


def test_the_key_of_the_environment_is_not_changed(tmdb: ServedSimulator, tmp_path: Path) -> None:
    tmdb.sim.add_key(OTHER_KEY)
    api = Api(tmdb, tmp_path, tmdb_sync_api_key=KEY)
    assert api.refused("POST", START, {"api_key": OTHER_KEY}) == (409, "set_by_environment")
    assert api.start(key=None)["ok"] is True
    api.close()
