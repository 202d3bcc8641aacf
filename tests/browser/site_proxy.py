"""A small reverse proxy on 127.0.0.1 that strips a base path, as many people run one before a home server."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OWN = frozenset({"connection", "transfer-encoding", "keep-alive", "content-length"})


@dataclass
class Proxy:
    """``origin`` is what browsers call it, ``behind`` the server that it asks."""

    origin: str
    behind: str = ""


@contextmanager
def stripping_proxy(base: str) -> Iterator[Proxy]:
    """Hands ``base/x`` on as ``/x``, bodies and streams as they come; 404 for everything else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._hand_on()

        def do_POST(self) -> None:
            self._hand_on()

        def _hand_on(self) -> None:
            if not self.path.startswith(f"{base}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            connection = http.client.HTTPConnection(urlsplit(proxy.behind).netloc, timeout=30)
            try:
                connection.request(self.command, self.path.removeprefix(base), body, dict(self.headers))
                answer = connection.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _OWN:
                        self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
                while part := answer.read1(65536):
                    self.wfile.write(part)
                    self.wfile.flush()
            except ConnectionError:  # the browser has left the page
                pass
            finally:
                connection.close()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
