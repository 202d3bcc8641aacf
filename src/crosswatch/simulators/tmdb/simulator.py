"""The simulated TMDb as an object: its state, what tests and the demo do to it, and the ASGI app that serves it."""

from __future__ import annotations

import asyncio
import random
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, ValuesView
from typing import Literal

from starlette.applications import Starlette

from crosswatch.simulators.tmdb.catalogue import (
    Catalogue,
    Key,
    Movie,
    Show,
    Title,
    default_catalogue,
    plain,
    stable_number,
)
from crosswatch.simulators.tmdb.knobs import Knobs
from crosswatch.simulators.tmdb.shapes import Shapes
from crosswatch.simulators.tmdb.shelf import Shelf
from crosswatch.simulators.tmdb.state import (
    AppKey,
    Edit,
    Feature,
    OwnList,
    RequestToken,
    User,
    new_read_token,
)
from crosswatch.simulators.tmdb.traffic import Traffic

DEMO_KEY = "c0de5eed0123456789abcdef01234567"
"""The API key that every simulator knows from the start."""


class Simulator:
    """A stateful TMDb. Users are named by username or id; titles by `Key`; ratings are points, 0.5 to 10.

    All methods may be called from another thread than the one that serves `app`. `clock` (seconds since 1970)
    drives lags and lifetimes, `monotonic` the rate limit, `sleep` passes delays.
    Unknown users, tokens and keys raise KeyError.
    """

    def __init__(
        self,
        knobs: Knobs | None = None,
        catalogue: Catalogue | None = None,
        clock: Callable[[], float] = time.time,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        from crosswatch.simulators.tmdb.app import make_app

        self.knobs = knobs or Knobs()
        self.catalogue = catalogue or default_catalogue()
        self.clock = clock
        self.sleep = sleep
        self.random = random.Random(self.knobs.seed)  # noqa: S311 (chance for tests, not for secrets)
        self.lock = threading.RLock()
        self.traffic = Traffic(monotonic)
        self.shapes = Shapes(self)
        self.users: dict[int, User] = {}
        self.keys: dict[str, AppKey] = {}
        self.tokens: dict[str, RequestToken] = {}
        self.sessions: dict[str, int] = {}
        self.guests: dict[str, User] = {}
        self.lists: dict[int, OwnList] = {}
        self.deleted: set[Key] = set()
        self.last_rows: dict[tuple[str, str, str, int], str] = {}
        self._names: dict[str, list[tuple[str, Movie | Show]]] = {}
        self._names_version = 0
        self._list_reads = 0
        self._planned: list[tuple[int, Edit | Callable[[], object]]] = []
        self.default_key = self.add_key(DEMO_KEY)
        self.app: Starlette = make_app(self)

    # Keys and users

    def add_key(
        self, api_key: str | None = None, *, app_name: str = "CrossWatch", owner: str | int | None = None
    ) -> AppKey:
        """Makes an application with this v3 key (None: a new one) and a read access token beside it."""
        api_key = api_key or secrets.token_hex(16)
        owner_id = None if owner is None else self.user(owner).id
        key = AppKey(api_key, new_read_token(api_key), app_name, owner_id)
        self.keys[api_key] = key
        return key

    def suspend_key(self, api_key: str) -> None:
        """From now on every call with this key, or its read token, is 401 code 10."""
        self.keys[api_key].suspended = True

    def add_user(self, username: str, *, name: str = "", include_adult: bool = False) -> int:
        """Makes a user (no password: approving is a click) and gives the account id."""
        with self.lock:
            if any(user.username == username for user in self.users.values()):
                raise ValueError(f"there is a user {username} already")
            number = 21_000_001 + len(self.users)
            self.users[number] = User(number, username, name, include_adult)
            return number

    def user(self, user: str | int) -> User:
        """The user of this name or account id; KeyError where there is none."""
        if isinstance(user, int):
            return self.users[user]
        for known in self.users.values():
            if known.username == user:
                return known
        raise KeyError(user)

    # Lists

    def fill_watchlist(self, user: str | int, keys: Iterable[Key]) -> None:
        """Puts films and shows on a watchlist, oldest first, as if they had been there for long (no lag)."""
        self._fill(user, "watchlist", ((key, 1.0) for key in keys))

    def fill_favorites(self, user: str | int, keys: Iterable[Key]) -> None:
        """Marks films and shows as favourites, oldest first, as if they had been so for long."""
        self._fill(user, "favorite", ((key, 1.0) for key in keys))

    def fill_ratings(self, user: str | int, rows: Iterable[tuple[Key, float]]) -> None:
        """Rates films, shows and episodes in points, oldest first, as if that had been long ago."""
        self._fill(user, "rated", rows)

    def _fill(self, user: str | int, feature: Feature, rows: Iterable[tuple[Key, float]]) -> None:
        known = self.user(user)
        sorted_rows: dict[str, list[tuple[Key, float]]] = {}
        for key, value in rows:
            self._checked(key)
            if self.title(key) is None:
                raise ValueError(f"{key!r} is not in the catalogue")
            if feature == "rated":
                check_points(value)
            if feature != "rated" and key[0] == "episode":
                raise ValueError(f"TMDb has no {feature} of episodes")
            sorted_rows.setdefault(key[0], []).append((key, value))
        with self.lock:
            for kind, of_kind in sorted_rows.items():
                known.shelf(feature, kind).fill(of_kind)

    def watchlist(self, user: str | int) -> list[Key]:
        """What truly is on the watchlist, whatever lags or hides: films, then shows, each oldest first."""
        return list(self._true(user, "watchlist"))

    def favorites(self, user: str | int) -> list[Key]:
        """The true favourites: films, then shows, each oldest first."""
        return list(self._true(user, "favorite"))

    def ratings(self, user: str | int) -> dict[Key, float]:
        """The true ratings in points: films, shows, episodes, each oldest first."""
        return self._true(user, "rated")

    def _true(self, user: str | int, feature: Feature) -> dict[Key, float]:
        with self.lock:
            known = self.user(user)
            kinds = ("movie", "tv", "episode")
            return {key: value for kind in kinds for key, value in known.shelf(feature, kind).rows()}

    def edit(self, edit: Edit) -> bool:
        """Does what a user does on the website, with all its lags; gives whether the title was on the list before."""
        key, now = self._checked(edit.key), self.clock()
        if edit.action == "rate":
            check_points(edit.value)
        with self.lock:
            user = self.user(edit.user)
            if edit.action == "rate":
                return self.rate(user, key, edit.value)
            if edit.action == "unrate":
                return user.shelf("rated", key[0]).drop(key, now)
            feature: Feature = "favorite" if edit.action in {"favorite", "unfavorite"} else "watchlist"
            if key[0] == "episode":
                raise ValueError(f"TMDb has no {feature} of episodes")
            shelf = user.shelf(feature, key[0])
            if edit.action in {"remove", "unfavorite"}:
                return shelf.drop(key, now)
            return shelf.put(key, 1.0, now)

    def rate(self, user: User, key: Key, points: float) -> bool:
        """Rates and, where the knob says so, takes the title off the watchlist; gives whether it was rated before."""
        now = self.clock()
        with self.lock:
            if self.knobs.rating_clears_watchlist:
                user.shelf("watchlist", key[0]).drop(key, now)
            return user.shelf("rated", key[0]).put(key, points, now)

    def _checked(self, key: Key) -> Key:
        if key[0] not in {"movie", "tv", "episode"} or len(key) != (4 if key[0] == "episode" else 2):
            raise ValueError(
                f'{key!r}: write ("movie", id), ("tv", id) or ("episode", show id, season, number)'
            )
        return key

    # What happens to titles

    def title(self, key: Key) -> Title | None:
        """The title, or None where TMDb never had it or deleted it (with its show, for an episode)."""
        if key in self.deleted or (key[0] == "episode" and ("tv", key[1]) in self.deleted):
            return None
        return self.catalogue.get(key)

    def delete_title(self, key: Key) -> None:
        """TMDb deletes a title: its rows vanish, its id is 404 code 34."""
        self.deleted.add(self._checked(key))

    def hide_row(self, key: Key) -> None:
        """Account lists no longer deliver this row, though it is there."""
        self.knobs.hidden_rows.add(self._checked(key))

    def is_hidden(self, user: User, key: Key) -> bool:
        """Whether account lists leave this row out for this user."""
        title = self.title(key)
        if title is None or key in self.knobs.hidden_rows:
            return True
        if self.knobs.hide_adult_rows and not user.include_adult and getattr(title, "adult", False):
            return True
        share = self.knobs.hidden_share
        return bool(share) and stable_number("hidden", key) % 10_000 < share * 10_000

    def names(self, kind: str) -> list[tuple[str, Movie | Show]]:
        """Every film or show of the catalogue with its names as search compares them."""
        titles: ValuesView[Movie] | ValuesView[Show]
        titles = self.catalogue.movies.values() if kind == "movie" else self.catalogue.shows.values()
        if self._names_version != self.catalogue.version:
            self._names.clear()
            self._names_version = self.catalogue.version
        kept = self._names.get(kind)
        if kept is None:
            kept = [(f"{plain(title.name)} / {plain(title.original_title)}", title) for title in titles]
            self._names[kind] = kept
        return kept

    # Approval

    def token_state(
        self, token: str
    ) -> Literal["pending", "approved", "denied", "used", "expired", "unknown"]:
        """How a request token stands right now."""
        known = self.tokens.get(token)
        if known is None:
            return "unknown"
        if (
            known.state in {"pending", "approved"}
            and self.clock() >= known.created + self.knobs.token_lifetime
        ):
            return "expired"
        return known.state

    def approve(self, token: str, user: str | int) -> None:
        """The user approves the request on TMDb's page; ValueError where it is not pending any more."""
        self._answer(token, "approved", self.user(user).id)

    def deny(self, token: str) -> None:
        """The user denies the request on TMDb's page; ValueError where it is not pending any more."""
        self._answer(token, "denied", None)

    def _answer(self, token: str, answer: Literal["approved", "denied"], user: int | None) -> None:
        with self.lock:
            if self.token_state(token) != "pending":
                raise ValueError(f"this request token is {self.token_state(token)}")
            self.tokens[token].state, self.tokens[token].user = answer, user

    def add_session(self, user: str | int) -> str:
        """A session of this user without the way through the approval page; gives the session id."""
        session = secrets.token_hex(20)
        self.sessions[session] = self.user(user).id
        return session

    def revoke_session(self, session: str) -> None:
        """The user ends a session on the website: calls with it are 401 code 3."""
        del self.sessions[session]

    def revoke_sessions(self, user: str | int) -> int:
        """Ends every session of this user; gives how many."""
        number = self.user(user).id
        ended = [session for session, owner in self.sessions.items() if owner == number]
        for session in ended:
            del self.sessions[session]
        return len(ended)

    # While lists are being read

    def after_list_reads(self, count: int, edit: Edit | Callable[[], object]) -> None:
        """Does this edit (or calls this) right after the `count`-th further read of an account list was answered."""
        with self.lock:
            self._planned.append((self._list_reads + count, edit))

    def list_was_read(self) -> None:
        """Counts a list read and does what was planned for it."""
        with self.lock:
            self._list_reads += 1
            due = [edit for count, edit in self._planned if count <= self._list_reads]
            self._planned = [(count, edit) for count, edit in self._planned if count > self._list_reads]
        for edit in due:
            if isinstance(edit, Edit):
                self.edit(edit)
            else:
                edit()

    def view_moment(self) -> float | None:
        """The moment whose state an account list shows now: None, or some seconds ago by lag or an older copy."""
        lag = self.knobs.list_lag
        if self.knobs.replica_share and self.random.random() < self.knobs.replica_share:
            lag += self.knobs.replica_lag
        return self.clock() - lag if lag else None

    def state_value(self, shelf: Shelf, key: Key) -> float | None:
        """What account_states says of a title on this shelf, by its own lag."""
        lag = self.knobs.account_states_lag
        return shelf.value(key, self.clock() - lag if lag else None)


def check_points(value: float) -> None:
    """Raises ValueError for a rating that TMDb cannot hold."""
    if not 0.5 <= value <= 10 or value * 2 % 1:
        raise ValueError(f"{value} points: a rating is 0.5 to 10 in steps of 0.5")
