"""Connecting TMDb (Sync): start, verify, finish, disconnect, save."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from crosswatch import words
from crosswatch.errors import CrossWatchError
from crosswatch.model.accounts import DEFAULT_INSTANCE
from crosswatch.services.connect import Verified
from crosswatch.services.shapes import iso
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import Account, Body, Instance, Secret, Text
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/tmdb_sync", tags=["TMDb (Sync)"])

_KEY = ("missing_api_key", "not_a_v3_key", "invalid_api_key", "suspended_api_key")
_TMDB = ("unreachable", "blocked", "rate_limited", "tmdb_error")
_COMMON = ("invalid_request", "unknown_instance", "set_by_environment")


class StartBody(Body):
    """With which key to connect."""

    api_key: Secret = Field(None, description="TMDb's API key (v3); may be left out where one is stored.")


class Started(BaseModel):
    """An approval that was asked for."""

    ok: bool
    auth_url: str = Field(description="The page at TMDb on which the user says yes.")
    request_token: str
    expires_at: str = Field(description="Until when it can be approved (UTC).")
    instance: str


class Connection(BaseModel):
    """How a connection is. `connected` and `pending` may both be true: it is then being made anew."""

    ok: bool
    connected: bool
    pending: bool = Field(description="An approval was asked for and not given yet.")
    checked: bool = Field(description="TMDb has just confirmed the stored session.")
    account: Account | None
    error: str = Field(description="The sentence to show; empty when connected and checked.")
    code: str = Field(description="What stands in the way; empty when connected and checked.")
    expires_at: str | None = Field(description="Until when the pending request can be approved (UTC).")
    instance: str


class FinishBody(Body):
    """Which request to finish; each may be left out where it is stored."""

    api_key: Secret = None
    request_token: Text | None = None


class Finished(BaseModel):
    """A connection that was made."""

    ok: bool
    connected: bool
    account: Account | None = Field(description="Null where TMDb could not be asked who it is.")
    instance: str


class SaveBody(Body):
    """A key and a session that the user already has."""

    api_key: Secret = Field(None, description="May be left out where one is stored.")
    session_id: Text


class Disconnected(BaseModel):
    """A connection that was ended."""

    ok: bool
    revoked: bool = Field(description="Whether the session was ended at TMDb too.")
    instance: str


@router.post("/connect/start", summary="Ask TMDb for an approval", responses=told(*_COMMON, *_KEY, *_TMDB))
async def start(
    parts: PartsDep, request: Request, instance: Instance = DEFAULT_INSTANCE, body: StartBody | None = None
) -> Started:
    """Gives the page at TMDb on which the user approves; a working connection stays as it is until then.

    TMDb sends the browser back here afterwards, and `verify` finishes by itself.
    """
    key = body.api_key if body else None
    made = await parts.connect.start(
        instance, key, public_url=public_url(parts.house.settings.public_url, request)
    )
    return Started(
        ok=True,
        auth_url=made.auth_url,
        request_token=made.request_token,
        expires_at=iso(made.expires_at) or "",
        instance=made.instance,
    )


@router.get("/verify", summary="How the connection is", responses=told("unknown_instance", "invalid_request"))
async def verify(parts: PartsDep, instance: Instance = DEFAULT_INSTANCE) -> Connection:
    """Answers 200 for every state, told by `code` and `error`; finishes by itself once the request is approved."""
    state = await parts.connect.verify(instance)
    return Connection(
        ok=True,
        connected=state.connected,
        pending=state.pending,
        checked=state.checked,
        account=_account(state),
        expires_at=iso(state.expires_at),
        instance=state.instance,
        **said(state.error),
    )


@router.post(
    "/connect/finish",
    summary="Finish an approved request",
    responses=told(
        *_COMMON,
        *_KEY,
        "no_pending_request",
        "pending_approval",
        "approval_expired",
        "approval_denied",
        "session_ended",
        "no_session_id",
        *_TMDB,
    ),
)
async def finish(
    parts: PartsDep, instance: Instance = DEFAULT_INSTANCE, body: FinishBody | None = None
) -> Finished:
    """Finishes now, or says what stands in its way. Nothing needs to be given where `connect/start` was called here."""
    given = body or FinishBody()
    state = await parts.connect.finish(instance, api_key=given.api_key, request_token=given.request_token)
    return _finished(state)


@router.post(
    "/save",
    summary="Take a key and a session that exist already",
    responses=told(*_COMMON, *_KEY, "session_ended", *_TMDB),
)
async def save(parts: PartsDep, body: SaveBody, instance: Instance = DEFAULT_INSTANCE) -> Finished:
    """Tests both at TMDb before it saves them."""
    return _finished(await parts.connect.save(instance, api_key=body.api_key, session_id=body.session_id))


@router.post(
    "/disconnect",
    summary="End the connection",
    responses=told("unknown_instance", "in_use", "invalid_request"),
)
async def disconnect(
    parts: PartsDep,
    instance: Instance = DEFAULT_INSTANCE,
    *,
    forget: Annotated[bool, Query(description="Drop the key and the account's name too.")] = False,
) -> Disconnected:
    """Ends the session at TMDb too, and forgets it here even if TMDb cannot be reached."""
    ended = await parts.connect.disconnect(instance, forget=forget)
    return Disconnected(ok=True, revoked=ended.revoked, instance=ended.instance)


def public_url(setting: str | None, request: Request) -> str:
    """What a browser calls this server, base path included: by the setting, else by the address of the request."""
    origin = setting or f"{request.url.scheme}://{request.url.netloc}"
    return f"{origin}{request.scope.get('root_path', '')}"


def said(error: CrossWatchError | None) -> dict[str, Any]:
    """``code`` and ``error`` of an answer; both empty where nothing is wrong."""
    if error is None:
        return {"code": "", "error": ""}
    return {"code": error.code, "error": words.say(error.code, error.params).whole}


def _finished(state: Verified) -> Finished:
    if not state.connected and state.error is not None:
        raise state.error
    return Finished(ok=True, connected=state.connected, account=_account(state), instance=state.instance)


def _account(state: Verified) -> Account | None:
    return Account(id=state.account.id, username=state.account.username) if state.account else None
