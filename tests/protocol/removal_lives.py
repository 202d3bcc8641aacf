"""Lives in which a rule of the removals is needed, for rules that few drawn histories come to."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from crosswatch.model.kinds import Feature, Mode
from crosswatch.model.values import PRESENT
from crosswatch.store.runs import PLAN
from tests.protocol.script import Edit, Happening, Point, Script, What
from tests.protocol.services import Traits
from tests.protocol.setting import Between, Figures, Setting
from tests.protocol.world import World

Life = Callable[[], None]

W = Feature.WATCHLIST
LISTS = Traits(features=(W,))
EIGHT_DAYS = 8 * 24 * 60 * 60
MOVIES = (1, 5, 6)
MANY = range(5, 12)
REMOVING = Between(0, 1, remove=True)


@contextmanager
def in_step(
    titles: Iterable[int] = MOVIES,
    pairs: tuple[Between, ...] = (REMOVING,),
    first: Traits = LISTS,
    other: Traits = LISTS,
    *,
    on: str = "a",
) -> Iterator[World]:
    """Services with so many titles on the lists of one or more of them, and pairs that are at rest."""
    services = [first, other, other][: 1 + max(max(pair.source, pair.target) for pair in pairs)]
    world = World(Setting(tuple(services), pairs, titles=12), Figures())
    try:
        for name in on:
            put(world, name, titles)
        world.rest()
        yield world
    finally:
        world.close()


def put(world: World, name: str, titles: Iterable[int]) -> None:
    """The user puts these on a list."""
    for title in titles:
        world.edit(Edit(name, W, title, PRESENT))


def take_off(world: World, name: str, titles: Iterable[int]) -> None:
    """The user takes these off a list."""
    for title in titles:
        world.edit(Edit(name, W, title, None))


def answer(world: World, said: str) -> None:
    """The user answers all that is asked alike."""
    for question in world.questions():
        world.answer(question, said)


def two_runs_of_a_day() -> None:
    """Three removals, and one more an hour later."""
    with in_step(MANY) as world:
        for titles in (MANY[:3], MANY[3:4]):
            take_off(world, "a", titles)
            world.wait(60 * 60)
            world.run()


def leave_before_a_second_list() -> None:
    """Lists of the first service are five minutes late, and it cannot be asked about single titles."""
    with in_step(first=Traits(features=(W,), lookups=False, delay=300)) as world:
        take_off(world, "a", [1])
        for _ in range(2):
            world.run()
            answer(world, "allow")
            world.wait(70)


def _a_slow_add_before_a_removal(*meanwhile: Edit) -> None:
    with in_step() as world:
        take_off(world, "a", [1])
        put(world, "a", [7])
        edits = [Happening(Point.AFTER_WRITE, 1, What.EDIT, edit) for edit in meanwhile]
        world.run(script=Script((Happening(Point.AFTER_WRITE, 1, What.STALL), *edits)))


def a_minute_between_the_proof_and_the_removal() -> None:
    """The add before it takes so long."""
    _a_slow_add_before_a_removal()


def back_before_the_removal() -> None:
    """The user puts the title there again while another one is added."""
    _a_slow_add_before_a_removal(Edit("a", W, 1, PRESENT))


def somebody_else_at_the_removal() -> None:
    """Another account is connected right before the removal leaves."""
    with in_step() as world:
        take_off(world, "a", [1])
        world.run(script=Script((Happening(Point.BEFORE_WRITE, 1, What.RECONNECT),)))


def on_both_lists_before_the_pair() -> None:
    """One-way: nothing was ever written to the target."""
    with in_step(pairs=(Between(0, 1, Mode.ONE_WAY, remove=True),), on="ab") as world:
        take_off(world, "a", [1])
        world.wait(70)
        world.run()


def two_sources_of_one_list() -> None:
    """Two services write to the same list; one of them loses a title that the other still has."""
    pairs = (Between(0, 1, Mode.ONE_WAY, remove=True), Between(2, 1, Mode.ONE_WAY, remove=True))
    with in_step(pairs=pairs) as world:
        put(world, "c", MOVIES)
        world.rest()
        take_off(world, "a", [1])
        world.wait(70)
        world.run(0)


def kept_and_then_switched_on() -> None:
    """The title was taken off while the lane did not remove."""
    with in_step(pairs=(Between(0, 1),)) as world:
        take_off(world, "a", [1])
        world.wait(70)
        world.run()
        world.switch(0, W)
        world.run()


def allowed_and_put_back() -> None:
    """Four were allowed to go; the user puts them there again, and eight days later takes them off once more."""
    with in_step(MANY) as world:
        for said in ("allow", "keep"):
            take_off(world, "a", MANY[:4])
            world.wait(70)
            world.run()
            answer(world, said)
            world.rest()
            put(world, "a", MANY[:4])
            world.wait(EIGHT_DAYS)
            world.rest()


def another_account_after_all() -> None:
    """Somebody else with an empty list is connected, and the pair starts afresh."""
    with in_step() as world:
        world.another_account("b", 0, told=True, stays=True)
        world.rest()


def shown_and_partly_undone() -> None:
    """A preview shows two titles; the user takes one off again before it is applied."""
    with in_step() as world:
        put(world, "a", [7, 8])
        world.run(kind=PLAN)
        take_off(world, "a", [7])
        world.run(plan=world.newest_plan(0))


def shown_under_other_rules() -> None:
    """Between preview and apply the user switches removing off."""
    with in_step() as world:
        put(world, "a", [7])
        world.run(kind=PLAN)
        world.switch(0, W)
        world.run(plan=world.newest_plan(0))
