"""The outermost place of every request: a fault is logged with a reference, and the caller is told that reference."""

import logging
import secrets
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswatch.web.problems import STATUS

log = logging.getLogger(__name__)

Tell = Callable[[str, int, Mapping[str, object], Request], Response]
"""(code, status, params, request) -> the answer, a page or a problem document."""


class Faults:
    """ASGI middleware: whatever a route raises and nobody expected becomes one log entry and one answer."""

    def __init__(self, app: ASGIApp, *, tell: Tell) -> None:
        self._app, self._tell = app, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as fault:
            reference = secrets.token_hex(4)
            log.error("fault %s in %s %s", reference, scope["method"], scope["path"], exc_info=fault)
            if begun:  # half an answer must not look like a whole one
                raise ConnectionAbortedError(f"fault {reference}") from None
            params = {"kind": type(fault).__name__, "reference": reference}
            await self._tell("internal", STATUS["internal"], params, Request(scope))(scope, receive, send)
