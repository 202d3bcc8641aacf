"""A service that keeps other ratings than its manifest says is found out before its rounding is taken for edits."""

import pytest

from crosswatch.engine.base import LastWrite, SideView
from crosswatch.engine.grids import SUSPECT_FOR, off_grid, read_since
from crosswatch.model.readings import Reading
from tests.engine.samples import NOW, TMDB, TRAKT


def view(
    came_back: dict[int, int | None], sent: dict[int, int], *, age: int = 50, confirmed: bool = False
) -> SideView:
    """A side to which these were sent ``age`` ms ago, with a delay of 40 ms."""
    return SideView(
        listed={key: Reading(value, NOW) for key, value in came_back.items()},
        whole=True,
        taken_at=NOW,
        delay=40,
        grid=TMDB,
        last_writes={key: LastWrite(value, NOW - age, confirmed) for key, value in sent.items()},
    )


HALVES = {1: 750, 2: 850, 3: 450, 4: 800, 5: 700}


def test_halves_that_all_come_back_whole_show_a_service_without_halves() -> None:
    for down in (0, 50, 100):
        came_back: dict[int, int | None] = {
            key: value if value % 100 == 0 else value - 50 + down for key, value in HALVES.items()
        }
        wrong = off_grid(view(came_back, HALVES), NOW)
        assert wrong == ([] if down == 50 else [1, 2, 3])


@pytest.mark.parametrize(
    "came_back",
    [
        {1: 800, 2: 900, 3: 450, 4: 800, 5: 700},  # one half came back: the two others are edits
        {1: 800, 2: 900},  # two are no proof
        {1: 900, 2: 1000, 3: 600},  # more than a step away
        {1: None, 2: None, 3: None},
    ],
)
def test_what_may_be_edits_is_taken_for_edits(came_back: dict[int, int | None]) -> None:
    assert off_grid(view(came_back, HALVES), NOW) == []


def test_only_what_is_read_for_the_first_time_and_at_full_age_counts() -> None:
    off: dict[int, int | None] = {1: 800, 2: 900, 3: 500}
    assert off_grid(view(off, HALVES), NOW) == [1, 2, 3]
    assert off_grid(view(off, HALVES, confirmed=True), NOW) == []
    assert off_grid(view(off, HALVES, age=39), NOW) == []
    assert off_grid(view(off, HALVES), NOW + SUSPECT_FOR) == []


def test_a_reading_of_full_age_is_noted_whatever_it_shows() -> None:
    assert list(read_since(view({1: 750, 2: 100, 3: None}, HALVES))) == [1, 2, 3]
    assert list(read_since(view({1: 750}, HALVES, age=39))) == []
    assert list(read_since(view({1: 750}, HALVES, confirmed=True))) == []


def test_a_watchlist_has_no_grid() -> None:
    without = view({1: 1, 2: 1, 3: 1}, {1: 1, 2: 1, 3: 1})
    assert off_grid(SideView(without.listed, True, NOW), NOW) == []
    assert TRAKT.step == 2 * TMDB.step
