"""How many removals a day pass unasked is counted from the titles that a pair keeps: what it took off as well."""

from collections.abc import Iterable, Iterator

import pytest

from crosswatch.model.kinds import Feature
from crosswatch.model.values import PRESENT
from tests.protocol.script import Edit, Happening, Point, Script, What
from tests.protocol.services import Traits
from tests.protocol.setting import Between, Figures, Setting
from tests.protocol.world import World

W = Feature.WATCHLIST
MANY = Traits(features=(W,), batch=500, connections=1)
ONE_BY_ONE = Traits(features=(W,), connections=1)
FORTY = range(5, 45)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Forty films on both lists, in step."""
    traits = getattr(request, "param", MANY)
    made = World(Setting((traits, traits), (Between(0, 1, remove=True),), titles=48), Figures())
    try:
        for title in FORTY:
            made.edit(Edit("a", W, title, PRESENT))
        made.rest()
        yield made
    finally:
        made.close()


def take_off(world: World, name: str, titles: Iterable[int]) -> None:
    """The user takes these off, and the pair runs until nothing more happens."""
    for title in titles:
        world.edit(Edit(name, W, title, None))
    world.rest()


def left(world: World, name: str) -> int:
    return len(list(world.services[name].now_there()))


def test_a_tenth_of_what_there_was_passes_in_a_day_however_it_is_spread(world: World) -> None:
    """Four of forty, although the last one is the fourth of thirty-seven; the fifth is one too many."""
    take_off(world, "a", FORTY[:3])
    take_off(world, "a", FORTY[3:4])
    assert left(world, "b") == 36
    take_off(world, "a", FORTY[4:5])
    assert left(world, "b") == 36
    assert [question.title is not None for question in world.questions()] == [True]


def test_both_sides_are_counted_from_the_same_titles(world: World) -> None:
    take_off(world, "a", FORTY[:4])
    take_off(world, "b", FORTY[4:8])
    assert left(world, "a") == left(world, "b") == 32


def test_what_was_allowed_leaves_a_small_list_with_what_may_go_from_a_small_one(world: World) -> None:
    """Thirty of forty were taken off on purpose: of the ten that are left three may go, and not a tenth of forty."""
    take_off(world, "a", FORTY[:30])
    assert left(world, "b") == 40
    for question in world.questions():
        world.answer(question, "allow")
    world.rest()
    assert left(world, "b") == 10
    take_off(world, "a", FORTY[30:34])
    assert left(world, "b") == 10
    assert len(world.questions()) == 4


@pytest.mark.parametrize("world", [ONE_BY_ONE], indirect=True)
def test_a_run_that_was_cut_off_among_what_was_allowed_goes_on_with_all_of_it(world: World) -> None:
    """Six were allowed, four more need nobody's leave; killed after six removals, the next run does the rest."""
    take_off(world, "a", FORTY[:6])
    for question in world.questions():
        world.answer(question, "allow")
    for title in FORTY[6:10]:
        world.edit(Edit("a", W, title, None))
    world.wait(70)
    world.run(script=Script((Happening(Point.BEFORE_WRITE, 7, What.KILL),)))
    assert left(world, "b") == 34
    world.rest()
    assert left(world, "b") == 30
    assert not world.questions()
