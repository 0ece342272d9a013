"""Looks at what may not answer, in a thread of its own: nobody waits for it longer than he wants to. Real seconds."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

OLD = 6
"""Times kept_s: so old an answer is still shown while a new one is on its way."""

Found = TypeVar("Found")


class Lookout(Generic[Found]):
    """One look at a time; what it found is kept for `kept_s`. Lives on one event loop."""

    def __init__(self, look: Callable[[], Found], kept_s: float, old: float = OLD) -> None:
        """old: times kept_s."""
        self._look, self._kept_s, self._old_s = look, kept_s, old * kept_s
        self._found: Found | None = None
        self._at = 0.0
        self._looking: asyncio.Future[Found | None] | None = None

    async def found(self, within_s: float) -> Found | None:
        """The newest; None where none came in time."""
        age = time.monotonic() - self._at
        if self._found is not None and age < self._kept_s:
            return self._found
        looking = self._looking or self._begin()
        if self._found is not None and age < self._old_s:
            return self._found
        done, _ = await asyncio.wait([looking], timeout=within_s)
        return looking.result() if done else None

    @property
    def newest(self) -> Found | None:
        """Without a look; None where there is none, or an old one."""
        return self._found if time.monotonic() - self._at < self._old_s else None

    def _begin(self) -> "asyncio.Future[Found | None]":
        loop = asyncio.get_running_loop()
        self._looking = loop.create_future()
        # Not a thread of the pool: a look that hangs would keep the process from ending.
        threading.Thread(target=self._run, args=(loop,), name="lookout", daemon=True).start()
        return self._looking

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        found: Found | None = None
        try:
            found = self._look()
        finally:
            with suppress(RuntimeError):  # the application has ended meanwhile
                loop.call_soon_threadsafe(self._tell, found)

    def _tell(self, found: Found | None) -> None:
        looking, self._looking = self._looking, None
        self._found, self._at = found, time.monotonic()
        if looking is not None and not looking.done():
            looking.set_result(found)
