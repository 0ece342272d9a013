"""The wire to a mail server: smtplib with verified TLS, waits that end, and lines as DATA wants them."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress

from horses_scrapy.config.model import Smtp


class Connection(smtplib.SMTP):
    """smtplib, with TLS from the first byte where asked, and a second handle on the socket for the deadline."""

    def __init__(self, smtp: Smtp, implicit: ssl.SSLContext | None) -> None:
        self._implicit = implicit
        self.handle: socket.socket | None = None
        self._over = False
        # Not getfqdn(), smtplib's own choice: it may wait for a name server for many seconds.
        super().__init__(timeout=smtp.connect_timeout, local_hostname=_own_name())
        self._host = smtp.host  # the name that STARTTLS checks the certificate for; connect() does not set it

    # smtplib has no public hook to wrap the socket before the banner is read; its own SMTP_SSL overrides the same one.
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = socket.create_connection((host, port), timeout)
        # A duplicate stays valid while TLS takes over the original: shutting it down ends every wait on the connection.
        self.handle = made.dup()
        if self._over:
            made.close()
            raise TimeoutError("connected too late")
        if self._implicit is not None:
            made = self._implicit.wrap_socket(made, server_hostname=host)
        return made

    def wait_at_most(self, seconds: float) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)

    def cut(self) -> None:
        """End every wait on the connection, from any thread."""
        self._over = True
        if self.handle is not None:
            with suppress(OSError):
                self.handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self.handle is not None:
            self.handle.close()
            self.handle = None


def _own_name() -> str:
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def dotted(wire: bytes) -> bytes:
    """The message as DATA carries it: leading dots doubled, and the final dot (RFC 5321, 4.5.2)."""
    body = re.sub(rb"(?m)^\.", b"..", wire)
    return body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n"
