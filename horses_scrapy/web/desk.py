"""Where every answer is made: read in one snapshot, and kept for as long as nothing was committed that it shows."""

import asyncio
import functools
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.version import Version
from horses_scrapy.web.meters import Meters
from horses_scrapy.web.models.base import Answer
from horses_scrapy.web.packing import ENCODING, is_packed_for, packed
from horses_scrapy.web.render import render
from horses_scrapy.web.watch import Watch

KEEP_S = 1.0
"""Of our clock: ages and minutes to post go on while nothing is committed."""
MOST_BYTES = 64 * 1024 * 1024
READERS = 4
"""Answers that are made at a time."""

Found = TypeVar("Found")
Key = tuple[str, str, str]
"""Path, query, form."""
KEPT_AS = "kept_as"
"""In the scope of a request: the Key of its answer."""


class Shared:
    """What several answers need under one version of the database, worked out by the first that asks. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Hashable, tuple[str, float, object]] = {}

    def get(self, what: Hashable, version: str, work: Callable[[], Found]) -> Found:
        with self._lock:
            known = self._found.get(what)
            if known is None or known[0] != version or known[1] < time.monotonic():
                known = self._found[what] = (version, time.monotonic() + KEEP_S, work())
            return cast("Found", known[2])


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer is made from. All of `connection`'s statements see the same commit, `version` or a later one."""

    connection: Connection
    settings: Settings
    clock: Clock
    now_ms: int
    version: str = ""
    shared: Shared = field(default_factory=Shared)

    def once(self, what: Hashable, work: Callable[[], Found]) -> Found:
        """What several answers need, worked out once for a version."""
        return self.shared.get(what, self.version, work)


Mark = Callable[[Reading], Hashable]
"""What differs where the answer would; read in a fraction of the time that the answer takes."""


@dataclass(frozen=True, slots=True)
class Made:
    """An answer's bytes, the version of the database that they hold under, and until when (monotonic s).

    After that they hold on where the answer's mark is still the same.
    """

    body: bytes
    etag: str
    version: str
    until: float
    mark: Hashable = None
    packed: bytes | None = None
    """The body compressed, once somebody has asked for it so."""

    def holds(self, version: str) -> bool:
        return self.version == version and time.monotonic() <= self.until

    @property
    def size(self) -> int:
        return len(self.body) + (0 if self.packed is None else len(self.packed))


class Kept:
    """Answers, the least lately used dropped first. Not for threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._made: OrderedDict[Key, Made] = OrderedDict()

    def get(self, key: Key) -> Made | None:
        made = self._made.get(key)
        if made is not None:
            self._made.move_to_end(key)
        return made

    def put(self, key: Key, made: Made) -> None:
        before = self._made.pop(key, None)
        self._bytes += made.size - (0 if before is None else before.size)
        self._made[key] = made
        while self._bytes > self._most and self._made:
            _, dropped = self._made.popitem(last=False)
            self._bytes -= dropped.size


class Desk:
    """One for the whole application: lives on its event loop."""

    def __init__(self, settings: Settings, clock: Clock, store: Store, meters: Meters) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.meters = meters
        self._version = Version(store)
        self._kept = Kept()
        self._shared = Shared()
        self._making: dict[tuple[Key, str], asyncio.Task[Made]] = {}
        self._readers = CapacityLimiter(READERS)
        self.watch = Watch(settings, store)
        self._keep_s = KEEP_S / clock.rate

    async def answer(self, request: Request, work: Callable[[Reading], Answer], mark: Mark | None = None) -> Response:
        """JSON. Without a mark it is made anew after any commit."""
        return await self._reply(request, "application/json", lambda reading: work(reading).json_bytes(), mark)

    async def text(
        self, request: Request, media: str, work: Callable[[Reading], str], mark: Mark | None = None
    ) -> Response:
        return await self._reply(request, media, lambda reading: work(reading).encode(), mark)

    async def page(
        self,
        request: Request,
        template: str,
        work: Callable[[Reading], Mapping[str, object]],
        mark: Mark | None = None,
    ) -> Response:
        """HTML: what `work` finds is what the template is given, beside `now_ms`, `rate` and `path`."""

        def make(reading: Reading) -> bytes:
            around = {"now_ms": reading.now_ms, "rate": reading.clock.rate, "path": request.url.path}
            return render(template, {**around, **work(reading)})

        return await self._reply(request, "text/html", make, mark)

    async def version(self) -> str:
        if self.store.dialect == "sqlite":
            return self._version.now()  # some microseconds
        return await to_thread.run_sync(self._version.now, limiter=self._readers)

    async def current(self, key: Key) -> Made | None:
        """What is kept and holds, without a look at what it shows; None where there is none."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        try:
            version = await self.version()
        except StoreError:
            return None  # who makes it anew says so
        return kept if kept.holds(version) else None

    def close(self) -> None:
        self._version.close()

    async def _reply(
        self, request: Request, media: str, make: Callable[[Reading], bytes], mark: Mark | None
    ) -> Response:
        key = request.scope[KEPT_AS] = (request.url.path, request.url.query, media)
        made = await self._made(key, make, mark)
        headers = {"ETag": made.etag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
        if made.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if is_packed_for(request.headers.get("accept-encoding", ""), made.body):
            headers |= {"Content-Encoding": ENCODING, "Vary": f"{headers['Vary']}, Accept-Encoding"}
            return Response(await self._packed(key, made), media_type=media, headers=headers)
        return Response(made.body, media_type=media, headers=headers)

    async def _made(self, key: Key, make: Callable[[Reading], bytes], mark: Mark | None) -> Made:
        """Who asks for what is being made under the same version waits for that."""
        version = await self.version()
        kept = self._kept.get(key)
        if kept is not None and kept.holds(version):
            self.meters.kept()
            return kept
        making = self._making.get((key, version))
        if making is None:
            making = asyncio.create_task(self._make(key, version, kept, make, mark))
            self._making[key, version] = making
            making.add_done_callback(lambda _: self._making.pop((key, version), None))
        return await asyncio.shield(making)

    async def _packed(self, key: Key, made: Made) -> bytes:
        if made.packed is not None:
            return made.packed
        body = await to_thread.run_sync(packed, made.body, limiter=self._readers)
        kept = self._kept.get(key)
        if kept is not None and kept.etag == made.etag:
            self._kept.put(key, replace(kept, packed=body))
        return body

    async def _make(
        self, key: Key, version: str, kept: Made | None, make: Callable[[Reading], bytes], mark: Mark | None
    ) -> Made:
        read = functools.partial(self._read, version, kept, make, mark)
        made = await to_thread.run_sync(read, limiter=self._readers)
        self._kept.put(key, made)
        (self.meters.made if kept is None or made.body is not kept.body else self.meters.kept)()
        return made

    def _read(self, version: str, kept: Made | None, make: Callable[[Reading], bytes], mark: Mark | None) -> Made:
        until = time.monotonic() + self._keep_s
        with self.store.snapshot() as connection, self.meters.watching(connection):
            reading = Reading(connection, self.settings, self.clock, self.clock.now_ms(), version, self._shared)
            now = None if mark is None else mark(reading)
            if kept is not None and now is not None and kept.mark == now:
                return replace(kept, version=version, until=until)
            body = make(reading)
        return Made(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', version, until, now)


async def desk_of(request: Request) -> Desk:
    """A coroutine: FastAPI takes a thread for a function."""
    desk: Desk = request.app.state.desk
    return desk
