"""One watcher for all open streams: looks whether anything was committed, reads it once, and hands it to each."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection

from horses_scrapy.clock import from_ms
from horses_scrapy.errors import StoreError
from horses_scrapy.web.desk import Desk
from horses_scrapy.web.errors import Refused
from horses_scrapy.web.models.stream import Hello, Reset
from horses_scrapy.web.stream import news
from horses_scrapy.web.stream.client import Client, Wants
from horses_scrapy.web.stream.news import Event, alive, wire
from horses_scrapy.web.stream.trail import Mark, Trails

LOOK_S = 0.1
ALIVE_S = 15.0
"""Both of real time."""
RETRY = b"retry: 2000\n\n"
READERS = 2

logger = logging.getLogger(__name__)
Found = TypeVar("Found")


class Hub:
    """Reads nothing while no stream is open."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._gaps = desk.store.dialect != "sqlite"  # there, ids are given in the writers' turn
        self._clients: set[Client] = set()
        self._trails: Trails | None = None
        self._version = ""
        self._beginning = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._readers = CapacityLimiter(READERS)
        self._closed = False

    async def join(self, wants: Wants, since: Mark | None) -> tuple[Client, bytes]:
        """A client, and what it is sent first: after `since`, where it was here before. Raises Refused, StoreError."""
        self._refuse()
        client = Client(wants)
        self._clients.add(client)
        self._count()
        try:
            trails = await self._begun()
            client.begin()
            return client, RETRY + await self._opening(client, since, trails)
        except BaseException:
            self.leave(client)
            raise

    def leave(self, client: Client) -> None:
        """The watcher ends by itself after the last."""
        client.end()
        self._clients.discard(client)
        self._count()

    def close(self) -> None:
        """Ends every stream, and lets none begin: their clients come again when the application is back."""
        self._closed = True
        for client in self._clients:
            client.end()

    def _refuse(self) -> None:
        if self._closed or len(self._clients) >= self._desk.settings.api.streams:
            raise Refused(503, "too_many_streams", "as many streams are open as may be: try again later")

    def _count(self) -> None:
        self._desk.meters.streams.set(len(self._clients))

    async def _begun(self) -> Trails:
        """Where the watcher stands: what it finds from now on is given to each client that is in the set."""
        async with self._beginning:
            if self._trails is None:
                self._version = (
                    await self._desk.version()
                )  # before the rows: what comes between is found by the first look
                self._trails = await self._read(lambda connection, now: news.begin(connection, now, gaps=self._gaps))
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch())
            return self._trails

    async def _opening(self, client: Client, since: Mark | None, cut: Trails) -> bytes:
        clock = self._desk.clock
        hello = Hello(now=from_ms(clock.now_ms()), rate=clock.rate)
        if since is None:
            return wire("hello", cut.mark, hello)
        missed = await self._read(lambda connection, _: news.missed(connection, since, cut))
        if missed is None:
            return wire("hello", cut.mark, hello) + _reset(cut)
        told = b"".join(event.wire for event in missed if client.wants.has(event))
        return wire("hello", since, hello) + told + alive(cut.mark)

    async def _watch(self) -> None:
        spoken = time.monotonic()
        try:
            while self._clients:
                await asyncio.sleep(LOOK_S)
                await self._look()
                if time.monotonic() - spoken >= ALIVE_S:
                    self._give_alive()
                    spoken = time.monotonic()
        finally:  # should it ever break, streams end, and begin anew with a new watcher
            self._trails = self._watching = None
            for client in self._clients:
                client.end()

    async def _look(self) -> None:
        """A database that does not answer now is asked again."""
        try:
            version = await self._desk.version()
            if version != self._version:
                await self._tell()
                self._version = version
        except StoreError as error:
            logger.warning("no news for the open streams: %s", error)
            await asyncio.sleep(1)

    async def _tell(self) -> None:
        trails = self._stands()
        found = await self._read(lambda connection, now: news.look(connection, trails, now, gaps=self._gaps))
        self._trails = found.trails
        if found.events is None:
            self._give_all(_reset(found.trails))
            return
        for event in found.events:
            self._give(event, found.trails)

    def _give(self, event: Event, trails: Trails) -> None:
        for client in self._clients:
            if client.wants.has(event):
                client.give(event.wire, _reset(trails))

    def _give_alive(self) -> None:
        self._give_all(alive(self._stands().mark))

    def _give_all(self, told: bytes) -> None:
        reset = _reset(self._stands())
        for client in self._clients:
            client.give(told, reset)

    def _stands(self) -> Trails:
        assert self._trails is not None, "a watcher has begun somewhere"
        return self._trails

    async def _read(self, work: Callable[[Connection, float], Found]) -> Found:
        def read() -> Found:
            with self._desk.store.snapshot() as connection:
                return work(connection, time.monotonic())

        return await to_thread.run_sync(read, limiter=self._readers)


def _reset(trails: Trails) -> bytes:
    return wire("reset", trails.mark, Reset(reason="too much was missed: read again what you show"))
