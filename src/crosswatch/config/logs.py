"""The log of a process: one line per record, in UTC, printed once, and never with a secret or a query string."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from crosswatch.net import redaction

_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def setup_logging(level: str, fmt: str, stream: TextIO | None = None) -> None:
    """Everything that is logged from now on goes to ``stream`` (standard error) once, redacted.

    ``level`` is one of the settings' levels, ``fmt`` is ``text`` or ``json`` (one object a line). It may be called
    again; uvicorn must be started with ``log_config=None``, so that it leaves these handlers alone.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Handler) or type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    ours = _Handler(stream or sys.stderr)
    ours.setFormatter(_JsonLines() if fmt == "json" else _Lines())
    root.addHandler(ours)
    root.setLevel(level.upper())
    for name in _UVICORN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.disabled = False
        logger.setLevel(logging.NOTSET)
    access = logging.getLogger("uvicorn.access")
    if not any(isinstance(one, _WithoutQuery) for one in access.filters):
        access.addFilter(_WithoutQuery())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # else it names each of its parts
    redaction.install()


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that a second set-up finds it."""


class _WithoutQuery(logging.Filter):
    """Cuts the query off the address in uvicorn's access records: (client, method, path, version, status)."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, version, status = record.args
            record.args = (client, method, str(path).partition("?")[0], version, status)
        return True


class _Lines(logging.Formatter):
    """``2026-01-31T12:00:00.123Z INFO crosswatch.runs: what happened``; only a stack has lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - the library's name
        return _time(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        record.message = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", record.message)
        return super().formatMessage(record)


class _JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, whatever ``extra`` held, and the stack of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"
