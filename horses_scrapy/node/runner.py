"""scrapyd's runner: asks the fork server for a process that has everything imported, and lives as long as that one.

Without a server it becomes the lean runner. What this file imports is paid by every job: no json, no pathlib.
"""

import os
import signal
import socket
import sys
from types import FrameType

TYPE_CHECKING = False  # typing would be one import more
if TYPE_CHECKING:
    from collections.abc import Callable

    Reach = Callable[[str], None]

SOCKET_VARIABLE = "HORSES_FORK_SOCKET"
"""The server's socket; set by our launcher."""
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
LENGTH = 4
"""Bytes that tell the length of a request; its answer is the exit status in as many."""


def main() -> None:
    server = connect(os.environ.get(SOCKET_VARIABLE))
    if server is None:
        os.execv(sys.executable, [sys.executable, "-m", "horses_scrapy.node.lean", *sys.argv[1:]])  # noqa: S606 (no shell wanted)
    ask(server)
    os._exit(attend(server))


def connect(path: str | None) -> socket.socket | None:
    """None where no server listens."""
    if path is None:
        return None
    server = socket.socket(socket.AF_UNIX)
    try:
        reach(server.connect, path)
    except OSError:
        server.close()
        return None
    return server


def reach(call: "Reach", path: str) -> None:
    """Call connect or bind for a path of any length, through its folder: an address may have 107 bytes."""
    above, _, name = path.rpartition("/")
    folder = os.open(above, os.O_PATH)
    try:
        call(f"/proc/self/fd/{folder}/{name}")
    finally:
        os.close(folder)


def ask(server: socket.socket) -> None:
    """Send our streams, working directory, arguments and environment, which has no place in arguments that all can see."""
    environment = [name + b"=" + value for name, value in os.environb.items()]
    arguments = [os.fsencode(word) for word in sys.argv[1:]]
    request = b"\0".join([os.getcwdb(), str(len(arguments)).encode(), *arguments, *environment])  # noqa: PTH109 (pathlib costs as much as the rest)
    socket.send_fds(server, [len(request).to_bytes(LENGTH, "big")], [0, 1, 2])
    server.sendall(request)


def attend(server: socket.socket) -> int:
    """Pass signals on to the process and return its exit status; 1 where the server has gone."""

    def forward(number: int, _: FrameType | None) -> None:
        server.send(bytes([number]))

    for number in FORWARDED:
        signal.signal(number, forward)
    answer = server.recv(LENGTH)
    if len(answer) < LENGTH:
        sys.stderr.write("the fork server has gone, and the job with it\n")
        sys.stderr.flush()
        return 1
    status = int.from_bytes(answer, "big", signed=True)
    if status < 0:  # by a signal: so do we, and scrapyd's log names it
        if -status in FORWARDED:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    main()
