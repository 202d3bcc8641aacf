"""Choosing worlds and what happens in them; ``pick`` is ``random.Random.choice`` or Hypothesis."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from crosswatch.model.capabilities import Dates, Stamps
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.model.values import PRESENT
from crosswatch.store.attention import Question
from crosswatch.store.inbox import TAKE_BACK
from crosswatch.store.runs import PLAN
from tests.protocol.script import FAULTS, Edit, Happening, Point, Script, What
from tests.protocol.services import GRIDS, Copies, Traits, Weather
from tests.protocol.setting import NAMES, Between, Figures, Setting
from tests.protocol.world import World

T = TypeVar("T")


class Picker(Protocol):
    """Chooses one of several."""

    def __call__(self, among: Sequence[T], /) -> T: ...


R, W = Feature.RATINGS, Feature.WATCHLIST
FEATURES = ((R,), (R,), (W,), (W,), (R, W), (R, W), (R, W))
ENDS = (
    *[((0, 1),)] * 5,
    ((0, 1), (1, 2)),
    ((0, 1), (2, 1)),
    ((0, 1), (0, 2)),
)
TITLES = (6, 6, 6, 6, 6, 6, 6, 12, 12, 12, 12, 48)
WAITS = (1, 5, 70, 400)
MOST_SLOW = 12
"""With more titles than that, services are asked for many at once."""

QUIET = 400
"""Longer than any service shows what is old."""

DAY = 24 * 60 * 60
LONG = (DAY - 600, DAY + 600, 8 * DAY)
STEPS = (
    "edit",
    "edit",
    *["edit and run"] * 4,
    *["take off and run"] * 3,
    "take off again and again",
    "many edits",
    "run",
    "run",
    "preview",
    "answer and run",
    "wait",
    "odd",
    "odd",
)
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
    ends = pick(ENDS)
    services = [some_traits(pick, features) for _ in range(1 + max(max(places) for places in ends))]
    if features == (R, W) and pick((False, False, False, True)):
        services[0] = replace(services[0], features=(W,))
    titles = pick(TITLES)
    if titles > MOST_SLOW:
        services = [replace(one, batch=500, connections=1) for one in services]
    return Setting(tuple(services), tuple(_between(pick, *places) for places in ends), titles)


def _between(pick: Picker, source: int, target: int) -> Between:
    return Between(
        source,
        target,
        mode=pick((Mode.TWO_WAY, Mode.TWO_WAY, Mode.ONE_WAY)),
        conflict=pick(tuple(Conflict)),
        kinds=pick((ALL, ALL, ALL, (Kind.MOVIE,))),
        remove=pick((True, True, True, False)),
        remove_when_rated=pick((True, False, False)),
    )


def an_edit(world: World, pick: Picker, title: int = 0) -> Edit:
    """What a user may do, mostly with the first title, unless one is given; now and then to take it off."""
    name = pick(NAMES[: len(world.services)])
    feature = pick(world.services[name].traits.features)
    title = title or (pick((1, 1, 1, 1, 2, 3, 4)) if feature is R else pick((1, 1, 1, 2, 4)))
    values = (None, 800, 840, 850, 700, 330) if feature is R else (None, PRESENT, PRESENT)
    return Edit(name, feature, title, pick(values))


def some_weather(world: World, pick: Picker) -> list[Weather]:
    """How the services are for a run: mostly fine."""
    return [
        Weather(
            pick(tuple(Copies)),
            pick((20, 20, 1, 2)) if world.setting.titles <= MOST_SLOW else 20,
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
    what = pick(("edit", "edit", "edit", "kill", "kill", "kill", "fault", "fault", "fault", "other", "inbox"))
    if what == "edit":
        point = pick(BEFORE + AFTER + COMMITS)
        return Happening(point, pick(HOW_MANY[point]), What.EDIT, an_edit(world, pick))
    if what == "kill":
        point = pick(BEFORE + AFTER + COMMITS)
        late = point in BEFORE and pick((True, False))
        return Happening(point, pick(HOW_MANY[point]), What.KILL_LATE if late else What.KILL)
    if what == "inbox":
        point = pick(BEFORE + AFTER + COMMITS)
        return Happening(point, pick(HOW_MANY[point]), pick((What.ANSWER, What.ANSWER, What.SWITCH)))
    point = pick(BEFORE + AFTER) if what == "fault" else pick(BEFORE)
    kind = (
        pick(FAULT_KINDS) if what == "fault" else pick((What.STALL, What.CANCEL, What.FREEZE, What.RECONNECT))
    )
    return Happening(point, pick(HOW_MANY[point]), kind)


def a_history(pick: Picker, figures: Figures, *, steps: int) -> None:
    """A life of a world: edits, waiting and runs in any order, and rest; and once more if anything is asked then."""
    world = World(a_setting(pick), figures)
    try:
        if pick((True, True, False)):
            a_past(world, pick)
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


def a_past(world: World, pick: Picker) -> None:
    """Some years before: all titles are on a list, mostly of one service, and the pairs are in step."""
    name = pick(NAMES[: len(world.services)])
    for title in range(1, world.setting.titles + 1):
        for feature in world.services[name].traits.features:
            world.edit(Edit(name, feature, title, pick((800, 700))))
        if pick((True, False, False)):
            world.edit(an_edit(world, pick, title))
    for _ in range(len(world.pairs)):
        for pair in range(len(world.pairs)):
            world.run(pair)
    world.wait(QUIET)


def a_step(world: World, pick: Picker) -> None:
    """One thing that happens to a world; most edits are followed by a run."""
    match pick(STEPS):
        case "edit":
            world.edit(an_edit(world, pick))
        case "edit and run":
            world.edit(an_edit(world, pick))
            a_run(world, pick)
        case "take off and run":
            take_off(world, pick)
            a_run(world, pick)
        case "run":
            a_run(world, pick)
        case "take off again and again":
            for _ in range(2):
                take_off(world, pick)
                world.run(pick(range(len(world.pairs))))
                world.wait(pick((QUIET, QUIET, DAY + 600)))
        case "many edits":
            for title in MANY:
                world.edit(an_edit(world, pick, title))
            a_run(world, pick)
        case "preview":
            a_preview(world, pick)
        case "answer and run":
            answer(world, pick)
            a_run(world, pick)
        case "wait":
            world.wait(pick(WAITS))
        case "odd":
            something_odd(world, pick)


def a_run(world: World, pick: Picker) -> None:
    """A run of any pair, with whatever happens to it."""
    pair = pick(range(len(world.pairs)))
    world.run(pair, some_happenings(world, pick), some_weather(world, pick))


def take_off(world: World, pick: Picker) -> None:
    """The user takes one title or several off the lists of a service: as many as may go unasked, or more."""
    name = pick(NAMES[: len(world.services)])
    feature = pick(world.services[name].traits.features)
    there = sorted(title for of, title in world.services[name].now_there() if of is feature)
    first = pick((0, 0, 1, 2, 3))
    for title in there[first : first + pick((1, 1, 2, 3, 3, 4, 5, 48))]:
        world.edit(Edit(name, feature, title, None))


def a_preview(world: World, pick: Picker) -> None:
    """A preview, and mostly what it shows is then done, perhaps after something has happened."""
    pair = pick(range(len(world.pairs)))
    if pick((True, False)):
        take_off(world, pick)
    script = some_happenings(world, pick) if pick((True, False, False)) else None
    world.run(pair, script, some_weather(world, pick), kind=PLAN)
    match pick(("nothing", "nothing", "nothing", "an edit", "take off", "a run", "odd", "later")):
        case "an edit":
            world.edit(an_edit(world, pick, pick((1, 2, 5, 6))))
        case "take off":
            take_off(world, pick)
        case "a run":
            a_run(world, pick)
        case "odd":
            something_odd(world, pick)
        case "later":
            return
    apply(world, pick, pair)


def apply(world: World, pick: Picker, pair: int) -> None:
    """What the newest preview of a pair shows is done."""
    plan = world.newest_plan(pair)
    if plan is not None:
        script = some_happenings(world, pick) if pick((True, False)) else None
        world.run(pair, script, plan=plan)


def something_odd(world: World, pick: Picker) -> None:
    """What happens seldom: titles that vanish or come back, stamps that move, other accounts, answers, long waits."""
    name = pick(NAMES[: len(world.services)])
    pair = pick(range(len(world.pairs)))
    match pick(("vanish", "touch", "play", "account", "answer", "switch", "again", "apply", "long")):
        case "vanish":
            world.vanish(name, 1)
        case "touch":
            world.touch(name, (pick(world.services[name].traits.features), 1))
        case "play":
            world.play(name, pick((1, 2)))
        case "account":
            stays = pick((False, False, True))
            world.another_account(name, pair, told=pick((True, False)), stays=stays)
        case "answer":
            answer(world, pick)
        case "switch":
            world.switch(pair, pick((R, W)))
        case "again":
            world.make_again(pair)
        case "apply":
            apply(world, pick, pair)
        case "long":
            world.wait(pick(LONG))


def answer(world: World, pick: Picker) -> None:
    """The user answers all that is asked, mostly alike; now and then something is taken back."""
    for question in world.said():
        if pick((False, False, False, True)):
            world.answer(question, TAKE_BACK)
    usual = pick((0, 0, 1))
    for question in world.questions():
        if question.answers and question.kind is not Question.ACCOUNT:
            which = pick((usual, usual, usual, 0, 1)) % len(question.answers)
            world.answer(question, question.answers[which])
