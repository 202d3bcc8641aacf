"""The configuration over the API: masked, changed all or none, and nothing that the environment sets."""

from pathlib import Path
from typing import Any

import pytest

from crosswatch.simulators.tmdb import ServedSimulator
from tests.web.api_world import KEY, OTHER_KEY, Api


def test_it_is_all_there_and_masked(api: Api) -> None:
    api.connect()
    shown = api.get("/config")
    masked = api.house.config.masked()
    assert {name: part for name, part in shown.items() if name != "environment"} == masked
    assert shown["tmdb_sync"]["api_key"] == {"set": True, "hint": f"…{KEY[-4:]}"}
    assert shown["environment"] == {
        "tmdb.api_url": "CROSSWATCH_TMDB_API_URL",
        "tmdb.web_url": "CROSSWATCH_TMDB_WEB_URL",
        "tmdb.visibility_delay": "CROSSWATCH_TMDB_VISIBILITY_DELAY",
    }


def test_changes_and_removals(api: Api) -> None:
    changed = api.call("PATCH", "/config", {"tmdb.language": "de-DE", "ui.theme": "dark"}).json()
    assert (changed["tmdb"]["language"], changed["ui"]["theme"]) == ("de-DE", "dark")
    assert api.get("/config") == changed
    assert api.call("PATCH", "/config", {"tmdb.language": None}).json()["tmdb"]["language"] == "en-US"


def test_a_masked_secret_on_its_way_back_changes_nothing(api: Api) -> None:
    api.call("PATCH", "/config", {"tmdb.api_key": OTHER_KEY})
    shown = api.get("/config")["tmdb"]["api_key"]
    for masked in (shown, shown["hint"]):
        assert api.call("PATCH", "/config", {"tmdb.api_key": masked}).status_code == 200
    assert api.house.config.get("tmdb.api_key") == OTHER_KEY


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"tmdb.nonsense": "x"}, 422, "invalid_request"),
        ({"tmdb": {"language": "de"}}, 422, "invalid_request"),
        ({"tmdb.language": 1.5}, 422, "invalid_request"),
        ({"tmdb.language": True}, 422, "invalid_request"),
        ({"tmdb.language": "nonsense!"}, 422, "invalid_request"),
        ({"tmdb.region": "x\ny"}, 422, "invalid_request"),
        ({"tmdb.region": "\ud800"}, 422, "invalid_request"),
        ({"\ud800": "x"}, 422, "invalid_request"),
        ({"ui.theme": "pink"}, 422, "invalid_request"),
        ({"tmdb.visibility_delay": 10**30}, 422, "invalid_request"),
        ({"tmdb_sync.instances.second.label": "x"}, 404, "unknown_instance"),
        ({"tmdb.api_url": "http://127.0.0.1:1"}, 409, "set_by_environment"),
        (["tmdb.language"], 422, "invalid_request"),
    ],
)
def test_changes_that_cannot_be(api: Api, changes: Any, status: int, code: str) -> None:
    before = api.get("/config")
    body = {"ui.language": "de", **changes} if isinstance(changes, dict) else changes
    assert api.refused("PATCH", "/config", body) == (status, code)
    assert api.get("/config") == before


def test_a_wrong_value_is_told_by_its_key(api: Api) -> None:
    answer = api.call("PATCH", "/config", {"tmdb.visibility_delay": 1.5})
    assert [one["where"] for one in answer.json()["errors"]] == ["body.tmdb.visibility_delay"]


def test_a_broken_document_is_told_with_its_place(api: Api) -> None:
    api.call("PATCH", "/config", {"ui.theme": "dark"})
    (api.home / "config.json").write_text('{"ui": {\n  "theme": dark}}')
    for method, path, body in (
        ("GET", "/config", None),
        ("PATCH", "/config", {"ui.theme": "light"}),
        ("GET", "/ready", None),
        ("GET", "/tmdb_sync/verify", None),
    ):
        answer = api.call(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (503, "config_broken")
        assert "line 2" in answer.json()["error"]
    assert api.get("/health") == {"ok": True}


def test_another_secret_key_is_told(tmdb: ServedSimulator, tmp_path: Path) -> None:
    api = Api(tmdb, tmp_path, secret_key="first key of this folder, long enough")
    api.connect()
    api.close()
    api.settings["secret_key"] = "second key of this folder, long enough"
    api.open()
    assert api.get("/config")["tmdb_sync"]["api_key"] == {"set": True, "hint": ""}
    for path in ("/ready", "/tmdb_sync/verify"):
        assert api.refused("GET", path) == (503, "key_wrong")
    api.close()


def test_services_and_what_they_can_do(api: Api) -> None:
    api.connect()
    tmdb, tracker = api.get("/providers")["items"]
    assert (tmdb["id"], tmdb["state"], tracker["state"]) == ("tmdb", "connected", "connected")
    (account,) = tmdb["accounts"]
    (alice,) = (user.id for user in api.sim.users.values())
    assert account == {
        "name": "tmdb", "instance": "default", "state": "connected", "pending": False,
        "uid": f"tmdb:{alice}", "label": "alice",
    }  # fmt: skip
    assert tmdb["features"]["ratings"]["grid"] == {"step": 0.5, "low": 0.5, "high": 10.0}
    assert tmdb["features"]["watchlist"]["kinds"] == ["movie", "show"]
    assert tracker["features"]["ratings"]["add"] is True


def test_status_at_a_glance(api: Api) -> None:
    api.start()
    status = api.get("/status")
    by_name = {one["name"]: (one["state"], one["pending"]) for one in status["connections"]}
    assert by_name == {"tmdb": ("disconnected", True), "tracker": ("connected", False)}
    api.connect()
    pair = api.pair()
    asked = api.asked("")
    status = api.get("/status")
    assert (status["pairs"], status["running"], status["attention"]) == ([pair], [], 0)
    assert {one["name"]: one["state"] for one in status["connections"]}["tmdb"] == "connected"
    api.post("/tmdb_sync/disconnect")
    assert {one["name"]: one["state"] for one in api.get("/status")["connections"]}["tmdb"] == "disconnected"
    assert api.asked("") == asked + 1
