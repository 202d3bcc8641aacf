"""The simulated links keep to the contract of a link, also where everything goes wrong at once."""

from crosswatch.model.kinds import Feature
from crosswatch.model.readings import Page
from tests.protocol.ground import the_loop
from tests.protocol.links import SimulatedLink
from tests.protocol.script import Edit, Happening, Point, Script, What
from tests.protocol.services import Traits
from tests.protocol.setting import Between, Figures, Setting
from tests.protocol.world import World

R = Feature.RATINGS


def test_rows_of_a_reading_that_was_given_up_are_taken_back_although_the_next_one_has_none() -> None:
    """The list grows while it is read; of the second attempt the first page cannot be had."""
    world = World(Setting((Traits(), Traits()), (Between(0, 1),)), Figures())
    world.edit(Edit("a", R, 1, 700))
    world.life.script = Script(
        (
            Happening(Point.BEFORE_CALL, 2, What.EDIT, Edit("a", R, 5, 800)),
            Happening(Point.AFTER_CALL, 3, What.REJECTED),
        )
    )
    link = SimulatedLink(world.services["a"], world.life, world)

    async def read() -> list[Page]:
        return [page async for page in link.read(R)]

    try:
        pages = the_loop().finish(read())
    finally:
        world.close()
    first, last = pages
    assert [row.value for row in first.rows] == [700]
    assert last.restart
    assert last.end is not None
    assert (last.rows, last.end.whole, last.end.gap) == ((), False, 2)
    assert not world.judge.looks, "nothing that was shown counts"
