"""Writes the tables by which lists are decided into their page of the documentation, from the program's own ones.

.venv/bin/python -m tools.decision_tables
"""

from __future__ import annotations

import re
from pathlib import Path

from crosswatch.engine.decide import (
    FIVE_MINUTES,
    ONE_DAY,
    ONE_WAY,
    ONE_WAY_NEW,
    TWO_WAY,
    TWO_WAY_NEW,
    Cell,
    Table,
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

PAGE = Path(__file__).parents[1] / "docs" / "how-lists-are-decided.md"

_HOUR_MS = 60 * 60 * 1000

SYMBOLS = {
    Delta.NOTHING: ("not there", "the title was never agreed on, and this side does not have it"),
    Delta.NEW: ("there", "the title was never agreed on, and this side has it"),
    Delta.SAME: ("as agreed", "this side says what it said when both last agreed"),
    Delta.TOUCHED: (
        "set again",
        "the same value, but its user has set it again since; only some services tell",
    ),
    Delta.CHANGED: (
        "changed",
        "another value than was agreed, or there again where it had been agreed as absent",
    ),
    Delta.GONE: ("taken off", "it was there when both agreed, and it is proved that it no longer is"),
    Delta.UNKNOWN: (
        "not known",
        "nothing can be said now: the list did not arrive whole, the absence is not proved, the reading may be "
        "older than the last change, or the end of a write is not known",
    ),
}
"""Each symbol in a word or two, and in a sentence."""

CELLS = {
    Cell.NONE: "nothing to do",
    Cell.HOLD: "held until it is known",
    Cell.ADOPT: "remembered as it is",
    Cell.LEFT: "stays as it is",
    Cell.ADOPT_LEFT: "remembered; each side keeps its own",
    Cell.ADOPT_SOURCE_LEFT: "remembered; it stays off the second account",
    Cell.ADOPT_TARGET_LEFT: "remembered; it stays on the second account",
    Cell.TO_SOURCE: "put on the first account",
    Cell.TO_TARGET: "put on the second account",
    Cell.SAME_OR_TO_SOURCE: "put on the first account, unless both now say the same",
    Cell.SAME_OR_TO_TARGET: "put on the second account, unless both now say the same",
    Cell.ABSENT_OR_SAME_OR_TO_TARGET: (
        "put on the second account, unless both now say the same or it was agreed to be absent there"
    ),
    Cell.SAME_OR_CONFLICT: "the rule for conflicts decides, unless both now say the same",
    Cell.REMOVE_ON_SOURCE: "**removed from the first account**",
    Cell.REMOVE_ON_TARGET: "**removed from the second account**",
    Cell.OURS_REMOVE_ON_TARGET: (
        "**removed from the second account** where this pair had put it there; else it stays there"
    ),
    Cell.END: "forgotten: both sides have let it go",
}
"""Each cell in plain words."""

TABLES = {
    "both ways": TWO_WAY,
    "one way": ONE_WAY,
    "both ways, never agreed on": TWO_WAY_NEW,
    "one way, never agreed on": ONE_WAY_NEW,
}


def symbols() -> str:
    """What the symbols mean, as a table."""
    lines = [f"| `{delta}` | {word} | {sentence} |" for delta, (word, sentence) in SYMBOLS.items()]
    return "\n".join(["| symbol | in a word | what it says of one side |", "|---|---|---|", *lines])


def drawn(table: Table) -> str:
    """One of the tables: a line for what the first account did, a column for the second."""
    sources = list(dict.fromkeys(source for source, _ in table))
    targets = list(dict.fromkeys(target for _, target in table))
    lines = ["| first \\ second | " + " | ".join(_named(target) for target in targets) + " |"]
    lines.append("|---" * (len(targets) + 1) + "|")
    for source in sources:
        cells = [_told(table[source, target]) for target in targets]
        lines.append(f"| {_named(source)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _named(delta: Delta) -> str:
    return f"**{SYMBOLS[delta][0]}** `{delta}`"


def _told(cell: Cell) -> str:
    return f"{CELLS[cell]}<br>`{cell}`"


def numbers() -> str:
    """The bounds in plain words, with the program's own figures."""
    lines = [
        f"- Removals: at most {FEWEST_REMOVALS} titles of one side in {WINDOW_MS // _HOUR_MS} hours, or "
        f"{100 // REMOVALS_SHARE} % of the titles that the pair keeps if that is more. Beyond it **all** removals of "
        "the sync wait, on both sides. Titles that a list lacks and that were not looked up yet count as well.",
        f"- Overwritten ratings: at most {FEWEST_OVERWRITES} of one side in the same time, or "
        f"{100 // OVERWRITES_SHARE} % of the titles. Beyond it all changes of that side wait; where two lists meet for "
        "the first time, each becomes a question with both ratings.",
        "- Nothing is removed on the word of a list that is empty, nor of a service that cannot be asked about single "
        "titles, before you have allowed it.",
        "- What has waited once goes on waiting, however few are left.",
        f"- What you allow is done by the next sync that comes to it again, freshly proved, for "
        f"{APPROVAL_MS // _HOUR_MS // 24} days, and only while the title is as it was when you were asked. It does not "
        "count against these numbers.",
        f"- Absences that are looked up in one sync: {LOOKUPS_PER_SIDE} of each side, those that wait longest first; "
        "what you have allowed to be removed comes on top.",
        f"- “Newer” means more than {FIVE_MINUTES // 60_000} minutes newer by both services' own dates, or more than "
        f"{'a day' if ONE_DAY == 24 * _HOUR_MS else f'{ONE_DAY // _HOUR_MS} hours'} where one of them is only a day. "
        "Else you are asked.",
    ]
    return "\n".join(lines)


def parts() -> dict[str, str]:
    """Everything that the tool writes, by the name in its markers."""
    return {
        "symbols": symbols(),
        **{name: drawn(table) for name, table in TABLES.items()},
        "numbers": numbers(),
    }


def filled(page: str) -> str:
    """The page with every part between its markers made anew. KeyError where a marker names no part."""
    made = parts()

    def part(found: re.Match[str]) -> str:
        return f"{found['begin']}\n{made[found['name']]}\n{found['end']}"

    return _MARKED.sub(part, page)


def named(page: str) -> list[str]:
    """The parts that a page has markers for."""
    return [found["name"] for found in _MARKED.finditer(page)]


_MARKED = re.compile(r"(?P<begin><!-- made: (?P<name>[^>]+) -->)\n.*?(?P<end><!-- end -->)", re.DOTALL)


def main() -> None:
    """Writes the page."""
    page = filled(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page, encoding="utf-8")
    print(f"{PAGE.name}: {len(named(page))} parts")


if __name__ == "__main__":
    main()
