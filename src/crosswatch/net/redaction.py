"""No secret leaves through a log line or an error's words."""

import logging
import re
from bisect import insort
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_SHORTEST = 6


class _Known:
    """Replaced as a whole, longest first, so that other threads may log meanwhile."""

    secrets: tuple[str, ...] = ()


_NAMES = "api_key|session_id|guest_session_id|request_token|access_token|password"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A query or form: the value ends at the next separator. A masked value ("…1234") stays readable.
    (re.compile(rf"(?i)\b({_NAMES})(=|%3D)(?!…)[^\s&\"'<>;,)}}\]]+"), rf"\1\2{HIDDEN}"),
    # JSON or Python's own form: "api_key": "…"
    (re.compile(rf"(?i)([\"'](?:{_NAMES})[\"']\s*:\s*[\"'])(?!…)[^\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(authorization\W{1,8}(?:b['\"])?\w+\s+)[^\s'\",]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{16,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), HIDDEN),
    (re.compile(r"(?i)(/authenticate/|%2Fauthenticate%2F)(?!allow\b)[^/\s?&\"'#%]+"), rf"\1{HIDDEN}"),
    # Our own callback addresses end in a single-use state.
    (re.compile(r"(?i)((?:/|%2F)connect(?:/|%2F)[\w-]+(?:/|%2F))[\w-]{16,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)((?:[/=&?]|%2F|%3D))[0-9a-f]{32,}(?![0-9a-z])"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^/\s@\"'?#]+@"), rf"\1{HIDDEN}@"),
)


def register(secret: str) -> None:
    """From now on this value is hidden wherever it would be logged, also in its quoted forms.

    Values under 6 characters are not registered: hiding them would blacken ordinary words.
    """
    forms = {secret, quote(secret, safe=""), quote_plus(secret)}
    new = sorted(form for form in forms if len(form) >= _SHORTEST and form not in _Known.secrets)
    if new:
        known = list(_Known.secrets)
        for form in new:
            insort(known, form, key=lambda text: -len(text))
        _Known.secrets = tuple(known)


def redact(text: str) -> str:
    """The text without any registered secret and without anything that looks like one. Whole values only."""
    for secret in _Known.secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN = (bool, int, float, type(None))
_FORMATTER = logging.Formatter()


class RedactingFilter(logging.Filter):
    """Lets every record pass, and rewrites message, arguments, exception text and extra fields of each."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; afterwards the record holds no secret in any text that a handler may print."""
        self._message(record)
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        # The exception itself would be printed anew by a handler with a formatter of its own.
        record.exc_info = None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        for name, value in vars(record).items():
            if name not in _STANDARD and not isinstance(value, _PLAIN):
                setattr(record, name, redact(str(value)))
        return True

    @staticmethod
    def _message(record: logging.LogRecord) -> None:
        """Arguments are kept as long as the whole is clean (uvicorn's formatter wants them), else folded in."""
        if isinstance(record.args, tuple):
            record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} {record.args!r}"
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()


def install() -> None:
    """Puts the filter on every handler of the root logger, once each, and quietens the libraries below.

    httpx2 logs whole addresses, keys and all, at INFO; stamina warns of every ordinary retry. Call it again after a
    handler was added.
    """
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())
    for name, level in (
        ("httpx2", logging.WARNING),
        ("httpcore2", logging.WARNING),
        ("stamina", logging.ERROR),
    ):
        logging.getLogger(name).setLevel(level)
