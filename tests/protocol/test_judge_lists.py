"""The judge where lists show less than there is: what it lets pass, and that it lets pass no more than that."""

from collections.abc import Sequence

import pytest

from crosswatch.engine import decide
from crosswatch.engine.base import SideView
from crosswatch.engine.decide import Cell
from crosswatch.engine.delta import Delta
from crosswatch.model.kinds import Feature, Kind, Mode
from crosswatch.model.values import PRESENT
from tests.protocol.script import Edit
from tests.protocol.services import Copies, Traits, Weather
from tests.protocol.setting import Between
from tests.protocol.test_histories import a_world
from tests.protocol.world import World

R, W = Feature.RATINGS, Feature.WATCHLIST
LISTS = Traits(features=(W,))
SHOW = 2
FILMS = Between(0, 1, kinds=(Kind.MOVIE,), remove=True)
ONE_WAY = Between(0, 1, Mode.ONE_WAY)
LATE = Traits(delay=300)
HIDES = (Weather(), Weather(hidden=1))
SHOWS_LATE = (Weather(), Weather(Copies.OLD))
SHOWS_ALL = (Weather(), Weather())


def put(world: World, name: str, *titles: int) -> None:
    """The user puts these on a watchlist."""
    for title in titles:
        world.edit(Edit(name, W, title, PRESENT))


def test_removals_wait_where_a_list_shows_no_film_and_the_others_of_the_run_do_not() -> None:
    """The only film left on the first list is hidden, and the show there is none of the pair's."""
    with a_world(LISTS, LISTS, FILMS) as world:
        put(world, "a", 1, SHOW, 5)
        put(world, "b", 6)
        world.rest()
        world.edit(Edit("a", W, 5, None))
        world.edit(Edit("a", W, 6, None))
        world.edit(Edit("b", W, 1, None))
        put(world, "b", 7)
        world.wait(70)
        world.run(weather=(Weather(hidden=1), Weather()))
        assert (W, 1) not in world.services["a"].now_there()
        assert {(W, 5), (W, 6)} <= world.services["b"].now_there().keys()
        assert len(world.questions()) == 2
        world.rest()


def test_nothing_goes_unasked_where_only_a_show_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_world(LISTS, LISTS, FILMS) as world:
        put(world, "a", 1, SHOW)
        world.rest()
        monkeypatch.setattr(SideView, "emptied", False)
        world.edit(Edit("a", W, 1, None))
        with pytest.raises(AssertionError, match="nothing is left there"):
            world.rest()


def rated_anew_on_both(world: World, weather: Sequence[Weather]) -> None:
    """The user took a rating off the target, gives another one there, and then another one on the source."""
    world.edit(Edit("a", R, 1, 800))
    world.rest()
    world.edit(Edit("b", R, 1, None))
    world.rest()
    world.edit(Edit("b", R, 1, 850))
    world.wait(1)
    world.edit(Edit("a", R, 1, 700))
    world.run(weather=weather)
    world.rest()


@pytest.mark.parametrize(("target", "weather"), [(Traits(), HIDES), (LATE, SHOWS_LATE)])
def test_a_rating_that_was_not_shown_stays_as_the_user_left_it(
    target: Traits, weather: Sequence[Weather]
) -> None:
    with a_world(Traits(), target, ONE_WAY) as world:
        rated_anew_on_both(world, weather)
        assert [world.services[name].value((R, 1)) for name in "ab"] == [700, 850]


def test_a_rating_that_was_shown_is_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_world(Traits(), Traits(), ONE_WAY) as world:
        rated_anew_on_both(world, SHOWS_ALL)
        assert [world.services[name].value((R, 1)) for name in "ab"] == [700, 700]
    monkeypatch.setitem(decide.ONE_WAY, (Delta.CHANGED, Delta.CHANGED), Cell.ADOPT_LEFT)
    with (
        a_world(Traits(), Traits(), ONE_WAY) as world,
        pytest.raises(AssertionError, match="700 and 850"),
    ):
        rated_anew_on_both(world, SHOWS_ALL)
