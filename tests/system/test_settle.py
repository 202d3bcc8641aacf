"""Writes of which nobody knows whether they arrived: looked up first, and only then anything else is done."""

from __future__ import annotations

import asyncio

import pytest

from crosswatch.errors import ServiceFailed, Unreachable
from crosswatch.model.kinds import Feature
from crosswatch.model.writes import Done
from crosswatch.services.pairs import Pairs
from crosswatch.simulators.tmdb import Key
from tests.system.books import Death, StubbornBook, use_book
from tests.system.world import World, lane

LOST = (
    Unreachable("http://tracker", "timed out", maybe_done=True),
    ServiceFailed("tracker_error", status=200, number=0, message="a web page", maybe_done=True),
)


def journal(world: World) -> list[tuple[str, str]]:
    return [
        (row["state"], row["outcome"])
        for row in world.rows("SELECT state, outcome FROM journal ORDER BY run, seq")
    ]


def broken_off(world: World, film: Key, *, points: float, arrives: bool, crash: bool) -> StubbornBook:
    """The write of one rating, whose answer was lost, or whose process died while it was under way."""
    world.edit("rate", film, points)
    book = StubbornBook(world.book)
    use_book(world, book)
    book.breaks = Death() if crash else LOST[0]
    book.arrives = arrives
    if crash:
        with pytest.raises(Death):
            world.sync()
        assert journal(world)[-1] == ("sent", "")
        assert world.rows("SELECT status FROM run ORDER BY id DESC")[0]["status"] == "interrupted"
    else:
        report = world.sync()
        assert (report.run.status, lane(report)) == ("partial", {"in_doubt": 1})
        assert journal(world)[-1] == ("in_doubt", "in_doubt")
    book.breaks = None
    return book


@pytest.mark.parametrize("crash", [True, False])
@pytest.mark.parametrize("before", [None, 4.0])
def test_a_write_that_did_arrive_is_done_and_not_sent_again(
    world: World, crash: bool, before: float | None
) -> None:
    film = world.movies(1)[0]
    if before is not None:
        world.edit("rate", film, before)
        world.sync()
    book = broken_off(world, film, points=8.5, arrives=True, crash=crash)
    stored = book.stored
    report = world.sync()
    assert (report.run.status, lane(report)) == ("succeeded", {})
    assert book.stored == stored
    assert world.ratings == {film: 850}
    assert journal(world)[-1] == ("done", "applied")
    row = world.rows("SELECT * FROM base")[0]
    assert (row["source_value"], row["target_value"], row["ours"]) == (850, 850, 1)
    assert (row["source_native"], row["target_native"]) == (str(film[1]), str(world.title(film)))
    assert world.rows("SELECT value FROM last_write")[0]["value"] == 850
    assert lane(world.sync()) == {}


@pytest.mark.parametrize("crash", [True, False])
@pytest.mark.parametrize("before", [None, 4.0])
def test_a_write_that_did_not_arrive_is_dropped_and_planned_anew(
    world: World, crash: bool, before: float | None
) -> None:
    film = world.movies(1)[0]
    if before is not None:
        world.edit("rate", film, before)
        world.sync()
    broken_off(world, film, points=8.5, arrives=False, crash=crash)
    world.edit("rate", film, 9.0)
    report = world.sync()
    assert (report.run.status, lane(report)) == ("succeeded", {"changed" if before else "added": 1})
    assert world.ratings == {film: 900}
    assert ("dropped", "not_sent") in journal(world)


@pytest.mark.parametrize("arrives", [True, False])
def test_an_edit_after_a_write_that_arrived_is_a_normal_change(world: World, arrives: bool) -> None:
    film = world.movies(1)[0]
    broken_off(world, film, points=8.5, arrives=arrives, crash=True)
    world.edit("rate", film, 9.0)
    report = world.sync()
    assert lane(report) == ({"changed": 1} if arrives else {"added": 1})
    assert world.ratings == {film: 900}


def test_a_third_value_asks_once_and_nothing_is_written_over_it(world: World) -> None:
    film = world.movies(1)[0]
    world.edit("rate", film, 4.0)
    world.sync()
    broken_off(world, film, points=8.5, arrives=False, crash=True)
    assert world.by_hand(Feature.RATINGS, film, 610).done is Done.APPLIED
    for _ in range(2):
        report = world.sync()
        assert report.run.status == "succeeded"
        assert lane(report) == {"held": 1, "why_held": {"in_doubt": 1}}
        assert world.ratings == {film: 610}
    asked = world.rows("SELECT * FROM attention WHERE answered_at IS NULL")
    assert [(row["kind"], row["title"]) for row in asked] == [("doubt", world.title(film))]
    assert journal(world)[-1] == ("in_doubt", "in_doubt")


def test_no_word_on_the_title_leaves_the_doubt_and_holds_it(world: World) -> None:
    film = world.movies(1)[0]
    book = broken_off(world, film, points=8.5, arrives=False, crash=False)
    book.silent = True
    report = world.sync()
    assert lane(report) == {"held": 1, "why_held": {"in_doubt": 1}}
    assert world.ratings == {}
    book.silent = False
    assert lane(world.sync()) == {"added": 1}


@pytest.mark.parametrize("by_hand", [None, 610])
def test_a_doubt_of_a_pair_that_was_deleted_is_settled_too(world: World, by_hand: int | None) -> None:
    film = world.movies(1)[0]
    broken_off(world, film, points=8.5, arrives=True, crash=True)
    if by_hand is not None:
        world.by_hand(Feature.RATINGS, film, by_hand)
    world.run(world.house.runner.sweep())
    world.run(Pairs(world.house).remove(world.pair.id))
    world.pair = world.add_pair()
    report = world.sync()
    assert report.run.status == "succeeded"
    if by_hand is None:
        assert lane(report) == {"adopted": 1}
    else:
        assert lane(report) == {"held": 1, "why_held": {"in_doubt": 1}}
        assert [row["kind"] for row in world.rows("SELECT kind FROM attention")] == ["doubt"]
    assert world.ratings == {film: by_hand or 850}


def test_a_removal_by_hand_between_look_and_write_is_not_undone(world: World) -> None:
    """What was read is not what is there any more: the write is left out and planned again."""
    film = world.movies(1)[0]
    world.edit("rate", film, 4.0)
    world.sync()
    world.edit("rate", film, 8.5)
    book = StubbornBook(world.book)
    use_book(world, book)
    book.close()

    async def meanwhile() -> dict[str, object]:
        task = asyncio.create_task(world.started())
        while not book.waiting:
            await asyncio.sleep(0.02)
        world.change("DELETE FROM tracker_item")
        book.open()
        return lane(await task)

    assert world.run(meanwhile()) == {"moved": 1}
    assert world.ratings == {}
    assert lane(world.sync()) == {"left": 1}
    assert world.ratings == {}
