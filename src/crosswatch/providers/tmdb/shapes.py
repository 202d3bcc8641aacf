"""What we use of TMDb's answers: strict about ids, ratings and envelopes, tolerant about everything else.

Written by hand, since one bad row must not take its page with it (20 rows take 3 µs, pydantic's models 24).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crosswatch.errors import ServiceFailed
from crosswatch.model.kinds import Kind
from crosswatch.model.readings import Row
from crosswatch.model.refs import Hints, Ref, ids
from crosswatch.model.values import PRESENT, Value
from crosswatch.providers.tmdb.status import ERROR, printable

_DATE = re.compile(r"(\d{4})-\d\d-\d\d")
_WHOLE = Decimal(1)
_LARGEST = 2**31 - 1
"""No id, number or total of TMDb comes near it; more is nonsense, and no column holds it."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of an account list. ``rows`` in TMDb's order; ``unusable``: rows without an id or a rating."""

    number: int
    rows: tuple[Row, ...]
    unusable: int
    total_pages: int
    total_results: int

    @property
    def totals(self) -> tuple[int, int]:
        return self.total_pages, self.total_results


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """One episode of a season, and the account's rating of it."""

    id: int
    number: int
    rating: Value | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """A movie or show as the account has it."""

    on_watchlist: bool
    rating: Value | None


def list_page(data: Mapping[str, Any], number: int, kind: Kind, *, rated: bool) -> ListPage:
    """Page ``number`` of a list, or ServiceFailed ``tmdb_error`` where it is not that: no empty page by mistake."""
    rows, totals = data.get("results"), (data.get("total_pages"), data.get("total_results"))
    if not isinstance(rows, list) or not all(whole(total) is not None for total in totals):
        raise wrong(f"page {number} has not the shape of a page")
    if data.get("page") != number or type(data.get("page")) is not int:
        raise wrong(f"page {number} calls itself page {str(data.get('page'))[:20]}")
    parse = _PARSE[kind]
    usable = [row for one in rows if isinstance(one, dict) and (row := parse(one, rated)) is not None]
    return ListPage(number, tuple(usable), len(rows) - len(usable), *totals)  # type: ignore[arg-type]  # checked above


def account_state(data: Mapping[str, Any], tmdb_id: int) -> AccountState:
    """``account_states`` of a movie or show; ServiceFailed where it is of another title or not understood."""
    if data.get("id") != tmdb_id or type(data.get("watchlist")) is not bool:
        raise wrong("account_states has not the shape that is expected")
    return AccountState(data["watchlist"], _rated(data.get("rated")))


def season_states(data: Mapping[str, Any]) -> dict[int, EpisodeState]:
    """``account_states`` of a season by episode id; ServiceFailed where it is not understood."""
    rows = data.get("results")
    if not isinstance(rows, list):
        raise wrong("account_states of a season has no episodes")
    states = {}
    for row in rows:
        if not isinstance(row, dict):
            raise wrong("account_states of a season has not the shape that is expected")
        episode, number = id_of(row.get("id")), whole(row.get("episode_number"))
        if episode is None or number is None:
            raise wrong("account_states of a season has an episode without an id")
        states[episode] = EpisodeState(episode, number, _rated(row.get("rated")))
    return states


def wrong(message: str) -> ServiceFailed:
    """The error for an answer that came well and is not what it should be."""
    return ServiceFailed(ERROR, status=200, number=0, message=message)


def rating_of(points: object) -> Value | None:
    """A rating in hundredths of ten points, exactly, halves up; None for what is no rating from 0 to 10.

    A float's shortest decimal form is what TMDb wrote, so 8.5 is 850 and nothing drifts. 0 is "not rated".
    """
    if not isinstance(points, (int, float)) or isinstance(points, bool) or not 0 < points <= 10:
        return None
    return int((Decimal(str(points)) * 100).quantize(_WHOLE, ROUND_HALF_UP)) or None


def movie_ref(tmdb_id: int, hints: Hints) -> Ref:
    """A movie as TMDb names it."""
    return Ref(Kind.MOVIE, ids(tmdb=tmdb_id), str(tmdb_id), hints=hints)


def show_ref(tmdb_id: int, hints: Hints) -> Ref:
    """A show as TMDb names it."""
    return Ref(Kind.SHOW, ids(tmdb=tmdb_id), str(tmdb_id), hints=hints)


def episode_ref(tmdb_id: int, show: int, season: int, number: int, hints: Hints) -> Ref:
    """An episode as TMDb names it: calls go by its place in the show, its own id is only told."""
    return Ref(
        Kind.EPISODE,
        ids(tmdb=tmdb_id),
        place_id(show, season, number),
        ids(tmdb=show),
        season,
        number,
        hints,
    )


def place_id(show: int, season: int, number: int) -> str:
    """The native id of an episode: TMDb's calls go by its place in the show."""
    return f"{show}/{season}/{number}"


def _rated(rated: object) -> Value | None:
    """``false``, or ``{"value": 8.5}`` (OpenAPI document)."""
    if rated is False:
        return None
    value = rating_of(rated.get("value")) if isinstance(rated, dict) else None
    if value is None:
        raise wrong("account_states has a rating that is none")
    return value


def _movie(row: dict[str, Any], rated: bool) -> Row | None:  # noqa: FBT001 - one shape for all three kinds
    tmdb_id, value = id_of(row.get("id")), _value(row, rated=rated)
    if tmdb_id is None or value is None:
        return None
    name = text_of(row.get("title")) or text_of(row.get("original_title"))
    return Row(movie_ref(tmdb_id, _hints(name, row.get("release_date"), row.get("poster_path"))), value)


def _show(row: dict[str, Any], rated: bool) -> Row | None:  # noqa: FBT001
    tmdb_id, value = id_of(row.get("id")), _value(row, rated=rated)
    if tmdb_id is None or value is None:
        return None
    name = text_of(row.get("name")) or text_of(row.get("original_name"))
    return Row(show_ref(tmdb_id, _hints(name, row.get("first_air_date"), row.get("poster_path"))), value)


def _episode(row: dict[str, Any], rated: bool) -> Row | None:  # noqa: FBT001
    tmdb_id, show, value = id_of(row.get("id")), id_of(row.get("show_id")), _value(row, rated=rated)
    season, number = whole(row.get("season_number")), whole(row.get("episode_number"))
    if tmdb_id is None or show is None or season is None or number is None or value is None:
        return None
    hints = _hints(text_of(row.get("name")), row.get("air_date"), None)  # still_path is no poster
    return Row(episode_ref(tmdb_id, show, season, number, hints), value)


_PARSE: dict[Kind, Callable[[dict[str, Any], bool], Row | None]] = {
    Kind.MOVIE: _movie,
    Kind.SHOW: _show,
    Kind.EPISODE: _episode,
}


def _value(row: dict[str, Any], *, rated: bool) -> Value | None:
    return rating_of(row.get("rating")) if rated else PRESENT


def _hints(name: str, date: object, poster: object) -> Hints:
    """Dates may be "", null or missing (seen live by others)."""
    match = _DATE.match(date) if isinstance(date, str) else None
    path = text_of(poster)
    return Hints(name, int(match[1]) if match else None, path if path.startswith("/") else "")


def id_of(value: object) -> int | None:
    """An id of TMDb, or None for what cannot be one."""
    return value if type(value) is int and 0 < value <= _LARGEST else None


def whole(value: object) -> int | None:
    """A season or episode number: 0 is a number like any other."""
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def text_of(value: object) -> str:
    """A text without what cannot be shown; empty for what is no text."""
    return printable(value) if isinstance(value, str) else ""
