"""Every error of the API as a problem document, and how the OpenAPI document tells of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from crosswatch import words
from crosswatch.errors import CrossWatchError
from crosswatch.web.faults import Tell
from crosswatch.web.problems import STATUS, problem_response, status_of

METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
_MOST_ERRORS = 20
_LONGEST_PLACE = 200
_WORD = re.compile(r"[A-Za-z_.-]{1,60}")


class Wrong(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="The place, such as `body.features.ratings.conflict`.")
    what: str = Field(description="What is wrong there. Never repeats a value.")


class Problem(BaseModel):
    """An error (RFC 9457): `error` is the sentence to show, `code` never changes its meaning."""

    type: str = Field(description="`urn:crosswatch:error:` and the code.")
    title: str
    status: int
    detail: str
    ok: bool = Field(description="Always false.")
    error: str = Field(description="The sentence to show: what is wrong and what to do.")
    code: str
    errors: list[Wrong] | None = Field(None, description="With `invalid_request`: what is wrong where.")
    run_id: str | None = Field(None, description="With `already_running`: the run that is going on.")


def told(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The documented error answers of a call that may end with these codes."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    found: dict[int | str, dict[str, Any]] = {
        status: {
            "model": Problem,
            "description": "; ".join(f"`{code}`: {words.say(code).title}" for code in some),
        }
        for status, some in sorted(by_status.items())
    }
    found["default"] = {
        "model": Problem,
        "description": "Any other error: who may call, sizes, and the state of the server itself.",
    }
    return found


def handle_errors(app: FastAPI, tell: Tell) -> None:
    """Makes every error that a route raises an answer; ``tell`` makes those outside the API."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, CrossWatchError)
        if not is_api(request):
            return tell(error.code, status_of(error), error.params, request)
        run_id = error.params.get("run_id")
        extra = {"run_id": str(run_id)} if run_id is not None else None
        return problem_response(error.code, status_of(error), error.params, extra=extra)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code, status, params = _meaning(request, error)
        response = tell(code, status, params, request)
        if code == "method_not_allowed":
            response.headers["Allow"] = ", ".join(_allowed(app, request))
        return response

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _invalid(request, error.errors(), tell)

    app.add_exception_handler(CrossWatchError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def is_api(request: Request) -> bool:
    """Whether the answer goes to a program, which is told errors as problem documents."""
    path: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return path == "/api" or path.startswith("/api/")


def _meaning(request: Request, error: HTTPException) -> tuple[str, int, Mapping[str, object]]:
    if error.status_code == 404:
        return "not_found", 404, {"what": f"{'call' if is_api(request) else 'page'} at this address"}
    if error.status_code == 405:
        return "method_not_allowed", 405, {"method": request.method}
    if error.status_code == 413:
        return "too_large", 413, {"limit": "1 MB"}
    return "invalid_request", error.status_code, {"reason": "its body cannot be read as JSON"}


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Every method that the address takes; the framework names only those of the first route that fits."""
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.router.routes
        )
    ]


def _invalid(request: Request, errors: Sequence[Mapping[str, Any]], tell: Tell) -> Response:
    """422 with every place that is wrong; 400 where the body is no JSON at all. Values are never repeated."""
    syntax = next((one for one in errors if one["type"] == "json_invalid"), None)
    if syntax is not None:
        reason = f"its body is not JSON: {syntax['ctx']['error']} at character {syntax['loc'][-1]}"
        wrong = [{"where": "body", "what": reason.removeprefix("its body is ")}]
        status = 400
    else:
        wrong = [{"where": _place(one["loc"]), "what": _what(one)} for one in errors[:_MOST_ERRORS]]
        reason = "; ".join(f"{one['where']}: {one['what']}" for one in wrong[:3])
        status = STATUS["invalid_request"]
    if not is_api(request):
        return tell("invalid_request", status, {"reason": reason}, request)
    return problem_response("invalid_request", status, {"reason": reason}, extra={"errors": wrong})


def _place(loc: Sequence[object]) -> str:
    """Where it is. A name that is none of ours is shown only if it looks like a word: it may be a pasted key."""
    shown = (str(part) if isinstance(part, int) or _WORD.fullmatch(str(part)) else "…" for part in loc)
    return ".".join(shown)[:_LONGEST_PLACE]


def _what(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    if error["type"] == "missing":
        return "this is needed"
    text = str(error["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
