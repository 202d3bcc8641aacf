"""The API at the wire: delays, limits, faults, the log, and from bytes to a handler and back."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.calls import ROUTER
from crosswatch.simulators.tmdb.faults import NEED_NO_ANSWER, FaultBook, rate_limited, spoiled
from crosswatch.simulators.tmdb.knobs import Fault
from crosswatch.simulators.tmdb.routing import Call, Handler, Refused, check_key
from crosswatch.simulators.tmdb.simulator import Simulator
from crosswatch.simulators.tmdb.traffic import Entry

RESET_EXTENSION = "crosswatch.reset"
"""Where the server leaves, in the ASGI scope, the function that breaks the connection."""

_LOGGED_BODY = 2_000


class Edge:
    """The ASGI app of everything under /3 (and /4, which it does not know)."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._faults = FaultBook()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        traffic = self._sim.traffic
        call = _call(scope, await _body(receive))
        traffic.at_once += 1
        traffic.most_at_once = max(traffic.most_at_once, traffic.at_once)
        status = 0
        try:
            answer = await self._answer(call, scope)
            status = answer.status if answer else 0
        finally:
            traffic.at_once -= 1
            self._log(call, status)
        if answer is None:
            await _reset(scope, receive)
            return
        await _send(answer, send)

    async def _answer(self, call: Call, scope: Scope) -> Answer | None:
        """The answer to send, or None where the connection is to be reset."""
        sim, knobs = self._sim, self._sim.knobs
        pattern, handler = ROUTER.find(call)
        sim.traffic.counters[f"{call.method} {pattern or '?'}"] += 1
        over = 0
        if knobs.rate_limit is not None:
            address, harsh = (scope.get("client") or ("",))[0], knobs.rate_limit_counts_refused
            over = sim.traffic.over_limit(address, knobs.rate_limit, count_refused=harsh)
        wait = knobs.delay + (sim.random.random() * knobs.random_delay if knobs.random_delay else 0.0)
        if wait:
            await sim.sleep(wait)
        if over:
            return rate_limited(knobs, over)
        if knobs.maintenance:
            return answers.code(46)
        fault = self._faults.next(knobs.faults, call, scope["query_string"].decode("latin-1"))
        if fault is None:
            return self._handled(call, pattern, handler)
        return await self._with_fault(fault, call, pattern, handler)

    async def _with_fault(
        self, fault: Fault, call: Call, pattern: str, handler: Handler | None
    ) -> Answer | None:
        if fault.when == "before":
            if fault.kind == "reset":
                return None
            if fault.kind == "hang":
                await self._sim.sleep(fault.seconds)
                return self._handled(call, pattern, handler)
            if fault.kind in NEED_NO_ANSWER:
                return spoiled(self._sim, fault, call, answers.data({}))
        answer = self._handled(call, pattern, handler)
        if fault.kind == "reset":
            return None
        if fault.kind == "hang":
            await self._sim.sleep(fault.seconds)
            return answer
        return spoiled(self._sim, fault, call, answer)

    def _handled(self, call: Call, pattern: str, handler: Handler | None) -> Answer:
        if not pattern:
            return answers.code(34)
        if handler is None:
            return answers.code(42)
        try:
            call.app = check_key(self._sim, call)
            return handler(self._sim, call)
        except Refused as refused:
            return refused.answer

    def _log(self, call: Call, status: int) -> None:
        body = call.body[:_LOGGED_BODY].decode("utf-8", "replace")
        names = tuple(call.query)
        entry = Entry(
            call.method, call.path, names, call.query.get("page", ""), body, status, self._sim.clock()
        )
        self._sim.traffic.log.append(entry)


def _call(scope: Scope, body: bytes) -> Call:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    path = scope["path"]
    web_url = f"{scope.get('scheme', 'http')}://{headers.get('host', 'simulator')}"
    inner = path[2:] if path.startswith("/3/") else path
    return Call(scope["method"], inner, query, headers, body, web_url=web_url)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += cast("bytes", message.get("body", b""))
        if not message.get("more_body", False):
            return body


async def _send(answer: Answer, send: Send) -> None:
    headers = {"content-type": answer.content_type, "vary": "accept-encoding, Origin", **answer.headers}
    if answer.status != 304:
        headers["content-length"] = str(len(answer.body))
    start: dict[str, Any] = {"type": "http.response.start", "status": answer.status}
    start["headers"] = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


async def _reset(scope: Scope, receive: Receive) -> None:
    """Breaks the connection; where no socket is at hand (in-process calls), raises what a socket would."""
    extension = scope.get("extensions", {}).get(RESET_EXTENSION)
    if extension is None:
        raise ConnectionResetError("the simulated connection was reset")
    extension["reset"]()
    while (await receive())["type"] != "http.disconnect":
        pass
