"""Pairs: made, changed, deleted, and synced."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, BeforeValidator, Field, StrictBool

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName as Name_
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.services.pairs import NewPair, lane_defaults
from crosswatch.services.shapes import pair_shape
from crosswatch.store.pairs import LaneSettings, PairRow
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import AccountName, Body, Done, Id, Name, Text, number
from crosswatch.web.api.paging import DEFAULT_PAGE, Cursor, Limit, Listed, paged
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/pairs", tags=["Pairs"])

_LIMITS = ("read_only_side", "cannot_remove", "nothing_to_sync", "pair_cycle", "invalid_request")

_CONFLICT = (
    "Whose value wins where both sides changed to different ones. `ask` puts it into the inbox (`/api/attention`). "
    "`newest` goes by the services' own dates, and asks where one has none: TMDb dates nothing."
)

_REMOVE = (
    "What was removed on one side, provably, is removed on the other; many at once wait in the inbox. Off by default: "
    "then it is kept. Switching it on asks about what was kept so far (kind `kept`), and removes nothing by itself."
)
_WHEN_RATED = (
    "Also what a service took off its watchlist itself, because you rated or watched it. Only with `remove`."
)


class WatchlistLane(BaseModel):
    """What the watchlist's lane may do."""

    enabled: bool
    add: bool
    remove: bool = Field(description=_REMOVE)
    remove_when_rated: bool = Field(description=_WHEN_RATED)


class RatingsLane(BaseModel):
    """What the ratings' lane may do."""

    enabled: bool
    add: bool
    change: bool
    remove: bool = Field(description=_REMOVE)
    conflict: Conflict = Field(description=_CONFLICT)


class Lanes(BaseModel):
    """The lanes of a pair; one that both services do not share is not there."""

    watchlist: WatchlistLane | None = None
    ratings: RatingsLane | None = None


class Pair(BaseModel):
    """Two accounts that are kept in step."""

    id: str
    name: str
    source: AccountName
    target: AccountName
    mode: Mode = Field(description="One-way: changes go from the source to the target. Two-way: both ways.")
    enabled: bool
    kinds: list[Kind]
    features: Lanes
    schedule: None = Field(description="Always null in this version.")
    made_at: str = Field(description="When it was made (UTC).")


class AccountBody(Body):
    """Which account of which service."""

    provider: Text = Field(examples=["tmdb"])
    instance: Text = Field("default", examples=["default"])


def _spelled(value: object) -> object:
    """``tmdb/second`` as people write it, taken apart."""
    if not isinstance(value, str):
        return value
    name = Name_.parse(value)
    return {"provider": name.provider, "instance": name.instance}


Side = Annotated[AccountBody, BeforeValidator(_spelled, json_schema_input_type=AccountBody | str)]


class WatchlistBody(Body):
    """What the watchlist's lane may do; what is left out stays as it is."""

    enabled: StrictBool | None = None
    add: StrictBool | None = None
    remove: StrictBool | None = Field(None, description=_REMOVE)
    remove_when_rated: StrictBool | None = Field(None, description=_WHEN_RATED)


class RatingsBody(Body):
    """What the ratings' lane may do; what is left out stays as it is."""

    enabled: StrictBool | None = None
    add: StrictBool | None = None
    change: StrictBool | None = None
    remove: StrictBool | None = Field(None, description=_REMOVE)
    conflict: Conflict | None = Field(
        None, description=f"{_CONFLICT} Left out: `ask` in a two-way pair, `source` in a one-way pair."
    )


class LanesBody(Body):
    """The lanes of a pair."""

    watchlist: WatchlistBody | None = None
    ratings: RatingsBody | None = None


Synced = Literal[Kind.MOVIE, Kind.SHOW, Kind.EPISODE]
Kinds = Annotated[list[Synced], Field(min_length=1, max_length=10)]


def _every_kind() -> list[Synced]:
    return [Kind.MOVIE, Kind.SHOW, Kind.EPISODE]


class NewBody(Body):
    """A pair to make. Accounts are objects, or short texts such as `tmdb/second`."""

    source: Side
    target: Side
    name: Name = Field("", description="Made of the two services' names where it is left out.")
    mode: Mode = Mode.ONE_WAY
    enabled: StrictBool = True
    kinds: Kinds = Field(default_factory=_every_kind)
    features: LanesBody | None = Field(
        None, description="Where it is left out, all that both services share is switched on."
    )
    schedule: None = None


class ChangeBody(Body):
    """What shall change; what is left out stays as it is. Sides and mode may be given only as they are."""

    name: Name | None = None
    enabled: StrictBool | None = None
    kinds: Kinds | None = None
    features: LanesBody | None = None
    source: Side | None = None
    target: Side | None = None
    mode: Mode | None = None
    schedule: None = None


