"""Writes that are held back, cancelled or given up: what was never sent, and that no place is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from crosswatch.errors import Cancelled, RateLimited, Refused, SessionEnded
from crosswatch.model.kinds import Feature
from crosswatch.model.writes import Done, Write
from crosswatch.net.client import HttpClient
from crosswatch.net.pacer import Pacer
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.providers.tmdb.status import SERVICE
from crosswatch.simulators.tmdb import DEMO_KEY
from tests.contract.tmdb_world import World, tmdb_world
from tests.contract.tmdb_writes import WRITES, Watched, add, always, furnished, movie, one, written


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    with tmdb_world(caplog) as world:
        yield world


class _Stop(Exception):
    """What only the caller knows."""


@pytest.mark.parametrize(("feature", "write", "_path"), WRITES)
@pytest.mark.parametrize(
    "no",
    [
        _Stop(),
        Cancelled(),
        Refused("overtaken"),
        RateLimited("house", 3),
        SessionEnded("house"),
        asyncio.CancelledError(),
    ],
    ids=lambda no: type(no).__name__,
)
def test_what_may_send_raises_comes_out_and_nothing_was_sent(
    world: World, feature: Feature, write: Write, _path: str, no: BaseException
) -> None:
    before = furnished(world)
    may_send = Watched(no)

    async def story(link: TmdbLink) -> None:
        with pytest.raises(type(no)) as raised:
            await link.write(feature, [write], may_send)
        assert raised.value is no
        assert world.asked() == 0
        assert world.sim.traffic.most_at_once == 0
        for _ in range(20):  # more than there are places: none was kept
            async with asyncio.timeout(20):
                with pytest.raises(type(no)) as raised:
                    await link.write(feature, [write], may_send)
                assert raised.value is no
        async with asyncio.timeout(20):
            assert (await link.write(feature, [write], always))[0].done is Done.APPLIED

    world.with_link(story)
    assert may_send.asked == 21
    assert world.asked() == 1
    assert (world.sim.ratings(world.user), world.sim.watchlist(world.user)) != before


def test_of_several_writes_those_before_the_no_were_sent_and_no_other(world: World) -> None:
    may_send = Watched(_Stop(), after=3)
    writes = [add(movie(number), number=number) for number in (11, 13, 550, 603)]
    with pytest.raises(_Stop):
        written(world, Feature.WATCHLIST, *writes, may_send=may_send)
    assert world.sim.watchlist(world.user) == [("movie", 11), ("movie", 13)]
    assert (world.asked(), may_send.asked) == (2, 3)


def with_one_place(world: World, story: Callable[[TmdbLink], Awaitable[None]]) -> None:
    """Runs the story with a pacer of a single place, so that one that is lost stops everything."""

    async def told() -> None:
        http = HttpClient(
            world.served.api_url,
            service=SERVICE,
            pacer=Pacer(world.clock, per_second=2000, connections=1),
            clock=world.clock,
        )
        client = TmdbClient(http, DEMO_KEY, world.session, clock=world.clock)
        try:
            async with asyncio.timeout(60):
                await story(TmdbLink(client, str(world.user_id)))
        finally:
            await http.aclose()

    asyncio.run(told())


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


async def cancelled(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, asyncio.CancelledError)


@pytest.mark.parametrize(("feature", "write", "path"), WRITES)
def test_a_write_that_is_cancelled_on_its_way_leaves_its_place(
    world: World, feature: Feature, write: Write, path: str
) -> None:
    furnished(world)
    world.fault(kind="hang", path=path, seconds=300.0, times=1)
    waiting = Watched()

    async def story(link: TmdbLink) -> None:
        sent = asyncio.create_task(link.write(feature, [write], always))
        await until(lambda: world.sim.traffic.at_once == 1)
        queued = [asyncio.create_task(link.write(feature, [write], waiting)) for _ in range(3)]
        await asyncio.sleep(0)
        await cancelled(sent, *queued)
        assert waiting.asked == 0
        assert (await link.write(feature, [write], always))[0].done is Done.APPLIED
        assert (await link.whoami()).uid == f"tmdb:{world.user_id}"

    with_one_place(world, story)
    assert world.sim.traffic.counters.total() == 3


def test_a_write_that_is_cancelled_while_it_asks_leaves_its_place(world: World) -> None:
    async def story(link: TmdbLink) -> None:
        asking = asyncio.Event()

        async def never() -> None:
            asking.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(link.write(Feature.WATCHLIST, [add(movie(603))], never))
        await asking.wait()
        await cancelled(task)
        assert world.sim.traffic.counters.total() == 0
        assert (await link.write(Feature.WATCHLIST, [add(movie(603))], always))[0].done is Done.APPLIED

    with_one_place(world, story)
    assert world.sim.traffic.counters.total() == 1


def test_nothing_is_asked_before_its_turn(world: World) -> None:
    """While the only place is taken, the next write has not asked: what it would be told could be old by then."""
    events: list[str] = []

    async def story(link: TmdbLink) -> None:
        go = asyncio.Event()

        async def first() -> None:
            events.append("first")
            await go.wait()

        async def second() -> None:
            events.append("second" if world.sim.traffic.counters.total() == 1 else "second too early")

        one = asyncio.create_task(link.write(Feature.WATCHLIST, [add(movie(603))], first))
        await until(lambda: bool(events))
        two = asyncio.create_task(link.write(Feature.WATCHLIST, [add(movie(11))], second))
        for _ in range(20):
            await asyncio.sleep(0)
        assert events == ["first"]
        go.set()
        await asyncio.gather(one, two)

    with_one_place(world, story)
    assert events == ["first", "second"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_that_takes_too_long_is_in_doubt(world: World, when: str) -> None:
    world.fault(kind="hang", path="rating", seconds=300.0, when=when)
    world.time_limit = 1.0
    outcome = one(world, Feature.RATINGS, add(movie(603), 850))
    assert (outcome.done, outcome.code) == (Done.IN_DOUBT, "unreachable")
    asyncio.run(until(lambda: world.sim.traffic.counters.total() > 0))
    assert world.sim.traffic.counters.total() == 1
