"""Links that lie, each in one way. What they wrap is good."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from crosswatch.errors import CrossWatchError, SessionEnded, Unreachable
from crosswatch.model.accounts import AccountUid
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import LookedUp, Page, ReadEnd, Row, TitleState, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.net import redaction
from crosswatch.ports import Link, MaySend
from tests.conformance.bench import Bench, named
from tests.conformance.hand import may_always


class Honest:
    """Passes everything on; the lies below change one thing each."""

    def __init__(self, link: Link, bench: Bench) -> None:
        self.link = link
        self.bench = bench

    async def whoami(self) -> AccountUid:
        return await self.link.whoami()

    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        async for page in self.link.read(feature, cursor):
            yield self.page(page)

    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        found = await self.link.lookup(refs)
        return {ref: self.state(ref, said) for ref, said in found.items()}

    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        outcomes = await self.link.write(feature, writes, may_send)
        return [self.outcome(write, outcome) for write, outcome in zip(writes, outcomes, strict=True)]

    def page(self, page: Page) -> Page:
        return replace(
            page, rows=tuple(self.row(row) for row in page.rows), end=page.end and self.end(page.end)
        )

    def row(self, row: Row) -> Row:
        return row

    def end(self, end: ReadEnd) -> ReadEnd:
        return end

    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return said

    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return outcome


# Who the account is


class SomebodyElseEachTime(Honest):
    asked = 0

    async def whoami(self) -> AccountUid:
        SomebodyElseEachTime.asked += 1
        true = await self.link.whoami()
        return AccountUid(f"{true.uid}{self.asked}", true.label)


# Lists


class CallsEveryListWhole(Honest):
    def end(self, end: ReadEnd) -> ReadEnd:
        return ReadEnd(whole=True, gap=0, total=end.total)


class WholeButForTheGap(Honest):
    def end(self, end: ReadEnd) -> ReadEnd:
        return replace(end, whole=True, reason="")


class EndsAtAnEmptyPage(Honest):
    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        async for page in self.link.read(feature, cursor):
            if not page.rows:
                yield replace(page, end=ReadEnd(whole=True, gap=0, total=page.done))
                return
            yield page


class SwallowsTheEndOfASession(Honest):
    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        try:
            async for page in self.link.read(feature, cursor):
                yield page
        except SessionEnded:
            yield Page((), 0, 0, end=ReadEnd(whole=True, gap=0, total=0))


class SwallowsEveryError(Honest):
    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        try:
            async for page in self.link.read(feature, cursor):
                yield page
        except CrossWatchError:
            yield Page((), 0, 0, end=ReadEnd(whole=True, gap=0, total=0))


class GivesARowTwice(Honest):
    def page(self, page: Page) -> Page:
        return replace(page, rows=(*page.rows, *page.rows[-1:]))


class GivesOnePageOnly(Honest):
    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        pages = [page async for page in self.link.read(feature, cursor)]
        yield replace(pages[-1], rows=tuple(row for page in pages for row in page.rows))


class NeverEndsItsReads(Honest):
    def page(self, page: Page) -> Page:
        return replace(page, end=None)


class LeavesSpecialsOut(Honest):
    def page(self, page: Page) -> Page:
        rows = tuple(row for row in page.rows if row.ref.kind is not Kind.EPISODE or row.ref.season)
        return replace(page, rows=rows)


class ForgetsWhereAnEpisodeStands(Honest):
    def row(self, row: Row) -> Row:
        return replace(row, ref=replace(row.ref, season=None, number=None))


class ReadsWholePoints(Honest):
    def row(self, row: Row) -> Row:
        return replace(row, value=max(100, row.value // 100 * 100))


class ForgetsDates(Honest):
    def row(self, row: Row) -> Row:
        return replace(row, date=None)


# Lookups


class CallsAbsentWhatItDoesNotKnow(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return said if isinstance(said, TitleState) else TitleState(on_watchlist=False, rating=None)


class CallsGoneWhatItDoesNotKnow(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return Verdict.GONE if said is Verdict.UNKNOWN else said


class LooksOnlyAtTheWatchlist(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return replace(said, rating=None) if isinstance(said, TitleState) else said


class LooksOnlyAtRatings(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return replace(said, on_watchlist=False) if isinstance(said, TitleState) else said


class RemembersWhatItLookedUp(Honest):
    """As with answers that are kept for a while: each title is asked about once."""

    def __init__(self, link: Link, bench: Bench) -> None:
        super().__init__(link, bench)
        self.known: dict[Ref, LookedUp] = {}

    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return self.known.setdefault(named(ref), said)


class LooksUpInTheList(Honest):
    """Its word on a title is what the list shows of it, which may be late."""

    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        lists: dict[Feature, dict[Ref, int]] = {}
        for feature in self.bench.manifest.features:
            pages = [page async for page in self.link.read(feature)]
            lists[feature] = {named(row.ref): row.value for page in pages for row in page.rows}
        return {
            ref: TitleState(
                named(ref) in lists.get(Feature.WATCHLIST, {}),
                lists.get(Feature.RATINGS, {}).get(named(ref)),
            )
            for ref in refs
        }


class CallsTheAbsentGone(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return Verdict.GONE if said == TitleState(on_watchlist=False, rating=None) else said


class CallsTheGoneAbsent(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return TitleState(on_watchlist=False, rating=None) if said is Verdict.GONE else said


class TellsNobodyWhatIsGone(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return Verdict.UNKNOWN if said is Verdict.GONE else said


class KnowsNothingOfTheAbsent(Honest):
    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        return Verdict.UNKNOWN if said == TitleState(on_watchlist=False, rating=None) else said


class CallsTheRatedListed(Honest):
    """As if a rating never took a title off the watchlist."""

    def state(self, ref: Ref, said: LookedUp) -> LookedUp:
        rated = isinstance(said, TitleState) and said.rating is not None
        return replace(said, on_watchlist=True) if isinstance(said, TitleState) and rated else said


# Writes


class TakesOffWithoutSayingSo(Honest):
    """Its removals are done, and it reports that nothing was there."""

    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        removed = outcome.done is Done.APPLIED and write.wanted is None
        return replace(outcome, done=Done.ALREADY) if removed else outcome


class StoresNothing(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        return [Outcome(write.id, Done.APPLIED) for write in writes]


class WritesWholePoints(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        rounded = [
            replace(write, wanted=write.wanted and max(100, write.wanted // 100 * 100)) for write in writes
        ]
        return await self.link.write(feature, rounded, may_send)


class SendsDoubtsAgain(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        outcomes = await self.link.write(feature, writes, may_send)
        if any(outcome.done is Done.IN_DOUBT for outcome in outcomes):
            outcomes = await self.link.write(feature, writes, may_send)
        return outcomes


class CallsDoubtsApplied(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, done=Done.APPLIED) if outcome.done is Done.IN_DOUBT else outcome


class CallsTheUnmatchedAlready(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, done=Done.ALREADY) if outcome.done is Done.UNMATCHED else outcome


class CallsEverythingAlready(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, done=Done.ALREADY) if outcome.done is Done.APPLIED else outcome


class NamesTitlesInItsOwnWay(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, native_id=f"tt{outcome.native_id}")


class MixesUpTheOrder(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        return (await self.link.write(feature, writes, may_send))[::-1]


class LeavesOutTheUnmatched(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        outcomes = await self.link.write(feature, writes, may_send)
        return [outcome for outcome in outcomes if outcome.done is not Done.UNMATCHED]


class GivesABatchUpForOneTitle(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        found = await self.link.lookup([write.ref for write in writes])
        if Verdict.GONE in found.values():
            return [Outcome(write.id, Done.UNMATCHED) for write in writes]
        return await self.link.write(feature, writes, may_send)


class RemovesRatingsToo(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        for write in writes:
            if write.wanted is None and feature is Feature.WATCHLIST:
                self.bench.edit(Feature.RATINGS, named(write.ref), None)
        return await self.link.write(feature, writes, may_send)


class TakesAShowForAMovie(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        movies = [replace(write, ref=replace(write.ref, kind=Kind.MOVIE)) for write in writes]
        return await self.link.write(feature, movies, may_send)


class RefusesWhatIsSoAlready(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        truth = self.bench.truth(feature)
        if any(truth.get(named(write.ref)) == write.wanted for write in writes):
            return [Outcome(write.id, Done.REJECTED) for write in writes]
        return await self.link.write(feature, writes, may_send)


class DoesOneThingAtATime(Honest):
    busy = False

    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        if DoesOneThingAtATime.busy:
            return [Outcome(write.id, Done.APPLIED) for write in writes]
        DoesOneThingAtATime.busy = True
        try:
            return await self.link.write(feature, writes, may_send)
        finally:
            DoesOneThingAtATime.busy = False


class CallsRefusalsPassing(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, done=Done.RETRY_LATER) if outcome.done is Done.REJECTED else outcome


class HidesHowLongToWait(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, retry_after=None)


class CallsRefusalsForHasteFinal(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, done=Done.REJECTED) if outcome.done is Done.RETRY_LATER else outcome


class CallsTheEndOfASessionFinal(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, done=Done.REJECTED) if outcome.done is Done.RECONNECT else outcome


# Permission


class NeverAsks(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        return await self.link.write(feature, writes, may_always)


class AsksAfterwards(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        outcomes = await self.link.write(feature, writes, may_always)
        for _ in writes:
            await may_send()
        return outcomes


class TakesANoForAnOutcome(Honest):
    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        try:
            return await self.link.write(feature, writes, may_send)
        except CrossWatchError:
            return [Outcome(write.id, Done.NOT_SENT) for write in writes]


# Secrets


class LogsASecretThatNobodyRegistered(Honest):
    async def whoami(self) -> AccountUid:
        known, redaction._Known.secrets = redaction._Known.secrets, ()
        logging.getLogger("a.provider").info("asking with the key %s", self.bench.secrets()[0])
        redaction._Known.secrets = known
        return await self.link.whoami()


class TellsASecretInAnOutcome(Honest):
    def outcome(self, write: Write, outcome: Outcome) -> Outcome:
        return replace(outcome, words=f"session {self.bench.secrets()[1]} may not do this")


class TellsASecretInAnError(Honest):
    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        raise Unreachable(f"http://127.0.0.1/3?api_key={self.bench.secrets()[0]}", "no answer")
