"""What must be true of a lane once nobody edits any more and every delay has passed."""

from crosswatch.engine.base import Key
from crosswatch.engine.planned import Plan
from crosswatch.model.kinds import Mode, Side
from crosswatch.model.values import same
from tests.engine.promises import STAYS
from tests.engine.services import By
from tests.engine.world import World


def comes_to_rest(world: World) -> None:
    """The sides agree after two rounds, or differ for a reason that is told; what waits is done once it is allowed.

    A round more each: to learn what a service calls its titles, and where two lists are a proof, for the first one.
    """
    made = _rounds(world, 2 + _rounds_more(world))
    _in_step(world, made)
    for asked in list(world.inbox.open):
        assert world.services[asked[1].other].value(asked[0]) == world.inbox.open[asked].other, "not as asked"
        world.allow(asked)
    made = _rounds(world, 2)
    _in_step(world, made)
    assert not world.inbox.open, "what was allowed still waits"
    assert not made.writes
    assert not made.kept
    assert not [item for item in made.held if item.why not in STAYS]
    world.wait(world.delay)
    rest = world.run()
    assert (rest.writes, rest.waiting, rest.rows) == ([], [], {})
    assert rest.held == made.held


def _rounds(world: World, count: int) -> Plan:
    for _ in range(count):
        world.wait(world.delay)
        made = world.run()
    world.wait(world.delay)
    return made


def _rounds_more(world: World) -> int:
    services = world.services.values()
    return any(not service.tells_names or service.renamed for service in services) + any(
        not service.looks_up for service in services
    )


def _in_step(world: World, made: Plan) -> None:
    clashes = {clash.key for clash in made.conflicts}
    for key in world.keys - clashes:
        source, target = (world.services[side].value(key) for side in Side)
        if not same(source, target, world.grid):
            assert _is_told(world, made, key), f"title {key}: {source} and {target}"


def _is_told(world: World, made: Plan, key: Key) -> bool:
    """Whether a difference is one that the lane's rules, the user, or a service made, and that is reported."""
    row = world.base.get(key)
    agreed = row is not None and row.values == tuple(world.services[side].value(key) for side in Side)
    if agreed and row is not None and row.kept:
        return True
    if key in {asked[0] for asked in world.inbox.open} or key in {
        item.key for item in made.held if item.why in STAYS
    }:
        return True
    if agreed and (key in world.known.cleared or key in {asked[0] for asked in world.known.refused}):
        return True
    left = world.services[Side.TARGET].last_by(key, By.USER) > 0
    return world.rules.mode is Mode.ONE_WAY and left
