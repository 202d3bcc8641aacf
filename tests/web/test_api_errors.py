"""Whatever is sent, the answer is a problem document that says what to do, and never repeats what was sent."""

import json
import logging
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from crosswatch.net.redaction import RedactingFilter
from crosswatch.simulators.tmdb import ServedSimulator
from tests.web.api_world import BASE, KEY, ME, PROBLEM, Api, is_problem

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"api_key":', 400),
        (b"{'api_key': 1}", 400),
        (b"\xff\xfe", 400),
        (b"{" + b'"a":' * 9, 400),
        (b"1" * 5000, 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"NaN", 422),
        (b'{"api_key": 1e999}', 422),
        (b'{"api_key": ["x"]}', 422),
        (b'{"\\ud800": 1}', 422),
        (b'{"api_key": "\\ud800"}', 422),
        (b'{"api_key": "' + b"x" * 10_001 + b'"}', 422),
        (b"[" * 40 + b"]" * 40, 422),
        (b'{"api_key": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
def test_bodies_that_cannot_be_used(api: Api, content: bytes, status: int) -> None:
    answer = api.client.post("/api/tmdb_sync/connect/start", content=content, headers=JSON)
    is_problem(answer)
    assert answer.status_code == status
    assert answer.json()["code"] == ("too_large" if status == 413 else "invalid_request")


def test_a_value_is_never_repeated(api: Api) -> None:
    canary = "canary-5e0f1a"
    for body in (
        {"api_key": [canary]},
        {"api_key": {"x": canary}},
        {"request_token": 1, "api_key": {canary: 1}},
    ):
        answer = api.call("POST", "/tmdb_sync/connect/finish", body)
        assert answer.status_code == 422
        assert canary not in json.dumps(
            {**answer.json(), "errors": [one["what"] for one in answer.json()["errors"]]}
        )
    answer = api.client.post(
        "/api/tmdb_sync/connect/start", content=f'{{"api_key": {canary}'.encode(), headers=JSON
    )
    assert canary not in answer.text


def test_a_body_that_is_no_json_is_told_to_be(api: Api) -> None:
    answer = api.client.post("/api/tmdb_sync/connect/start", content=f"api_key={KEY}")
    is_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (415, "invalid_request")
    api.check(answer)


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/pairs/", "/pairs/1/nothing", "/tmdb_sync", "/metrics", "/%ff"]
)
def test_addresses_that_are_not_there(api: Api, path: str) -> None:
    assert api.refused("GET", path) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/pairs", "GET, POST"),
        ("POST", "/pairs/1", "GET, PATCH, DELETE"),
        ("GET", "/pairs/1/run", "POST"),
        ("DELETE", "/config", "GET, PATCH"),
        ("POST", "/health", "GET, HEAD"),
        ("OPTIONS", "/status", "GET"),
    ],
)
def test_methods_that_are_not_there(api: Api, method: str, path: str, allowed: str) -> None:
    answer = api.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


def test_a_fault_is_told_by_a_reference_that_is_in_the_log(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.handler.addFilter(RedactingFilter())

    async def broken() -> None:
        raise ZeroDivisionError(f"api_key={KEY}")

    monkeypatch.setattr(api.client.app.state.parts.pairs, "every", broken)  # type: ignore[attr-defined]
    answer = api.call("GET", "/pairs")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "ZeroDivisionError" in answer.json()["error"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    reference = record.getMessage().split()[1]
    assert reference in answer.json()["error"]
    assert "GET /api/pairs" in record.getMessage()
    assert "Traceback" in (record.exc_text or "")
    assert KEY not in caplog.text


@pytest.mark.parametrize("sent", ["/cw/api/health", "/api/health"])
def test_below_a_base_path_that_a_proxy_strips_or_not(
    tmdb: ServedSimulator, tmp_path: Path, sent: str
) -> None:
    api = Api(tmdb, tmp_path, base_path="/cw")
    assert api.client.get(sent).json() == {"ok": True}
    document = api.client.get(sent.replace("health", "openapi.json")).json()
    assert document["servers"] == [{"url": "/cw"}]
    assert 'href="/cw/' in api.client.get(sent.replace("health", "docs")).text
    api.connect()
    made = api.client.post(sent.replace("health", "pairs"), json={"source": "tmdb", "target": "tracker"})
    assert made.headers["location"] == "/cw/api/pairs/1"
    nothing = api.client.get(sent.replace("health", "nothing"))
    assert nothing.headers["content-type"] == PROBLEM
    api.close()


def test_long_answers_are_packed_and_assets_are_kept_by_browsers(api: Api) -> None:
    packed = api.client.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert (
        "content-encoding" not in api.client.get("/api/openapi.json", headers={"Accept-Encoding": ""}).headers
    )
    names = api.client.get("/assets/manifest.json")
    if names.status_code == 404:
        pytest.skip("the pages' assets are not built: make setup")
    assert names.headers["cache-control"] == "no-cache"
    for name in names.json().values():
        asset = api.client.get(f"/assets/{name}")
        assert asset.status_code == 200
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert api.client.get("/assets/../application.py").status_code == 404
    assert api.client.get("/assets/%2e%2e/application.py").status_code == 404


def test_health_answers_those_who_ask_for_the_head_only(api: Api) -> None:
    answer = api.client.head("/api/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_nobody_else_may_call(api: Api) -> None:
    rebound = api.client.get("/api/config", headers={"Host": "evil.example"})
    is_problem(rebound)
    assert (rebound.status_code, rebound.json()["code"]) == (403, "forbidden_host")
    other = api.client.post("/api/run", headers={"Origin": "https://evil.example", **JSON}, content=b"{}")
    assert (other.status_code, other.json()["code"]) == (403, "forbidden_origin")
    stranger = TestClient(api.app, base_url=BASE, client=("192.168.1.9", 50_000))
    assert stranger.get("/api/config").json()["code"] == "setup_required"
    assert stranger.get("/api/health").json() == {"ok": True}
    assert TestClient(api.app, base_url=BASE, client=ME).get("/api/config").status_code == 200
