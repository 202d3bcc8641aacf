"""Real film titles, ids and people's ratings from the MovieLens data set, in TMDb's terms."""

from __future__ import annotations

import csv
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crosswatch.simulators.tmdb import known
from crosswatch.simulators.tmdb.catalogue import Catalogue, Movie, stable_number

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator

_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")
_ASIDE = re.compile(r"\s*\(([^()]*)\)\s*$")
_ARTICLE = re.compile(r"^(.*), (The|A|An|Le|La|Les|L'|Il|Lo|El|Los|Las|Der|Die|Das|De|Den|Det|Un|Une)$")
_GENRES = {"Sci-Fi": "Science Fiction", "Children": "Family", "Musical": "Music"}


@dataclass(frozen=True)
class MovieLensFill:
    """What `fill_movielens_user` did: ratings in TMDb points by TMDb id, and what it had to leave or merge."""

    ratings: dict[int, float]
    rows: int
    without_tmdb_id: int
    merged: int


def split_title(text: str) -> tuple[str, str, str]:
    """("The Name", "", "1995") from "Name, The (1995)"; the middle one is an original title in brackets."""
    year = _YEAR.search(text)
    rest = text[: year.start()] if year else text
    original = ""
    aside = _ASIDE.search(rest)
    while aside:
        if not aside.group(1).startswith("a.k.a."):
            original = _turned(aside.group(1).strip())
        rest = rest[: aside.start()]
        aside = _ASIDE.search(rest)
    return _turned(rest.strip()), original, year.group(1) if year else ""


def _turned(name: str) -> str:
    article = _ARTICLE.match(name)
    if not article:
        return name
    gap = "" if article.group(2).endswith("'") else " "
    return f"{article.group(2)}{gap}{article.group(1)}"


def add_movielens(catalogue: Catalogue, folder: Path) -> int:
    """Adds every film of MovieLens that has a TMDb id and is not known yet; gives how many."""
    added = 0
    links = {row["movieId"]: row for row in _rows(folder / "links.csv")}
    for row in _rows(folder / "movies.csv"):
        link = links.get(row["movieId"])
        if not link or not link["tmdbId"] or int(link["tmdbId"]) in catalogue.movies:
            continue
        number = int(link["tmdbId"])
        title, original, year = split_title(row["title"])
        chance = stable_number("date", number)
        date = f"{year}-{chance % 12 + 1:02}-{chance // 12 % 28 + 1:02}" if year else ""
        names = [_GENRES.get(name, name) for name in row["genres"].split("|")]
        genres = tuple(known.GENRES[name] for name in names if name in known.GENRES)
        catalogue.add_movie(Movie(number, title, date, f"tt{link['imdbId']}", genres, original or title))
        added += 1
    return added


def fill_movielens_user(sim: Simulator, user: str | int, movielens_id: int, *, folder: Path) -> MovieLensFill:
    """Rates as that MovieLens user did, oldest first, stars x 2 = TMDb points.

    Rows without a TMDb id are left out; where several films of MovieLens share one TMDb id, the rating with
    the latest time wins. Films that the catalogue lacks are added to it first.
    """
    add_movielens(sim.catalogue, folder)
    rows = _ratings(folder).get(movielens_id, [])
    tmdb_ids = _tmdb_ids(folder)
    latest: dict[int, tuple[int, float]] = {}
    without = merged = 0
    for movie, stars, at in rows:
        number = tmdb_ids.get(movie)
        if number is None:
            without += 1
            continue
        merged += number in latest
        if number not in latest or latest[number][0] <= at:
            latest[number] = (at, stars * 2)
    ordered = sorted(latest.items(), key=lambda item: (item[1][0], item[0]))
    ratings = {number: points for number, (_, points) in ordered}
    sim.fill_ratings(user, [(("movie", number), points) for number, points in ratings.items()])
    return MovieLensFill(ratings, len(rows), without, merged)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def _tmdb_ids(folder: Path) -> dict[str, int]:
    return {row["movieId"]: int(row["tmdbId"]) for row in _rows(folder / "links.csv") if row["tmdbId"]}


@functools.cache
def _ratings(folder: Path) -> dict[int, list[tuple[str, float, int]]]:
    people: dict[int, list[tuple[str, float, int]]] = {}
    for row in _rows(folder / "ratings.csv"):
        rating = (row["movieId"], float(row["rating"]), int(row["timestamp"]))
        people.setdefault(int(row["userId"]), []).append(rating)
    return people
