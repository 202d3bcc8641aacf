"""The JSON of titles as TMDb writes it: list rows (made once, kept as text) and the parts that details share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosswatch.simulators.tmdb.answers import dump
from crosswatch.simulators.tmdb.catalogue import Episode, Key, Movie, Season, Show, Title, stable_number

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DATE_FIELDS = ("release_date", "first_air_date", "air_date")


def image_path(kind: str, key: Key) -> str:
    """A path that looks like TMDb's and from which `key_of_image` reads the title again."""
    chance = stable_number(kind, key) * 7919
    letters = ""
    while len(letters) < 27 - len(_plain(key)) - 2:
        chance, place = divmod(chance or stable_number(letters), len(_ALPHABET))
        letters += _ALPHABET[place]
    return f"/{letters}_{_plain(key)}{kind[0]}.jpg"


def _plain(key: Key) -> str:
    return key[0][0] + "x".join(str(part) for part in key[1:])


def key_of_image(path: str) -> Key | None:
    """The title of an image path, or None where it is none of ours."""
    stem, _, ending = path.rpartition(".")
    _, _, plain = stem.rpartition("_")
    kinds = {"m": "movie", "t": "tv", "e": "episode"}
    numbers = plain[1:-1].split("x")
    if (
        ending not in {"jpg", "png", "svg"}
        or plain[:1] not in kinds
        or not all(n.isdecimal() for n in numbers)
    ):
        return None
    if len(numbers) == 1:
        return (kinds[plain[0]], int(numbers[0]))
    return ("episode", int(numbers[0]), int(numbers[1]), int(numbers[2])) if len(numbers) == 3 else None


def overview(title: Movie | Show) -> str:
    """Two plain sentences; what they say matters to nobody, that they have a usual length does."""
    what = "film" if isinstance(title, Movie) else "series"
    return (
        f"{title.name} is a {what} first seen in {title.date[:4] or 'an unknown year'}. Its people want something "
        "badly, and what stands in their way is mostly themselves; by the end nothing is quite as it was."
    )


class Shapes:
    """Rows and details of one simulator; rows are kept as text until a knob that shapes them is turned."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._shaped_by: tuple[float, float] = (0.0, 0.0)
        self._texts: dict[Key, tuple[Title, str]] = {}

    def row_text(self, title: Title) -> str:
        """The list row of a title as JSON text."""
        shaped_by = (self._sim.knobs.undated_share, self._sim.knobs.posterless_share)
        if shaped_by != self._shaped_by:
            self._texts.clear()
            self._shaped_by = shaped_by
        kept = self._texts.get(title.key)
        if kept is None or kept[0] is not title:
            kept = self._texts[title.key] = (title, dump(self.row(title)).decode())
        return kept[1]

    def row(self, title: Title) -> dict[str, Any]:
        """The list row of a title: movie, show or episode shape."""
        if isinstance(title, Episode):
            return self.episode_row(title)
        chance = stable_number("numbers", title.key)
        row: dict[str, Any] = {
            "adult": title.adult,
            "backdrop_path": self.image("backdrop", title.key),
            "genre_ids": list(title.genre_ids),
            "id": title.id,
        }
        if isinstance(title, Show):
            row["origin_country"] = ["US"]
        names = ("title", "release_date") if isinstance(title, Movie) else ("name", "first_air_date")
        row |= {
            "original_language": "en",
            f"original_{names[0]}": title.original_title or title.name,
            "overview": overview(title),
            "popularity": self.popularity(title.key),
            "poster_path": self.image("poster", title.key),
            names[1]: title.date,
            names[0]: title.name,
        }
        if isinstance(title, Movie):
            row["video"] = False
        row |= {
            "vote_average": round(4 + chance % 5000 / 1000, 3),
            "vote_count": chance % 20_000,
            "softcore": False,
        }
        return self.dated(row, title.key)

    def episode_row(self, episode: Episode) -> dict[str, Any]:
        """The list row of an episode; the show's name is not in it (OpenAPI document)."""
        chance = stable_number("numbers", episode.key)
        row = {
            "air_date": episode.date,
            "episode_number": episode.number,
            "id": episode.id,
            "name": episode.name,
            "overview": "",
            "production_code": "",
            "runtime": 22 + chance % 40,
            "season_number": episode.season,
            "show_id": episode.show_id,
            "still_path": self.image("still", episode.key),
            "vote_average": round(5 + chance % 4000 / 1000, 3),
            "vote_count": chance % 400,
        }
        return self.dated(row, episode.key)

    def popularity(self, key: Key) -> float:
        """How popular a title is: made up, the same in every run."""
        return round(stable_number("popularity", key) % 100_000 / 1000 + 0.6, 4)

    def image(self, kind: str, key: Key) -> str | None:
        """An image path, or null for the share of titles that have none."""
        share = self._sim.knobs.posterless_share
        return (
            None
            if share and stable_number("posterless", key) % 1000 < share * 1000
            else image_path(kind, key)
        )

    def dated(self, row: dict[str, Any], key: Key) -> dict[str, Any]:
        """The row with its date as TMDb may have it: in place, "", null or not there at all."""
        share = self._sim.knobs.undated_share
        chance = stable_number("undated", key)
        if share and chance % 1000 < share * 1000:
            name = next(field for field in _DATE_FIELDS if field in row)
            if chance // 1000 % 3 == 2:
                del row[name]
            else:
                row[name] = ("", None)[chance // 1000 % 3]
        return row

    def season_row(self, season: Season) -> dict[str, Any]:
        """A season as it stands in a show's details and in find."""
        return {
            "air_date": season.date,
            "episode_count": len(season.episodes),
            "id": season.id,
            "name": season.name,
            "overview": "",
            "poster_path": self.image("poster", ("tv", season.show_id)),
            "season_number": season.number,
            "vote_average": 7.5,
        }
