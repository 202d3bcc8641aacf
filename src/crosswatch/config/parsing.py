"""From bytes to a document, or to the one line of it that is wrong. No error here ever shows what the text holds."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from crosswatch.config.document import Document

DEPTH = 32
Place = tuple[str | int, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class Broken(Exception):
    """A document that cannot be used: where (from 1 on; 0 where no single place is to blame), and why."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def parse(content: bytes) -> tuple[dict[str, Any], Document]:
    """The document as it stands, unknown keys included, and its checked form. Raises Broken."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(content[: error.start].decode("utf-8-sig", "replace"))
        raise Broken("this is not UTF-8 text", line, column) from None
    raw = _json(text)
    return raw, check(raw, text)


def check(raw: dict[str, Any], text: str = "") -> Document:
    """The checked form of a document. Raises Broken, with the place where its ``text`` is given."""
    broken: Broken
    try:
        return Document.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = tuple(part for part in first["loc"] if part != "[key]")
        reason = f"{'.'.join(map(str, place))}: {first['msg'].removeprefix('Value error, ')}"
        broken = Broken(reason, *_find(text, place))
    raise broken  # out here, so that no value hangs on as its context


def _json(text: str) -> dict[str, Any]:
    if not text.strip():
        raise Broken("the file is empty", 1, 1)
    try:
        raw = json.loads(text, parse_constant=_number, parse_float=_number)
    except json.JSONDecodeError as error:
        raise Broken(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise Broken("it is nested too deeply") from None
    except ValueError:
        raise Broken("it holds a number that JSON does not have") from None
    seen: set[Place] = set()
    for place, offset in _places(text):
        if len(place) > DEPTH:
            raise Broken("it is nested too deeply", *_line_and_column(text[:offset]))
        if place in seen:
            key = ".".join(map(str, place))
            raise Broken(f"{key} is there twice", *_line_and_column(text[:offset]))
        seen.add(place)
    if not isinstance(raw, dict):
        raise Broken("it must be an object in braces", 1, 1)
    return raw


def _number(text: str) -> float:
    """Refuses NaN, Infinity and 1e999, which could not be written back."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _find(text: str, wanted: Place) -> tuple[int, int]:
    for place, offset in _places(text):
        if place == wanted:
            return _line_and_column(text[:offset])
    return 0, 0


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """The path and offset of every value in a text that is known to be JSON, with keys that are there twice."""
    path: list[str | int] = []
    key_is_next = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in {"}", "]"}:
            path.pop()
            key_is_next = False
        elif word == ",":
            last = path[-1]
            key_is_next = isinstance(last, str)
            path[-1] = last if isinstance(last, str) else last + 1
        elif word == ":":
            key_is_next = False
        elif key_is_next:
            path[-1] = json.loads(word)
        else:
            yield tuple(path), token.start()
            if word in {"{", "["}:
                path.append("" if word == "{" else 0)
                key_is_next = word == "{"
