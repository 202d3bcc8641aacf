"""crosswatch config get, set, unset, path."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from crosswatch.cli.opening import with_house
from crosswatch.cli.output import JSON_OPTION, json_text, line_given, plain, show_json, wants_json
from crosswatch.config.config import Config
from crosswatch.errors import Refused
from crosswatch.services.house import House

_MOST_DIGITS = 9

app = typer.Typer(
    help="Reads and changes config.json; secrets are never shown.", no_args_is_help=True, add_completion=False
)


@app.command()
def path(json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Says where config.json is."""
    where = str(with_house(_config).path)
    if wants_json():
        show_json({"path": where})
    else:
        typer.echo(where)


async def _config(house: House) -> Config:
    return house.config


@app.command("get")
def get_value(
    key: Annotated[
        str | None, typer.Argument(help="Such as tmdb.language; everything where it is left out.")
    ] = None,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Shows a setting, or all; of a secret only whether it is set."""
    value: object = with_house(_config).masked()
    for part in key.split(".") if key else ():
        if not isinstance(value, dict) or part not in value:
            raise Refused("not_found", what=f"setting called {key}")
        value = value[part]
    if wants_json():
        show_json({"key": key or "", "value": value})
    elif isinstance(value, dict):
        typer.echo(json_text(value))
    else:
        typer.echo(plain(str(value)))


@app.command("set")
def set_value(
    key: Annotated[str, typer.Argument(help="Such as tmdb.language.")],
    value: Annotated[
        str, typer.Argument(help="The value; “-” reads it from standard input, as secrets must be.")
    ],
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Changes a setting."""
    secret = key.endswith((".api_key", ".session_id")) or key == "tmdb.proxy"
    if secret and value != "-":
        raise Refused("invalid_request", reason=f"{key} is a secret: give “-” and write it to standard input")
    given = line_given().strip() if value == "-" else value
    with_house(_config_save({key: given if secret else _typed(given)}))
    if wants_json():
        show_json({"ok": True})


def _typed(given: str) -> int | str:
    """A number where it is written like one; no setting needs more than nine digits."""
    is_number = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    return int(given) if is_number else given


@app.command()
def unset(key: str, json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Removes a setting; its default counts from then on."""
    with_house(_config_save({key: None}))
    if wants_json():
        show_json({"ok": True})


def _config_save(changes: dict[str, object | None]) -> Callable[[House], Awaitable[None]]:
    async def work(house: House) -> None:
        house.config.save(changes)

    return work
