"""What a list shows again while a run writes is not taken off, whatever the run saw before."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from crosswatch.model.kinds import Feature
from tests.protocol.removal_lives import answer
from tests.protocol.script import Edit, Happening, Point, Script, What
from tests.protocol.services import Traits
from tests.protocol.setting import Between, Figures, Setting
from tests.protocol.world import World

R = Feature.RATINGS
ASKED = Traits(batch=500, connections=1)
LISTED = Traits(batch=500, connections=1, lookups=False)
OLD = (1, 5, 6)
NEW = range(7, 49)
"""So many that it is cheaper to read the list again than to ask about each."""

CALLS = range(7, 13)
"""Of the run that removes: some before its last look at the list, some after it."""

either = pytest.mark.parametrize("first", [ASKED, LISTED], ids=["asked", "listed"])


@contextmanager
def a_removal_after_many_adds(first: Traits, *, back: int | None = None) -> Iterator[World]:
    """The first list lost a title and gets those that are new on the second one, for which a run reads it again;
    ``back``: the user rates the title there anew right before this call of the run."""
    world = World(Setting((first, ASKED), (Between(0, 1, remove=True),), titles=48), Figures())
    try:
        for title in OLD:
            world.edit(Edit("a", R, title, 700))
        world.rest()
        world.edit(Edit("a", R, 1, None))
        if not first.lookups:
            world.run()
            world.run()
            answer(world, "allow")
        for title in NEW:
            world.edit(Edit("b", R, title, 800))
        again = Happening(Point.BEFORE_CALL, back or 0, What.EDIT, Edit("a", R, 1, 900))
        world.run(script=Script((again,) if back else ()))
        yield world
    finally:
        world.close()


def rated(world: World, name: str) -> object:
    return world.services[name].value((R, 1))


def came_back(world: World) -> bool:
    """Whether the last run kept a removal back for what it saw."""
    return bool(world.ground.rows("SELECT 1 FROM journal WHERE action = 'remove' AND code = 'came_back'"))


@either
def test_a_title_that_no_list_shows_again_is_taken_off(first: Traits) -> None:
    with a_removal_after_many_adds(first) as world:
        assert rated(world, "b") is None
        assert all(world.services["a"].value((R, title)) == 800 for title in NEW)


@either
def test_a_title_that_a_list_shows_again_stays_and_gets_the_new_rating(first: Traits) -> None:
    kept = 0
    for call in CALLS:
        with a_removal_after_many_adds(first, back=call) as world:
            if came_back(world):
                kept += 1
                assert rated(world, "b") == 700
            world.rest()
            assert (rated(world, "a"), rated(world, "b")) == (900, 900)
    assert 0 < kept < len(CALLS)


def test_two_lists_between_which_one_showed_the_title_are_no_proof() -> None:
    """Taken off, seen again and taken off once more: only two lists after that say that it is gone."""
    shown = 0
    for call in CALLS:
        with a_removal_after_many_adds(LISTED, back=call) as world:
            if came_back(world):
                shown += 1
                world.edit(Edit("a", R, 1, None))
                world.run()
                assert rated(world, "b") == 700
                world.run()
                assert rated(world, "b") is None, "the leave to remove it still holds"
    assert shown
