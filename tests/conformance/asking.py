"""Permission for each call, calls that are given up, and several at once."""

from __future__ import annotations

import asyncio

import pytest

from crosswatch.errors import RateLimited, Refused
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.values import Value
from crosswatch.model.writes import Outcome, Write
from crosswatch.ports import MaySend
from tests.conformance.bench import Asks, Bench, Trouble, can_suffer, some_titles, values_of
from tests.conformance.hand import DONE, Hand, may_always
from tests.conformance.reading import filled, filled_pages, has_lookup

STUCK_SECONDS = 20.0
"""After so long a call that waits for its turn will wait for ever."""

STEPS = (0, 1, 2, 4, 8, 16, 32, 64)
"""Turns of the event loop after which a call is given up: anywhere on its way."""


class Stopped(Exception):
    """Nothing that any provider knows."""


class PermissionCases:
    """may_send has the last word."""

    @pytest.mark.parametrize("reason", [Refused("overtaken"), RateLimited("us", 1.0), Stopped()], ids=repr)
    async def test_what_may_send_raises_comes_out_and_nothing_is_stored(
        self, bench: Bench, feature: Feature, reason: Exception
    ) -> None:
        values = values_of(bench.manifest.features[feature])
        filled(bench, feature)
        hand = Hand(bench)
        before, arrived = hand.state(), bench.arrived()

        async def never() -> None:
            raise reason

        for ref in some_titles(bench, feature):
            write = hand.to(feature, ref, values[-1])
            came_out = await _raised_by(hand, feature, write, never)
            assert came_out is reason, f"what may_send raised did not come out: {came_out}"
        assert hand.state() == before, "stored although may_send said no"
        assert bench.arrived() == arrived, "sent although may_send said no"
        ref = some_titles(bench, feature)[0]
        assert (await hand.put(feature, ref, values[-1])).done in DONE, "and now nothing can be written"

    async def test_may_send_is_awaited_before_each_call_that_writes(
        self, bench: Bench, feature: Feature
    ) -> None:
        hand = Hand(bench)
        values = values_of(bench.manifest.features[feature])
        for ref in some_titles(bench, feature, 2):
            for wanted in (values[-1], None):
                arrived = bench.arrived()
                await hand.put(feature, ref, wanted)  # Hand compares the calls with the permissions
                assert bench.arrived() > arrived, "the bench did not see the call"


class TogetherCases:
    """Two links, many calls, and calls that are given up."""

    async def test_two_links_at_once(self, bench: Bench, feature: Feature) -> None:
        values = values_of(bench.manifest.features[feature])
        filled(bench, feature)
        hands = [Hand(bench), Hand(bench)]
        before = hands[0].state()
        refs = bench.titles(Kind.MOVIE, 10)
        writes = [hands[0].to(feature, ref, values[place % len(values)]) for place, ref in enumerate(refs)]
        done = await asyncio.gather(
            *(_write_one(hands[place % 2], feature, write) for place, write in enumerate(writes)),
            hands[0].link.whoami(),
            hands[1].link.whoami(),
        )
        outcomes = [one for one in done if isinstance(one, Outcome)]
        hands[0].judge(feature, writes, outcomes, before)
        assert all(outcome.done in DONE for outcome in outcomes)
        for reading in await asyncio.gather(*(hand.read(feature) for hand in hands)):
            assert reading.is_exact

    async def test_a_call_may_be_given_up_anywhere(self, bench: Bench, feature: Feature) -> None:
        values = values_of(bench.manifest.features[feature])
        filled_pages(bench, feature)
        hand = Hand(bench)
        for steps in STEPS:
            for asks in Asks if bench.manifest.lookup_batch else (Asks.READ, Asks.WRITE):
                await given_up(asyncio.ensure_future(_call(hand, feature, asks)), steps)
            assert await hand.link.whoami()
        await _settled(hand, feature, values[-1])
        assert (await hand.read(feature)).is_exact

    @pytest.mark.parametrize("asks", list(Asks), ids=str)
    async def test_a_call_that_is_given_up_keeps_no_place(self, bench: Bench, asks: Asks) -> None:
        can_suffer(bench, Trouble.HELD)
        if asks is Asks.LOOKUP:
            has_lookup(bench)
        feature = next(iter(bench.manifest.features))
        filled_pages(bench, feature)
        hand, places = Hand(bench), bench.manifest.pace.connections
        await hand.link.whoami()
        bench.suffer(Trouble.HELD, asks)
        calls = [asyncio.ensure_future(_call(hand, feature, asks)) for _ in range(places)]
        while bench.held() < places:
            await asyncio.sleep(0.001)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        bench.recover()
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                assert (await hand.read(feature)).is_exact
                await _settled(hand, feature, values_of(bench.manifest.features[feature])[-1])
        except TimeoutError:
            pytest.fail("a call that was given up keeps its place")


async def _raised_by(hand: Hand, feature: Feature, write: Write, may_send: MaySend) -> object:
    """What the write raised, or else what it returned."""
    try:
        return await hand.link.write(feature, [write], may_send)
    except (Refused, RateLimited, Stopped) as raised:
        return raised


async def given_up(work: asyncio.Future[object], steps: int) -> None:
    """Cancels the work after so many turns of the loop; it must end at once, done or cancelled."""
    for _ in range(steps):
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.wait([work])
    if not work.cancelled() and (error := work.exception()) is not None:
        raise error


async def _settled(hand: Hand, feature: Feature, value: Value) -> None:
    """Returns once nothing that was given up can still arrive: a write that came later is done."""
    ref = hand.bench.titles(Kind.MOVIE, 1)[0]
    outcome = await _write_one(hand, feature, hand.to(feature, ref, value))
    assert outcome.done in DONE, f"after calls that were given up: {outcome}"


async def _write_one(hand: Hand, feature: Feature, write: Write) -> Outcome:
    return (await hand.link.write(feature, [write], may_always))[0]


async def _call(hand: Hand, feature: Feature, asks: Asks) -> object:
    ref = hand.bench.titles(Kind.MOVIE, 1)[0]
    if asks is Asks.READ:
        return [page async for page in hand.link.read(feature)]
    if asks is Asks.LOOKUP:
        return await hand.link.lookup([ref])
    value = values_of(hand.bench.manifest.features[feature])[-1]
    return await hand.link.write(feature, [hand.to(feature, ref, value)], may_always)
