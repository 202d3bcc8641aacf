"""The services as CrossWatch reaches them: ports.Provider and ports.Link over services in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from crosswatch.errors import RateLimited, ServiceFailed, SessionEnded, Unreachable
from crosswatch.model.accounts import AccountUid
from crosswatch.model.capabilities import Manifest
from crosswatch.model.kinds import Action, Feature
from crosswatch.model.readings import LookedUp, Page, ReadEnd, Row, TitleState, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.values import Value
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.ports import MaySend
from tests.protocol.ground import Life
from tests.protocol.looks import How, Look
from tests.protocol.script import FAULTS, UNCLEAR, What
from tests.protocol.services import TITLES, Place, Service, Shown, Title

LATENCIES = (0.2, 0.05, 0.4, 0.1)
READ_AGAIN = 2
NO_EFFECT = FAULTS - {What.UNSENT}
"""What a write may suffer before it has an effect; then it has none."""


class Stage(Protocol):
    """Where calls are made: it lets things happen around them, and sees all that is shown and sent."""

    async def around(self, life: Life, service: Service, *, after: bool, writes: bool) -> set[What]:
        """Lets happen what is due before or after a call; gives what the call itself has to suffer."""
        ...

    def spend(self, seconds: float) -> None: ...

    def shown(self, life: Life, service: Service, place: Place, look: Look) -> None: ...

    def fooled(self, service: Service, feature: Feature) -> None:
        """A list shows nothing at all, whatever is there."""
        ...

    def titles(self) -> int:
        """How many titles there are."""
        ...

    def leaves(
        self, life: Life, service: Service, feature: Feature, write: Write, title: Title | None
    ) -> None: ...

    def answered(
        self, life: Life, service: Service, feature: Feature, write: Write, outcome: Outcome
    ) -> None: ...

    def session(self, name: str) -> Service: ...


class SimulatedProvider:
    """A service as one process knows it."""

    def __init__(self, name: str, manifest: Manifest, life: Life, stage: Stage) -> None:
        self._name, self._manifest, self._life, self._stage = name, manifest, life, stage

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def open(self, instance: str) -> "SimulatedLink":
        """A link with the session of this moment."""
        return SimulatedLink(self._stage.session(self._name), self._life, self._stage)


class SimulatedLink:
    """One account, opened by one process."""

    def __init__(self, service: Service, life: Life, stage: Stage) -> None:
        self._service, self._life, self._stage = service, life, stage
        self._calls = 0

    async def whoami(self) -> AccountUid:
        self._raise(await self._call(), every=True)
        return AccountUid(self._service.uid, self._service.uid)

    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        """All pages, and page 1 once more; read again where the totals moved meanwhile."""
        reason, began = "", self._service.now()
        for again in range(READ_AGAIN + 1):
            given: set[tuple[str, Value]] = set()
            totals: set[int] = set()
            shown: list[tuple[int, Place, Value | None]] = []
            restart, number, last, reason = again > 0, 0, 1, ""
            while number < last:
                number += 1
                page = await self._page(feature, number)
                if page is None:
                    reason = "a page could not be had"
                    continue
                totals.add(page.total)
                now = self._service.now()
                shown += [(now, (feature, title), event.value) for title, _, event in page.rows]
                last = max(last, -(-page.total // self._service.weather.page))
                yield Page(tuple(_new(page, given)), number, last, restart=restart)
                restart = False
            check = await self._page(feature, 1)
            if check is None:
                reason = reason or "the first page could not be had again"
            else:
                totals.add(check.total)
            if len(totals) < 2:
                break
            reason = "the list kept changing"
        total = max(totals, default=0)
        for at, place, value in shown:
            self._stage.shown(self._life, self._service, place, Look(at, self._life.run, value, How.LIST, at))
        names = {native for native, _ in given}
        if not reason:
            self._saw_absent(feature, names, How.LIST if total <= len(names) else How.GAP, began)
        end = ReadEnd(not reason, max(0, total - len(names)), total, reason)
        yield Page((), total, total, restart=restart, end=end)

    async def _page(self, feature: Feature, number: int) -> Shown | None:
        suffered = await self._call()
        self._raise(suffered, every=False)
        if suffered & (UNCLEAR | {What.UNSENT, What.REJECTED}):
            return None
        if number == 1 and self._service.weather.empty > self._service.turns.get("empty", 0):
            self._service.turns["empty"] = self._service.turns.get("empty", 0) + 1
            self._stage.fooled(self._service, feature)
            return Shown((), 0)
        return self._service.page(feature, number)

    def _saw_absent(self, feature: Feature, names: set[str], how: How, began: int) -> None:
        look = Look(self._service.now(), self._life.run, None, how, began)
        for title in TITLES[: self._stage.titles()]:
            if title.ref(self._service.name).native_id not in names:
                self._stage.shown(self._life, self._service, (feature, title.number), look)

    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        """The word of some copy on each title."""
        assert self._service.traits.lookups, "this service has no lookup"
        assert refs, "a call about nothing"
        found: dict[Ref, LookedUp] = {}
        together = 20 if self._service.traits.batch > 1 else 1
        for start in range(0, len(refs), together):
            suffered = await self._call()
            self._raise(suffered, every=False)
            for ref in refs[start : start + together]:
                found[ref] = Verdict.UNKNOWN if suffered else self._state(ref)
        return found

    def _state(self, ref: Ref) -> LookedUp:
        service, title = self._service, self._service.find(ref)
        if title is None:
            return Verdict.UNKNOWN
        if title.number in service.gone:
            return Verdict.GONE
        until = service.now() - service.age("lookup")
        values: dict[Feature, Value | None] = {}
        for feature in Feature:
            event = service.at((feature, title.number), until)
            value = values[feature] = event.value if event else None
            look = Look(service.now(), self._life.run, value, How.LOOKUP, service.now())
            self._stage.shown(self._life, service, (feature, title.number), look)
        played = service.plays.get(title.number, until + 1) <= until
        return TitleState(values[Feature.WATCHLIST] is not None, values[Feature.RATINGS], played)

    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        """One call for all of them."""
        assert 0 < len(writes) <= self._service.traits.batch, "more than fits into a call"
        suffered = await self._wait_for_turn(writes=True)
        if What.UNSENT in suffered:
            return [Outcome(write.id, Done.RETRY_LATER, "unreachable") for write in writes]
        await may_send()
        self._life.check()
        for write in writes:
            self._stage.leaves(self._life, self._service, feature, write, self._service.find(write.ref))
        done: dict[int, Outcome] = {}
        if not suffered & NO_EFFECT:
            self._arrive_later(feature, writes, done, late=What.KILL_LATE in suffered)
        if What.KILL_LATE in suffered:
            self._life.die()
        suffered |= await self._answer()
        if What.TIMEOUT in suffered:
            self._stage.spend(self._service.traits.time_limit)
        return [self._outcome(feature, write, suffered, done) for write in writes]

    def _arrive_later(
        self, feature: Feature, writes: Sequence[Write], done: dict[int, Outcome], *, late: bool
    ) -> None:
        """Lets the writes arrive in a moment, or only just within the time limit."""
        service, life, run = self._service, self._life, self._life.run
        at = service.now() + round(1000 * (service.traits.time_limit * 0.9 if late else 0.01))

        def effect() -> None:
            if not (service.traits.time_limit == 0 and life.dead):
                done.update({write.id: self._effect(run, feature, write, at) for write in writes})

        service.coming.append((at, effect))

    def _effect(self, run: int, feature: Feature, write: Write, at: int) -> Outcome:
        """What the service does and answers when a write reaches it."""
        service, title = self._service, self._service.find(write.ref)
        if title is None:
            return Outcome(write.id, Done.UNMATCHED, "no_place")
        if title.number in service.gone:
            return Outcome(write.id, Done.UNMATCHED, "title_gone")
        place, native = (feature, title.number), title.ref(service.name).native_id
        now = service.value(place)
        if now == write.wanted and (service.traits.compares or feature is Feature.WATCHLIST):
            return Outcome(write.id, Done.ALREADY, native_id=native)
        if now != write.expected and service.traits.compares:
            return Outcome(write.id, Done.MOVED, "moved")
        service.put(place, write.wanted, (run, write.id), at=at, date=write.date)
        replaced = write.action is Action.ADD and now is not None
        return Outcome(write.id, Done.APPLIED, "replaced" if replaced else "", native_id=native)

    async def _answer(self) -> set[What]:
        """Until the answer is there. What was sent arrives, whether or not its sender is still alive."""
        await self._spend()
        suffered = await self._stage.around(self._life, self._service, after=True, writes=True)
        self._life.check()
        return suffered & UNCLEAR

    def _outcome(
        self, feature: Feature, write: Write, suffered: set[What], done: dict[int, Outcome]
    ) -> Outcome:
        """What the link makes of the answer, or of none."""
        if suffered & UNCLEAR:
            outcome = Outcome(write.id, Done.IN_DOUBT, "unclear")
        elif What.LIMITED in suffered:
            outcome = Outcome(write.id, Done.RETRY_LATER, "rate_limited", retry_after=3.0)
        elif What.REJECTED in suffered:
            outcome = Outcome(write.id, Done.REJECTED, "refused", "No.")
        elif What.SESSION_ENDED in suffered:
            outcome = Outcome(write.id, Done.RECONNECT, "session_ended")
        else:
            outcome = done[write.id]
        self._stage.answered(self._life, self._service, feature, write, outcome)
        return outcome

    async def _wait_for_turn(self, *, writes: bool) -> set[What]:
        await self._life.awake()
        suffered = await self._stage.around(self._life, self._service, after=False, writes=writes)
        self._life.check()
        return suffered

    async def _call(self) -> set[What]:
        """One question, from asking to its answer: what it suffers."""
        suffered = await self._wait_for_turn(writes=False)
        if What.KILL_LATE in suffered:
            self._life.die()
        await self._spend()
        suffered |= await self._stage.around(self._life, self._service, after=True, writes=False)
        self._life.check()
        if What.TIMEOUT in suffered:
            self._stage.spend(self._service.traits.time_limit)
        return suffered & FAULTS

    async def _spend(self) -> None:
        """The time that a call takes; of calls that go on at once, each has its own."""
        self._calls += 1
        until = self._service.now() + round(LATENCIES[self._calls % len(LATENCIES)] * 1000)
        await asyncio.sleep(LATENCIES[self._calls % len(LATENCIES)] / 100)
        self._stage.spend(max(0, until - self._service.now()) / 1000)
        self._service.arrive()
        await self._life.awake()

    def _raise(self, suffered: set[What], *, every: bool) -> None:
        """Raises what concerns the whole account; and the rest where nobody else can be told."""
        name = self._service.name
        if What.LIMITED in suffered:
            raise RateLimited(name, 3)
        if What.SESSION_ENDED in suffered:
            raise SessionEnded(name)
        if every and What.TIMEOUT in suffered:
            raise Unreachable(name, "timed out")
        if every and suffered:
            raise ServiceFailed("failed", status=500, number=0, message="")


def _new(page: Shown, given: set[tuple[str, Value]]) -> list[Row]:
    """The rows that were not given yet; the same title with another value is given again."""
    rows = [row for _, row, _ in page.rows if (row.ref.native_id, row.value) not in given]
    given.update((row.ref.native_id, row.value) for row in rows)
    return rows
