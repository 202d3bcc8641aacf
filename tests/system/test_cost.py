"""What a run costs, counted: requests by pages and statements by batches, never by titles."""

from __future__ import annotations

import math
import re
from pathlib import Path

from tests.system.world import World, lane, make_world
from tests.unit.stored import counted

PAGE = 20
LISTS = {"rated/movies": 45, "rated/tv": 3, "rated/tv/episodes": 2, "watchlist/movies": 30, "watchlist/tv": 0}
FIGURES_OF_RUNS = {"run", "run_lane", "lease", "snapshot", "lane", "journal", "attention"}
"""Tables that every run may write: when it was, how it went, that nothing was left over, no question outlived."""

PER_WINDOW = 24
"""Statements for each further 500 titles: look, mark, send, store."""


def requests(world: World) -> dict[str, int]:
    paths = [entry.path for entry in world.sim.traffic.entries()]
    return {name: sum(path.endswith(f"/{name}") for path in paths) for name in LISTS}


def written(statements: list[str]) -> set[str]:
    """The tables that these statements write."""
    found = (re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM) \"?(\w+)", statement) for statement in statements)
    return {match.group(1) for match in found if match}


def test_a_list_costs_its_pages_and_two_and_no_title_costs_anything(world: World) -> None:
    world.library()
    for _ in range(2):
        world.sim.traffic.reset()
        report = world.sync()
        asked = requests(world)
        for name, titles in LISTS.items():
            assert asked[name] <= max(1, math.ceil(titles / PAGE)) + 2, name
        assert sum(asked.values()) + 1 == world.asked() == report.run.requests
        assert world.asked("/account") == world.asked()


def test_a_change_costs_no_request_and_a_removal_one(world: World) -> None:
    keys = world.library()
    world.sync()
    world.sim.traffic.reset()
    world.sync()
    usual = world.asked()
    for key in keys[:20]:
        world.edit("rate", key, 0.5)
    world.edit("unrate", keys[-1])
    world.sim.traffic.reset()
    assert lane(world.sync())["kept"] == 1
    assert world.asked() == usual + 1


def statements_of(home: Path, titles: int) -> tuple[list[str], list[str]]:
    """What a first and a third run of so many titles send, what is told of their progress left out.

    The second one notes that what was written has been seen.
    """
    with make_world(home) as world:
        world.sim.knobs.page_size = 500
        world.sim.fill_ratings(world.user, [(film, 7.0) for film in world.movies(titles)])
        sent = []
        for _ in range(3):
            with counted(world.house.database) as statements:
                assert world.sync().run.status == "succeeded"
            progress = re.compile(r"UPDATE run SET (?!status)|SELECT run\.")
            sent.append([statement for statement in statements if not progress.match(statement)])
        return sent[0], sent[2]


def test_statements_grow_with_batches_and_a_later_run_writes_nothing(tmp_path: Path) -> None:
    few, many = statements_of(tmp_path / "few", 400), statements_of(tmp_path / "many", 2_000)
    print(f"first run: {len(few[0])} statements for 400, {len(many[0])} for 2,000; then {len(many[1])}")
    windows = 3
    assert len(many[0]) - len(few[0]) <= windows * PER_WINDOW
    assert len(many[1]) - len(few[1]) <= 2 * windows
    for _, second in (few, many):
        assert written(second) <= FIGURES_OF_RUNS
        assert not any(one.startswith("INSERT INTO journal") for one in second)
    assert {"base", "reading", "tracker_item", "title", "journal"} <= written(few[0])


def statements_of_proving(home: Path, removed: int) -> int:
    """How many statements a run takes that finds so many of sixty titles removed, its progress left out."""
    with make_world(home) as world:
        films = world.movies(60)
        world.sim.fill_ratings(world.user, [(film, 7.0) for film in films])
        world.sync()
        for film in films[:removed]:
            world.edit("unrate", film)
        with counted(world.house.database) as statements:
            assert lane(world.sync()) == {"kept": removed}
        return len([one for one in statements if " run" not in one[:16]])


def test_proving_removals_costs_the_same_statements_for_few_and_many(tmp_path: Path) -> None:
    few, many = (statements_of_proving(tmp_path / str(removed), removed) for removed in (5, 50))
    print(f"{few} statements for a run of two lanes, whatever it proves")
    assert few == many <= 120
