"""No rating is written unseen: each was listed or looked up within a minute, and an absence was proved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crosswatch.model.kinds import Feature, Mode
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.runs.looks import GOOD_FOR_MS
from crosswatch.simulators.tmdb import Key
from crosswatch.store.pairs import PairRow
from tests.system.world import SECOND, TMDB, World, lane, make_world

CONFIRMED = 2
"""Of three ratings or more that were written, so many are asked about afterwards."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        made.second("bob")
        yield made


def rated(world: World, count: int, points: float = 6.5) -> list[Key]:
    films = world.movies(count)
    world.sim.fill_ratings("alice", [(film, points) for film in films])
    return films


def pair_of(world: World) -> PairRow:
    return world.add_pair(TMDB, SECOND, mode=Mode.TWO_WAY)


def thirty_of_many(world: World) -> tuple[PairRow, list[Key]]:
    """Two equal lists, and thirty of their titles: a fifth, so that all may be overwritten within a day."""
    films = rated(world, 150)
    world.sim.fill_ratings("bob", [(film, 6.5) for film in films])
    pair = pair_of(world)
    assert lane(world.sync(pair)) == {"adopted": 150}
    return pair, films[:30]


def at_write(world: World, monkeypatch: pytest.MonkeyPatch, number: int, then: Callable[[], None]) -> None:
    """Something happens just before a write is carried out, the first being number 1."""
    write = TmdbLink.write
    count = [0]

    async def counted(link: TmdbLink, feature: Feature, *rest: Any) -> Any:
        count[0] += 1
        if count[0] == number:
            then()
        return await write(link, feature, *rest)

    monkeypatch.setattr(TmdbLink, "write", counted)


def test_few_titles_are_looked_up_and_many_by_reading_the_list_again(world: World) -> None:
    rated(world, 4)
    pair = pair_of(world)
    world.sim.traffic.reset()
    assert lane(world.sync(pair)) == {"added": 4}
    assert world.asked("account_states") == 4 + CONFIRMED
    rated(world, 200)
    world.sim.traffic.reset()
    assert lane(world.sync(pair)) == {"added": 200}
    assert world.asked("account_states") == CONFIRMED
    assert world.asked("rated/movies") == 2 + 12 + 2  # bob's 4 rows, alice's 204 in eleven pages, bob's again


def test_where_the_list_hides_rows_every_absence_is_looked_up(world: World) -> None:
    films = rated(world, 60)
    world.sim.fill_ratings("bob", [(films[0], 6.5), (films[1], 6.5)])
    world.sim.knobs.hidden_rows = {films[0]}
    pair = pair_of(world)
    world.sim.traffic.reset()
    report = world.sync(pair)
    assert lane(report)["added"] == 58
    assert world.asked("account_states") >= 58


def test_a_change_over_a_value_just_listed_needs_no_other_look(world: World) -> None:
    pair, films = thirty_of_many(world)
    for film in films:
        world.edit("rate", film, 9.0)
    world.sim.traffic.reset()
    assert lane(world.sync(pair)) == {"changed": 30}
    assert world.asked("account_states") == CONFIRMED
    assert world.asked("rated/movies") == 2 * (8 + 1)


@pytest.mark.parametrize("seconds", [41, 61])
def test_a_look_that_has_grown_old_is_taken_again(
    world: World, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """Bob rates a title while the run writes: what was read a minute ago says nothing of it any more."""
    pair, films = thirty_of_many(world)
    for film in films:
        world.edit("rate", film, 9.0)

    def bob_rates() -> None:
        world.user = "bob"
        world.edit("rate", films[-1], 1.5)
        world.user = "alice"
        world.clock.forward(seconds)

    at_write(world, monkeypatch, 3, bob_rates)
    report = world.sync(pair)
    assert lane(report) == {"changed": 29, "moved": 1}
    assert world.sim.ratings("bob")[films[-1]] == 1.5
    assert report.run.status == "partial"


def test_a_rating_that_comes_after_the_last_look_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can compare and set at TMDb: what was overwritten in that moment is reported at least."""
    film = rated(world, 1)[0]
    pair = pair_of(world)

    def bob_rates() -> None:
        world.user = "bob"
        world.edit("rate", film, 1.5)
        world.user = "alice"

    at_write(world, monkeypatch, 1, bob_rates)
    report = world.sync(pair)
    assert (lane(report), report.run.attention) == ({"added": 1, "replaced": 1}, 1)
    assert [tuple(row) for row in world.rows("SELECT state, outcome, code FROM journal")] == [
        ("done", "applied", "replaced")
    ]


def test_a_write_that_waited_too_long_for_its_turn_does_not_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = rated(world, 3)
    pair = pair_of(world)
    at_write(world, monkeypatch, 2, lambda: world.clock.forward(GOOD_FOR_MS / 1000))
    world.sim.traffic.reset()
    assert lane(world.sync(pair)) == {"added": 3}
    assert world.sim.ratings("bob").keys() == set(films)
    posts = [one for one in world.sim.traffic.entries(path="/rating") if one.method == "POST"]
    assert len(posts) == 3
    assert world.asked("account_states") > 3


def test_a_stop_waits_a_moment_for_what_has_left_and_keeps_back_the_rest(world: World) -> None:
    rated(world, 40)
    pair = pair_of(world)
    world.fault(kind="hang", method="POST", nth=tuple(range(9, 100)), seconds=30)

    async def story() -> Any:
        run_id, fresh = await world.running.begin(pair.id, trigger="test")
        task = asyncio.create_task(world.running.carry_out(run_id, fresh))
        while len([one for one in world.sim.traffic.entries() if one.method == "POST"]) < 8:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        await world.running.cancel(run_id)
        return await task

    report = world.run(story())
    assert (report.run.status, report.run.code) == ("cancelled", "cancelled")
    figures = lane(report)
    assert figures["added"] == 8 == len(world.sim.ratings("bob"))
    assert 1 <= figures["in_doubt"] <= 8
    assert figures["added"] + figures["in_doubt"] + figures["not_sent"] == 40
    world.sim.knobs.faults = []
    world.clock.forward(60)
    assert world.sync(pair).run.status == "succeeded"
    assert world.sim.ratings("bob") == world.sim.ratings("alice")
