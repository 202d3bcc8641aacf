"""The pages around the password: set-up, sign-in, sign-out. Plain forms; the session goes into a cookie."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.services.people import LEAST, People
from crosswatch.web.pages.alone import SetUpView, SignInView
from crosswatch.web.pages.views import Notice
from crosswatch.web.problems import headers_for, status_of
from crosswatch.web.security import (
    SET_UP,
    SIGN_IN,
    drop_session_cookie,
    safe_next,
    session_of,
    set_session_cookie,
)


class Show(Protocol):
    """Renders a template that stands alone, without the navigation."""

    def __call__(self, request: Request, template: str, view: object, status: int) -> Response: ...


def entering_routes(people: People, show: Show) -> list[Route]:
    """GET and POST of /set-up and /sign-in, POST of /sign-out. Security decides who reaches them."""

    async def set_up_page(request: Request) -> Response:
        if await people.password_is_set():
            return _to(request, "/")
        await people.announce_set_up()
        return show(request, "set_up.html", SetUpView(LEAST), 200)

    async def set_up(request: Request) -> Response:
        given = await _form(request, "code", "password", "password_again")
        try:
            session = await people.set_up(*given, caller=_caller(request))
        except Refused as refused:
            return _again(request, show, "set_up.html", SetUpView(LEAST, _notice(refused)), refused)
        return _entered(request, session, "/")

    async def sign_in_page(request: Request) -> Response:
        if not await people.password_is_set():
            return _to(request, "/")
        return show(
            request, "sign_in.html", SignInView(safe_next(request.query_params.get("next", "/"))), 200
        )

    async def sign_in(request: Request) -> Response:
        password, after = await _form(request, "password", "next")
        after = safe_next(after)
        try:
            session = await people.sign_in(password, caller=_caller(request))
        except Refused as refused:
            return _again(request, show, "sign_in.html", SignInView(after, _notice(refused)), refused)
        return _entered(request, session, after)

    async def sign_out(request: Request) -> Response:
        await people.sign_out(session_of(request))
        response = _to(request, SIGN_IN)
        drop_session_cookie(response, request)
        return response

    return [
        Route(SET_UP, set_up_page, methods=["GET"]),
        Route(SET_UP, set_up, methods=["POST"]),
        Route(SIGN_IN, sign_in_page, methods=["GET"]),
        Route(SIGN_IN, sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
    ]


async def _form(request: Request, *names: str) -> list[str]:
    """These fields of the form; an empty text for one that is missing or a file."""
    async with request.form(max_files=0, max_fields=10) as form:
        values = [form.get(name) for name in names]
    return [value if isinstance(value, str) else "" for value in values]


def _caller(request: Request) -> str:
    return request.client.host if request.client else ""


def _notice(refused: Refused) -> Notice:
    return Notice(words.say(refused.code, refused.params))


def _again(request: Request, show: Show, template: str, view: object, refused: Refused) -> Response:
    """The page once more, saying what was wrong; what was typed is not in it."""
    status = status_of(refused)
    response = show(request, template, view, status)
    response.headers.update(headers_for(status, refused.params))
    return response


def _entered(request: Request, session: str, after: str) -> Response:
    response = _to(request, after)
    set_session_cookie(response, session, request)
    return response


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", 303)
