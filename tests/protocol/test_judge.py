"""The judge of lists at rest: what it lets pass, and that it lets pass no more than that."""

import pytest

from crosswatch.engine import decide
from crosswatch.engine.decide import Cell
from crosswatch.engine.delta import Delta
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Conflict, Feature, Mode, Side
from crosswatch.store.attention import Question
from crosswatch.store.held import KEEP
from tests.protocol.script import Edit
from tests.protocol.services import Traits
from tests.protocol.setting import Between, Figures, Setting
from tests.protocol.test_histories import a_world
from tests.protocol.world import World

R = Feature.RATINGS
PLACE = (R, 1)
TARGET_WINS = Between(0, 1, Mode.ONE_WAY, Conflict.TARGET)
REMOVING = Between(0, 1, Mode.ONE_WAY, remove=True)
FINER = Traits("tracker")


def both(world: World) -> list[int | None]:
    """What the two sides say of the title."""
    return [world.services[name].value(PLACE) for name in ("a", "b")]


def meets_what_it_wrote(world: World) -> None:
    """A pair is made again, and finds on its target what it once put there itself."""
    world.edit(Edit("a", R, 1, 900))
    world.rest()
    world.edit(Edit("a", R, 1, 800))
    world.make_again(0)
    world.rest()


def test_what_a_pair_wrote_before_it_was_made_again_is_the_targets_own_value() -> None:
    """Where the target wins, it stays; what is set on the source after that is carried over."""
    with a_world(Traits(), Traits(), TARGET_WINS) as world:
        meets_what_it_wrote(world)
        assert both(world) == [800, 900]
        world.edit(Edit("a", R, 1, 700))
        world.rest()
        assert both(world) == [700, 700]


def test_so_it_is_where_the_user_says_that_the_target_is_right() -> None:
    with a_world(Traits(), Traits(), Between(0, 1, Mode.ONE_WAY, Conflict.ASK)) as world:
        meets_what_it_wrote(world)
        (question,) = world.questions()
        world.answer(question, Side.TARGET)
        world.rest()
        assert both(world) == [800, 900]


def test_two_ways_such_a_value_is_asked_about() -> None:
    with a_world(Traits(), Traits(), Between(0, 1, conflict=Conflict.ASK)) as world:
        meets_what_it_wrote(world)
        assert [question.kind for question in world.questions()] == [Question.CONFLICT]


def test_once_both_agreed_again_a_single_edit_is_no_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_world(Traits(), Traits(), Between(0, 1, conflict=Conflict.ASK)) as world:
        world.edit(Edit("a", R, 1, 900))
        world.rest()
        world.make_again(0)
        world.rest()
        monkeypatch.setitem(decide.TWO_WAY, (Delta.CHANGED, Delta.SAME), Cell.SAME_OR_CONFLICT)
        world.edit(Edit("a", R, 1, 700))
        with pytest.raises(AssertionError, match="no conflict"):
            world.rest()


def test_an_edit_after_that_meeting_may_not_be_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decide.ONE_WAY, (Delta.CHANGED, Delta.SAME), Cell.ADOPT_LEFT)
    with a_world(Traits(), Traits(), TARGET_WINS) as world:
        meets_what_it_wrote(world)
        world.edit(Edit("a", R, 1, 700))
        with pytest.raises(AssertionError, match="700 and 900"):
            world.rest()


def test_where_the_source_wins_such_a_value_may_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decide.ONE_WAY_NEW, (Delta.NEW, Delta.NEW), Cell.ADOPT_LEFT)
    with (
        a_world(Traits(), Traits(), Between(0, 1, Mode.ONE_WAY)) as world,
        pytest.raises(AssertionError, match="800 and 900"),
    ):
        meets_what_it_wrote(world)


def made_again_in_step(world: World) -> None:
    """A pair is made again, and finds in step what it once put on its target itself."""
    for title in (1, 5):
        world.edit(Edit("a", R, title, 900))
    world.rest()
    world.make_again(0)
    world.rest()


def test_what_a_pair_put_there_before_it_was_made_again_stays_where_the_source_takes_it_off() -> None:
    with a_world(Traits(), Traits(), REMOVING) as world:
        made_again_in_step(world)
        world.edit(Edit("a", R, 1, None))
        world.rest()
        assert both(world) == [None, 900]
        assert not world.questions()


def test_it_may_not_be_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decide.ONE_WAY, (Delta.GONE, Delta.SAME), Cell.REMOVE_ON_TARGET)
    with a_world(Traits(), Traits(), REMOVING) as world:
        made_again_in_step(world)
        world.edit(Edit("a", R, 1, None))
        with pytest.raises(AssertionError, match="before this pair put it there"):
            world.rest()


def test_what_it_puts_there_after_that_may_not_be_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_world(Traits(), Traits(), REMOVING) as world:
        made_again_in_step(world)
        world.edit(Edit("a", R, 6, 900))
        world.rest()
        monkeypatch.setitem(decide.ONE_WAY, (Delta.GONE, Delta.SAME), Cell.ADOPT_TARGET_LEFT)
        world.edit(Edit("a", R, 6, None))
        with pytest.raises(AssertionError, match="None and 900, and nobody is asked"):
            world.rest()


def test_what_is_taken_off_right_after_two_values_were_left_as_they_are_is_a_removal() -> None:
    """Also within the same millisecond: twelve values wait, one shall stay as it is, and then it is taken off."""
    many = range(5, 17)
    world = World(Setting((Traits(), Traits()), (Between(0, 1, remove=True),), titles=48), Figures())
    try:
        for value in (900, 800):
            for title in many:
                world.edit(Edit("a", R, title, value))
            world.rest()
        (question,) = (one for one in world.questions() if one.kind == Question.OVERWRITE and one.title == 1)
        world.answer(question, KEEP)
        world.edit(Edit("a", R, many[0], None))
        world.rest()
        assert world.services["b"].value((R, many[0])) is None
    finally:
        world.close()


@pytest.mark.parametrize("stamps", list(Stamps))
def test_the_same_half_point_set_once_more_leaves_the_finer_value(stamps: Stamps) -> None:
    with a_world(Traits(stamps=stamps), FINER, Between(0, 1)) as world:
        world.edit(Edit("b", R, 1, 840))
        world.rest()
        world.edit(Edit("a", R, 1, 840))
        world.rest()
        assert both(world) == [850, 840]


def test_another_fine_value_that_came_after_the_half_point_is_found() -> None:
    """The judge was not told of it: so it is nothing that a user did."""
    with a_world(Traits(), FINER, Between(0, 1)) as world:
        world.edit(Edit("b", R, 1, 840))
        world.rest()
        world.edit(Edit("a", R, 1, 840))
        world.services["b"].put(PLACE, 860, "user")
        with pytest.raises(AssertionError, match="860, and the user set"):
            world.rest()
