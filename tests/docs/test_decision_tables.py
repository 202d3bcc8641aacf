"""The page on how lists are decided is what its tool makes of the program's tables, and says all of them."""

from __future__ import annotations

import pytest

from crosswatch.engine.decide import Cell, Table
from crosswatch.engine.delta import Delta
from tools.decision_tables import CELLS, PAGE, SYMBOLS, TABLES, drawn, filled, named, parts

RENEW = "run .venv/bin/python -m tools.decision_tables"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_tool_makes(page: str) -> None:
    assert filled(page) == page, RENEW


def test_every_part_is_on_the_page_once(page: str) -> None:
    assert sorted(named(page)) == sorted(parts())


def test_every_symbol_and_every_cell_has_plain_words() -> None:
    assert set(SYMBOLS) == set(Delta)
    assert set(CELLS) == set(Cell)
    assert len(set(CELLS.values())) == len(Cell), "two cells that mean different things read alike"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_shows_each_of_its_cells_in_its_place(name: str, page: str) -> None:
    assert shown(drawn(TABLES[name])) == {place: cell.value for place, cell in TABLES[name].items()}
    assert drawn(TABLES[name]) in page


def shown(drawing: str) -> dict[tuple[str, str], str]:
    """What stands on the page: the symbols of line and column -> the exact words of the cell."""
    head, _, *lines = [line.strip("|").split("|") for line in drawing.splitlines()]
    columns = [_exact(column) for column in head[1:]]
    found: dict[tuple[str, str], str] = {}
    for first, *cells in lines:
        found.update(
            {(_exact(first), column): _exact(cell) for column, cell in zip(columns, cells, strict=True)}
        )
    return found


def _exact(cell: str) -> str:
    return cell.strip().removesuffix("`").rpartition("`")[2]


def test_a_changed_table_would_be_noticed(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table: Table = TABLES["both ways"]
    monkeypatch.setitem(table, (Delta.GONE, Delta.SAME), Cell.NONE)
    assert filled(page) != page
