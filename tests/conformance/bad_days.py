"""What a link makes of refusals, failures, silence and nonsense: never an empty list, never a write too many."""

from __future__ import annotations

import pytest

from crosswatch.errors import RateLimited, ServiceError, SessionEnded
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import TitleState, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Done, Outcome
from tests.conformance.bench import (
    AFTER_THE_EFFECT,
    TOLD_SECONDS,
    Asks,
    Bench,
    Trouble,
    can_suffer,
    values_of,
)
from tests.conformance.hand import DONE, Hand, Reading
from tests.conformance.reading import filled, filled_pages, has_lookup

WAITS = (Trouble.WAIT_TOLD, Trouble.WAIT_UNTOLD)
PAGES = (1, 2)
BAD_READS = (Trouble.FORBIDDEN, Trouble.FAILURE, Trouble.RESET, Trouble.WEB_PAGE, Trouble.CUT_ANSWER)


def named_by(trouble: Trouble) -> str:
    return trouble.name.lower()


class BadReadCases:
    """Reads and lookups on bad days."""

    async def test_nothing_is_told_once_the_session_is_over(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, Trouble.SESSION_OVER)
        refs = list(filled(bench, feature))
        hand = Hand(bench)
        bench.suffer(Trouble.SESSION_OVER, Asks.READ)
        with pytest.raises(SessionEnded):
            await hand.read(feature)
        with pytest.raises(SessionEnded):
            await hand.listened(hand.link.whoami())
        if bench.manifest.lookup_batch:
            with pytest.raises(SessionEnded):
                await hand.lookup(refs[0])

    async def test_a_session_that_ends_while_a_list_is_read_ends_the_read(
        self, bench: Bench, feature: Feature
    ) -> None:
        can_suffer(bench, Trouble.SESSION_OVER)
        filled_pages(bench, feature)
        bench.suffer(Trouble.SESSION_OVER, Asks.READ, page=2)
        with pytest.raises(SessionEnded):
            await Hand(bench).read(feature)

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("trouble", BAD_READS, ids=named_by)
    async def test_a_page_that_cannot_be_had_is_never_a_whole_list(
        self, bench: Bench, feature: Feature, trouble: Trouble, page: int
    ) -> None:
        can_suffer(bench, trouble)
        filled_pages(bench, feature)
        bench.suffer(trouble, Asks.READ, page=page)
        assert await not_whole(Hand(bench), feature), f"a list is called whole after {trouble}"

    @pytest.mark.parametrize("trouble", BAD_READS, ids=named_by)
    async def test_no_answer_about_a_title_says_nothing_of_it(
        self, bench: Bench, feature: Feature, trouble: Trouble
    ) -> None:
        can_suffer(bench, trouble)
        has_lookup(bench)
        ref = next(iter(filled(bench, feature)))
        bench.suffer(trouble, Asks.LOOKUP)
        hand = Hand(bench)
        try:
            said = (await hand.lookup(ref))[ref]
        except ServiceError:
            return
        assert said is Verdict.UNKNOWN, f"a title is called {said} after {trouble}"

    @pytest.mark.parametrize("trouble", [*WAITS, Trouble.RESET, Trouble.CUT_ANSWER], ids=named_by)
    async def test_what_passes_is_waited_for(self, bench: Bench, feature: Feature, trouble: Trouble) -> None:
        can_suffer(bench, trouble)
        refs = list(filled_pages(bench, feature))
        hand = Hand(bench)
        bench.suffer(trouble, Asks.READ, times=1)
        assert (await hand.read(feature)).is_exact, f"a read is lost by {trouble}"
        if bench.manifest.lookup_batch:
            bench.suffer(trouble, Asks.LOOKUP, times=1)
            assert isinstance((await hand.lookup(refs[0]))[refs[0]], TitleState)

    async def test_two_failures_and_then_an_answer(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, Trouble.FAILURE)
        refs = list(filled_pages(bench, feature))
        hand = Hand(bench)
        bench.suffer(Trouble.FAILURE, Asks.READ, times=2, page=2)
        assert (await hand.read(feature)).is_exact, "a read is lost by two failures"
        if bench.manifest.lookup_batch:
            bench.suffer(Trouble.FAILURE, Asks.LOOKUP, times=2)
            assert isinstance((await hand.lookup(refs[0]))[refs[0]], TitleState)

    @pytest.mark.parametrize("trouble", WAITS, ids=named_by)
    async def test_a_service_that_keeps_asking_to_wait_is_not_empty(
        self, bench: Bench, feature: Feature, trouble: Trouble
    ) -> None:
        can_suffer(bench, trouble)
        refs = list(filled_pages(bench, feature))
        hand = Hand(bench)
        bench.suffer(trouble, Asks.READ)
        with pytest.raises(RateLimited):
            await hand.read(feature)
        if bench.manifest.lookup_batch:
            bench.suffer(trouble, Asks.LOOKUP)
            with pytest.raises(RateLimited):
                await hand.lookup(refs[0])


