"""TMDb's 47 status codes, what each asks of us, and answers turned into data or errors."""

from enum import StrEnum
from typing import Any

from crosswatch.errors import (
    ItemError,
    KeyRejected,
    NotApproved,
    RateLimited,
    Reaction,
    ServiceError,
    ServiceFailed,
    SessionEnded,
)
from crosswatch.net.client import Answer, Json
from crosswatch.net.redaction import redact

ERROR = "tmdb_error"
"""The code of ServiceFailed for whatever has no better one; also what net/ makes of the service's name."""

SERVICE = "tmdb"
_LONGEST = 300
_READ = 10_000
"""Characters of a message that are looked at: enough that no secret is cut in two before it is hidden."""

_ID_INVALID = 44
"""A refusal although its HTTP status is 500: TMDb does not take the id (official docs)."""


class Means(StrEnum):
    """What one of TMDb's status codes asks of us."""

    DONE = "done"
    KEY_INVALID = "key_invalid"
    KEY_SUSPENDED = "key_suspended"
    RECONNECT = "reconnect"
    NOT_APPROVED = "not_approved"
    GONE = "gone"
    ITEM = "item"
    OUR_MISTAKE = "our_mistake"
    LATER = "later"
    WAIT = "wait"


class Asked(StrEnum):
    """What a call was about; it decides how a code that has two meanings is read."""

    ACCOUNT = "account"
    APPROVAL = "approval"
    TITLE = "title"


CODES: dict[int, Means] = {
    1: Means.DONE,
    2: Means.OUR_MISTAKE,
    3: Means.RECONNECT,
    4: Means.OUR_MISTAKE,
    5: Means.ITEM,
    6: Means.ITEM,
    7: Means.KEY_INVALID,
    8: Means.DONE,
    9: Means.LATER,
    10: Means.KEY_SUSPENDED,
    11: Means.LATER,
    12: Means.DONE,
    13: Means.DONE,
    14: Means.RECONNECT,
    15: Means.LATER,
    16: Means.RECONNECT,
    17: Means.NOT_APPROVED,
    18: Means.ITEM,
    19: Means.OUR_MISTAKE,
    20: Means.OUR_MISTAKE,
    21: Means.DONE,
    22: Means.OUR_MISTAKE,
    23: Means.OUR_MISTAKE,
    24: Means.LATER,
    25: Means.WAIT,
    26: Means.OUR_MISTAKE,
    27: Means.OUR_MISTAKE,
    28: Means.OUR_MISTAKE,
    29: Means.OUR_MISTAKE,
    30: Means.RECONNECT,
    31: Means.RECONNECT,
    32: Means.RECONNECT,
    33: Means.NOT_APPROVED,
    34: Means.GONE,
    35: Means.KEY_INVALID,
    36: Means.RECONNECT,
    37: Means.RECONNECT,
    38: Means.RECONNECT,
    39: Means.RECONNECT,
    40: Means.DONE,
    41: Means.NOT_APPROVED,
    42: Means.OUR_MISTAKE,
    43: Means.LATER,
    44: Means.ITEM,
    45: Means.KEY_SUSPENDED,
    46: Means.LATER,
    47: Means.ITEM,
}
"""Every code of the official table (official docs); the HTTP status is kept beside it, since 401 covers 14 of them."""


_DONE_ANYWAY = frozenset({8, 21, 40})
"""Refusals after which things are as they were wanted: there already, not there, nothing to change."""


def says_wait(_status: int, data: Json) -> bool:
    """Whether the body says "too many requests", whatever the HTTP status (code 25)."""
    return number_of(data) == 25


def data_of(answer: Answer, asked: Asked, *, writes: bool = False) -> dict[str, Any]:
    """The object that TMDb answered, where it says that all is well; else raises what the answer means.

    KeyRejected ``invalid_api_key`` or ``suspended_api_key``; SessionEnded; NotApproved ``pending_approval``;
    for calls about a title ItemError ``title_gone`` (404 with code 34 only) or ``title_refused``; RateLimited;
    ServiceFailed ``tmdb_error`` for the rest, ``maybe_done`` where the call ``writes`` and it may have worked: a
    write is surely refused with a status from 400 to 499 only, and by no number that says "done".
    """
    data = answer.data
    if isinstance(data, list):
        raise _failed(answer, 0, "a list in place of an object", maybe_done=writes)
    number = number_of(data)
    means = CODES.get(number)
    if number in _DONE_ANYWAY and answer.status < 500:
        return data
    well = answer.status < 400 and data.get("success") is not False and "errors" not in data
    if well and (number == 0 or means is Means.DONE):
        return data
    raise _error(answer, data, number, means, asked, writes=writes)


def _error(
    answer: Answer, data: dict[str, Any], number: int, means: Means | None, asked: Asked, *, writes: bool
) -> ServiceError:
    if means is Means.WAIT:
        return RateLimited(SERVICE, None)
    refused = number == _ID_INVALID or (400 <= answer.status < 500 and means is not Means.DONE)
    doubtful = writes and not refused
    if not doubtful and (refusal := _refusal(answer, data, number, means, asked)) is not None:
        return refusal
    failed = _failed(answer, number, words_of(data), maybe_done=doubtful)
    if means is Means.OUR_MISTAKE:
        failed.reaction = Reaction.TELL_US
    return failed


def _refusal(
    answer: Answer, data: dict[str, Any], number: int, means: Means | None, asked: Asked
) -> ServiceError | None:
    """What TMDb refuses with this number, None where the number does not say it."""
    said: dict[str, str | int] = {"status": answer.status, "number": number, "message": words_of(data)}
    if means is Means.KEY_INVALID:
        return KeyRejected("invalid_api_key", **said)
    if means is Means.KEY_SUSPENDED:
        return KeyRejected("suspended_api_key", **said)
    if means is Means.NOT_APPROVED and asked is Asked.APPROVAL:
        return NotApproved("pending_approval", **said)
    if means in {Means.RECONNECT, Means.NOT_APPROVED}:
        return SessionEnded(SERVICE)
    if asked is Asked.TITLE and means is Means.GONE and answer.status == 404:
        return ItemError("title_gone", **said)
    if asked is Asked.TITLE and means in {Means.ITEM, Means.GONE}:
        return ItemError("title_refused", **said)
    return None


def _failed(answer: Answer, number: int, message: str, *, maybe_done: bool) -> ServiceFailed:
    return ServiceFailed(ERROR, status=answer.status, number=number, message=message, maybe_done=maybe_done)


def number_of(data: Json) -> int:
    """TMDb's own number for what it says, 0 where there is none."""
    number = data.get("status_code") if isinstance(data, dict) else None
    return number if type(number) is int else 0


def words_of(data: dict[str, Any]) -> str:
    """TMDb's own words without any secret: the message, and the list that a refused body may bring (seen live by
    others)."""
    message, errors = data.get("status_message"), data.get("errors")
    texts = [message] if isinstance(message, str) else []
    texts += [text for text in errors if isinstance(text, str)] if isinstance(errors, list) else []
    return redact(printable(" ".join(texts)[:_READ]))[:_LONGEST]


def printable(text: str) -> str:
    """The text without control characters and halves of characters, which no page, file or terminal can show."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else " " for one in text if one.isprintable() or one.isspace()
    ).strip()
