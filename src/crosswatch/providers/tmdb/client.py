"""TMDb's calls, one method each: data or the house's errors."""

import calendar
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote

from crosswatch.errors import ServiceFailed
from crosswatch.model.kinds import Kind
from crosswatch.model.values import Value
from crosswatch.net.client import HttpClient, Json
from crosswatch.net.redaction import register
from crosswatch.ports import Clock, MaySend
from crosswatch.providers.tmdb import shapes
from crosswatch.providers.tmdb.places import Place
from crosswatch.providers.tmdb.shapes import AccountState, EpisodeState, ListPage
from crosswatch.providers.tmdb.status import Asked, data_of, number_of, words_of

TOKEN_LIFETIME_MS = 60 * 60_000
"""A request token lives 60 minutes if it is not used (official docs)."""

_LATEST_MS = 24 * 60 * 60_000
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,512}")


class TmdbList(Enum):
    """The account's lists: their call, what they hold, and whether with a rating."""

    WATCHLIST_MOVIES = ("/account/{}/watchlist/movies", Kind.MOVIE, False)
    WATCHLIST_SHOWS = ("/account/{}/watchlist/tv", Kind.SHOW, False)
    RATED_MOVIES = ("/account/{}/rated/movies", Kind.MOVIE, True)
    RATED_SHOWS = ("/account/{}/rated/tv", Kind.SHOW, True)
    RATED_EPISODES = ("/account/{}/rated/tv/episodes", Kind.EPISODE, True)

    @property
    def call(self) -> str:
        return self.value[0]

    @property
    def kind(self) -> Kind:
        return self.value[1]

    @property
    def rated(self) -> bool:
        return self.value[2]


class Sort(Enum):
    """Oldest or newest first, by when a row came onto its list (OpenAPI document)."""

    OLDEST = "created_at.asc"
    NEWEST = "created_at.desc"


