"""The word of TMDb on single titles: one call for a movie or show, one for all episodes of a season."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from crosswatch.errors import Blocked, ItemError, Unreachable
from crosswatch.model.kinds import Kind
from crosswatch.model.readings import LookedUp, TitleState, Verdict
from crosswatch.model.refs import Ref
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.providers.tmdb.ordered import in_order
from crosswatch.providers.tmdb.places import Place, number, place_of
from crosswatch.providers.tmdb.reading import PASSING
from crosswatch.providers.tmdb.shapes import EpisodeState


@dataclass(frozen=True, slots=True)
class _Question:
    """What one call answers: a movie, a show, or a season of a show."""

    kind: Kind
    tmdb_id: int
    season: int = 0


async def look_up(client: TmdbClient, refs: Sequence[Ref], *, ahead: int) -> Mapping[Ref, LookedUp]:
    """One entry per ref: its state, GONE for 404 with code 34, and UNKNOWN for whatever else says nothing sure.

    Errors of the account (key, session, limit) are raised. Once TMDb cannot be reached, no more is asked.
    """
    found: dict[Ref, LookedUp] = dict.fromkeys(refs, Verdict.UNKNOWN)
    asked: dict[_Question, dict[Ref, Place]] = {}
    for ref in found:
        if (place := place_of(ref)) is not None:
            asked.setdefault(_question(place), {})[ref] = place
    lookup = _Lookup(client)
    jobs = [partial(lookup.answer, question, about) for question, about in asked.items()]
    async with aclosing(in_order(jobs, ahead=ahead)) as answers:
        async for answer in answers:
            found.update(answer)
    return found


class _Lookup:
    def __init__(self, client: TmdbClient) -> None:
        self._client = client
        self._cut_off = False

    async def answer(self, question: _Question, places: Mapping[Ref, Place]) -> dict[Ref, LookedUp]:
        if self._cut_off:
            return {}
        try:
            if question.kind is Kind.EPISODE:
                season = await self._client.season_account_states(question.tmdb_id, question.season)
                return {ref: _in_season(ref, place, season) for ref, place in places.items()}
            state = await self._client.account_states(question.kind, question.tmdb_id)
            return dict.fromkeys(places, TitleState(state.on_watchlist, state.rating))
        except PASSING as error:
            self._cut_off = self._cut_off or isinstance(error, (Unreachable, Blocked))
            gone = isinstance(error, ItemError) and error.code == "title_gone"
            return dict.fromkeys(places, Verdict.GONE if gone else Verdict.UNKNOWN)


def _question(place: Place) -> _Question:
    if place.kind is Kind.EPISODE:
        return _Question(Kind.EPISODE, place.tmdb_id, place.season)
    return _Question(place.kind, place.tmdb_id)


def _in_season(ref: Ref, place: Place, season: Mapping[int, EpisodeState]) -> LookedUp:
    """An episode by its own id where it has one, else by its number. Where the two disagree, nothing is sure."""
    at_number = next((state for state in season.values() if state.number == place.number), None)
    own_id = number(ref.id("tmdb"))
    state = at_number if own_id is None else season.get(own_id)
    if at_number is None and state is None:
        return Verdict.GONE
    if state is None or state is not at_number:
        return Verdict.UNKNOWN
    return TitleState(on_watchlist=False, rating=state.rating)
