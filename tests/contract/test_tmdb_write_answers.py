"""What each answer to a write is told as: all 47 codes, answers that nobody understands, and none at all."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from crosswatch.model.kinds import Feature
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.net.client import HttpClient
from crosswatch.net.pacer import Pacer
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.providers.tmdb.status import SERVICE
from tests.contract.tmdb_world import SHARED, HastyClock
from tests.contract.tmdb_writes import (
    KEY,
    SESSION,
    Scripted,
    Watched,
    add,
    change,
    episode,
    movie,
    quiet_and_watched,
    remove,
    says,
    says_none,
    scripted,
    show,
    told,
)
from tests.unit.test_net_failures import hang_up, listening, own_certificate


@pytest.fixture(autouse=True)
def _watched(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with quiet_and_watched(caplog):
        yield


TABLE: list[tuple[int, int, str]] = json.loads((SHARED / "contracts" / "tmdb_status_codes.json").read_text())[
    "codes"
]

APPLIED, ALREADY, IN_DOUBT = Done.APPLIED, Done.ALREADY, Done.IN_DOUBT
REJECTED, RECONNECT = Done.REJECTED, Done.RECONNECT

OUTCOMES: dict[int, tuple[Done, Done, str]] = {
    # code: what it is for a write that puts something there, for one that takes it away, and the outcome's code
    1: (APPLIED, APPLIED, ""),
    2: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    3: (RECONNECT, RECONNECT, "session_ended"),
    4: (REJECTED, REJECTED, "tmdb_error"),
    5: (REJECTED, REJECTED, "title_refused"),
    6: (REJECTED, REJECTED, "title_refused"),
    7: (RECONNECT, RECONNECT, "invalid_api_key"),
    8: (ALREADY, IN_DOUBT, ""),
    9: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    10: (RECONNECT, RECONNECT, "suspended_api_key"),
    11: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    12: (APPLIED, APPLIED, ""),
    13: (IN_DOUBT, APPLIED, ""),
    14: (RECONNECT, RECONNECT, "session_ended"),
    15: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    16: (RECONNECT, RECONNECT, "session_ended"),
    17: (RECONNECT, RECONNECT, "session_ended"),
    18: (REJECTED, REJECTED, "title_refused"),
    19: (REJECTED, REJECTED, "tmdb_error"),
    20: (REJECTED, REJECTED, "tmdb_error"),
    21: (IN_DOUBT, ALREADY, ""),
    22: (REJECTED, REJECTED, "tmdb_error"),
    23: (REJECTED, REJECTED, "tmdb_error"),
    24: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    25: (Done.RETRY_LATER, Done.RETRY_LATER, "rate_limited"),
    26: (REJECTED, REJECTED, "tmdb_error"),
    27: (REJECTED, REJECTED, "tmdb_error"),
    28: (REJECTED, REJECTED, "tmdb_error"),
    29: (REJECTED, REJECTED, "tmdb_error"),
    30: (RECONNECT, RECONNECT, "session_ended"),
    31: (RECONNECT, RECONNECT, "session_ended"),
    32: (RECONNECT, RECONNECT, "session_ended"),
    33: (RECONNECT, RECONNECT, "session_ended"),
    34: (Done.UNMATCHED, Done.UNMATCHED, "title_gone"),
    35: (RECONNECT, RECONNECT, "invalid_api_key"),
    36: (RECONNECT, RECONNECT, "session_ended"),
    37: (RECONNECT, RECONNECT, "session_ended"),
    38: (RECONNECT, RECONNECT, "session_ended"),
    39: (RECONNECT, RECONNECT, "session_ended"),
    40: (ALREADY, ALREADY, ""),
    41: (RECONNECT, RECONNECT, "session_ended"),
    42: (REJECTED, REJECTED, "tmdb_error"),
    43: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    44: (REJECTED, REJECTED, "title_refused"),
    45: (RECONNECT, RECONNECT, "suspended_api_key"),
    46: (IN_DOUBT, IN_DOUBT, "tmdb_error"),
    47: (REJECTED, REJECTED, "title_refused"),
}

PUTTING: list[tuple[Feature, Write]] = [
    (Feature.WATCHLIST, add(movie(603))),
    (Feature.RATINGS, add(movie(603), 850)),
    (Feature.RATINGS, change(show(1399), 700, 850)),
    (Feature.RATINGS, change(episode(1399, 0, 1), 700, 850)),
]
REMOVING: list[tuple[Feature, Write]] = [
    (Feature.WATCHLIST, remove(show(1399))),
    (Feature.RATINGS, remove(movie(603), 850)),
    (Feature.RATINGS, remove(episode(1399, 0, 1), 850)),
]
EVERY = [*PUTTING, *REMOVING]


def test_the_table_has_every_code_of_tmdbs() -> None:
    assert set(OUTCOMES) == {code for code, _, _ in TABLE}
    assert len(OUTCOMES) == 47


@pytest.mark.parametrize(("code", "status", "message"), TABLE)
def test_every_code_is_one_outcome(code: int, status: int, message: str) -> None:
    putting, removing, said = OUTCOMES[code]
    for wanted, writes in ((putting, PUTTING), (removing, REMOVING)):
        for feature, write in writes:
            tmdb = scripted(told(status, code, message))
            outcome = tmdb.one(feature, write)
            expected = wanted
            if code == 12 and (feature, write.expected) == (Feature.WATCHLIST, None):
                expected = ALREADY
            assert (outcome.done, len(tmdb.requests)) == (expected, 1), write
            if expected in (APPLIED, ALREADY):
                unseen = code == 12 and feature is Feature.RATINGS and write.expected is None
                assert outcome.code == ("replaced" if unseen else "")
                assert outcome.native_id
            else:
                assert outcome.code == (said or "not_understood")
                assert not outcome.native_id
            if expected in (REJECTED, IN_DOUBT, Done.UNMATCHED):
                assert outcome.words == message


@pytest.mark.parametrize(("feature", "write"), EVERY)
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("named", [True, False])
def test_a_success_comes_as_200_and_as_201_and_with_or_without_its_flag(
    feature: Feature, write: Write, status: int, *, named: bool
) -> None:
    data = {"status_code": 1, "status_message": "Success."} | ({"success": True} if named else {})
    assert scripted(says(status, data)).one(feature, write).done is APPLIED


HTML = httpx2.Response(200, text="<!doctype html><p>Log in", headers={"content-type": "text/html"})
NOT_UNDERSTOOD: dict[str, httpx2.Response | Exception] = {
    "a web page with 200": HTML,
    "a web page with 403": httpx2.Response(403, text="<html>", headers={"content-type": "text/html"}),
    "a web page with 502": httpx2.Response(502, text="<html>", headers={"content-type": "text/html"}),
    "plain words": httpx2.Response(403, text="Forbidden"),
    "cut JSON": httpx2.Response(201, content=b'{"success":true,"status_co'),
    "an empty body": httpx2.Response(200, content=b""),
    "no content": httpx2.Response(204),
    "a list": says(201, [{"success": True, "status_code": 1}]),
    "a number": says(201, 1),
    "no code": says(200, {}),
    "success and no code": says(200, {"success": True}),
    "a code that is text": says(200, {"success": True, "status_code": "1"}),
    "a code that is true": says(200, {"success": True, "status_code": True}),
    "no success and no code": says(200, {"success": False}),
    "no success, though code 1": says(201, {"success": False, "status_code": 1}),
    "errors, though code 1": says(201, {"status_code": 1, "errors": ["no"]}),
    "an unknown code": told(200, 999),
    "a refusal with 200": told(200, 5),
    "an unknown id with 200": told(200, 34),
    "a bad session with 200": told(200, 3),
    "code 1 with 400": told(400, 1),
    "code 1 with 500": told(500, 1),
    "nothing to do with 500": told(500, 40),
    "an unknown id with 500": told(500, 34),
    "a bad session with 503": told(503, 3),
    "500 without a word": says(500, {"success": False}),
    "502": told(502, 43),
    "503": httpx2.Response(503, text=""),
    "504": told(504, 24),
    "a redirect": httpx2.Response(302, headers={"location": "https://elsewhere.example/"}),
    "a redirect that keeps the call": httpx2.Response(308, headers={"location": "/3/movie/1/rating"}),
    "a time-out while reading": httpx2.ReadTimeout("slow"),
    "a time-out while sending": httpx2.WriteTimeout("slow"),
    "a reset while reading": httpx2.ReadError("reset"),
    "a reset while sending": httpx2.WriteError("reset"),
    "hung up": httpx2.RemoteProtocolError("Server disconnected without sending a response."),
    "bad packing": httpx2.DecodingError("bad gzip"),
}


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_in_doubt_and_sent_once(name: str) -> None:
    for feature, write in EVERY:
        tmdb = scripted(NOT_UNDERSTOOD[name])
        outcome = tmdb.one(feature, write)
        assert (outcome.done, outcome.native_id, outcome.retry_after) == (IN_DOUBT, "", None)
        assert outcome.code
        assert tmdb.events == ["asked", "sent"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(400, {"status_code": 18, "status_message": "Value too high: no."}), "Value too high: no."),
        (says(422, {"errors": ["value must be a number", "and more"]}), "value must be a number and more"),
        (says(405, {"success": False}), ""),
        (says(406, {"status_message": "Not this."}), "Not this."),
        (says(404, {"status_message": "No route."}), "No route."),
        (says(401, {"success": False, "status_message": "No."}), "No."),
        (told(409, 999, "Something new."), "Something new."),
    ],
)
def test_other_refusals_are_rejections_in_tmdbs_own_words(answer: httpx2.Response, words: str) -> None:
    for feature, write in EVERY:
        outcome = scripted(answer).one(feature, write)
        assert (outcome.done, outcome.words) == (REJECTED, words)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (told(429, 25), None),
        (told(429, 25, **{"Retry-After": "0"}), 0),
        (told(429, 25, **{"Retry-After": "7"}), 7),
        (told(429, 25, **{"Retry-After": "86400"}), 86400),
        (httpx2.Response(429, text="<html>slow down", headers={"Retry-After": "3"}), 3),
        (httpx2.Response(429, content=b"", headers={"Retry-After": "soon"}), None),
        (told(200, 25, **{"Retry-After": "2"}), 2),
        (told(503, 25), None),
    ],
)
def test_asked_to_wait_is_later_with_the_seconds_that_were_said(
    answer: httpx2.Response, seconds: float | None
) -> None:
    for feature, write in EVERY:
        tmdb = scripted(answer, told(201, 1))
        assert tmdb.one(feature, write) == Outcome(
            write.id, Done.RETRY_LATER, "rate_limited", retry_after=seconds
        )
        assert tmdb.events == ["asked", "sent"]


def test_a_write_is_sent_again_only_where_it_surely_did_not_arrive() -> None:
    for failure in (
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.PoolTimeout("full"),
    ):
        tmdb = scripted(failure, told(201, 1))
        assert tmdb.one(*EVERY[0]).done is APPLIED
        assert tmdb.events == ["asked", "sent", "asked", "sent"]
        tmdb = scripted(failure)
        assert tmdb.one(*EVERY[0]) == Outcome(1, Done.RETRY_LATER, "unreachable")
        assert tmdb.events == ["asked", "sent"] * 3
        tmdb = scripted(failure, httpx2.ReadError("reset"), told(201, 1))
        assert tmdb.one(*EVERY[0]).done is IN_DOUBT
        assert tmdb.events == ["asked", "sent"] * 2


def written_to(base: str, may_send: Watched) -> Outcome:
    async def story() -> Outcome:
        clock = HastyClock()
        pacer = Pacer(clock, per_second=2000, connections=8)
        http = HttpClient(base, service=SERVICE, pacer=pacer, clock=clock)
        link = TmdbLink(TmdbClient(http, KEY, SESSION, clock=clock), "7")
        try:
            return (await link.write(Feature.RATINGS, [add(movie(603), 850)], may_send))[0]
        finally:
            await http.aclose()

    return asyncio.run(story())


def test_a_connection_that_nobody_takes_is_later() -> None:
    may_send = Watched()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = written_to(f"http://127.0.0.1:{unused.getsockname()[1]}/3", may_send)
    assert outcome == Outcome(1, Done.RETRY_LATER, "unreachable")
    assert may_send.asked == 3


def test_a_name_that_does_not_resolve_is_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **_named: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    may_send = Watched()
    assert written_to("https://nowhere.invalid/3", may_send) == Outcome(1, Done.RETRY_LATER, "unreachable")
    assert may_send.asked == 3


def test_somebody_elses_certificate_is_later(tmp_path: Path) -> None:
    async def story(certificate: ssl.SSLContext) -> Outcome:
        async with listening(hang_up, certificate) as port:
            return await asyncio.to_thread(written_to, f"https://127.0.0.1:{port}/3", may_send)

    may_send = Watched()
    assert asyncio.run(story(own_certificate(tmp_path))) == Outcome(1, Done.RETRY_LATER, "blocked")
    assert may_send.asked == 1


SPOKEN: list[dict[str, Any]] = [
    {"status_code": 18, "status_message": f"Bad call /3/movie/603/rating?api_key={KEY}&session_id={SESSION}"},
    {"status_code": 18, "status_message": "x" * 280 + SESSION},
    {"status_code": 18, "errors": [f"session {SESSION}", KEY]},
    {"status_code": 34, "status_message": f"no {SESSION}"},
    {"status_code": 7, "status_message": f"bad key {KEY}"},
]


@pytest.mark.parametrize("data", SPOKEN)
@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 500])
def test_no_secret_that_tmdb_repeats_is_handed_on(data: dict[str, Any], status: int) -> None:
    for feature, write in EVERY:
        outcome = scripted(says(status, data)).one(feature, write)
        says_none(repr(outcome), [KEY, SESSION, SESSION[:12], KEY[:12]])


def test_words_that_come_with_a_number_that_is_no_answer_hold_no_secret() -> None:
    data = {"success": True, "status_code": 13, "status_message": f"deleted {SESSION}\x1b[2J" + "y" * 400}
    outcome = scripted(says(200, data)).one(Feature.WATCHLIST, add(movie(603)))
    assert outcome.done is IN_DOUBT
    assert outcome.words.startswith("deleted ***")
    assert len(outcome.words) <= 300
    assert outcome.words.isprintable()


def test_the_account_is_asked_for_once_and_only_where_its_number_is_in_the_path() -> None:
    account = says(200, {"id": 42, "username": "alice"})
    tmdb = scripted(account, told(201, 1))
    outcomes = tmdb.write(
        Feature.WATCHLIST, add(movie(603), number=1), add(show(1399), number=2), account_id=""
    )
    assert [outcome.done for outcome in outcomes] == [APPLIED, APPLIED]
    assert [request.url.path for request in tmdb.requests] == ["/3/account", *["/3/account/42/watchlist"] * 2]
    assert tmdb.events == ["sent", "asked", "sent", "asked", "sent"]
    tmdb = scripted(told(201, 1))
    assert tmdb.write(Feature.RATINGS, add(movie(603), 850), account_id="")[0].done is APPLIED
    assert [request.url.path for request in tmdb.requests] == ["/3/movie/603/rating"]


@pytest.mark.parametrize(
    ("answer", "done", "code"),
    [
        (told(401, 3), RECONNECT, "session_ended"),
        (told(401, 7), RECONNECT, "invalid_api_key"),
        (HTML, Done.RETRY_LATER, "blocked"),
        (told(500, 11), Done.RETRY_LATER, "tmdb_error"),
        (httpx2.ReadTimeout("slow"), Done.RETRY_LATER, "unreachable"),
        (told(429, 25, **{"Retry-After": "600"}), Done.RETRY_LATER, "rate_limited"),
        (says(200, {"username": "alice"}), Done.RETRY_LATER, "tmdb_error"),
    ],
)
def test_without_the_account_nothing_was_sent(
    answer: httpx2.Response | Exception, done: Done, code: str
) -> None:
    tmdb = scripted(answer)
    outcomes = tmdb.write(
        Feature.WATCHLIST, add(movie(603), number=1), add(show(1399), number=2), account_id=""
    )
    assert [(one.write_id, one.done, one.code) for one in outcomes] == [(1, done, code), (2, done, code)]
    assert {request.method for request in tmdb.requests} == {"GET"}
    assert "asked" not in tmdb.events
    assert outcomes[0].retry_after == (600 if code == "rate_limited" else None)


def test_an_account_id_that_is_no_number_reaches_no_path() -> None:
    for account_id in ("../7", "７", "7/watchlist", "-1", "7 "):
        tmdb = Scripted([says(200, {"id": 42, "username": "alice"}), told(201, 1)])
        tmdb.write(Feature.WATCHLIST, add(movie(603)), account_id=account_id)
        assert [request.url.path for request in tmdb.requests] == ["/3/account", "/3/account/42/watchlist"]
