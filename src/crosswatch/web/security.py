"""Who may call: nothing reaches a route before this has let it through, and every answer carries the safe headers.

From this machine to a server on loopback without a password everything is allowed, but only under a name of this
machine (so that no foreign name can be rebound to it) and never from another site's page. A server that others can
reach asks for a password first. See the documentation, "Who may call".
"""

from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswatch.errors import CrossWatchError
from crosswatch.services.people import SESSION_SECONDS
from crosswatch.settings import Settings
from crosswatch.web import bodies
from crosswatch.web.problems import STATUS, problem_response, status_of
from crosswatch.web.reached import (
    Reached,
    host_name,
    listens_on_loopback,
    names_this_machine,
    origin_of,
    reached,
)

SESSION_COOKIE = "crosswatch_session"
HEALTH, ASSETS, SET_UP, SIGN_IN = "/api/health", "/assets/", "/set-up", "/sign-in"
CALLBACK = "/connect/tmdb_sync/"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_OURS = frozenset({"same-origin", "none"})
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    # no-referrer would make browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}

RenderError = Callable[[str, int, Mapping[str, object], Request], Response]


class Door(Protocol):
    """Who knows the passwords and the sessions."""

    async def password_is_set(self) -> bool:
        """Whether anybody can sign in."""
        ...

    async def is_signed_in(self, session: str) -> bool:
        """Whether this is the value of a session cookie that counts."""
        ...


class _No(Exception):
    """The request goes no further."""

    def __init__(
        self, code: str, params: Mapping[str, object] | None = None, status: int | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.params, self.status = code, params or {}, STATUS[code] if status is None else status


class Security:
    """ASGI middleware around the whole application; hands answers on as they are made (server-sent events).

    ``render_error(code, status, params, request)`` makes the page for an error outside the API; ``tmdb_web_url``
    gives the address that our Connect form may lead to. What is let through has ``root_path`` set to the base path
    and ``scope["signed_in"]`` set to whether a session allowed it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        door: Door,
        render_error: RenderError,
        tmdb_web_url: Callable[[], str],
    ) -> None:
        self._app = app
        self._settings = settings
        self._door = door
        self._render_error = render_error
        self._tmdb_web_url = tmdb_web_url
        self._on_loopback = listens_on_loopback(settings.host)
        public = settings.public_url or ""
        self._public_origin = origin_of(public)
        self._own_names = {host_name(self._public_origin.partition("://")[2])} - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(reached(scope, self._settings), receive, send)
        else:  # there are no websockets here
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, call: Reached, receive: Receive, send: Send) -> None:
        send = self._with_headers(call, send)
        refusal: Response | None = None
        try:
            refusal = await self._refusal(call)
            if refusal is None and _may_have_body(call):
                body = await bodies.read_body(receive, call.headers.get("content-length"))
                _check_body(call, body)
                receive = bodies.handed_on(body, receive)
        except bodies.Gone:
            return
        except bodies.TooLarge:
            refusal = self._told(call, _No("too_large", {"limit": "1 MB"}))
        except _No as no:
            refusal = self._told(call, no)
        except CrossWatchError as error:  # who may call cannot be said, so nobody may
            refusal = self._told(call, _No(error.code, error.params, status_of(error)))
        await (refusal or self._app)(call.scope, receive, send)

    async def _refusal(self, call: Reached) -> Response | None:
        """None where the call may go on; a redirect to the password page; or raises what stands in its way."""
        has_password = await self._door.password_is_set()
        local = self._on_loopback and call.here and not has_password
        if local:
            self._check_host(call)
        self._check_origin(call)
        self._check_type(call)
        call.scope["signed_in"] = False
        if local or call.path == HEALTH or call.path.startswith(ASSETS):
            return None
        if not has_password:
            if call.path == SET_UP:
                return None
            raise _No("setup_required", {"setup": call.scope.get("root_path", "") + SET_UP})
        if call.path == SIGN_IN or _is_callback(call):
            return None
        session = cookie_parser(call.headers.get("cookie", "")).get(SESSION_COOKIE, "")
        if session and await self._door.is_signed_in(session):
            call.scope["signed_in"] = True
            return None
        if _is_api(call):
            raise _No("sign_in_required")
        return _to_sign_in(call)

    def _check_host(self, call: Reached) -> None:
        if not (names_this_machine(call.host) or host_name(call.host) in self._own_names):
            raise _No("forbidden_host", {"host": call.host[:200], "port": self._settings.port})

    def _check_origin(self, call: Reached) -> None:
        """Refuses what another site's page set off, save for following a link to one of our pages."""
        if _is_callback(call):
            if _fetch(call, "mode") not in {"", "navigate"} or _fetch(call, "dest") not in {"", "document"}:
                raise _No("forbidden_origin")
            return
        origin = call.headers.get("origin")
        if origin is not None and not self._is_own(origin, call):
            raise _No("forbidden_origin")
        if _fetch(call, "site") in {"", *_OURS}:
            return
        followed = _fetch(call, "mode") == "navigate" and _fetch(call, "dest") == "document"
        if call.scope["method"] not in {"GET", "HEAD"} or not followed or _is_api(call):
            raise _No("forbidden_origin")

    def _is_own(self, origin: str, call: Reached) -> bool:
        """Whether a page of ours has this origin.

        The scheme is left out of it: a proxy may speak https with the browser and http with us without telling.
        """
        plain = origin_of(origin)
        here = origin_of(f"{origin.partition('://')[0]}://{call.host}")
        return plain == origin.lower() != "" and plain in {here, self._public_origin}

    def _check_type(self, call: Reached) -> None:
        """Bodies are JSON, which no other site's page can send unasked, or forms that a browser proves to be ours.

        A form without such a proof (curl -d, or a browser of 2019) could come from anywhere, so it is refused.
        """
        kind = call.headers.get("content-type")
        if call.scope["method"] in _SAFE or (kind is None and not _has_body(call)):
            return
        media = (kind or "").partition(";")[0].strip().lower()
        proved = call.headers.get("origin") is not None or _fetch(call, "site") == "same-origin"
        if media == "application/json" or (media in _FORMS and proved):
            return
        reason = "send the body as JSON, with the header “Content-Type: application/json”"
        raise _No("invalid_request", {"reason": reason}, 415)

    def _told(self, call: Reached, no: _No) -> Response:
        if _is_api(call):
            return problem_response(no.code, no.status, no.params)
        return self._render_error(no.code, no.status, no.params, Request(call.scope))

    def _with_headers(self, call: Reached, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _FIXED.items():
                    headers[name] = value
                headers["Content-Security-Policy"] = self._policy()
                # On plain http to another machine browsers ignore it, and complain about it in their console.
                if call.scope.get("scheme") == "https" or names_this_machine(call.host):
                    headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return sending

    def _policy(self) -> str:
        try:
            tmdb = origin_of(self._tmdb_web_url())
        except CrossWatchError:  # a broken document; nothing can be connected meanwhile
            tmdb = ""
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                "connect-src 'self'",
                "manifest-src 'self'",
                f"form-action 'self' {tmdb}".strip(),
                "frame-ancestors 'none'",
                "base-uri 'none'",
            )
        )


