"""The configuration as everyone else sees it: environment over document over default; secrets open, never shown."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr

from crosswatch.config.document import (
    ACCOUNT_KEYS,
    Document,
    TmdbAccount,
    account_path,
    has_password,
    instances,
    is_secret,
    is_secret_key,
    known_keys,
    put,
    split,
    value_at,
)
from crosswatch.config.file import ConfigFile, Loaded, plain_secrets
from crosswatch.config.parsing import Broken, check
from crosswatch.errors import HouseError, Refused
from crosswatch.model.accounts import DEFAULT_INSTANCE, is_instance_name
from crosswatch.net.redaction import register
from crosswatch.sealing import Sealer, is_sealed
from crosswatch.settings import Settings, variable

_PINS = {
    "tmdb_sync.api_key": "tmdb_sync_api_key",
    "tmdb.api_key": "tmdb_api_key",
    "tmdb.api_url": "tmdb_api_url",
    "tmdb.web_url": "tmdb_web_url",
    "tmdb.image_url": "tmdb_image_url",
    "tmdb.proxy": "tmdb_proxy",
    "tmdb.visibility_delay": "tmdb_visibility_delay",
}
_ELLIPSIS = "…"
_LONG_ENOUGH_FOR_A_HINT = 12

Value = str | int


class Source(StrEnum):
    """Where a value comes from."""

    ENVIRONMENT = "environment"
    DOCUMENT = "document"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class TmdbAccountConfig:
    """What is stored of one connection to TMDb; an empty text where there is nothing. Secrets are not in its repr."""

    api_key: str = field(repr=False)
    session_id: str = field(repr=False)
    account_id: str
    username: str
    key_from_env: bool


@dataclass(frozen=True, slots=True)
class TmdbService:
    """How TMDb is reached. ``proxy`` is empty where none is set here; ``visibility_delay`` is in seconds."""

    api_url: str
    web_url: str
    image_url: str
    proxy: str = field(repr=False)
    visibility_delay: int
    language: str


class Config:
    """The one configuration of a process; rereads the document when the file was changed, by whomever.

    Every call is synchronous, short, and safe from any thread. Reading raises HouseError ``config_broken``, and
    for a secret ``key_wrong`` or ``sealed_damaged``; a write also ``disk_full`` and ``cannot_write``, and then it
    changed nothing.
    """

    def __init__(self, settings: Settings, sealer: Sealer) -> None:
        self._settings = settings
        self._sealer = sealer
        self._file = ConfigFile(settings.home)
        self._guard = threading.Lock()
        self._cached: Loaded | None = None
        for name in ("secret_key", "tmdb_sync_api_key", "tmdb_api_key", "tmdb_proxy"):
            secret = getattr(settings, name)
            if secret is not None:
                _hide(secret.get_secret_value())

    @property
    def path(self) -> Path:
        """Where the document is, or would be."""
        return self._file.path

    def document(self) -> Document:
        """The document as the file holds it now, its secrets sealed; all defaults where there is no file."""
        return self._loaded().document

    def get(self, dotted: str) -> Value:
        """The value that counts, secrets in clear; empty where there is none. Refused for a key that does not exist."""
        return self._value(self._loaded(), dotted)

    def explain(self, dotted: str) -> Source:
        """Where the value that counts comes from."""
        path = _path(dotted)
        if self.variable(dotted):
            return Source.ENVIRONMENT
        return Source.DEFAULT if value_at(self._loaded().raw, path) is None else Source.DOCUMENT

    def variable(self, dotted: str) -> str:
        """The environment variable that pins this key, or an empty text."""
        pin = _PINS.get(dotted)
        return variable(pin) if pin is not None and self._settings.is_set(pin) else ""

    def masked(self) -> dict[str, Any]:
        """Every known value that counts, nested as in the document, secrets as ``{"set": bool, "hint": "…1234"}``.

        Keys that CrossWatch does not know are left out, for nobody knows which of them are secrets.
        """
        loaded = self._loaded()
        shown: dict[str, Any] = {"tmdb_sync": {}, "tmdb": {}, "ui": {}}
        for key in known_keys(loaded.raw):
            put(shown, _path(key), self._shown(loaded, key))
        shown["tmdb_sync"].setdefault("instances", {})
        return shown

    def save(self, changes: Mapping[str, object | None]) -> None:
        """Stores the changes together or not at all; None and empty texts remove a key, masked values change nothing.

        Refused ``set_by_environment``, ``unknown_instance`` (an account appears by connecting) or ``invalid_request``.
        """

        def change(raw: dict[str, Any]) -> None:
            for key, value in changes.items():
                path = _path(key)
                if path[1] == "instances" and path[2] not in instances(raw):
                    raise Refused("unknown_instance", instance=path[2])
                if self._is_mask(raw, key, value):
                    continue
                if self.variable(key):
                    raise Refused("set_by_environment", key=key, variable=self.variable(key))
                put(raw, path, _clean(key, value))

        self._save(change)

    def seal_plain(self) -> list[str]:
        """Seals what a user typed into the file in clear, in its last good copy too; says which keys those were."""
        found = sorted(plain_secrets(self._loaded().raw))
        if found:
            self._save(lambda _: None)
        return found

    def restore_last_good(self) -> None:
        """Brings the last good copy back; the broken document is kept beside it as ``config.json.broken``."""
        with self._guard:
            self._cached = self._file.restore_last_good()

    def tmdb_instances(self) -> list[str]:
        """``default`` first, then the further accounts as they stand in the document."""
        return [DEFAULT_INSTANCE, *instances(self._loaded().raw)]

    def tmdb_account(self, instance: str = DEFAULT_INSTANCE) -> TmdbAccountConfig:
        """What is stored of this account, all empty for one that is not there yet. Refused ``unknown_instance``."""
        _check_instance(instance)
        loaded, at = self._loaded(), account_path(instance)
        texts = {key: str(self._value(loaded, f"{at}.{key}")) for key in ACCOUNT_KEYS if key != "label"}
        return TmdbAccountConfig(**texts, key_from_env=bool(self.variable(f"{at}.api_key")))

    def tmdb_service(self) -> TmdbService:
        """How TMDb is reached, from one state of the document."""
        loaded = self._loaded()
        text = {
            name: str(self._value(loaded, f"tmdb.{name}")) for name in ("api_url", "web_url", "image_url")
        }
        return TmdbService(
            **text,
            proxy=str(self._value(loaded, "tmdb.proxy")),
            visibility_delay=int(self._value(loaded, "tmdb.visibility_delay")),
            language=str(self._value(loaded, "tmdb.language")),
        )

    def metadata_key(self) -> str:
        """The key for metadata: ``tmdb.api_key``, else that of the default account; empty without either."""
        loaded = self._loaded()
        return str(self._value(loaded, "tmdb.api_key") or self._value(loaded, "tmdb_sync.api_key"))

    def save_tmdb_account(
        self,
        instance: str,
        *,
        api_key: str | None = None,
        session_id: str | None = None,
        account_id: str | None = None,
        username: str | None = None,
    ) -> None:
        """Stores these of an account in one write, which also makes it appear.

        None leaves a value as it is, an empty text clears it. The key that the environment pins is not stored
        again; another one is Refused ``set_by_environment``.
        """
        _check_instance(instance)
        at = account_path(instance)
        given = {"api_key": api_key, "session_id": session_id, "account_id": account_id, "username": username}

        def change(raw: dict[str, Any]) -> None:
            if instance != DEFAULT_INSTANCE and instance not in instances(raw):
                put(raw, tuple(at.split(".")), {})
            for name, value in given.items():
                key = f"{at}.{name}"
                if value is None or (self.variable(key) and self._pinned(key) == value.strip()):
                    continue
                if self.variable(key):
                    raise Refused("set_by_environment", key=key, variable=self.variable(key))
                put(raw, _path(key), _clean(key, value))

        self._save(change)

    def forget_tmdb_account(self, instance: str) -> None:
        """Removes all that is stored of an account, its name too. Refused ``unknown_instance``."""
        _check_instance(instance)
        at = account_path(instance)

        def change(raw: dict[str, Any]) -> None:
            if instance == DEFAULT_INSTANCE:
                for name in ACCOUNT_KEYS:
                    put(raw, (at, name), None)
            elif instance in instances(raw):
                put(raw, tuple(at.split(".")), None)
            else:
                raise Refused("unknown_instance", instance=instance)

        self._save(change)

    def _loaded(self) -> Loaded:
        with self._guard:
            if self._cached is None or self._cached.signature != self._file.signature():
                self._cached = None
                self._cached = self._file.load()
                for secret in plain_secrets(self._cached.raw).values():
                    _hide(secret.strip())
            return self._cached

    def _save(self, change: Callable[[dict[str, Any]], None]) -> None:
        def sealed(raw: dict[str, Any]) -> None:
            change(raw)
            check(raw)
            for key, secret in plain_secrets(raw).items():
                _hide(secret.strip())
                put(raw, _path(key), self._sealer.seal(secret.strip(), key))

        with self._guard:
            try:
                self._cached = self._file.save(sealed)
            except Broken as broken:
                raise Refused("invalid_request", reason=broken.reason) from None

    def _pinned(self, dotted: str) -> Value:
        value = getattr(self._settings, _PINS[dotted])
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    def _value(self, loaded: Loaded, dotted: str) -> Value:
        if self.variable(dotted):
            return self._pinned(dotted)
        return self._opened(dotted, _stored(loaded.document, _path(dotted)))

    def _opened(self, dotted: str, value: Value) -> Value:
        if not isinstance(value, str) or not is_sealed(value):
            return value
        text = self._sealer.unseal(value, dotted)
        _hide(text)
        return text

    def _shown(self, loaded: Loaded, key: str) -> Any:
        try:
            value = self._value(loaded, key)
        except HouseError:  # sealed with another key, or damaged: it is set, and that is all that can be said
            return {"set": True, "hint": ""}
        if not is_secret(key, value):
            return value
        return {"set": bool(value), "hint": _hint(key, str(value))}

    def _is_mask(self, raw: Mapping[str, Any], key: str, value: object) -> bool:
        """Whether this is what ``masked`` shows of a secret, on its way back."""
        if not is_secret_key(key) and key != "tmdb.proxy":
            return False
        if isinstance(value, Mapping):
            return isinstance(value.get("set"), bool) and value.keys() <= {"set", "hint"}
        if not isinstance(value, str) or _ELLIPSIS not in value:
            return False
        return value.strip().startswith(_ELLIPSIS) or key == "tmdb.proxy"


def _path(dotted: str) -> tuple[str, ...]:
    path = split(dotted)
    if path is None:
        raise Refused("invalid_request", reason=f"there is no setting called {dotted[:200]}")
    return path


def _check_instance(instance: str) -> None:
    if not is_instance_name(instance):
        raise Refused("unknown_instance", instance=instance[:64])


def _stored(document: Document, path: tuple[str, ...]) -> Value:
    part: Any = document
    for name in path[:-1]:
        part = part.get(name, TmdbAccount()) if isinstance(part, dict) else getattr(part, name)
    value = getattr(part, path[-1])
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _clean(key: str, value: object | None) -> object | None:
    """Without the blanks that pasting brings along; an empty text counts as none."""
    text = value.strip() if isinstance(value, str) else value
    if text == "":
        return None
    if isinstance(text, str) and is_sealed(text):
        raise Refused("invalid_request", reason=f"{key} cannot be given sealed")
    if key == "ui.timezone" and isinstance(text, str):
        try:
            ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Refused("invalid_request", reason=f"{key} is not a known time zone") from None
    return text


def _hint(key: str, secret: str) -> str:
    """Enough of a secret to know it again: its last four letters, or a proxy's address without the password."""
    if key == "tmdb.proxy":
        scheme, _, rest = secret.partition("://")
        return f"{scheme}://{_ELLIPSIS}@{rest.rpartition('@')[2]}"
    return f"{_ELLIPSIS}{secret[-4:]}" if len(secret) >= _LONG_ENOUGH_FOR_A_HINT else ""


def _hide(secret: str) -> None:
    """From now on this secret is blackened in every log line; of an address, its user and password are."""
    if "://" not in secret:
        register(secret)
    elif has_password(secret):
        parts = urlsplit(secret)
        register(unquote(parts.password or parts.username or ""))
