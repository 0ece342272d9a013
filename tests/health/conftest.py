"""A scrapyd that answers what a test tells it to, and an installation to look after."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from horses_scrapy import config
from horses_scrapy.health import ScrapydClient

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"
IDLE = '{"status": "ok", "pending": [], "running": [], "finished": []}'


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


@pytest.fixture
def guarded(server: Scripted) -> Scripted:
    """It asks for its password; `told` is what it answers then."""

    def answer(handler: Handler) -> None:
        handler.server.answer = (200, server.told) if "Authorization" in handler.headers else (401, "")
        plain(handler)

    plain = server.RequestHandlerClass.do_GET
    server.told = IDLE
    server.RequestHandlerClass = type("Guarded", (server.RequestHandlerClass,), {"do_GET": answer, "do_POST": answer})
    return server


class Home:
    """An installation in a folder of its own."""

    def __init__(self, folder, scrapyd_url, smtp_port):
        self.folder = folder
        (folder / "config").mkdir()
        self.file = folder / "config" / "config.yaml"
        self.file.write_text(
            f"scrapyd: {{url: '{scrapyd_url}', timeout: 1}}\n"
            f"smtp: {{host: 127.0.0.1, port: {smtp_port}, security: none}}\n"
        )
        (folder / "config" / "tracks.yaml").write_text((ROOT / "config" / "tracks.yaml").read_text())
        (folder / "config" / "alerts.yaml").write_text("rules: []\n")
        self.environ = {
            "SCRAPYD_PASSWORD": "correct-horse", "SMTP_PASSWORD": "battery-staple",
            "EMAIL_SENDER": "from@example.com", "EMAIL_RECIPIENT": "you@example.com",
        }  # fmt: skip

    @property
    def settings(self):
        return config.load(self.file, environ=self.environ)

    def script(self, *arguments):
        command = [sys.executable, str(ROOT / "scripts" / "health_check.py"), "--config", str(self.file), *arguments]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, cwd=self.folder, timeout=60, check=False
        )


@pytest.fixture
def home_at(tmp_path):
    """Makes one."""
    return lambda scrapyd_url=NOBODY, smtp_port=9: Home(tmp_path, scrapyd_url, smtp_port)


@pytest.fixture
def serve() -> Callable[[], AbstractContextManager[Scripted]]:
    """Makes another one."""
    return serving
