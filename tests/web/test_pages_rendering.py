"""Figures, times and addresses as the templates show them; labels that cover everything that can come."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from crosswatch.errors import HouseError
from crosswatch.model.kinds import Action, Feature, Kind, Mode
from crosswatch.model.writes import Done
from crosswatch.web.pages import labels
from crosswatch.web.pages.views import ConnectionState, Frame, HomeView, PairState, Status
from crosswatch.web.rendering import DIST, Assets, Pages, duration, number, plural, rating, relative
from tests.browser.page_parts import NOW
from tests.browser.page_states import RECENT, pair

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (999, "999"), (1204, "1\u202f204"), (1_234_567, "1\u202f234\u202f567")]
)
def test_numbers_are_grouped(value: int, shown: str) -> None:
    assert number(value) == shown


def test_plural() -> None:
    assert [plural(n, "title") for n in (0, 1, 2)] == ["0 titles", "1 title", "2 titles"]
    assert plural(2, "pair stops", "pairs stop") == "2 pairs stop"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (80, "1 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (180_000, "2 d 2 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("back", "shown"),
    [
        (0, "just now"),
        (59 * SECOND, "just now"),
        (MINUTE, "1 minute ago"),
        (4 * MINUTE + 59 * SECOND, "4 minutes ago"),
        (26 * HOUR, "1 day ago"),
        (-5 * SECOND, "in a moment"),
        (-3 * HOUR, "in 3 hours"),
    ],
)
def test_relative_times(back: int, shown: str) -> None:
    assert relative(NOW - back, NOW) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(850, "8.5"), (800, "8"), (1000, "10"), (50, "0.5"), (10, "0.1"), (725, "7.25")]
)
def test_ratings_are_written_as_people_do(value: int, shown: str) -> None:
    assert rating(value) == shown


def test_times_carry_the_exact_one_in_the_users_zone() -> None:
    frame = Frame(NOW, zone=timezone(timedelta(hours=2)))
    html = Pages(Assets()).render(
        "home.html", frame, HomeView(pairs=(pair(PairState.IN_STEP),), recent=RECENT[:1])
    )
    assert (
        'datetime="2026-11-23T14:53:04Z" title="23 Nov 2026, 16:53:04" data-ago>4 minutes ago</time>' in html
    )


def test_addresses_are_quoted() -> None:
    view = HomeView(recent=(replace(RECENT[0], id="a/b?c"),))
    assert '/runs/a%2Fb%3Fc"' in Pages(Assets()).render("home.html", Frame(NOW), view)


def test_a_name_that_a_view_lacks_is_an_error() -> None:
    @dataclass
    class Poor:
        status: int = 404

    with pytest.raises(UndefinedError):
        Pages(Assets()).render("error.html", Frame(NOW), Poor())


def test_without_built_files_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(HouseError) as caught:
        Assets(tmp_path)
    assert caught.value.code == "assets_missing"


def test_an_icon_that_is_not_built_is_an_error() -> None:
    with pytest.raises(KeyError):
        Assets().icon("unicorn")


def test_every_label_has_an_icon_that_is_built() -> None:
    assets = Assets()
    tables = (
        labels.FEATURES, labels.KINDS, labels.MODES, labels.ACTIONS, labels.STATUSES, labels.PAIR_STATES,
        labels.CONNECTION_STATES, labels.COUNTS, labels.OUTCOMES,
    )  # fmt: skip
    used = {label.icon for table in tables for label in table.values()}
    for icon in used:
        assert assets.icon(icon)
    assert "" not in used


@pytest.mark.parametrize(
    ("words", "table"),
    [
        (Feature, labels.FEATURES),
        (Kind, labels.KINDS),
        (Mode, labels.MODES),
        (Action, labels.ACTIONS),
        (Status, labels.STATUSES),
        (PairState, labels.PAIR_STATES),
        (ConnectionState, labels.CONNECTION_STATES),
    ],
)
def test_labels_cover_every_word(words: type[StrEnum], table: dict[str, labels.Label]) -> None:
    assert set(table) == set(words)


def test_outcomes_cover_every_end_of_a_write() -> None:
    assert {done.value for done in Done} <= set(labels.OUTCOMES)


@pytest.mark.parametrize("state", PairState)
def test_home_has_an_answer_for_every_state(state: PairState) -> None:
    assert HomeView(pairs=(pair(state),)).mood in labels.MOODS


def test_home_tells_the_worst_first() -> None:
    assert HomeView(pairs=(pair(PairState.IN_STEP), pair(PairState.BROKEN))).mood == "broken"
    assert HomeView(pairs=(pair(PairState.OFF), pair(PairState.IN_STEP))).mood == "in_step"


def test_icons_are_named_once() -> None:
    names = json.loads((DIST.parent / "src" / "icons.json").read_text("utf-8"))
    assert len(names) == len(set(names))
