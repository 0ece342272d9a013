"""Times as people type them, and as tools print them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from horses_scrapy.clock import from_ms, to_ms
from horses_scrapy.errors import ConfigError

_SPAN = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?", re.ASCII)
_AT_PLACE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?: +(\S+))?", re.ASCII)


def span_ms(text: str) -> int:
    """`90m`, `2h`, `1d12h`. Raises ConfigError."""
    match = _SPAN.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    if not (days or hours or minutes):
        raise ConfigError(f"--for {text!r}: a time such as 90m, 2h or 1d12h is expected")
    return to_ms(datetime.fromtimestamp(0, UTC) + timedelta(days=days, hours=hours, minutes=minutes))


def until_ms(text: str, now_ms: int) -> int:
    """`2026-05-02T18:30-04:00`, or the next `18:30 America/New_York` (UTC without a zone). Raises ConfigError."""
    match = _AT_PLACE.fullmatch(text)
    if match is not None and (match[3] or "UTC") in available_timezones():
        return _next(int(match[1]), int(match[2]), ZoneInfo(match[3] or "UTC"), now_ms)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.utcoffset() is None:
        expected = "2026-05-02T18:30-04:00 or 18:30 America/New_York"
        raise ConfigError(f"--until {text!r}: a time with its zone is expected, such as {expected}")
    if to_ms(instant) <= now_ms:
        raise ConfigError(f"--until {text!r}: that is over")
    return to_ms(instant)


def _next(hour: int, minute: int, zone: ZoneInfo, now_ms: int) -> int:
    here = from_ms(now_ms).astimezone(zone)
    at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return to_ms(at if to_ms(at) > now_ms else at + timedelta(days=1))


def clock_time(at_ms: int, zone: str, *, seconds: bool = False) -> str:
    """`16:58`, `16:58:02`, at the track."""
    return f"{from_ms(at_ms).astimezone(ZoneInfo(zone)):{'%H:%M:%S' if seconds else '%H:%M'}}"


def zone_name(at_ms: int, zone: str) -> str:
    return f"{from_ms(at_ms).astimezone(ZoneInfo(zone)):%Z}"


def utc(at_ms: int) -> str:
    return f"{from_ms(at_ms):%Y-%m-%d %H:%M UTC}"
