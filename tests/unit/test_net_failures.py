"""What fails below the answer, over real sockets of this machine: told apart, and without a secret."""

import asyncio
import contextlib
import datetime
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crosswatch.errors import Blocked, CrossWatchError, ServiceError
from crosswatch.net.client import HttpClient
from crosswatch.net.clock import SystemClock
from crosswatch.net.pacer import Pacer
from crosswatch.net.redaction import RedactingFilter

KEY = "0123456789abcdef0123456789abcdef"
SESSION = "5e551on"
PROXY_PASSWORD = "pr0xysecret"
BASE = "https://api.example/3"


@pytest.fixture(autouse=True)
def no_backoff() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


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
