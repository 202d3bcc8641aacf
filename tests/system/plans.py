"""Previews of real runs in tests: made, looked at, and applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.services.plans import PlanReport, Plans, why
from crosswatch.services.running import RunReport
from crosswatch.simulators.tmdb import Key
from crosswatch.store.pairs import LaneSettings, PairRow
from crosswatch.store.plans import ItemState, PlanItem
from tests.system.two import edit
from tests.system.world import SECOND, TMDB, World, lane

UNTOUCHED = (
    "base", "journal", "reading", "snapshot", "attention", "last_write", "unmatched", "tracker_item", "lane",
)  # fmt: skip
LATE = 301
"""Seconds after which lists show what was written."""


def removing(world: World, mode: Mode = Mode.TWO_WAY) -> PairRow:
    """A pair of alice's and bob's accounts that removes, too."""
    settings = LaneSettings(remove=True, conflict=Conflict.ASK)
    return world.add_pair(TMDB, SECOND, mode=mode, features=dict.fromkeys(Feature, settings))


def run_of(world: World, begun: tuple[int, PairRow]) -> RunReport:
    return world.run(world.running.carry_out(*begun))


def previewed(world: World, pair: PairRow) -> PlanReport:
    """A plan from its beginning to its head."""
    plans = Plans(world.house)
    report = run_of(world, world.run(plans.begin(pair.id, trigger="test")))
    assert (report.run.kind, report.run.code) == ("plan", "")
    assert report.run.plan is not None
    made = world.run(plans.show(report.run.plan))
    assert made.stale is None
    return made


def applied(world: World, made: PlanReport) -> RunReport:
    begun = world.run(Plans(world.house).begin_to_apply(made.plan.id, trigger="test"))
    return run_of(world, begun)


def every(world: World, made: PlanReport) -> list[PlanItem]:
    async def read() -> list[PlanItem]:
        return [item async for page in Plans(world.house).every(made.plan.id) for item in page]

    return world.run(read())


def sentences(world: World, made: PlanReport, state: ItemState) -> list[str]:
    """Why the titles in that state are so."""
    return [why(one.promise, made.labels) for one in every(world, made) if one.promise.state is state]


def promised(items: Sequence[PlanItem]) -> list[tuple[Any, ...]]:
    writes = [one.promise for one in items if one.promise.state is ItemState.WRITE]
    return sorted(
        (one.feature, one.title, one.side, one.action, one.native_id, one.before, one.wanted)
        for one in writes
    )


def written(world: World, report: RunReport) -> list[tuple[Any, ...]]:
    """What a run has done, in the same words."""
    rows = world.rows("SELECT * FROM journal WHERE run = ?", report.run.id)
    assert {row["outcome"] for row in rows} <= {"applied"}
    return sorted(
        (
            row["feature"],
            row["title"],
            row["side"],
            row["action"],
            row["native_id"],
            row["expected"],
            row["wanted"],
        )
        for row in rows
    )


def in_step(world: World, pair: PairRow, **more: int) -> list[Key]:
    """A library of alice's that bob has as well, long ago."""
    keys = world.library(**more)
    assert world.sync(pair).run.status == "succeeded"
    world.clock.forward(3600)
    assert lane(world.sync(pair)) == {}
    return keys


def edited(world: World, keys: list[Key]) -> list[Key]:
    """A change of every kind on either side, in both lanes; gives two new films."""
    new = world.movies(2)
    edit(world, "alice", "rate", keys[0], 9.5)
    edit(world, "alice", "rate", new[0], 3.0)
    edit(world, "alice", "remove", keys[1])
    edit(world, "bob", "add", new[1])
    edit(world, "bob", "unrate", keys[2])
    edit(world, "alice", "rate", keys[3], 1.5)
    edit(world, "bob", "rate", keys[3], 2.5)
    return new