def set_session_cookie(response: Response, session: str, request: Request) -> None:
    """Signs the browser in: for 30 days, for this base path only, out of reach of scripts and of other sites' forms."""
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=SESSION_SECONDS,
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop_session_cookie(response: Response, request: Request) -> None:
    """Makes the browser forget its session."""
    response.delete_cookie(
        SESSION_COOKIE,
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def session_of(request: Request) -> str:
    """The value of the session cookie, or an empty text."""
    return request.cookies.get(SESSION_COOKIE, "")


def safe_next(path: str) -> str:
    """The path to go on to after signing in, below the base path: one of ours, else the start page."""
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if ours and all(character > " " for character in path) else "/"


def _to_sign_in(call: Reached) -> Response:
    base = call.scope.get("root_path", "")
    if call.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": base + SIGN_IN})
    query = ""
    if call.scope["method"] == "GET" and call.path != "/":
        asked = call.scope.get("query_string", b"").decode("latin-1")
        query = "?next=" + quote(call.path + (f"?{asked}" if asked else ""), safe="/")
    return RedirectResponse(f"{base}{SIGN_IN}{query}", 303)


def _is_api(call: Reached) -> bool:
    return call.path in {"/api", "/metrics"} or call.path.startswith("/api/")


def _is_callback(call: Reached) -> bool:
    """The end of a connection, to which TMDb sends whatever browser said yes: its single-use state is its proof."""
    return call.scope["method"] == "GET" and call.path.startswith(CALLBACK)


def _fetch(call: Reached, name: str) -> str:
    return call.headers.get(f"sec-fetch-{name}", "").strip().lower()


def _has_body(call: Reached) -> bool:
    return call.headers.get("content-length", "0") != "0" or "transfer-encoding" in call.headers


def _may_have_body(call: Reached) -> bool:
    return call.scope["method"] not in _SAFE or _has_body(call)


def _check_body(call: Reached, body: bytes) -> None:
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and "content-type" not in call.headers and call.scope["method"] not in _SAFE:
        raise _No("invalid_request", {"reason": "the body has no Content-Type"}, 415)
    if media == "application/json" and bodies.too_deep(body):
        raise _No("invalid_request", {"reason": f"it is nested deeper than {bodies.DEPTH} levels"})
