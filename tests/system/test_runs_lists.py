"""TMDb's lists as they sometimes are: short, shifting, repeated, cut. Adds go on, and nothing is taken for removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crosswatch.model.kinds import Feature
from crosswatch.simulators.tmdb import Edit, Key
from tests.system.world import World, lane

PAGE_2_OF_FILMS = {"path": "rated/movies", "query": "page=2"}


def rated(world: World, films: list[Key], value: float = 7.0) -> None:
    world.sim.fill_ratings(world.user, [(film, value) for film in films])


def nothing_removed(world: World, before: dict[Key, int]) -> None:
    assert before.items() <= world.ratings.items()
    assert world.rows("SELECT * FROM base WHERE kept OR source_value IS NULL OR target_value IS NULL") == []


def films_in_step(world: World, count: int = 60) -> list[Key]:
    """So many rated films, three pages of them, synced."""
    films = world.movies(count)
    rated(world, films)
    assert world.sync().run.status == "succeeded"
    return films


@pytest.mark.parametrize(
    ("kind", "gap"), [("missing_rows", 10), ("empty_page", 20), ("duplicate_row", 0), ("replaced_row", 1)]
)
def test_a_page_with_too_few_or_wrong_rows_removes_nothing_and_adds_what_it_has(
    world: World, kind: str, gap: int
) -> None:
    films_in_step(world)
    before = world.ratings
    new = world.movies(1)
    rated(world, new, 3.0)
    world.fault(kind=kind, **PAGE_2_OF_FILMS)
    world.sim.traffic.reset()
    report = world.sync()
    assert report.run.status == "succeeded"
    assert lane(report) == {"added": 1} | ({"gap": {"source": gap}} if gap else {})
    assert world.asked("account_states") == gap
    nothing_removed(world, before)
    assert world.ratings == world.true_ratings()
    world.sim.knobs.faults = []
    assert lane(world.sync()) == {}


def test_what_a_short_page_hid_on_the_first_run_comes_with_the_next(world: World) -> None:
    films = world.movies(60)
    rated(world, films)
    world.fault(kind="empty_page", **PAGE_2_OF_FILMS)
    report = world.sync()
    assert lane(report) == {"added": 40, "gap": {"source": 20}}
    world.sim.knobs.faults = []
    assert lane(world.sync()) == {"added": 20}
    assert world.ratings == world.true_ratings()


def test_rows_that_tmdb_hides_for_good_are_told_and_kept(world: World) -> None:
    films = films_in_step(world)
    world.sim.hide_row(films[3])
    world.sim.hide_row(films[30])
    for _ in range(2):
        report = world.sync()
        assert report.run.status == "succeeded"
        assert lane(report) == {"gap": {"source": 2}}
    nothing_removed(world, world.true_ratings())


@pytest.mark.parametrize("kind", ["wrong_page", "truncated", "no_results", "html", "wrong_shape", "reset"])
def test_a_list_that_was_not_read_to_its_end_is_partial_and_removes_nothing(world: World, kind: str) -> None:
    films_in_step(world)
    before = world.ratings
    new = world.movies(1)
    rated(world, new, 3.0)
    world.clock.hasty = True
    world.fault(kind=kind, **PAGE_2_OF_FILMS)
    report = world.sync()
    assert (report.run.status, report.run.code) == ("partial", "")
    assert "page 2 of rated/movies" in report.lanes["ratings"]["incomplete"]["source"]
    assert report.lanes["ratings"]["added"] == 1
    assert report.lanes["watchlist"]["incomplete"] == {}
    nothing_removed(world, before)
    assert world.ratings == world.true_ratings()


def test_a_removal_hidden_by_a_lost_page_is_not_believed_without_its_proof(world: World) -> None:
    """Without the word of the service on the single title, an absence from half a list says nothing."""
    films = films_in_step(world)
    before = world.ratings
    world.edit("unrate", films[25])
    world.fault(kind="status", status=503, **PAGE_2_OF_FILMS)
    world.fault(kind="status", status=503, path="account_states")
    world.clock.hasty = True
    report = world.sync()
    assert report.run.status == "partial"
    assert report.lanes["ratings"]["kept"] == 0
    assert set(report.lanes["ratings"]["why_held"]) == {"not_proved"}
    nothing_removed(world, before)
    world.sim.knobs.faults = []
    assert lane(world.sync()) == {"kept": 1}


def test_a_lookup_that_fails_leaves_the_removal_open(world: World) -> None:
    films = films_in_step(world)
    world.edit("unrate", films[3])
    world.edit("unrate", films[4])
    world.fault(kind="html", path=f"/{films[3][1]}/account_states")
    report = world.sync()
    assert report.run.status == "succeeded"
    assert lane(report) in (
        {"kept": 1, "held": 1, "why_held": {"not_proved": 1}},
        {"held": 2, "why_held": {"not_proved": 2}},
    )
    world.sim.knobs.faults = []
    world.sync()
    assert lane(world.sync()) == {}
    assert len(world.rows("SELECT * FROM base WHERE kept")) == 2


def _removed_and_added(world: World, films: list[Key]) -> Callable[[], object]:
    """The totals stay, and every row after the first moves up by one: one slips from page 2 to page 1."""
    new = world.movies(1)[0]

    def edits() -> None:
        world.edit("unrate", films[0])
        world.edit("rate", new, 3.0)

    return edits


def _removed(world: World, films: list[Key]) -> Callable[[], object]:
    return lambda: world.edit("unrate", films[0])


@pytest.mark.parametrize("shift", [_removed, _removed_and_added])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_rows_that_shift_while_they_are_read_are_neither_lost_nor_removed(
    world: World, shift: Callable[[World, list[Key]], Callable[[], object]], after: int
) -> None:
    films = films_in_step(world)
    world.sim.after_list_reads(after, shift(world, films))
    reports = [world.sync() for _ in range(2)]
    assert {report.run.status for report in reports} == {"succeeded"}
    truth = world.true_ratings()
    assert truth.items() <= world.ratings.items()
    assert set(world.ratings) - set(truth) == {films[0]}
    assert sum(report.lanes["ratings"]["kept"] for report in reports) == 1
    assert len(world.rows("SELECT * FROM base WHERE kept")) == 1
    assert lane(world.sync()) == {}


def test_a_list_that_never_stands_still_is_read_three_times_and_is_partial(world: World) -> None:
    films = films_in_step(world)
    before = world.ratings
    new = world.movies(40)
    for count, film in enumerate(new, start=1):
        world.sim.after_list_reads(count, Edit(world.user, "rate", film, 3.0))
    world.sim.traffic.reset()
    report = world.sync()
    assert report.run.status == "partial"
    assert report.lanes["ratings"]["incomplete"]["source"] == "the list kept changing while it was read"
    assert report.lanes["ratings"]["kept"] == 0
    nothing_removed(world, before)
    assert len(films) < len(world.ratings) <= 100
    while len(world.sim.ratings(world.user)) < 100:
        world.sync()
    world.sync()
    assert world.ratings == world.true_ratings()


def test_two_rows_of_one_title_say_nothing_about_it(world: World) -> None:
    """Two ids of TMDb that turned out to be one title: nobody knows which of the two values is meant."""
    films = films_in_step(world, 20)
    same, other = world.title(films[3]), world.title(films[4])
    world.change("UPDATE title SET merged_into = ? WHERE id = ?", same, other)
    world.change("DELETE FROM base WHERE title = ?", other)
    world.change("DELETE FROM tracker_item WHERE title = ?", other)
    world.edit("rate", films[3], 1.0)
    report = world.sync()
    assert lane(report) == {"held": 1, "why_held": {"two_rows": 1}}
    value = world.rows("SELECT value FROM tracker_item WHERE title = ? AND feature = 'ratings'", same)
    assert [row["value"] for row in value] == [700]
    world.edit("unrate", films[4])
    assert lane(world.sync()) == {"changed": 1}


def test_what_a_cut_list_does_not_say_ends_no_row(world: World) -> None:
    """Gone from both sides, says a list of which a page is missing: perhaps it stands on that page again."""
    films = films_in_step(world)
    world.edit("unrate", films[3])
    assert lane(world.sync()) == {"kept": 1}
    world.by_hand(Feature.RATINGS, films[3], None)
    world.fault(kind="wrong_page", **PAGE_2_OF_FILMS)
    report = world.sync()
    assert report.lanes["ratings"]["why_held"] == {"not_whole": 1}
    row = world.rows("SELECT * FROM base WHERE title = ?", world.title(films[3]))[0]
    assert (row["source_value"], row["target_value"]) == (None, 700)
    world.edit("rate", films[3], 3.0)
    world.sim.knobs.faults = []
    world.sync()
    assert films[3] not in world.ratings
