"""The pacer: bounds that hold in any second, and what refusals do to everybody."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswatch.net.meter import measured
from crosswatch.net.pacer import Pacer, Pacers, Paused
from tests.virtual_clock import VirtualClock


def most_in_a_second(times: list[int]) -> int:
    return max(sum(1 for other in times if at <= other < at + 1000) for at in times)


async def ask(pacer: Pacer, times: list[int], clock: VirtualClock, takes: float = 0.0) -> None:
    async with pacer.turn(30) as turn:
        times.append(turn.sent_at)
        await clock.sleep(takes)


@settings(deadline=None, max_examples=40)
@given(
    per_second=st.integers(1, 60),
    starts=st.lists(st.integers(0, 3000), min_size=2, max_size=120),
    oversleeps=st.sampled_from([0.0, 0.001, 0.007, 0.3]),
)
def test_no_second_ever_sees_more_than_the_rate(
    per_second: int, starts: list[int], oversleeps: float
) -> None:
    clock = VirtualClock()
    times: list[int] = []

    class Late(VirtualClock):
        def now_ms(self) -> int:
            return clock.now_ms()

        async def sleep(self, seconds: float) -> None:
            await clock.sleep(seconds + oversleeps)

    pacer = Pacer(Late(), per_second=per_second, connections=500)

    async def one(start: int) -> None:
        await clock.sleep(start / 1000)
        await ask(pacer, times, clock)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(start) for start in starts))

    clock.run(all_of_them())
    assert len(times) == len(starts)
    assert most_in_a_second(times) <= per_second


def test_the_full_rate_is_reached_and_nothing_comes_in_a_burst() -> None:
    clock = VirtualClock()
    times: list[int] = []
    pacer = Pacer(clock, per_second=35, connections=8)

    async def many() -> None:
        await asyncio.gather(*(ask(pacer, times, clock, 0.1) for _ in range(350)))

    clock.run(many())
    assert most_in_a_second(times) == 35
    assert times[-1] - times[0] <= 10_000
    assert min(b - a for a, b in itertools.pairwise(times)) >= 14


def test_what_a_stall_made_late_is_made_up_for_within_the_bound() -> None:
    clock = VirtualClock()
    times: list[int] = []

    class Stalls(VirtualClock):
        def now_ms(self) -> int:
            return clock.now_ms()

        async def sleep(self, seconds: float) -> None:
            await clock.sleep(seconds + (0.25 if len(times) == 50 else 0))

    pacer = Pacer(Stalls(), per_second=35, connections=200)

    async def many() -> None:
        await asyncio.gather(*(ask(pacer, times, clock) for _ in range(150)))

    clock.run(many())
    assert most_in_a_second(times) == 35
    assert min(b - a for a, b in itertools.pairwise(times)) == 15
    assert times[-1] - times[0] <= 149 / 35 * 1000 + 50


def test_no_more_connections_at_once_than_allowed() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=1000, connections=3)
    inside = 0
    most = 0

    async def one() -> None:
        nonlocal inside, most
        async with pacer.turn(30):
            inside += 1
            most = max(most, inside)
            await clock.sleep(0.5)
            inside -= 1

    async def many() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    clock.run(many())
    assert most == 3


def test_a_refusal_makes_everybody_wait_and_halves_once_for_all_that_were_under_way() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=40, connections=8)
    times: list[int] = []

    async def story() -> int:
        async with pacer.turn(30) as first, pacer.turn(30) as second:
            assert pacer.refused(first, 3) == 3
            assert pacer.refused(second, 3) == 3
        refused_at = clock.now_ms()
        await asyncio.gather(*(ask(pacer, times, clock) for _ in range(5)))
        return refused_at

    refused_at = clock.run(story())
    assert pacer.share == 0.5
    assert times[0] == refused_at + 3000
    assert all(b - a >= 50 / 2 for a, b in itertools.pairwise(times))
    assert times[-1] - times[0] >= 4 * 50 - 25


@pytest.mark.parametrize(("said", "waits"), [(0, 1.0), (None, 1.0), (1, 1.0), (7, 7.0), (86400, 900.0)])
def test_retry_after_has_a_floor_and_a_ceiling(said: float | None, waits: float) -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=40, connections=8)

    async def story() -> None:
        async with pacer.turn(30) as turn:
            assert pacer.refused(turn, said) == waits

    clock.run(story())


def test_without_a_word_on_how_long_the_waits_double() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=40, connections=8)

    async def story() -> list[float]:
        waits = []
        for _ in range(4):
            async with pacer.turn(30) as turn:
                waits.append(pacer.refused(turn, None))
        return waits

    assert clock.run(story()) == [1, 2, 4, 8]


def test_the_rate_comes_back_slowly() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=40, connections=8)
    shares = []

    async def story() -> None:
        async with pacer.turn(30) as turn:
            pacer.refused(turn, 1)
        for _ in range(7):
            await clock.sleep(4)
            pacer.answered()
            shares.append(pacer.share)

    clock.run(story())
    assert shares == [0.5, 0.625, 0.625, 0.75, 0.75, 0.875, 0.875]


def test_more_patience_than_the_caller_has_is_an_error_at_once() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=40, connections=8)

    async def story() -> float:
        async with pacer.turn(30) as turn:
            pacer.refused(turn, 60)
        before = clock.now_ms()
        with pytest.raises(Paused) as raised:
            async with pacer.turn(30):
                raise AssertionError
        assert clock.now_ms() == before
        return raised.value.seconds

    assert clock.run(story()) == 60


def test_whoever_is_cancelled_while_waiting_leaves_the_place_to_others() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=1000, connections=1)
    times: list[int] = []

    async def story() -> None:
        async with pacer.turn(30):
            waiting = [asyncio.create_task(ask(pacer, times, clock)) for _ in range(4)]
            await clock.sleep(0.1)
            waiting[0].cancel()  # the head, waiting for a free connection
            waiting[2].cancel()  # one in the queue
            await clock.sleep(0.1)
        await asyncio.gather(waiting[1], waiting[3])
        inside = asyncio.create_task(ask(pacer, times, clock, 100))
        await clock.sleep(0.1)
        inside.cancel()  # one that holds its place
        await ask(pacer, times, clock)

    clock.run(story())
    assert len(times) == 4


def test_a_run_is_told_that_it_waits() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=40, connections=8)
    told: list[float] = []

    async def story() -> None:
        async with pacer.turn(30) as turn:
            pacer.refused(turn, 4)
        with measured(told.append):
            await ask(pacer, [], clock)

    clock.run(story())
    assert 4.0 in told


def test_a_clock_that_is_set_back_does_not_stop_anything() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, per_second=10, connections=8)
    times: list[int] = []

    async def story() -> None:
        await ask(pacer, times, clock)
        clock.ms -= 3_600_000
        await ask(pacer, times, clock)

    clock.run(story())
    assert times[0] - times[1] == 3_600_000 - 100
    assert sum(clock.slept) < 1


def test_accounts_on_one_host_share_a_pacer() -> None:
    make: Callable[[str], Pacer] = lambda url: pacers.of(url, per_second=35, connections=8)  # noqa: E731
    pacers = Pacers(VirtualClock())
    assert make("https://api.themoviedb.org/3") is make("https://API.themoviedb.org/4")
    assert make("https://api.themoviedb.org/3") is not make("https://api.tmdb.org/3")
    assert make("http://127.0.0.1:1/3") is not make("http://127.0.0.1:2/3")
