"""crosswatch user set-password."""

from typing import Annotated

import typer

from crosswatch.cli.opening import with_house
from crosswatch.cli.output import JSON_OPTION, line_given, show_json, wants_json
from crosswatch.services.house import House
from crosswatch.services.people import People

app = typer.Typer(help="Who may sign in to the pages.", no_args_is_help=True, add_completion=False)


@app.callback()
def user() -> None:
    """Who may sign in to the pages."""


@app.command("set-password")
def set_password(
    source: Annotated[
        str, typer.Argument(help="“-” reads the password from standard input.", show_default=False)
    ] = "",
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Sets or changes the password, and signs everybody out. It is asked for; it is never an argument."""
    if source not in {"", "-"}:
        raise typer.BadParameter("a password is never an argument: leave it out, or give “-”")
    if source == "-":
        password = again = line_given()
    else:
        password = typer.prompt("New password", hide_input=True)
        again = typer.prompt("Once more", hide_input=True)

    async def work(house: House) -> None:
        await People(house).set_password(password, again)

    with_house(work)
    if wants_json():
        show_json({"ok": True})
    else:
        typer.echo("The password is set. Everybody is signed out.")
