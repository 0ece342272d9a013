"""A mail server that answers each line as it is told to, and nothing more."""

import socketserver
import threading
from contextlib import contextmanager


class _Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self._say(self.server.answers.get("", "220 here"))
        for line in self.rfile:
            verb = line.split()[0].decode().upper()
            self.server.heard.append(verb)
            self._say(self.server.answers.get(verb, "250 well"))
            if verb == "QUIT":
                return

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def smtp_answering(answers=None, heard=None):
    """Its port. answers: verb -> line, `` for the greeting; heard takes the verbs."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.answers, server.heard = answers or {}, [] if heard is None else heard
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
