"""Home: whether everything is in step, live while anything runs, and the buttons that set it off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from crosswatch.errors import CrossWatchError, Refused, SessionEnded
from crosswatch.model.accounts import AccountName
from crosswatch.services.connect import PROVIDER
from crosswatch.services.following import EVERY_SECONDS
from crosswatch.services.overview import AccountState, ProviderState
from crosswatch.services.standing import Standing
from crosswatch.web.api.fields import number
from crosswatch.web.pages.making import BUILT_IN, Names, Stand, card, make_view, run_row
from crosswatch.web.pages.showing import SETTINGS, ShowDep, Shower, notice_of
from crosswatch.web.pages.views import Area, ConnectionState, ConnectionView, HomeView
from crosswatch.web.parts import Parts, PartsDep
from crosswatch.web.streams import fragment_stream

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Everything at a glance, from what is stored; no service is asked."""
    return show.page(request, "home.html", await home_view(parts), area=Area.HOME)


@router.get("/stream")
async def stream(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Home's live part whenever a run moves, until none is left."""
    return fragment_stream(parts, _fragments(request, parts, show))


@router.post("/pairs/{pair_id}/run")
async def sync_now(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Begins a run, unless one of this pair is going on."""
    try:
        await parts.running.start(number("pair", pair_id), trigger="page")
    except Refused as refused:
        if refused.code == "not_found":
            raise
        if refused.code != "already_running":
            return await home_again(request, parts, show, refused)
    return to(request, "/")


def to(request: Request, path: str) -> Response:
    """On to another page of ours."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", 303)


@dataclass(frozen=True, slots=True)
class _Accounts:
    """Every account with how it is, and the connections of the strip."""

    stands: dict[AccountName, Stand]
    shown: tuple[ConnectionView, ...]


async def home_view(parts: Parts) -> HomeView:
    """Home as it is now."""
    now = await parts.home.now()
    names, at = Names(now.providers), parts.house.clock.now_ms()
    accounts = await _accounts(parts, now.providers, names)
    used = {name for pair in now.pairs for name in (pair.pair.source, pair.pair.target)}
    form = make_view(names, accounts.stands, used)
    return HomeView(
        connections=accounts.shown,
        pairs=tuple(card(pair, names, accounts.stands, at) for pair in now.pairs),
        offer=form if form is not None and AccountName.parse(form.source) not in used else None,
        recent=tuple(run_row(report) for report in now.recent),
        attention=now.questions,
        more=form is not None and len(form.accounts) > 2,
    )


async def stands_of(parts: Parts) -> tuple[Names, dict[AccountName, Stand]]:
    """What accounts are called, and whether they can be used."""
    providers = tuple(await parts.overview.providers())
    names = Names(providers)
    return names, (await _accounts(parts, providers, names)).stands


async def _accounts(parts: Parts, providers: tuple[ProviderState, ...], names: Names) -> _Accounts:
    stands: dict[AccountName, Stand] = {}
    shown: list[ConnectionView] = []
    built_in: list[ConnectionView] = []
    for account in (account for state in providers for account in state.accounts):
        if account.name.provider == BUILT_IN:
            stands[account.name] = Stand()
            side = names.side(account.name)
            built_in.append(ConnectionView(BUILT_IN, side.label, side.account, ConnectionState.BUILT_IN))
            continue
        standing = await parts.connect.peek(account.name.instance)
        stands[account.name] = stand = _stand(account.name, standing)
        view = connection_view(account, standing, stand)
        if view is not None:
            shown.append(view)
    return _Accounts(stands, (*shown, *built_in) if shown else ())


def connection_view(account: AccountState, standing: Standing, stand: Stand) -> ConnectionView | None:
    """A connection of the strip; None for one that was never made and is not being made."""
    if stand.error is None:
        state = ConnectionState.UNCHECKED if standing.error is not None else ConnectionState.CONNECTED
    elif standing.pending:
        state = ConnectionState.PENDING
    elif account.uid:
        state = ConnectionState.ENDED
    else:
        return None
    further = "" if account.name.instance == "default" else f"?instance={account.name.instance}"
    shown = standing.username or account.label
    return ConnectionView(PROVIDER, "TMDb", shown, state, f"{SETTINGS}{further}")


def _stand(name: AccountName, standing: Standing) -> Stand:
    """Whether TMDb's account can be used, as far as it is known."""
    error: CrossWatchError | None = None
    if isinstance(standing.error, SessionEnded):
        error = standing.error
    elif not standing.connected:
        error = Refused("not_connected", account=str(name))
    return Stand(error, standing.checked_at)


async def home_again(request: Request, parts: Parts, show: Shower, refused: Refused) -> Response:
    """Home with what was refused there."""
    view = replace(await home_view(parts), notice=notice_of(refused))
    return show.page(request, "home.html", view, area=Area.HOME, error=refused)


async def _fragments(request: Request, parts: Parts, show: Shower) -> AsyncIterator[str]:
    seen: list[tuple[int, int]] | None = None
    while not parts.closing.is_set():
        going = [(report.run.id, report.run.version) for report in await parts.running.going_on()]
        if going != seen:
            seen = going
            yield show.fragment(request, "home_live.html", await home_view(parts))
        if not going:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(parts.closing.wait(), EVERY_SECONDS)
