"""Settings come from the environment alone, are checked, and never show a secret when they are wrong."""

import ipaddress
import traceback
from pathlib import Path

import pytest

from crosswatch.errors import HouseError
from crosswatch.settings import Settings, absolute_url, in_container, variable


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in [*Settings.model_fields, "container"]:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


def refusal(**values: object) -> HouseError:
    with pytest.raises(HouseError) as caught:
        Settings(**values)
    return caught.value


def test_defaults_are_those_of_the_documentation() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.base_path) == ("127.0.0.1", 8787, "")
    assert settings.tmdb_api_url == "https://api.themoviedb.org/3"
    assert settings.tmdb_web_url == "https://www.themoviedb.org"
    assert settings.tmdb_image_url == "https://image.tmdb.org/t/p"
    assert settings.tmdb_visibility_delay == 300
    assert (settings.log_level, settings.log_format) == ("info", "text")
    assert settings.trusted_proxies == ()
    assert settings.public_url is None
    assert settings.database_file == settings.state / "crosswatch.db"
    assert settings.model_fields_set == set()


def test_folders_follow_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    settings = Settings()
    assert settings.home == tmp_path / "c" / "crosswatch"
    assert settings.state == tmp_path / "s" / "crosswatch"


def test_state_lies_in_a_home_that_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CROSSWATCH_HOME", "~/cw")
    assert Settings().home == tmp_path / "cw"
    assert Settings().state == tmp_path / "cw" / "state"
    monkeypatch.setenv("CROSSWATCH_STATE", str(tmp_path / "elsewhere"))
    assert Settings().state == tmp_path / "elsewhere"


def test_the_container_says_so_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not in_container()
    monkeypatch.setenv("CROSSWATCH_CONTAINER", "1")
    assert Settings().home == Path("/config")
    assert Settings().state == Path("/config/state")
    monkeypatch.setenv("CROSSWATCH_HOME", "/data")
    assert Settings().state == Path("/data/state")


@pytest.mark.parametrize("empty", ["", "  "])
def test_what_is_empty_is_not_set(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.setenv(variable(field), empty)
    settings = Settings()
    assert settings.model_fields_set == set()
    assert settings.tmdb_api_key is None
    assert not settings.is_set("tmdb_api_url")


def test_environment_is_read_and_known_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSWATCH_PORT", " 9000 ")
    monkeypatch.setenv("CROSSWATCH_TMDB_API_URL", "http://127.0.0.1:5000/3/")
    monkeypatch.setenv("CROSSWATCH_LOG_LEVEL", "WARN")
    settings = Settings()
    assert settings.port == 9000
    assert settings.tmdb_api_url == "http://127.0.0.1:5000/3"
    assert settings.log_level == "warning"
    assert settings.is_set("tmdb_api_url")
    assert not settings.is_set("tmdb_web_url")


@pytest.mark.parametrize(
    ("given", "path"),
    [("/", ""), ("cw", "/cw"), ("/cw/", "/cw"), ("a/b", "/a/b")],
)
def test_base_path_is_normalised(given: str, path: str) -> None:
    assert Settings(base_path=given).base_path == path


def test_trusted_proxies_are_networks() -> None:
    proxies = Settings(trusted_proxies="10.0.0.5, 172.18.0.0/16 ::1").trusted_proxies
    assert proxies == tuple(
        ipaddress.ip_network(text) for text in ("10.0.0.5/32", "172.18.0.0/16", "::1/128")
    )


def test_public_url_does_not_hold_the_base_path_twice() -> None:
    assert Settings(base_path="/cw", public_url="https://x.example/cw/").public_url == "https://x.example"
    assert Settings(public_url="https://x.example/").public_url == "https://x.example"
    assert "CROSSWATCH_BASE_PATH" in str(refusal(public_url="https://x.example/cw").params["reason"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", "abc"),
        ("port", "70000"),
        ("port", "-1"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("public_url", "x.example"),
        ("public_url", "ftp://x.example"),
        ("public_url", "https://x.example/?q"),
        ("tmdb_api_url", "/3"),
        ("tmdb_web_url", "https://"),
        ("tmdb_image_url", "https://a b"),
        ("tmdb_image_url", "https://h:port"),
        ("host", "http://x"),
        ("base_path", "/a?b"),
        ("base_path", "/a/../b"),
        ("base_path", "https://x/y"),
        ("trusted_proxies", "traefik"),
        ("tmdb_visibility_delay", "-1"),
        ("tmdb_visibility_delay", "soon"),
    ],
)
def test_a_bad_value_is_one_sentence(field: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable(field), value)
    error = refusal()
    assert error.code == "bad_setting"
    assert error.params["name"] == variable(field)
    assert error.params["value"] == value
    assert error.params["reason"]
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tmdb_proxy", "user:hunter2@proxy"),
        ("tmdb_proxy", "ftp://user:hunter2@proxy:1"),
        ("public_url", "https://user:hunter2@x.example"),
        ("tmdb_api_url", "https://user:hunter2@x.example"),
        ("database_url", "postgresql://user:hunter2@db/cw"),
        ("database_url", "mysql://user:hunter2@db/cw"),
    ],
)
def test_a_secret_is_never_in_the_error(field: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable(field), value)
    error = refusal()
    told = f"{error} {error!r} {error.params} " + "".join(traceback.format_exception(error))
    assert "hunter2" not in told


def test_secrets_are_not_in_the_repr() -> None:
    settings = Settings(
        secret_key="hunter2-a",
        tmdb_api_key="hunter2-b",
        tmdb_sync_api_key="hunter2-c",
        tmdb_proxy="http://u:hunter2@p",
    )
    assert "hunter2" not in f"{settings!r} {settings}"
    assert settings.tmdb_api_key is not None
    assert settings.tmdb_api_key.get_secret_value() == "hunter2-b"


def test_postgresql_is_for_later() -> None:
    error = refusal(database_url="postgresql://h/db")
    assert (error.code, error.params) == ("not_yet", {"what": "PostgreSQL"})


def test_a_database_lies_in_the_state_folder(tmp_path: Path) -> None:
    settings = Settings(state=str(tmp_path), database_url=f"sqlite:///{tmp_path}/mine.db")
    assert settings.database_file == tmp_path / "mine.db"
    assert refusal(state=str(tmp_path), database_url="sqlite:////elsewhere/a.db").code == "bad_setting"
    assert refusal(state=str(tmp_path), database_url="sqlite:///:memory:").code == "bad_setting"


def test_settings_are_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_absolute_url_keeps_a_path() -> None:
    assert absolute_url("https://api.example/3/") == "https://api.example/3"
