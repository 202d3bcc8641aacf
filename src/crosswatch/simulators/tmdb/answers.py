"""TMDb's answers: its status codes with the HTTP status and message of each, and a few bodies that stand apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

CODES: Final[dict[int, tuple[int, str]]] = {
    1: (200, "Success."),
    3: (401, "Authentication failed: You do not have permissions to access the service."),
    5: (422, "Invalid parameters: Your request parameters are incorrect."),
    7: (401, "Invalid API key: You must be granted a valid key."),
    8: (403, "Duplicate entry: The data you tried to submit already exists."),
    9: (503, "Service offline: This service is temporarily offline, try again later."),
    10: (401, "Suspended API key: Access to your account has been suspended, contact TMDB."),
    11: (500, "Internal error: Something went wrong, contact TMDB."),
    12: (201, "The item/record was updated successfully."),
    13: (200, "The item/record was deleted successfully."),
    17: (401, "Session denied."),
    18: (400, "Validation failed."),
    22: (400, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."),
    24: (504, "Your request to the backend server timed out. Try again."),
    25: (429, "Your request count (#) is over the allowed limit of (40)."),
    26: (400, "You must provide a username and password."),
    27: (400, "Too many append to response objects: The maximum number of remote calls is 20."),
    29: (400, "You must confirm this action: Please provide a confirm=true parameter."),
    30: (401, "Invalid username and/or password: You did not provide a valid login."),
    33: (401, "Invalid request token: The request token is either expired or invalid."),
    34: (404, "The resource you requested could not be found."),
    38: (401, "You don't have permission to edit this resource."),
    42: (405, "This request method is not supported for this resource."),
    43: (502, "Couldn't connect to the backend server."),
    46: (503, "The API is undergoing maintenance. Try again later."),
}

JSON_TYPE: Final = "application/json;charset=utf-8"


@dataclass(slots=True)
class Answer:
    """One answer before it goes out: status, body and headers beside content-length."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE


def data(value: object, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, dump(value))


def dump(value: object) -> bytes:
    """JSON as TMDb writes it: compact, and as UTF-8 rather than escapes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def code(number: int, *, status: int | None = None, message: str | None = None) -> Answer:
    """The answer of this status code; `status` and `message` where TMDb uses others than its table."""
    http, words = CODES[number]
    success = http < 300
    return data(
        {"success": success, "status_code": number, "status_message": message or words}, status or http
    )


def denied(number: int) -> Answer:
    """session/new for a token that is pending, bogus, used or expired (17 as recorded, with `failure`)."""
    if number != 17:
        return code(number)
    http, words = CODES[number]
    return data({"success": False, "failure": True, "status_code": number, "status_message": words}, http)


def public(value: object, headers: dict[str, str], seconds: int) -> Answer:
    """An answer that caches may keep: Cache-Control and a weak ETag, 304 where the caller holds it (recorded)."""
    body = dump(value)
    tag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    kept = {"cache-control": f"public, max-age={seconds}", "etag": tag}
    if headers.get("if-none-match") == tag:
        return Answer(304, b"", kept)
    return Answer(200, body, kept)
