"""The tables: what shall happen, given what each side did. Data first, and one function that reads it.

Cells are written as on the page on keeping lists in step, so that the two can be compared word by word.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from crosswatch.engine.base import BaseRow, Dated
from crosswatch.engine.delta import Delta
from crosswatch.model.kinds import Conflict, Mode, Precision, Side


class Cell(StrEnum):
    """The words of the tables."""

    NONE = "none"
    HOLD = "hold"
    ADOPT = "adopt"
    LEFT = "left"
    ADOPT_LEFT = "adopt (left)"
    ADOPT_SOURCE_LEFT = "adopt: (S, absent) (left)"
    ADOPT_TARGET_LEFT = "adopt: (absent, T) (left)"
    TO_SOURCE = "->S"
    TO_TARGET = "->T"
    SAME_OR_TO_SOURCE = "same? adopt : ->S"
    SAME_OR_TO_TARGET = "same? adopt : ->T"
    ABSENT_OR_SAME_OR_TO_TARGET = "T absent in the row, or same? adopt : ->T"
    SAME_OR_CONFLICT = "same? adopt : CONFLICT"
    REMOVE_ON_SOURCE = "remove on S"
    REMOVE_ON_TARGET = "remove on T"
    OURS_REMOVE_ON_TARGET = "ours: remove on T; else adopt: (absent, T) (left)"
    END = "end the row"


_ROWED = (Delta.SAME, Delta.TOUCHED, Delta.CHANGED, Delta.GONE, Delta.UNKNOWN)
_UNROWED = (Delta.NOTHING, Delta.NEW, Delta.UNKNOWN)
Table = dict[tuple[Delta, Delta], Cell]


def _table(columns: tuple[Delta, ...], rows: dict[Delta, tuple[Cell, ...]]) -> Table:
    return {
        (source, target): cell
        for source, cells in rows.items()
        for target, cell in zip(columns, cells, strict=True)
    }


_HOLD_ALL = (Cell.HOLD,) * 5

TWO_WAY = _table(
    _ROWED,
    {
        Delta.SAME: (Cell.NONE, Cell.ADOPT, Cell.SAME_OR_TO_SOURCE, Cell.REMOVE_ON_SOURCE, Cell.HOLD),
        Delta.TOUCHED: (Cell.ADOPT, Cell.ADOPT, Cell.SAME_OR_TO_SOURCE, Cell.TO_TARGET, Cell.HOLD),
        Delta.CHANGED: (
            Cell.SAME_OR_TO_TARGET,
            Cell.SAME_OR_TO_TARGET,
            Cell.SAME_OR_CONFLICT,
            Cell.TO_TARGET,
            Cell.HOLD,
        ),
        Delta.GONE: (Cell.REMOVE_ON_TARGET, Cell.TO_SOURCE, Cell.TO_SOURCE, Cell.END, Cell.HOLD),
        Delta.UNKNOWN: _HOLD_ALL,
    },
)

ONE_WAY = _table(
    _ROWED,
    {
        Delta.SAME: (Cell.ADOPT, Cell.ADOPT_LEFT, Cell.ADOPT_LEFT, Cell.ADOPT_SOURCE_LEFT, Cell.HOLD),
        Delta.TOUCHED: (Cell.ADOPT, Cell.ADOPT_LEFT, Cell.ADOPT_LEFT, Cell.ADOPT_SOURCE_LEFT, Cell.HOLD),
        Delta.CHANGED: (
            Cell.ABSENT_OR_SAME_OR_TO_TARGET,
            Cell.SAME_OR_CONFLICT,
            Cell.SAME_OR_CONFLICT,
            Cell.ADOPT_SOURCE_LEFT,
            Cell.HOLD,
        ),
        Delta.GONE: (
            Cell.OURS_REMOVE_ON_TARGET,
            Cell.ADOPT_TARGET_LEFT,
            Cell.ADOPT_TARGET_LEFT,
            Cell.END,
            Cell.HOLD,
        ),
        Delta.UNKNOWN: _HOLD_ALL,
    },
)

TWO_WAY_NEW = _table(
    _UNROWED,
    {
        Delta.NOTHING: (Cell.NONE, Cell.TO_SOURCE, Cell.HOLD),
        Delta.NEW: (Cell.TO_TARGET, Cell.SAME_OR_CONFLICT, Cell.HOLD),
        Delta.UNKNOWN: (Cell.HOLD,) * 3,
    },
)

ONE_WAY_NEW = _table(
    _UNROWED,
    {
        Delta.NOTHING: (Cell.NONE, Cell.LEFT, Cell.HOLD),
        Delta.NEW: (Cell.TO_TARGET, Cell.SAME_OR_CONFLICT, Cell.HOLD),
        Delta.UNKNOWN: (Cell.HOLD,) * 3,
    },
)


class Verb(StrEnum):
    """What shall be done about one title."""

    NONE = "none"
    HOLD = "hold"
    ADOPT = "adopt"
    PUT = "put"
    REMOVE = "remove"
    CONFLICT = "conflict"
    END = "end"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verb, the side that is written (PUT, REMOVE), and whether a difference stays as the user left it."""

    verb: Verb
    side: Side | None = None
    left: bool = False