class Begun(BaseModel):
    """A run that began."""

    run_id: str


@router.get("", summary="All pairs", responses=told("invalid_request"))
async def list_pairs(parts: PartsDep, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Listed[Pair]:
    """The oldest first."""
    every = [Pair.model_validate(pair_shape(pair)) for pair in await parts.pairs.every()]
    return Listed[Pair].model_validate(paged(every, limit=limit, cursor=cursor))


@router.post(
    "",
    status_code=201,
    summary="Make a pair",
    responses=told(
        *_LIMITS,
        "same_account",
        "not_connected",
        "unknown_provider",
        "unknown_instance",
        "name_taken",
        "pair_exists",
    ),
)
async def make_pair(parts: PartsDep, body: NewBody, request: Request, response: Response) -> Pair:
    """Its first run removes nothing, whatever its lanes may do."""
    new = NewPair(
        _account(body.source),
        _account(body.target),
        name=body.name,
        mode=body.mode,
        enabled=body.enabled,
        kinds=list(dict.fromkeys(body.kinds)),
        features=None if body.features is None else _lanes(body.features, {}, body.mode),
    )
    made = await parts.pairs.add(new)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/api/pairs/{made.id}"
    return _shown(made)


@router.get("/{pair_id}", summary="One pair", responses=told("not_found"))
async def show_pair(parts: PartsDep, pair_id: Id) -> Pair:
    """A pair as it is now."""
    return _shown(await parts.pairs.show(number("pair", pair_id)))


@router.patch(
    "/{pair_id}",
    summary="Change a pair",
    responses=told(*_LIMITS, "not_found", "sides_fixed", "mode_fixed", "name_taken"),
)
async def change_pair(parts: PartsDep, pair_id: Id, body: ChangeBody) -> Pair:
    """Changes what is given; what was agreed so far is kept."""
    pair = await parts.pairs.show(number("pair", pair_id))
    for given, fixed in ((body.source, pair.source), (body.target, pair.target)):
        if given is not None and _account(given) != fixed:
            raise Refused("sides_fixed")
    if body.mode is not None and body.mode is not pair.mode:
        raise Refused("mode_fixed")
    known = {lane.feature: lane.settings for lane in pair.lanes}
    changed = await parts.pairs.change(
        pair.id,
        name=body.name,
        enabled=body.enabled,
        kinds=None if body.kinds is None else list(dict.fromkeys(body.kinds)),
        features=None if body.features is None else _lanes(body.features, known, pair.mode),
    )
    return _shown(changed)


@router.delete("/{pair_id}", summary="Delete a pair", responses=told("not_found", "already_running"))
async def delete_pair(parts: PartsDep, pair_id: Id) -> Done:
    """Both accounts keep all their titles; the same pair made again starts without removing anything."""
    await parts.pairs.remove(number("pair", pair_id))
    return Done(ok=True)


@router.post(
    "/{pair_id}/run",
    status_code=202,
    summary="Sync a pair now",
    responses=told("not_found", "already_running", "pair_disabled", "nothing_to_sync"),
)
async def run_pair(parts: PartsDep, pair_id: Id) -> Begun:
    """Begins a run in the background; follow it at `/api/runs/{run_id}/events`."""
    run_id = await parts.running.start(number("pair", pair_id), trigger="api")
    return Begun(run_id=str(run_id))


@router.post(
    "/{pair_id}/plan",
    status_code=202,
    summary="Preview a pair",
    responses=told("not_found", "already_running", "pair_disabled", "nothing_to_sync"),
)
async def plan_pair(parts: PartsDep, pair_id: Id) -> Begun:
    """Begins a run that writes nothing: at its end its `plan_id` names what a sync would do."""
    run_id = await parts.plans.start(number("pair", pair_id), trigger="api")
    return Begun(run_id=str(run_id))


def _shown(pair: PairRow) -> Pair:
    return Pair.model_validate(pair_shape(pair))


def _account(body: AccountBody) -> Name_:
    return Name_(body.provider, body.instance)


def _lanes(body: LanesBody, known: dict[Feature, LaneSettings], mode: Mode) -> dict[Feature, LaneSettings]:
    """The settings of the lanes that are named: what is given over what is known, else over the defaults."""
    found: dict[Feature, LaneSettings] = {}
    for feature in Feature:
        lane: WatchlistBody | RatingsBody | None = getattr(body, feature.value)
        if lane is not None:
            given: dict[str, Any] = lane.model_dump(exclude_none=True)
            found[feature] = replace(known.get(feature, lane_defaults(mode)), **given)
    return found
