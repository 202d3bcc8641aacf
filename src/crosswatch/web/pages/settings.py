"""Settings, and TMDb (Sync) among them: connect, watch, verify, disconnect."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from crosswatch import words
from crosswatch.errors import CrossWatchError, Refused, SessionEnded
from crosswatch.model.accounts import DEFAULT_INSTANCE, AccountName
from crosswatch.services.connect import PROVIDER
from crosswatch.services.standing import Standing
from crosswatch.store import pending
from crosswatch.web.api.tmdb_sync import public_url
from crosswatch.web.pages.alone import ConnectResultView, Result
from crosswatch.web.pages.forms import read_form
from crosswatch.web.pages.home import home_view, to
from crosswatch.web.pages.showing import SETTINGS, ShowDep, notice_of
from crosswatch.web.pages.views import (
    Area,
    DisconnectView,
    KeyView,
    Notice,
    SettingsView,
    TmdbSyncView,
)
from crosswatch.web.parts import Parts, PartsDep
from crosswatch.words import Said

router = APIRouter(include_in_schema=False)

_CHECKED_MS = 60_000
"""A connection that was confirmed longer ago is looked at when its page is opened."""

# What the state of the page says already; worth words only where somebody has just clicked.
_PLAIN = frozenset({"missing_api_key", "no_pending_request", "pending_approval"})
_CONFIRMED, _REVOKED, _ENDED_HERE = "confirmed", "disconnected", "disconnected_here"
_DENIED = "approval_denied"


@router.api_route("/settings", methods=["GET", "HEAD"])
async def settings(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """The index."""
    shown = (await home_view(parts)).connections
    connections = tuple(one for one in shown if one.provider == PROVIDER)
    view = SettingsView(connections, metadata=bool(parts.house.config.metadata_key()))
    return show.page(request, "settings.html", view, area=Area.SETTINGS)


@router.api_route(SETTINGS, methods=["GET", "HEAD"])
async def tmdb_sync(
    request: Request, parts: PartsDep, show: ShowDep, instance: str = DEFAULT_INSTANCE, said: str = ""
) -> Response:
    """How the connection stands as far as it is known; TMDb is asked by the state alone."""
    refused: Refused | None = None
    try:
        view = await sync_view(parts, instance)
    except Refused as wrong:  # a name that cannot be one
        refused = wrong
        view = replace(await sync_view(parts, DEFAULT_INSTANCE), notice=notice_of(wrong))
    view = await _answered(parts, view, said)
    return show.page(request, "tmdb_sync.html", view, area=Area.SETTINGS, error=refused)


@router.get(f"{SETTINGS}/state")
async def state(
    request: Request, parts: PartsDep, show: ShowDep, instance: str = DEFAULT_INSTANCE
) -> Response:
    """The same after asking TMDb; finishes what was approved."""
    await _verified(parts, instance)
    view = await sync_view(parts, instance)
    return HTMLResponse(show.fragment(request, "tmdb_sync_state.html", replace(view, look=False)))


@router.post(f"{SETTINGS}/verify")
async def verify(request: Request, parts: PartsDep) -> Response:
    """Asks TMDb once, and goes back to the page, which says what came of it and no longer of a denial before."""
    instance = (await read_form(request)).get("instance", DEFAULT_INSTANCE)
    await _forget_denial(parts, instance)
    error = await _verified(parts, instance)
    return to(request, _page(instance, said=error.code if error is not None else _CONFIRMED))


@router.post(f"{SETTINGS}/connect")
async def connect(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Asks for an approval and goes on to TMDb's page for it; this answer lands in a tab of its own."""
    form = await read_form(request)
    instance = form.get("instance", DEFAULT_INSTANCE)
    url = public_url(parts.house.settings.public_url, request)
    try:
        started = await parts.connect.start(instance, form.get("api_key"), public_url=url)
    except CrossWatchError as error:
        back = SETTINGS if error.code == "unknown_instance" else _page(instance)
        view = ConnectResultView(Result.ERROR, notice=Notice(notice_of(error).said), back=back)
        return show.page(request, "connect_result.html", view, nav=False, error=error)
    return RedirectResponse(started.auth_url, 303)


@router.api_route(f"{SETTINGS}/disconnect", methods=["GET", "HEAD"])
async def ask_disconnect(
    request: Request, parts: PartsDep, show: ShowDep, instance: str = DEFAULT_INSTANCE
) -> Response:
    """The question, with the pairs that would stop."""
    _known(parts, instance)
    standing = await parts.connect.peek(instance)
    view = DisconnectView(instance, standing.username, await parts.connect.stopping_pairs(instance))
    return show.page(request, "tmdb_sync_disconnect.html", view, area=Area.SETTINGS)


@router.post(f"{SETTINGS}/disconnect")
async def disconnect(request: Request, parts: PartsDep) -> Response:
    """Ends the connection here in any case, and at TMDb if it answers."""
    instance = (await read_form(request)).get("instance", DEFAULT_INSTANCE)
    ended = await parts.connect.disconnect(instance)
    said = "" if not ended.was_connected else _REVOKED if ended.revoked else _ENDED_HERE
    return to(request, _page(instance, said=said))


