"""The suite's hand on a link: whatever the link says is compared with the truth behind its back, every time."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from crosswatch.errors import CrossWatchError
from crosswatch.model.capabilities import Dates, Quirk, Stamps
from crosswatch.model.kinds import Action, Feature
from crosswatch.model.readings import Date, LookedUp, Page, ReadEnd, Row, TitleState
from crosswatch.model.refs import Ref
from crosswatch.model.values import PRESENT, Value
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.net.redaction import install
from tests.conformance.bench import Bench, Truth, named

T = TypeVar("T")
State = dict[Feature, Truth]
DONE = (Done.APPLIED, Done.ALREADY)
LOGGERS = ("", "httpx2", "stamina")
"""Those whose lines name addresses; httpcore2 tells of bytes sent, eight lines a call."""


async def may_always() -> None:
    """Permission without a question."""


@dataclass(slots=True)
class Reading:
    """One read: its rows, pages, and end."""

    rows: list[Row]
    pages: list[Page]
    end: ReadEnd

    @property
    def values(self) -> Truth:
        return {named(row.ref): row.value for row in self.rows}

    @property
    def is_exact(self) -> bool:
        """Whether it claims to show the whole list without a gap."""
        return self.end.whole and self.end.gap == 0


@dataclass(slots=True)
class Permission:
    """A may_send that notes how many calls had arrived each time that it was awaited."""

    bench: Bench
    asked: list[int] = field(default_factory=list)

    async def __call__(self) -> None:
        self.asked.append(self.bench.arrived())


class Hand:
    """One account in the suite's hand. What the link says is added to what the bench heard."""

    def __init__(self, bench: Bench, instance: str = "default") -> None:
        self.bench = bench
        self.instance = instance
        self.link = bench.open(instance)
        self._writes = 0

    async def read(self, feature: Feature, between: Callable[[], None] | None = None) -> Reading:
        """A read whose form is right and whose rows are true. ``between`` is done once the first page is here."""
        pages = await self.listened(self._pages(feature, between))
        assert [page.end is not None for page in pages] == [False] * (len(pages) - 1) + [True], (
            "no end, or two"
        )
        rows: list[Row] = []
        for page in pages:
            rows = list(page.rows) if page.restart else [*rows, *page.rows]
            assert 0 <= page.done <= page.total, "progress beyond its total"
        end = pages[-1].end
        assert end is not None
        reading = Reading(rows, pages, end)
        self._check_rows(feature, rows)
        assert end.whole or end.reason, "not whole, and no reason why"
        truth = self.truth(feature)
        if between is None:
            lies = [row for row in rows if truth.get(named(row.ref)) != row.value]
            assert not lies, f"rows that are not true: {lies}"
        if end.whole:
            missing = len(truth) - len(rows)
            assert end.gap == missing, f"called whole with a gap of {end.gap}, and {missing} rows are missing"
            assert end.total == len(truth), "called whole, and the total is another one"
        if reading.is_exact:
            assert reading.values == truth, "called whole, and the list is another one"
        return reading

    async def lookup(self, *refs: Ref) -> dict[Ref, LookedUp]:
        """One entry per ref; every state is the truth."""
        found = dict(await self.listened(self.link.lookup(refs)))
        assert set(found) == set(refs), "not one entry per ref"
        state = self.state()
        for ref, said in found.items():
            if isinstance(said, TitleState):
                for feature, value in _features_of(said).items():
                    if feature in state:
                        true = state[feature].get(named(ref))
                        assert value == true, f"looked up as {value}, and it is {true}: {feature} {ref}"
        return found

    async def write(self, feature: Feature, *writes: Write) -> list[Outcome]:
        """One outcome each, in order, none of which says more or less than the truth; asked for before it left."""
        before, arrived = self.state(), self.bench.arrived()
        permission = Permission(self.bench)
        outcomes = await self.listened(self.link.write(feature, writes, permission))
        self.judge(feature, writes, outcomes, before)
        left = self.bench.arrived() - arrived
        assert left <= len(permission.asked), (
            f"{left} calls left, and may_send was awaited {permission.asked}"
        )
        late = [place for place, seen in enumerate(permission.asked) if seen - arrived > place]
        assert not late, "may_send was awaited after the call that it is for"
        return outcomes

    def judge(
        self, feature: Feature, writes: Sequence[Write], outcomes: Sequence[Outcome], before: State
    ) -> None:
        """Holds the outcomes of these writes, and all that they left alone, to the truth."""
        told = [outcome.write_id for outcome in outcomes]
        assert told == [write.id for write in writes], f"not one outcome each, in order: {told}"
        after = self.state()
        for write, outcome in zip(writes, outcomes, strict=True):
            ref = named(write.ref)
            was, now = before[feature].pop(ref, None), after[feature].pop(ref, None)
            words = f"{outcome.done} for {write}: it was {was} and is {now}"
            if outcome.done in DONE:
                assert now == write.wanted, f"reported as done, and it is not: {words}"
                assert outcome.done is Done.APPLIED or was == now, f"called already so: {words}"
            elif outcome.done is Done.IN_DOUBT:
                assert now in (was, write.wanted), f"in doubt, and neither old nor new: {words}"
            else:
                assert now == was, f"reported as not done, and something was: {words}"
            self._allow_quirks(feature, write, before, after)
        for one, rows in before.items():
            assert after[one] == rows, f"something else was harmed on the {one} list"

    async def put(self, feature: Feature, ref: Ref, value: Value | None, date: Date | None = None) -> Outcome:
        """One write over what is there now."""
        return (await self.write(feature, self.to(feature, ref, value, date)))[0]

    def to(self, feature: Feature, ref: Ref, wanted: Value | None, date: Date | None = None) -> Write:
        """The write that makes this of a title, knowing what the list holds now."""
        return replace(self.all_to(feature, {ref: wanted})[0], date=date)

    def all_to(self, feature: Feature, wanted: Mapping[Ref, Value | None]) -> list[Write]:
        """The same for several titles; the numbers of the writes fall."""
        truth = self.truth(feature)
        return [self._to(ref, value, truth.get(named(ref))) for ref, value in wanted.items()]

    def _to(self, ref: Ref, wanted: Value | None, now: Value | None) -> Write:
        action = Action.REMOVE if wanted is None else Action.ADD if now is None else Action.CHANGE
        self._writes += 1
        return Write(1_000_000 - self._writes, ref, action, now, wanted)

    def truth(self, feature: Feature) -> Truth:
        return self.bench.truth(feature, self.instance)

    def state(self) -> State:
        """Everything that the account holds."""
        return {feature: self.truth(feature) for feature in self.bench.manifest.features}

    async def listened(self, work: Awaitable[T]) -> T:
        """The result; it, or the error, is kept among what was said."""
        try:
            result = await work
        except CrossWatchError as error:
            one: BaseException | None = error
            while one is not None:
                self.bench.said.append(f"{one} {one!r} {vars(one)} {one.args}")
                one = one.__cause__ or one.__context__
            raise
        self.bench.said.append(repr(result))
        return result

    async def _pages(self, feature: Feature, between: Callable[[], None] | None) -> list[Page]:
        pages: list[Page] = []
        async for page in self.link.read(feature):
            if not pages and between is not None:
                between()
            pages.append(page)
        return pages

    def _check_rows(self, feature: Feature, rows: Sequence[Row]) -> None:
        manifest = self.bench.manifest
        capability = manifest.features[feature]
        assert len({named(row.ref) for row in rows}) == len(rows), "a row came twice"
        for row in rows:
            assert row.ref.kind in capability.kinds, f"a kind that the manifest does not name: {row}"
            assert {space for space, _ in row.ref.ids} <= manifest.gives, f"ids that it does not name: {row}"
            assert row.ref.native_id, f"no native id: {row}"
            assert capability.grid is not None or row.value == PRESENT, f"a value on a list without: {row}"
            assert capability.stamps is not Stamps.NONE or row.stamp is None, f"a stamp: {row}"
            assert capability.dates is not Dates.NONE or row.date is None, f"a date: {row}"

    def _allow_quirks(self, feature: Feature, write: Write, before: State, after: State) -> None:
        """Takes out of the comparison what the manifest says that the service does by itself."""
        clears = Quirk.RATING_MAY_CLEAR_WATCHLIST in self.bench.manifest.quirks
        if clears and feature is Feature.RATINGS and write.wanted is not None:
            before[Feature.WATCHLIST].pop(named(write.ref), None)
            after[Feature.WATCHLIST].pop(named(write.ref), None)


def _features_of(state: TitleState) -> dict[Feature, Value | None]:
    return {Feature.WATCHLIST: PRESENT if state.on_watchlist else None, Feature.RATINGS: state.rating}


class _Lines(logging.Handler):
    """Keeps every line as a handler would print it, with all that hangs on its record."""

    def __init__(self, into: list[str]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(f"{self.format(record)} {vars(record)}")


@contextmanager
def overheard(bench: Bench) -> Iterator[None]:
    """Whatever is logged meanwhile, at any level, is added to what the bench heard; no secret may be in it."""
    handler = _Lines(bench.said)
    root = logging.getLogger()
    root.addHandler(handler)
    install()
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
        for secret in bench.secrets():
            told = [text for text in bench.said if secret in text]
            assert not told, f"a secret was told: {told[0]}"
    finally:
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
