"""Every record is one line, printed once, in UTC, without a secret and without a query string."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from crosswatch.config.logs import setup_logging
from crosswatch.net.redaction import register

SECRET = "logged-by-mistake"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx2", "httpcore2")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one.handlers[:], one.filters[:], one.level, one.propagate) for one in loggers]
    yield
    for one, (handlers, filters, level, propagate) in zip(loggers, before, strict=True):
        one.handlers, one.filters, one.propagate = handlers, filters, propagate
        one.setLevel(level)


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def fail() -> None:
    raise ValueError(f"no good: {SECRET}")


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_secrets_are_hidden_wherever_they_stand(fmt: str) -> None:
    register(SECRET)
    stream = io.StringIO()
    setup_logging("info", fmt, stream)
    log = logging.getLogger("crosswatch.test")
    log.info("plain %s", SECRET)
    log.info("extra", extra={"url": f"http://h/?api_key={SECRET}"})
    try:
        fail()
    except ValueError:
        log.exception("failed")
    assert "no good" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_text_is_one_line_in_utc() -> None:
    stream = io.StringIO()
    setup_logging("info", "text", stream)
    record = logging.makeLogRecord(
        {"name": "crosswatch.x", "levelno": 20, "levelname": "INFO", "msg": "a\nb\x1b[31m"}
    )
    record.created, record.msecs = 0.25, 250
    logging.getLogger("crosswatch.x").handle(record)
    assert stream.getvalue() == "1970-01-01T00:00:00.250Z INFO crosswatch.x: a\\x0ab\\x1b[31m\n"


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    setup_logging("debug", "json", stream)
    logging.getLogger("crosswatch.x").warning("two\nlines %d", 5, extra={"run": 7, "odd": object})
    (line,) = lines(stream)
    found = json.loads(line)
    assert found["message"] == "two\nlines 5"
    assert (found["level"], found["logger"], found["run"]) == ("warning", "crosswatch.x", 7)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_access_lines_have_no_query_and_are_printed_once(fmt: str) -> None:
    stream = io.StringIO()
    logging.getLogger("uvicorn.access").addHandler(logging.StreamHandler(stream))
    setup_logging("info", fmt, stream)
    setup_logging("info", fmt, stream)
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s HTTP/%s" %d', "127.0.0.1:5", "GET", "/api/titles?q=private&api_key=x", "1.1", 200
    )
    logging.getLogger("uvicorn.error").info("started")
    assert len(lines(stream)) == 2
    assert "/api/titles HTTP/1.1" in stream.getvalue()
    assert "private" not in stream.getvalue()


def test_the_level_counts() -> None:
    stream = io.StringIO()
    setup_logging("warning", "text", stream)
    logging.getLogger("crosswatch.x").info("quiet")
    assert stream.getvalue() == ""
    setup_logging("debug", "text", stream)
    logging.getLogger("httpx2").info("GET https://h/?api_key=1")
    assert stream.getvalue() == ""
