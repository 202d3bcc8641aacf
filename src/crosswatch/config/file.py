"""config.json on disk: readers see the document before a change or after it, never half of it.

A change takes the lock, reads anew, writes a temporary file in the same folder, syncs file and folder, and renames.
The last good copy beside it follows every good document that was read or written, unless that still holds a
secret in clear.
"""

import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosswatch.config.document import Document, is_secret, known_keys, split, value_at
from crosswatch.config.parsing import Broken, check, parse
from crosswatch.errors import HouseError
from crosswatch.sealing import disk_error, is_sealed

NAME = "config.json"
Signature = tuple[int, int, int, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A good document: as it stands, checked, its exact bytes, and what tells that the file was changed since."""

    raw: Mapping[str, Any]
    document: Document
    content: bytes
    signature: Signature | None

    def __repr__(self) -> str:
        return f"Loaded({self.signature})"


class ConfigFile:
    """The document of one home folder. All calls are short and safe beside other threads and processes."""

    def __init__(self, home: Path) -> None:
        self.path = home / NAME

    @property
    def last_good(self) -> Path:
        """The copy that ``restore_last_good`` brings back."""
        return self.path.with_name(f"{NAME}.last-good")

    def signature(self) -> Signature | None:
        """Changes whenever the file does; None where there is none."""
        try:
            return _signature(self.path.stat())
        except OSError:
            return None

    def load(self) -> Loaded:
        """The document; an empty one where there is no file. Raises HouseError ``config_broken``."""
        loaded = self._load()
        if self._copy_is_behind(loaded):
            with suppress(OSError), self._locked():  # a home that may only be read is fine for reading
                self._copy()
        return loaded

    def save(self, change: Callable[[dict[str, Any]], None]) -> Loaded:
        """Applies ``change`` to the document as it is now and stores it; nothing is written where it changes nothing.

        Raises whatever ``change`` raises, HouseError ``config_broken``, ``disk_full`` or ``cannot_write``, and
        ``Broken`` where the changed document would not be good; in all these cases the old one stands untouched.
        """
        try:
            with self._locked():
                before = self._load()
                raw = json.loads(json.dumps(before.raw))
                change(raw)
                if raw != before.raw:
                    check(raw)
                    self._replace(self.path, _written(raw))
                after = self._load()
                if self._copy_is_behind(after):
                    self._copy()
                return after
        except OSError as error:
            raise disk_error(error, self.path) from None

    def restore_last_good(self) -> Loaded:
        """Puts the last good copy in the document's place and keeps the broken one as ``config.json.broken``.

        Raises HouseError ``config_broken`` where there is no copy or the copy is not good either.
        """
        try:
            with self._locked():
                content = self._read(self.last_good)
                if content is None:
                    raise self._broken(Broken("there is no last good copy"))
                self._parse(content, self.last_good)
                current = self._read(self.path)
                if current is not None and current != content:
                    self._replace(self.path.with_name(f"{NAME}.broken"), current)
                self._replace(self.path, content)
                return self._load()
        except OSError as error:
            raise disk_error(error, self.path) from None

    def _load(self) -> Loaded:
        try:
            with self.path.open("rb") as file:
                signature = _signature(os.fstat(file.fileno()))
                content = file.read()
        except FileNotFoundError:
            return Loaded({}, Document(), b"", None)
        except OSError as error:
            raise self._broken(Broken(error.strerror or "it cannot be read")) from None
        raw, document = self._parse(content, self.path)
        return Loaded(raw, document, content, signature)

    def _parse(self, content: bytes, path: Path) -> tuple[dict[str, Any], Document]:
        try:
            return parse(content)
        except Broken as broken:
            raise self._broken(broken, path) from None

    def _broken(self, broken: Broken, path: Path | None = None) -> HouseError:
        copy = str(self.last_good) if path != self.last_good and self.last_good.is_file() else ""
        return HouseError(
            "config_broken",
            path=str(path or self.path),
            line=broken.line,
            column=broken.column,
            reason=broken.reason,
            last_good=copy,
        )

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _copy_is_behind(self, loaded: Loaded) -> bool:
        if loaded.signature is None or plain_secrets(loaded.raw):
            return False
        try:
            return self._read(self.last_good) != loaded.content
        except OSError:
            return True

    def _copy(self) -> None:
        """Brings the copy up to the document, which somebody may have changed or broken since it was read."""
        try:
            now = self._load()
            if self._copy_is_behind(now):
                self._replace(self.last_good, now.content)
        except (OSError, HouseError) as error:
            log.warning("The last good copy %s could not be written: %s", self.last_good, error)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, over threads and processes; the lock goes with its holder."""
        lock = os.open(self.path.with_name(f"{NAME}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, path: Path, content: bytes) -> None:
        """Puts ``content`` in the place of ``path`` at once and for good; a link is followed, its target replaced."""
        target = Path(os.path.realpath(path))
        fresh = target.with_name(f"{target.name}.new")
        try:
            with suppress(FileNotFoundError):
                fresh.unlink()
            _write(fresh, content)
            fresh.rename(target)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        _sync_folder(target.parent)


def plain_secrets(raw: Mapping[str, Any]) -> dict[str, str]:
    """The secrets that stand in a document in clear, by dotted key."""
    found = {}
    for key in known_keys(raw):
        value = value_at(raw, split(key) or ())
        if isinstance(value, str) and value.strip() and is_secret(key, value) and not is_sealed(value):
            found[key] = value
    return found


def _written(raw: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(raw, indent=2, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half of a letter from beyond the first 65536 in somebody's unknown key
        return json.dumps(raw, indent=2).encode() + b"\n"


def _signature(found: os.stat_result) -> Signature:
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def _write(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    """Makes the rename last; where it cannot be synced, what was renamed is in place all the same."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        log.warning("The folder %s could not be synced: %s", folder, error)
