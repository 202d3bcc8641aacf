"""What config.json may hold: one model, its dotted keys, and which of them are secrets.

Unknown keys are kept at every level: an older CrossWatch must not lose what a newer one wrote.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from crosswatch.model.accounts import DEFAULT_INSTANCE, is_instance_name
from crosswatch.settings import (
    TMDB_API_URL,
    TMDB_IMAGE_URL,
    TMDB_VISIBILITY_DELAY,
    TMDB_WEB_URL,
    absolute_url,
    proxy_url,
)

ACCOUNT_KEYS = ("api_key", "session_id", "account_id", "username", "label")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_REGION = re.compile(r"[A-Z]{2}")
_TIMEZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _secret_text(value: object) -> object:
    """Only text: a number would be taken for one, and then not be sealed."""
    if not isinstance(value, str | SecretStr):
        raise ValueError("must be text in quotes")
    return _stripped(value)


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if any(character <= " " or character == "\x7f" for character in text):
        raise ValueError("must not contain blanks")
    return value


def _proxy(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    return SecretStr(proxy_url(text)) if text and not text.startswith("sealed:") else value


def _shaped(pattern: re.Pattern[str], such_as: str) -> AfterValidator:
    def check(text: str) -> str:
        if text and pattern.fullmatch(text) is None:
            raise ValueError(f"must be written such as {such_as}")
        return text

    return AfterValidator(check)


def _url_or_nothing(text: str) -> str:
    return absolute_url(text) if text else ""


Text = Annotated[str, BeforeValidator(_stripped), Field(max_length=1000)]
Secret = Annotated[SecretStr, BeforeValidator(_secret_text), AfterValidator(_secret)]
Url = Annotated[Text, AfterValidator(_url_or_nothing)]
_EMPTY = SecretStr("")


def _without_nothing(value: object) -> object:
    """``null`` counts as not there."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if inner is not None}


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="allow", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_unset(cls, values: object) -> object:
        return _without_nothing(values)


class TmdbAccount(_Part):
    """One connection to TMDb. An empty text means: not there."""

    api_key: Secret = _EMPTY
    session_id: Secret = _EMPTY
    account_id: Text = ""
    username: Text = ""
    label: Text = ""


def _instance(name: str) -> str:
    if not is_instance_name(name):
        raise ValueError("the name must be 1 to 32 letters, digits, _ or -")
    if name == DEFAULT_INSTANCE:
        raise ValueError("the default account stands in tmdb_sync itself")
    return name


_Instances = dict[Annotated[str, AfterValidator(_instance)], TmdbAccount]


class TmdbSync(TmdbAccount):
    """The default connection to TMDb, and the further ones by name."""

    instances: Annotated[_Instances, BeforeValidator(_without_nothing)] = Field(default_factory=dict)


class Tmdb(_Part):
    """The metadata service, and how TMDb is reached at all."""

    api_key: Secret = _EMPTY
    language: Annotated[Text, _shaped(_LANGUAGE, "en-US")] = "en-US"
    region: Annotated[Text, _shaped(_REGION, "US")] = ""
    api_url: Url = TMDB_API_URL
    web_url: Url = TMDB_WEB_URL
    image_url: Url = TMDB_IMAGE_URL
    proxy: Annotated[Secret, AfterValidator(_proxy)] = _EMPTY
    visibility_delay: Annotated[int, Field(ge=0)] = TMDB_VISIBILITY_DELAY


class Ui(_Part):
    """How the pages look. An empty time zone means the browser's, or the server's where that is not known."""

    timezone: Annotated[Text, _shaped(_TIMEZONE, "Europe/Amsterdam")] = ""
    theme: Literal["auto", "dark", "light"] = "auto"
    language: Annotated[Text, _shaped(_LANGUAGE, "en")] = "en"


class Document(_Part):
    """The whole of config.json; secrets are as they stand in it, sealed or in clear, and hidden in its repr."""

    tmdb_sync: TmdbSync = Field(default_factory=TmdbSync)
    tmdb: Tmdb = Field(default_factory=Tmdb)
    ui: Ui = Field(default_factory=Ui)


def split(dotted: str) -> tuple[str, ...] | None:
    """The parts of a known key, such as ``("tmdb_sync", "instances", "second", "label")``; None for any other."""
    parts = tuple(dotted.split("."))
    match parts:
        case ("tmdb_sync", "instances", str(name), str(key)) if name != DEFAULT_INSTANCE:
            return parts if is_instance_name(name) and key in ACCOUNT_KEYS else None
        case ("tmdb_sync", str(key)):
            return parts if key in ACCOUNT_KEYS else None
        case ("tmdb", str(key)):
            return parts if key in Tmdb.model_fields else None
        case ("ui", str(key)):
            return parts if key in Ui.model_fields else None
    return None


def account_path(instance: str) -> str:
    """The dotted key of an account: ``tmdb_sync``, or ``tmdb_sync.instances.second``."""
    return "tmdb_sync" if instance == DEFAULT_INSTANCE else f"tmdb_sync.instances.{instance}"


def known_keys(raw: Mapping[str, Any]) -> list[str]:
    """Every dotted key that the model knows, with those of the document's further accounts."""
    accounts = ["tmdb_sync", *(f"tmdb_sync.instances.{name}" for name in instances(raw))]
    keys = [f"{account}.{key}" for account in accounts for key in ACCOUNT_KEYS]
    keys += [f"tmdb.{key}" for key in Tmdb.model_fields]
    return keys + [f"ui.{key}" for key in Ui.model_fields]


def instances(raw: Mapping[str, Any]) -> list[str]:
    """The names of the further accounts in the document, in its order."""
    found = value_at(raw, ("tmdb_sync", "instances"))
    return (
        [name for name, account in found.items() if account is not None] if isinstance(found, Mapping) else []
    )


def is_secret_key(dotted: str) -> bool:
    """Whether the key's value is a secret always: a TMDb key or session, of any account."""
    match dotted.split("."):
        case ["tmdb", "api_key"]:
            return True
        case ["tmdb_sync", key] | ["tmdb_sync", "instances", _, key]:
            return key in {"api_key", "session_id"}
    return False


def is_secret(dotted: str, value: object) -> bool:
    """Whether this value must be sealed: that of a secret key, or a proxy's address with a password in it."""
    if is_secret_key(dotted):
        return True
    return dotted == "tmdb.proxy" and isinstance(value, str) and has_password(value)


def has_password(url: str) -> bool:
    """Whether an address names a user; what cannot be read as one counts as if it did."""
    try:
        return urlsplit(url).username is not None
    except ValueError:
        return True


def value_at(raw: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What stands there in a document, or None."""
    found: Any = raw
    for part in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def put(raw: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Sets a value, making the objects on the way; None takes the key away."""
    inner = raw
    for part in path[:-1]:
        if not isinstance(inner.get(part), dict):
            if value is None:
                return
            inner[part] = {}
        inner = inner[part]
    if value is None:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
