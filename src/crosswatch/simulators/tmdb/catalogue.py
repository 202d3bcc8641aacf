"""The titles that the simulated TMDb knows: films, shows with seasons (0 included) and episodes, and their ids."""

from __future__ import annotations

import functools
import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crosswatch.simulators.tmdb import known

Key = tuple[str, int] | tuple[str, int, int, int]
"""How the simulator names a title: ("movie", id), ("tv", id) or ("episode", show id, season, number)."""

SYNTHETIC_MOVIE = 2_000_000
SYNTHETIC_SHOW = 500_000
_FIRST_SEASON_ID = 400_000
_FIRST_EPISODE_ID = 6_000_000


@dataclass(frozen=True)
class Movie:
    """One film as TMDb would tell it."""

    id: int
    title: str
    date: str
    imdb_id: str
    genre_ids: tuple[int, ...] = ()
    original_title: str = ""
    adult: bool = False

    @property
    def key(self) -> Key:
        return ("movie", self.id)

    @property
    def name(self) -> str:
        return self.title


@dataclass(frozen=True)
class Episode:
    """One episode, addressed by show, season and number; its own id is only told."""

    id: int
    show_id: int
    season: int
    number: int
    name: str
    date: str
    imdb_id: str
    tvdb_id: int

    @property
    def key(self) -> Key:
        return ("episode", self.show_id, self.season, self.number)


@dataclass(frozen=True)
class Season:
    """One season with its episodes by number."""

    id: int
    show_id: int
    number: int
    name: str
    date: str
    tvdb_id: int
    episodes: dict[int, Episode]


@dataclass(frozen=True)
class Show:
    """One show; `sizes` are (season number, episodes), from which seasons are made when first asked for."""

    id: int
    name: str
    date: str
    imdb_id: str
    tvdb_id: int
    genre_ids: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]
    first_season_id: int
    first_episode_id: int
    original_title: str = ""
    adult: bool = False

    @property
    def key(self) -> Key:
        return ("tv", self.id)

    @functools.cached_property
    def seasons(self) -> dict[int, Season]:
        episode_id = self.first_episode_id
        made: dict[int, Season] = {}
        for place, (number, size) in enumerate(self.sizes):
            year = int(self.date[:4] or 2000) + max(number - 1, 0)
            episodes = {}
            for episode in range(1, size + 1):
                date = f"{year}-{(episode - 1) // 28 % 12 + 1:02}-{(episode - 1) % 28 + 1:02}"
                episodes[episode] = Episode(
                    id=episode_id,
                    show_id=self.id,
                    season=number,
                    number=episode,
                    name=f"Special {episode}" if number == 0 else f"Episode {episode}",
                    date=date,
                    imdb_id=f"tt{30_000_000 + episode_id}",
                    tvdb_id=episode_id + 4_000_000,
                )
                episode_id += 1
            season_id = self.first_season_id + place
            name = "Specials" if number == 0 else f"Season {number}"
            tvdb_id = season_id + 1_000_000
            made[number] = Season(season_id, self.id, number, name, f"{year}-01-01", tvdb_id, episodes)
        return made


Title = Movie | Show | Episode


