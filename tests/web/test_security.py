"""Nobody calls who may not: rebound names, other sites' pages, lying proxies, strangers; and bodies are no traps."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from crosswatch import words
from crosswatch.errors import HouseError
from crosswatch.settings import Settings
from crosswatch.web import problems
from crosswatch.web.reached import listens_on_loopback, names_this_machine, origin_of
from crosswatch.web.security import (
    SESSION_COOKIE,
    Security,
    drop_session_cookie,
    safe_next,
    session_of,
    set_session_cookie,
)

HOST = "127.0.0.1:8787"
ME = ("127.0.0.1", 50000)
SOMEBODY = ("192.168.1.7", 50000)
PROXY = ("10.0.0.9", 50000)
PAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
JSON = {"Content-Type": "application/json"}


class Doors:
    """One session, where there is a password at all."""

    def __init__(self, *, password: bool) -> None:
        self.password = password
        self.broken = False

    async def password_is_set(self) -> bool:
        if self.broken:
            raise HouseError("database_broken", path="x", reason="torn")
        return self.password

    async def is_signed_in(self, session: str) -> bool:
        return session == "good"


async def echo(request: Request) -> Response:
    body = await request.body()
    client = request.client.host if request.client else ""
    return JSONResponse({
        "path": request.scope["path"], "root": request.scope.get("root_path", ""), "client": client,
        "scheme": request.url.scheme, "host": request.headers.get("host", ""), "length": len(body),
        "signed_in": request.scope["signed_in"], "base": str(request.base_url),
    })  # fmt: skip


async def sign_in(request: Request) -> Response:
    response = PlainTextResponse(session_of(request))
    set_session_cookie(response, "good", request)
    return response


async def sign_out(request: Request) -> Response:
    response = PlainTextResponse("")
    drop_session_cookie(response, request)
    return response


async def asset(_: Request) -> Response:
    return PlainTextResponse("x", headers={"Cache-Control": "max-age=31536000"})


ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROUTES = [
    Route("/assets/app.css", asset),
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/{rest:path}", echo, methods=ALL),
]


def page(code: str, status: int, params: Mapping[str, object], request: Request) -> Response:
    return PlainTextResponse(f"page: {words.say(code, params).whole} at {request.url.path}", status)


def guarded(
    *,
    door: Doors | None = None,
    web_url: Callable[[], str] = lambda: "https://www.themoviedb.org",
    **given: Any,
) -> Security:
    return Security(
        Starlette(routes=ROUTES),
        settings=Settings(**{"home": "/nowhere", **given}),
        door=door or Doors(password=False),
        render_error=page,
        tmdb_web_url=web_url,
    )


def ask(
    app: Security,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    client: tuple[str, int] = ME,
    content: bytes | None = None,
) -> httpx2.Response:
    async def run() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, client=client)
        async with httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}") as caller:
            return await caller.request(method, path, headers=headers, content=content)

    return anyio.run(run)


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["code"]) if "problem" in answer.headers["content-type"] else ""


LOCAL = guarded()


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


# --- Proxies and base paths


def test_forwarded_headers_count_from_trusted_proxies_only() -> None:
    forwarded = {
        "X-Forwarded-For": "6.6.6.6, 192.168.1.7, 10.0.0.8",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "cw.example",
        "Cookie": f"{SESSION_COOKIE}=good",
    }
    app = guarded(trusted_proxies="10.0.0.0/8", host="0.0.0.0", door=Doors(password=True))
    seen = ask(app, "GET", "/api/x", forwarded, client=PROXY).json()
    assert (seen["client"], seen["scheme"], seen["host"]) == ("192.168.1.7", "https", "cw.example")
    seen = ask(app, "GET", "/api/x", forwarded, client=SOMEBODY).json()
    assert (seen["client"], seen["scheme"], seen["host"]) == ("192.168.1.7", "http", HOST)


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ("127.0.0.1", ""),
        ("192.168.1.7", "setup_required"),
        ("127.0.0.1, 192.168.1.7", "setup_required"),
        ("unknown", "setup_required"),
        ("", "setup_required"),
        ("192.168.1.7:4711", "setup_required"),
        ("[2001:db8::1]:4711", "setup_required"),
    ],
)
def test_a_proxy_on_this_machine_does_not_make_strangers_locals(chain: str, code: str) -> None:
    app = guarded(trusted_proxies="127.0.0.1")
    answer = ask(app, "GET", "/api/status", {"X-Forwarded-For": chain})
    assert code_of(answer) == code


def test_plain_curl_works_beside_a_trusted_proxy() -> None:
    assert ask(guarded(trusted_proxies="127.0.0.1"), "GET", "/api/status").status_code == 200


@pytest.mark.parametrize("path", ["/cw/api/x", "/api/x"])
def test_a_base_path_is_right_stripped_or_not(path: str) -> None:
    seen = ask(guarded(base_path="/cw"), "GET", path).json()
    assert (seen["path"], seen["root"], seen["base"]) == ("/cw/api/x", "/cw", f"http://{HOST}/cw/")
    app = guarded(base_path="/cw", host="0.0.0.0", door=Doors(password=True))
    assert ask(app, "GET", path.replace("api/x", "api/health")).status_code == 200
    assert ask(app, "GET", path.replace("api/x", "runs")).headers["location"] == "/cw/sign-in?next=/runs"
    assert code_of(ask(app, "GET", path)) == "sign_in_required"


@pytest.mark.parametrize("path", ["/cw", "/cw/", "/"])
def test_the_start_page_is_found_at_the_base(path: str) -> None:
    seen = ask(guarded(base_path="/cw"), "GET", path).json()
    assert (seen["path"], seen["root"]) == ("/cw/", "/cw")


def test_a_prefix_is_taken_from_a_trusted_proxy_only() -> None:
    door = Doors(password=True)
    app = guarded(trusted_proxies="10.0.0.9", door=door)
    prefix = {"X-Forwarded-Prefix": "/cw/", "X-Forwarded-For": "192.168.1.7"}
    assert ask(app, "GET", "/runs", prefix, client=PROXY).headers["location"] == "/cw/sign-in?next=/runs"
    assert ask(app, "GET", "/runs", prefix, client=SOMEBODY).headers["location"] == "/sign-in?next=/runs"
    for bad in ("//evil.example", "https://evil.example", "/a/../b", "/a b"):
        answer = ask(app, "GET", "/runs", {**prefix, "X-Forwarded-Prefix": bad}, client=PROXY)
        assert answer.headers["location"] == "/sign-in?next=/runs"


# --- Headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/api/x", {}),
        ("/assets/app.css", {}),
        ("/api/x", {"Origin": "null"}),
        ("/", {"Host": "x"}),
    ],
)
def test_every_answer_has_the_safe_headers(path: str, headers: dict[str, str]) -> None:
    answer = ask(LOCAL, "GET", path, headers)
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self' https://www.themoviedb.org; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "permissions-policy" in answer.headers
    assert answer.headers.get("cross-origin-opener-policy") == (
        "same-origin" if "Host" not in headers else None
    )
    assert answer.headers["cache-control"] == ("max-age=31536000" if "assets" in path else "no-store")


def test_the_form_policy_follows_the_document_and_survives_a_broken_one() -> None:
    def broken() -> str:
        raise HouseError("config_broken")

    policy = ask(guarded(web_url=lambda: "http://127.0.0.1:5000/x"), "GET", "/").headers[
        "content-security-policy"
    ]
    assert "form-action 'self' http://127.0.0.1:5000;" in policy
    assert (
        "form-action 'self';" in ask(guarded(web_url=broken), "GET", "/").headers["content-security-policy"]
    )


# --- Bodies


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 200), (1024 * 1024 + 1, 413)])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_has_a_limit(size: int, status: int, declared: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, size, 65536):
            yield b" " * min(65536, size - start)

    async def run() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=LOCAL, client=ME)
        async with httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}") as caller:
            content = b" " * size if declared else parts()
            return await caller.post("/api/x", headers=JSON, content=content)

    answer = anyio.run(run)
    assert answer.status_code == status
    assert answer.json()["length" if status == 200 else "code"] == (size if status == 200 else "too_large")


def nested(depth: int) -> bytes:
    return b'{"a":[' * (depth // 2) + b"[" * (depth % 2) + b"]" * (depth % 2) + b"]}" * (depth // 2)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (nested(32), 200),
        (nested(33), 422),
        (b"[" * 500_000, 422),
        (json.dumps(["[" * 100, '"[{' * 100]).encode(), 200),
        (b"[" + b"[]," * 1000 + b"[]]", 200),
        (b'"' + b'\\"[' * 300_000, 200),
        (b'{"a":"\\\\"' + b"[" * 33, 422),
    ],
)
def test_json_has_a_depth(body: bytes, status: int) -> None:
    answer = ask(LOCAL, "POST", "/api/x", JSON, content=body)
    assert answer.status_code == status
    assert status == 200 or code_of(answer) == "invalid_request"


@given(
    value=st.recursive(
        st.text() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_depth_is_counted_outside_strings_only(value: Any) -> None:
    from crosswatch.web.bodies import too_deep

    def depth(part: Any) -> int:
        if isinstance(part, str) or part is None:
            return 0
        inner = part.values() if isinstance(part, dict) else part
        return 1 + max((depth(one) for one in inner), default=0)

    text = json.dumps(value, ensure_ascii=False)
    for total in (32, 33):
        wrapped = max(0, total - depth(value))
        body = ("[" * wrapped + text + "]" * wrapped).encode("utf-8", "replace")
        assert too_deep(body) == (depth(value) + wrapped > 32)


# --- The shape of it


def asgi(app: Callable[..., Awaitable[None]], received: list[Message], **scope: Any) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        base = {
            "method": "POST",
            "path": "/api/x",
            "query_string": b"",
            "scheme": "http",
            "client": ME,
            "http_version": "1.1",
        }
        await app({**base, **scope}, receive, send)

    anyio.run(run)
    return sent


def test_a_caller_who_leaves_gets_no_answer() -> None:
    headers = [(b"host", HOST.encode()), (b"content-type", b"application/json")]
    sent = asgi(LOCAL, [{"type": "http.disconnect"}], type="http", headers=headers)
    assert sent == []


def test_websockets_are_closed() -> None:
    assert asgi(LOCAL, [], type="websocket", headers=[]) == [{"type": "websocket.close", "code": 1008}]


def test_events_are_handed_on_as_they_come_and_the_end_of_the_caller_is_heard() -> None:
    steps: list[str] = []

    async def events(_: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            for number in range(3):
                steps.append(f"made {number}")
                yield f"data: {number}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    app = Security(
        Starlette(routes=[Route("/events", events)]),
        settings=Settings(home="/nowhere"), door=Doors(password=False), render_error=page, tmdb_web_url=lambda: "",
    )  # fmt: skip

    async def run() -> None:
        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                steps.append(f"sent {message['body'][6:7].decode()}")

        await app(
            {"type": "http", "method": "GET", "path": "/events", "query_string": b"", "scheme": "http", "client": ME,
             "headers": [(b"host", HOST.encode())], "http_version": "1.1"}, receive, send,
        )  # fmt: skip

    anyio.run(run)
    assert steps == ["made 0", "sent 0", "made 1", "sent 1", "made 2", "sent 2"]


@pytest.mark.parametrize(
    ("host", "fine"),
    [("127.0.0.1", True), ("127.0.0.5", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("nas", False)],
)  # fmt: skip
def test_which_addresses_are_loopback(host: str, fine: bool) -> None:
    assert listens_on_loopback(host) is fine


def test_origins_and_names() -> None:
    assert origin_of("https://X.example:443/a") == "https://x.example"
    assert origin_of("http://[::1]:8787") == "http://[::1]:8787"
    assert origin_of("http://h:x") == origin_of("ftp://h") == origin_of("null") == ""
    assert not names_this_machine("example")


def test_every_code_that_has_words_has_a_status() -> None:
    without = words.codes() - problems.STATUS.keys() - {"config_broken_no_copy"}
    assert not without


def test_problems_carry_what_http_asks_for() -> None:
    assert problems.problem("rate_limited", seconds=7).headers["retry-after"] == "7"
    assert "retry-after" not in problems.problem("rate_limited", seconds=0).headers
    answer = problems.response_for(HouseError("disk_full", path="/x"), extra={"run_id": "5", "ok": True})
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["run_id"], body["ok"]) == (507, "5", False)
    assert problems.response_for(HouseError("unheard_of")).status_code == 500
