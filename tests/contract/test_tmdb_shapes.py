"""TMDb's rows and pages: exact ratings, strict ids and envelopes, and one bad row that costs only itself."""

from itertools import pairwise

import pytest

from crosswatch.errors import ServiceFailed
from crosswatch.model.kinds import Kind
from crosswatch.providers.tmdb.shapes import EpisodeState, list_page, rating_of, season_states, text_of


@pytest.mark.parametrize(
    ("points", "value"),
    [
        (8.5, 850),
        (8, 800),
        (0.5, 50),
        (10.0, 1000),
        (8.3, 830),
        (8.345, 835),
        (8.325, 833),
        (1.005, 101),
        (0.001, None),
        (0, None),
        (0.0, None),
        (-1, None),
        (10.01, None),
        (float("inf"), None),
        (float("nan"), None),
        ("8.5", None),
        (True, None),
        (None, None),
    ],
)
def test_ratings_are_exact_hundredths(points: object, value: int | None) -> None:
    assert rating_of(points) == value


def test_every_rating_that_tmdb_can_hold_is_exact() -> None:
    for half_points in range(1, 21):
        assert rating_of(half_points / 2) == half_points * 50
    values = [rating_of(hundredths / 100) for hundredths in range(1, 1001)]
    assert values == list(range(1, 1001))
    assert all(b > a for a, b in pairwise(value or 0 for value in values))


GOOD = {"id": 1, "show_id": 2, "season_number": 0, "episode_number": 0, "rating": 8.0}


@pytest.mark.parametrize(
    ("spoil", "kinds"),
    [
        ({"id": None}, "mse"),
        ({"id": "1"}, "mse"),
        ({"id": 0}, "mse"),
        ({"id": True}, "mse"),
        ({"id": 1.0}, "mse"),
        ({"rating": None}, "mse"),
        ({"rating": 0}, "mse"),
        ({"rating": 11}, "mse"),
        ({"show_id": None}, "e"),
        ({"season_number": None}, "e"),
        ({"season_number": -1}, "e"),
        ({"episode_number": "1"}, "e"),
        (
            {
                "name": 7,
                "title": 7,
                "poster_path": 7,
                "air_date": 7,
                "release_date": [],
                "first_air_date": {},
            },
            "",
        ),
        ({"name": None, "title": None, "poster_path": "x.jpg", "air_date": "19", "release_date": "soon"}, ""),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_and_the_rest_is_not_lost(
    spoil: dict[str, object], kinds: str
) -> None:
    for letter, kind in (("m", Kind.MOVIE), ("s", Kind.SHOW), ("e", Kind.EPISODE)):
        rows = [GOOD, GOOD | spoil, GOOD]
        page = list_page(
            {"page": 1, "results": rows, "total_pages": 1, "total_results": 3}, 1, kind, rated=True
        )
        assert (len(page.rows), page.unusable) == ((2, 1) if letter in kinds else (3, 0))
        assert all(row.ref.hints.poster == "" for row in page.rows)


@pytest.mark.parametrize(
    "spoil",
    [
        {"page": 2},
        {"page": "1"},
        {"page": True},
        {"page": None},
        {"results": None},
        {"results": {}},
        {"total_pages": None},
        {"total_pages": "1"},
        {"total_results": 1.0},
        {"total_results": -1},
    ],
)
def test_what_is_not_the_page_that_was_asked_for_is_no_page(spoil: dict[str, object]) -> None:
    good: dict[str, object] = {"page": 1, "results": [], "total_pages": 1, "total_results": 0}
    assert list_page(good, 1, Kind.MOVIE, rated=True).rows == ()
    with pytest.raises(ServiceFailed):
        list_page(good | spoil, 1, Kind.MOVIE, rated=True)


def test_the_states_of_a_season_are_its_ratings_by_episode() -> None:
    rows = [
        {"id": 11, "episode_number": 0, "rated": False},
        {"id": 12, "episode_number": 1, "rated": {"value": 8.5}},
        {"id": 13, "episode_number": 2, "rated": {"value": 10}},
    ]
    assert season_states({"id": 7, "results": rows}) == {
        11: EpisodeState(11, 0, None),
        12: EpisodeState(12, 1, 850),
        13: EpisodeState(13, 2, 1000),
    }
    assert season_states({"id": 7, "results": []}) == {}


@pytest.mark.parametrize(
    "spoil",
    [
        {"rated": True},
        {"rated": None},
        {"rated": {}},
        {"rated": {"value": 0}},
        {"rated": {"value": "8"}},
        {"rated": 8},
        {"id": None},
        {"id": "12"},
        {"episode_number": None},
        {"episode_number": -1},
    ],
    ids=str,
)
def test_a_season_with_a_state_that_is_not_understood_proves_nothing(spoil: dict[str, object]) -> None:
    good: dict[str, object] = {"id": 12, "episode_number": 1, "rated": False}
    with pytest.raises(ServiceFailed):
        season_states({"id": 7, "results": [good, {**good, "id": 13} | spoil]})


@pytest.mark.parametrize("results", [None, {}, "", [None], [[]]], ids=str)
def test_what_are_no_states_of_a_season_prove_nothing(results: object) -> None:
    with pytest.raises(ServiceFailed):
        season_states({"id": 7, "results": results})


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Amélie", "Amélie"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
        ("\ud800half", "half"),
        ("a\x1b]0;b\x07c", "a]0;bc"),
        ("a\u00a0b", "a b"),
        ("\u202egnirts", "gnirts"),
        (None, ""),
        (7, ""),
    ],
)
def test_texts_keep_what_can_be_shown(said: object, shown: str) -> None:
    assert text_of(said) == shown


@pytest.mark.parametrize("number", [99999999999999999999, 2**31, -1, 1.0, True, "7", None])
def test_a_number_that_none_can_be_costs_its_row_or_its_page_and_no_more(number: object) -> None:
    good = {"id": 1, "title": "Good", "rating": 8.5}
    page = {"page": 1, "total_pages": 1, "total_results": 2, "results": [{**good, "id": number}, good]}
    read = list_page(page, 1, Kind.MOVIE, rated=True)
    assert (len(read.rows), read.unusable) == (1, 1)
    with pytest.raises(ServiceFailed):
        list_page({**page, "total_results": number}, 1, Kind.MOVIE, rated=True)
