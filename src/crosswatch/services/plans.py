"""Plans: made, looked at page by page, and applied exactly as they were shown."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.model.kinds import Action, Side
from crosswatch.runs.contract import refuse_if_stale
from crosswatch.services.asking import value_words
from crosswatch.services.house import House
from crosswatch.services.running import LARGEST_PAGE, Running
from crosswatch.store import pairs, plans, runs, titles
from crosswatch.store.database import Connection
from crosswatch.store.pairs import PairRow
from crosswatch.store.plans import ItemState, PlanItem, PlanLane, PlanRow, Promise, Wanted
from crosswatch.store.runs import PLAN, RunRow

Labels = Mapping[Side, str]


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """A lane of a plan in figures. ``writes``: titles to write by side and action; ``states``: all others."""

    lane: PlanLane
    writes: Counter[tuple[Side, Action]] = field(default_factory=Counter)
    states: Counter[ItemState] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan. ``pair`` is None where it is no more; ``stale`` says why it cannot be applied, None where it can.

    ``tried``: the newest run that applied it, or wanted to.
    """

    plan: PlanRow
    lanes: Sequence[LaneFigures]
    pair: PairRow | None
    stale: Refused | None
    tried: RunRow | None

    @property
    def labels(self) -> Labels:
        """What the two sides are called in sentences."""
        return _labels(self.pair)

    @property
    def writes(self) -> Counter[tuple[Side, Action]]:
        """How many titles are written, by side and action."""
        return sum((lane.writes for lane in self.lanes), Counter[tuple[Side, Action]]())

    @property
    def states(self) -> Counter[ItemState]:
        """How many titles are not written, by what becomes of them."""
        return sum((lane.states for lane in self.lanes), Counter[ItemState]())


class Plans:
    """The plans of an installation."""

    def __init__(self, house: House) -> None:
        self._house, self._running = house, Running(house)

    async def start(self, pair_id: int, *, trigger: str) -> int:
        """Begins to make a plan in the background; returns the run, whose ``plan`` it is in the end.

        Nothing is written anywhere. Raises Refused ``already_running``.
        """
        run_id, pair = await self.begin(pair_id, trigger=trigger)
        self._house.runner.in_background(run_id, pair)
        return run_id

    async def begin(self, pair_id: int, *, trigger: str) -> tuple[int, PairRow]:
        """Enters a run that makes a plan, which the caller carries out itself."""
        pair = await self._running.runnable(pair_id)
        return await self._house.runner.begin(pair, trigger=trigger, kind=PLAN), pair

    async def apply(self, plan_id: int, *, trigger: str) -> int:
        """Begins to apply a plan in the background; returns the run. See ``begin_to_apply``."""
        run_id, pair = await self.begin_to_apply(plan_id, trigger=trigger)
        self._house.runner.in_background(run_id, pair)
        return run_id

    async def begin_to_apply(self, plan_id: int, *, trigger: str) -> tuple[int, PairRow]:
        """Enters a run that writes exactly what the plan says, which the caller carries out itself.

        Raises Refused ``plan_stale`` where it is known already that it cannot, ``already_running``, ``not_found``.
        """
        report = await self.show(plan_id)
        if report.stale is not None:
            raise report.stale
        pair = await self._running.runnable(report.plan.pair)
        return await self._house.runner.begin(pair, trigger=trigger, plan_id=plan_id), pair

    async def show(self, plan_id: int) -> PlanReport:
        """The head of a plan. Raises Refused ``not_found``; plans are kept for a day after they expired."""
        now = self._house.clock.now_ms()

        def read(connection: Connection) -> PlanReport:
            row = _found(connection, plan_id)
            pair = pairs.find(connection, row.pair)
            return PlanReport(
                plan=row,
                lanes=_figures(connection, plan_id),
                pair=pair,
                stale=_stale(connection, row, pair, now),
                tried=runs.last_of_plan(connection, plan_id),
            )

        return await self._house.database.read(read)

    async def items(
        self, plan_id: int, *, after: int, limit: int, wanted: Wanted | None = None
    ) -> tuple[Sequence[PlanItem], int]:
        """Titles of a plan after that number, and how many there are in all. Raises Refused ``not_found``."""

        def read(connection: Connection) -> tuple[list[PlanItem], int]:
            _found(connection, plan_id)
            some = plans.items(
                connection, plan_id, after=after, limit=min(limit, LARGEST_PAGE), wanted=wanted
            )
            return some, plans.count_items(connection, plan_id, wanted)

        return await self._house.database.read(read)

    async def labels(self, plan_id: int) -> Labels:
        """What the two sides of a plan are called in sentences. Raises Refused ``not_found``."""
        return await self._house.database.read(
            lambda connection: _labels(pairs.find(connection, _found(connection, plan_id).pair))
        )

    async def every(self, plan_id: int, *, limit: int | None = None) -> AsyncIterator[Sequence[PlanItem]]:
        """All titles of a plan, or its first, page by page."""
        last, left = 0, limit
        while left is None or left > 0:
            size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
            some, _ = await self.items(plan_id, after=last, limit=size)
            if not some:
                return
            yield some
            last, left = some[-1].seq, None if left is None else left - len(some)

    async def ids(self, items: Sequence[PlanItem]) -> dict[int, dict[str, str]]:
        """Title -> namespace -> value: the ids by which services know these titles."""
        wanted = [item.promise.title for item in items]
        spaces = frozenset().union(*(one.manifest.gives for one in self._house.providers.values()))
        return await self._house.database.read(
            lambda connection: titles.ids_of(connection, wanted, spaces - {titles.OWN})
        )


