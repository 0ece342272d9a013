"""The only now(): the real clock, or `HORSES_CLOCK=<epoch>@<rate>` for a demo or a replay on its own database."""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from horses_scrapy.errors import ConfigError

MAX_RATE = 30
VARIABLE = "HORSES_CLOCK"
_END_MS = 253_370_764_800_000  # the year 9999: a datetime ends there


@dataclass(frozen=True, slots=True)
class Clock:
    """Time that runs `rate` times as fast as the real clock since the real instant `epoch` (seconds since 1970 UTC).

    Every process that is given the same pair reads the same time, so nothing has to be shared between them.
    """

    epoch: float = 0.0
    rate: float = 1.0

    @property
    def simulated(self) -> bool:
        return self.rate != 1.0

    def now_ms(self) -> int:
        """This clock's instant in epoch milliseconds UTC."""
        return round((self.epoch + (time.time() - self.epoch) * self.rate) * 1000)

    def now(self) -> datetime:
        return from_ms(self.now_ms())

    def real_seconds(self, seconds: float) -> float:
        """The real time that `seconds` of this clock take."""
        return seconds / self.rate

    @staticmethod
    def monotonic_ms() -> int:
        """Real milliseconds since boot: comparable between processes of one machine, untouched by clock steps."""
        return time.monotonic_ns() // 1_000_000


def from_environment(environ: Mapping[str, str] = os.environ) -> Clock:
    """The clock that `HORSES_CLOCK` asks for, or the real one. Raises ConfigError on a malformed value."""
    text = environ.get(VARIABLE)
    if not text:
        return Clock()
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)@(\d{1,4}(?:\.\d{1,6})?)", text, re.ASCII)
    if match is None or not 0 < float(match[2]) <= MAX_RATE:
        raise ConfigError(f"{VARIABLE}={text!r}: write <epoch seconds>@<rate>, the rate above 0 and at most {MAX_RATE}")
    clock = Clock(epoch=float(match[1]), rate=float(match[2]))
    if not 0 <= clock.now_ms() < _END_MS:
        raise ConfigError(f"{VARIABLE}={text!r}: that clock shows no year from 1970 to 9998 now; mind the epoch's unit")
    return clock


def from_ms(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_ms(instant: datetime) -> int:
    """Epoch milliseconds of an aware datetime. Raises ValueError on a naive one."""
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no time zone")
    return round(instant.timestamp() * 1000)
