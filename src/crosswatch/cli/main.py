"""The commands, and the one place where an error becomes a last line and an exit code."""

import logging
import secrets
import sys

import typer

from crosswatch import __version__, words
from crosswatch.cli import configuring, connecting, pairing, syncing
from crosswatch.cli.output import BUSY, FAILED, NOT_CONNECTED, USED_WRONGLY, say_error
from crosswatch.errors import CrossWatchError, Refused, SessionEnded

app = typer.Typer(
    name="crosswatch",
    help="Keeps what you watch, want to watch and think of it the same in every service that you use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("connect")(connecting.connect)
app.command("verify")(connecting.verify)
app.command("disconnect")(connecting.disconnect)
app.add_typer(pairing.app, name="pairs")
app.command("sync")(syncing.sync)
app.command("runs")(syncing.runs)
app.command("cancel")(syncing.cancel)
app.command("status")(syncing.status)
app.add_typer(configuring.app, name="config")


@app.command()
def serve() -> None:
    """Serves the pages and the API (see CROSSWATCH_HOST and CROSSWATCH_PORT)."""
    from crosswatch.cli.serve import serve_house

    serve_house()


@app.command()
def demo(
    port: int = typer.Option(8787, help="Where the demo listens on this machine; 0 takes a free port."),
    titles: int = typer.Option(400, min=0, max=10_000, help="How many titles the example account holds."),
) -> None:
    """Serves CrossWatch on a simulated TMDb in a throw-away folder, to click through without an account."""
    from crosswatch.cli.demo import serve_demo

    serve_demo(port=port, titles=titles)


@app.command()
def version() -> None:
    """Prints the version."""
    typer.echo(f"CrossWatch {__version__}")


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
    if error.code in ("not_connected", "no_pending_request", "account_changed") or isinstance(
        error, SessionEnded
    ):
        return NOT_CONNECTED
    if error.code in ("already_running", "busy", "already_serving"):
        return BUSY
    used_wrongly = (
        "invalid_request",
        "unknown_provider",
        "not_found",
        "unknown_instance",
        "not_a_v3_key",
        "not_yet",
    )
    if isinstance(error, Refused) and error.code in used_wrongly:
        return USED_WRONGLY
    return FAILED