class Catalogue:
    """Titles by kind and id; grows only (what TMDb deleted is the simulator's own state)."""

    def __init__(self) -> None:
        self.movies: dict[int, Movie] = {}
        self.shows: dict[int, Show] = {}
        self._season_id = _FIRST_SEASON_ID
        self._episode_id = _FIRST_EPISODE_ID
        self._also: list[tuple[tuple[str, str], Title | Season]] = []
        self._external: dict[tuple[str, str], list[Title | Season]] | None = None
        self.version = 0
        """Grows whenever the titles change."""

    def _changed(self) -> None:
        self._external = None
        self.version += 1

    def copy(self) -> Catalogue:
        """A catalogue of its own that shares the titles, which never change."""
        other = Catalogue()
        other.movies, other.shows = dict(self.movies), dict(self.shows)
        other._season_id, other._episode_id = self._season_id, self._episode_id
        other._also = list(self._also)
        return other

    def add_movie(self, movie: Movie) -> None:
        self.movies[movie.id] = movie
        self._changed()

    def add_show(
        self,
        show_id: int,
        name: str,
        date: str,
        *,
        imdb_id: str = "",
        tvdb_id: int = 0,
        genre_ids: tuple[int, ...] = (),
        sizes: tuple[tuple[int, int], ...] = ((0, 2), (1, 8)),
        adult: bool = False,
    ) -> Show:
        """Adds a show with `sizes` = (season number, episodes); season and episode ids are given in order."""
        show = Show(
            show_id,
            name,
            date,
            imdb_id,
            tvdb_id,
            genre_ids,
            sizes,
            self._season_id,
            self._episode_id,
            name,
            adult,
        )
        self._season_id += len(sizes)
        self._episode_id += sum(size for _, size in sizes)
        self.shows[show_id] = show
        self._changed()
        return show

    def add_synthetic(self, *, movies: int = 0, shows: int = 0) -> list[Key]:
        """Adds that many made-up titles with ids beyond TMDb's own; gives their keys, films first."""
        keys: list[Key] = []
        start = sum(number >= SYNTHETIC_MOVIE for number in self.movies)
        for n in range(start, start + movies):
            year, number = 1950 + n * 7 % 75, SYNTHETIC_MOVIE + n
            date = f"{year}-{n % 12 + 1:02}-{n % 28 + 1:02}"
            genres = (tuple(known.GENRES.values())[n % 18],)
            self.movies[number] = Movie(number, synthetic_name(n), date, f"tt{40_000_000 + n}", genres)
            keys.append(("movie", number))
        start = sum(number >= SYNTHETIC_SHOW for number in self.shows)
        for n in range(start, start + shows):
            number = SYNTHETIC_SHOW + n
            name = f"{synthetic_name(n * 31 + 5)}: The Series"
            sizes = ((0, 2), (1, 8), (2, 8))
            self.add_show(
                number,
                name,
                f"{1980 + n % 45}-09-01",
                imdb_id=f"tt{45_000_000 + n}",
                tvdb_id=900_000 + n,
                sizes=sizes,
            )
            keys.append(("tv", number))
        self._changed()
        return keys

    def get(self, key: Key) -> Title | None:
        """The title of this key, or None where TMDb has none."""
        if len(key) == 4:
            season = self.season(key[1], key[2])
            return season.episodes.get(key[3]) if season else None
        if key[0] == "movie":
            return self.movies.get(key[1])
        return self.shows.get(key[1]) if key[0] == "tv" else None

    def season(self, show_id: int, number: int) -> Season | None:
        show = self.shows.get(show_id)
        return show.seasons.get(number) if show else None

    def find(self, source: str, external_id: str) -> list[Title | Season]:
        """Everything that carries this id; several hits are normal (recorded for tt0137523 and TVDB 30272)."""
        if self._external is None:
            self._external = {}
            for place, title in self._with_external_ids():
                self._external.setdefault(place, []).append(title)
        return self._external.get((source, external_id), [])

    def also_known_as(self, source: str, external_id: str, title: Title | Season) -> None:
        """Gives a title a further external id, which may belong to others as well."""
        self._also.append(((source, external_id), title))
        self._changed()

    def _with_external_ids(self) -> Iterator[tuple[tuple[str, str], Title | Season]]:
        for movie in self.movies.values():
            yield ("imdb_id", movie.imdb_id), movie
            yield ("wikidata_id", wikidata_id(movie.key)), movie
        for show in self.shows.values():
            yield ("imdb_id", show.imdb_id), show
            yield ("tvdb_id", str(show.tvdb_id)), show
            yield ("wikidata_id", wikidata_id(show.key)), show
            for season in show.seasons.values():
                yield ("tvdb_id", str(season.tvdb_id)), season
                for episode in season.episodes.values():
                    yield ("imdb_id", episode.imdb_id), episode
                    yield ("tvdb_id", str(episode.tvdb_id)), episode
        yield from self._also


