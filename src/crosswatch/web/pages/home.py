"""Home: whether everything is in step, live while anything runs, and the buttons that set it off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from crosswatch.errors import CrossWatchError, Refused, SessionEnded
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature
from crosswatch.services.connect import PROVIDER
from crosswatch.services.following import EVERY_SECONDS
from crosswatch.services.overview import AccountState
from crosswatch.services.pairs import NewPair
from crosswatch.services.standing import Standing
from crosswatch.store.pairs import LaneSettings
from crosswatch.web.api.fields import number
from crosswatch.web.pages.forms import read_form
from crosswatch.web.pages.making import Names, Stand, card, run_row
from crosswatch.web.pages.showing import SETTINGS, ShowDep, Shower, notice_of
from crosswatch.web.pages.views import Area, ConnectionState, ConnectionView, HomeView
from crosswatch.web.parts import Parts, PartsDep
from crosswatch.web.streams import fragment_stream

router = APIRouter(include_in_schema=False)
_BUILT_IN = "tracker"


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Everything at a glance, from what is stored; no service is asked."""
    return show.page(request, "home.html", await home_view(parts), area=Area.HOME)


@router.get("/stream")
async def stream(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Home's live part whenever a run moves, until none is left."""
    return fragment_stream(parts, _fragments(request, parts, show))


@router.post("/pairs/tmdb-to-tracker")
async def keep_in_tracker(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Makes the pair of a TMDb account and its own tracker, and begins its first run.

    A pair that is there already is left as it is.
    """
    form = await read_form(request)
    instance = form.get("instance", "default")
    wanted = set(form.all("features"))
    new = NewPair(
        AccountName(PROVIDER, instance),
        AccountName(_BUILT_IN, instance),
        features={feature: LaneSettings(enabled=feature.value in wanted) for feature in Feature},
    )
    try:
        pair = await parts.pairs.add(new)
        await parts.running.start(pair.id, trigger="page")
    except Refused as refused:
        if refused.code != "pair_exists":
            return await _home_again(request, parts, show, refused)
    return to(request, "/")


@router.post("/pairs/{pair_id}/run")
async def sync_now(request: Request, parts: PartsDep, show: ShowDep, pair_id: str) -> Response:
    """Begins a run, unless one of this pair is going on."""
    try:
        await parts.running.start(number("pair", pair_id), trigger="page")
    except Refused as refused:
        if refused.code == "not_found":
            raise
        if refused.code != "already_running":
            return await _home_again(request, parts, show, refused)
    return to(request, "/")


def to(request: Request, path: str) -> Response:
    """On to another page of ours."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", 303)


async def home_view(parts: Parts) -> HomeView:
    """Home as it is now."""
    now = await parts.home.now()
    names, at = Names(now.providers), parts.house.clock.now_ms()
    every = [account for state in now.providers for account in state.accounts]
    stands: dict[AccountName, Stand] = {}
    shown: list[ConnectionView] = []
    for account in every:
        if account.name.provider != PROVIDER:
            stands[account.name] = Stand()
            continue
        standing = await parts.connect.peek(account.name.instance)
        stands[account.name] = stand = _stand(account.name, standing)
        view = connection_view(account, standing, stand)
        if view is not None:
            shown.append(view)
    if shown:
        shown += [
            ConnectionView(_BUILT_IN, side.label, side.account, ConnectionState.BUILT_IN)
            for side in (names.side(one.name) for one in every if one.name.provider == _BUILT_IN)
        ]
    asking = [pair.last.run for pair in now.pairs if pair.last is not None and pair.last.run.attention]
    kept = {pair.pair.source for pair in now.pairs}
    return HomeView(
        connections=tuple(shown),
        pairs=tuple(card(pair, names, stands, at) for pair in now.pairs),
        offer=tuple(
            (account.name.instance, names.account(account.name))
            for account in every
            if account.name.provider == PROVIDER
            and stands[account.name].error is None
            and account.name not in kept
        ),
        recent=tuple(run_row(report) for report in now.recent),
        attention=sum(run.attention for run in asking),
        attention_href=f"/runs/{asking[0].id}" if asking else "",
    )


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


async def _home_again(request: Request, parts: Parts, show: Shower, refused: Refused) -> Response:
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
