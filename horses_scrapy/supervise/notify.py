"""systemd's Type=notify: datagrams to NOTIFY_SOCKET. Without that variable nothing is sent."""

import logging
import os
import socket
import time

logger = logging.getLogger(__name__)

VARIABLE = "NOTIFY_SOCKET"
TIMEOUT_S = 0.2
"""A supervisor that does not read must not stop the work."""


def ready(text: str) -> None:
    """The process does its work now, also after reloading(); `text` is what `systemctl status` shows."""
    _send(f"READY=1\nSTATUS={' '.join(text.split())}")


def alive() -> None:
    """For the watchdog: to be said after a full round of work, never from a timer."""
    _send("WATCHDOG=1")


def reloading() -> None:
    _send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    _send("STOPPING=1")


def _send(message: str) -> None:
    address = os.environ.get(VARIABLE)
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as made:
            made.settimeout(TIMEOUT_S)
            made.sendto(message.encode(), _path(address))
    except OSError as error:
        logger.warning("%s: %s: the supervisor was not told %s", address, error, message.split("\n", 1)[0])


def _path(address: str) -> str:
    """`@` stands for the zero byte of an abstract name."""
    return "\0" + address[1:] if address.startswith("@") else address
