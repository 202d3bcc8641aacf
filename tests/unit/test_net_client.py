"""The HTTP client: what is an answer, what is tried again, what a failure says, and what it never says."""

import asyncio
import datetime
import gzip
import json
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
import stamina

from crosswatch.errors import Blocked, RateLimited, ServiceError, ServiceFailed, Unreachable
from crosswatch.net.client import LARGEST, Answer, HttpClient
from crosswatch.net.meter import measured
from crosswatch.net.pacer import Pacer
from tests.virtual_clock import VirtualClock

KEY = "0123456789abcdef0123456789abcdef"
BASE = "https://api.example/3"


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


class Gate:
    """A ``before_send`` that notes the time of each asking, and raises ``no`` from the ``after``-th on."""

    def __init__(self, service: Service, *, no: BaseException | None = None, after: int = 1) -> None:
        self.service, self.no, self.after = service, no, after
        self.asked_at: list[int] = []
        self.sent_before: list[int] = []

    async def __call__(self) -> None:
        self.asked_at.append(self.service.clock.ms)
        self.sent_before.append(len(self.service.asked))
        if self.no is not None and len(self.asked_at) >= self.after:
            raise self.no


def test_before_each_sending_somebody_is_asked() -> None:
    service = Service(httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow"), ok())
    gate = Gate(service)
    assert service.call("POST", body={}, before_send=gate).status == 200
    assert gate.sent_before == [0, 1, 2]
    service = Service(httpx2.Response(500, json={}), CUT, ok())
    gate = Gate(service)
    assert service.call("GET", before_send=gate).status == 200
    assert gate.sent_before == [0, 1, 2]


@pytest.mark.parametrize(
    "no",
    [RuntimeError("stop"), RateLimited("house", 1), Unreachable(BASE, "house"), asyncio.CancelledError()],
)
def test_what_the_asked_raises_ends_the_call_unsent(no: BaseException) -> None:
    service = Service(ok())
    gate = Gate(service, no=no)
    with pytest.raises(type(no)) as raised:
        service.call("POST", body={}, before_send=gate)
    assert raised.value is no or isinstance(no, asyncio.CancelledError)
    assert (len(gate.asked_at), len(service.asked), service.client.requests) == (1, 0, 0)

    service = Service(httpx2.ConnectError("refused"), ok())
    gate = Gate(service, no=no, after=2)
    with pytest.raises(type(no)):
        service.call("POST", body={}, before_send=gate)
    assert (len(gate.asked_at), len(service.asked)) == (2, 1)


def test_the_asking_comes_after_all_waiting() -> None:
    clock = VirtualClock()
    service = Service(limited("5"), ok(), clock=clock)
    gate = Gate(service)

    async def story() -> None:
        with pytest.raises(RateLimited):
            await service.client.call("POST", "/account", body={}, before_send=gate)
        for _ in range(3):
            await service.client.call("POST", "/account", body={}, before_send=gate)

    began = clock.ms
    clock.run(story())
    first, second, third, fourth = (at - began for at in gate.asked_at)
    assert (first, second) == (0, 5000)
    assert 5000 < third < fourth
    assert gate.sent_before == [0, 1, 2, 3]


def test_a_refused_write_slows_everybody_though_it_is_not_tried_again() -> None:
    clock = VirtualClock()
    service = Service(limited("7"), ok(), clock=clock)

    async def story() -> int:
        with pytest.raises(RateLimited):
            await service.client.call("POST", "/account", body={})
        began = clock.ms
        await service.client.call("GET", "/account")
        return clock.ms - began

    assert clock.run(story()) == 7000
    service = Service(limited("600"), ok(), clock=clock)

    async def refused_twice() -> list[float | None]:
        said = []
        for _ in range(2):
            with pytest.raises(RateLimited) as raised:
                await service.client.call("POST", "/account", body={})
            said.append(raised.value.retry_after)
        return said

    assert clock.run(refused_twice()) == [600, 600]
    assert len(service.asked) == 1
