"""One sender for a database: a lock that dies with its process, and says who holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from horses_scrapy.clock import Clock
from horses_scrapy.errors import AlreadyRunning


@contextmanager
def only_sender(path: Path) -> Iterator[None]:
    """Hold the lock file, which stays when it is let go. Raises AlreadyRunning with the holder's pid and age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"{path}: a mailer is running ({_holder(descriptor)}): stop it first") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {Clock.monotonic_ms()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    pid, _, since = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip().partition(" ")
    if not pid.isdecimal() or not since.isdecimal():
        return "it has just started"
    return f"pid {pid}, for {(Clock.monotonic_ms() - int(since)) // 1000} s"
