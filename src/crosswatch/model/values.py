"""Values, and the grids on which services keep ratings."""

from dataclasses import dataclass

Value = int
"""A rating in hundredths of ten points (850 = 8.5), or ``PRESENT`` for a title on a watchlist."""

PRESENT: Value = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """The ratings that a service can hold: ``low``, ``low + step`` ... ``high``, in hundredths of ten points."""

    step: int
    low: int
    high: int = 1000

    def round(self, value: Value) -> Value:
        """The grid's nearest value: half goes up, and what lies outside goes to the nearest end."""
        nearest = (2 * value + self.step) // (2 * self.step) * self.step
        return min(max(nearest, self.low), self.high)

    def coarser(self, other: "Grid") -> "Grid":
        """The grid on which values of both can be compared."""
        return Grid(max(self.step, other.step), max(self.low, other.low), min(self.high, other.high))


def same(a: Value | None, b: Value | None, grid: Grid | None) -> bool:
    """Whether two values agree on a grid (None: exactly). Absent is the same only as absent."""
    if a is None or b is None or grid is None:
        return a == b
    return grid.round(a) == grid.round(b)
