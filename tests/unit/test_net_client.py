"""The HTTP client: what is an answer, what is tried again, what a failure says, and what it never says."""

import asyncio
import contextlib
import datetime
import gzip
import json
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crosswatch.errors import Blocked, CrossWatchError, RateLimited, ServiceError, ServiceFailed, Unreachable
from crosswatch.net.client import LARGEST, Answer, HttpClient
from crosswatch.net.clock import SystemClock
from crosswatch.net.meter import measured
from crosswatch.net.pacer import Pacer
from crosswatch.net.redaction import RedactingFilter
from tests.virtual_clock import VirtualClock

KEY = "0123456789abcdef0123456789abcdef"
SESSION = "5e551on"
PROXY_PASSWORD = "pr0xysecret"
BASE = "https://api.example/3"
Responder = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def no_backoff() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class Service:
    """Answers in order, the last one for ever; remembers what was asked."""

    def __init__(self, *answers: httpx2.Response | Exception, clock: VirtualClock | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []
        self.clock = clock or VirtualClock()
        self.client = HttpClient(
            BASE,
            service="example",
            pacer=Pacer(self.clock, per_second=35, connections=8),
            clock=self.clock,
            transport=httpx2.MockTransport(self._answer),
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def call(self, method: str = "GET", path: str = "/account", **more: Any) -> Answer:
        async def one() -> Answer:
            try:
                return await self.client.call(method, path, query={"api_key": KEY}, **more)
            finally:
                await self.client.aclose()

        return self.clock.run(one())


def ok(data: object = None) -> httpx2.Response:
    return httpx2.Response(200, json={"success": True} if data is None else data)


def limited(retry_after: str | None = None) -> httpx2.Response:
    return httpx2.Response(
        429, json={"status_code": 25}, headers={} if retry_after is None else {"Retry-After": retry_after}
    )


HTML = httpx2.Response(200, text=" <!doctype html><p>Log in", headers={"content-type": "text/html"})
CUT = httpx2.Response(200, content=b'{"success": tr', headers={"content-type": "application/json"})


def test_an_answer_is_its_status_its_json_and_its_headers() -> None:
    service = Service(httpx2.Response(401, json={"status_code": 7}, headers={"X-One": "1"}))
    answer = service.call("GET", "/movie/{}/account_states", ids=(603,))
    assert (answer.status, answer.data, answer.headers["x-one"]) == (401, {"status_code": 7}, "1")
    assert str(service.asked[0].url) == f"{BASE}/movie/603/account_states?api_key={KEY}"
    assert service.asked[0].headers["user-agent"].startswith("CrossWatch/")
    assert service.asked[0].headers["accept"] == "application/json"
    assert service.asked[0].headers["accept-encoding"] == "gzip"
    assert KEY not in repr(answer)


def test_a_body_is_json_and_packed_answers_are_unpacked() -> None:
    packed = httpx2.Response(201, content=gzip.compress(b"[1]"), headers={"content-encoding": "gzip"})
    service = Service(packed)
    answer = service.call("POST", "/movie/{}/rating", ids=("603",), body={"value": 8.5})
    assert answer.data == [1]
    assert json.loads(service.asked[0].content) == {"value": 8.5}
    assert service.asked[0].headers["content-type"] == "application/json;charset=utf-8"


@pytest.mark.parametrize(
    "bad", ["..", "%2e%2e", "1%2F..%2F..", "1/rating", "", ".", "1?x=1", "1#", "１", "a b", "1\n", "x" * 129]
)
def test_no_id_from_outside_changes_the_path(bad: str) -> None:
    service = Service(ok())
    with pytest.raises(ValueError, match="id"):
        service.call("GET", "/movie/{}/rating", ids=(bad,))
    with pytest.raises(ValueError, match="path"):
        service.call("GET", f"/movie/{bad}/../rating")
    assert not service.asked


def test_ids_and_places_must_match() -> None:
    with pytest.raises(ValueError, match="places"):
        Service(ok()).call("GET", "/movie/{}/rating", ids=(1, 2))


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.Response(500, json={"status_code": 11}),
        httpx2.Response(502, text="<html>bad gateway", headers={"content-type": "text/html"}),
        httpx2.Response(503, text=""),
        CUT,
        httpx2.Response(200, content=b""),
        httpx2.ConnectError("refused"),
        httpx2.ReadError("reset"),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("closed"),
        httpx2.DecodingError("bad gzip"),
    ],
)
def test_reading_is_tried_three_times(failure: httpx2.Response | Exception) -> None:
    assert Service(failure, failure, ok()).call().data == {"success": True}
    service = Service(failure)
    if isinstance(failure, httpx2.Response) and failure.status_code == 500:
        assert service.call().status == 500
    else:
        with pytest.raises((ServiceFailed, Unreachable)) as raised:
            service.call()
        assert not raised.value.maybe_done
    assert len(service.asked) == service.client.requests == 3