class BadWriteCases:
    """Writes on bad days. Each is sent once, and its outcome says what is known of it."""

    async def test_a_write_without_a_session_asks_to_connect_again(
        self, bench: Bench, feature: Feature
    ) -> None:
        can_suffer(bench, Trouble.SESSION_OVER)
        bench.suffer(Trouble.SESSION_OVER, Asks.WRITE)
        for outcome in await tried(bench, feature):
            assert outcome.done is Done.RECONNECT, f"a 401 is reported as {outcome.done}"

    async def test_a_write_that_is_forbidden_is_refused(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, Trouble.FORBIDDEN)
        bench.suffer(Trouble.FORBIDDEN, Asks.WRITE)
        for outcome in await tried(bench, feature):
            assert outcome.done in (Done.REJECTED, Done.RECONNECT), f"a 403 is reported as {outcome.done}"

    @pytest.mark.parametrize("trouble", WAITS, ids=named_by)
    async def test_a_write_that_must_wait_comes_back_with_nothing_done(
        self, bench: Bench, feature: Feature, trouble: Trouble
    ) -> None:
        can_suffer(bench, trouble)
        bench.suffer(trouble, Asks.WRITE)
        told = TOLD_SECONDS if trouble is Trouble.WAIT_TOLD else None
        for outcome in await tried(bench, feature):
            assert outcome.done is Done.RETRY_LATER, f"a 429 is reported as {outcome.done}"
            assert outcome.retry_after == told, f"told to wait {told} s, reported {outcome.retry_after}"

    async def test_a_write_that_fails_is_in_doubt_and_not_repeated(
        self, bench: Bench, feature: Feature
    ) -> None:
        can_suffer(bench, Trouble.FAILURE)
        hand = Hand(bench)
        value = values_of(bench.manifest.features[feature])[-1]
        for kind in sorted(bench.manifest.features[feature].kinds):
            ref = bench.titles(kind, 1)[0]
            bench.suffer(Trouble.FAILURE, Asks.WRITE, times=2)
            outcome = await sent_once(hand, feature, ref, value)
            assert outcome.done is Done.IN_DOUBT, f"a 500 is reported as {outcome.done}"
            bench.recover()

    @pytest.mark.parametrize("trouble", AFTER_THE_EFFECT, ids=named_by)
    async def test_a_write_without_a_readable_answer_is_in_doubt(
        self, bench: Bench, feature: Feature, trouble: Trouble
    ) -> None:
        can_suffer(bench, trouble)
        hand = Hand(bench)
        value = values_of(bench.manifest.features[feature])[-1]
        await hand.link.whoami()
        for kind in sorted(bench.manifest.features[feature].kinds):
            ref = bench.titles(kind, 1)[0]
            for wanted in (value, None):
                bench.suffer(trouble, Asks.WRITE)
                outcome = await sent_once(hand, feature, ref, wanted)
                assert outcome.done is Done.IN_DOUBT, f"{trouble} is reported as {outcome.done}"
                assert bench.truth(feature).get(ref) == wanted, "the bench did not do it before it went wrong"
                bench.recover()
                if bench.manifest.lookup_batch:
                    assert isinstance((await hand.lookup(ref))[ref], TitleState), (
                        "the doubt cannot be settled"
                    )

    async def test_a_bad_moment_is_over_when_it_is_over(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, *AFTER_THE_EFFECT)
        hand = Hand(bench)
        for trouble in (*AFTER_THE_EFFECT, *WAITS, Trouble.FAILURE):
            ref = bench.titles(Kind.MOVIE, 1)[0]
            value = values_of(bench.manifest.features[feature])[-1]
            bench.suffer(trouble, Asks.WRITE)
            assert (await hand.put(feature, ref, value)).done not in DONE
            bench.recover()
            assert (await hand.put(feature, ref, value)).done in DONE
            assert (await hand.read(feature)).is_exact


async def not_whole(hand: Hand, feature: Feature) -> bool:
    """Whether a read says that it failed, by its end or by an error of the service."""
    try:
        reading: Reading = await hand.read(feature)
    except ServiceError:
        return True
    return not reading.end.whole


async def sent_once(hand: Hand, feature: Feature, ref: Ref, wanted: int | None) -> Outcome:
    """The outcome of a write that the service got exactly once."""
    arrived = hand.bench.arrived()
    outcome = await hand.put(feature, ref, wanted)
    times = hand.bench.arrived() - arrived
    assert times == 1, f"the write was sent {times} times"
    return outcome


async def tried(bench: Bench, feature: Feature) -> list[Outcome]:
    """The outcomes of an add, and of a removal, of each kind; each was sent once."""
    hand = Hand(bench)
    value = values_of(bench.manifest.features[feature])[-1]
    outcomes = []
    for kind in sorted(bench.manifest.features[feature].kinds):
        new, listed = bench.titles(kind, 2)
        bench.edit(feature, listed, value)
        outcomes.append(await sent_once(hand, feature, new, value))
        outcomes.append(await sent_once(hand, feature, listed, None))
    return outcomes
