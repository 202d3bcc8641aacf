"""The kinds of fields that requests and answers of several areas share."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from crosswatch.errors import Refused
from crosswatch.model.accounts import DEFAULT_INSTANCE

LONGEST = 10_000


class Body(BaseModel):
    """What a request carries: unknown fields are refused, and no value is shown when something is wrong."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _readable(text: str) -> str:
    """Refuses control characters and halves of characters (JSON's \\ud800), which can neither be stored nor shown."""
    if any(character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not contain control characters")
    return text


def _unmasked(value: object) -> object:
    """What a masked read shows of a secret, on its way back, counts as not given."""
    if isinstance(value, dict) and isinstance(value.get("set"), bool) and value.keys() <= {"set", "hint"}:
        return None
    if isinstance(value, str) and value.strip().startswith("…"):
        return None
    return value


Text = Annotated[str, StringConstraints(max_length=LONGEST), AfterValidator(_readable)]
Name = Annotated[str, StringConstraints(max_length=200), AfterValidator(_readable)]
Secret = Annotated[Text | None, BeforeValidator(_unmasked, json_schema_input_type=str | None)]
"""A key or session as text; null, left out, or as a masked read shows it: what is stored is used."""

Instance = Annotated[
    str,
    Query(
        max_length=200,
        description="The account: `default`, or the name of a further one (letters, digits, `_` and `-`, at most 32).",
        examples=[DEFAULT_INSTANCE],
    ),
]
Id = Annotated[str, Path(description="The id, as lists show it.", examples=["1"])]


class Account(BaseModel):
    """An account at TMDb."""

    id: int
    username: str


class AccountName(BaseModel):
    """Which account of which service."""

    provider: str = Field(examples=["tmdb"])
    instance: str = Field(examples=[DEFAULT_INSTANCE])


class Done(BaseModel):
    """It is done."""

    ok: bool = Field(description="Always true.")


def number(what: str, text: str) -> int:
    """The number of a pair or a run. Raises Refused ``not_found`` for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused("not_found", what=f"{what} {text[:40]}")
    return int(text)