@pytest.mark.parametrize(
    ("failure", "kind", "maybe_done"),
    [
        (CUT, ServiceFailed, True),
        (httpx2.Response(502, text=""), ServiceFailed, True),
        (HTML, Blocked, True),
        (httpx2.ReadError("reset"), Unreachable, True),
        (httpx2.ReadTimeout("slow"), Unreachable, True),
        (limited("1"), RateLimited, False),
    ],
)
def test_a_write_that_was_sent_is_never_repeated(
    failure: httpx2.Response | Exception, kind: type[ServiceError], maybe_done: bool
) -> None:
    service = Service(failure, ok())
    with pytest.raises(kind) as raised:
        service.call("POST", body={"value": 8})
    assert raised.value.maybe_done is maybe_done
    assert len(service.asked) == 1


def test_an_answer_of_5xx_to_a_write_is_handed_on_at_once() -> None:
    service = Service(httpx2.Response(500, json={"status_code": 11}), ok())
    assert service.call("DELETE").status == 500
    assert len(service.asked) == 1


@pytest.mark.parametrize("failure", [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow")])
def test_a_write_that_was_surely_not_sent_is_tried_again(failure: Exception) -> None:
    assert Service(failure, ok()).call("POST", body={}).status == 200
    service = Service(failure)
    with pytest.raises(Unreachable) as raised:
        service.call("POST", body={})
    assert raised.value.maybe_done is False
    assert len(service.asked) == 3


def test_a_web_page_in_place_of_the_service_is_told_and_not_tried_again() -> None:
    for page in (HTML, httpx2.Response(403, text="<html>"), httpx2.Response(302, headers={"location": "/x"})):
        service = Service(page)
        with pytest.raises(Blocked) as raised:
            service.call()
        assert raised.value.params["url"] == BASE
        assert len(service.asked) == 1


@pytest.mark.parametrize("body", ["null", "7", '"text"', "NaN", '{"a": NaN}', "[" * 100_000, "plain"])
def test_what_is_no_object_and_no_array_is_no_answer(body: str) -> None:
    with pytest.raises(ServiceFailed) as raised:
        Service(httpx2.Response(200, text=body)).call()
    assert raised.value.code == "example_error"


def test_a_refusal_in_plain_words_is_not_tried_again() -> None:
    service = Service(httpx2.Response(403, text="Forbidden"))
    with pytest.raises(ServiceFailed) as raised:
        service.call()
    assert raised.value.params["status"] == 403
    assert len(service.asked) == 1


def test_an_answer_beyond_all_measure_is_refused() -> None:
    with pytest.raises(ServiceFailed, match="too large"):
        Service(httpx2.Response(200, content=b" " * (LARGEST + 1))).call()


def test_a_short_wait_is_waited_and_a_long_one_is_an_error() -> None:
    clock = VirtualClock()
    service = Service(limited("5"), limited("20"), ok(), clock=clock)
    began = clock.ms
    assert service.call().status == 200
    assert clock.ms - began >= 25_000

    service = Service(limited("20"))
    with pytest.raises(RateLimited) as raised:
        service.call()
    assert (raised.value.retry_after, len(service.asked)) == (20, 2)

    service = Service(limited("86400"))
    with pytest.raises(RateLimited) as raised:
        service.call()
    assert (raised.value.retry_after, len(service.asked)) == (86400, 1)


def test_a_storm_of_refusals_without_a_word_ends() -> None:
    service = Service(limited())
    with pytest.raises(RateLimited) as raised:
        service.call()
    assert raised.value.retry_after is None
    assert len(service.asked) <= 6


def test_retry_after_may_be_a_date() -> None:
    clock = VirtualClock()
    date = datetime.datetime.fromtimestamp(clock.ms / 1000 + 100, datetime.UTC)
    with pytest.raises(RateLimited) as raised:
        Service(limited(format_datetime(date, usegmt=True)), clock=clock).call()
    assert raised.value.retry_after == 100
    with pytest.raises(RateLimited) as raised:
        Service(limited("soon")).call()
    assert raised.value.retry_after is None


def test_a_service_may_say_wait_in_its_own_way() -> None:
    service = Service(httpx2.Response(200, json={"status_code": 25}), ok())
    service.client._limited = lambda _status, data: isinstance(data, dict) and data.get("status_code") == 25
    assert service.call().data == {"success": True}


def test_requests_are_counted_per_run_though_the_client_is_shared() -> None:
    service = Service(httpx2.Response(500, json={}), ok())
    told: list[float] = []

    async def run(calls: int) -> int:
        with measured(told.append) as meter:
            await asyncio.gather(*(service.client.call("GET", "/account") for _ in range(calls)))
            return meter.requests

    async def both() -> tuple[int, int]:
        return await asyncio.gather(run(1), run(4))

    counts = service.clock.run(both())
    assert sum(counts) == service.client.requests == 6
    assert counts[1] >= 4
    assert not told


def test_cookies_of_one_account_are_not_sent_with_another() -> None:
    service = Service(httpx2.Response(200, json={}, headers={"Set-Cookie": "session=abc; Path=/"}), ok())

    async def twice() -> None:
        await service.client.call("GET", "/account")
        await service.client.call("GET", "/account")

    service.clock.run(twice())
    assert "cookie" not in service.asked[1].headers


# What follows talks to real sockets of this machine.


@contextlib.asynccontextmanager
async def listening(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def failing(
    base: str, *, proxy: str = "", time_limit: float = 20.0, method: str = "GET"
) -> CrossWatchError:
    clock = SystemClock()
    client = HttpClient(
        base,
        service="example",
        pacer=Pacer(clock, per_second=1000, connections=8),
        clock=clock,
        time_limit=time_limit,
        proxy=proxy,
    )
    try:
        await client.call(method, "/account", query={"api_key": KEY, "session_id": SESSION})
    except CrossWatchError as error:
        return error
    finally:
        await client.aclose()
    raise AssertionError


def everything_said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    await reader.read(1)


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def cut_short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"')
    await writer.drain()


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "own.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def failures_of_every_kind(folder: Path) -> dict[str, CrossWatchError]:
    found = {}
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found["refused"] = await failing(f"http://127.0.0.1:{unused.getsockname()[1]}/3")
    found["dns"] = await failing("https://nowhere.invalid/3")
    async with listening(hang_up) as port:
        found["reset"] = await failing(f"http://127.0.0.1:{port}/3", method="POST")
    async with listening(speak_plainly) as port:
        found["tls"] = await failing(f"https://127.0.0.1:{port}/3")
    async with listening(say_nothing) as port:
        found["silence"] = await failing(f"http://127.0.0.1:{port}/3", time_limit=0.2, method="POST")
    async with listening(drip) as port:
        found["drip"] = await failing(f"http://127.0.0.1:{port}/3", time_limit=0.3)
    async with listening(cut_short) as port:
        found["cut"] = await failing(f"http://127.0.0.1:{port}/3")
    async with listening(hang_up, own_certificate(folder)) as port:
        found["certificate"] = await failing(f"https://127.0.0.1:{port}/3")
    async with listening(refuse) as port:
        proxy = f"http://me:{PROXY_PASSWORD}@127.0.0.1:{port}"
        found["proxy"] = await failing("https://api.example/3", proxy=proxy)
    found["bad proxy"] = await failing(BASE, proxy=f"gopher://me:{PROXY_PASSWORD}@proxy.example")
    found["bad address"] = await failing(f"ftp://me:{KEY}@api.example/3")
    return found


def test_what_failed_is_told_apart_and_no_secret_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def resolve(host: str | bytes, *_more: object, **_named: object) -> list[object]:
        if host in (b"127.0.0.1", "127.0.0.1"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", _more[0]))]
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, name)
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(RedactingFilter())
    found = asyncio.run(failures_of_every_kind(tmp_path))
    reasons = {name: str(error.params["reason"]) for name, error in found.items()}
    assert reasons == {
        "refused": "connection refused",
        "dns": "the name nowhere.invalid does not resolve",
        "reset": "the connection was reset",
        "tls": "no secure connection (TLS)",
        "silence": "no answer within 0.2 s",
        "drip": "no answer within 0.3 s",
        "cut": "the connection was reset",
        "certificate": reasons["certificate"],
        "proxy": "the proxy refused (407)",
        "bad proxy": "the proxy's address cannot be used",
        "bad address": "the address is not an http or https address",
    }
    assert reasons["certificate"].startswith("the certificate is not that of 127.0.0.1: self-signed")
    assert {name for name, error in found.items() if isinstance(error, Blocked)} == {"certificate"}
    done = {name for name, error in found.items() if isinstance(error, ServiceError) and error.maybe_done}
    assert done == {"reset", "silence"}
    assert found["bad address"].params["url"] == "ftp://api.example/3"
    for error in found.values():
        said = everything_said(error) + repr(error) + str(vars(error))
        assert KEY not in said
        assert SESSION not in said
        assert PROXY_PASSWORD not in said
        assert not [one for one in chain(error) if type(one).__module__.startswith(("httpx", "httpcore"))]
    assert "httpcore2" in {record.name.partition(".")[0] for record in caplog.records}
    assert KEY not in caplog.text
    assert PROXY_PASSWORD not in caplog.text


def test_the_environments_proxy_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked_through() -> tuple[CrossWatchError, CrossWatchError]:
        async with listening(refuse) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
            outside = await failing("https://api.example/3")
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                inside = await failing(f"http://127.0.0.1:{unused.getsockname()[1]}/3")
        return outside, inside

    outside, inside = asyncio.run(asked_through())
    assert outside.params["reason"] == "the proxy refused (407)"
    assert inside.params["reason"] == "connection refused"


def test_a_cancelled_call_frees_its_place_and_its_connection() -> None:
    async def story() -> None:
        clock = SystemClock()
        pacer = Pacer(clock, per_second=1000, connections=1)
        async with listening(say_nothing) as port:
            client = HttpClient(f"http://127.0.0.1:{port}/3", service="example", pacer=pacer, clock=clock)
            calls = [asyncio.create_task(client.call("GET", "/account")) for _ in range(3)]
            while client.requests == 0:
                await asyncio.sleep(0.01)
            for call in calls:
                call.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            async with asyncio.timeout(5), pacer.turn(1):
                pass
            await client.aclose()

    asyncio.run(story())
