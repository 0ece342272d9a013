"""How pages put values: Jinja filters. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from alerts.safe_header import clean
from horses_scrapy.clock import to_ms
from horses_scrapy.web.cloth import cloth


@lru_cache(maxsize=4096)
def name(text: str | None) -> str:
    """Text of a site, on one line and without what turns the direction of writing; `-` for none."""
    return "-" if text is None else clean(text)


def at_track(at: datetime | None, timezone: str) -> str:
    """`14:05 EDT`."""
    return "-" if at is None else f"{at.astimezone(ZoneInfo(timezone)):%H:%M %Z}"


def to_the_second(at: datetime | None, timezone: str) -> str:
    """`14:05:33 EDT`."""
    return "-" if at is None else f"{at.astimezone(ZoneInfo(timezone)):%H:%M:%S %Z}"


def epoch_ms(at: datetime | None) -> str:
    return "" if at is None else str(to_ms(at))


def amount(units: float | None) -> str:
    """Of money, in whole units: `12,345`."""
    return "-" if units is None else f"{units:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """Of a share: 0.255 -> `25.5%`."""
    return "-" if share is None else f"{share * 100:.{digits}f}%"


def signed(number: float | None, digits: int = 1) -> str:
    """`+1.2`, `-0.4`, `0.0`, with a real minus sign."""
    if number is None:
        return ""
    text = f"{number:+.{digits}f}"
    return f"{0:.{digits}f}" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def age(seconds: float | None) -> str:
    """`12 s`, `4 min`, `3 h`, `2 d`."""
    if seconds is None:
        return "never"
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{max(0, seconds) / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "name": name,
        "at_track": at_track,
        "to_the_second": to_the_second,
        "epoch_ms": epoch_ms,
        "amount": amount,
        "percent": percent,
        "signed": signed,
        "age": age,
        "cloth": cloth,
    }
)
