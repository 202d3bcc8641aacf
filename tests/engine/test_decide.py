"""The tables are total, say what the page on keeping lists in step says, and mean only what they may."""

import os
import re
from itertools import product
from pathlib import Path

import pytest

from crosswatch.engine.base import Agreed, BaseRow, Dated
from crosswatch.engine.decide import (
    FIVE_MINUTES,
    ONE_DAY,
    ONE_WAY,
    ONE_WAY_NEW,
    TWO_WAY,
    TWO_WAY_NEW,
    Cell,
    Decision,
    Table,
    Verb,
    cell,
    conflict,
    decide,
    newest,
)
from crosswatch.engine.delta import Delta
from crosswatch.engine.guard import (
    APPROVAL_MS,
    FEWEST_OVERWRITES,
    FEWEST_REMOVALS,
    OVERWRITES_SHARE,
    REMOVALS_SHARE,
    WINDOW_MS,
)
from crosswatch.engine.plan import LOOKUPS_PER_SIDE
from crosswatch.model.kinds import Conflict, Mode, Precision, Side
from crosswatch.model.readings import Date

ROOT = Path(__file__).parents[2]
PRESENT_ROW = BaseRow(Agreed(800), Agreed(800), since=0)
OURS = BaseRow(Agreed(800), Agreed(800), since=0, ours=True)
TARGET_ABSENT = BaseRow(Agreed(800), Agreed(None), since=0)
SOURCE_ABSENT = BaseRow(Agreed(None), Agreed(800), since=0)
ROWED = (Delta.SAME, Delta.TOUCHED, Delta.CHANGED, Delta.GONE, Delta.UNKNOWN)
UNROWED = (Delta.NOTHING, Delta.NEW, Delta.UNKNOWN)
CLASHES = (
    Decision(Verb.CONFLICT),
    Decision(Verb.PUT, Side.TARGET),
    Decision(Verb.PUT, Side.SOURCE),
    Decision(Verb.ADOPT, left=True),
)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("row", "deltas"), [(None, UNROWED), (PRESENT_ROW, ROWED)], ids=["no row", "row"])
def test_every_pair_of_deltas_has_a_cell(mode: Mode, row: BaseRow | None, deltas: tuple[Delta, ...]) -> None:
    for source, target in product(deltas, repeat=2):
        found = cell(mode, row, source, target)
        assert (found is Cell.HOLD) == (Delta.UNKNOWN in (source, target))


def test_the_tables_hold_nothing_else() -> None:
    assert set(TWO_WAY) == set(ONE_WAY) == set(product(ROWED, repeat=2))
    assert set(TWO_WAY_NEW) == set(ONE_WAY_NEW) == set(product(UNROWED, repeat=2))
    assert {*TWO_WAY.values(), *ONE_WAY.values(), *TWO_WAY_NEW.values(), *ONE_WAY_NEW.values()} == set(Cell)


def plain(text: str) -> str:
    """The words of a cell without bold and backticks. The page calls the conflict rule by two names."""
    words = " ".join(text.replace("**", "").replace("`", "").split())
    words = re.sub(r" \(an edit beats a removal\)$", "", words)
    return words.replace("the conflict rule", "CONFLICT")


@pytest.fixture(scope="module")
def page() -> str:
    """The page on keeping lists in step."""
    path = (ROOT / os.environ.get("CROSSWATCH_TEST_DATA", "../shared") / "sync.md").resolve()
    if not path.is_file():
        pytest.skip(f"the tables cannot be compared: no {path} (set CROSSWATCH_TEST_DATA)")
    return path.read_text(encoding="utf-8")


def printed(table: Table, deltas: tuple[Delta, ...]) -> str:
    """A table of ours as markdown, one line per delta of the source."""
    lines = ["| S\\T | " + " | ".join(deltas) + " |", "|---" * (len(deltas) + 1) + "|"]
    lines += [
        f"| {source} | " + " | ".join(plain(table[source, target]) for target in deltas) + " |"
        for source in deltas
    ]
    return "\n".join(lines)


def on_the_page(page: str, start: str) -> str:
    """The first table after those words, with every line and column that stands for two deltas written out twice."""
    table = page.split(start, 1)[1].strip().split("\n\n")[0]
    head, _, *lines = [line.strip().strip("|").split("|") for line in table.splitlines()]
    columns = [plain(column).split() for column in head[1:]]
    cells: dict[tuple[str, str], str] = {}
    for first, *words in lines:
        for targets, text in zip(columns, words, strict=True):
            for pair in product(plain(first).split(), targets):
                assert pair not in cells, f"the page says {pair} twice"
                cells[pair] = plain(text)
    assert set(cells) == set(product(ROWED, repeat=2)), "the page has cells that we have not, or lacks some"
    rows = ["| S\\T | " + " | ".join(ROWED) + " |", "|---" * (len(ROWED) + 1) + "|"]
    rows += [
        f"| {source} | " + " | ".join(cells[source, target] for target in ROWED) + " |" for source in ROWED
    ]
    return "\n".join(rows)


