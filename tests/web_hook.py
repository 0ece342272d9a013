"""A web hook on loopback."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook(ThreadingHTTPServer):
    """Keeps what it is posted, as (path, document); answers with `status`, `pace` seconds between two characters."""

    daemon_threads = True
    token = "t0ken-0f-a-webhook"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Post)
        self.posts = []
        self.status = 200
        self.pace = 0.0
        self.over = threading.Event()

    @property
    def url(self):
        """As apprise writes it."""
        return f"json://127.0.0.1:{self.server_port}/{self.token}"


class Post(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, json.loads(body)))
        answer = f"HTTP/1.0 {self.server.status} x\r\nX-Long: {'x' * 200}\r\nContent-Length: 0\r\n\r\n"
        for character in answer if self.server.pace else [answer]:
            self.wfile.write(character.encode())
            if self.server.over.wait(self.server.pace):
                return

    def log_message(self, *_):
        pass


@contextmanager
def web_hook():
    server = Hook()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
