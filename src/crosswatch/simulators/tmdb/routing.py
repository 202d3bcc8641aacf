"""One call of the API as its handlers see it, the ways to refuse it, and which handler a path belongs to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator
    from crosswatch.simulators.tmdb.state import AppKey, User

_READ_TOKEN = re.compile(r"^eyJ[^.]*\.[^.]+\.[^.]+$")
_NUMBER = re.compile(r"^(\d+)(-.*)?$")


class Refused(Exception):
    """Ends a handler with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(slots=True)
class Call:
    """One call: path without /3, query, the numbers and words of the path, body and credentials."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    web_url: str = ""
    numbers: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    app: AppKey | None = None

    def fields(self) -> dict[str, Any]:
        """The body's fields, JSON or form (what the old clients send); empty without a body, else 422 code 5."""
        if not self.body.strip():
            return {}
        if "form-urlencoded" in self.headers.get("content-type", ""):
            return dict(parse_qsl(self.body.decode("utf-8", "replace")))
        try:
            value = json.loads(self.body)
        except ValueError:
            raise Refused(answers.code(5)) from None
        if not isinstance(value, dict):
            raise Refused(answers.code(5))
        return value

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def page(self) -> int:
        """The page asked for, 1 to 500, else 400 code 22 (official docs, seen live by others)."""
        text = self.query.get("page", "1")
        if not re.fullmatch(r"\d{1,6}", text) or not 1 <= int(text) <= 500:
            raise Refused(answers.code(22))
        return int(text)

    def list_place(self, page: int) -> tuple[str, str, str, int]:
        """What tells this page of this list, in this order, for this session from all others."""
        return (self.query.get("session_id", ""), self.path, self.query.get("sort_by", ""), page)


Handler = Callable[["Simulator", Call], Answer]


def check_key(sim: Simulator, call: Call) -> AppKey:
    """The application behind `api_key` or the bearer; 401 code 7 without one, 401 code 10 where it is suspended.

    A v3 key as bearer, or a read token as `api_key`, is no key (seen live by others).
    """
    key = sim.keys.get(call.query.get("api_key", ""))
    if key is None and "api_key" not in call.query and _READ_TOKEN.match(call.bearer):
        key = next((known for known in sim.keys.values() if known.read_token == call.bearer), None)
    if key is None:
        raise Refused(answers.code(7))
    if key.suspended:
        raise Refused(answers.code(10))
    return key


def check_user(sim: Simulator, call: Call, *, guests: bool = False) -> User:
    """The user of the session; 401 code 3 without one. The account id in the path decides nothing (seen live)."""
    session = call.query.get("session_id")
    if session is not None:
        number = sim.sessions.get(session)
        if number is not None:
            return sim.users[number]
    elif guests and call.query.get("guest_session_id", "") in sim.guests:
        return sim.guests[call.query["guest_session_id"]]
    elif sim.knobs.bearer_acts_for_owner and call.bearer and call.app and call.app.owner is not None:
        return sim.users[call.app.owner]
    raise Refused(answers.code(3))


class _Node:
    def __init__(self) -> None:
        self.static: dict[str, _Node] = {}
        self.variable: tuple[str, _Node] | None = None
        self.methods: dict[str, Handler] = {}
        self.pattern = ""


class Router:
    """Patterns such as "/movie/{movie}/rating": names in braces are numbers, "{word:name}" is any one part.

    A number may carry a slug behind it ("550-fight-club"), which is ignored.
    """

    def __init__(self, routes: dict[str, dict[str, Handler]]) -> None:
        self._root = _Node()
        for pattern, methods in routes.items():
            node = self._root
            for part in pattern.strip("/").split("/"):
                if part.startswith("{"):
                    node.variable = node.variable or (part[1:-1], _Node())
                    node = node.variable[1]
                else:
                    node = node.static.setdefault(part, _Node())
            node.methods |= methods
            node.pattern = pattern

    def find(self, call: Call) -> tuple[str, Handler | None]:
        """The pattern and handler for this call: ("", None) is no such path, (pattern, None) no such method."""
        node = self._root
        for part in call.path.strip("/").split("/"):
            following = node.static.get(part)
            if following is None:
                if node.variable is None:
                    return "", None
                name, following = node.variable
                if name.startswith("word:"):
                    call.words[name.removeprefix("word:")] = part
                else:
                    number = _NUMBER.match(part)
                    if number is None:
                        return "", None
                    call.numbers[name] = int(number.group(1))
            node = following
        return node.pattern, node.methods.get(call.method)
