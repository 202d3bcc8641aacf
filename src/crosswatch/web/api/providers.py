"""Services, what they can do, and their accounts."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crosswatch.model.capabilities import Capability, Dates, Manifest, Quirk, Stamps
from crosswatch.model.kinds import Feature, Kind
from crosswatch.services.overview import AccountState, ProviderState
from crosswatch.web.api.errors import told
from crosswatch.web.api.paging import DEFAULT_PAGE, Cursor, Limit, Listed, paged
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/providers", tags=["Services"])


class Grid(BaseModel):
    """The ratings that a service can hold, in points out of ten."""

    step: float
    low: float
    high: float


class ServiceCapability(BaseModel):
    """What a service can do with one feature."""

    kinds: list[Kind]
    add: bool
    change: bool
    remove: bool
    batch: int = Field(description="Titles per write call.")
    grid: Grid | None = Field(description="Null where a title is simply there or not.")
    stamps: Stamps
    dates: Dates
    delta_reads: bool
    visibility_delay: int = Field(description="Seconds in which its lists may still show an older state.")


class ServicePace(BaseModel):
    """How hard the service may be asked."""

    per_second: float
    connections: int
    time_limit: float


class ServiceAccount(BaseModel):
    """An account as it is stored; nothing is asked at the service for it."""

    name: str = Field(description="As people write it: `tmdb`, `tmdb/second`.")
    instance: str
    state: str = Field(description="connected or disconnected.")
    pending: bool = Field(description="An approval was asked for and may still be given.")
    uid: str = Field(description="Who it really is; empty where that is not known.")
    label: str


class Provider(BaseModel):
    """A service on one page."""

    id: str
    label: str
    config_key: str
    connects: bool = Field(description="Whether its accounts have to be connected.")
    state: str = Field(description="connected where any of its accounts is, else disconnected.")
    accounts: list[ServiceAccount]
    features: dict[Feature, ServiceCapability]
    understands: list[str] = Field(description="Kinds of ids that it accepts.")
    gives: list[str] = Field(description="Kinds of ids that its lists carry.")
    pace: ServicePace
    lookup_batch: int
    quirks: list[Quirk]
    docs: str


@router.get("", summary="All services", responses=told("invalid_request"))
async def list_providers(
    parts: PartsDep, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Listed[Provider]:
    """Every service with what it can do and its accounts."""
    found = [_shown(state) for state in await parts.overview.providers()]
    return Listed[Provider].model_validate(paged(found, limit=limit, cursor=cursor))


def service_account(account: AccountState) -> ServiceAccount:
    """An account as the API shows it."""
    return ServiceAccount(
        name=str(account.name),
        instance=account.name.instance,
        state=_state(connected=account.connected),
        pending=account.pending,
        uid=account.uid,
        label=account.label,
    )


def _state(*, connected: bool) -> str:
    return "connected" if connected else "disconnected"


def _shown(state: ProviderState) -> Provider:
    manifest: Manifest = state.manifest
    return Provider.model_validate(
        {
            "id": manifest.id,
            "label": manifest.label,
            "config_key": manifest.config_key,
            "connects": manifest.connects,
            "state": _state(connected=state.connected),
            "accounts": [service_account(account) for account in state.accounts],
            "features": {feature: _capability(one) for feature, one in manifest.features.items()},
            "understands": sorted(manifest.understands),
            "gives": sorted(manifest.gives),
            "pace": {
                "per_second": manifest.pace.per_second,
                "connections": manifest.pace.connections,
                "time_limit": manifest.pace.time_limit,
            },
            "lookup_batch": manifest.lookup_batch,
            "quirks": sorted(manifest.quirks),
            "docs": manifest.docs,
        }
    )


def _capability(capability: Capability) -> dict[str, Any]:
    grid = capability.grid
    return {
        "kinds": [kind for kind in Kind if kind in capability.kinds],
        "add": capability.add,
        "change": capability.change,
        "remove": capability.remove,
        "batch": capability.batch,
        "grid": grid and {"step": grid.step / 100, "low": grid.low / 100, "high": grid.high / 100},
        "stamps": capability.stamps,
        "dates": capability.dates,
        "delta_reads": capability.delta_reads,
        "visibility_delay": capability.visibility_delay,
    }
