"""No secret in a log line, and everything else still readable."""

import io
import json
import logging
import sys

import pytest

from crosswatch.net.redaction import HIDDEN, RedactingFilter, install, redact, register

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "a1b2c3d4e5" * 4
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJhcHAiLCJzdWIiOiJ1In0.s1gnature-Part_x"


@pytest.mark.parametrize(
    "text",
    [
        f"https://api.example/3/account?api_key={KEY}&session_id=abc123",
        f"GET /3/account?session_id={TOKEN} HTTP/1.1",
        f"https%3A%2F%2Fexample%2F3%3Fapi_key%3D{KEY}%26page%3D1",
        json.dumps({"request_token": TOKEN, "success": True}),
        str({"session_id": TOKEN}),
        f"guest_session_id={KEY}",
        f"Authorization: Bearer {JWT}",
        f"[(b'Authorization', b'Bearer {KEY}')]",
        f"token {JWT} given",
        f"https://www.example.org/authenticate/{TOKEN}?redirect_to=http%3A%2F%2Fhost",
        f"authenticate%2Fx /authenticate/{TOKEN[:9]}",
        f"https://image.example/x/{KEY}",
        f"https://example/authenticate/x?redirect_to=http%3A%2F%2Fh%2Fconnect%2Ftmdb_sync%2F{TOKEN[:22]}",
        f"proxy http://me:{TOKEN[:12]}@proxy.example:3128",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    clean = redact(text)
    assert HIDDEN in clean
    for secret in (KEY, TOKEN, TOKEN[:22], TOKEN[:12], TOKEN[:9], JWT, JWT.split(".")[1], "abc123"):
        assert secret not in clean


@pytest.mark.parametrize(
    "text",
    [
        '{"api_key": {"set": true, "hint": "…1234"}}',
        "api_key=…1234",
        "the session_id: a value that the service gives",
        "/authenticate/allow",
        "plan " + "f0" * 32,
        "GET https://api.example/3/account/6089455/watchlist/movies?page=2&sort_by=created_at.asc",
        "Basic things about a bearer",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_registered_values_are_hidden_everywhere_also_quoted() -> None:
    register("s3cret value/+1")
    register("s3cret value/+1 and more")
    register("short")
    assert redact("x s3cret value/+1 y") == f"x {HIDDEN} y"
    assert redact("x s3cret value/+1 and more y") == f"x {HIDDEN} y"
    assert redact("?q=s3cret%20value%2F%2B1") == f"?q={HIDDEN}"
    assert redact("?q=s3cret+value%2F%2B1") == f"?q={HIDDEN}"
    assert redact("short …ue/+1") == "short …ue/+1"


class Json(logging.Formatter):
    """As services of logs do it: everything that the record has."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({**vars(record), "text": record.getMessage()}, default=str)


@pytest.fixture
def printed() -> tuple[logging.Logger, io.StringIO, io.StringIO]:
    logger = logging.Logger("redaction-test")
    plain, everything = io.StringIO(), io.StringIO()
    for stream, formatter in ((plain, logging.Formatter("%(message)s")), (everything, Json())):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        handler.addFilter(RedactingFilter())
        logger.addHandler(handler)
    return logger, plain, everything


def test_a_secret_in_parts_of_a_record_is_hidden(
    printed: tuple[logging.Logger, io.StringIO, io.StringIO],
) -> None:
    logger, plain, everything = printed
    register(TOKEN)
    logger.info("api_key=%s", KEY)
    logger.info("%s%s", TOKEN[:15], TOKEN[15:])
    logger.info("%(first)s%(second)s", {"first": TOKEN[:15], "second": TOKEN[15:]})
    logger.info("%s", ValueError(f"session_id={KEY}"))
    logger.info("wrong %d", f"api_key={KEY}")
    logger.info("with more", extra={"address": f"http://h/?api_key={KEY}", "error": ValueError(TOKEN)})
    logger.info("stack", stack_info=True)
    text = plain.getvalue() + everything.getvalue()
    assert KEY not in text
    assert TOKEN not in text
    assert TOKEN[15:] not in text
    assert "stack" in text


def test_a_secret_in_an_exception_and_in_its_causes_is_hidden(
    printed: tuple[logging.Logger, io.StringIO, io.StringIO],
) -> None:
    logger, plain, everything = printed
    try:
        try:
            raise KeyError(f"api_key={KEY}")
        except KeyError as error:
            raise ValueError(f"/authenticate/{TOKEN}") from error
    except ValueError:
        logger.exception("failed")
        logger.error("failed again", exc_info=sys.exc_info())
    for text in (plain.getvalue(), everything.getvalue()):
        assert KEY not in text
        assert TOKEN not in text
        assert text.count("ValueError") >= 2
        assert "Traceback" in text


def test_clean_records_keep_their_arguments(
    printed: tuple[logging.Logger, io.StringIO, io.StringIO],
) -> None:
    record = logging.makeLogRecord({"msg": "%s %d %s", "args": ("GET", 200, f"/x?api_key={KEY}")})
    RedactingFilter().filter(record)
    assert record.args == ("GET", 200, f"/x?api_key={HIDDEN}")


def test_install_covers_the_root_once_and_quietens_the_library() -> None:
    root = logging.getLogger()
    handler = logging.StreamHandler(io.StringIO())
    root.addHandler(handler)
    try:
        install()
        install()
        assert sum(isinstance(one, RedactingFilter) for one in handler.filters) == 1
        assert logging.getLogger("httpx2").level == logging.WARNING
        assert logging.getLogger("httpcore2").level == logging.WARNING
    finally:
        root.removeHandler(handler)