def without_a_row(page: str, start: str) -> dict[str, str]:
    """The sentence that stands for the table without a base row: who has the title -> what happens."""
    sentence = page.split(start, 1)[1].split("\n\n", maxsplit=1)[0].split(". ", maxsplit=1)[0].rstrip(".")
    parts = [plain(part).removesuffix(" (the row is ours)") for part in sentence.split(";")]
    return {who: what for who, _, what in (part.partition(" -> ") for part in parts)}


@pytest.mark.parametrize(
    ("table", "start"),
    [(TWO_WAY, "Two-way, with a base row:"), (ONE_WAY, "as the user left it. With a base row:")],
    ids=list(Mode),
)
def test_the_tables_are_those_of_the_page(page: str, table: Table, start: str) -> None:
    assert printed(table, ROWED) == on_the_page(page, start)


@pytest.mark.parametrize(
    ("table", "start"),
    [(TWO_WAY_NEW, "Two-way, without:"), (ONE_WAY_NEW, "One-way, without:")],
    ids=list(Mode),
)
def test_the_tables_without_a_row_are_those_of_the_page(page: str, table: Table, start: str) -> None:
    there, nowhere = Delta.NEW, Delta.NOTHING
    ours = {
        "S only": plain(table[there, nowhere]),
        "T only": plain(table[nowhere, there]),
        "both": plain(table[there, there]),
    }
    said = without_a_row(page, start)
    unknown = {plain(cell) for pair, cell in table.items() if Delta.UNKNOWN in pair}
    assert {said.pop("any ?", plain(Cell.HOLD))} == unknown
    assert ours == said
    assert table[nowhere, nowhere] is Cell.NONE


def test_the_numbers_are_those_of_the_page(page: str) -> None:
    words = " ".join(page.replace("`", "").split())
    removals = f"at most max({FEWEST_REMOVALS}, {100 // REMOVALS_SHARE} % of the base) proved removals"
    assert f"{removals} per lane and side in {WINDOW_MS // 3_600_000} hours" in words
    assert f"guarded too (max({FEWEST_OVERWRITES}, {100 // OVERWRITES_SHARE} %))" in words
    assert f"it ends after {APPROVAL_MS // DAY} days" in words
    assert f"At most {LOOKUPS_PER_SIDE} lookups per side and run" in words
    assert f"they are more than {FIVE_MINUTES // 60_000} minutes, or a day where" in words
    assert ONE_DAY == DAY


VERBS = {
    Cell.NONE: {Verb.NONE},
    Cell.HOLD: {Verb.HOLD},
    Cell.ADOPT: {Verb.ADOPT},
    Cell.LEFT: {Verb.NONE},
    Cell.ADOPT_LEFT: {Verb.ADOPT},
    Cell.ADOPT_SOURCE_LEFT: {Verb.ADOPT},
    Cell.ADOPT_TARGET_LEFT: {Verb.ADOPT},
    Cell.TO_SOURCE: {Verb.PUT},
    Cell.TO_TARGET: {Verb.PUT},
    Cell.SAME_OR_TO_SOURCE: {Verb.ADOPT, Verb.PUT},
    Cell.SAME_OR_TO_TARGET: {Verb.ADOPT, Verb.PUT},
    Cell.ABSENT_OR_SAME_OR_TO_TARGET: {Verb.ADOPT, Verb.PUT},
    Cell.SAME_OR_CONFLICT: {Verb.ADOPT, Verb.PUT, Verb.CONFLICT},
    Cell.REMOVE_ON_SOURCE: {Verb.REMOVE},
    Cell.REMOVE_ON_TARGET: {Verb.REMOVE},
    Cell.OURS_REMOVE_ON_TARGET: {Verb.REMOVE, Verb.ADOPT},
    Cell.END: {Verb.END},
}
SIDES = {
    Cell.TO_SOURCE: Side.SOURCE,
    Cell.SAME_OR_TO_SOURCE: Side.SOURCE,
    Cell.REMOVE_ON_SOURCE: Side.SOURCE,
    Cell.TO_TARGET: Side.TARGET,
    Cell.SAME_OR_TO_TARGET: Side.TARGET,
    Cell.ABSENT_OR_SAME_OR_TO_TARGET: Side.TARGET,
    Cell.REMOVE_ON_TARGET: Side.TARGET,
    Cell.OURS_REMOVE_ON_TARGET: Side.TARGET,
}
ROWS = (None, PRESENT_ROW, OURS, TARGET_ABSENT, SOURCE_ABSENT)


@pytest.mark.parametrize("found", Cell)
def test_every_cell_means_only_what_it_may(found: Cell) -> None:
    verbs = set()
    for row, agrees, clash in product(ROWS, (True, False), CLASHES):
        made = decide(found, row, agrees=agrees, clash=clash)
        verbs.add(made.verb)
        assert (made.side is not None) == (made.verb in (Verb.PUT, Verb.REMOVE))
        if made.side is not None and found in SIDES:
            assert made.side is SIDES[found]
        if made.left:
            assert made.verb in (Verb.NONE, Verb.ADOPT)
    assert verbs == VERBS[found]


