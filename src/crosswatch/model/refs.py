"""How a service names a title: ids, place in a show, and hints for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswatch.model.kinds import Kind

Ids = tuple[tuple[str, str], ...]
"""Sorted pairs of (namespace, value), for example ``(("imdb", "tt0133093"), ("tmdb", "603"))``."""


def ids(pairs: Mapping[str, object] | None = None, /, **more: object) -> Ids:
    """Ids from names and values, sorted; ``None`` and empty values are left out."""
    merged = {**(pairs or {}), **more}
    return tuple(sorted((name, str(value)) for name, value in merged.items() if value not in (None, "")))


@dataclass(frozen=True, slots=True)
class Hints:
    """What a service said about a title besides its ids. Decides nothing; shown to people, used for matching."""

    name: str = ""
    year: int | None = None
    poster: str = ""
    """The path of the picture at TMDb's image host, beginning with a slash, or empty."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One title as one service names it. Two refs are equal when their names are; hints do not count.

    For an episode ``show_ids``, ``season`` and ``number`` say where it stands (season 0 is legal).
    ``native_id`` is what the service itself calls the title in its calls; empty where it has not said yet.
    """

    kind: Kind
    ids: Ids
    native_id: str = ""
    show_ids: Ids = ()
    season: int | None = None
    number: int | None = None
    hints: Hints = field(default=Hints(), compare=False)

    def id(self, namespace: str) -> str | None:
        """The id in that namespace, or None."""
        return next((value for name, value in self.ids if name == namespace), None)

    def show_id(self, namespace: str) -> str | None:
        """The show's id in that namespace, or None; for episodes and seasons only."""
        return next((value for name, value in self.show_ids if name == namespace), None)
