"""Lives of lanes: who is paired with whom, and what happens to them, chosen by Hypothesis or by a seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from crosswatch.engine.base import Key, Rules
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Conflict, Feature, Mode, Side
from crosswatch.model.values import PRESENT
from tests.engine.bounds import BOUNDS
from tests.engine.promises import ALWAYS, Promise
from tests.engine.removals import REMOVALS
from tests.engine.rest import comes_to_rest
from tests.engine.samples import GRIDS
from tests.engine.services import Service
from tests.engine.world import NOTHING_BAD, Bad, Edit, World

T = TypeVar("T")
FEW, MANY = (1, 2), (1, 2, 3, 4, 5, 6)
ACTS = (
    *("edit", "edit", "edit", "drop", "drop", "drop", "rate", "rate", "allow", "allow"),
    *("fill", "sweep", "refuse", "switch", "rename"),
)
LAGS = ((0,), (0,), (5, 0, 30), (40, 5, 0), (0, 40, 9), (40,))
EVERY: tuple[Promise, ...] = (*ALWAYS, *REMOVALS, *BOUNDS)


class Picker(Protocol):
    """Chooses one of several; ``random.Random.choice`` and Hypothesis can."""

    def __call__(self, among: Sequence[T], /) -> T: ...


def a_world(pick: Picker, promises: Sequence[Promise] = EVERY) -> World:
    """Two services and a lane of any kind."""
    ratings = pick((True, False))
    services = [
        Service(
            pick(list(GRIDS.values())) if ratings else None,
            delay=pick((0, 10, 40)),
            stamps=pick((Stamps.USER, Stamps.NONE)),
            looks_up=(looks_up := pick((True, True, True, False))),
            clears=not ratings and looks_up and pick((True, True, False)),
            tells_names=pick((True, True, False)),
        )
        for _ in Side
    ]
    rules = Rules(
        Feature.RATINGS if ratings else Feature.WATCHLIST,
        pick(tuple(Mode)),
        remove=pick((True, True, False)),
        remove_when_rated=pick((True, False, False)),
        conflict=pick((Conflict.SOURCE, Conflict.TARGET, Conflict.NEWEST, Conflict.ASK)),
        own_dates=True,
    )
    world = World(rules, services[0], services[1], promises, many=pick((True, False, False)))
    if pick((True, False, False, False)):
        world.wanted[pick(tuple(Side))].update(FEW)
    return world


def titles(world: World) -> tuple[Key, ...]:
    """Some lanes have so many titles that the guard has something to do."""
    return MANY if world.many else FEW


def an_edit(world: World, pick: Picker) -> Edit:
    """What a user may do: to any title, on either side; half of the time to take it off."""
    values = (None, None, 800, 840, 850) if world.rules.feature is Feature.RATINGS else (None, PRESENT)
    return pick(tuple(Side)), pick(titles(world)), pick(values)


def some_bad(world: World, pick: Picker) -> Bad:
    """Mostly nothing; else one title is unlucky."""
    how = pick((None, None, None, "unseen", "refused", "lost", "hidden", "doubled", "cut", "blind"))
    if how is None:
        return NOTHING_BAD
    if how == "blind":
        return Bad(blind=True)
    unlucky = {how: (pick(FEW),)}
    return replace(Bad(side=pick(tuple(Side))), **unlucky)  # type: ignore[arg-type]


def some_lags(pick: Picker) -> tuple[int, ...]:
    """How old the copies are that answer; three, so that a title's list and lookup seldom have the same."""
    return pick(LAGS)


def the_user_acts(world: World, pick: Picker) -> None:
    """An edit; or a whole list set or taken off; or a rating beside the watchlist; or an answer; or a setting."""
    match pick(ACTS):
        case "fill":
            side = pick(tuple(Side))
            for key in titles(world):
                world.edit(side, key, PRESENT if world.rules.feature is Feature.WATCHLIST else 800)
        case "sweep":
            side, spared = pick(tuple(Side)), pick((0, 0, 1))
            for key in titles(world)[spared:]:
                world.edit(side, key, None)
        case "rate" if world.rules.feature is Feature.WATCHLIST:
            world.rate(pick(tuple(Side)), pick(titles(world)))
        case "allow" | "refuse" as said if world.inbox.open:
            waiting = sorted(world.inbox.open)
            for asked in pick((waiting, [pick(waiting)])):
                getattr(world, said)(asked)
        case "switch":
            world.switch_removals()
        case "drop" if agreed := [key for key, row in world.base.items() if None not in row.values]:
            world.edit(pick(tuple(Side)), pick(agreed), None)
        case "rename" if pick((True, False, False)):
            world.services[pick(tuple(Side))].renamed.add(1)
        case _:
            world.edit(*an_edit(world, pick))


def a_run(world: World, pick: Picker) -> None:
    """A run on a good or bad day, with or without edits in the middle and ratings before."""
    meanwhile = [an_edit(world, pick)] if pick((True, False, False)) else []
    rates = []
    if world.rules.feature is Feature.WATCHLIST and pick((True, False, False, False)):
        rates = [(pick(titles(world)), pick(tuple(Side)))]
    world.run(some_lags(pick), some_bad(world, pick), meanwhile, rates)


def a_history(pick: Picker, *, steps: int, promises: Sequence[Promise] = EVERY) -> None:
    """A life of a lane: edits, waiting and runs in any order, and rest in the end."""
    world = a_world(pick, promises)
    for _ in range(steps):
        match pick(("act", "act", "act", "run", "run", "wait")):
            case "act":
                the_user_acts(world, pick)
            case "wait":
                world.wait(pick((5, 20, 50, 500)))
            case _:
                a_run(world, pick)
    comes_to_rest(world)
