"""The process's own settings: read once from the environment, checked, and frozen.

    from crosswatch.settings import Settings
    settings = Settings()          # raises HouseError bad_setting or not_yet, never a stack of validation

An empty variable counts as not set. Keyword arguments count as if they had been set in the environment.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from crosswatch.errors import HouseError

PREFIX = "CROSSWATCH_"
CONTAINER_HOME = Path("/config")
TMDB_API_URL = "https://api.themoviedb.org/3"
TMDB_WEB_URL = "https://www.themoviedb.org"
TMDB_IMAGE_URL = "https://image.tmdb.org/t/p"
TMDB_VISIBILITY_DELAY = 300

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")
_SECRETS = frozenset({"secret_key", "tmdb_sync_api_key", "tmdb_api_key", "tmdb_proxy", "database_url"})
_USER = re.compile(r"//[^/]*@")
_LEVELS = {"warn": "warning", "fatal": "critical"}


def absolute_url(text: str) -> str:
    """An absolute http(s) address without a query, a fragment, a user or a slash at its end; else ValueError."""
    parts = _split(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user name or a password")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("must not contain ? or #")
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """The absolute address of a proxy, http, https or socks5, which may carry a password; else ValueError."""
    if _split(text).scheme not in {"http", "https", "socks5", "socks5h"}:
        raise ValueError("must begin with http://, https:// or socks5://")
    return text.rstrip("/")


def _split(text: str) -> Any:
    if any(character <= " " for character in text):
        raise ValueError("must not contain blanks")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises where the port is no number
    except ValueError:
        raise ValueError("is not an address") from None
    if not parts.scheme or not parts.hostname:
        raise ValueError("must be a whole address, such as https://example.org")
    return parts


def _base_path(text: str) -> str:
    path = text.strip("/")
    path = f"/{path}" if path else ""
    if _BASE_PATH.fullmatch(path) is None or {".", ".."} & set(path.split("/")):
        raise ValueError("must be a path, such as /crosswatch")
    return path


def _host(text: str) -> str:
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if _HOST.fullmatch(host) is None:
        raise ValueError("must be an address or a name, without a scheme or a path")
    return host


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in re.split(r"[,\s]+", value) if part)
    except ValueError:
        raise ValueError(
            "must be addresses or networks, such as 172.18.0.0/16, with commas between"
        ) from None


def _lower(value: object) -> object:
    return _LEVELS.get(value.lower(), value.lower()) if isinstance(value, str) else value


def _absolute_path(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


Url = Annotated[str, AfterValidator(absolute_url)]
Folder = Annotated[Path, AfterValidator(_absolute_path)]


def in_container() -> bool:
    """Whether this is CrossWatch's own container, whose image says so with CROSSWATCH_CONTAINER=1.

    ``/.dockerenv`` is not asked: it is there in development containers and in test runs as well, and is
    missing under Podman and Kubernetes.
    """
    return os.environ.get(f"{PREFIX}CONTAINER", "").strip().lower() in {"1", "true", "yes"}


def _default_home() -> Path:
    return CONTAINER_HOME if in_container() else platformdirs.user_config_path("crosswatch", appauthor=False)


def _default_state() -> Path:
    if in_container():
        return CONTAINER_HOME / "state"
    return platformdirs.user_state_path("crosswatch", appauthor=False)


class Settings(BaseSettings):
    """Every setting has been checked; the variables and their meaning are those of the documentation.

    ``home`` and ``state`` are absolute; ``base_path`` is ``""`` or ``/x``; ``public_url`` and the addresses of
    TMDb have no slash at their end, and ``public_url`` does not hold the base path; ``tmdb_visibility_delay`` is
    in seconds. ``is_set`` tells what the environment pinned from what is a default.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Folder = Field(default_factory=_default_home)
    state: Folder = Field(default_factory=_default_state)
    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8787
    base_path: Annotated[str, AfterValidator(_base_path)] = ""
    public_url: Url | None = None
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    database_url: SecretStr | None = None
    secret_key: SecretStr | None = None
    secret_key_file: Folder | None = None
    tmdb_api_url: Url = TMDB_API_URL
    tmdb_web_url: Url = TMDB_WEB_URL
    tmdb_image_url: Url = TMDB_IMAGE_URL
    tmdb_proxy: SecretStr | None = None
    tmdb_sync_api_key: SecretStr | None = None
    tmdb_api_key: SecretStr | None = None
    tmdb_visibility_delay: Annotated[int, Field(ge=0)] = TMDB_VISIBILITY_DELAY
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)
    ] = "info"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = "text"

    def __init__(self, **values: Any) -> None:
        refused: HouseError | None = None
        try:
            super().__init__(**values)
        except ValidationError as error:
            refused = _bad_setting(error, values)
        if refused is not None:  # raised out here, so that no secret's value hangs on as the error's context
            raise refused

    def is_set(self, field: str) -> bool:
        """Whether the environment gives this field."""
        return field in self.model_fields_set

    @property
    def database_file(self) -> Path:
        """The SQLite database: ``crosswatch.db`` in the state folder, unless the environment names another there."""
        if self.database_url is None:
            return self.state / "crosswatch.db"
        return _sqlite_file(self.database_url.get_secret_value())

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, values: Any) -> Any:
        """Leaves out what is empty, and puts the state beside a home that was chosen."""
        if not isinstance(values, Mapping):
            return values
        kept = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in values.items()
            if value is not None and not (isinstance(value, str) and not value.strip())
        }
        if "home" in kept and "state" not in kept:
            kept["state"] = Path(kept["home"]) / "state"
        return kept

    @field_validator("public_url")
    @classmethod
    def _public_url_fits(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        path, base = urlsplit(url).path, info.data.get("base_path", "")
        if path not in {"", base}:
            raise ValueError(f"has a path of its own: put it into {variable('base_path')}")
        return url.removesuffix(path)

    @field_validator("tmdb_proxy")
    @classmethod
    def _proxy_fits(cls, proxy: SecretStr | None) -> SecretStr | None:
        return None if proxy is None else SecretStr(proxy_url(proxy.get_secret_value()))

    @field_validator("database_url")
    @classmethod
    def _database_fits(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return None
        scheme = url.get_secret_value().partition(":")[0].partition("+")[0].lower()
        if scheme in {"postgresql", "postgres"}:
            raise HouseError("not_yet", what="PostgreSQL")
        if scheme != "sqlite":
            raise ValueError("must begin with sqlite:///")
        state = info.data.get("state")
        if state is not None and not _sqlite_file(url.get_secret_value()).is_relative_to(state):
            raise ValueError("must lie in the state folder")
        return url


def variable(field: str) -> str:
    """The environment's name of a field: ``port`` is ``CROSSWATCH_PORT``."""
    return PREFIX + field.upper()


def _sqlite_file(url: str) -> Path:
    _, found, path = url.partition(":///")
    if not found or not path or path.startswith(":memory:"):
        raise ValueError("must name a file: sqlite:////path/to/file.db")
    return Path(os.path.abspath(unquote(path.partition("?")[0])))


def _bad_setting(error: ValidationError, values: Mapping[str, object]) -> HouseError:
    """The first thing that is wrong, in one line: the variable's name, its value unless secret, and why."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    reason = first["msg"].removeprefix("Value error, ")
    return HouseError("bad_setting", name=variable(field), value=_shown(field, values), reason=reason)


def _shown(field: str, values: Mapping[str, object]) -> str:
    if field in _SECRETS:
        return "(not shown)"
    given = values.get(field)
    shown = os.environ.get(variable(field), "") if given is None else str(given)
    return _USER.sub("//(not shown)@", shown)
