"""TMDb's status table, and the calls by which one connects, against the simulated TMDb."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswatch.config.config import Config
from crosswatch.errors import (
    Blocked,
    CrossWatchError,
    ItemError,
    KeyRejected,
    NotApproved,
    RateLimited,
    Reaction,
    Refused,
    ServiceError,
    ServiceFailed,
    SessionEnded,
    Unreachable,
)
from crosswatch.model.accounts import AccountUid
from crosswatch.model.kinds import Feature, Kind
from crosswatch.net.client import Answer
from crosswatch.net.clock import SystemClock
from crosswatch.net.pacer import Pacers
from crosswatch.net.redaction import register
from crosswatch.providers.tmdb.client import TmdbAccount, TmdbClient, auth_url
from crosswatch.providers.tmdb.provider import TmdbProvider
from crosswatch.providers.tmdb.status import CODES, Asked, Means, data_of, says_wait
from crosswatch.sealing import Sealer
from crosswatch.settings import Settings
from crosswatch.simulators.tmdb import DEMO_KEY
from tests.contract.tmdb_world import SHARED, World, read_all, says_no_secret, tmdb_world


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with tmdb_world(caplog) as world:
        yield world


TABLE = json.loads((SHARED / "contracts" / "tmdb_status_codes.json").read_text())["codes"]


def test_the_table_names_every_code_that_tmdb_has() -> None:
    assert set(CODES) == {code for code, _, _ in TABLE}


@pytest.mark.parametrize(("code", "status", "message"), TABLE)
def test_every_code_has_its_reaction(code: int, status: int, message: str) -> None:
    done = code in {1, 8, 12, 13, 21, 40}
    data = {"success": done, "status_code": code, "status_message": message}
    expected = {
        Means.KEY_INVALID: KeyRejected,
        Means.KEY_SUSPENDED: KeyRejected,
        Means.RECONNECT: SessionEnded,
        Means.NOT_APPROVED: SessionEnded,
        Means.GONE: ItemError,
        Means.ITEM: ItemError,
        Means.OUR_MISTAKE: ServiceFailed,
        Means.LATER: ServiceFailed,
        Means.WAIT: RateLimited,
    }
    if done:
        assert data_of(Answer(status, data, {}), Asked.TITLE) == data
        return
    with pytest.raises(ServiceError) as raised:
        data_of(Answer(status, data, {}), Asked.TITLE, writes=True)
    assert type(raised.value) is expected[CODES[code]]
    error = raised.value
    if isinstance(error, ServiceFailed):
        assert (error.params["status"], error.params["number"]) == (status, code)
        assert error.maybe_done is (status >= 500)
        assert (error.reaction is Reaction.TELL_US) is (CODES[code] is Means.OUR_MISTAKE)


def meant(status: int, data: dict[str, object] | list[object], asked: Asked) -> str:
    try:
        data_of(Answer(status, data, {}), asked)
    except CrossWatchError as error:
        return f"{type(error).__name__} {error.code}"
    return "fine"


@pytest.mark.parametrize(
    ("status", "data", "asked", "meaning"),
    [
        (401, {"status_code": 17}, Asked.APPROVAL, "NotApproved pending_approval"),
        (401, {"status_code": 33}, Asked.APPROVAL, "NotApproved pending_approval"),
        (401, {"status_code": 17}, Asked.ACCOUNT, "SessionEnded session_ended"),
        (401, {"status_code": 7}, Asked.APPROVAL, "KeyRejected invalid_api_key"),
        (401, {"status_code": 10}, Asked.ACCOUNT, "KeyRejected suspended_api_key"),
        (403, {"status_code": 45}, Asked.ACCOUNT, "KeyRejected suspended_api_key"),
        (404, {"status_code": 34}, Asked.TITLE, "ItemError title_gone"),
        (404, {"status_code": 34}, Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (404, {"status_code": 6}, Asked.TITLE, "ItemError title_refused"),
        (500, {"status_code": 34}, Asked.TITLE, "ItemError title_refused"),
        (404, {}, Asked.TITLE, "ServiceFailed tmdb_error"),
        (401, {"success": False}, Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (200, {"success": False}, Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (200, {"success": False, "status_code": 1}, Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (500, {"success": False, "status_code": 1}, Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (
            422,
            {"errors": ["page must be less than or equal to 500"]},
            Asked.ACCOUNT,
            "ServiceFailed tmdb_error",
        ),
        (200, {"errors": ["no"]}, Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (200, {"status_code": 25}, Asked.TITLE, "RateLimited rate_limited"),
        (200, {"status_code": 999}, Asked.TITLE, "ServiceFailed tmdb_error"),
        (200, {"status_code": True}, Asked.ACCOUNT, "fine"),
        (200, [], Asked.ACCOUNT, "ServiceFailed tmdb_error"),
        (200, {}, Asked.ACCOUNT, "fine"),
    ],
)
def test_status_and_code_are_read_together(
    status: int, data: dict[str, object] | list[object], asked: Asked, meaning: str
) -> None:
    assert meant(status, data, asked) == meaning


@pytest.mark.parametrize(
    ("status", "data", "meaning", "maybe_done"),
    [
        (404, {"status_code": 34}, "title_gone", False),
        (200, {"status_code": 34}, "tmdb_error", True),
        (500, {"status_code": 34}, "tmdb_error", True),
        (500, {"status_code": 44}, "title_refused", False),
        (503, {"status_code": 3}, "tmdb_error", True),
        (200, {"status_code": 7}, "tmdb_error", True),
        (200, {"success": False}, "tmdb_error", True),
        (200, {"status_code": 999}, "tmdb_error", True),
        (400, {"status_code": 1}, "tmdb_error", True),
        (500, {"status_code": 40}, "tmdb_error", True),
        (400, {"status_code": 999}, "tmdb_error", False),
        (422, {"errors": ["no"]}, "tmdb_error", False),
    ],
)
def test_a_write_is_refused_for_sure_only_where_status_and_number_say_so(
    status: int, data: dict[str, object], meaning: str, maybe_done: bool
) -> None:
    with pytest.raises(ServiceError) as raised:
        data_of(Answer(status, data, {}), Asked.TITLE, writes=True)
    assert (raised.value.code, raised.value.maybe_done) == (meaning, maybe_done)


def test_a_secret_at_the_end_of_what_is_kept_is_not_cut_in_two() -> None:
    session = "5e5510a0123456789abcdef0123456789abcdef0"
    register(session)
    with pytest.raises(ServiceFailed) as raised:
        data_of(Answer(422, {"status_message": "x" * 280 + session}, {}), Asked.ACCOUNT)
    assert raised.value.params["message"] == "x" * 280 + "***"


def test_tmdbs_words_are_kept_and_its_secrets_are_not() -> None:
    data = {"status_code": 5, "status_message": f"Bad api_key={DEMO_KEY}", "errors": ["value too low", 3]}
    with pytest.raises(ServiceFailed) as raised:
        data_of(Answer(422, data, {}), Asked.ACCOUNT)
    assert raised.value.params["message"] == "Bad api_key=*** value too low"


def test_code_25_means_wait_whatever_the_status() -> None:
    assert says_wait(200, {"status_code": 25})
    assert not says_wait(200, {"status_code": 1})
    assert not says_wait(200, [25])


def test_connecting_from_the_key_to_the_account(world: World) -> None:
    async def story(client: TmdbClient) -> tuple[TmdbAccount, str]:
        await client.check_key()
        token = await client.new_token()
        assert abs(token.expires_at_ms - world.clock.now_ms() - 3_600_000) < 60_000
        assert token.token not in repr(token)
        with pytest.raises(NotApproved):
            await client.new_session(token.token)
        world.sim.approve(token.token, world.user)
        session = await client.new_session(token.token)
        with pytest.raises(NotApproved):
            await client.new_session(token.token)
        own = TmdbClient(client._http, DEMO_KEY, session, clock=world.clock)
        account = await own.account()
        await own.delete_session()
        with pytest.raises(SessionEnded):
            await own.account()
        with pytest.raises(SessionEnded):
            await own.delete_session()
        return account, session

    account, session = world.with_client(story)
    assert account == TmdbAccount(world.user_id, "alice")
    assert session not in world.sim.sessions
    assert not world.sim.traffic.entries("GET", "session/new")


@pytest.mark.parametrize("code", [17, 33])
def test_both_codes_of_a_pending_request_say_not_approved(world: World, code: int) -> None:
    world.sim.knobs.pending_code = 17 if code == 17 else 33

    async def story(client: TmdbClient) -> None:
        await client.new_session((await client.new_token()).token)

    with pytest.raises(NotApproved) as raised:
        world.with_client(story)
    assert raised.value.params["number"] == code
    assert world.asked("session/new") == 1


def test_a_session_without_an_id_is_told_as_that(world: World) -> None:
    world.sim.knobs.session_without_id = True

    async def story(client: TmdbClient) -> None:
        token = (await client.new_token()).token
        world.sim.approve(token, world.user)
        await client.new_session(token)

    with pytest.raises(ServiceFailed) as raised:
        world.with_client(story)
    assert raised.value.code == "no_session_id"


@pytest.mark.parametrize("said", ["tomorrow", "", None, "2020-01-01 00:00:00 UTC", "9999-01-01 00:00:00 UTC"])
def test_an_expiry_that_cannot_be_true_is_an_hour(world: World, said: str | None) -> None:
    async def expiry(client: TmdbClient) -> int:
        return client._expiry(said)

    lasts = world.with_client(expiry) - world.clock.now_ms()
    assert 3_590_000 < lasts <= 3_600_000


def test_wrong_suspended_and_revoked_are_told_apart(world: World) -> None:
    suspended = world.sim.add_key().api_key
    world.sim.suspend_key(suspended)
    calls: dict[str, tuple[str, str, type[CrossWatchError], str]] = {
        "wrong key": ("f" * 32, world.session, KeyRejected, "invalid_api_key"),
        "suspended key": (suspended, world.session, KeyRejected, "suspended_api_key"),
        "no such session": (DEMO_KEY, "e" * 40, SessionEnded, "session_ended"),
    }
    for key, session, kind, code in calls.values():
        with pytest.raises(kind) as raised:
            world.with_client(TmdbClient.account, key=key, session=session)
        assert raised.value.code == code
        says_no_secret(world, raised.value)


@pytest.mark.parametrize(
    ("fault", "kind", "asked"),
    [
        ("html", Blocked, 1),
        ("redirect", Blocked, 1),
        ("empty_body", ServiceFailed, 3),
        ("truncated", ServiceFailed, 3),
        ("wrong_shape", ServiceFailed, 1),
        ("reset", Unreachable, 3),
        ("hang", Unreachable, 3),
        ("status", ServiceFailed, 3),
    ],
)
def test_what_goes_wrong_with_the_key_check_is_told(
    world: World, fault: str, kind: type[ServiceError], asked: int
) -> None:
    world.fault(kind=fault)
    world.time_limit = 0.3 if fault == "hang" else 20.0
    with pytest.raises(kind) as raised:
        world.with_client(TmdbClient.check_key)
    assert world.sim.traffic.counters.total() == asked
    says_no_secret(world, raised.value)


def test_a_lost_answer_to_session_new_is_not_asked_again(world: World) -> None:
    world.fault(kind="reset", path="session/new", when="after", times=1)

    async def story(client: TmdbClient) -> None:
        token = (await client.new_token()).token
        world.sim.approve(token, world.user)
        await client.new_session(token)

    with pytest.raises(Unreachable) as raised:
        world.with_client(story)
    assert raised.value.maybe_done
    assert world.asked("session/new") == 1


def test_maintenance_is_a_failure_with_tmdbs_own_words(world: World) -> None:
    world.sim.knobs.maintenance = True
    with pytest.raises(ServiceFailed) as raised:
        world.with_client(TmdbClient.check_key)
    assert raised.value.params["number"] == 46
    assert "maintenance" in str(raised.value.params["message"])


def test_the_page_where_the_user_says_yes() -> None:
    back = "https://home.example/base/connect/tmdb_sync/abc?x=1&y"
    assert auth_url("https://www.themoviedb.org/", "t0ken", back) == (
        "https://www.themoviedb.org/authenticate/t0ken"
        "?redirect_to=https%3A%2F%2Fhome.example%2Fbase%2Fconnect%2Ftmdb_sync%2Fabc%3Fx%3D1%26y"
    )
    assert auth_url("http://127.0.0.1:1", "a/b") == "http://127.0.0.1:1/authenticate/a%2Fb"


def test_the_provider_opens_accounts_over_one_client(world: World, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tmdb_api_url=world.served.api_url, tmdb_visibility_delay=7)
    config = Config(settings, Sealer(b"k" * 32))
    world.sim.fill_watchlist(world.user, [("movie", 603), ("tv", 1399)])

    async def story() -> AccountUid:
        clock = SystemClock()
        provider = TmdbProvider(config, clock=clock, pacers=Pacers(clock))
        assert provider.manifest.features[Feature.WATCHLIST].visibility_delay == 7
        with pytest.raises(Refused) as refused:
            provider.open("second")
        assert (refused.value.code, refused.value.params["account"]) == ("not_connected", "tmdb/second")
        config.save_tmdb_account("second", api_key=DEMO_KEY, session_id=world.session)
        link, again = provider.open("second"), provider.open("second")
        assert link._client._http is again._client._http
        uid = await link.whoami()
        reading = await read_all(again, Feature.WATCHLIST)
        assert reading.ended.whole
        assert [row.ref.kind for row in reading.rows] == [Kind.MOVIE, Kind.SHOW]
        config.save({"tmdb.proxy": "http://127.0.0.1:9"})
        assert provider.open("second")._client._http is not link._client._http
        assert await link.whoami() == uid
        with pytest.raises(Unreachable):
            await provider.open("second").whoami()
        await provider.aclose()
        return uid

    assert asyncio.run(story()) == AccountUid(f"tmdb:{world.user_id}", "alice")
