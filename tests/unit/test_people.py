"""The first password is for whoever reads the log; guessing is slow; a session ends when it should."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from sqlalchemy import select

from crosswatch.app import open_house
from crosswatch.errors import Refused
from crosswatch.services import people as people_module
from crosswatch.services.people import LEAST, SESSION_SECONDS, People
from crosswatch.settings import Settings, variable
from crosswatch.store.tables import session as session_table
from crosswatch.store.tables import user as user_table

PASSWORD = "correct horse battery"


class StandingClock:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


Work = Callable[[People, StandingClock], Awaitable[None]]


@pytest.fixture
def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.setattr(people_module, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))

    def run(work: Work) -> None:
        async def main() -> None:
            clock = StandingClock()
            house = open_house(Settings(home=str(tmp_path)), role="a test", clock=clock)
            try:
                await work(People(house), clock)
                with house.database.engine.connect() as connection:
                    kept = [
                        *connection.execute(select(user_table)),
                        *connection.execute(select(session_table)),
                    ]
                assert PASSWORD not in str(kept)
            finally:
                await house.close()

        asyncio.run(main())

    return run


async def code_of(people: People, caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.WARNING):
        await people.announce_set_up()
        await people.announce_set_up()
    (code,) = re.findall(r"set-up code is (\S+)", caplog.text)
    return str(code)


async def refusal(call: Awaitable[object]) -> Refused:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value


def test_the_first_password_needs_the_code_from_the_log(
    within: Callable[[Work], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        assert not await people.password_is_set()
        code = await code_of(people, caplog)
        for wrong in ("", "AAAAA-AAAAA", code[:-1]):
            assert (
                await refusal(people.set_up(wrong, PASSWORD, PASSWORD, caller="10.0.0.1"))
            ).code == "wrong_code"
        weak = await refusal(people.set_up(code, "x" * (LEAST - 1), "x" * (LEAST - 1), caller="10.0.0.1"))
        assert (weak.code, weak.params) == ("weak_password", {"least": LEAST})
        assert (
            await refusal(people.set_up(code, PASSWORD, "other", caller="10.0.0.1"))
        ).code == "passwords_differ"
        assert not await people.password_is_set()
        session = await people.set_up(f" {code.lower()} ", PASSWORD, PASSWORD, caller="10.0.0.1")
        assert await people.password_is_set()
        assert await people.is_signed_in(session)
        again = await refusal(people.set_up(code, PASSWORD, PASSWORD, caller="10.0.0.1"))
        assert again.code == "already_set_up"
        caplog.clear()
        await People(people._house).announce_set_up()
        assert caplog.text == ""

    within(work)


def test_a_session_ends(within: Callable[[Work], None]) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        await people.set_password(PASSWORD, PASSWORD)
        first, second = [await people.sign_in(PASSWORD, caller="10.0.0.1") for _ in range(2)]
        assert first != second
        await people.sign_out(first)
        assert not await people.is_signed_in(first)
        assert await people.is_signed_in(second)
        assert not await people.is_signed_in("")
        clock.ms += SESSION_SECONDS * 1000 - 1
        assert await people.is_signed_in(second)
        clock.ms += 1
        assert not await people.is_signed_in(second)

    within(work)


def test_a_new_password_ends_every_session(within: Callable[[Work], None]) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        await people.set_password(PASSWORD, PASSWORD)
        session = await people.sign_in(PASSWORD, caller="10.0.0.1")
        await people.set_password("another password", "another password")
        assert not await people.is_signed_in(session)
        assert (await refusal(people.sign_in(PASSWORD, caller="10.0.0.1"))).code == "wrong_password"
        await people.sign_in("another password", caller="10.0.0.1")

    within(work)


def test_letters_count_however_they_are_typed(within: Callable[[Work], None]) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        await people.set_password("caf\u00e9 caf\u00e9 caf\u00e9", "cafe\u0301 caf\u00e9 caf\u00e9")
        await people.sign_in("cafe\u0301 cafe\u0301 cafe\u0301", caller="10.0.0.1")

    within(work)


def test_guessing_has_to_wait(within: Callable[[Work], None]) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        await people.set_password(PASSWORD, PASSWORD)
        for _ in range(5):
            assert (await refusal(people.sign_in("wrong", caller="2001:db8::1"))).code == "wrong_password"
            clock.ms += 1000
        waiting = await refusal(people.sign_in(PASSWORD, caller="2001:db8::2"))
        assert (waiting.code, waiting.params) == ("too_many_tries", {"seconds": 295})
        assert (
            await refusal(people.set_up("x", PASSWORD, PASSWORD, caller="10.0.0.1"))
        ).code == "already_set_up"
        await people.sign_in(PASSWORD, caller="10.0.0.1")
        clock.ms += 294_000
        assert (await refusal(people.sign_in(PASSWORD, caller="2001:db8::1"))).params == {"seconds": 1}
        clock.ms += 1_000
        await people.sign_in(PASSWORD, caller="2001:db8::1")
        assert (await refusal(people.sign_in("wrong", caller="2001:db8::1"))).code == "wrong_password"

    within(work)


def test_the_set_up_code_cannot_be_guessed_either(within: Callable[[Work], None]) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        wrong = [refusal(people.set_up("x", PASSWORD, PASSWORD, caller="10.0.0.1")) for _ in range(8)]
        codes = [error.code for error in await asyncio.gather(*wrong)]
        assert codes == ["wrong_code"] * 5 + ["too_many_tries"] * 3

    within(work)


def test_two_who_set_up_at_once_are_not_both_first(
    within: Callable[[Work], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def work(people: People, clock: StandingClock) -> None:
        code = await code_of(people, caplog)
        both = [people.set_up(code, PASSWORD, PASSWORD, caller="10.0.0.1") for _ in range(2)]
        answers = await asyncio.gather(*both, return_exceptions=True)
        assert [isinstance(answer, str) for answer in answers] == [True, False]

    within(work)


def test_a_stored_password_is_dear_to_guess(tmp_path: Path) -> None:
    async def main() -> str:
        house = open_house(Settings(home=str(tmp_path)), role="a test")
        try:
            await People(house).set_password(PASSWORD, PASSWORD)
            return str(
                house.database.read_now(lambda connection: connection.execute(select(user_table)).one()[2])
            )
        finally:
            await house.close()

    cost = extract_parameters(asyncio.run(main()))
    assert cost.type is Type.ID
    assert (cost.memory_cost, cost.time_cost) >= (64 * 1024, 3)
