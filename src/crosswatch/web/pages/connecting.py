"""Where TMDb sends the browser back to, and the neutral page that says how it ended."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.web.pages.alone import ConnectResultView, Result
from crosswatch.web.pages.home import home_view, to
from crosswatch.web.pages.showing import ShowDep
from crosswatch.web.pages.views import Notice
from crosswatch.web.parts import PartsDep

router = APIRouter(include_in_schema=False, prefix="/connect/tmdb_sync")

_UNFINISHED = "approval_unfinished"
_AGAIN = "connected_again"
_RESULTS = {
    "connected": Result.CONNECTED,
    _AGAIN: Result.CONNECTED,
    "approval_denied": Result.DENIED,
    "approval_expired": Result.EXPIRED,
    "approval_unknown": Result.ERROR,
    "no_session_id": Result.ERROR,
    "invalid_api_key": Result.ERROR,
    "suspended_api_key": Result.ERROR,
    _UNFINISHED: Result.ERROR,
}


@router.get("/result/{outcome}")
async def result(request: Request, show: ShowDep, outcome: str) -> Response:
    """How it ended, and nothing else; anybody may see this page."""
    if outcome not in _RESULTS:
        raise Refused("not_found", what="page at this address")
    if outcome == "connected":  # Home has the next step
        view = ConnectResultView(Result.CONNECTED, back="/", next="Next: choose what to keep in step")
    elif outcome == _AGAIN:
        view = ConnectResultView(Result.CONNECTED, back="/")
    else:
        view = ConnectResultView(_RESULTS[outcome], notice=Notice(words.say(outcome)))
    return show.page(request, "connect_result.html", view, nav=False)


@router.get("/{state}")
async def returned(
    request: Request,
    parts: PartsDep,
    state: str,
    request_token: str = "",
    approved: str = "",
    denied: str = "",
) -> Response:
    """Finishes the connection whose state this is, once, and goes on to a page without a query.

    A page that is only fetched in advance finishes nothing.
    """
    if "prefetch" in request.headers.get("sec-purpose", "").lower():
        return Response(status_code=503)
    outcome = await parts.connect.returned(
        state, request_token=request_token, approved=approved == "true", denied=denied == "true"
    )
    if outcome == "connected" and not (await home_view(parts)).offer:
        outcome = _AGAIN
    return to(request, f"/connect/tmdb_sync/result/{outcome if outcome in _RESULTS else _UNFINISHED}")