def wikidata_id(key: Key) -> str:
    """A made-up Wikidata id that is the same in every run."""
    return f"Q{stable_number('wikidata', key) % 90_000_000 + 10_000_000}"


def stable_number(*parts: object) -> int:
    """A number that looks random and is the same in every process (Python's own hash is not)."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=6).digest(), "big")


_FIRST = (
    "Silent",
    "Crimson",
    "Hidden",
    "Broken",
    "Golden",
    "Distant",
    "Paper",
    "Winter",
    "Electric",
    "Midnight",
)
_SECOND = (
    "Harbour",
    "Orchard",
    "Mirror",
    "Summer",
    "Station",
    "River",
    "Kingdom",
    "Letter",
    "Garden",
    "Horizon",
)


def synthetic_name(n: int) -> str:
    """A readable made-up title; the number keeps every name its own."""
    first, second = _FIRST[n % len(_FIRST)], _SECOND[n // len(_FIRST) % len(_SECOND)]
    turn = n // (len(_FIRST) * len(_SECOND))
    return f"The {first} {second}" + (f" {turn + 1}" if turn else "")


def well_known() -> Catalogue:
    """About 60 films and 27 shows with their true ids, and the awkward cases that the facts tell of."""
    catalogue = Catalogue()
    for number, imdb_id, title, date, genres in known.MOVIES:
        catalogue.add_movie(Movie(number, title, date, imdb_id, genre_numbers(genres), title))
    for number, imdb_id, tvdb_id, name, date, genres, sizes in known.SHOWS:
        seasons = ((0, 3), *enumerate(sizes, start=1))
        catalogue.add_show(
            number,
            name,
            date,
            imdb_id=imdb_id,
            tvdb_id=tvdb_id,
            genre_ids=genre_numbers(genres),
            sizes=seasons,
        )
    # One id in both spaces: film 1668 and show 1668 are different things.
    catalogue.add_movie(
        Movie(1668, "The Thousand Doors", "1968-04-02", "tt39001668", (18,), "The Thousand Doors")
    )
    # An unrelated show under the IMDb id of Fight Club: find answers in two arrays.
    catalogue.add_show(
        299_001, "Bruised: Stories of a Club", "2004-05-01", imdb_id="tt0137523", tvdb_id=899_001
    )
    # One TheTVDB id for a season and for an episode of another show (recorded for 30272).
    catalogue.also_known_as("tvdb_id", "30272", catalogue.shows[1396].seasons[1])
    catalogue.also_known_as("tvdb_id", "30272", catalogue.shows[4607].seasons[1].episodes[3])
    catalogue.add_movie(Movie(299_100, "After the Lights", "1998-01-01", "tt39299100", (18,), "", adult=True))
    return catalogue


def plain(text: str) -> str:
    """The text as search compares it: small letters, no accents, single spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join(kept.split())


def genre_numbers(names: str) -> tuple[int, ...]:
    """TMDb's genre numbers of names separated by "|"; unknown names are left out."""
    return tuple(known.GENRES[name] for name in names.split("|") if name in known.GENRES)


@functools.cache
def _loaded(folder: Path | None) -> Catalogue:
    from crosswatch.simulators.tmdb.movielens import add_movielens

    catalogue = well_known()
    if folder is not None:
        add_movielens(catalogue, folder)
    return catalogue


def default_catalogue() -> Catalogue:
    """The well-known titles and, where `$CROSSWATCH_TEST_DATA/data/movielens` exists, MovieLens's 9,700 films."""
    root = os.environ.get("CROSSWATCH_TEST_DATA")
    folder = Path(root) / "data" / "movielens" if root else None
    return _loaded(folder if folder is not None and folder.is_dir() else None).copy()