def _found(connection: Connection, plan_id: int) -> PlanRow:
    row = plans.find(connection, plan_id)
    if row is None:
        raise Refused("not_found", what=f"plan {plan_id}")
    return row


def _labels(pair: PairRow | None) -> Labels:
    if pair is None:
        return {side: f"the {side}" for side in Side}
    names = {Side.SOURCE: pair.source, Side.TARGET: pair.target}
    return {side: words.account_label(str(name)) for side, name in names.items()}


def _stale(connection: Connection, row: PlanRow, pair: PairRow | None, now: int) -> Refused | None:
    try:
        refuse_if_stale(connection, row, pair, now)
    except Refused as refused:
        return refused
    return None


def _figures(connection: Connection, plan_id: int) -> list[LaneFigures]:
    found = {lane.feature: LaneFigures(lane) for lane in plans.lanes_of(connection, plan_id)}
    for (feature, state, side, action), count in plans.counts(connection, plan_id).items():
        if state is ItemState.WRITE:
            found[feature].writes[Side(side), Action(action)] += count
        else:
            found[feature].states[state] += count
    return list(found.values())


def headline(
    writes: Mapping[tuple[Side, Action], int], labels: Labels, *, number: Callable[[int], str] = str
) -> str:
    """What a plan writes, side by side: ``12 added to TMDb, 3 changed, nothing removed``."""
    said: list[list[str]] = []
    for side in (Side.TARGET, Side.SOURCE):
        counts = [(action, writes[side, action]) for action in Action if writes.get((side, action))]
        # The first figure of a side names it, the others follow it.
        said.append(
            [
                words.written(action, number(count), "" if place else labels[side])
                for place, (action, count) in enumerate(counts)
            ]
        )
    return words.written_in_all(said, removed=sum(writes.get((side, Action.REMOVE), 0) for side in Side))


def has(promise: Promise) -> dict[Side, int | None]:
    """What either side has of a title; empty where nothing is concluded of it."""
    if promise.state is ItemState.CONFLICT:
        return {Side.SOURCE: promise.other_value, Side.TARGET: promise.before}
    if promise.side is None or (promise.state is ItemState.HELD and promise.action is None):
        return {}
    return {promise.side: promise.before, promise.side.other: promise.other_value}


def why(promise: Promise, labels: Labels) -> str:
    """Why a title is written, or not, in a sentence that names the sides by these labels."""
    if promise.state is ItemState.CONFLICT:
        values = {"source_value": promise.other_value, "target_value": promise.before}
        said = {name: value_words(promise.feature, value) for name, value in values.items()}
        return words.not_written("conflict", {**_both(labels), **said})
    if promise.side is None:
        unsaid = promise.state in (ItemState.KEPT, ItemState.CLEARED)
        params = {"side": "Both sides", "why": words.held(promise.reason)}
        return words.not_written(f"{promise.state}_unsaid" if unsaid else "held", params)
    sides = {"side": labels[promise.side], "other": labels[promise.side.other]}
    if promise.state is ItemState.WRITE:
        return words.cause(promise.reason, promise.action or "", sides)
    if promise.state is ItemState.WAITS:
        cause = words.cause(promise.reason, promise.action or "", sides)
        return words.not_written("waits", {"why": cause})
    return words.not_written(promise.state, {**sides, "why": words.held(promise.reason)})


def _both(labels: Labels) -> dict[str, object]:
    return {side.value: label for side, label in labels.items()}


def proof(promise: Promise, labels: Labels, at: str) -> str:
    """On what a write rests, in a sentence; ``at``: the time of the proof as it is to be read. Empty without one."""
    if not promise.proof or promise.side is None:
        return ""
    absent = promise.proof == "list" and promise.other_value is None
    kind = "list_absent" if absent else promise.proof
    return words.proof(kind, {"other": labels[promise.side.other], "at": at})
