"""How commands talk: sentences for people, JSON for machines, exit codes for scripts."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import typer

from crosswatch import words
from crosswatch.errors import CrossWatchError, KeyRejected, Refused, SessionEnded

SUCCEEDED, FAILED, USED_WRONGLY, PARTIAL, NOT_CONNECTED, BUSY = 0, 1, 2, 3, 4, 5
LARGEST_NUMBER = 2**63 - 1
"""No run has a larger number: the database has none."""

_NOT_CONNECTED = ("not_connected", "no_pending_request", "account_changed", "missing_api_key")
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
    "pair_cycle",
    "read_only_side",
    "cannot_remove",
    "sides_fixed",
    "mode_fixed",
)

_json = {"on": False}


def use_json(value: bool) -> None:
    """From now on this process answers in JSON."""
    _json["on"] = value


def wants_json() -> bool:
    """Whether the user asked for JSON."""
    return _json["on"]


def exit_code(error: CrossWatchError) -> int:
    """The exit code of a command that ends with this error."""
    if error.code in _NOT_CONNECTED or isinstance(error, SessionEnded):
        return NOT_CONNECTED
    if error.code in _BUSY:
        return BUSY
    return USED_WRONGLY if isinstance(error, Refused) and error.code in _USED_WRONGLY else FAILED


def plain(text: str) -> str:
    """Text of other people (titles, names) without what would steer a terminal; every blank is a plain one."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "" for letter in text)


def told(code: str, params: Mapping[str, object]) -> words.Said:
    """The words for a code at the command line."""
    said = words.say(code, params, surface=words.Surface.COMMAND)
    return words.Said(plain(said.title), plain(said.sentence), plain(said.next_step))


@contextmanager
def about(account: str) -> Iterator[None]:
    """Errors that name no account name this one, so that their next step can be typed as it is told."""
    try:
        yield
    except CrossWatchError as error:
        error.params.setdefault("account", account)
        raise


def say_error(error: CrossWatchError) -> None:
    """Tells what is wrong and what to do, on standard error; as JSON on standard output where that was asked for."""
    said = told(error.code, error.params)
    if wants_json():
        show_json({"ok": False, "code": error.code, "error": said.whole})
    else:
        typer.echo(f"{said.sentence}\n{said.next_step}".strip(), err=True)


def show_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """One JSON document on standard output."""
    typer.echo(json_text(value))


def json_text(value: object) -> str:
    """JSON as people read it; what would steer a terminal is written as its number."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(
        letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text
    )


def local_time(milliseconds: int) -> str:
    """A time as people on this machine read it, with its zone."""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def on_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def line_given() -> str:
    """The first line of standard input, without its end; empty where there is none."""
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


def key_is_refused(error: CrossWatchError | None) -> bool:
    """Whether TMDb takes the key no longer: then nothing that needs it is connected."""
    return isinstance(error, KeyRejected)


JSON_OPTION = typer.Option("--json", help="Answer in JSON.", callback=use_json)
