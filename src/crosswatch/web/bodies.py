"""Request bodies: read whole within a limit, JSON no deeper than it needs to be, then handed on as they came."""

import re

from starlette.types import Message, Receive

LIMIT = 1024 * 1024
DEPTH = 32

# A string that never ends counts up to the end of the body, so that every byte is looked at once.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+|[\[{\]}]', re.DOTALL)


class TooLarge(Exception):
    """The body is larger than the limit; the rest of it was not read."""


class Gone(Exception):
    """The caller went away in the middle of the body."""


async def read_body(receive: Receive, declared: str | None) -> bytes:
    """The whole body, at most LIMIT bytes. ``declared`` is the Content-Length. Raises TooLarge or Gone."""
    if declared is not None and declared.isascii() and declared.isdigit() and int(declared) > LIMIT:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LIMIT:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def handed_on(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body once, and afterwards whatever the server says (that the caller went away)."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def too_deep(body: bytes) -> bool:
    """Whether a JSON text nests objects and lists deeper than DEPTH; says nothing about whether it is JSON."""
    if body.count(b"[") + body.count(b"{") <= DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(body):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
            if depth > DEPTH:
                return True
        elif first in b"]}":
            depth -= 1
    return False