@dataclass(frozen=True, slots=True)
class RequestToken:
    """A request for approval: the user says yes to ``token`` on TMDb's page before ``expires_at_ms``."""

    token: str = field(repr=False)
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class TmdbAccount:
    """The account of a session; ``username`` may be empty (recorded)."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """What TMDb said to a write that it did not refuse: its own number (0: none) and words.

    1: new. 12: it was there, and is as it was sent now. 13: taken off, or was not there. 8, 21 and 40: nothing to do.
    """

    number: int
    words: str


class TmdbClient:
    """Calls with one key and, where it is given, one session. Raises errors.ServiceError and nothing else.

    ``language`` (for example ``de-DE``) changes names and dates in lists only.
    """

    def __init__(
        self, http: HttpClient, api_key: str, session_id: str = "", *, clock: Clock, language: str = ""
    ) -> None:
        register(api_key)
        register(session_id)
        self._http = http
        self._api_key = api_key
        self._session_id = session_id
        self._clock = clock
        self._language = language

    async def check_key(self) -> None:
        """Returns if TMDb accepts the key; else raises KeyRejected (official host, recorded)."""
        await self._call("GET", "/authentication", Asked.ACCOUNT, session=False)

    async def new_token(self) -> RequestToken:
        """A request for approval, made now; it must never be kept for another user."""
        data = await self._call("GET", "/authentication/token/new", Asked.ACCOUNT, session=False)
        token = data.get("request_token")
        if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
            raise shapes.wrong("no request token in the answer")
        register(token)
        return RequestToken(token, self._expiry(data.get("expires_at")))

    async def new_session(self, token: str) -> str:
        """A session id for an approved request token, which is used up by it.

        Raises NotApproved where the user has not said yes, said no, or the token is used, over or unknown: TMDb
        answers 401 with code 17 or 33 to all of these (recorded). ServiceFailed ``no_session_id`` where all is
        well and none came.
        """
        data = await self._call(
            "POST",
            "/authentication/session/new",
            Asked.APPROVAL,
            session=False,
            body={"request_token": token},
        )
        session_id = data.get("session_id")
        if not isinstance(session_id, str) or not session_id:
            raise ServiceFailed("no_session_id", status=200, number=0, message="", maybe_done=True)
        register(session_id)
        return session_id

    async def account(self) -> TmdbAccount:
        """Whose session this is."""
        data = await self._call("GET", "/account", Asked.ACCOUNT)
        number, username, name = data.get("id"), data.get("username"), data.get("name")
        account_id = shapes.id_of(number)
        if account_id is None:
            raise shapes.wrong("no account id in the answer")
        return TmdbAccount(account_id, shapes.text_of(username) or shapes.text_of(name))

    async def delete_session(self) -> None:
        """Ends the session at TMDb; one that is over already raises SessionEnded."""
        body: Json = {"session_id": self._session_id}
        await self._call("DELETE", "/authentication/session", Asked.ACCOUNT, session=False, body=body)

    async def list_page(self, of: TmdbList, account_id: str, page: int, sort: Sort = Sort.OLDEST) -> ListPage:
        """One page, from 1 to 500. The path's account id is not what authorises: the session decides (seen live
        by others), so give the session's own."""
        data = await self._call(
            "GET",
            of.call,
            Asked.ACCOUNT,
            ids=(account_id,),
            query={"page": page, "sort_by": sort.value, "language": self._language or None},
        )
        return shapes.list_page(data, page, of.kind, rated=of.rated)

    async def account_states(self, kind: Kind, tmdb_id: int) -> AccountState:
        """What the account made of one movie or show; ItemError ``title_gone`` where TMDb has it no more."""
        path = "/movie/{}/account_states" if kind is Kind.MOVIE else "/tv/{}/account_states"
        data = await self._call("GET", path, Asked.TITLE, ids=(tmdb_id,))
        return shapes.account_state(data, tmdb_id)

    async def season_account_states(self, show_id: int, season: int) -> dict[int, EpisodeState]:
        """The ratings of all episodes of a season, by episode id; ItemError where the season is gone."""
        path = "/tv/{}/season/{}/account_states"
        data = await self._call("GET", path, Asked.TITLE, ids=(show_id, season))
        return shapes.season_states(data)

    async def put_on_watchlist(
        self, account_id: str, place: Place, *, wanted: bool, may_send: MaySend
    ) -> WriteAnswer:
        """Puts a movie or show on the account's watchlist, or takes it off."""
        media_type = "movie" if place.kind is Kind.MOVIE else "tv"
        body: Json = {"media_type": media_type, "media_id": place.tmdb_id, "watchlist": wanted}
        return await self._write("POST", "/account/{}/watchlist", (account_id,), body, may_send)

    async def rate(self, place: Place, value: Value, may_send: MaySend) -> WriteAnswer:
        """Rates a title. The value goes as a JSON number: of a text with a comma TMDb cuts the half (seen live)."""
        path, ids = _rating(place)
        return await self._write("POST", path, ids, {"value": value / 100}, may_send)

    async def delete_rating(self, place: Place, may_send: MaySend) -> WriteAnswer:
        """Takes a rating off."""
        path, ids = _rating(place)
        return await self._write("DELETE", path, ids, None, may_send)

    async def _write(
        self, method: str, path: str, ids: tuple[str | int, ...], body: Json | None, may_send: MaySend
    ) -> WriteAnswer:
        data = await self._call(method, path, Asked.TITLE, ids=ids, body=body, may_send=may_send)
        return WriteAnswer(number_of(data), words_of(data))

    async def _call(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        ids: Sequence[str | int] = (),
        query: dict[str, str | int | None] | None = None,
        body: Json | None = None,
        session: bool = True,
        may_send: MaySend | None = None,
    ) -> dict[str, Any]:
        credentials = {"api_key": self._api_key, "session_id": self._session_id if session else None}
        answer = await self._http.call(
            method,
            path,
            ids=ids,
            query={**credentials, **(query or {})},
            body=body,
            before_send=may_send,
        )
        return data_of(answer, asked, writes=method != "GET")

    def _expiry(self, text: object) -> int:
        """TMDb's own way to write a time; where it is missing or cannot be true, the documented 60 minutes."""
        now = self._clock.now_ms()
        try:
            at = calendar.timegm(time.strptime(str(text), "%Y-%m-%d %H:%M:%S UTC")) * 1000
        except ValueError:
            at = 0
        return at if now < at <= now + _LATEST_MS else now + TOKEN_LIFETIME_MS


def _rating(place: Place) -> tuple[str, tuple[int, ...]]:
    if place.kind is Kind.MOVIE:
        return "/movie/{}/rating", (place.tmdb_id,)
    if place.kind is Kind.SHOW:
        return "/tv/{}/rating", (place.tmdb_id,)
    return "/tv/{}/season/{}/episode/{}/rating", (place.tmdb_id, place.season, place.number)


def auth_url(web_url: str, token: str, redirect_to: str = "") -> str:
    """The page on which the user says yes; TMDb appends its own query to ``redirect_to`` (seen live by others)."""
    page = f"{web_url.rstrip('/')}/authenticate/{quote(token, safe='')}"
    return f"{page}?redirect_to={quote(redirect_to, safe='')}" if redirect_to else page
