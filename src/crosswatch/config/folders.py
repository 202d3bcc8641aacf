"""The folders of one installation: made for their owner alone, and never a database on a network file system."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from crosswatch.errors import HouseError
from crosswatch.sealing import disk_error
from crosswatch.settings import Settings

_MOUNTS = Path("/proc/mounts")
# Locks and shared memory, on which SQLite's safety rests, do not work there or work for one machine only.
_NETWORK = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "glusterfs", "lustre", "beegfs"]
)
_NETWORK_FUSE = frozenset(
    ["sshfs", "rclone", "glusterfs", "ceph", "ceph-fuse", "s3fs", "gcsfuse", "davfs", "davfs2", "juicefs"]
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def make_folders(settings: Settings) -> None:
    """Home and state exist afterwards, 0700 where they were made here, and the state can be written.

    Raises HouseError ``network_folder``, ``disk_full`` or ``cannot_write``.
    """
    for folder in (settings.home, settings.state):
        try:
            _make(folder)
        except OSError as error:
            raise disk_error(error, folder) from None
    refuse_network_folder(settings.state)
    if not os.access(settings.state, os.W_OK | os.X_OK):
        raise HouseError(
            "cannot_write", path=str(settings.state), reason="no permission, or mounted read-only"
        )


def refuse_network_folder(folder: Path) -> None:
    """Raises HouseError ``network_folder`` where the folder lies on a network file system; silent if nobody can say."""
    try:
        mounts = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    kind = network_kind(folder.resolve(), mounts)
    if kind:
        raise HouseError("network_folder", path=str(folder), kind=kind)


def network_kind(path: Path, mounts: Iterable[str]) -> str:
    """The network file system that holds this absolute path, by lines as in /proc/mounts; empty for a local one."""
    best, found = -1, ""
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 4:
            continue
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1]))
        if (
            path.is_relative_to(point) and len(point.parts) >= best
        ):  # what is mounted later covers the earlier
            best, found = len(point.parts), _network(fields[2], fields[3])
    return found


def _network(kind: str, options: str) -> str:
    if kind in _NETWORK:
        return kind
    if kind.partition("fuse.")[2] in _NETWORK_FUSE:
        return kind
    # Windows' drives inside WSL. Other 9p mounts are a sandbox's own disk, and fine.
    return kind if kind == "9p" and "aname=drvfs" in options else ""


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
