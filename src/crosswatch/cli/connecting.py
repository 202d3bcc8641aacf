"""crosswatch connect, verify, disconnect."""

import asyncio
import os
from typing import Annotated

import typer

from crosswatch.cli.opening import with_house
from crosswatch.cli.output import (
    JSON_OPTION,
    NOT_CONNECTED,
    about,
    key_is_refused,
    line_given,
    on_terminal,
    plain,
    show_json,
    told,
    wants_json,
)
from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.services.connect import ConnectTmdb, Disconnected, Verified
from crosswatch.services.house import House
from crosswatch.services.metadata import MetadataKey

POLL_SECONDS = 2.0
_METADATA = "tmdb-metadata"

app = typer.Typer(add_completion=False)

AccountArgument = Annotated[
    str, typer.Argument(help="tmdb, tmdb/second, or tmdb-metadata", metavar="ACCOUNT")
]


@app.command()
def connect(
    account: AccountArgument,
    key: Annotated[
        str, typer.Option("--key", help="“-” reads the API key from standard input.", metavar="-")
    ] = "",
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Connects an account: prints the approval link, waits, and says who is connected.

    The API key is asked for, or comes from standard input (--key -) or CROSSWATCH_TMDB_SYNC_API_KEY; never from an
    argument, which every user of the machine could read.
    """
    if key not in ("", "-"):
        raise Refused(
            "invalid_request", reason="a key is not taken from an argument: use “--key -” or the prompt"
        )
    given = line_given().strip() if key == "-" else ""
    if account == _METADATA:
        with about(account):
            with_house(lambda house: _connect_metadata(house, given))
        return
    name = _tmdb(account)
    with about(account):
        state = with_house(lambda house: _connect(house, name.instance, given))
    _show(state)


async def _connect(house: House, instance: str, given: str) -> Verified:
    service = ConnectTmdb(house)
    verify = f"crosswatch verify {AccountName('tmdb', instance)}"
    public = house.settings.public_url or ""
    back = f"{public}{house.settings.base_path}" if public else ""
    started = await service.start(instance, given or await _asked_key(house, instance), public_url=back)
    if not wants_json():
        typer.echo("Open this page, and approve:\n")
        typer.echo(f"  {started.auth_url}\n")
        typer.echo(f"Waiting for your approval (Ctrl+C stops waiting; “{verify}” goes on with it) ...")
    else:
        typer.echo(started.auth_url, err=True)
    while True:
        state = await service.verify(instance)
        if not state.pending:
            return state
        await asyncio.sleep(POLL_SECONDS)


async def _asked_key(house: House, instance: str) -> str | None:
    """The key from the prompt, unless one is stored; on a terminal only, hidden while it is typed."""
    config = house.config
    if config.tmdb_account(instance).api_key or config.tmdb_account().api_key:
        return None
    if not on_terminal():
        return None
    return await asyncio.to_thread(typer.prompt, "TMDb API key (v3)", hide_input=True)


async def _connect_metadata(house: House, given: str) -> None:
    key = given or os.environ.get("CROSSWATCH_TMDB_API_KEY", "")
    if not key and on_terminal():
        key = await asyncio.to_thread(typer.prompt, "TMDb API key (v3)", hide_input=True)
    await MetadataKey(house).save(key)
    _tell({"ok": True, "valid": True}, "TMDb accepts the key; it is stored for metadata.")


@app.command()
def verify(
    account: AccountArgument = "tmdb",
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Says how a connection is, and finishes one that was approved."""
    if account == _METADATA:
        error = with_house(lambda house: MetadataKey(house).verify())
        if error is not None:
            with about(account):
                raise error
        _tell({"ok": True, "valid": True}, "TMDb accepts the key for metadata.")
        return
    name = _tmdb(account)
    _show(with_house(lambda house: ConnectTmdb(house).verify(name.instance)))


@app.command()
def disconnect(
    account: AccountArgument = "tmdb",
    forget: Annotated[bool, typer.Option("--forget", help="Drop the key and the name too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Ends a connection, at the service too."""
    if account == _METADATA:
        with_house(_remove_metadata)
        return
    name = _tmdb(account)

    done = with_house(lambda house: _disconnect(house, name, forget=forget, yes=yes))
    _tell(
        {
            "ok": True,
            "revoked": done.revoked,
            "instance": done.instance,
            "was_connected": done.was_connected,
            "pairs": list(done.pairs),
        },
        _disconnected(name, done, forget=forget),
    )


async def _disconnect(house: House, name: AccountName, *, forget: bool, yes: bool) -> Disconnected:
    service = ConnectTmdb(house)
    pairs = await service.stopping_pairs(name.instance)
    connected = bool(house.config.tmdb_account(name.instance).session_id)
    if connected and pairs and not yes:
        question = f"{_named(pairs)} will stop until {name} is connected again"
        if not on_terminal():
            raise Refused(
                "invalid_request", reason=f"{question}; say --yes to disconnect without being asked"
            )
        await asyncio.to_thread(typer.confirm, f"{question}. Go on?", abort=True)
    return await service.disconnect(name.instance, forget=forget)


def _disconnected(name: AccountName, done: Disconnected, *, forget: bool) -> str:
    said = [f"{name} is disconnected." if done.was_connected else f"{name} was not connected."]
    if forget:
        said.append("Its key and its name are forgotten.")
    if done.was_connected and not done.revoked:
        said.append("TMDb could not be told; you can revoke it there under Settings, Sessions.")
    if done.was_connected and done.pairs:
        said.append(f"Until it is connected again, this stops: {_named(done.pairs)}.")
    return " ".join(said)


def _named(pairs: tuple[str, ...]) -> str:
    return ", ".join(f"“{plain(pair)}”" for pair in pairs)


async def _remove_metadata(house: House) -> None:
    MetadataKey(house).remove()
    _tell({"ok": True}, "The key for metadata is forgotten.")


def _tmdb(account: str) -> AccountName:
    name = AccountName.parse(account)
    if name.provider != "tmdb":
        raise Refused("unknown_provider", provider=name.provider, known="tmdb, tmdb-metadata")
    return name


def _tell(machine: dict[str, object], people: str) -> None:
    if wants_json():
        show_json(machine)
    else:
        typer.echo(people)


def _show(state: Verified) -> None:
    """The state of a connection in its last line; exit code 4 where it is not connected."""
    error, name = state.error, AccountName("tmdb", state.instance)
    said = told(error.code, {"account": str(name), **error.params}) if error is not None else None
    connected = state.connected and not key_is_refused(error)
    account = {"id": state.account.id, "username": state.account.username} if state.account else None
    if wants_json():
        show_json(
            {
                "ok": True,
                "connected": connected,
                "pending": state.pending,
                "checked": state.checked,
                "account": account,
                "code": error.code if error else "",
                "error": said.whole if said else "",
                "instance": state.instance,
            }
        )
    elif connected:
        who = f" as {plain(state.account.username) or state.account.id}" if state.account else ""
        typer.echo(f"{name} is connected{who}.")
    if said is not None and not wants_json():
        typer.echo(said.whole, err=True)
    if not connected:
        raise typer.Exit(NOT_CONNECTED)
