"""Who schedules: one process, on however many machines. A standby waits, and takes over from what ended or froze."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import AlreadyRunning, StoreError
from horses_scrapy.only_one import only_one
from horses_scrapy.scheduling.stop import Stop
from horses_scrapy.storage.address import PostgresServer, address_of
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.leader import FencedStore, Leader, SessionLock, begin, end_sessions, leader_of

logger = logging.getLogger(__name__)

NAME = "scheduler"
FROZEN_TICKS = 2
"""A leader that has not said for so many ticks that it is alive is cut off."""
LONGEST_LOOK_S = 1.0
"""Real seconds between two looks of a standby."""


class Dismissed(Exception):
    """A standby was told to stop before it ever led."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The right to schedule: `store` is the only way to write while it lasts."""

    store: FencedStore
    lock: SessionLock | None
    clock: Clock

    def renew(self) -> None:
        """At each tick. Raises Deposed where another leads, AlreadyRunning where it is about to."""
        if self.lock is not None:
            self.lock.keep()
        self.store.renew(self.clock.now_ms())


@contextmanager
def leading(settings: Settings, clock: Clock, stop: Stop, *, standby: bool = False) -> Iterator[Lead]:
    """Open the database, and be the only scheduler that writes to it while the body runs.

    Raises AlreadyRunning where another leads, Dismissed where a standby is stopped.
    """
    limits = Limits(query_timeout=settings.database.query_timeout)
    with closing(open_store(settings, clock)) as store, ExitStack() as held:
        logger.info("%s", store.banner())
        lock = _waited_for(settings, store, stop, held) if standby else _taken(settings, store, clock, held)
        with store.write() as connection:
            term = begin(connection, NAME, clock.now_ms())
        with closing(FencedStore(store, term, limits)) as fenced:
            yield Lead(fenced, lock, clock)


def _taken(settings: Settings, store: Store, clock: Clock, held: ExitStack) -> SessionLock | None:
    """Released with `held`. A file has one machine: there the lock of its state directory is enough."""
    if not isinstance(store.address, PostgresServer):
        held.enter_context(only_one(settings.state_dir / "scheduler.lock", NAME))
        return None
    try:
        return held.enter_context(closing(SessionLock(address_of(settings), NAME)))
    except AlreadyRunning as error:
        raise AlreadyRunning(f"{error}{_since(store, clock)}") from None


def _since(store: Store, clock: Clock) -> str:
    leader = _leader(store)
    if leader is None:
        return ""
    minutes = max(0, clock.now_ms() - leader.taken_at) // 60_000
    return f"; {leader.holder} leads for {minutes // 60} h {minutes % 60} min"


def _leader(store: Store) -> Leader | None:
    with store.read() as connection:
        return leader_of(connection, NAME)


def _waited_for(settings: Settings, store: Store, stop: Stop, held: ExitStack) -> SessionLock | None:
    watch, told, clock = Watch(settings.scheduler.tick), False, Clock()
    while True:
        try:
            return _taken(settings, store, clock, held)
        except AlreadyRunning as error:
            if not told:
                logger.info("Standing by: %s", error)
            told = True
        _cut_off_if_frozen(settings, store, watch)
        if stop.wait(min(LONGEST_LOOK_S, settings.scheduler.tick / 4)) and not stop.takes_reload():
            raise Dismissed


def _cut_off_if_frozen(settings: Settings, store: Store, watch: "Watch") -> None:
    try:
        leader = _leader(store)
        if leader is not None and watch.is_frozen(leader, Clock.monotonic_ms()):
            ended = end_sessions(address_of(settings), NAME)
            logger.warning(
                "%s has not been heard of for %d ticks: %d of its sessions are ended",
                leader.holder,
                FROZEN_TICKS,
                ended,
            )
    except StoreError as error:
        logger.warning("%s. The standby tries again", error)


class Watch:
    """Whether a leader still says that it is alive, by our own clock: two machines' clocks need not agree."""

    def __init__(self, tick: float) -> None:
        self._patience_ms = round(FROZEN_TICKS * tick * 1000)
        self._seen: tuple[int, int] | None = None
        self._since = 0

    def is_frozen(self, leader: Leader, mono_ms: int) -> bool:
        said = (leader.epoch, leader.renewed_at)
        if said != self._seen:
            self._seen, self._since = said, mono_ms
        return mono_ms - self._since > self._patience_ms
