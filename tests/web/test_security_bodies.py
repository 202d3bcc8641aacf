"""Bodies are bounded in size and depth, streams are handed on as they come, and problems have their shape."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from crosswatch import words
from crosswatch.errors import HouseError
from crosswatch.settings import Settings
from crosswatch.web import problems
from crosswatch.web.reached import listens_on_loopback, names_this_machine, origin_of
from crosswatch.web.security import (
    Security,
)
from tests.web.guarded import HOST, JSON, LOCAL, ME, Doors, ask, code_of, page


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
    answer = problems.problem_response("disk_full", 507, {"path": "/x"}, extra={"run_id": "5", "ok": True})
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["run_id"], body["ok"]) == (507, "5", False)
    assert problems.status_of(HouseError("unheard_of")) == 500
