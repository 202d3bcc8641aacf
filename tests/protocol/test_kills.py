"""A process is killed at any point of a run; run again without edits, everything ends as if it never had been."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.protocol import draw
from tests.protocol.script import Happening, Point, Script, What
from tests.protocol.setting import Figures
from tests.protocol.world import World

CHUNKS = 4
SEEDS = 12
POINTS = tuple(Point)
BASE = """SELECT b.lane, (SELECT min(i.value) FROM title_id i WHERE i.title = b.title) AS name,
    b.source_value, b.target_value, b.source_native, b.target_native, b.ours, b.kept FROM base b
    WHERE b.source_value IS NOT NULL OR b.target_value IS NOT NULL ORDER BY 1, 2"""
ASKED = """SELECT a.lane, (SELECT min(i.value) FROM title_id i WHERE i.title = a.title) AS name, a.data
    FROM attention a WHERE a.answered_at IS NULL ORDER BY 1, 2"""


def a_story(seed: int, kill: Happening | None, figures: Figures) -> dict[str, Any]:
    """A quiet life, a run that is killed or not, and a rest: what is left in the end.

    No service takes titles off its watchlist by itself: then it would matter when it did.
    """
    pick = Random(seed).choice
    setting = draw.a_setting(pick)
    calm = tuple(replace(traits, clears=False) for traits in setting.services)
    world = World(replace(setting, services=calm), figures)
    try:
        for _ in range(4):
            world.edit(draw.an_edit(world, pick, pick((1, 2, 5))))
            if pick((True, False)):
                world.run(0, weather=draw.some_weather(world, pick))
                world.wait(pick(draw.WAITS))
        world.wait(400)
        world.run(0, Script((kill,) if kill else ()), draw.some_weather(world, pick))
        world.rest()
        return {
            **{name: service.now_there() for name, service in world.services.items()},
            "base": [tuple(row) for row in world.ground.rows(BASE)],
            "asked": [tuple(row) for row in world.ground.rows(ASKED)],
        }
    except BaseException as failed:
        failed.add_note("\n".join([str(world.setting), *world.log]))
        raise
    finally:
        world.close()


def some_kills(random: Random) -> list[Happening]:
    """A few points at which to die."""
    found = []
    for _ in range(3):
        point = random.choice(POINTS)
        late = point in draw.BEFORE and random.random() < 0.5
        what = What.KILL_LATE if late else What.KILL
        found.append(Happening(point, random.choice(draw.HOW_MANY[point]), what))
    return found


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_kill_leaves_no_trace(chunk: int) -> None:
    figures = Figures()
    for seed in range(chunk * SEEDS, (chunk + 1) * SEEDS):
        quiet = a_story(seed, None, figures)
        for kill in some_kills(Random(seed + 7)):
            assert a_story(seed, kill, figures) == quiet, f"seed {seed}, {kill}"
    print(figures)
    assert figures.ended["killed"] > SEEDS
    assert figures.writes > SEEDS
