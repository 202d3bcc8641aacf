"""One HTTP client per service for the life of the process: JSON in, JSON out, and the house's own errors."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx2
import stamina

import crosswatch
from crosswatch.errors import Blocked, RateLimited, ServiceError, ServiceFailed, Unreachable
from crosswatch.net.failures import explained, floods
from crosswatch.net.meter import count_request
from crosswatch.net.pacer import Pacer, Paused, Turn
from crosswatch.net.redaction import register
from crosswatch.ports import Clock

Json = dict[str, Any] | list[Any]

LARGEST = 10_000_000
"""Bytes of an answer, unpacked; more is refused."""

PATIENCE = 30.0
"""Seconds that one repeatable call waits in all because the service says so; beyond it is RateLimited."""

_ATTEMPTS = 3
_JSON = {"Content-Type": "application/json;charset=utf-8"}
_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LITERAL = re.compile(r"(?:/(?:[a-z0-9_]+|\{\}))+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered, whatever its status. Header names are in lower case."""

    status: int
    data: Json = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    query: dict[str, str]
    content: bytes | None
    again: bool
    before_send: Callable[[], Awaitable[None]] | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    headers: dict[str, str]
    body: bytes


class _TryAgain(Exception):
    """This attempt may be repeated; if it was the last, ``end`` is how the call ends."""

    def __init__(self, end: Answer | ServiceError) -> None:
        super().__init__()
        self.end = end


