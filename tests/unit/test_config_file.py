"""A save is whole or did not happen: at once from two processes, killed at every step, on a full or closed disk."""

import errno
import json
import multiprocessing
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crosswatch.config.file import ConfigFile
from crosswatch.errors import HouseError, Refused

BIG = "x" * 30_000


def setting(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        raw[key] = value

    return change


def on_disk(home: Path) -> Any:
    return json.loads((home / "config.json").read_text())


def code_of(call: Callable[[], object]) -> HouseError:
    with pytest.raises(HouseError) as caught:
        call()
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> ConfigFile:
    return ConfigFile(tmp_path)


def test_no_file_is_an_empty_document(file: ConfigFile, tmp_path: Path) -> None:
    assert file.load().raw == {}
    assert list(tmp_path.iterdir()) == []


def test_a_save_keeps_what_it_does_not_change(file: ConfigFile, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"newer": {"a": [1]}, "tmdb": {"region": "NL", "later": "é"}}')
    file.save(setting("ui", {"theme": "dark"}))
    assert on_disk(tmp_path) == {
        "newer": {"a": [1]},
        "tmdb": {"region": "NL", "later": "é"},
        "ui": {"theme": "dark"},
    }
    assert stat.S_IMODE((tmp_path / "config.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "config.json.last-good").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json",
        "config.json.last-good",
        "config.json.lock",
    ]


def test_a_save_that_changes_nothing_writes_nothing(file: ConfigFile) -> None:
    file.save(setting("newer", 1))
    before = file.signature()
    file.save(setting("newer", 1))
    assert file.signature() == before


def test_a_refused_change_leaves_the_document(file: ConfigFile, tmp_path: Path) -> None:
    def refuse(raw: dict[str, Any]) -> None:
        raw["newer"] = 2
        raise Refused("invalid_request", reason="no")

    file.save(setting("newer", 1))
    with pytest.raises(Refused):
        file.save(refuse)
    assert on_disk(tmp_path) == {"newer": 1}


def test_the_last_good_copy_follows_every_good_document(file: ConfigFile, tmp_path: Path) -> None:
    document = tmp_path / "config.json"
    document.write_text('{"typed": "by hand"}')
    file.load()
    assert file.last_good.read_bytes() == document.read_bytes()
    file.save(setting("newer", 1))
    assert file.last_good.read_bytes() == document.read_bytes()
    document.write_text('{"typed": ')
    assert code_of(file.load).code == "config_broken"
    assert json.loads(file.last_good.read_text()) == {"typed": "by hand", "newer": 1}


def test_the_copy_never_holds_a_secret_in_clear(file: ConfigFile, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"tmdb": {"api_key": "hunter2"}}')
    file.load()
    assert not file.last_good.exists()
    (tmp_path / "config.json").write_text('{"tmdb": {"proxy": "http://u:hunter2@h:1"}}')
    file.load()
    assert not file.last_good.exists()


@pytest.mark.parametrize("content", [b'{"tmdb": {', b"", b"[]", b"\xff", b'{"ui": 1}', b'{"a": 1, "a": 1}'])
def test_a_broken_document_is_never_overwritten(content: bytes, file: ConfigFile, tmp_path: Path) -> None:
    file.save(setting("newer", 1))
    (tmp_path / "config.json").write_bytes(content)
    for call in (file.load, lambda: file.save(setting("newer", 2))):
        error = code_of(call)
        assert error.code == "config_broken"
        assert error.params["path"] == str(tmp_path / "config.json")
        assert error.params["last_good"] == str(tmp_path / "config.json.last-good")
    assert (tmp_path / "config.json").read_bytes() == content


def test_the_last_good_copy_comes_back_and_the_broken_one_is_kept(file: ConfigFile, tmp_path: Path) -> None:
    file.save(setting("newer", 1))
    (tmp_path / "config.json").write_text('{"my edits": ')
    assert file.restore_last_good().raw == {"newer": 1}
    assert on_disk(tmp_path) == {"newer": 1}
    assert (tmp_path / "config.json.broken").read_text() == '{"my edits": '


def test_without_a_good_copy_nothing_comes_back(file: ConfigFile, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    assert code_of(file.load).params["last_good"] == ""
    assert code_of(file.restore_last_good).code == "config_broken"
    (tmp_path / "config.json.last-good").write_text("{")
    error = code_of(file.restore_last_good)
    assert (error.code, error.params["path"]) == ("config_broken", str(tmp_path / "config.json.last-good"))
    assert (tmp_path / "config.json").read_text() == "{"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "real" / "mine.json").write_text("{}")
    (tmp_path / "home" / "config.json").symlink_to(tmp_path / "real" / "mine.json")
    ConfigFile(tmp_path / "home").save(setting("newer", 1))
    assert (tmp_path / "home" / "config.json").is_symlink()
    assert json.loads((tmp_path / "real" / "mine.json").read_text()) == {"newer": 1}


def test_halves_of_letters_in_unknown_keys_survive(file: ConfigFile, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(r'{"newer": "\ud83d"}')
    file.save(setting("more", "é"))
    assert on_disk(tmp_path) == {"newer": "\ud83d", "more": "é"}


def _write_many(home: str, name: str, gate: "multiprocessing.synchronize.Barrier") -> None:
    os.fsync = lambda fd: None  # what is tried here is the lock, not the disk
    file = ConfigFile(Path(home))
    gate.wait()
    for number in range(200):
        file.save(setting(f"{name}{number}", number))


def test_two_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(2)
    writers = [context.Process(target=_write_many, args=(str(tmp_path), name, gate)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert on_disk(tmp_path) == {f"{name}{number}": number for name in "ab" for number in range(200)}


KILLED_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
from crosswatch.config import file

steps, at = 0, 0

def stepping(name, call):
    def step(*args, **kwargs):
        global steps
        steps += 1
        if steps == at:
            if name == "write":
                call(args[0], bytes(args[1])[: len(args[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return step

homes = Path(sys.argv[1])
for at in range(1, 60):
    home = homes / str(at)
    home.mkdir()
    file.ConfigFile(home).save(lambda raw: raw.update(old=1))
    child = os.fork()
    if not child:
        for name in ("write", "fsync", "open"):
            setattr(os, name, stepping(name, getattr(os, name)))
        for name in ("rename", "unlink"):
            setattr(Path, name, stepping(name, getattr(Path, name)))
        file.ConfigFile(home).save(lambda raw: raw.update(new=2))
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        print("survived", at)
        break
"""


def test_killed_at_any_step_leaves_a_whole_document(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(tmp_path)],
        capture_output=True,
        check=True,
        text=True,
    )
    homes = list(tmp_path.iterdir())
    assert done.stdout.strip() == f"survived {len(homes)}"
    good: list[object] = [{"old": 1}, {"old": 1, "new": 2}]
    found = {home: on_disk(home) for home in homes}
    assert all(document in good for document in found.values())
    assert all(document in found.values() for document in good)
    for home, document in found.items():
        assert json.loads((home / "config.json.last-good").read_text()) in good
        ConfigFile(home).save(setting("after", 3))
        assert on_disk(home) == document | {"after": 3}
        assert not list(home.glob("*.new"))


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_the_document(
    call: str, number: int, file: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.save(setting("old", 1))

    def full(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        error = code_of(lambda: file.save(setting("old", 2)))
    assert (error.code, error.params) == ("disk_full", {"path": str(tmp_path / "config.json")})
    assert on_disk(tmp_path) == {"old": 1}
    assert not list(tmp_path.glob("*.new"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(descriptor: int, size: int) -> None:
    while True:
        os.write(descriptor, b"x" * size)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    file = ConfigFile(small_disk)
    file.save(setting("old", 1))
    with (small_disk / "filler").open("wb") as filler:
        for size in (4096, 1):
            with pytest.raises(OSError, match="No space left"):
                fill(filler.fileno(), size)
    assert code_of(lambda: file.save(setting("old", BIG))).code == "disk_full"
    assert on_disk(small_disk) == {"old": 1}
    (small_disk / "filler").unlink()
    file.save(setting("old", 2))
    assert on_disk(small_disk) == {"old": 2}


def test_a_folder_that_may_only_be_read(small_disk: Path) -> None:
    file = ConfigFile(small_disk)
    (small_disk / "config.json").write_text('{"old": 1}')
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert file.load().raw == {"old": 1}
    error = code_of(lambda: file.save(setting("old", 2)))
    assert (error.code, error.params["reason"]) == ("cannot_write", "Read-only file system")
    assert on_disk(small_disk) == {"old": 1}


def test_no_permission_is_told(file: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.save(setting("old", 1))

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        error = code_of(lambda: file.save(setting("old", 2)))
    assert error.code == "cannot_write"
    assert error.params == {"path": str(tmp_path / "config.json"), "reason": "Permission denied"}
    assert on_disk(tmp_path) == {"old": 1}


def test_a_copy_that_cannot_be_written_does_not_undo_a_save(
    file: ConfigFile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "config.json.last-good").mkdir()
    file.save(setting("old", 1))
    assert on_disk(tmp_path) == {"old": 1}
    assert "last good copy" in caplog.text
