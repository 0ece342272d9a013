"""What all processes of this installation know of one host: whose turn it is, how fast we asked, whether it refused us.

Two small files in `<state_dir>/hosts/`. `<host>.turn` is held (flock) from before a request until its answer, so that one
request is under way at a time; the kernel frees it with its process. It is written only by who holds it. `<host>.refused`
stands while the host is left alone, and is replaced whole. Times are epoch ms of the installation's clock.
"""

import fcntl
import json
import logging
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings
from horses_scrapy.hosts import origin

logger = logging.getLogger(__name__)

LONGEST_REFUSAL_MS = 7 * 86_400_000
"""A Retry-After beyond a week is a mistake, and must not silence a track for ever."""
_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Pace:
    """`arrival`: see bucket.py. `not_before`: the host asked for a pause (429 or 503 with Retry-After) until then."""

    arrival: int = 0
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """The host refused us at `at` and is left alone until `until`."""

    at: int
    until: int


_State = TypeVar("_State", Pace, Refusal)


class Turn:
    """The right to ask the host now."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor, self._path = descriptor, path

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """None while somebody else has it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor, path)

    def pace(self) -> Pace:
        """What the last holder left. The file keeps its place: another would be another lock."""
        written = os.pread(self._descriptor, _SIZE, 0)
        if not written:
            return Pace()
        try:
            return _read(Pace, written)
        except ValueError as error:
            _put_aside(self._path, written, error)
            os.ftruncate(self._descriptor, 0)
            return Pace()

    def leave(self, pace: Pace) -> None:
        """One line, of which what is left of a longer one is no part, should we be killed in between."""
        os.ftruncate(self._descriptor, os.pwrite(self._descriptor, _line(pace), 0))

    def end(self) -> None:
        os.close(self._descriptor)


class Host:
    """One scheme, host and port. `name` is how a log line calls it."""

    def __init__(self, folder: Path, url: str, now: Clock) -> None:
        scheme, host, port = origin(url)
        stem = folder / f"{scheme}-{quote(host, safe='')}-{port}"
        self.name = urlsplit(url).netloc.rpartition("@")[2]
        self._clock = now
        self._turn, self._refused = stem.with_name(f"{stem.name}.turn"), stem.with_name(f"{stem.name}.refused")

    def take_turn(self) -> Turn | None:
        """None while another request is under way."""
        self._turn.parent.mkdir(parents=True, exist_ok=True)
        return Turn.take(self._turn)

    def refuse(self, seconds: float) -> None:
        """The host refused us just now: nobody asks it for so long. What stands longer stays."""
        now = self._clock.now_ms()
        until = now + min(round(seconds * 1000), LONGEST_REFUSAL_MS)
        standing = self._refusal()
        if standing is not None and standing.until >= until:
            return
        self._refused.parent.mkdir(parents=True, exist_ok=True)
        written = self._refused.with_name(f"{self._refused.name}.{os.getpid()}")
        written.write_bytes(_line(Refusal(now, until)))
        written.replace(self._refused)

    def left_alone(self) -> str | None:
        """Why the host must not be asked now, or None."""
        standing = self._refusal()
        if standing is None:
            return None
        return f"{self.name} refused us at {_utc(standing.at)}, left alone until {_utc(standing.until)}"

    def _refusal(self) -> Refusal | None:
        """One that began in the future is of another clock."""
        now = self._clock.now_ms()
        try:
            written = self._refused.read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = _read(Refusal, written)
        except ValueError as error:
            _put_aside(self._refused, written, error)
            self._refused.unlink(missing_ok=True)
            return None
        return found if found.at <= now < found.until else None


class Hosts:
    """All hosts of this process."""

    def __init__(self, settings: Settings, now: Clock) -> None:
        self._folder = settings.state_dir / "hosts"
        self._clock = now

    def of(self, url: str) -> Host:
        return Host(self._folder, url, self._clock)


def _line(state: Pace | Refusal) -> bytes:
    return json.dumps(asdict(state)).encode() + b"\n"


def _read(kind: type[_State], written: bytes) -> _State:
    """Raises ValueError."""
    found = json.loads(written.partition(b"\n")[0])
    names = {field.name for field in fields(kind)}
    if not isinstance(found, dict) or found.keys() != names or any(type(value) is not int for value in found.values()):
        raise ValueError(f"{', '.join(sorted(names))} are expected, each a whole number")
    return kind(**found)


def _put_aside(path: Path, written: bytes, error: ValueError) -> None:
    aside = path.with_name(f"{path.name}.broken")
    aside.write_bytes(written)
    logger.warning("%s: cannot be read (%s): put aside as %s, begun anew", path, error, aside.name)


def _utc(milliseconds: int) -> str:
    return f"{from_ms(milliseconds):%Y-%m-%d %H:%M:%SZ}"
