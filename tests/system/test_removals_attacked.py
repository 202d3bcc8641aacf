"""Leave that was given for one thing does nothing else, and what the user changes in time counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crosswatch.model.kinds import Kind
from crosswatch.runs.lane import LaneRun
from crosswatch.services.pairs import Pairs
from crosswatch.services.plans import Plans
from crosswatch.services.running import RunReport
from crosswatch.simulators.tmdb import Key
from crosswatch.store.attention import Question
from tests.system.removals import (
    BOTH_ACCOUNTS,
    DAY,
    FROM_TMDB,
    INTO_TRACKER,
    RATINGS,
    THREE,
    WATCHLIST,
    Scene,
    Way,
    lookups,
    scene_of,
    untouched,
)
from tests.system.world import World

REMOVAL, OVERWRITE = Question.REMOVAL, Question.OVERWRITE


@pytest.fixture
def world(two_accounts: World) -> World:
    return two_accounts


def twenty_may_become_nine(scene: Scene) -> list[Key]:
    """Twenty ratings were changed to nine at once, and the user allowed to overwrite them on the other side."""
    films = scene.fill(rated=20)
    for film in films:
        scene.one.put(RATINGS, film, 900)
    assert scene.run(RATINGS) == {"held": 20, "waiting": 20}
    assert scene.say(OVERWRITE, "allow") == 20
    scene.later()
    return films


@pytest.mark.parametrize("way", THREE, ids=str)
def test_leave_to_overwrite_ratings_is_no_leave_to_remove_them(world: World, way: Way) -> None:
    scene = scene_of(world, way)
    films = twenty_may_become_nine(scene)
    scene.one.drop(RATINGS, *films)
    with untouched(scene.other):
        assert scene.run(RATINGS).get("removed") is None
    assert scene.titles(OVERWRITE) == set()
    assert scene.titles(REMOVAL) == {world.title(film) for film in films}


def test_leave_to_overwrite_costs_no_lookups_of_titles_that_are_gone(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(rated=80)
    for film in films:
        scene.one.put(RATINGS, film, 900)
    assert scene.run(RATINGS) == {"held": 80, "waiting": 80}
    assert scene.say(OVERWRITE, "allow") == 80
    scene.later()
    scene.one.drop(RATINGS, *films)
    world.sim.traffic.reset()
    scene.sync()
    assert sum(lookups(world, film) for film in films) == 50


def test_leave_to_remove_ratings_is_no_leave_to_overwrite_them(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(rated=20)
    scene.one.drop(RATINGS, *films[:15])
    assert scene.run(RATINGS) == {"held": 15, "waiting": 15}
    assert scene.say(REMOVAL, "allow") == 15
    scene.later()
    for film in films[:15]:
        scene.one.put(RATINGS, film, 100)
    with untouched(scene.other):
        assert scene.run(RATINGS) == {"held": 15, "waiting": 15}
    assert scene.titles(REMOVAL) == set()
    assert scene.titles(OVERWRITE) == {world.title(film) for film in films[:15]}


@pytest.mark.parametrize("edited", ["the value to write", "the value to overwrite"])
def test_leave_to_overwrite_is_for_the_two_values_that_were_asked_about(world: World, edited: str) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = twenty_may_become_nine(scene)
    ledger = scene.one if edited == "the value to write" else scene.other
    for film in films:
        ledger.put(RATINGS, film, 50)
    with untouched(scene.other):
        assert scene.run(RATINGS) == {"held": 20, "waiting": 20}
    assert len(scene.asked(OVERWRITE)) == 20
    scene.say(OVERWRITE, "allow")
    scene.later()
    assert scene.run(RATINGS) == {"changed": 20}
    assert scene.equal(RATINGS)


def test_leave_to_overwrite_does_not_remove_what_was_kept(world: World) -> None:
    """A removal that was kept, a rating in its place that waits, and the removal again: nobody allowed that one."""
    scene = scene_of(world, BOTH_ACCOUNTS, remove=False)
    films = scene.fill(rated=20)
    scene.one.drop(RATINGS, *films[:12])
    assert scene.run(RATINGS) == {"kept": 12}
    scene.later()
    for film in films[:12]:
        scene.one.put(RATINGS, film, 200)
    assert scene.run(RATINGS) == {"held": 12, "waiting": 12}
    assert scene.say(OVERWRITE, "allow") == 12
    scene.one.drop(RATINGS, *films[:12])
    scene.settings(remove=True)
    scene.later()
    with untouched(scene.other):
        scene.sync()


def while_it_waits(scene: Scene, begun: Any, change: Callable[[], Any]) -> RunReport:
    """The report of a run that was entered, after something has changed before it had its accounts."""
    begun = scene.world.run(begun)
    change()
    return scene.world.run(scene.world.running.carry_out(*begun))


def narrowed(scene: Scene, what: str) -> None:
    if what == "remove":
        scene.settings(remove=False)
    elif what == "kinds":
        scene.world.run(Pairs(scene.world.house).change(scene.pair.id, kinds=[Kind.SHOW]))
    else:
        scene.world.run(Pairs(scene.world.house).change(scene.pair.id, enabled=False))


@pytest.mark.parametrize(("what", "ends"), [("remove", ""), ("kinds", ""), ("pair", "pair_disabled")])
def test_what_is_switched_off_while_a_run_waits_for_its_turn_is_off(
    world: World, what: str, ends: str
) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:3])
    with untouched(scene.other):
        report = while_it_waits(
            scene, world.running.begin(scene.pair.id, trigger="test"), lambda: narrowed(scene, what)
        )
    assert report.run.code == ends


@pytest.mark.parametrize(
    ("what", "ends"), [("remove", "plan_stale"), ("kinds", "plan_stale"), ("pair", "pair_disabled")]
)
def test_a_plan_that_waits_for_its_turn_is_stale_once_less_is_allowed(
    world: World, what: str, ends: str
) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:3])
    plans = Plans(world.house)
    made = while_it_waits(scene, plans.begin(scene.pair.id, trigger="test"), lambda: None)
    assert made.run.plan is not None
    applying = plans.begin_to_apply(made.run.plan, trigger="test")
    with untouched(scene.other):
        report = while_it_waits(scene, applying, lambda: narrowed(scene, what))
    assert report.run.code == ends


@pytest.mark.parametrize("what", ["remove", "kinds", "pair"])
def test_what_is_switched_off_while_a_run_makes_its_plan_is_off(
    world: World, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:3])
    former, done = LaneRun._commit, list[bool]()

    async def patched(self: LaneRun, *arguments: Any) -> Any:
        if not done:
            done.append(True)
            changes = Pairs(world.house)
            if what == "remove":
                off = {one.feature: replace(one.settings, remove=False) for one in scene.pair.lanes}
                await changes.change(scene.pair.id, features=off)
            elif what == "kinds":
                await changes.change(scene.pair.id, kinds=[Kind.SHOW])
            else:
                await changes.change(scene.pair.id, enabled=False)
        return await former(self, *arguments)

    monkeypatch.setattr(LaneRun, "_commit", patched)
    with untouched(scene.other):
        assert "removed" not in scene.run(WATCHLIST)


def test_leave_that_was_given_by_a_clock_far_ahead_ends_after_seven_days_too(world: World) -> None:
    scene = scene_of(world, INTO_TRACKER)
    films = scene.fill(watched=20)
    scene.one.drop(WATCHLIST, *films[:5])
    assert scene.run(WATCHLIST) == {"held": 5, "waiting": 5}
    scene.later(300 * DAY)
    assert scene.say(REMOVAL, "allow") == 5
    scene.later(-300 * DAY)
    world.fault(kind="status", path="/account_states", status=503)
    scene.sync()  # it cannot be done, and the clock is right again
    world.sim.knobs.faults = []
    scene.later(8 * DAY)
    with untouched(scene.other):
        assert scene.run(WATCHLIST) == {"held": 5, "waiting": 5}
    assert len(scene.asked(REMOVAL)) == 5


@pytest.mark.parametrize("way", FROM_TMDB, ids=str)
def test_a_long_list_that_lost_most_of_its_titles_does_not_take_a_tenth_a_day_along(
    world: World, way: Way
) -> None:
    """Fifty titles are looked up in a run: far less than a tenth of a thousand, so that each run would pass."""
    scene = scene_of(world, way)
    films = scene.fill(watched=1000, both=way is BOTH_ACCOUNTS)
    scene.one.drop(WATCHLIST, *films[:900])
    for _ in range(2):
        with untouched(scene.other):
            assert scene.run(WATCHLIST).get("removed") is None
        scene.later(2 * DAY)
    assert len(scene.asked(REMOVAL)) == 100
