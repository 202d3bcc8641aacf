"""What went wrong below the answer, told apart so that a person can act on it."""

import re
import socket
import ssl
from collections.abc import Iterator

import httpx2

from crosswatch.errors import Blocked, ServiceError, Unreachable

_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
_FLOODED = (httpx2.ConnectTimeout, httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)


def explained(error: Exception, *, url: str, host: str, limit: float, writes: bool) -> ServiceError:
    """The house's own error for one of the HTTP library: no address, no query, no reference to the old one.

    ``url`` and ``host`` are what a person may see of the address; ``writes``: the request may have had an effect.
    """
    below = list(_below(error))
    certificate = next((one for one in below if isinstance(one, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        blocked = Blocked(url, f"the certificate is not that of {host}: {certificate.verify_message}")
        blocked.maybe_done = False
        return blocked
    return Unreachable(
        url, _reason(error, below, host, limit), maybe_done=writes and not isinstance(error, _NEVER_SENT)
    )


def floods(error: Exception) -> bool:
    """Whether a host that is asked too much may fail like this."""
    return isinstance(error, _FLOODED) or any(
        isinstance(one, ConnectionRefusedError) for one in _below(error)
    )


def _reason(error: Exception, below: list[BaseException], host: str, limit: float) -> str:
    if any(isinstance(one, socket.gaierror) for one in below):
        return f"the name {host} does not resolve"
    if isinstance(error, httpx2.ProxyError):
        status = re.match(r"\d{3}\b", str(error))
        return f"the proxy refused ({status.group()})" if status else "the proxy refused"
    if any(isinstance(one, ConnectionRefusedError) for one in below):
        return "connection refused"
    if isinstance(error, httpx2.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return f"no answer within {limit:g} s"
    if any(isinstance(one, ssl.SSLError) for one in below):
        return "no secure connection (TLS)"
    if isinstance(error, httpx2.ConnectError):
        return "no connection"
    if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
        return "the address is not an http or https address"
    if isinstance(error, httpx2.DecodingError):
        return "the answer was cut short"
    return "the connection was reset"


def _below(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that caused it, also those of a group (several addresses of one host)."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _below(one)
        error = error.__cause__ or error.__context__