class HttpClient:
    """Calls of one service: paced, bounded in time and size, repeated only where that is harmless.

    ``base_url`` without a slash at its end. ``time_limit``: seconds that one request may take. ``proxy``: an
    address, else the environment's (never for this machine's own addresses). ``limited`` tells from status and
    data whether an answer asks to wait, for services that say so in other ways than 429.
    """

    def __init__(
        self,
        base_url: str,
        *,
        service: str,
        pacer: Pacer,
        clock: Clock,
        time_limit: float = 20.0,
        proxy: str = "",
        limited: Callable[[int, Json], bool] = lambda _status, _data: False,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        self._base = base_url.rstrip("/")
        self._host = parts.hostname or ""
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        self._service = service
        self._pacer = pacer
        self._clock = clock
        self._limit = time_limit
        self._limited = limited
        self._proxy = proxy
        self._transport = transport
        self._client: httpx2.AsyncClient | None = None
        self.requests = 0

    async def call(
        self,
        method: str,
        path: str,
        *,
        ids: Sequence[str | int] = (),
        query: Mapping[str, str | int | None] | None = None,
        body: Json | None = None,
        repeatable: bool | None = None,
        before_send: Callable[[], Awaitable[None]] | None = None,
    ) -> Answer:
        """The service's answer, any status below 500 and any JSON; 5xx only after three tries, or at once for writes.

        ``path`` is a literal such as ``/movie/{}/rating``; each ``{}`` takes one of ``ids``, which may hold letters,
        digits, ``_`` and ``-`` only (ValueError else), so that no id from outside reaches another address.
        ``repeatable`` (GET, unless said otherwise): connection errors, 5xx and cut answers are tried three times, and
        a 429 waits, ``PATIENCE`` in all. Anything else is sent once; twice only where it surely was not sent.
        ``before_send`` is awaited before each sending, after all waiting; what it raises ends the call unsent.

        Raises Unreachable, Blocked, RateLimited, and ServiceFailed ``<service>_error``; no other error and no trace
        of the request in them.
        """
        request = _Request(
            method,
            self._base + _filled(path, ids),
            {name: str(value) for name, value in (query or {}).items() if value is not None},
            None if body is None else json.dumps(body, allow_nan=False).encode(),
            method == "GET" if repeatable is None else repeatable,
            before_send,
        )
        try:
            async for attempt in stamina.retry_context(
                on=_TryAgain,
                attempts=_ATTEMPTS,
                timeout=None,
                wait_initial=0.5,
                wait_max=5.0,
                wait_jitter=1.0,
            ):
                with attempt:
                    return await self._patiently(request)
        except _TryAgain as last:
            end = last.end
        if isinstance(end, Answer):
            return end
        raise end

    async def aclose(self) -> None:
        """Closes all connections; the next call would open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _patiently(self, request: _Request) -> Answer:
        """One answer; a refusal for haste is waited for as long as the call's patience lasts."""
        left = PATIENCE if request.again else self._limit
        while True:
            seconds = None
            outcome: Answer | float | None = None
            try:
                async with self._pacer.turn(left) as turn:
                    outcome = await self._exchange(request, turn)
            except Paused as paused:
                seconds = paused.seconds
            if seconds is not None:
                raise RateLimited(self._service, seconds)
            if isinstance(outcome, Answer):
                self._pacer.answered()
                if outcome.status >= 500 and request.again:
                    raise _TryAgain(outcome)
                return outcome
            left -= turn.paused
            pause = self._pacer.refused(turn, outcome)
            if not request.again or pause > left:
                raise RateLimited(self._service, outcome)

    async def _exchange(self, request: _Request, turn: Turn) -> Answer | float | None:
        """An answer, or the seconds (None: not said) for which the service asks to wait."""
        if request.before_send is not None:
            await request.before_send()
        raw = await self._send(request, turn)
        if isinstance(raw, ServiceError):
            if isinstance(raw, Unreachable) and (request.again or not raw.maybe_done):
                raise _TryAgain(raw)
            raise raw
        retry_after = self._retry_after(raw.headers)
        if raw.status == 429:
            return retry_after
        data = self._parsed(request, raw)
        if self._limited(raw.status, data):
            return retry_after
        return Answer(raw.status, data, raw.headers)

    async def _send(self, request: _Request, turn: Turn) -> _Raw | ServiceError:
        """The bytes of an answer. Errors are returned, not raised, so that none drags the request along."""
        self.requests += 1
        count_request()
        try:
            async with asyncio.timeout(self._limit):
                client = self._opened()
                async with client.stream(
                    request.method,
                    request.url,
                    params=request.query,
                    content=request.content,
                    headers=_JSON if request.content is not None else None,
                ) as response:
                    body = bytearray()
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > LARGEST:
                            return self._failed(request, response.status_code, "the answer is too large")
                    return _Raw(response.status_code, dict(response.headers), bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            if floods(error):
                self._pacer.flooded(turn)
            return explained(
                error, url=self._shown, host=self._host, limit=self._limit, writes=request.writes
            )
        except _BadProxy:
            return Unreachable(self._shown, "the proxy's address cannot be used")

    def _parsed(self, request: _Request, raw: _Raw) -> Json:
        """The JSON object or array of an answer; everything else is an error, and never an empty list."""
        if 300 <= raw.status < 400:
            raise Blocked(self._shown, f"a redirect to another address ({raw.status})")
        html = "html" in raw.headers.get("content-type", "") or raw.body.lstrip()[:1] == b"<"
        if html and raw.status < 500:
            raise Blocked(self._shown, f"a web page in place of an answer ({raw.status})")
        try:
            data = json.loads(raw.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, (dict, list)):
            return data
        problem = "a web page" if html else "an answer that is not JSON" if raw.body else "an empty answer"
        failed = self._failed(request, raw.status, problem)
        if request.again and not 400 <= raw.status < 500:
            raise _TryAgain(failed)
        raise failed

    def _failed(self, request: _Request, status: int, message: str) -> ServiceFailed:
        return ServiceFailed(
            f"{self._service}_error", status=status, number=0, message=message, maybe_done=request.writes
        )

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        """Seconds, from a number or a date; None where it says neither."""
        text = headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d{1,9}", text):
            return float(text)
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, date.timestamp() - self._clock.now_ms() / 1000)

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            try:
                self._client = httpx2.AsyncClient(
                    headers={
                        "User-Agent": f"CrossWatch/{crosswatch.__version__}",
                        "Accept": "application/json",
                        "Accept-Encoding": "gzip",
                    },
                    timeout=httpx2.Timeout(self._limit, connect=self._limit / 2),
                    follow_redirects=False,
                    trust_env=not _is_this_machine(self._host),
                    proxy=self._own_proxy(),
                    transport=self._transport,
                )
            except (ValueError, ImportError, httpx2.InvalidURL):
                raise _BadProxy from None
            # Accounts share this client: nobody's cookies may be sent with somebody else's call.
            self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return self._client

    def _own_proxy(self) -> str | None:
        if password := urlsplit(self._proxy).password:
            register(password)
        return self._proxy or None


class _BadProxy(Exception):
    """The proxy's address is no address, or of a kind for which nothing is installed."""


def _filled(path: str, ids: Sequence[str | int]) -> str:
    """The path with its ids. The edge decodes escapes and resolves dots (official host, seen live by others):
    quoting alone would not hold an id in its place, so only plain characters pass."""
    if _LITERAL.fullmatch(path) is None or path.count("{}") != len(ids):
        raise ValueError(f"not a path, or not as many ids as it has places: {path!r}")
    texts = [str(one) for one in ids]
    if not all(_SEGMENT.fullmatch(text) for text in texts):
        raise ValueError(f"an id for {path} has characters that no id has")
    return path.format(*texts)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _no_constant(name: str) -> None:
    raise ValueError(name)
