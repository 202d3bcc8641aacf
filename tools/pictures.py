"""Draws the diagrams of the documentation into docs/images/, the same bytes every time; light or dark as the reader is.

.venv/bin/python -m tools.pictures
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from crosswatch.engine.guard import FEWEST_REMOVALS, REMOVALS_SHARE, WINDOW_MS
from crosswatch.model.values import Value
from crosswatch.runs.looks import GOOD_FOR_MS
from crosswatch.store.plans import EXPIRES_MS

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
HOUR_MS = 60 * 60 * 1000

STYLE = """
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 15px; }
  .ground { fill: #f4f7f5; } .box { fill: #ffffff; stroke: #c3d0ca; stroke-width: 1.5; }
  .good { fill: #dcf2e9; stroke: #0b7257; } .warn { fill: #fbeed6; stroke: #805000; }
  .ghost { fill: none; stroke-dasharray: 5 5; } .line { fill: none; stroke: #4e615b; stroke-width: 1.75; }
  .head { fill: #4e615b; } .ink { fill: #0f1e1a; } .muted { fill: #4e615b; } .strong { font-weight: 600; }
  .small { font-size: 13px; } .rule { stroke: #dbe4df; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0b1113; } .box { fill: #121a1d; stroke: #3a4a50; }
    .good { fill: #10302a; stroke: #58e0b3; } .warn { fill: #2d2513; stroke: #f2bb5e; }
    .ghost { fill: none; } .line { stroke: #9db1ad; }
    .head { fill: #9db1ad; } .ink { fill: #e9f1ef; } .muted { fill: #9db1ad; } .rule { stroke: #233035; }
  }
"""


@dataclass
class Picture:
    """One drawing; ``says`` is read out to whoever cannot see it."""

    name: str
    title: str
    says: str
    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, line: str, *, look: str = "ink", at: str = "start") -> None:
        """One line; ``y`` is its middle. ``look``: classes of the style; ``at``: start, middle or end of the line."""
        self.parts.append(
            f'<text x="{x:g}" y="{y + 5:g}" text-anchor="{at}" class="{look}">{escape(line, quote=False)}</text>'
        )

    def box(self, x: float, y: float, width: float, height: float, *lines: str, look: str = "") -> None:
        """A card with lines in its middle; the first is strong where it begins with an asterisk."""
        self.parts.append(
            f'<g><rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10" '
            f'class="{f"box {look}".strip()}"/>'
        )
        top = y + height / 2 - (len(lines) - 1) * 10
        for place, line in enumerate(lines):
            strong = " strong" if line.startswith("*") else ""
            self.text(
                x + width / 2, top + place * 20, line.removeprefix("*"), look=f"ink{strong}", at="middle"
            )
        self.parts.append("</g>")

    def arrow(self, x: float, y: float, to_x: float, to_y: float, *, label: str = "") -> None:
        """A straight arrow, across or down, with a word beside it."""
        self.parts.append(f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" class="line"/>')
        if to_x == x:
            head = f"M{to_x - 5:g} {to_y - 8:g}L{to_x:g} {to_y:g}L{to_x + 5:g} {to_y - 8:g}Z"
            self.text(x + 10, (y + to_y) / 2 - 2, label, look="muted small")
        else:
            back = -8 if to_x > x else 8
            head = f"M{to_x + back:g} {to_y - 5:g}L{to_x:g} {to_y:g}L{to_x + back:g} {to_y + 5:g}Z"
            self.text((x + to_x) / 2, y - 10, label, look="muted small", at="middle")
        self.parts.append(f'<path d="{head}" class="head"/>')

    def rule(self, y: float) -> None:
        """A thin line from edge to edge."""
        self.parts.append(f'<path d="M24 {y:g}H{self.width - 24}" class="rule"/>')

    def svg(self) -> str:
        """The whole file."""
        body = "\n".join(part for part in self.parts if not part.endswith("></text>"))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" aria-labelledby="title says">\n'
            f'<title id="title">{escape(self.title)}</title>\n<desc id="says">{escape(self.says)}</desc>\n'
            f"<style>{STYLE}</style>\n"
            f'<rect width="{self.width}" height="{self.height}" rx="16" class="ground"/>\n{body}\n</svg>\n'
        )


STEPS: tuple[tuple[tuple[str, ...], str, str, tuple[str, ...], str], ...] = (
    (("*A title is missing from one list.",), "", "", (), ""),
    (
        ("Did both sides have it", "when they last agreed?"),
        "yes",
        "no",
        ("New to that side:", "never a removal"),
        "",
    ),
    (
        ("The service is asked about this one title.", "Does it say that the title is not there?"),
        "yes",
        "no",
        ("There, or no clear word:", "nothing changes"),
        "",
    ),
    (
        ("Was it rated after it came on the watchlist?", "Then the service may have taken it off itself."),
        "no",
        "yes",
        ("Nobody's removal:", "the other side keeps it"),
        "",
    ),
    (
        ("May this pair remove? And if it goes one way,", "did it put the title there itself?"),
        "yes",
        "no",
        ("It stays there;", "nothing is written"),
        "",
    ),
    (
        ("Does another pair, or a write that is", "not settled, want it to stay there?"),
        "no",
        "yes",
        ("It stays, and is", "counted as held"),
        "",
    ),
    (
        (
            f"The guard: more than {FEWEST_REMOVALS} titles and {100 // REMOVALS_SHARE} % of the list",
            f"within {WINDOW_MS // HOUR_MS} hours? Or is that list all empty?",
        ),
        "no",
        "yes",
        ("The inbox shows every", "title, and you decide"),
        "warn",
    ),
    (
        (
            "Asked again: is that word, at the call,",
            f"less than {GOOD_FOR_MS // 1000} seconds old, and the same?",
        ),
        "yes",
        "no",
        ("Nothing is sent. The", "next sync looks again"),
        "",
    ),
)
"""What a removal passes: question, the word to go on, the word to turn off, where that leads, its look."""


def removal() -> Picture:
    """How a removal is proved."""
    pitch, left, wide, right = 84, 24, 392, 484
    end = 24 + len(STEPS) * pitch
    drawn = Picture(
        "removal",
        "How a removal is proved",
        "A title is missing from one list. It is removed from the other side only if both had it, the service itself "
        "says that it is gone, it did not take it off because of a rating, the pair may remove, nothing else wants "
        "it, the guard lets it pass, and the proof is fresh. Otherwise nothing is removed, or you are asked.",
        736,
        end + 80,
    )
    for place, (question, on, off, leads, look) in enumerate(STEPS):
        y = 24 + place * pitch
        drawn.box(left, y, wide, 56, *question)
        drawn.arrow(left + wide / 2, y + 56, left + wide / 2, y + pitch, label=on)
        if leads:
            drawn.arrow(left + wide, y + 28, right, y + 28, label=off)
            drawn.box(right, y, 228, 56, *leads, look=look)
    drawn.box(
        left, end, wide, 56, "*Removed from the other side,", "and written down in the journal", look="good"
    )
    return drawn


def first_sync() -> Picture:
    """The same two lists, met for the first time and met again."""
    drawn = Picture(
        "first-sync",
        "The first sync has no memory, so it cannot remove",
        "The same two lists twice. TMDb lacks Heat, CrossWatch has it. On the first sync nothing is remembered, so "
        "Heat is added at TMDb. Later CrossWatch remembers that both had Heat, so it was taken off at TMDb, and is "
        "removed from CrossWatch once that is proved.",
        736,
        424,
    )
    three = ("Alien", "Dune", "Heat")
    halves = (
        (24, "The first sync", ("nothing", "yet"), "ghost", "Heat is added at TMDb.", "Nothing can be removed.", ""),
        (380, "Any later sync", three, "", "Heat was taken off at TMDb:", "removed here, once proved.", "good"),
    )  # fmt: skip
    for x, name, memory, look, then, further, ends in halves:
        drawn.text(x + 166, 40, name, look="ink strong", at="middle")
        for place, (label, titles, shape) in enumerate(
            (
                ("TMDb", ("Alien", "Dune"), ""),
                ("last agreed", memory, look),
                ("CrossWatch", three, ""),
            )
        ):
            left = x + place * 114
            drawn.text(left + 52, 84, label, look="muted small", at="middle")
            drawn.box(left, 102, 104, 128, *titles, look=shape)
        drawn.arrow(x + 166, 242, x + 166, 286)
        drawn.box(x, 288, 332, 76, f"*{then}", further, look=ends)
    drawn.text(
        368, 394, "A pair that goes both ways. The two lists are the same; only the memory differs.",
        look="muted small", at="middle",
    )  # fmt: skip
    return drawn


@dataclass(frozen=True)
class Meeting:
    """One title of a pair both ways: what TMDb says, what was agreed, what the tracker says, and what follows.

    Ratings are hundredths of ten points, None is proved absent, "?" is no answer. ``does`` is the engine's own word.
    """

    source: Value | str | None
    agreed: tuple[Value, Value]
    target: Value | str | None
    does: str
    words: str


MEETINGS = (
    Meeting(800, (700, 700), 700, "put target", "8 goes to CrossWatch"),
    Meeting(700, (700, 700), 600, "put source", "6 goes to TMDb"),
    Meeting(800, (700, 700), 800, "adopt", "In step already: nothing is written"),
    Meeting(800, (700, 700), 600, "conflict", "You are asked which one counts"),
    Meeting(None, (700, 700), 700, "remove target", "Removed from CrossWatch, once proved"),
    Meeting(None, (700, 700), 900, "put source", "9 goes to TMDb: an edit beats a removal"),
    Meeting(850, (850, 830), 830, "none", "In step: TMDb holds half points only"),
    Meeting("?", (700, 700), 700, "hold", "Held: the next sync looks again"),
)


def _shown(value: Value | str | None) -> str:
    if isinstance(value, str):
        return "no word"
    return "gone" if value is None else f"{value / 100:g}"


def two_way() -> Picture:
    """What was agreed stands between the two sides."""
    pitch, top = 48, 92
    drawn = Picture(
        "two-way",
        "Both ways: each side is held against what was agreed",
        "; ".join(
            f"TMDb {_shown(one.source)}, agreed {_shown(one.agreed[0])}, CrossWatch {_shown(one.target)}: "
            f"{one.words}"
            for one in MEETINGS
        ),
        736,
        top + pitch * len(MEETINGS) + 16,
    )
    columns = (24, 136, 248)
    for x, name in zip(columns, ("TMDb", "last agreed", "CrossWatch"), strict=True):
        drawn.text(x + 48, 40, name, look="ink strong", at="middle")
    drawn.text(376, 40, "what a sync does", look="ink strong")
    for place, one in enumerate(MEETINGS):
        y = top + place * pitch
        drawn.rule(y - 24)
        source, target = one.agreed
        agreed = _shown(source) if source == target else f"{_shown(source)} · {_shown(target)}"
        for x, value, look in (
            (columns[0], _shown(one.source), _moved(one.source, source)),
            (columns[1], agreed, "ghost"),
            (columns[2], _shown(one.target), _moved(one.target, target)),
        ):
            drawn.box(x, y - 16, 96, 32, value, look=look)
        drawn.text(376, y, one.words)
    return drawn


def _moved(now: Value | str | None, then: Value) -> str:
    if isinstance(now, str):
        return "ghost"
    return "" if now == then else "good" if now is not None else "warn"


def preview() -> Picture:
    """A preview is a contract."""
    drawn = Picture(
        "preview",
        "A preview is a contract",
        "A preview reads both sides and writes nothing. Its plan can be applied for a day. Applying reads and proves "
        "everything again: either every line comes out as it was shown, and exactly these are written, or nothing is.",
        736,
        416,
    )
    drawn.box(24, 32, 192, 96, "*Preview", "reads both sides,", "writes nothing")
    drawn.arrow(216, 80, 272, 80)
    drawn.box(
        272, 32, 192, 96, "*The plan", "every title, by name;", f"good for {EXPIRES_MS // HOUR_MS} hours"
    )
    drawn.arrow(464, 80, 520, 80)
    drawn.box(520, 32, 192, 96, "*Apply", "reads, proves and", "plans once more")
    drawn.arrow(616, 128, 616, 172)
    drawn.box(440, 172, 272, 64, "Does every line come out", "as it was shown?")
    drawn.arrow(440, 204, 344, 204, label="no")
    drawn.box(72, 172, 272, 64, "*Nothing is written.", "You are told which titles moved.", look="warn")
    drawn.arrow(616, 236, 616, 280, label="yes")
    drawn.box(440, 280, 272, 64, "*Exactly these lines", "are written.", look="good")
    drawn.text(
        368, 384, "What is new since the preview was not promised: it waits for the next sync.",
        look="muted small", at="middle",
    )  # fmt: skip
    return drawn


PICTURES: tuple[Callable[[], Picture], ...] = (removal, first_sync, two_way, preview)


def main() -> None:
    """Draws all of them."""
    IMAGES.mkdir(exist_ok=True)
    for make in PICTURES:
        drawn = make()
        (IMAGES / f"{drawn.name}.svg").write_text(drawn.svg(), "utf-8")
        print(f"{drawn.name}.svg: {drawn.width} x {drawn.height}")


if __name__ == "__main__":
    main()
