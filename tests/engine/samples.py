"""Made-up lanes for the engine: grids, and Hypothesis strategies for base rows, views and rules.

Times are small numbers of milliseconds around ``NOW``, so that every boundary of a delay is met often.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from crosswatch.engine.base import Agreed, Approval, BaseRow, Key, LastWrite, Rules, SideView
from crosswatch.engine.guard import Bounds
from crosswatch.engine.planned import Plan
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Precision, Side
from crosswatch.model.readings import Date, Reading, Seen, Unknown, Why
from crosswatch.model.values import PRESENT, Grid, Value, same

TMDB = Grid(50, 50)
TRAKT = Grid(100, 100)
TRACKER = Grid(10, 10)
GRIDS = {"tmdb": TMDB, "trakt": TRAKT, "tracker": TRACKER}

NOW = 1000
DELAYS = (0, 10, 40)
SOAK = os.environ.get("CROSSWATCH_SOAK") == "1"


def examples(count: int) -> settings:
    """So many examples, the same ones in every run; with CROSSWATCH_SOAK=1 ten times as many, and new ones."""
    return settings(
        max_examples=count * (10 if SOAK else 1),
        derandomize=not SOAK,
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )


@dataclass(frozen=True)
class Case:
    """All that one plan is made of."""

    base: Mapping[Key, BaseRow]
    source: SideView
    target: SideView
    rules: Rules
    now: int = NOW
    bounds: Bounds = field(default_factory=lambda: Bounds(0))

    def view(self, side: Side) -> SideView:
        """The view of that side."""
        return self.source if side is Side.SOURCE else self.target

    @property
    def keys(self) -> set[Key]:
        """Every title that the plan can know of."""
        return {*self.base, *self.source.listed, *self.target.listed}

    def plan(self) -> Plan:
        """What the engine makes of it. It is made once, and nobody changes it."""
        return self._planned

    @cached_property
    def _planned(self) -> Plan:
        return self._plan()

    def guarded(self) -> Plan:
        """The same, with what is too much held back."""
        from crosswatch.engine import guard as guards

        made = self._plan()
        views = {side: self.view(side) for side in Side}
        guards.guard(made, self.base, views, self.rules, self.bounds)
        return made

    def _plan(self) -> Plan:
        """Looked up at every call, so that a broken engine can be put in its place."""
        from crosswatch.engine import plan as planner

        return planner.plan(self.base, self.source, self.target, self.rules, now=self.now)


def values_on(grid: Grid | None) -> st.SearchStrategy[Value]:
    """Values that a service of this grid can hold; few, so that sides often agree or nearly do."""
    if grid is None:
        return st.just(PRESENT)
    pool = {grid.round(value) for value in (1, 90, 120, 740, 750, 760, 800, 840, 850, 860, 990, 1000)}
    return st.sampled_from(sorted(pool))


def maybe(strategy: st.SearchStrategy[Value]) -> st.SearchStrategy[Value | None]:
    """That, or absent."""
    return st.one_of(st.none(), strategy, strategy)


STAMPS = st.sampled_from((None, 1, 2, 3))
NATIVE = st.sampled_from(("", "a", "a", "b"))
MARKS = st.sampled_from(("", "", "r800", "r850", "r800p"))
UNSURE = (Why.NOT_PROVED, Why.GONE, Why.TWO_ROWS)
"""Why a list or a lookup says nothing of a title."""
DATES = st.sampled_from(
    (None, *(Date(at, precision) for at, precision in product((0, 300_000, 300_001, 86_400_001), Precision)))
)
OFTEN = st.sampled_from((True, True, True, False))
GROUPS = st.sampled_from(((1,), (1,), (1,), (1, 2)))
"""The titles of a lane: they do not meet each other in a plan, so one is mostly enough."""


def agreed(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Agreed]:
    """What one side said when both last agreed."""
    missing_at = st.one_of(st.just(0), times(NOW))
    return st.builds(Agreed, maybe(values), STAMPS, NATIVE, MARKS, st.sampled_from((0, 1)), missing_at)


def times(until: int) -> st.SearchStrategy[int]:
    """Moments whose distance to ``until`` lies at, or next to, the delays."""
    return st.sampled_from(sorted({until - delay - off for delay in DELAYS for off in (0, 1)}))


@st.composite
def base_rows(draw: st.DrawFn, source: Grid | None, target: Grid | None, *, sound: bool) -> BaseRow:
    """A base row. ``sound``: as lanes make them: both values the same on the coarser grid, or one side absent."""
    halves = [draw(agreed(values_on(source))), draw(agreed(values_on(target)))]
    if sound and halves[0].value is not None and halves[1].value is not None:
        grid = source.coarser(target) if source and target else None
        if not same(halves[0].value, halves[1].value, grid):
            value = target.round(halves[0].value) if target else halves[0].value
            halves[1] = replace(halves[1], value=value)
    return BaseRow(
        halves[0],
        halves[1],
        since=draw(times(NOW)),
        version=draw(st.integers(1, 3)),
        ours=halves[1].value is not None and draw(st.booleans()),
        kept=draw(st.booleans()),
    )


def seen(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Seen]:
    """What a list or a lookup said of one title."""
    listed = st.builds(Reading, values, times(NOW), STAMPS, DATES, NATIVE)
    looked_up = st.builds(Reading, maybe(values), times(NOW), st.none(), st.none(), NATIVE, MARKS)
    return st.one_of(listed, listed, looked_up, looked_up, st.builds(Unknown, st.sampled_from(UNSURE)))


@st.composite
def views(
    draw: st.DrawFn, keys: tuple[Key, ...], values: st.SearchStrategy[Value], grid: Grid | None
) -> SideView:
    """One side as it was read: whole or not, with unknown readings, delays, last writes and doubts.

    A service of watchlists may take titles off by itself.
    """
    writes = {key: draw(st.builds(LastWrite, maybe(values), times(NOW))) for key in keys if not draw(OFTEN)}
    clears = grid is None and draw(OFTEN)
    some = st.frozensets(st.sampled_from(keys))
    return SideView(
        listed={key: draw(seen(values)) for key in keys if draw(OFTEN)},
        whole=draw(OFTEN),
        taken_at=draw(times(NOW)),
        delay=draw(st.sampled_from(DELAYS)),
        grid=grid,
        stamps=draw(st.sampled_from((Stamps.USER, Stamps.USER, Stamps.ANY, Stamps.NONE))),
        last_writes=writes,
        in_doubt=draw(st.sampled_from((frozenset(), frozenset(), frozenset(), frozenset({1})))),
        can=draw(st.sampled_from((frozenset(Action), frozenset(Action), frozenset({Action.ADD})))),
        gap=draw(st.sampled_from((0, 0, 1, 2))),
        looks_up=draw(OFTEN),
        clears=clears,
        marks={key: draw(MARKS) for key in keys} if clears and draw(OFTEN) else {},
        rated_by_us=dict.fromkeys(draw(some), 800) if clears else {},
        was_listed=draw(some) if clears else frozenset(),
        wanted=frozenset() if draw(OFTEN) else draw(some),
    )


SOME_VALUE = st.sampled_from((None, PRESENT, 800, 850))


def rules(feature: Feature) -> st.SearchStrategy[Rules]:
    """What a user may allow a lane; and what was allowed, or waits to be, of the first title."""
    asked = st.tuples(st.just(1), st.sampled_from(Side))
    return st.builds(
        Rules,
        st.just(feature),
        st.sampled_from(Mode),
        add=OFTEN,
        change=OFTEN,
        remove=st.booleans(),
        conflict=st.sampled_from(Conflict),
        own_dates=st.booleans(),
        remove_when_rated=st.booleans(),
        approved=st.dictionaries(
            asked, st.builds(Approval, st.integers(0, 3), SOME_VALUE, SOME_VALUE), max_size=2
        ),
        waiting=st.frozensets(asked, max_size=1),
    )


BOUNDS = st.builds(
    Bounds,
    st.sampled_from((0, 39, 40, 54, 55)),
    st.dictionaries(
        st.tuples(st.sampled_from(Side), st.sampled_from((Action.REMOVE, Action.CHANGE))), st.integers(1, 12)
    ),
)


@st.composite
def cases(draw: st.DrawFn, *, sound: bool = False) -> Case:
    """A lane before its plan. ``sound``: values lie on their grids, and base rows are such as lanes make."""
    keys, ratings = draw(GROUPS), draw(OFTEN)
    grids = [draw(st.sampled_from(list(GRIDS.values()))) if ratings else None for _ in Side]
    pools = [values_on(grid) for grid in grids]
    if ratings and not sound:
        pools = [st.one_of(pool, st.integers(0, 1100)) for pool in pools]
    return Case(
        base={key: draw(base_rows(grids[0], grids[1], sound=sound)) for key in keys if draw(OFTEN)},
        source=draw(views(keys, pools[0], grids[0])),
        target=draw(views(keys, pools[1], grids[1])),
        rules=draw(rules(Feature.RATINGS if ratings else Feature.WATCHLIST)),
        bounds=draw(BOUNDS),
    )


def small_lanes() -> Iterator[Case]:
    """Every lane of one title with a rating: what was agreed, what each side says, and what the user allows.

    The source holds whole points, the target tenths; the row is as old as the delay, or new.
    """
    said: list[Seen | None] = [None, Unknown(Why.GONE), Reading(None, NOW, mark="")]
    said += [Reading(800, NOW, stamp=1), Reading(800, NOW, stamp=2)]
    sources, targets = [*said, Reading(900, NOW, stamp=2)], [*said, Reading(850, NOW, stamp=2)]
    halves = (Agreed(800, 1), Agreed(800, 1)), (Agreed(800, 1), Agreed(None)), (Agreed(None), Agreed(800, 1))
    old = [BaseRow(source, target, since=0, ours=ours) for source, target in halves for ours in (True, False)]
    old.append(BaseRow(Agreed(800, 1), Agreed(800), since=0, ours=True))
    ended = BaseRow(Agreed(None), Agreed(None), since=0)
    young = [replace(row, since=NOW) for row in (old[0], ended)]
    for row, source, target in product((None, *old, ended, *young), sources, targets):
        for mode, remove, conflict in product(Mode, (True, False), (Conflict.SOURCE, Conflict.TARGET)):
            yield Case(
                base={} if row is None else {1: row},
                source=_small_view(source, TRAKT),
                target=_small_view(target, TRACKER),
                rules=Rules(Feature.RATINGS, mode, remove=remove, conflict=conflict),
            )


def _small_view(said: Seen | None, grid: Grid) -> SideView:
    listed = {} if said is None else {1: said}
    return SideView(listed, whole=True, taken_at=NOW, delay=10, grid=grid, stamps=Stamps.USER)
