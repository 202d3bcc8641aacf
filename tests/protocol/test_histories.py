"""Lives that once ended badly, each as small as it could be made."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from crosswatch.model.kinds import Feature, Mode
from crosswatch.model.values import PRESENT
from tests.protocol.script import Edit, Happening, Point, Script, What
from tests.protocol.services import Traits
from tests.protocol.setting import Between, Figures, Setting
from tests.protocol.world import World

R, W = Feature.RATINGS, Feature.WATCHLIST


@contextmanager
def a_world(first: Traits, second: Traits, pair: Between) -> Iterator[World]:
    """Two services and a pair between them."""
    world = World(Setting((first, second), (pair,)), Figures())
    try:
        yield world
    finally:
        world.close()


@pytest.mark.parametrize("call", range(1, 16))
def test_a_session_that_ends_at_any_call_leaves_every_planned_write_accounted_for(call: int) -> None:
    """Once it was none: between the plan of the ratings and the first of them the watchlist is read."""
    both = Traits(features=(R, W), clears=True)
    with a_world(both, both, Between(0, 1)) as world:
        world.edit(Edit("a", R, 1, 800))
        world.edit(Edit("b", W, 1, PRESENT))
        world.run(script=Script((Happening(Point.BEFORE_CALL, call, What.SESSION_ENDED),)))
        world.rest()


def test_what_the_user_put_there_in_the_last_moment_is_not_taken_off_again() -> None:
    """Once it was: the service had answered the add with "already there", and the title counted as the lane's own."""
    traits = Traits(features=(W,))
    with a_world(traits, traits, Between(0, 1, Mode.ONE_WAY, remove=True)) as world:
        world.edit(Edit("a", W, 1, PRESENT))
        world.edit(Edit("a", W, 2, PRESENT))
        meanwhile = Happening(Point.BEFORE_WRITE, 1, What.EDIT, Edit("b", W, 1, PRESENT))
        world.run(script=Script((meanwhile,)))
        world.rest()
        world.edit(Edit("a", W, 1, None))
        world.rest()
        assert world.services["b"].value((W, 1)) == PRESENT


def test_what_somebody_else_had_on_a_list_is_not_taken_for_cleared() -> None:
    """Once it was: what had been read of the first one's watchlist was still there after the fresh start."""
    clearing = Traits(features=(R, W), clears=True)
    with a_world(Traits(features=(R, W)), clearing, Between(0, 1)) as world:
        world.edit(Edit("a", R, 1, 800))
        world.edit(Edit("a", W, 1, PRESENT))
        world.rest()
        world.another_account("b", 0, told=True, stays=True)
        world.rest()
        assert world.services["b"].uid == "b:bob"
        assert world.services["b"].value((W, 1)) == PRESENT
