"""How commands talk: sentences for people, JSON for machines, exit codes for scripts."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

import typer

from crosswatch import words
from crosswatch.errors import CrossWatchError

SUCCEEDED, FAILED, USED_WRONGLY, PARTIAL, NOT_CONNECTED, BUSY = 0, 1, 2, 3, 4, 5

_json = {"on": False}


def use_json(value: bool) -> None:
    """From now on this process answers in JSON."""
    _json["on"] = value


def wants_json() -> bool:
    """Whether the user asked for JSON."""
    return _json["on"]


def say_error(error: CrossWatchError) -> None:
    """Tells what is wrong and what to do, on standard error; as JSON on standard output where that was asked for."""
    said = words.say(error.code, error.params)
    if wants_json():
        show_json({"ok": False, "code": error.code, "error": said.whole})
    else:
        typer.echo(f"{said.sentence}\n{said.next_step}".strip(), err=True)


def show_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def local_time(milliseconds: int) -> str:
    """A time as people on this machine read it."""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


JSON_OPTION = typer.Option("--json", help="Answer in JSON.", callback=use_json)
