"""crosswatch serve: one server per folder, on an address that is free, closed within three seconds."""

import asyncio
import contextlib
import errno
import fcntl
import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import typer
import uvicorn

from crosswatch.app import application, open_house
from crosswatch.cli.output import told
from crosswatch.config.logs import setup_logging
from crosswatch.errors import HouseError
from crosswatch.sealing import key_is_apart
from crosswatch.services.house import House
from crosswatch.settings import Settings
from crosswatch.web.application import begin_to_close

log = logging.getLogger(__name__)

_STOPS = (signal.SIGINT, signal.SIGTERM)
_GRACE = 2
"""Seconds for what is under way when the server is told to stop; it is gone within three."""


def serve_house() -> None:
    """Serves the installation that the environment names, until it is told to stop."""
    settings = Settings()
    setup_logging(settings.log_level, settings.log_format)
    asyncio.run(serve(settings, on_ready=_welcome))


def _welcome(url: str) -> None:
    typer.echo(f"CrossWatch is ready: {url}")


async def serve(
    settings: Settings, *, on_ready: Callable[[str], None], port_from: str = "CROSSWATCH_PORT"
) -> None:
    """Serves until SIGTERM or SIGINT. Raises HouseError: ``already_serving``, ``port_in_use``, what opening raises.

    ``port_from``: how the user names another port.
    """
    house = open_house(settings, role="the server")
    try:
        with _only_server(settings.state) as tell, contextlib.closing(_bind(settings, port_from)) as listener:
            url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}{settings.base_path}/"
            tell(url)
            _seal(house)
            if not key_is_apart(settings):
                log.info(
                    "the key that opens the seals lies beside the data; CROSSWATCH_SECRET_KEY_FILE keeps it apart"
                )
            await _Server(house, lambda: on_ready(url)).serve(sockets=[listener])
    finally:
        await house.close()


class _Server(uvicorn.Server):
    """The server of the pages and the API; says when it is ready, and ends with exit code 0 when it is told to."""

    def __init__(self, house: House, on_ready: Callable[[], None]) -> None:
        self._house, self._application = house, application(house)
        super().__init__(
            uvicorn.Config(
                self._application,
                log_config=None,
                access_log=False,
                lifespan="on",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As the library does it, and then says so."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As the library does it, but streams and runs end meanwhile: it would wait for them, one after the other."""
        begin_to_close(self._application)
        runs = asyncio.create_task(self._house.runner.close(seconds=_GRACE))
        await super().shutdown(sockets)
        await runs

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the server; the library would raise them once more afterwards.

        Whoever sends another one while it ends does no harm: it has nothing to cut short but the last tidying up.
        """
        loop = asyncio.get_running_loop()
        for number in _STOPS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _STOPS:
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)


def _seal(house: House) -> None:
    """Seals what a user typed into the file. A broken file is told, and then by every page: the server starts."""
    try:
        for key in house.config.seal_plain():
            log.info("%s was in clear in config.json and is sealed now", key)
    except HouseError as error:
        log.error(told(error.code, error.params).whole)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bind(settings: Settings, port_from: str) -> socket.socket:
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named since asyncio switches off Nagle's delay (40 ms a call) only where it sees TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise HouseError("port_in_use", host=host, port=port, way=port_from) from None
        reason = error.strerror or "it is no address of this machine"
        raise HouseError("bad_setting", name="CROSSWATCH_HOST", value=host, reason=reason) from None
    return listener


@contextlib.contextmanager
def _only_server(state: Path) -> Iterator[Callable[[str], None]]:
    """Holds ``server.lock`` while serving, with the address that is told. Raises HouseError ``already_serving``."""
    lock = os.open(state / "server.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def tell(url: str) -> None:
        os.truncate(lock, 0)
        os.pwrite(lock, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(lock, 0)
        yield tell
    except BlockingIOError:
        raise _already(lock) from None
    finally:
        os.close(lock)


def _already(lock: int) -> HouseError:
    try:
        told = json.loads(os.pread(lock, 4096, 0))
        return HouseError("already_serving", pid=int(told["pid"]), url=str(told["url"]))
    except (ValueError, KeyError, TypeError):
        return HouseError("already_serving", pid="?", url="?")
