"""How the scheduler is told to stop: once politely, twice at once."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """A pipe that the signal handler writes to. An Event's lock could be held by the very thread that the signal hits."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self.asked = False

    def ask(self) -> None:
        self.asked = True
        os.write(self._writer, b"x")

    def wait(self, seconds: float) -> bool:
        """Sleep, in real seconds on the monotonic clock; True, and at once, when a stop was asked for."""
        readable, _, _ = select.select([self._reader], [], [], max(0.0, seconds))
        return bool(readable)

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def on_signals(seconds: float) -> Iterator[Stop]:
    """A Stop asked for by the first SIGTERM or SIGINT. A second one, or `seconds` without an end, kills the process.

    That is safe: every step of the scheduler is one transaction, and a start finds out what became of a half-made one.
    """
    stop = Stop()

    def handle(*_: object) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        stop.ask()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
