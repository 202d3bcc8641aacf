"""Where TMDb keeps what an account made of a title, and how its calls name the place."""

import re
from dataclasses import dataclass

from crosswatch.model.kinds import Kind
from crosswatch.model.refs import Ref
from crosswatch.providers.tmdb.shapes import id_of, place_id, whole

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Place:
    """A movie, a show, or an episode by the numbers under which TMDb airs it.

    Episodes cannot be addressed by their own id (OpenAPI document).
    """

    kind: Kind
    tmdb_id: int
    season: int = 0
    number: int = 0

    @property
    def native_id(self) -> str:
        """What the rows of TMDb's lists call it."""
        if self.kind is Kind.EPISODE:
            return place_id(self.tmdb_id, self.season, self.number)
        return str(self.tmdb_id)


def place_of(ref: Ref) -> Place | None:
    """The place of a title, None where none is known: a season, a title without TMDb's numbers, no numbers at all.

    What TMDb itself called the title comes first: it says which row was meant, whatever was learnt of it since.
    """
    if ref.native_id:
        return _place(ref.kind, [number(part) for part in ref.native_id.split("/")])
    if ref.kind is Kind.EPISODE:
        return _place(ref.kind, [number(ref.show_id("tmdb")), ref.season, ref.number])
    return _place(ref.kind, [number(ref.id("tmdb"))])


def number(text: str | None) -> int | None:
    """The number that a text is, None where it is none."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _place(kind: Kind, numbers: list[int | None]) -> Place | None:
    tmdb_id = id_of(numbers[0])
    if tmdb_id is None:
        return None
    if kind in {Kind.MOVIE, Kind.SHOW} and len(numbers) == 1:
        return Place(kind, tmdb_id)
    if kind is not Kind.EPISODE or len(numbers) != 3:
        return None
    season, episode = whole(numbers[1]), whole(numbers[2])
    return None if season is None or episode is None else Place(kind, tmdb_id, season, episode)
