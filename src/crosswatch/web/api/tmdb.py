"""The key of Metadata: TMDb."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crosswatch.errors import Refused
from crosswatch.model.accounts import DEFAULT_INSTANCE
from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import Body, Instance, Secret
from crosswatch.web.api.tmdb_sync import said
from crosswatch.web.parts import PartsDep

router = APIRouter(prefix="/api/tmdb", tags=["Metadata: TMDb"])

_KEY = ("missing_api_key", "not_a_v3_key", "invalid_api_key", "suspended_api_key")
_TMDB = ("unreachable", "blocked", "rate_limited", "tmdb_error")


class KeyBody(Body):
    """The key to test or to keep."""

    api_key: Secret = Field(None, description="TMDb's API key (v3); the stored one where it is left out.")


class Key(BaseModel):
    """What TMDb says of the key."""

    ok: bool
    valid: bool = Field(description="Whether TMDb accepts the key.")
    code: str = Field(description="What is wrong with it; empty where nothing is.")
    error: str = Field(description="The sentence to show; empty where nothing is wrong.")


@router.post("/verify", summary="Test the key", responses=told("unknown_instance", "invalid_request"))
async def verify(parts: PartsDep, instance: Instance = DEFAULT_INSTANCE, body: KeyBody | None = None) -> Key:
    """Answers 200 whatever TMDb says; nothing is stored."""
    _only_default(instance)
    wrong = await parts.metadata.verify(body.api_key if body else None)
    return Key(ok=True, valid=wrong is None, **said(wrong))


@router.post(
    "/save",
    summary="Keep the key",
    responses=told("unknown_instance", "set_by_environment", "invalid_request", *_KEY, *_TMDB),
)
async def save(parts: PartsDep, instance: Instance = DEFAULT_INSTANCE, body: KeyBody | None = None) -> Key:
    """Tests the key at TMDb before it is stored; without one, tests the stored key and keeps it."""
    _only_default(instance)
    key = body.api_key if body else None
    if key is not None:
        await parts.metadata.save(key)
    else:
        wrong = await parts.metadata.verify()
        if wrong is not None:
            raise wrong
    return Key(ok=True, valid=True, code="", error="")


@router.post(
    "/disconnect",
    summary="Forget the key",
    responses=told("unknown_instance", "set_by_environment", "invalid_request"),
)
async def disconnect(parts: PartsDep, instance: Instance = DEFAULT_INSTANCE) -> Key:
    """Metadata then uses the key of the default account, where there is one."""
    _only_default(instance)
    await asyncio.to_thread(parts.metadata.remove)
    return Key(ok=True, valid=False, code="", error="")


def _only_default(instance: str) -> None:
    if instance != DEFAULT_INSTANCE:
        raise Refused("unknown_instance", instance=instance[:64])
