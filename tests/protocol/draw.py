"""Choosing worlds and what happens in them; ``pick`` is ``random.Random.choice`` or Hypothesis."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from crosswatch.model.capabilities import Dates, Stamps
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode, Side
from crosswatch.model.values import PRESENT
from tests.protocol.script import FAULTS, Edit, Happening, Point, Script, What
from tests.protocol.services import GRIDS, Copies, Traits, Weather
from tests.protocol.world import NAMES, Between, Figures, Setting, World

T = TypeVar("T")


class Picker(Protocol):
    """Chooses one of several."""

    def __call__(self, among: Sequence[T], /) -> T: ...


R, W = Feature.RATINGS, Feature.WATCHLIST
FEATURES = ((R,), (R,), (R,), (W,), (R, W))
WAITS = (1, 5, 70, 400)
WEEK = 8 * 24 * 60 * 60
STEPS = ("edit", "edit", *["edit and run"] * 4, "many edits", "run", "run", "wait", "odd")
MANY = (1, 2, 5, 6)
ALL = (Kind.MOVIE, Kind.SHOW, Kind.EPISODE)


def some_traits(pick: Picker, features: tuple[Feature, ...]) -> Traits:
    """A service of any kind."""
    many = pick((False, False, True))
    here = pick((False, False, True)) and many
    return Traits(
        grid=pick(tuple(GRIDS)),
        features=features,
        stamps=pick(tuple(Stamps)),
        dates=pick(tuple(Dates)),
        keeps_dates=pick((True, False)),
        delay=0 if here else pick((0, 0, 10, 300)),
        lookups=here or pick((True, True, True, False)),
        batch=500 if many else 1,
        connections=1 if many else pick((1, 4)),
        time_limit=0 if here else 20,
        compares=pick((False, True)) if many else False,
        clears=pick((False, True)) if features == (R, W) else False,
    )


def a_setting(pick: Picker) -> Setting:
    """Two services and a pair between them; now and then a third, which shares a service with the first pair."""
    features = pick(FEATURES)
    ends = pick((((0, 1),), ((0, 1),), ((0, 1),), ((0, 1),), ((0, 1), (1, 2)), ((0, 1), (2, 1))))
    services = tuple(some_traits(pick, features) for _ in range(len(ends) + 1))
    return Setting(services, tuple(_between(pick, *places) for places in ends))


def _between(pick: Picker, source: int, target: int) -> Between:
    mode = pick((Mode.TWO_WAY, Mode.TWO_WAY, Mode.ONE_WAY))
    return Between(source, target, mode, pick(tuple(Conflict)), pick((ALL, ALL, ALL, (Kind.MOVIE,))))


def an_edit(world: World, pick: Picker, title: int = 0) -> Edit:
    """What a user may do, mostly with the first title, unless one is given; now and then to take it off."""
    name = pick(NAMES[: len(world.services)])
    feature = pick(world.services[name].traits.features)
    title = title or pick((1, 1, 1, 1, 2, 3, 4)) if feature is R else pick((1, 1, 1, 2, 4))
    values = (None, 800, 840, 850, 700, 330) if feature is R else (None, PRESENT, PRESENT)
    return Edit(name, feature, title, pick(values))


def some_weather(world: World, pick: Picker) -> list[Weather]:
    """How the services are for a run: mostly fine."""
    return [
        Weather(
            pick(tuple(Copies)),
            pick((20, 20, 1, 2)),
            hidden=pick((0, 0, 0, 0, 0, 1)),
            twin=pick((0, 0, 0, 0, 0, 1)),
            empty=pick((0, 0, 0, 0, 1, 2)),
        )
        for _ in world.services
    ]


FAULT_KINDS = tuple(sorted(FAULTS))
BEFORE = (Point.BEFORE_WRITE, Point.BEFORE_WRITE, Point.BEFORE_CALL)
AFTER = (Point.AFTER_WRITE, Point.AFTER_WRITE, Point.AFTER_CALL)
COMMITS = (Point.BEFORE_COMMIT, Point.AFTER_COMMIT)
HOW_MANY = {
    Point.BEFORE_WRITE: (1, 1, 1, 2),
    Point.AFTER_WRITE: (1, 1, 1, 2),
    **dict.fromkeys((Point.BEFORE_CALL, Point.AFTER_CALL), tuple(range(1, 13))),
    **dict.fromkeys(COMMITS, tuple(range(1, 13))),
}


def some_happenings(world: World, pick: Picker) -> Script:
    """What happens during a run: often nothing; else one thing, sometimes up to three."""
    many = pick((0, 0, 1, 1, 1, 2, 3))
    return Script(tuple(a_happening(world, pick) for _ in range(many)))


def a_happening(world: World, pick: Picker) -> Happening:
    """Something at some call, write or commit."""
    what = pick(("edit", "edit", "edit", "kill", "kill", "kill", "fault", "fault", "fault", "other"))
    if what == "edit":
        point = pick(BEFORE + AFTER + COMMITS)
        return Happening(point, pick(HOW_MANY[point]), What.EDIT, an_edit(world, pick))
    if what == "kill":
        point = pick(BEFORE + AFTER + COMMITS)
        late = point in BEFORE and pick((True, False))
        return Happening(point, pick(HOW_MANY[point]), What.KILL_LATE if late else What.KILL)
    point = pick(BEFORE + AFTER) if what == "fault" else pick(BEFORE)
    kind = (
        pick(FAULT_KINDS) if what == "fault" else pick((What.STALL, What.CANCEL, What.FREEZE, What.RECONNECT))
    )
    return Happening(point, pick(HOW_MANY[point]), kind)


def a_history(pick: Picker, figures: Figures, *, steps: int) -> None:
    """A life of a world: edits, waiting and runs in any order, and rest; and once more if anything is asked then."""
    world = World(a_setting(pick), figures)
    try:
        for _ in range(steps):
            a_step(world, pick)
        world.rest()
        if world.questions():
            answer(world, pick)
            a_step(world, pick)
            world.rest()
    except BaseException as failed:
        failed.add_note("\n".join([str(world.setting), *world.log]))
        raise
    finally:
        world.close()


def a_step(world: World, pick: Picker) -> None:
    """One thing that happens to a world; most edits are followed by a run."""
    match pick(STEPS):
        case "edit":
            world.edit(an_edit(world, pick))
        case "edit and run":
            world.edit(an_edit(world, pick))
            a_run(world, pick)
        case "run":
            a_run(world, pick)
        case "many edits":
            for title in MANY:
                world.edit(an_edit(world, pick, title))
            a_run(world, pick)
        case "wait":
            world.wait(pick(WAITS))
        case "odd":
            something_odd(world, pick)


def a_run(world: World, pick: Picker) -> None:
    """A run of any pair, with whatever happens to it."""
    pair = pick(range(len(world.pairs)))
    world.run(pair, some_happenings(world, pick), some_weather(world, pick))


def something_odd(world: World, pick: Picker) -> None:
    """What happens seldom: titles that vanish or come back, stamps that move, other accounts, answers, long waits."""
    name = pick(NAMES[: len(world.services)])
    match pick(("vanish", "touch", "account", "answer", "answer", "week")):
        case "vanish":
            world.vanish(name, 1)
        case "touch":
            world.touch(name, (pick(world.services[name].traits.features), 1))
        case "account":
            world.another_account(name, pick(range(len(world.pairs))), told=pick((True, False)))
        case "answer":
            answer(world, pick)
        case "week":
            world.wait(WEEK)


def answer(world: World, pick: Picker) -> None:
    """The user answers all that is asked."""
    for question in world.questions():
        world.answer(question, pick(tuple(Side)))
