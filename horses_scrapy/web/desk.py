"""Where every answer is made: read in one snapshot, and kept for as long as nothing was committed."""

import asyncio
import functools
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.version import Version
from horses_scrapy.web.meters import Meters
from horses_scrapy.web.models.base import Answer
from horses_scrapy.web.render import render
from horses_scrapy.web.watch import Watch

KEEP_S = 1.0
"""Of our clock: ages and minutes to post go on while nothing is committed."""
MOST_BYTES = 64 * 1024 * 1024
READERS = 4
"""Answers that are made at a time."""

Key = tuple[str, str, str]
"""Path, query, form."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer is made from. All of `connection`'s statements see the same commit."""

    connection: Connection
    settings: Settings
    clock: Clock
    now_ms: int


@dataclass(frozen=True, slots=True)
class Made:
    """An answer's bytes, the version of the database that they were read under, and until when they hold (monotonic s)."""

    body: bytes
    etag: str
    version: str
    until: float


class Kept:
    """Answers, the least lately used dropped first. Not for threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._made: OrderedDict[Key, Made] = OrderedDict()

    def get(self, key: Key, version: str) -> Made | None:
        made = self._made.get(key)
        if made is None or made.version != version or made.until < time.monotonic():
            return None
        self._made.move_to_end(key)
        return made

    def put(self, key: Key, made: Made) -> None:
        before = self._made.pop(key, None)
        self._bytes += len(made.body) - (0 if before is None else len(before.body))
        self._made[key] = made
        while self._bytes > self._most and self._made:
            _, dropped = self._made.popitem(last=False)
            self._bytes -= len(dropped.body)


class Desk:
    """One for the whole application: lives on its event loop."""

    def __init__(self, settings: Settings, clock: Clock, store: Store, meters: Meters) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.meters = meters
        self._version = Version(store)
        self._kept = Kept()
        self._making: dict[tuple[Key, str], asyncio.Task[Made]] = {}
        self._readers = CapacityLimiter(READERS)
        self.watch = Watch(settings, store)
        self._keep_s = KEEP_S / clock.rate

    async def answer(self, request: Request, work: Callable[[Reading], Answer]) -> Response:
        """JSON."""
        return await self._reply(request, "application/json", lambda reading: work(reading).json_bytes())

    async def text(self, request: Request, media: str, work: Callable[[Reading], str]) -> Response:
        return await self._reply(request, media, lambda reading: work(reading).encode())

    async def page(self, request: Request, template: str, work: Callable[[Reading], Mapping[str, object]]) -> Response:
        """HTML: what `work` finds is what the template is given, beside `now_ms`, `rate` and `path`."""

        def make(reading: Reading) -> bytes:
            around = {"now_ms": reading.now_ms, "rate": reading.clock.rate, "path": request.url.path}
            return render(template, {**around, **work(reading)})

        return await self._reply(request, "text/html", make)

    async def version(self) -> str:
        if self.store.dialect == "sqlite":
            return self._version.now()  # some microseconds
        return await to_thread.run_sync(self._version.now, limiter=self._readers)

    def close(self) -> None:
        self._version.close()

    async def _reply(self, request: Request, media: str, make: Callable[[Reading], bytes]) -> Response:
        made = await self._made((request.url.path, request.url.query, media), make)
        headers = {"ETag": made.etag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
        if made.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(made.body, media_type=media, headers=headers)

    async def _made(self, key: Key, make: Callable[[Reading], bytes]) -> Made:
        """Who asks for what is being made under the same version waits for that."""
        version = await self.version()
        kept = self._kept.get(key, version)
        if kept is not None:
            self.meters.kept()
            return kept
        making = self._making.get((key, version))
        if making is None:
            self.meters.made()
            making = asyncio.create_task(self._make(key, version, make))
            self._making[key, version] = making
            making.add_done_callback(lambda _: self._making.pop((key, version), None))
        return await asyncio.shield(making)

    async def _make(self, key: Key, version: str, make: Callable[[Reading], bytes]) -> Made:
        until = time.monotonic() + self._keep_s
        body = await to_thread.run_sync(functools.partial(self._read, make), limiter=self._readers)
        made = Made(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', version, until)
        self._kept.put(key, made)
        return made

    def _read(self, make: Callable[[Reading], bytes]) -> bytes:
        with self.store.snapshot() as connection, self.meters.watching(connection):
            return make(Reading(connection, self.settings, self.clock, self.clock.now_ms()))


async def desk_of(request: Request) -> Desk:
    """A coroutine: FastAPI takes a thread for a function."""
    desk: Desk = request.app.state.desk
    return desk
