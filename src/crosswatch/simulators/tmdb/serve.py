"""Serving a simulator on a free port of this machine, from a thread or as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from crosswatch.simulators.tmdb.edge import RESET_EXTENSION
from crosswatch.simulators.tmdb.simulator import Simulator

_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class ServedSimulator:
    """Where a simulator listens, in the shape of the product's three TMDb settings."""

    sim: Simulator
    port: int

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.web_url}/3"

    @property
    def image_url(self) -> str:
        return f"{self.web_url}/t/p"


def _reset(transport: asyncio.Transport) -> None:
    """Closes so that the other side sees "connection reset" rather than an orderly end."""
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def _protocol_of(sim: Simulator) -> type[H11Protocol]:
    class Protocol(H11Protocol):
        """Counts connections, resets those beyond the knob, and lets the app reset its own."""

        counted = ""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            stream = cast("asyncio.Transport", transport)
            super().connection_made(stream)
            address = self.client[0] if self.client else ""
            if not sim.traffic.connected(address, sim.knobs.max_connections):
                _reset(stream)
                return
            self.counted = address
            inner = self.app

            async def app(scope: Any, receive: Any, send: Any) -> None:
                scope["extensions"] = {RESET_EXTENSION: {"reset": lambda: _reset(stream)}}
                with contextlib.suppress(asyncio.CancelledError):  # the server stops
                    await inner(scope, receive, send)

            self.app = app

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.counted:
                sim.traffic.disconnected(self.counted)
                self.counted = ""

    return Protocol


class SimulatorServer(uvicorn.Server):
    """A uvicorn server that stops at once: connections are cut and waiting calls given up."""

    def __init__(self, sim: Simulator) -> None:
        config = uvicorn.Config(
            sim.app, http=_protocol_of(sim), ws="none", lifespan="off", log_config=None, access_log=False
        )
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    async def main_loop(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        self.ready.set()
        while not self.should_exit:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 0.5)
            await self.on_tick(0)

    def stop(self) -> None:
        """Ends the server, from whichever thread."""
        self.should_exit = True
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # one turn of the loop, in which the protocols learn that they are cut
        waiting = list(self.server_state.tasks)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for listening in sockets or []:
            listening.close()


def bind(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one. OSError where the port is taken."""
    # The protocol is named since asyncio switches off Nagle's delay (40 ms a call) only where it sees TCP.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(256)  # from here on calls wait for the server instead of being refused
    except OSError:
        listening.close()
        raise
    return listening


@contextlib.contextmanager
def run_simulator(sim: Simulator | None = None, *, port: int = 0) -> Iterator[ServedSimulator]:
    """Serves a simulator (None: a new one) from a thread of its own while the block runs."""
    sim = sim or Simulator()
    listening = bind(port)
    server = SimulatorServer(sim)
    served = ServedSimulator(sim, listening.getsockname()[1])
    thread = threading.Thread(target=server.run, args=([listening],), name="simulated-tmdb", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(10):
            raise RuntimeError("the simulated TMDb did not start")
        yield served
    finally:
        server.stop()
        thread.join(10)
        listening.close()
