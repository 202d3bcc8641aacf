"""A sealed value opens with its own key and name only; the key file is made once and read by its owner only."""

import logging
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswatch.errors import HouseError
from crosswatch.sealing import Sealer, is_sealed, key_is_apart, load_key
from crosswatch.settings import Settings, variable

SEALER = Sealer(b"k" * 32)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


def code_of(sealer: Sealer, sealed: str, name: str) -> str:
    with pytest.raises(HouseError) as caught:
        sealer.unseal(sealed, name)
    assert caught.value.params["name"] == name
    return caught.value.code


@given(text=TEXT, name=TEXT)
def test_what_is_sealed_opens_again(text: str, name: str) -> None:
    sealed = SEALER.seal(text, name)
    assert sealed.startswith(f"sealed:v1:{SEALER.key_id}:")
    assert is_sealed(sealed)
    assert SEALER.unseal(sealed, name) == text
    assert SEALER.seal(text, name) != sealed


@given(data=st.data())
def test_every_change_is_found_out(data: st.DataObject) -> None:
    sealed = SEALER.seal("a secret", "tmdb.api_key")
    at = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda c: c != sealed[at]))
    changed = sealed[:at] + letter + sealed[at + 1 :]
    assert code_of(SEALER, changed, "tmdb.api_key") in {"sealed_damaged", "key_wrong"}


@given(cut=st.integers(0, 200))
def test_every_cut_is_found_out(cut: int) -> None:
    sealed = SEALER.seal("a secret", "x")
    assert code_of(SEALER, sealed[: min(cut, len(sealed) - 1)], "x") in {"sealed_damaged", "key_wrong"}


def test_another_field_does_not_open_it() -> None:
    assert code_of(SEALER, SEALER.seal("s", "tmdb.api_key"), "tmdb_sync.api_key") == "sealed_damaged"


def test_another_key_is_named() -> None:
    other = Sealer(b"o" * 32)
    with pytest.raises(HouseError) as caught:
        other.unseal(SEALER.seal("s", "x"), "x")
    assert caught.value.code == "key_wrong"
    assert caught.value.params == {"name": "x", "key_id": SEALER.key_id, "have": other.key_id}


def test_nothing_tells_the_key() -> None:
    key = b"a very secret master key of mine"
    assert key.hex()[:8] != Sealer(key).key_id
    assert "secret" not in repr(Sealer(key))


@given(text=st.text(min_size=1))
def test_any_text_gives_32_bytes_and_the_same_again(text: str) -> None:
    settings = Settings(secret_key=f"x{text}")
    key = load_key(settings, Path("/nowhere"))
    assert len(key) == 32
    assert key == load_key(settings, Path("/nowhere"))


def test_the_key_file_is_made_once_for_its_owner(tmp_path: Path) -> None:
    first = load_key(Settings(), tmp_path)
    file = tmp_path / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_key(Settings(), tmp_path) == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.key"]
    file.unlink()
    assert load_key(Settings(), tmp_path) != first


def test_a_key_file_that_was_being_made_when_the_power_went_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "secret.key.new").write_text("half")
    assert load_key(Settings(), tmp_path) == load_key(Settings(), tmp_path)
    assert not (tmp_path / "secret.key.new").exists()


def _start(
    folder: str, gate: "multiprocessing.synchronize.Barrier", answers: "multiprocessing.Queue[bytes]"
) -> None:
    gate.wait()
    answers.put(load_key(Settings(), Path(folder)))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(4), context.Queue()
    starts = [context.Process(target=_start, args=(str(tmp_path), gate, answers)) for _ in range(4)]
    for process in starts:
        process.start()
    keys = {answers.get(timeout=60) for _ in starts}
    for process in starts:
        process.join()
    answers.close()
    answers.join_thread()
    assert len(keys) == 1


def test_a_key_file_of_the_user_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("correct horse battery staple\n")
    file.chmod(0o600)
    from_file = load_key(Settings(secret_key_file=str(file)), tmp_path)
    assert from_file == load_key(Settings(secret_key="correct horse battery staple"), tmp_path)
    assert not (tmp_path / "secret.key").exists()


def test_a_key_that_everyone_can_read_is_tightened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_key(Settings(), tmp_path)
    file = tmp_path / "secret.key"
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        load_key(Settings(), tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in caplog.text
    assert file.read_text().strip() not in caplog.text


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00"])
def test_a_key_file_without_a_key_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.write_bytes(content)
    with pytest.raises(HouseError) as caught:
        load_key(Settings(), tmp_path)
    assert caught.value.code == "key_unreadable"
    assert file.read_bytes() == content


def test_a_key_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HouseError) as caught:
        load_key(Settings(secret_key_file=str(tmp_path / "none")), tmp_path)
    assert caught.value.code == "key_unreadable"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(HouseError) as caught:
        load_key(Settings(), tmp_path)
    assert caught.value.code == "disk_full"
    assert not (tmp_path / "secret.key").exists()


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(HouseError) as caught:
        load_key(Settings(), tmp_path / "none")
    assert caught.value.code == "cannot_write"


def test_whether_the_key_is_apart_from_the_data(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    assert not key_is_apart(Settings(home=home))
    assert key_is_apart(Settings(home=home, secret_key="x"))
    assert key_is_apart(Settings(home=home, secret_key_file=str(tmp_path / "key")))
    assert not key_is_apart(Settings(home=home, secret_key_file=f"{home}/key"))
    assert not key_is_apart(Settings(home=home, secret_key_file=f"{home}/state/key"))