_NONE = Decision(Verb.NONE)
_HOLD = Decision(Verb.HOLD)
_ADOPT = Decision(Verb.ADOPT)
_LEFT = Decision(Verb.NONE, left=True)
_ADOPT_LEFT = Decision(Verb.ADOPT, left=True)
_PUT = {side: Decision(Verb.PUT, side) for side in Side}
_REMOVE = {side: Decision(Verb.REMOVE, side) for side in Side}
_CONFLICT = Decision(Verb.CONFLICT)
_END = Decision(Verb.END)

FIVE_MINUTES = 5 * 60 * 1000
ONE_DAY = 24 * 60 * 60 * 1000


def cell(mode: Mode, row: BaseRow | None, source: Delta, target: Delta) -> Cell:
    """The cell of the table that applies."""
    if mode is Mode.TWO_WAY:
        return (TWO_WAY_NEW if row is None else TWO_WAY)[source, target]
    return (ONE_WAY_NEW if row is None else ONE_WAY)[source, target]


def decide(found: Cell, row: BaseRow | None, *, agrees: bool, clash: Decision) -> Decision:
    """What a cell means for this title. ``agrees``: the two readings are the same on the coarser grid.

    ``clash`` is what the conflict rule says of the two readings (see ``conflict``).
    """
    match found:
        case Cell.NONE:
            return _NONE
        case Cell.HOLD:
            return _HOLD
        case Cell.ADOPT:
            return _ADOPT
        case Cell.LEFT:
            return _LEFT
        case Cell.ADOPT_LEFT | Cell.ADOPT_SOURCE_LEFT | Cell.ADOPT_TARGET_LEFT:
            return _ADOPT_LEFT
        case Cell.TO_SOURCE:
            return _PUT[Side.SOURCE]
        case Cell.TO_TARGET:
            return _PUT[Side.TARGET]
        case Cell.SAME_OR_TO_SOURCE:
            return _ADOPT if agrees else _PUT[Side.SOURCE]
        case Cell.SAME_OR_TO_TARGET:
            return _ADOPT if agrees else _PUT[Side.TARGET]
        case Cell.ABSENT_OR_SAME_OR_TO_TARGET:
            absent = row is not None and row.target.value is None
            if absent:
                return _ADOPT_LEFT
            return _ADOPT if agrees else _PUT[Side.TARGET]
        case Cell.SAME_OR_CONFLICT:
            return _ADOPT if agrees else clash
        case Cell.REMOVE_ON_SOURCE:
            return _REMOVE[Side.SOURCE]
        case Cell.REMOVE_ON_TARGET:
            return _REMOVE[Side.TARGET]
        case Cell.OURS_REMOVE_ON_TARGET:
            return _REMOVE[Side.TARGET] if row is not None and row.ours else _ADOPT_LEFT
        case Cell.END:
            return _END
        case _:
            assert_never(found)


def conflict(rule: Conflict, mode: Mode, dated: Dated, *, own_dates: bool) -> Decision:
    """Who wins where both sides have different values. A target that wins a one-way lane is left as it is."""
    winner: Side | None
    match rule:
        case Conflict.SOURCE:
            winner = Side.SOURCE
        case Conflict.TARGET:
            winner = Side.TARGET
        case Conflict.NEWEST:
            winner = newest(dated) if own_dates else None
        case Conflict.ASK:
            winner = None
        case _:
            assert_never(rule)
    if winner is None:
        return _CONFLICT
    if winner is Side.TARGET and mode is Mode.ONE_WAY:
        return _ADOPT_LEFT
    return _PUT[winner.other]


def newest(dated: Dated) -> Side | None:
    """The side with the clearly later date of its own, or None where that cannot be told.

    Clearly: more than five minutes, or more than a day where either date is only a day.
    """
    if dated.source is None or dated.target is None:
        return None
    days = Precision.DAY in (dated.source.precision, dated.target.precision)
    apart = dated.source.at - dated.target.at
    if abs(apart) <= (ONE_DAY if days else FIVE_MINUTES):
        return None
    return Side.SOURCE if apart > 0 else Side.TARGET
