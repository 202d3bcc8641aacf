"""The diagrams are what their program draws, say what the engine does, and can be read in both themes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import sync_playwright

from crosswatch.engine.base import Agreed, BaseRow, Rules, SideView
from crosswatch.engine.guard import Bounds
from crosswatch.engine.plan import plan
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Reading, Seen, Unknown, Why
from crosswatch.model.values import Value
from crosswatch.providers.tmdb.manifest import GRID as TMDB
from crosswatch.providers.tracker.manifest import MANIFEST as TRACKER
from tools.pictures import IMAGES, MEETINGS, PICTURES, Meeting

DRAWN = {picture.name: picture for picture in (make() for make in PICTURES)}
NOW = 1_000_000
TENTHS = TRACKER.features[Feature.RATINGS].grid


@pytest.mark.parametrize("name", DRAWN)
def test_the_committed_picture_is_what_the_program_draws(name: str) -> None:
    committed = (IMAGES / f"{name}.svg").read_text("utf-8")
    assert committed == DRAWN[name].svg(), "run: .venv/bin/python -m tools.pictures"


def test_every_picture_has_a_program() -> None:
    assert {path.stem for path in IMAGES.glob("*.svg")} == DRAWN.keys()


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_asks_nobody_else_and_says_what_it_shows(name: str) -> None:
    text = DRAWN[name].svg()
    root = ElementTree.fromstring(text)
    assert [root.find(f"{{*}}{tag}") is not None for tag in ("title", "desc")] == [True, True]
    assert set(re.findall(r"\w+://[^\s\"]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in text
    assert "@import" not in text
    assert "url(" not in text


def seen(value: Value | str | None) -> Seen:
    """What a side says of a title: a rating, its proved absence, or nothing."""
    return Unknown(Why.NOT_PROVED) if isinstance(value, str) else Reading(value, NOW, native_id="n")


@pytest.mark.parametrize("meeting", MEETINGS, ids=lambda meeting: meeting.words)
def test_both_ways_as_it_is_drawn(meeting: Meeting) -> None:
    source, target = (Agreed(value, native_id="n") for value in meeting.agreed)
    made = plan(
        {1: BaseRow(source, target, since=0)},
        SideView({1: seen(meeting.source)}, whole=True, taken_at=NOW, grid=TMDB),
        SideView({1: seen(meeting.target)}, whole=True, taken_at=NOW, grid=TENTHS),
        Rules(Feature.RATINGS, Mode.TWO_WAY, remove=True, conflict=Conflict.ASK),
        now=NOW,
    )
    verbs = {Action.ADD: "put", Action.CHANGE: "put", Action.REMOVE: "remove"}
    did = [f"{verbs[write.action]} {write.side}" for write in made.writes]
    did += ["conflict"] * len(made.conflicts) + ["hold"] * len(made.held) + ["adopt"] * made.adopted
    assert (did or ["none"]) == [meeting.does]


@pytest.mark.parametrize(("titles", "most"), [(0, 3), (30, 3), (39, 3), (40, 4), (1000, 100)])
def test_more_than_three_and_a_tenth_is_what_the_guard_holds(titles: int, most: int) -> None:
    assert Bounds(titles).most(Action.REMOVE) == most
    assert not Bounds(titles).passed(Action.REMOVE, Side.TARGET, most)
    assert Bounds(titles).passed(Action.REMOVE, Side.TARGET, most + 1)


OUTSIDE = """() => {
  const shown = document.querySelector('svg').getBoundingClientRect();
  const inside = (box, room) =>
    box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
  return [...document.querySelectorAll('svg > text, svg > g > text')].filter((line) => {
    const rect = line.parentNode.querySelector(':scope > rect');
    const room = line.parentNode.tagName === 'g' ? rect.getBoundingClientRect() : shown;
    return !inside(line.getBoundingClientRect(), room);
  }).map((line) => line.textContent);
}"""


@pytest.mark.browser
def test_no_line_leaves_its_box(chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        outside = {}
        for name, picture in DRAWN.items():
            page.set_content(picture.svg())
            assert page.locator("svg text").count() > 5
            outside[name] = page.evaluate(OUTSIDE)
        browser.close()
    assert outside == {name: [] for name in DRAWN}
