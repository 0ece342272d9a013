"""One writer at a time: flock on a side file in front of BEGIN IMMEDIATE.

SQLite's own busy handler sleeps without a queue, so a sleeper loses to whoever is awake and can wait for seconds;
flock waiters are woken by the kernel. The file is never unlinked: a second file of that name would be a second lock.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from horses_scrapy.errors import StoreBusy, StoreError

DEADLINE = 30.0


class _Waiter(threading.Thread):
    """Waits in a blocking flock for its caller, because flock knows no deadline.

    Polling with LOCK_NB would keep the deadline, and with it the unfairness that the lock is there to end; an alarm
    signal reaches the main thread only. The thread starts only where the lock is taken. If the caller gives up, the
    descriptor is left to the thread, which closes it (and so unlocks) as soon as its flock returns.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="write-lock", daemon=True)
        self._descriptor = descriptor
        self._settled = threading.Lock()
        self._taken = threading.Event()
        self.abandoned = False

    def run(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._settled:
            if self.abandoned:
                os.close(self._descriptor)
            self._taken.set()

    def wait(self, seconds: float) -> None:
        """Return with the lock held, or with `abandoned` set."""
        try:
            self._taken.wait(seconds)
        finally:
            with self._settled:
                self.abandoned = not self._taken.is_set()


@dataclass(frozen=True, slots=True)
class WriteLock:
    """The lock of the database at `database`; `deadline` in seconds."""

    database: Path
    deadline: float = DEADLINE

    @property
    def path(self) -> Path:
        return self.database.with_name(self.database.name + ".lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises StoreBusy at the deadline, StoreError where this very thread holds the lock already."""
        descriptor = self._open()
        owned = True
        try:
            owned = self._take(descriptor)
            if not owned:
                raise StoreBusy(self._busy())
            # A descriptor per use: two threads that shared one would both be let in.
            os.pwrite(descriptor, _myself().encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            if owned:
                os.close(descriptor)

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"{self.path}: the write lock cannot be opened: {error.strerror}") from error

    def _take(self, descriptor: int) -> bool:
        """Whether the lock was taken; if not, the descriptor is no longer ours."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._wait(descriptor)
        return True

    def _wait(self, descriptor: int) -> bool:
        if self.path.read_text(encoding="ascii") == _myself():
            raise StoreError(f"{self.database}: a write inside a write of the same thread would wait for itself")
        waiter = _Waiter(descriptor)
        waiter.start()
        waiter.wait(self.deadline)
        return not waiter.abandoned

    def _busy(self) -> str:
        holder = self.path.read_text(encoding="ascii").split()
        who = f"process {holder[0]} holds it" if holder else "a process that has not signed it holds it"
        return f"{self.database}: not free for writing within {self.deadline:g} s: {who} ({self.path})"


def _myself() -> str:
    """Process and kernel thread: unique on the machine while the thread lives."""
    return f"{os.getpid()} {threading.get_native_id()}\n"
