"""Secrets at rest: AES-256-GCM under one master key. Whoever changes, moves or swaps a sealed value is found out.

    sealer = Sealer(load_key(settings, settings.state))
    sealed = sealer.seal("0123…", "tmdb_sync.api_key")   # "sealed:v1:<key id>:<base64url of nonce and ciphertext>"
    sealer.unseal(sealed, "tmdb_sync.api_key")

A value is bound to the name of its field: under another name it does not open. The key id says which master
key sealed it, and nothing about that key.
"""

import base64
import binascii
import errno
import fcntl
import logging
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crosswatch.errors import HouseError
from crosswatch.settings import Settings, variable

PREFIX = "sealed:v1:"
KEY_FILE = "secret.key"
_NONCE = 12
_SHORT = 16

log = logging.getLogger(__name__)


class Sealer:
    """Seals and opens the secrets of one master key. It never shows the key, not even in its repr."""

    def __init__(self, master_key: bytes) -> None:
        """``master_key`` is what ``load_key`` gives: 32 bytes."""
        self._cipher = AESGCM(_derive(master_key, b"crosswatch sealing v1", 32))
        self.key_id = _derive(master_key, b"crosswatch key id v1", 4).hex()

    def seal(self, text: str, name: str) -> str:
        """``text`` sealed for the field ``name``; never the same twice."""
        nonce = os.urandom(_NONCE)
        ciphertext = self._cipher.encrypt(nonce, text.encode(), self._bound_to(name))
        return f"{PREFIX}{self.key_id}:{base64.urlsafe_b64encode(nonce + ciphertext).decode()}"

    def unseal(self, sealed: str, name: str) -> str:
        """The text that was sealed for the field ``name``.

        Raises HouseError ``key_wrong`` where another master key sealed it, and ``sealed_damaged`` where it is
        cut, changed, or was sealed for another field.
        """
        key_id, _, body = sealed.removeprefix(PREFIX).partition(":")
        if not is_sealed(sealed) or not body:
            raise HouseError("sealed_damaged", name=name)
        if key_id != self.key_id:
            raise HouseError("key_wrong", name=name, key_id=key_id[:8], have=self.key_id)
        try:
            raw = base64.b64decode(body, altchars=b"-_", validate=True)
            text = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], self._bound_to(name)).decode()
        except (binascii.Error, ValueError, InvalidTag):
            raise HouseError("sealed_damaged", name=name) from None
        if base64.urlsafe_b64encode(raw).decode() != body:  # spare bits of the last letter
            raise HouseError("sealed_damaged", name=name)
        return text

    def _bound_to(self, name: str) -> bytes:
        return f"{PREFIX}{self.key_id}:{name}".encode()


def is_sealed(text: str) -> bool:
    """Whether this is a sealed value rather than a secret in clear."""
    return text.startswith(PREFIX)


def load_key(settings: Settings, state_folder: Path) -> bytes:
    """The 32 bytes of the master key: from the environment, its file, or ``secret.key`` in the state folder.

    The last is made on the first start; processes that start at once agree on one. Raises HouseError
    ``key_unreadable``, and ``cannot_write`` or ``disk_full`` where the file cannot be made.
    """
    if settings.secret_key is not None:
        text = settings.secret_key.get_secret_value()
        source = variable("secret_key")
    elif settings.secret_key_file is not None:
        text = _read_key(settings.secret_key_file)
        source = variable("secret_key_file")
    else:
        text = _own_key(state_folder)
        source = KEY_FILE
    if len(text) < _SHORT:
        log.warning("The master key (%s) is short: use at least %d random characters.", source, _SHORT)
    return _derive(text.encode(), b"crosswatch master key v1", 32)


def key_is_apart(settings: Settings) -> bool:
    """Whether a copy of the home and state folders does not hold the master key too."""
    if settings.secret_key is not None:
        return True
    if settings.secret_key_file is None:
        return False
    file = settings.secret_key_file.resolve()
    return not any(file.is_relative_to(folder.resolve()) for folder in (settings.home, settings.state))


def disk_error(error: OSError, path: Path) -> HouseError:
    """What a failed write means: ``disk_full``, or ``cannot_write`` with the system's own reason."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return HouseError("disk_full", path=str(path))
    return HouseError("cannot_write", path=str(path), reason=error.strerror or type(error).__name__)


def _derive(key: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(key)


def _read_key(path: Path) -> str:
    try:
        with path.open("rb") as file:
            _tighten(file.fileno(), path)
            text = file.read().decode().strip()
    except OSError as error:
        raise HouseError("key_unreadable", path=str(path), reason=error.strerror or "") from None
    except UnicodeDecodeError:
        raise HouseError("key_unreadable", path=str(path), reason="not text") from None
    if not text:
        raise HouseError("key_unreadable", path=str(path), reason="empty")
    return text


def _tighten(descriptor: int, path: Path) -> None:
    """Takes a key file that everyone on this machine may read away from them, where this process may."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or not found.st_mode & stat.S_IROTH:
        return
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:
        log.warning("Everyone on this machine may read the key file %s: chmod 600 it.", path)
    else:
        log.warning("Everyone on this machine could read the key file %s: it is 0600 now.", path)


def _own_key(state_folder: Path) -> str:
    path = state_folder / KEY_FILE
    if not path.exists():
        try:
            _make_key(path)
        except OSError as error:
            raise disk_error(error, path) from None
    return _read_key(path)


def _make_key(path: Path) -> None:
    """Puts a whole new key file in place, once: the folder is locked, so that a second process finds the first's."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if path.exists():
            return
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, secrets.token_urlsafe(32).encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        fresh.rename(path)
        os.fsync(folder)
    finally:
        os.close(folder)
