"""Ratings on grids: half goes up, ends hold, and sides compare on the coarser one."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswatch.model.values import Grid, Value, same
from tests.engine.samples import GRIDS, TMDB, TRACKER, TRAKT, examples

WIDE = st.integers(-500, 2000)
ANY_GRID = st.sampled_from(list(GRIDS.values()))


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_rounds_half_up_on_decimals_and_holds_its_ends(grid: Grid) -> None:
    for value in range(-200, 1500):
        steps = (Decimal(value) / grid.step).quantize(Decimal(1), ROUND_HALF_UP)
        nearest = int(steps) * grid.step
        expected = min(max(nearest, grid.low), grid.high)
        assert grid.round(value) == expected, value


@pytest.mark.parametrize(
    ("grid", "value", "rounded"),
    [
        (TMDB, 0, 50),
        (TMDB, 824, 800),
        (TMDB, 825, 850),
        (TMDB, 874, 850),
        (TMDB, 875, 900),
        (TMDB, 1001, 1000),
        (TRAKT, 50, 100),
        (TRAKT, 849, 800),
        (TRAKT, 850, 900),
        (TRAKT, 950, 1000),
        (TRACKER, 5, 10),
        (TRACKER, 854, 850),
        (TRACKER, 855, 860),
    ],
)
def test_rounds_as_written_down(grid: Grid, value: Value, rounded: Value) -> None:
    assert grid.round(value) == rounded


@pytest.mark.parametrize(
    ("grid", "points"),
    [(TMDB, range(50, 1001, 50)), (TRAKT, range(100, 1001, 100)), (TRACKER, range(10, 1001, 10))],
    ids=GRIDS,
)
def test_holds_exactly_its_points(grid: Grid, points: range) -> None:
    assert {grid.round(value) for value in range(-100, 1200)} == set(points)
    assert all(grid.round(point) == point for point in points)


@pytest.mark.parametrize(("one", "other"), list(product(GRIDS.values(), repeat=2)))
def test_the_coarser_grid_is_the_same_from_both_sides_and_lies_on_both(one: Grid, other: Grid) -> None:
    coarser = one.coarser(other)
    assert coarser == other.coarser(one)
    for value in range(1101):
        point = coarser.round(value)
        assert coarser.round(point) == point
        assert one.round(point) == point
        assert other.round(point) == point


@given(WIDE, WIDE, ANY_GRID)
@examples(300)
def test_rounding_keeps_order_and_goes_no_further_the_second_time(a: Value, b: Value, grid: Grid) -> None:
    assert grid.round(grid.round(a)) == grid.round(a)
    assert (a <= b) <= (grid.round(a) <= grid.round(b))


@given(st.one_of(st.none(), WIDE), st.one_of(st.none(), WIDE), st.one_of(st.none(), ANY_GRID))
@examples(300)
def test_same_is_symmetric_and_absent_is_the_same_only_as_absent(
    a: Value | None, b: Value | None, grid: Grid | None
) -> None:
    assert same(a, b, grid) == same(b, a, grid)
    assert same(a, a, grid)
    if a is None or b is None:
        assert same(a, b, grid) == (a is b)
    elif grid is None:
        assert same(a, b, grid) == (a == b)
    else:
        assert same(a, b, grid) == (grid.round(a) == grid.round(b))


@given(WIDE, ANY_GRID, ANY_GRID)
@examples(300)
def test_what_is_sent_to_a_side_agrees_with_what_it_was_made_of(
    value: Value, sender: Grid, receiver: Grid
) -> None:
    held = sender.round(value)
    assert same(held, receiver.round(held), sender.coarser(receiver))
