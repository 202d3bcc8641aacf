"""What the simulated TMDb remembers of people: keys, users with their lists, request tokens, sessions, own lists."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Literal

from crosswatch.simulators.tmdb.catalogue import Key
from crosswatch.simulators.tmdb.shelf import Shelf

Feature = Literal["watchlist", "favorite", "rated"]
Action = Literal["add", "remove", "rate", "unrate", "favorite", "unfavorite"]


@dataclass(frozen=True)
class Edit:
    """One change by a user on the website; `value` is in points and counts for "rate" alone."""

    user: str | int
    action: Action
    key: Key
    value: float = 0.0


@dataclass
class User:
    """One account with a shelf per feature and kind ("movie", "tv", "episode")."""

    id: int
    username: str
    name: str = ""
    include_adult: bool = False
    shelves: dict[tuple[Feature, str], Shelf] = field(default_factory=dict)

    def shelf(self, feature: Feature, kind: str) -> Shelf:
        return self.shelves.setdefault((feature, kind), Shelf())


@dataclass
class AppKey:
    """One application: its v3 key, the read access token of the same standing, and whose it is."""

    api_key: str
    read_token: str
    app_name: str
    owner: int | None = None
    suspended: bool = False


@dataclass
class RequestToken:
    """One request for approval and what became of it; expiry is a matter of the clock."""

    token: str
    app_name: str
    created: float
    state: Literal["pending", "approved", "denied", "used"] = "pending"
    user: int | None = None


@dataclass
class OwnList:
    """One v3 list: films only, always public."""

    id: int
    owner: int
    name: str
    description: str
    language: str
    movies: list[int] = field(default_factory=list)


def new_read_token(api_key: str) -> str:
    """A token in the shape of TMDb's read access token: a JWT whose audience is the application."""
    parts = (
        {"alg": "HS256"},
        {"aud": api_key, "sub": secrets.token_hex(12), "scopes": ["api_read"], "version": 1},
    )
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, secrets.token_urlsafe(32)])