@pytest.mark.parametrize("found", Cell)
def test_what_is_the_same_is_never_written_and_never_a_conflict(found: Cell) -> None:
    for row, clash in product(ROWS, CLASHES):
        made = decide(found, row, agrees=True, clash=clash)
        assert made.verb is not Verb.CONFLICT
        if "same?" in found:
            assert made.verb is Verb.ADOPT


def test_a_conflict_ends_as_its_rule_says() -> None:
    for row, clash in product(ROWS, CLASHES):
        assert decide(Cell.SAME_OR_CONFLICT, row, agrees=False, clash=clash) == clash


def test_only_what_this_lane_put_on_the_target_is_taken_off_a_one_way_target() -> None:
    adopt_left, clash = Decision(Verb.ADOPT, left=True), CLASHES[0]
    for row in (None, PRESENT_ROW, SOURCE_ABSENT):
        assert decide(Cell.OURS_REMOVE_ON_TARGET, row, agrees=False, clash=clash) == adopt_left
    ours = decide(Cell.OURS_REMOVE_ON_TARGET, OURS, agrees=False, clash=clash)
    assert ours == Decision(Verb.REMOVE, Side.TARGET)


def test_what_the_user_took_off_a_one_way_target_stays_off() -> None:
    for agrees in (True, False):
        made = decide(Cell.ABSENT_OR_SAME_OR_TO_TARGET, TARGET_ABSENT, agrees=agrees, clash=CLASHES[0])
        assert made == Decision(Verb.ADOPT, left=True)
    changed = decide(Cell.ABSENT_OR_SAME_OR_TO_TARGET, PRESENT_ROW, agrees=False, clash=CLASHES[0])
    assert changed == Decision(Verb.PUT, Side.TARGET)


@pytest.mark.parametrize("found", sorted(set(ONE_WAY.values()) | set(ONE_WAY_NEW.values())))
def test_no_cell_of_a_one_way_lane_writes_to_the_source(found: Cell) -> None:
    rules = [conflict(rule, Mode.ONE_WAY, dated, own_dates=True) for rule in Conflict for dated in DATED]
    for row, agrees, clash in product(ROWS, (True, False), rules):
        assert decide(found, row, agrees=agrees, clash=clash).side is not Side.SOURCE


FIVE, DAY = 5 * 60_000, 24 * 60 * 60_000


def dated(source: int | None, target: int | None, *, day: str = "") -> Dated:
    """Both dates; ``day`` names the sides that know only a plain day."""
    return Dated(
        None if source is None else Date(source, Precision.DAY if "S" in day else Precision.INSTANT),
        None if target is None else Date(target, Precision.DAY if "T" in day else Precision.INSTANT),
    )


DATED = (dated(DAY, 0), dated(0, DAY), dated(None, 0), dated(0, None), dated(None, None), dated(0, 0))


@pytest.mark.parametrize(
    ("dates", "winner"),
    [
        (dated(FIVE + 1, 0), Side.SOURCE),
        (dated(0, FIVE + 1), Side.TARGET),
        (dated(FIVE, 0), None),
        (dated(0, FIVE), None),
        (dated(0, 0), None),
        (dated(None, 0), None),
        (dated(0, None), None),
        (dated(None, None), None),
        *[(dated(DAY, 0, day=day), None) for day in ("S", "T", "ST")],
        *[(dated(0, DAY, day=day), None) for day in ("S", "T", "ST")],
        *[(dated(DAY + 1, 0, day=day), Side.SOURCE) for day in ("S", "T", "ST")],
        *[(dated(0, DAY + 1, day=day), Side.TARGET) for day in ("S", "T", "ST")],
    ],
)
def test_newest_is_told_only_where_the_dates_are_clearly_apart(dates: Dated, winner: Side | None) -> None:
    assert newest(dates) is winner


@pytest.mark.parametrize("mode", Mode)
def test_who_wins_by_each_rule(mode: Mode) -> None:
    ask, to_target = Decision(Verb.CONFLICT), Decision(Verb.PUT, Side.TARGET)
    target_wins = {
        Mode.ONE_WAY: Decision(Verb.ADOPT, left=True),
        Mode.TWO_WAY: Decision(Verb.PUT, Side.SOURCE),
    }[mode]
    for dates, own in product(DATED, (True, False)):
        assert conflict(Conflict.ASK, mode, dates, own_dates=own) == ask
        assert conflict(Conflict.SOURCE, mode, dates, own_dates=own) == to_target
        assert conflict(Conflict.TARGET, mode, dates, own_dates=own) == target_wins
    newer_source, newer_target = dated(FIVE + 1, 0), dated(0, FIVE + 1)
    assert conflict(Conflict.NEWEST, mode, newer_source, own_dates=True) == to_target
    assert conflict(Conflict.NEWEST, mode, newer_target, own_dates=True) == target_wins
    assert conflict(Conflict.NEWEST, mode, dated(FIVE, 0), own_dates=True) == ask
    for dates in DATED:
        assert conflict(Conflict.NEWEST, mode, dates, own_dates=False) == ask
