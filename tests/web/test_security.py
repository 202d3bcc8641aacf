"""Nobody calls who may not: rebound names, other sites' pages, lying proxies, strangers; and bodies are no traps."""

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from crosswatch import words
from crosswatch.web.security import (
    SESSION_COOKIE,
    safe_next,
)
from tests.web.guarded import ALL, HOST, JSON, LOCAL, ME, PAGE, PROXY, SOMEBODY, Doors, ask, code_of, guarded

# --- From this machine, without a password


def test_plain_curl_works() -> None:
    assert ask(LOCAL, "GET", "/api/status").status_code == 200
    assert ask(LOCAL, "POST", "/api/x", JSON, content=b"{}").status_code == 200
    assert ask(LOCAL, "POST", "/api/x").status_code == 200
    assert ask(LOCAL, "DELETE", "/api/x").status_code == 200


@pytest.mark.parametrize(
    ("host", "fine"),
    [
        ("127.0.0.1:8787", True),
        ("127.0.0.1", True),
        ("127.9.9.9:1", True),
        ("localhost:8787", True),
        ("LocalHost.", True),
        ("[::1]:8787", True),
        ("cw.example", True),  # CROSSWATCH_PUBLIC_URL
        ("cw.example:444", True),
        ("evil.example", False),
        ("evil.example:8787", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("cw.example.evil", False),
        ("0.0.0.0:8787", False),
        ("192.168.1.7:8787", False),
        ("[::ffff:1.2.3.4]", False),
        ("localhost:8787:1", False),
        ("localhost@evil.example", False),
        ("localhost evil", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_answered(host: str, fine: bool) -> None:
    app = guarded(public_url="https://cw.example")
    for path in ("/", "/api/status", "/api/health"):
        answer = ask(app, "GET", path, {"Host": host})
        assert answer.status_code == (200 if fine else 403)
        assert fine or "does not answer" in answer.text
    assert fine or code_of(ask(app, "GET", "/api/status", {"Host": host})) == "forbidden_host"


def test_without_a_public_url_no_empty_name_is_allowed() -> None:
    assert ask(LOCAL, "GET", "/", {"Host": ":8787"}).status_code == 403
    assert ask(LOCAL, "GET", "/", {"Host": "."}).status_code == 403


def test_two_host_headers_are_refused() -> None:
    async def run() -> int:
        started: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            started.append(message)

        scope = {
            "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "scheme": "http",
            "headers": [(b"host", b"localhost"), (b"host", b"evil.example")], "client": ME, "server": ME,
            "http_version": "1.1",
        }  # fmt: skip
        await LOCAL(scope, receive, send)
        return int(started[0]["status"])

    assert anyio.run(run) == 403


OWN = {"http://127.0.0.1:8787"}
ORIGINS = st.sampled_from(
    [None, "http://127.0.0.1:8787", "null", "", "https://evil.example", "http://127.0.0.1", "http://localhost:8787",
     "http://127.0.0.1:8788", "http://127.0.0.1:8787.evil.example", "file://", "http://127.0.0.1:8787/x"]
)  # fmt: skip
SITES = st.sampled_from([None, "same-origin", "none", "same-site", "cross-site", "nonsense", "Same-Origin"])
MODES = st.sampled_from([None, "navigate", "no-cors", "cors", "same-origin"])
DESTS = st.sampled_from([None, "document", "empty", "iframe", "image", "script"])
PATHS = st.sampled_from(
    ["/", "/runs", "/api/status", "/connect/tmdb_sync/abc", "/assets/app.css", "/sign-out"]
)


@settings(max_examples=400)
@given(
    method=st.sampled_from(ALL), path=PATHS, origin=ORIGINS, site=SITES, mode=MODES, dest=DESTS,
    kind=st.sampled_from([None, "application/json", "application/x-www-form-urlencoded", "text/plain"]),
)  # fmt: skip
def test_no_other_sites_page_ever_gets_through(
    method: str,
    path: str,
    origin: str | None,
    site: str | None,
    mode: str | None,
    dest: str | None,
    kind: str | None,
) -> None:
    given = {
        "Origin": origin, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Content-Type": kind,
    }  # fmt: skip
    headers = {name: value for name, value in given.items() if value is not None}
    answer = ask(LOCAL, method, path, headers, content=b"{}" if kind else None)
    ours = (site is None or site.lower() in {"same-origin", "none"}) and (origin is None or origin in OWN)
    allowed = answer.status_code not in {403, 415}
    changes = method not in {"GET", "HEAD", "OPTIONS"}
    if path.startswith("/connect/") and method == "GET":
        assert allowed == (mode in {None, "navigate"} and dest in {None, "document"})
    elif ours and changes:
        proved = origin in OWN or (site or "").lower() == "same-origin"
        assert allowed == (kind in {None, "application/json"} or (kind != "text/plain" and proved))
    elif ours:
        assert allowed
    else:
        link = (
            (origin is None or origin in OWN)
            and method in {"GET", "HEAD"}
            and mode == "navigate"
            and dest == "document"
        )
        assert allowed == (link and not path.startswith("/api"))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_on_another_site_leads_to_pages_and_nowhere_else(site: str) -> None:
    followed = {**PAGE, "Sec-Fetch-Site": site}
    assert ask(LOCAL, "GET", "/runs", followed).status_code == 200
    assert ask(LOCAL, "GET", "/connect/tmdb_sync/abc", followed).status_code == 200
    for method, path, changed in [
        ("GET", "/api/status", {}),
        ("POST", "/runs", {}),
        ("GET", "/runs", {"Sec-Fetch-Dest": "iframe"}),
        ("GET", "/runs", {"Sec-Fetch-Mode": "no-cors"}),
        ("GET", "/connect/tmdb_sync/abc", {"Sec-Fetch-Dest": "image"}),
        ("POST", "/connect/tmdb_sync/abc", {}),
    ]:
        assert ask(LOCAL, method, path, {**followed, **changed}).status_code == 403


def test_the_refusal_says_why() -> None:
    answer = ask(LOCAL, "POST", "/api/x", {**JSON, "Origin": "https://evil.example"}, content=b"{}")
    assert (answer.status_code, code_of(answer)) == (403, "forbidden_origin")
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["ok"] is False
    assert said["error"] == said["detail"] == words.say("forbidden_origin").whole
    assert (said["title"], said["status"]) == ("Call from another site", 403)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "", "application/jsonx", "application/json, text/plain"]
)
def test_other_bodies_are_refused(kind: str) -> None:
    answer = ask(LOCAL, "POST", "/api/x", {"Content-Type": kind}, content=b"{}")
    assert (answer.status_code, code_of(answer)) == (415, "invalid_request")


def test_a_body_without_a_type_is_refused_even_in_chunks() -> None:
    assert ask(LOCAL, "POST", "/api/x", content=b"{}").status_code == 415
    assert ask(LOCAL, "POST", "/api/x", {"Transfer-Encoding": "chunked"}, content=b"{}").status_code == 415


def test_our_own_forms_are_taken() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(LOCAL, "POST", "/x", {**form, "Origin": f"http://{HOST}"}, content=b"a=1").status_code == 200
    assert (
        ask(LOCAL, "POST", "/x", {**form, "Sec-Fetch-Site": "same-origin"}, content=b"a=1").status_code == 200
    )
    unproved = ask(LOCAL, "POST", "/api/x", form, content=b"a=1")
    assert (unproved.status_code, code_of(unproved)) == (415, "invalid_request")
    assert "application/json" in unproved.json()["error"]


def test_a_proxy_that_speaks_https_for_us_needs_no_setting_for_forms() -> None:
    app = guarded(host="0.0.0.0", door=Doors(password=True))
    headers = {"Host": "cw.example", "Origin": "https://cw.example", "Cookie": f"{SESSION_COOKIE}=good"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(app, "POST", "/x", {**headers, **form}, client=SOMEBODY, content=b"a=1").status_code == 200
    other = {**headers, **form, "Origin": "https://cw.example:8443"}
    assert ask(app, "POST", "/x", other, client=SOMEBODY, content=b"a=1").status_code == 403


# --- From elsewhere


@pytest.mark.parametrize("client", [ME, SOMEBODY])
def test_a_server_that_others_can_reach_refuses_all_without_a_password(client: tuple[str, int]) -> None:
    app = guarded(host="0.0.0.0")
    for method, path in [
        ("GET", "/api/status"),
        ("POST", "/api/x"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/docs"),
    ]:
        answer = ask(app, method, path, {"Host": "nas:8787"}, client=client)
        assert (answer.status_code, code_of(answer)) == (403, "setup_required")
        assert "/set-up" in answer.json()["error"]
    for path in ("/", "/runs", "/connect/tmdb_sync/abc", "/sign-in", "/api/healthy", "/assets", "/set-up/x"):
        answer = ask(app, "GET", path, {"Host": "nas:8787"}, client=client)
        assert answer.status_code == 403
    for path in ("/api/health", "/assets/app.css", "/set-up"):
        assert ask(app, "GET", path, {"Host": "nas:8787"}, client=client).status_code == 200


def test_a_stranger_at_a_loopback_server_is_a_stranger() -> None:
    assert code_of(ask(LOCAL, "GET", "/api/status", client=SOMEBODY)) == "setup_required"
    assert code_of(ask(LOCAL, "GET", "/api/status", client=("", 0))) == "setup_required"


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP"]
)
def test_whoever_forwards_is_not_this_machine(header: str) -> None:
    assert code_of(ask(LOCAL, "GET", "/api/status", {header: "127.0.0.1"})) == "setup_required"


def test_a_password_asks_everybody_to_sign_in() -> None:
    for app, client in [
        (guarded(door=Doors(password=True)), ME),
        (guarded(host="::", door=Doors(password=True)), SOMEBODY),
    ]:
        answer = ask(app, "GET", "/api/status", client=client)
        assert (answer.status_code, code_of(answer)) == (401, "sign_in_required")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        redirect = ask(app, "GET", "/runs?page=2", client=client)
        assert (redirect.status_code, redirect.headers["location"]) == (303, "/sign-in?next=/runs%3Fpage%3D2")
        assert ask(app, "GET", "/", client=client).headers["location"] == "/sign-in"
        assert ask(app, "GET", "/set-up", client=client).status_code == 303
        assert ask(app, "POST", "/runs", client=client).headers["location"] == "/sign-in"
        part = ask(app, "GET", "/runs", {"HX-Request": "true"}, client=client)
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")
        for path in ("/api/health", "/assets/app.css", "/sign-in", "/connect/tmdb_sync/abc"):
            assert ask(app, "GET", path, client=client).status_code == 200
        for cookie, fine in [("good", True), ("bad", False), ("", False)]:
            answer = ask(app, "GET", "/api/status", {"Cookie": f"{SESSION_COOKIE}={cookie}"}, client=client)
            assert answer.status_code == (200 if fine else 401)
            assert not fine or answer.json()["signed_in"] is True


def test_a_session_does_not_help_another_sites_page() -> None:
    app = guarded(host="0.0.0.0", door=Doors(password=True))
    headers = {"Cookie": f"{SESSION_COOKIE}=good", "Host": "nas:8787", **JSON}
    assert ask(app, "POST", "/api/x", headers, client=SOMEBODY, content=b"{}").status_code == 200
    for origin in ("null", "http://evil.example", "http://nas:9999"):
        answer = ask(app, "POST", "/api/x", {**headers, "Origin": origin}, client=SOMEBODY, content=b"{}")
        assert code_of(answer) == "forbidden_origin"


def test_when_nobody_can_say_who_may_call_nobody_may() -> None:
    door = Doors(password=False)
    door.broken = True
    answer = ask(guarded(door=door), "GET", "/api/status")
    assert (answer.status_code, code_of(answer)) == (503, "database_broken")


def test_cookies_are_out_of_reach() -> None:
    secure = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.168.1.7"}
    for app, headers, path, wanted in [
        (LOCAL, {}, "/sign-in", {"path=/"}),
        (guarded(base_path="/cw"), {}, "/cw/sign-in", {"path=/cw"}),
        (
            guarded(trusted_proxies="10.0.0.9", door=Doors(password=True)),
            secure,
            "/sign-in",
            {"path=/", "secure"},
        ),
    ]:
        answer = ask(app, "GET", path, headers, client=PROXY if headers else ME)
        parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
        assert wanted | {"httponly", "samesite=lax"} <= parts
        assert ("secure" in parts) == ("secure" in wanted)
    gone = ask(LOCAL, "POST", "/sign-out").headers["set-cookie"]
    assert "max-age=0" in gone.lower()


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil", "", "x", "/a\r\nb", "javascript:x"]
)
def test_after_signing_in_nobody_is_led_elsewhere(path: str) -> None:
    assert safe_next(path) == "/"


def test_after_signing_in_one_goes_on() -> None:
    assert safe_next("/runs?page=2") == "/runs?page=2"
