"""Real titles and people's real ratings in the simulated TMDb."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crosswatch.simulators.tmdb import Simulator, fill_movielens_user
from crosswatch.simulators.tmdb.catalogue import default_catalogue, well_known
from crosswatch.simulators.tmdb.known import MOVIES
from crosswatch.simulators.tmdb.movielens import split_title
from tests.contract.simulated import data_root


def folder() -> Path:
    return data_root() / "data" / "movielens"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Toy Story (1995)", ("Toy Story", "", "1995")),
        ("Shawshank Redemption, The (1994)", ("The Shawshank Redemption", "", "1994")),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            ("The City of Lost Children", "La Cité des enfants perdus", "1995"),
        ),
        ("Seven (a.k.a. Se7en) (1995)", ("Seven", "", "1995")),
        ("Avventura, L' (Adventure, The) (1960)", ("L'Avventura", "The Adventure", "1960")),
        ("Babylon 5", ("Babylon 5", "", "")),
    ],
)
def test_titles_are_turned_into_their_usual_form(text: str, parts: tuple[str, str, str]) -> None:
    assert split_title(text) == parts


def test_the_catalogue_has_every_film_with_a_tmdb_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSWATCH_TEST_DATA", str(data_root()))
    catalogue = default_catalogue()
    with (folder() / "links.csv").open(encoding="utf-8", newline="") as file:
        links = [row for row in csv.DictReader(file) if row["tmdbId"]]
    assert len(links) == 9734
    assert {int(row["tmdbId"]) for row in links} <= catalogue.movies.keys()
    assert catalogue.movies[8844].title == "Jumanji"
    assert catalogue.movies[8844].imdb_id == "tt0113497"
    assert catalogue.movies[8844].date.startswith("1995-")
    films = len(catalogue.movies)
    catalogue.add_synthetic(movies=3)
    assert len(default_catalogue().movies) == films
    monkeypatch.delenv("CROSSWATCH_TEST_DATA")
    assert default_catalogue().movies.keys() == well_known().movies.keys()


def test_the_well_known_films_have_the_ids_that_movielens_gives_them() -> None:
    with (folder() / "links.csv").open(encoding="utf-8", newline="") as file:
        imdb_ids = {row["tmdbId"]: f"tt{row['imdbId']}" for row in csv.DictReader(file)}
    assert all(imdb_ids.get(str(number)) == imdb_id for number, imdb_id, *_ in MOVIES)


def test_a_movielens_user_rates_with_stars_times_two_oldest_first() -> None:
    sim = Simulator(catalogue=well_known())
    sim.add_user("alice")
    result = fill_movielens_user(sim, "alice", 1, folder=folder())
    assert (result.rows, len(result.ratings), result.without_tmdb_id, result.merged) == (232, 232, 0, 0)
    assert result.ratings[862] == 8.0
    assert sim.ratings("alice") == {("movie", number): points for number, points in result.ratings.items()}
    assert all(sim.title(("movie", number)) for number in result.ratings)
    with (folder() / "ratings.csv").open(encoding="utf-8", newline="") as file:
        mine = [row for row in csv.DictReader(file) if row["userId"] == "1"]
    oldest = min(int(row["timestamp"]) for row in mine)
    first = next(iter(result.ratings))
    with (folder() / "links.csv").open(encoding="utf-8", newline="") as file:
        movie = {row["tmdbId"]: row["movieId"] for row in csv.DictReader(file)}[str(first)]
    assert next(int(row["timestamp"]) for row in mine if row["movieId"] == movie) == oldest


def test_films_without_a_tmdb_id_are_left_out_and_shared_ids_merged(tmp_path: Path) -> None:
    links = "movieId,imdbId,tmdbId\n1,0000001,77\n2,0000002,77\n3,0000003,\n4,0000004,78\n"
    movies = (
        "movieId,title,genres\n1,A (2001),Drama\n2,A again (2001),Drama\n3,B (2002),Drama\n4,C (2003),Drama\n"
    )
    ratings = "userId,movieId,rating,timestamp\n5,2,4.5,200\n5,1,1.0,300\n5,3,2.0,100\n5,4,0.5,250\n"
    for name, text in (("links", links), ("movies", movies), ("ratings", ratings)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    sim = Simulator(catalogue=well_known())
    sim.add_user("alice")
    result = fill_movielens_user(sim, "alice", 5, folder=tmp_path)
    assert (result.rows, result.without_tmdb_id, result.merged) == (4, 1, 1)
    assert list(result.ratings.items()) == [(78, 1.0), (77, 2.0)]
