"""A scrapyd that answers what a test tells it to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from horses_scrapy.health import ScrapydClient


class Scripted(ThreadingHTTPServer):
    """`answer` is (status, body); None: it keeps silent. `seen` are the requests: method, path, headers, body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: tuple[int, str] | None = (200, '{"status": "ok"}')
        self.seen: list[tuple[str, str, dict[str, str], str]] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.server.answer is None:
            self.server.released.wait(30)
            return
        status, text = self.server.answer
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET  # noqa: N815 (http.server asks for this name)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving() as made:
        yield made


@pytest.fixture
def client(server: Scripted) -> ScrapydClient:
    return ScrapydClient(server.url, "horses", "correct-horse", "horses", 5)
