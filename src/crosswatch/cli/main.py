"""The commands, and the one place where an error becomes a last line and an exit code."""

import logging
import secrets
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from crosswatch import words
from crosswatch.cli.output import BUSY, FAILED, NOT_CONNECTED, USED_WRONGLY, say_error
from crosswatch.errors import CrossWatchError, Refused, SessionEnded

_COMMANDS = {
    "serve": "serving",
    "demo": "serving",
    "status": "syncing",
    "connect": "connecting",
    "verify": "connecting",
    "disconnect": "connecting",
    "config": "configuring",
    "pairs": "pairing",
    "sync": "syncing",
    "runs": "syncing",
    "cancel": "syncing",
    "user": "users",
    "version": "serving",
}
_GROUPS = ("pairs", "config", "user")
_NOT_CONNECTED = ("not_connected", "no_pending_request", "account_changed")
_BUSY = ("already_running", "busy", "already_serving")
_USED_WRONGLY = (
    "invalid_request",
    "unknown_provider",
    "not_found",
    "unknown_instance",
    "not_a_v3_key",
    "not_yet",
    "same_account",
    "pair_exists",
    "name_taken",
)


class _Lazy(TyperGroup):
    """The commands in the order in which one needs them; a module is imported when one of its commands is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, or None where there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"crosswatch.cli.{_COMMANDS[cmd_name]}")
        group = get_command(module.app)
        if isinstance(group, TyperGroup) and cmd_name not in _GROUPS:
            return group.get_command(ctx, cmd_name)
        return group


app = typer.Typer(
    name="crosswatch",
    cls=_Lazy,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def crosswatch() -> None:
    """Keeps what you watch, want to watch and think of it the same in every service that you use."""


def run() -> None:
    """The console script: every error ends in a sentence, and nothing in a traceback."""
    try:
        app()
    except CrossWatchError as error:
        say_error(error)
        sys.exit(_exit_code(error))
    except KeyboardInterrupt:
        sys.exit(FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; there is nobody left to tell
        sys.exit(FAILED)
    except Exception as fault:
        reference = secrets.token_hex(4)
        logging.getLogger(__name__).error("fault %s", reference, exc_info=fault)
        said = words.say("internal", {"kind": type(fault).__name__, "reference": reference})
        typer.echo(said.whole, err=True)
        sys.exit(FAILED)


def _exit_code(error: CrossWatchError) -> int:
    if error.code in _NOT_CONNECTED or isinstance(error, SessionEnded):
        return NOT_CONNECTED
    if error.code in _BUSY:
        return BUSY
    return USED_WRONGLY if isinstance(error, Refused) and error.code in _USED_WRONGLY else FAILED