async def _answered(parts: Parts, view: TmdbSyncView, said: str) -> TmdbSyncView:
    """The page after a click: what came of it, where the state alone does not say that."""
    if said in (_REVOKED, _ENDED_HERE) and not view.connected and not view.pending:
        pairs = await parts.connect.stopping_pairs(view.instance)
        return replace(view, notice=Notice(_disconnected(pairs, revoked=said == _REVOKED)), good=True)
    if said == _CONFIRMED or (said == "pending_approval" and view.pending):
        return replace(view, asked=True)
    if said in _PLAIN and view.notice is None and not (view.connected and view.checked):
        return replace(view, notice=Notice(words.say(said)))
    return view


def _disconnected(pairs: tuple[str, ...], *, revoked: bool) -> Said:
    at_tmdb = (
        "TMDb has ended the session as well."
        if revoked
        else "TMDb did not answer to it: you can end the session in your settings at TMDb."
    )
    stopped = f"Stopped until it is connected again: {', '.join(pairs)}." if pairs else ""
    return Said("Disconnected", at_tmdb, stopped)


async def _forget_denial(parts: Parts, instance: str) -> None:
    """A denial is told until the next check, not beyond."""
    attempt = (await parts.connect.peek(instance)).attempt
    if attempt is not None and attempt.code == _DENIED:
        name = AccountName(PROVIDER, instance)
        await parts.house.database.write(lambda connection: pending.remove(connection, name))


async def sync_view(parts: Parts, instance: str) -> TmdbSyncView:
    """The page of an account, also of one that is only a name yet. Refused ``unknown_instance`` for no name at all."""
    standing = await parts.connect.peek(instance)
    now = parts.house.clock.now_ms()
    recent = standing.checked_at is not None and now - standing.checked_at < _CHECKED_MS
    return TmdbSyncView(
        instance=instance,
        key=_key(parts, instance),
        connected=standing.connected,
        pending=standing.pending,
        checked=standing.error is None,
        account=standing.username,
        checked_at=standing.checked_at,
        auth_url=standing.auth_url,
        expires_at=standing.expires_at,
        notice=_notice(standing),
        accounts=_accounts(parts),
        keys_page=f"{parts.house.config.tmdb_service().web_url}/settings/api",
        unused=standing.connected and not await parts.connect.stopping_pairs(instance),
        look=(standing.connected or standing.error is not None) and not recent,
    )


def _notice(standing: Standing) -> Notice | None:
    """What is wrong; while a new approval is awaited, that the old connection has ended is no news."""
    error = standing.attempt or standing.error
    if standing.pending and isinstance(error, SessionEnded):
        return None
    if standing.connected and error is not None and error.code == _DENIED:
        who = standing.username or "the account"
        return Notice(Said("Denied at TMDb", f"Nothing changed: {who} is still connected.", ""))
    return Notice(notice_of(error).said) if error is not None else None


def _accounts(parts: Parts) -> tuple[tuple[str, str], ...]:
    """Every account with its name at TMDb; none before the first one was connected."""
    config = parts.house.config
    names = {name: config.tmdb_account(name).username for name in parts.connect.instances()}
    if len(names) == 1 and not names.get(DEFAULT_INSTANCE):
        return ()
    return tuple((name, username or name) for name, username in names.items())


def _key(parts: Parts, instance: str) -> KeyView:
    """The account's own key, else that of the default account, which it would use."""
    config = parts.house.config
    variable = config.variable("tmdb_sync.api_key")
    known: Mapping[str, Any] = config.masked()["tmdb_sync"]
    own: Mapping[str, Any] = known if instance == DEFAULT_INSTANCE else known["instances"].get(instance, {})
    shown = own.get("api_key") or {}
    if not shown.get("set"):
        shown = known.get("api_key") or {}
    return KeyView(bool(shown.get("set")), str(shown.get("hint", "")), variable if shown.get("set") else "")


async def _verified(parts: Parts, instance: str) -> CrossWatchError | None:
    """What stands in the way after asking TMDb. A name that was never connected has nothing to be asked about."""
    try:
        state = await parts.connect.verify(instance)
    except Refused as refused:
        await parts.connect.peek(instance)  # raises for what cannot be a name
        return Refused("no_pending_request") if refused.code == "unknown_instance" else refused
    return state.attempt or state.error


def _known(parts: Parts, instance: str) -> None:
    if instance not in parts.connect.instances():
        raise Refused("unknown_instance", instance=instance[:64])


def _page(instance: str, *, said: str = "") -> str:
    """The page of an account; its name is made of letters that an address can hold."""
    query = [f"instance={instance}"] if instance != DEFAULT_INSTANCE else []
    query += [f"said={said}"] if said else []
    return SETTINGS + ("?" + "&".join(query) if query else "")
