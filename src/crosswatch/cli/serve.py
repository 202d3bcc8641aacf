"""crosswatch serve: one server per folder, on an address that is free, closed within three seconds."""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import typer
import uvicorn

from crosswatch.app import application, open_house
from crosswatch.config.logs import setup_logging
from crosswatch.errors import HouseError
from crosswatch.services.house import House
from crosswatch.settings import Settings

log = logging.getLogger(__name__)


def serve_house() -> None:
    """Serves the installation that the environment names, until it is told to stop."""
    settings = Settings()
    setup_logging(settings.log_level, settings.log_format)
    asyncio.run(serve(settings, on_ready=_welcome))


def _welcome(url: str) -> None:
    typer.echo(f"CrossWatch is ready: {url}")


async def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. Raises HouseError ``already_serving``, ``port_in_use`` and what opening raises."""
    house = open_house(settings, role="the server")
    try:
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(contextlib.closing(_bind(settings.host, settings.port)))
            url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}{settings.base_path}/"
            stack.enter_context(_only_server(settings.state, url))
            for key in house.config.seal_plain():
                log.info("%s was in clear in config.json and is sealed now", key)
            await _serve(house, listener, lambda: on_ready(url))
    finally:
        await house.close()


async def _serve(house: House, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            application(house),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
    )
    ready = asyncio.create_task(_when_started(server, on_ready))
    try:
        await server.serve(sockets=[listener])
    finally:
        ready.cancel()


async def _when_started(server: uvicorn.Server, on_ready: Callable[[], None]) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    on_ready()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno in (98, 48):
            raise HouseError("port_in_use", host=host, port=port) from None
        raise HouseError(
            "bad_setting", name="CROSSWATCH_HOST", value=host, reason=error.strerror or ""
        ) from None
    return listener


@contextlib.contextmanager
def _only_server(state: Path, url: str) -> Iterator[None]:
    """Holds ``server.lock`` while serving. Raises HouseError ``already_serving`` where another process does."""
    path = state / "server.lock"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _already(lock) from None
        os.truncate(lock, 0)
        os.write(lock, json.dumps({"pid": os.getpid(), "url": url}).encode())
        yield
        os.truncate(lock, 0)
    finally:
        os.close(lock)


def _already(lock: int) -> HouseError:
    try:
        told = json.loads(os.pread(lock, 4096, 0))
        return HouseError("already_serving", pid=int(told["pid"]), url=str(told["url"]))
    except (ValueError, KeyError, TypeError):
        return HouseError("already_serving", pid="?", url="?")
