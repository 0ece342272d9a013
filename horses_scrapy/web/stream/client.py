"""One open stream: what it asked for, and what waits to be sent to it."""

import asyncio
from collections import deque
from dataclasses import dataclass

from horses_scrapy.web.stream.news import Event

MOST_WAITING = 256
"""Events that wait for a client that does not read; their bytes are shared by all."""


@dataclass(frozen=True, slots=True)
class Wants:
    """None: of all."""

    race: int | None = None
    track: str | None = None

    def has(self, event: Event) -> bool:
        return self.race in (None, event.race_id) and self.track in (None, event.track)


class Client:
    """Lives on the event loop. Once it has ended, what waits is still sent, and nothing more."""

    def __init__(self, wants: Wants) -> None:
        self.wants = wants
        self._waiting: deque[bytes] = deque()
        self._stirred = asyncio.Event()
        self._ended = False

    def give(self, wire: bytes, reset: bytes) -> None:
        """`reset` in place of all that waits, where that is too much: a slow client begins anew."""
        if self._ended:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            wire, self._ended = reset, True
        self._waiting.append(wire)
        self._stirred.set()

    def begin(self) -> None:
        """From here on; what was given before is told otherwise."""
        self._waiting.clear()

    def end(self) -> None:
        self._ended = True
        self._stirred.set()

    async def next(self) -> bytes | None:
        """All that waits, as soon as there is something; None at the end."""
        while not self._waiting:
            if self._ended:
                return None
            self._stirred.clear()
            await self._stirred.wait()
        told = b"".join(self._waiting)
        self._waiting.clear()
        return told
