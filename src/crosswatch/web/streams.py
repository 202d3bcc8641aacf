"""Server-sent events of runs, for programs (JSON) and for pages (fragments)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from starlette.responses import StreamingResponse

from crosswatch.services.following import follow
from crosswatch.services.running import RunReport
from crosswatch.web.parts import Parts

T = TypeVar("T")
COMMENT_SECONDS = 15.0
"""After so long without news a comment is sent, so that nobody between takes the connection for dead."""

RETRY_MS = 3000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event_stream(
    parts: Parts, run_id: int, after_version: int, data: Callable[[RunReport], str]
) -> StreamingResponse:
    """Events ``phase``, ``progress`` and ``result`` with ``data`` of each new state, until the run has ended.

    For programs. Ends within a second when the server closes. Look the run up before, for a stream cannot answer 404.
    """
    return StreamingResponse(
        _events(parts, run_id, after_version, data), headers=_HEADERS, media_type="text/event-stream"
    )


def fragment_stream(parts: Parts, fragments: AsyncIterator[str]) -> StreamingResponse:
    """Each fragment as a message that htmx swaps in, then ``done``; without that where the server closes."""
    return StreamingResponse(_messages(parts, fragments), headers=_HEADERS, media_type="text/event-stream")


async def _messages(parts: Parts, fragments: AsyncIterator[str]) -> AsyncIterator[str]:
    retry = f"retry: {RETRY_MS}\n"
    async for fragment in _with_silences(fragments):
        if fragment is None:
            yield ": still here\n\n"
            continue
        yield retry + "".join(f"data: {line}\n" for line in fragment.splitlines()) + "\n"
        retry = ""
    if not parts.closing.is_set():
        yield "event: done\ndata:\n\n"


def last_version(last_event_id: str | None) -> int:
    """The version in a Last-Event-ID; -1 where there is none or it is not one of ours."""
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1


async def _events(
    parts: Parts, run_id: int, after_version: int, data: Callable[[RunReport], str]
) -> AsyncIterator[str]:
    reports = follow(parts.house, run_id, after_version=after_version, closing=parts.closing)
    before: RunReport | None = None
    async for report in _with_silences(reports):
        if report is None:
            yield ": still here\n\n"
            continue
        retry = f"retry: {RETRY_MS}\n" if before is None else ""
        lines = "".join(f"data: {line}\n" for line in data(report).splitlines())
        yield f"event: {_name(report, before)}\nid: {report.run.version}\n{retry}{lines}\n"
        before = report


def _name(report: RunReport, before: RunReport | None) -> str:
    if not report.running:
        return "result"
    if before is None or (report.run.phase, report.run.feature) != (before.run.phase, before.run.feature):
        return "phase"
    return "progress"


async def _with_silences(news: AsyncIterator[T]) -> AsyncIterator[T | None]:
    """The news, and None whenever there was none for COMMENT_SECONDS."""
    coming: asyncio.Task[T | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(news))
            done, _ = await asyncio.wait({coming}, timeout=COMMENT_SECONDS)
            if not done:
                yield None
                continue
            one, coming = coming.result(), None
            if one is None:
                return
            yield one
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _next(news: AsyncIterator[T]) -> T | None:
    return await anext(news, None)
