"""How the scheduler is told to stop: once politely, twice at once; and to read its configuration again."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)
RELOAD = signal.SIGHUP


class Stop:
    """A pipe that the signal handlers write to. An Event's lock could be held by the very thread that the signal hits."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        self.asked = False
        self._reload = False

    def ask(self) -> None:
        self.asked = True
        os.write(self._writer, b"x")

    def ask_reload(self) -> None:
        self._reload = True
        os.write(self._writer, b"r")

    def wait(self, seconds: float) -> bool:
        """Sleep, in real seconds on the monotonic clock; True, and at once, when a stop or a reload was asked for."""
        if not (self.asked or self._reload):
            select.select([self._reader], [], [], max(0.0, seconds))
        return self.asked or self._reload

    def takes_reload(self) -> bool:
        """Whether one was asked for since the last time."""
        asked, self._reload = self._reload, False
        if asked and not self.asked:
            self._drain()
        return asked

    def _drain(self) -> None:
        """A stop that is asked for meanwhile sets `asked` before it writes: no wait looks at the pipe then."""
        try:
            os.read(self._reader, 4096)
        except BlockingIOError:
            return

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

    handlers = {**dict.fromkeys(SIGNALS, handle), RELOAD: lambda *_: stop.ask_reload()}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
