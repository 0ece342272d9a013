"""A server that plays Betfair with the bytes that a test gives it: identity service and JSON-RPC, told apart by method."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RPC = "/exchange/betting/json-rpc/v1"
Answer = bytes | int
"""A body with status 200, or a bare status."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `what` is its path, or the method of a JSON-RPC call."""

    what: str
    headers: Mapping[str, str]
    body: str


@dataclass
class BetfairServer:
    """`answers` maps what is asked to what comes; anything else is a 404."""

    answers: dict[str, Answer]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        return [asked.what for asked in self.asked]


def _handler(server: BetfairServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            what = json.loads(body)["method"].rpartition("/")[2] if self.path == RPC else self.path
            server.asked.append(Asked(what, dict(self.headers.items()), body))
            self._answer(server.answers.get(what, 404))

        def do_GET(self) -> None:
            self._answer(404)

        def _answer(self, answer: Answer) -> None:
            status, body = (answer, b"") if isinstance(answer, int) else (200, answer)
            self.send_response(status)
            if status == 307:
                self.send_header("Location", f"{server.url}/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing on the test's console."""

    return Handler


@contextmanager
def playing(answers: Mapping[str, Answer]) -> Iterator[BetfairServer]:
    server = BetfairServer(dict(answers))
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as listener:
        server.port = listener.server_port
        serving = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            listener.shutdown()
            serving.join()
