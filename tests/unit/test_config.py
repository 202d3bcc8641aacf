"""Environment over document over default; secrets sealed at rest, open to those who need them, masked for the rest."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswatch.config.config import Config, Source, TmdbAccountConfig
from crosswatch.errors import HouseError, Refused
from crosswatch.net.redaction import redact
from crosswatch.sealing import Sealer
from crosswatch.settings import Settings, variable

KEY = "0123456789abcdef0123456789abcdef"
SESSION = "5e55105e55105e55105e55105e55105e55101234"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


def config_in(home: Path, key: bytes = b"k" * 32, **environment: str) -> Config:
    return Config(Settings(home=str(home), **environment), Sealer(key))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def on_disk(home: Path) -> Any:
    return json.loads((home / "config.json").read_text())


def refused(call: Any, *args: Any, **kwargs: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value


def test_nothing_stored_is_all_defaults(config: Config, tmp_path: Path) -> None:
    assert config.get("tmdb.api_url") == "https://api.themoviedb.org/3"
    assert config.get("tmdb_sync.api_key") == ""
    assert config.explain("tmdb.api_url") is Source.DEFAULT
    assert config.tmdb_instances() == ["default"]
    assert config.tmdb_account() == TmdbAccountConfig("", "", "", "", key_from_env=False)
    assert config.metadata_key() == ""
    service = config.tmdb_service()
    assert (service.proxy, service.visibility_delay, service.language) == ("", 300, "en-US")
    assert list(tmp_path.iterdir()) == []


def test_environment_over_document_over_default(tmp_path: Path) -> None:
    config_in(tmp_path).save({"tmdb.api_url": "http://document/3", "tmdb.language": "nl"})
    config = config_in(tmp_path, tmdb_api_url="http://environment/3/", tmdb_visibility_delay="1")
    assert config.get("tmdb.api_url") == "http://environment/3"
    assert config.explain("tmdb.api_url") == "environment"
    assert config.variable("tmdb.api_url") == "CROSSWATCH_TMDB_API_URL"
    assert config.explain("tmdb.language") == "document"
    assert config.variable("tmdb.language") == ""
    assert config.explain("tmdb.region") == "default"
    assert config.tmdb_service().api_url == "http://environment/3"
    assert config.tmdb_service().visibility_delay == 1


def test_secrets_are_sealed_on_disk_and_open_here(config: Config, tmp_path: Path) -> None:
    config.save_tmdb_account(
        "default", api_key=f" {KEY}\n", session_id=SESSION, account_id="7", username="ann"
    )
    written = (tmp_path / "config.json").read_text() + (tmp_path / "config.json.last-good").read_text()
    assert KEY not in written
    assert SESSION not in written
    assert on_disk(tmp_path)["tmdb_sync"]["api_key"].startswith("sealed:v1:")
    account = config_in(tmp_path).tmdb_account()
    assert account == TmdbAccountConfig(KEY, SESSION, "7", "ann", key_from_env=False)
    assert KEY not in repr(account)
    assert SESSION not in repr(account)
    assert KEY not in repr(config.document())


def test_a_secret_that_was_read_is_blackened_in_logs(tmp_path: Path) -> None:
    config_in(tmp_path).save({"tmdb.api_key": "not-hex-at-all-5"})
    config_in(tmp_path).metadata_key()
    assert "not-hex-at-all-5" not in redact("the key is not-hex-at-all-5")
    config_in(tmp_path, tmdb_proxy="http://u:the-proxy-word@h:1", tmdb_api_key="the-key-word")
    assert redact("the-proxy-word, the-key-word").count("the-") == 0
    (tmp_path / "config.json").write_text('{"tmdb": {"api_key": "typed-in-clear"}}')
    config_in(tmp_path).document()
    assert "typed-in-clear" not in redact("typed-in-clear")


def test_another_master_key_is_told_and_still_shows_the_page(config: Config, tmp_path: Path) -> None:
    config.save_tmdb_account("default", api_key=KEY, username="ann")
    other = config_in(tmp_path, key=b"o" * 32)
    with pytest.raises(HouseError) as caught:
        other.tmdb_account()
    assert (caught.value.code, caught.value.params["name"]) == ("key_wrong", "tmdb_sync.api_key")
    assert other.masked()["tmdb_sync"]["api_key"] == {"set": True, "hint": ""}
    assert other.get("tmdb_sync.username") == "ann"
    other.save_tmdb_account("default", api_key="f" * 32)
    assert other.tmdb_account().api_key == "f" * 32


def test_a_sealed_value_under_another_key_does_not_open(config: Config, tmp_path: Path) -> None:
    config.save({"tmdb.api_key": KEY})
    raw = on_disk(tmp_path)
    raw["tmdb_sync"] = {"api_key": raw["tmdb"]["api_key"]}
    (tmp_path / "config.json").write_text(json.dumps(raw))
    with pytest.raises(HouseError) as caught:
        config.tmdb_account()
    assert caught.value.code == "sealed_damaged"


def test_what_is_shown_holds_no_secret(config: Config, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"newer": {"token": "hunter2"}, "tmdb_sync": {"later": "hunter2"}}'
    )
    config.save_tmdb_account("default", api_key=KEY, session_id=SESSION, username="ann")
    config.save_tmdb_account("second", api_key="short")
    config.save({"tmdb.proxy": "socks5://user:hunter2@proxy", "ui.theme": "dark"})
    shown = config.masked()
    assert shown["tmdb_sync"]["api_key"] == {"set": True, "hint": "…cdef"}
    assert shown["tmdb_sync"]["session_id"] == {"set": True, "hint": "…1234"}
    assert shown["tmdb_sync"]["username"] == "ann"
    assert shown["tmdb_sync"]["instances"]["second"]["api_key"] == {"set": True, "hint": ""}
    assert shown["tmdb_sync"]["instances"]["second"]["session_id"] == {"set": False, "hint": ""}
    assert shown["tmdb"]["proxy"] == {"set": True, "hint": "socks5://…@proxy"}
    assert shown["tmdb"]["api_key"] == {"set": False, "hint": ""}
    assert shown["ui"]["theme"] == "dark"
    text = json.dumps(shown, ensure_ascii=False)
    assert not any(secret in text for secret in (KEY, SESSION, "short", "hunter2", "sealed:"))


def test_what_is_shown_may_be_written_back(config: Config) -> None:
    config.save_tmdb_account("second", api_key=KEY, session_id=SESSION)
    config.save({"tmdb.proxy": "http://u:hunter2@proxy:3128", "tmdb.api_key": KEY})
    hint = config.masked()["tmdb"]["proxy"]["hint"]
    for mask in ("…cdef", {"set": True, "hint": "…cdef"}, {"set": True}):
        config.save({"tmdb.api_key": mask, "tmdb_sync.instances.second.session_id": mask})
    config.save({"tmdb.proxy": hint})
    assert config.get("tmdb.api_key") == KEY
    assert config.get("tmdb.proxy") == "http://u:hunter2@proxy:3128"
    assert config.tmdb_account("second").session_id == SESSION


def test_a_proxy_without_a_password_is_not_a_secret(config: Config, tmp_path: Path) -> None:
    config.save({"tmdb.proxy": "http://proxy:3128"})
    assert on_disk(tmp_path)["tmdb"]["proxy"] == "http://proxy:3128"
    assert config.masked()["tmdb"]["proxy"] == "http://proxy:3128"
    config.save({"tmdb.proxy": "http://u:hunter2@proxy:3128"})
    assert "hunter2" not in (tmp_path / "config.json").read_text()
    assert config.tmdb_service().proxy == "http://u:hunter2@proxy:3128"
    assert "hunter2" not in repr(config.tmdb_service())


def test_none_and_nothing_remove(config: Config, tmp_path: Path) -> None:
    config.save({"tmdb.region": "NL", "tmdb.api_key": KEY, "ui.theme": "dark"})
    config.save({"tmdb.region": None, "tmdb.api_key": "", "ui.theme": " "})
    assert on_disk(tmp_path) == {"tmdb": {}, "ui": {}}
    assert config.get("ui.theme") == "auto"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tmdb.nonsense", "x"),
        ("newer.things", "x"),
        ("tmdb", {"region": "NL"}),
        ("tmdb.region", "Netherlands"),
        ("tmdb.language", "dutch, please"),
        ("tmdb.api_url", "api.example"),
        ("tmdb.proxy", "proxy"),
        ("tmdb.visibility_delay", -1),
        ("tmdb.visibility_delay", "soon"),
        ("tmdb.api_key", "two words"),
        ("tmdb.api_key", 5),
        ("tmdb.api_key", ["x"]),
        ("tmdb.api_key", "sealed:v1:00000000:AAAA"),
        ("ui.theme", "pink"),
        ("ui.timezone", "Mars/Olympus"),
        ("ui.timezone", "../etc/passwd"),
    ],
)
def test_a_bad_value_changes_nothing(key: str, value: object, config: Config, tmp_path: Path) -> None:
    config.save({"ui.language": "nl"})
    error = refused(config.save, {"ui.language": "de", key: value})
    assert error.code == "invalid_request"
    assert key in str(error.params["reason"])
    assert on_disk(tmp_path) == {"ui": {"language": "nl"}}


def test_good_values_are_taken(config: Config) -> None:
    changes: dict[str, object] = {
        "tmdb.region": "NL", "tmdb.language": "nl-NL", "tmdb.api_url": "http://127.0.0.1:1/3/",
        "tmdb.visibility_delay": 0, "ui.timezone": "Europe/Amsterdam", "ui.theme": "light",
    }  # fmt: skip
    config.save(changes)
    assert config.get("tmdb.api_url") == "http://127.0.0.1:1/3"
    assert config.get("tmdb.visibility_delay") == 0
    assert config.get("ui.timezone") == "Europe/Amsterdam"


def test_what_the_environment_pins_is_not_edited(tmp_path: Path) -> None:
    config = config_in(tmp_path, tmdb_api_key=KEY, tmdb_sync_api_key=KEY)
    error = refused(config.save, {"tmdb.region": "NL", "tmdb.api_key": "f" * 32})
    assert (error.code, error.params) == (
        "set_by_environment",
        {"key": "tmdb.api_key", "variable": "CROSSWATCH_TMDB_API_KEY"},
    )
    assert not (tmp_path / "config.json").exists()
    config.save({"tmdb.region": "NL", "tmdb.api_key": config.masked()["tmdb"]["api_key"]})
    config.save_tmdb_account("default", api_key=KEY, session_id=SESSION)
    assert "api_key" not in on_disk(tmp_path)["tmdb_sync"]
    assert config.tmdb_account() == TmdbAccountConfig(KEY, SESSION, "", "", key_from_env=True)
    assert not config.tmdb_account("second").key_from_env
    assert refused(config.save_tmdb_account, "default", api_key="f" * 32).code == "set_by_environment"


def test_the_metadata_key_falls_back_on_the_default_account(config: Config, tmp_path: Path) -> None:
    config.save_tmdb_account("second", api_key="e" * 32)
    assert config.metadata_key() == ""
    config.save_tmdb_account("default", api_key=KEY)
    assert config.metadata_key() == KEY
    config.save({"tmdb.api_key": "f" * 32})
    assert config.metadata_key() == "f" * 32
    assert config_in(tmp_path, tmdb_api_key="a" * 32).metadata_key() == "a" * 32


def test_an_account_appears_by_connecting_and_goes_by_forgetting(config: Config, tmp_path: Path) -> None:
    error = refused(config.save, {"tmdb_sync.instances.second.label": "Kids"})
    assert (error.code, error.params) == ("unknown_instance", {"instance": "second"})
    config.save_tmdb_account("second", api_key=KEY, session_id=SESSION)
    config.save({"tmdb_sync.instances.second.label": "Kids"})
    config.save_tmdb_account("second", session_id="")
    assert config.tmdb_account("second").session_id == ""
    assert config.tmdb_account("second").api_key == KEY
    config.save_tmdb_account("third")
    assert config.tmdb_instances() == ["default", "second", "third"]
    config.forget_tmdb_account("second")
    assert on_disk(tmp_path) == {"tmdb_sync": {"instances": {"third": {}}}}
    assert refused(config.forget_tmdb_account, "second").code == "unknown_instance"


def test_forgetting_the_default_account_leaves_the_others(config: Config, tmp_path: Path) -> None:
    config.save_tmdb_account("second", username="bea")
    config.save_tmdb_account("default", api_key=KEY, session_id=SESSION, account_id="1", username="ann")
    config.forget_tmdb_account("default")
    assert on_disk(tmp_path) == {"tmdb_sync": {"instances": {"second": {"username": "bea"}}}}


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "../x", "a.b", "é"])
def test_a_name_that_cannot_be_one_is_refused_everywhere(name: str, config: Config) -> None:
    for call in (config.tmdb_account, config.save_tmdb_account, config.forget_tmdb_account):
        assert refused(call, name).code == "unknown_instance"


def test_a_running_server_sees_what_others_changed(config: Config, tmp_path: Path) -> None:
    assert config.get("ui.theme") == "auto"
    config_in(tmp_path).save({"ui.theme": "dark"})
    assert config.get("ui.theme") == "dark"
    (tmp_path / "config.json").write_text('{"ui": {"theme": "light"}}')
    assert config.get("ui.theme") == "light"
    (tmp_path / "config.json").unlink()
    assert config.get("ui.theme") == "auto"


def test_an_unchanged_file_is_not_read_again(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    config.save({"ui.theme": "dark"})
    first = config.document()
    monkeypatch.setattr(Path, "open", None)
    assert config.document() is first


def test_a_broken_document_is_told_and_comes_back(config: Config, tmp_path: Path) -> None:
    config.save({"ui.theme": "dark"})
    (tmp_path / "config.json").write_text('{"tmdb": {"api_key": "hunter2')
    for call in (config.masked, config.document, lambda: config.save({"ui.theme": "light"})):
        with pytest.raises(HouseError) as caught:
            call()
        assert caught.value.code == "config_broken"
        assert "hunter2" not in f"{caught.value} {caught.value.params}"
    config.restore_last_good()
    assert config.get("ui.theme") == "dark"


def test_what_was_typed_in_clear_works_and_is_sealed_at_the_next_start(
    config: Config, tmp_path: Path
) -> None:
    document, copy = tmp_path / "config.json", tmp_path / "config.json.last-good"
    typed = {
        "tmdb_sync": {
            "api_key": f" {KEY} ",
            "username": "ann",
            "instances": {"second": {"session_id": SESSION}},
        },
        "tmdb": {"proxy": "http://u:hunter2@p:1"},
        "newer": "kept",
    }
    document.write_text(json.dumps(typed))
    copy.write_text(json.dumps(typed))
    assert config.tmdb_account().api_key == KEY
    assert config.seal_plain() == ["tmdb.proxy", "tmdb_sync.api_key", "tmdb_sync.instances.second.session_id"]
    for file in (document, copy):
        text = file.read_text()
        assert not any(secret in text for secret in (KEY, SESSION, "hunter2"))
        assert json.loads(text)["newer"] == "kept"
    again = config_in(tmp_path)
    assert again.seal_plain() == []
    assert again.tmdb_account().api_key == KEY
    assert again.tmdb_account("second").session_id == SESSION
    assert again.tmdb_service().proxy == "http://u:hunter2@p:1"


def test_any_other_save_seals_what_is_in_clear_too(config: Config, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"tmdb": {"api_key": KEY}}))
    config.save({"ui.theme": "dark"})
    assert KEY not in (tmp_path / "config.json").read_text()


def test_a_full_disk_reaches_the_caller_and_changes_nothing(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.save({"ui.theme": "dark"})

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(HouseError) as caught:
            config.save({"ui.theme": "light"})
    assert caught.value.code == "disk_full"
    assert config.get("ui.theme") == "dark"


@settings(deadline=None)
@given(secret=st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Z"]), min_size=1).filter(
    lambda text: "sealed:" not in text and "…" not in text
))  # fmt: skip
def test_any_secret_comes_back_as_it_was(secret: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    config_in(home).save({"tmdb.api_key": secret})
    assert config_in(home).get("tmdb.api_key") == secret


def test_nothing_is_logged_of_a_secret(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        config.save_tmdb_account("default", api_key=KEY, session_id=SESSION)
        config.tmdb_account()
    assert KEY not in caplog.text
    assert SESSION not in caplog.text
