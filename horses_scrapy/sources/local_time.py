"""A source's clock times without an offset: they are those of the track's zone, or of the zone the source declares."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from horses_scrapy.errors import ParseError


def local_instant(text: str, zone: str, where: str) -> datetime | None:
    """`2026-06-28 15:52:30` in a zone, as an aware UTC time; None in the hour that a clock change repeats: never a guess.

    Raises ParseError for what is no time, has an offset after all, or falls into the hour that a clock change skips.
    """
    try:
        naive = datetime.fromisoformat(text)
    except ValueError as error:
        raise ParseError(f"{where}: {text[:40]!r} is no time") from error
    if naive.tzinfo is not None:
        raise ParseError(f"{where}: {text[:40]!r} has an offset, a local time is expected")
    return _settled(naive, ZoneInfo(zone), where)


def clock_instant(day: date, at: time, zone: str, where: str) -> datetime | None:
    """A time of day on a date, as `local_instant`."""
    return _settled(datetime.combine(day, at), ZoneInfo(zone), where)


def _settled(naive: datetime, zone: ZoneInfo, where: str) -> datetime | None:
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != naive:
        raise ParseError(f"{where}: {naive} does not exist in {zone.key}: the clocks were set forward")
    return first if first == second else None
