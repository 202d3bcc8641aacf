"""TMDb's web pages as far as the product and a demo need them: approving, the API key, and a user's own lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from crosswatch.simulators.tmdb.calls.finding import matches
from crosswatch.simulators.tmdb.calls.ratings import points
from crosswatch.simulators.tmdb.catalogue import Episode, Key, Movie, Show
from crosswatch.simulators.tmdb.routing import Refused
from crosswatch.simulators.tmdb.state import Action, Edit, User

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator

SHOWN = 200
"""Rows of each list on a user's page, newest first."""

_NO_MORE = {
    "unknown": "TMDb knows no such request. Start again in your application.",
    "used": "This request was approved and is used up.",
    "approved": "You approved this request already. Go back to your application.",
    "denied": "You denied this request. Start again in your application.",
    "expired": "This request is too old. Start again in your application.",
}


class Pages:
    """The pages of one simulator as Starlette routes: plain forms, no scripts."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        loader = PackageLoader("crosswatch.simulators.tmdb")
        self._templates = Environment(loader=loader, autoescape=select_autoescape())
        self.routes = [
            Route("/", self.home),
            Route("/users", self.add_user, methods=["POST"]),
            Route("/settings/api", self.settings),
            Route("/authenticate/allow", self.allowed),
            Route("/authenticate/deny", self.denied),
            Route("/authenticate/{token}", self.ask, methods=["GET"]),
            Route("/authenticate/{token}", self.answer, methods=["POST"]),
            Route("/u/{username}", self.user, methods=["GET"]),
            Route("/u/{username}", self.change, methods=["POST"]),
        ]

    def _html(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(values), status)

    async def home(self, request: Request) -> Response:
        users = [
            {
                "username": user.username,
                "watchlist": len(self._sim.watchlist(user.id)),
                "ratings": len(self._sim.ratings(user.id)),
            }
            for user in self._sim.users.values()
        ]
        return self._html("home.html", users=users, note=request.query_params.get("note", ""))

    async def add_user(self, request: Request) -> Response:
        username = (await _form(request)).get("username", "").strip()
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", username):
            return _to(f"/?note={quote('A name has letters, digits, - and _ only.')}")
        try:
            self._sim.add_user(username)
        except ValueError as taken:
            return _to(f"/?note={quote(str(taken))}")
        return _to("/")

    async def settings(self, request: Request) -> Response:
        return self._html("settings.html", keys=list(self._sim.keys.values()))

    async def allowed(self, request: Request) -> Response:
        words = "The application may now read and change your lists. You can close this page."
        return self._html("message.html", heading="Approved", words=words)

    async def denied(self, request: Request) -> Response:
        words = "The application got nothing. You can close this page."
        return self._html("message.html", heading="Denied", words=words)

    async def ask(self, request: Request) -> Response:
        """The approval page of a pending request; any other request gets a sentence and 404."""
        return self._ask(request.path_params["token"], request.query_params.get("redirect_to", ""), "")

    def _ask(self, token: str, redirect_to: str, problem: str) -> Response:
        state = self._sim.token_state(token)
        if state != "pending":
            return self._html("message.html", 404, heading="Nothing to approve", words=_NO_MORE[state])
        values = {"token": token, "app_name": self._sim.tokens[token].app_name, "redirect_to": redirect_to}
        users = list(self._sim.users.values())
        return self._html(
            "authenticate.html", 400 if problem else 200, users=users, problem=problem, **values
        )

    async def answer(self, request: Request) -> Response:
        """Approves or denies, then goes to `redirect_to` with TMDb's own query behind it, whatever it holds."""
        token, form = request.path_params["token"], await _form(request)
        redirect_to = form.get("redirect_to", "")
        if self._sim.token_state(token) != "pending":
            return self._ask(token, redirect_to, "")
        if form.get("answer") != "approve":
            self._sim.deny(token)
            return _back(redirect_to, f"request_token={token}&denied=true", "/authenticate/deny")
        try:
            self._sim.approve(token, form.get("user", ""))
        except KeyError:
            return self._ask(token, redirect_to, "Choose who you are.")
        return _back(redirect_to, f"request_token={token}&approved=true", "/authenticate/allow")

    async def user(self, request: Request) -> Response:
        user = self._known(request)
        if user is None:
            return self._nobody()
        watchlist, ratings = self._sim.watchlist(user.id), self._sim.ratings(user.id)
        return self._html(
            "user.html",
            username=user.username,
            note=request.query_params.get("note", ""),
            watchlist=[self._row(key) for key in watchlist[::-1][:SHOWN]],
            watchlist_count=len(watchlist),
            ratings=[self._row(key) | {"value": ratings[key]} for key in list(ratings)[::-1][:SHOWN]],
            ratings_count=len(ratings),
            more=max(len(watchlist), len(ratings)) > SHOWN,
            shown=SHOWN,
        )

    async def change(self, request: Request) -> Response:
        """One change by the user, told in the note on the page that follows."""
        user = self._known(request)
        if user is None:
            return self._nobody()
        form = await _form(request)
        key = self._asked_for(form)
        action, words = form.get("action", ""), "TMDb knows no such title."
        if key is not None:
            try:
                words = self._do(user, action, key, form.get("value", ""))
            except Refused:
                words = "A rating is 0.5 to 10, in steps of 0.5."
        return _to(f"/u/{quote(user.username)}?note={quote(words)}")

    def _do(self, user: User, action: str, key: Key, value: str) -> str:
        doing: dict[str, tuple[Action, str]] = {
            "add": ("add", "is on the watchlist"),
            "remove": ("remove", "is off the watchlist"),
            "rate": ("rate", "is rated"),
            "unrate": ("unrate", "is no longer rated"),
        }
        if action not in doing:
            return "Nothing was changed."
        verb, words = doing[action]
        amount = points(value) if verb == "rate" else 0.0
        self._sim.edit(Edit(user.id, verb, key, amount))
        return f"{self._row(key)['name']} {words}."

    def _asked_for(self, form: dict[str, str]) -> Key | None:
        if "key" in form:
            key = read_key(form["key"])
        else:
            kind, text = form.get("kind", "movie"), form.get("title", "").strip()
            found = [] if text.isdecimal() else matches(self._sim, kind, text, include_adult=True)
            key = found[0].key if found else (kind, int(text)) if text.isdecimal() else None
        return key if key is not None and self._sim.title(key) else None

    def _row(self, key: Key) -> dict[str, Any]:
        title = self._sim.title(key)
        shown = self._sim.catalogue.get(("tv", key[1])) if isinstance(title, Episode) else title
        name, what, image = str(key), "", None
        if isinstance(shown, (Movie, Show)):
            name, what = shown.name, f"{shown.date[:4]} {'Film' if isinstance(shown, Movie) else 'Show'}"
            path = self._sim.shapes.image("poster", shown.key)
            image = f"/t/p/w92{path}" if path else None
        if isinstance(title, Episode):
            what = f"season {title.season}, episode {title.number}"
        return {"key": write_key(key), "name": name, "what": what, "image": image}

    def _known(self, request: Request) -> User | None:
        try:
            return self._sim.user(request.path_params["username"])
        except KeyError:
            return None

    def _nobody(self) -> Response:
        return self._html("message.html", 404, heading="Nobody", words="There is no user of this name.")


def write_key(key: Key) -> str:
    """A key as one word: "movie/550"."""
    return "/".join(str(part) for part in key)


def read_key(text: str) -> Key | None:
    """The key of such a word, or None."""
    kind, *numbers = text.split("/")
    if not all(number.isdecimal() for number in numbers):
        return None
    parts = [int(number) for number in numbers]
    if kind == "episode":
        return (kind, parts[0], parts[1], parts[2]) if len(parts) == 3 else None
    return (kind, parts[0]) if kind in {"movie", "tv"} and len(parts) == 1 else None


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _to(location: str) -> Response:
    return Response(status_code=303, headers={"location": location})


def _back(redirect_to: str, query: str, without: str) -> Response:
    """TMDb puts "?" and its query behind `redirect_to`, even where that has a query (agreed by several clients)."""
    if not redirect_to:
        return _to(without)
    return _to(quote(redirect_to, safe=":/%#?=@[]!$&'()*+,;~") + "?" + query)
