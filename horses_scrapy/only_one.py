"""One scheduler, one mailer per installation: a lock that dies with its process, and says who holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.errors import AlreadyRunning

# A flock, because the system frees it with the process, however that ends. The file is never unlinked: a second file of
# the same name would be a second lock.


@contextmanager
def only_one(path: Path, name: str) -> Iterator[None]:
    """Hold the lock while the body runs. Raises AlreadyRunning, which names the holder's process id and age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    held = [descriptor]
    try:
        _take(descriptor, path, name)
        # A fork shares the lock and would keep it when we are killed; exec is covered by O_CLOEXEC.
        os.register_at_fork(after_in_child=lambda: _close(held))
        yield
    finally:
        _close(held)


def _take(descriptor: int, path: Path, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(os.pread(descriptor, 200, 0).decode())
        raise AlreadyRunning(f"{name} already runs: {holder}; lock {path}") from None
    now = Clock()
    os.ftruncate(descriptor, 0)
    os.pwrite(
        descriptor, f"{os.getpid()} {now.monotonic_ms()} {from_ms(now.now_ms()):%Y-%m-%dT%H:%M:%SZ}\n".encode(), 0
    )


def _holder(text: str) -> str:
    """The age is taken from the monotonic clock: both processes live in the same boot, or the lock would be free."""
    try:
        pid, started, since = text.split()
        age = (Clock.monotonic_ms() - int(started)) // 1000
    except ValueError:
        return "pid unknown, it is just starting"
    return f"pid {pid}, for {age // 3600} h {age // 60 % 60} min {age % 60} s, since {since}"


def _close(held: list[int]) -> None:
    while held:
        with suppress(OSError):
            os.close(held.pop())
