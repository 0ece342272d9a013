"""`scheduler.py locks`: who holds what. Nothing needs to be freed by hand: every lock dies with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import holders

HEADERS = ("lock", "held by", "for", "state")
FREE = "free"
STALE = "stale: frees itself"
TICKS = 2
"""A leader that has not renewed for so many is frozen or gone: a standby takes over."""


@dataclass(frozen=True, slots=True)
class Held:
    """age: seconds, None where it is not known."""

    lock: str
    holder: str
    age: int | None
    state: str

    @property
    def row(self) -> tuple[str, str, str, str]:
        return self.lock, self.holder, "" if self.age is None else span(self.age), self.state


def span(seconds: int) -> str:
    """`45 s`, `12 min 3 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min {seconds % 60} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def of_files(settings: Settings) -> list[Held]:
    """Of this machine: scheduler, mailer and updates."""
    folder = settings.state_dir
    paths = [folder / "scheduler.lock", folder / "mailer.lock", *sorted((folder / "updates").glob("*.lock"))]
    return [_file(path, str(path.relative_to(folder))) for path in paths]


def _file(path: Path, name: str) -> Held:
    if not path.exists():
        return Held(name, "", None, FREE)
    text = path.read_text(encoding="utf-8").split()
    if not _taken(path):
        return Held(name, "", None, f"free; last pid {text[0]}" if text else FREE)
    if len(text) < 2:
        return Held(name, "pid unknown", None, "just starting")
    return Held(name, f"pid {text[0]}", (Clock.monotonic_ms() - int(text[1])) // 1000, "held")


def _taken(path: Path) -> bool:
    """A shared lock is tried for: two who look do not see each other."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with closing(os.fdopen(descriptor)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def stored(connection: Connection, now_ms: int, tick: float) -> Iterator[Held]:
    """The lead among schedulers, and tracks that are being crawled."""
    for lead in holders.leads(connection):
        silent = now_ms - lead.renewed_at
        state = f"epoch {lead.epoch}, renewed {span(max(0, silent) // 1000)} ago"
        stale = silent > TICKS * tick * 1000
        age = (now_ms - lead.taken_at) // 1000
        yield Held(f"leader {lead.name}", lead.holder, age, f"{state}; {STALE}" if stale else state)
    for lease in holders.leases(connection, now_ms):
        left = (lease.expires_at - now_ms + 999) // 1000
        yield Held(f"track {lease.track}", lease.holder, None, f"{left} s left, unless renewed")
