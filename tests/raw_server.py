"""A server that answers with exactly the bytes that a test gives it, and remembers what it was asked."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HANG = b""
"""Never answers."""
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole response; `Retry_After="1"` names a header, `Content_Length` overrides the true one."""
    fields = {"Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body


@dataclass
class RawServer:
    """`routes` maps a path, without its query, to its answers in turn; the last one stays, and takes `delay` seconds.

    spans: when each request came and when its answer was sent, in seconds of the monotonic clock.
    """

    routes: dict[str, list[bytes]]
    port: int = 0
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    delay: float = 0
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """Paths that were asked for, in order, robots.txt apart."""
        return [path for path in (target.partition("?")[0] for target in self.asked) if path != "/robots.txt"]

    def reply(self, head: str) -> bytes:
        target = head.split(" ", 2)[1]
        self.asked.append(target)
        self.heads.append(head)
        answers = self.routes.get(target.partition("?")[0], [_NOT_FOUND])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def serving(routes: dict[str, list[bytes]]) -> Iterator[RawServer]:
    server = RawServer(routes)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        listener.settimeout(0.1)
        accepting = threading.Thread(target=_accept, args=(listener, server, over))
        accepting.start()
        try:
            yield server
        finally:
            over.set()
            accepting.join()


def _accept(listener: socket.socket, server: RawServer, over: threading.Event) -> None:
    talks = []
    while not over.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        talk = threading.Thread(target=_talk, args=(connection, server, over))
        talk.start()
        talks.append(talk)
    for talk in talks:
        talk.join()


def _talk(connection: socket.socket, server: RawServer, over: threading.Event) -> None:
    with connection, suppress(TimeoutError, ConnectionError):  # a browser opens connections to spare
        connection.settimeout(10)
        head = b""
        while not _is_whole(head):  # a body that is left unread resets the connection
            chunk = connection.recv(65_536)
            if not chunk:
                return
            head += chunk
        began = time.monotonic()
        reply = server.reply(head.decode("latin-1"))
        time.sleep(server.delay)
        server.spans.append((began, time.monotonic()))
        if reply == HANG:
            over.wait()
            return
        with suppress(ConnectionError):  # a client may have read enough
            connection.sendall(reply)


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    return bool(end) and len(body) >= (0 if length is None else int(length[1]))
