"""The password comes from a prompt or from standard input, never from an argument."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from crosswatch.app import open_house
from crosswatch.cli import opening
from crosswatch.cli.users import app
from crosswatch.errors import Refused
from crosswatch.services import people as people_module
from crosswatch.services.people import People
from crosswatch.settings import Settings, variable

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.setattr(people_module, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))
    monkeypatch.setattr(opening, "setup_logging", lambda level, fmt: None)
    monkeypatch.setenv("CROSSWATCH_HOME", str(tmp_path))


def signs_in() -> bool:
    async def main() -> bool:
        house = open_house(Settings(), role="a test")
        try:
            return bool(await People(house).sign_in(PASSWORD, caller="::1"))
        except Refused:
            return False
        finally:
            await house.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("arguments", "typed"), [(["-"], f"{PASSWORD}\n"), ([], f"{PASSWORD}\n{PASSWORD}\n")]
)
def test_the_password_is_set(arguments: list[str], typed: str) -> None:
    assert not signs_in()
    done = CliRunner().invoke(app, ["set-password", *arguments], input=typed)
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert signs_in()


def test_an_argument_is_no_password() -> None:
    done = CliRunner().invoke(app, ["set-password", PASSWORD])
    assert done.exit_code == 2
    assert not signs_in()


def test_two_different_passwords_change_nothing() -> None:
    done = CliRunner().invoke(app, ["set-password"], input=f"{PASSWORD}\nanother password\n")
    assert isinstance(done.exception, Refused)
    assert done.exception.code == "passwords_differ"
    assert not signs_in()
