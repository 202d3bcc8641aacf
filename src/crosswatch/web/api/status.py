"""How the server is: alive, ready, and all of it at a glance."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crosswatch import __version__
from crosswatch.services.shapes import pair_shape
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import Done
from crosswatch.web.api.pairs import Pair
from crosswatch.web.api.providers import ServiceAccount, service_account
from crosswatch.web.api.runs import Run, shown
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api", tags=["Server"])


class AccountOfService(ServiceAccount):
    """An account of a service."""

    provider: str


class Status(BaseModel):
    """All of it at a glance, without asking any service."""

    version: str
    connections: list[AccountOfService]
    pairs: list[Pair]
    running: list[Run] = Field(description="The runs that are going on.")
    attention: int = Field(description="How many questions wait for somebody.")


@router.get("/health", summary="Alive", responses=told())
async def health() -> Done:
    """Answers as long as the server does; anybody may ask."""
    return Done(ok=True)


# Tools that watch servers often ask for the head only.
router.add_api_route("/health", health, methods=["HEAD"], include_in_schema=False)


@router.get("/ready", summary="Ready", responses=told("config_broken", "key_wrong", "database_broken"))
async def ready(parts: PartsDep) -> Done:
    """Database, configuration and secret key can be used; 503 with what is wrong where not."""
    await parts.overview.check()
    return Done(ok=True)


@router.get("/status", summary="Everything at a glance", responses=told())
async def status(parts: PartsDep) -> Status:
    """Version, connections, pairs, what runs, and how much needs attention."""
    connections = [
        AccountOfService(provider=state.manifest.id, **service_account(account).model_dump())
        for state in await parts.overview.providers()
        for account in state.accounts
    ]
    return Status(
        version=__version__,
        connections=connections,
        pairs=[Pair.model_validate(pair_shape(pair)) for pair in await parts.pairs.every()],
        running=[shown(report) for report in await parts.running.going_on()],
        attention=await parts.overview.attention(),
    )
