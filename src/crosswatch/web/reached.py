"""By which address a request really came: base paths, proxies that are trusted, and peers that are not this machine."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from crosswatch.settings import Network, Settings

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?")
# Whoever sends one of these stands between us and somebody else.
_PROXIED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Reached:
    """A request as its sender made it. ``here`` is true where the sender is a program on this machine itself."""

    scope: Scope
    path: str
    headers: Headers
    here: bool

    @property
    def host(self) -> str:
        """The Host header, or an empty text where there is none or more than one."""
        found = self.headers.getlist("host")
        return found[0].strip().lower() if len(found) == 1 else ""


def reached(scope: Scope, settings: Settings) -> Reached:
    """The request with the base path in its ``root_path`` and, from trusted proxies, the sender's own address.

    The path is right whether a proxy strips the base path or not. ``X-Forwarded-*`` of anybody else are ignored,
    but whoever sends them is no program on this machine.
    """
    scope = dict(scope)
    headers = Headers(scope=scope)
    peer = _address(scope["client"][0]) if scope.get("client") else None
    direct = not any(name in headers for name in _PROXIED)
    prefix = ""
    if peer is not None and _in(peer, settings.trusted_proxies):
        sender = _sender(headers.getlist("x-forwarded-for"), settings.trusted_proxies)
        prefix = _unforward(scope, headers)
        if sender:
            scope["client"], peer, direct = (sender, 0), _address(sender), True
    here = direct and peer is not None and is_loopback(peer)
    path = _based(scope, settings.base_path or prefix)
    return Reached(scope, path, Headers(scope=scope), here)


def is_loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is this machine's own, 127.0.0.1 written as IPv6 included."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def listens_on_loopback(host: str) -> bool:
    """Whether a server bound to this address can be reached from this machine only."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else is_loopback(address)


def host_name(host: str) -> str:
    """The name in a Host header, without port, brackets and the root's dot; empty where it is none."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower().removesuffix(".") if found else ""


def names_this_machine(host: str) -> bool:
    """Whether a Host header names this machine: localhost, 127.0.0.0/8 or [::1]. No other name can be rebound to us."""
    name = host_name(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def origin_of(url: str) -> str:
    """``https://x.example:8443`` of an address, without the port that goes without saying; empty where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in {None, default} else "")


def _unforward(scope: Scope, headers: Headers) -> str:
    """Puts the scheme and the host that a trusted proxy forwards into the scope; gives the prefix that it stripped."""
    proto = _first(headers, "x-forwarded-proto").lower()
    if proto in {"http", "https"}:
        scope["scheme"] = proto
    host = _first(headers, "x-forwarded-host")
    if host and _HOST.fullmatch(host):
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope["headers"] = [*others, (b"host", host.encode("latin-1"))]
    prefix = _first(headers, "x-forwarded-prefix").rstrip("/")
    return prefix if _PREFIX.fullmatch(prefix) and ".." not in prefix.split("/") else ""


def _sender(lines: Iterable[str], proxies: Sequence[Network]) -> str:
    """The last address in the chain that is no trusted proxy: the ones before it anybody may have written."""
    chain = [part.strip() for line in lines for part in line.split(",") if part.strip()]
    for text in reversed(chain):
        address = _address(_without_port(text))
        if address is None:
            return "unknown"
        if not _in(address, proxies):
            return str(address)
    return _without_port(chain[0]) if chain else ""


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _first(headers: Headers, name: str) -> str:
    return headers.get(name, "").partition(",")[0].strip()


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Iterable[Network]) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any((mapped or address) in network for network in networks)


def _based(scope: Scope, base: str) -> str:
    """Makes path and root_path agree as ASGI wants them (the path holds the root); gives the path below the base."""
    path: str = scope["path"]
    if not base:
        return path
    raw: bytes = scope.get("raw_path") or path.encode()
    if path == base:
        path, raw = f"{base}/", base.encode() + b"/"
    elif not path.startswith(f"{base}/"):
        path, raw = base + path, base.encode() + raw
    scope["path"], scope["raw_path"], scope["root_path"] = path, raw, base
    return path.removeprefix(base)
