"""Folders are made for their owner alone, and a state on a network file system is refused."""

import stat
from pathlib import Path

import pytest

from crosswatch.config import folders
from crosswatch.config.folders import make_folders, network_kind
from crosswatch.errors import HouseError
from crosswatch.settings import Settings, variable

MOUNTS = r"""/dev/vda / ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
nas:/vol /mnt/nas nfs4 rw,vers=4.2 0 0
/dev/sdb /mnt/nas/local ext4 rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
drvfs /mnt/c 9p rw,aname=drvfs;path=C:\;uid=0 0 0
none /mnt/sandbox 9p rw,trans=fd 0 0
mergerfs /mnt/pool fuse.mergerfs rw 0 0
nas:/old /mnt/twice nfs rw 0 0
/dev/sdc /mnt/twice xfs rw 0 0
broken line
""".splitlines()


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ann", ""),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/cw/state", "nfs4"),
        ("/mnt/nas/local/state", ""),
        ("/mnt/nasty", ""),
        ("/mnt/my share/state", "cifs"),
        ("/mnt/ssh/state", "fuse.sshfs"),
        ("/mnt/c/Users", "9p"),
        ("/mnt/sandbox/x", ""),
        ("/mnt/pool/x", ""),
        ("/mnt/twice/x", ""),
    ],
)
def test_the_nearest_mount_decides(path: str, kind: str) -> None:
    assert network_kind(Path(path), MOUNTS) == kind


def test_folders_are_made_for_their_owner(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "a" / "home"))
    make_folders(settings)
    make_folders(settings)
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.state.stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folders(Settings(home=str(tmp_path)))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_state_on_the_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nnas:/v {tmp_path}/home/state nfs rw 0 0\n")
    monkeypatch.setattr(folders, "_MOUNTS", mounts)
    with pytest.raises(HouseError) as caught:
        make_folders(Settings(home=str(tmp_path / "home")))
    assert caught.value.code == "network_folder"
    assert caught.value.params == {"path": str(tmp_path / "home" / "state"), "kind": "nfs"}
    monkeypatch.setattr(folders, "_MOUNTS", tmp_path / "none")
    make_folders(Settings(home=str(tmp_path / "home")))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HouseError) as caught:
        make_folders(Settings(home=str(tmp_path / "file" / "home")))
    assert caught.value.code == "cannot_write"
