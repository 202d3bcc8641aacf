"""The configuration: read with its secrets masked, changed by dotted key."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from crosswatch.web.api.errors import told
from crosswatch.web.api.fields import LONGEST, Text
from crosswatch.web.parts import Parts, PartsDep

router = APIRouter(prefix="/api/config", tags=["Configuration"])

_LARGEST_NUMBER = 1_000_000_000


class Secret(BaseModel):
    """A secret as far as it is ever shown."""

    set: bool
    hint: str = Field(description="Its last four characters, such as `…1234`; empty for short ones.")


class TmdbAccount(BaseModel):
    """One connection to TMDb."""

    api_key: Secret
    session_id: Secret
    account_id: str
    username: str
    label: str


class TmdbSync(TmdbAccount):
    """The default connection, and the further ones by name."""

    instances: dict[str, TmdbAccount]


class Tmdb(BaseModel):
    """The metadata service, and how TMDb is reached at all."""

    api_key: Secret
    language: str
    region: str
    api_url: str
    web_url: str
    image_url: str
    proxy: str | Secret = Field(description="A secret where it carries a password.")
    visibility_delay: int


class Ui(BaseModel):
    """How the pages look."""

    timezone: str
    theme: str
    language: str


class Configuration(BaseModel):
    """Every value that counts, wherever it comes from."""

    tmdb_sync: TmdbSync
    tmdb: Tmdb
    ui: Ui
    environment: dict[str, str] = Field(
        description="Dotted key to the environment variable that sets it; these cannot be changed here."
    )


def _storable(value: Any) -> Any:
    if value is None or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_NUMBER
    ):
        return value
    if isinstance(value, str) and len(value) <= LONGEST and value.isprintable():
        return value
    if isinstance(value, dict) and value.keys() <= {"set", "hint"} and isinstance(value.get("set"), bool):
        return value
    raise ValueError("must be text, a whole number, null, or a masked secret as it was read")


Value = Annotated[
    Any,
    AfterValidator(_storable),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": LONGEST},
                {"type": "integer"},
                {"type": "null"},
                {"$ref": "#/components/schemas/Secret"},
            ]
        }
    ),
]


@router.get("", summary="Read the configuration", responses=told())
async def show_config(parts: PartsDep) -> Configuration:
    """Secrets are shown as `{"set": true, "hint": "…1234"}`."""
    return await asyncio.to_thread(_shown, parts)


@router.patch(
    "",
    summary="Change the configuration",
    responses=told("invalid_request", "unknown_instance", "set_by_environment"),
)
async def change_config(
    parts: PartsDep,
    changes: Annotated[
        dict[Text, Value],
        Body(
            description="Dotted key to new value, all or none; null removes a key, a masked secret stays as it is.",
            examples=[{"tmdb.language": "de-DE", "tmdb.region": None}],
        ),
    ],
) -> Configuration:
    """Answers with the whole configuration as it is then."""

    def save() -> Configuration:
        parts.house.config.save(changes)
        return _shown(parts)

    return await asyncio.to_thread(save)


def _shown(parts: Parts) -> Configuration:
    config = parts.house.config
    masked = config.masked()
    pinned = {
        f"{section}.{key}": variable
        for section in ("tmdb_sync", "tmdb")
        for key in masked[section]
        if (variable := config.variable(f"{section}.{key}"))
    }
    return Configuration.model_validate({**masked, "environment": pinned})
