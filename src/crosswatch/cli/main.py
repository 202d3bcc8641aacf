"""The commands, and the one place where an error becomes a last line and an exit code."""

import logging
import os
import secrets
import sys
import traceback
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from crosswatch import words
from crosswatch.cli.output import FAILED, exit_code, say_error, told
from crosswatch.errors import CrossWatchError

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
    "plan": "planning",
    "apply": "planning",
    "runs": "syncing",
    "cancel": "syncing",
    "attention": "attending",
    "user": "users",
    "version": "serving",
}
_GROUPS = ("pairs", "config", "user", "attention")
_PRINTERS = ("typer", "rich")
_STOPPED_BY_KEY = 130
"""What typer makes of Ctrl+C; ours is 1, as of everything that was stopped."""


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
        group.name = cmd_name
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
        sys.exit(_told(error))
    except SystemExit as end:
        if end.code == _STOPPED_BY_KEY:
            sys.exit(_stopped())
        raise
    except KeyboardInterrupt:
        sys.exit(_stopped())
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; there is nobody left to tell
        sys.exit(FAILED)
    except Exception as fault:
        if isinstance(fault, OSError) and _while_printing(fault):
            sys.exit(_output_lost(fault))
        reference = secrets.token_hex(4)
        logging.getLogger(__name__).error("fault %s", reference, exc_info=fault)
        said = told("internal", {"kind": type(fault).__name__, "reference": reference})
        typer.echo(said.whole, err=True)
        sys.exit(FAILED)


def _told(error: CrossWatchError) -> int:
    """Tells an error and returns its exit code, also where there is nowhere to tell it."""
    try:
        say_error(error)
    except OSError as lost:
        return _output_lost(lost)
    return exit_code(error)


def _stopped() -> int:
    typer.echo("Stopped.", err=True)
    return FAILED


def _while_printing(error: OSError) -> bool:
    """Whether it came up in what prints for us: only that writes to standard output and error."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals["__name__"].partition(".")[0] in _PRINTERS


def _output_lost(error: OSError) -> int:
    """Says so as far as that is possible; what still waits to be written goes nowhere, for it would fail again."""
    said = words.output_lost(error.strerror or type(error).__name__)
    for stream, last in ((sys.stdout, ""), (sys.stderr, said + "\n")):
        try:
            if stream is not None:
                stream.write(last)
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    return FAILED
