"""WCAG AA for every pair of colours that meets on a page, in both themes, computed from tokens.css."""

import re

import pytest

from crosswatch.web.rendering import DIST

TOKENS = (DIST.parent / "src" / "tokens.css").read_text("utf-8")
COLOURS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS)
}
GROUNDS = ("ground", "surface", "raised")
TEXTS = [
    *((text, ground) for text in ("ink", "muted", "accent", "warn", "bad") for ground in GROUNDS),
    *((text, "accent-soft") for text in ("ink", "accent")),
    *((text, "warn-soft") for text in ("ink", "muted", "warn")),
    *((text, "bad-soft") for text in ("ink", "muted", "bad")),
    *((text, "glow") for text in ("ink", "muted", "accent", "warn", "bad")),
    ("on-accent", "accent"),
    ("on-bad", "bad"),
]
EDGES = [("edge", "ground"), ("edge", "surface"), ("accent", "ground"), ("accent", "surface")]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(text: str, ground: str, theme: str) -> None:
    assert contrast(COLOURS[text][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_fields_and_the_focus_can_be_seen(edge: str, ground: str, theme: str) -> None:
    assert contrast(COLOURS[edge][theme], COLOURS[ground][theme]) >= 3


def test_every_colour_is_a_token() -> None:
    for path in (DIST.parent / "src").glob("*.css"):
        if path.name != "tokens.css":
            found = re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", path.read_text("utf-8"))
            assert found == [], path.name
