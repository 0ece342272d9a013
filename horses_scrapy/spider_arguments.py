"""What a person, or the scheduler, asks a crawl for with `-a`. Raises ConfigError, in words that name the argument."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal, Self, get_args

from horses_scrapy.errors import ConfigError

Part = Literal["card", "boards", "results"]
ARGUMENTS = ("race", "date", "due", "only")
"""What an archive keeps of a crawl's arguments: each of its rounds is archived with a date of its own."""
LONGEST_DAYS = 400
_MARGIN_MS, _MARGIN_SHARE = 5000, 5


@dataclass(frozen=True, slots=True)
class Asked:
    """races: empty for all that are not over; due: minutes to post at most; only: one kind of item."""

    races: frozenset[int] = frozenset()
    due: int | None = None
    only: Part | None = None

    @classmethod
    def of(cls, race: str | None, due: str | None, only: str | None) -> Self:
        return cls(_race_numbers(race), _number("due", due, "minutes to post"), _part(only))

    @property
    def narrow(self) -> bool:
        """Whether less than the whole day is asked for: a card that an earlier run fetched then is good enough."""
        return bool(self.races) or self.due is not None or self.only in {"boards", "results"}


@dataclass(frozen=True, slots=True)
class Days:
    """The dates that are asked for, in the order in which they are read.

    one: the only one, asked for by `date` or not at all. again: races that are over are read again, to compare them with
    what is stored. sync: days that an earlier crawl has read to their end are left out.
    """

    dates: tuple[dt.date, ...]
    one: bool = True
    again: bool = False
    sync: bool = False

    @classmethod
    def of(cls, today: dt.date, date: str | None, ahead: str | None, back: str | None, sync: str | None) -> Self:
        if sum(bool(given) for given in (date, ahead, back)) > 1:
            raise ConfigError("-a date, -a days_ahead and -a days_back: only one of them can be asked for")
        if sync and not back:
            raise ConfigError("-a sync is for -a days_back")
        count = _days("days_ahead", ahead)
        if count is not None:
            return cls(tuple(today + dt.timedelta(days=day) for day in range(count + 1)), one=False)
        count = _days("days_back", back)
        if count is not None:
            dates = tuple(today - dt.timedelta(days=day) for day in range(1, count + 1))
            return cls(dates, one=False, again=True, sync=sync == "1")
        return cls((_race_date(date, today),))


@dataclass(frozen=True, slots=True)
class Window:
    """Polls every so often, in milliseconds, until an instant in epoch milliseconds."""

    until: int
    every: int

    @classmethod
    def of(cls, until: str | None, every: str | None) -> Self | None:
        if bool(until) != bool(every):
            raise ConfigError("-a until and -a every belong together: a window has an end and a cadence")
        end, cadence = _number("until", until, "epoch milliseconds", 15), _number("every", every, "seconds")
        if end is None or cadence is None:
            return None
        if cadence == 0:
            raise ConfigError("-a every=0: at least a second is expected")
        return cls(end, cadence * 1000)

    @property
    def margin(self) -> int:
        """A poll stops waiting for a retry so long before the next one is due."""
        return min(_MARGIN_MS, self.every // _MARGIN_SHARE)


def _race_numbers(text: str | None) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in text.split(",")) if text else frozenset()
    except ValueError as error:
        raise ConfigError(f"-a race={text}: race numbers separated by commas are expected") from error


def _race_date(text: str | None, today: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text) if text else today
    except ValueError as error:
        raise ConfigError(f"-a date={text}: a date such as 2026-05-02 is expected") from error


def _number(name: str, text: str | None, what: str, digits: int = 4) -> int | None:
    if not text:
        return None
    if len(text) > digits or re.fullmatch(r"\d+", text, re.ASCII) is None:
        raise ConfigError(f"-a {name}={text}: {what} are expected")
    return int(text)


def _days(name: str, text: str | None) -> int | None:
    count = _number(name, text, "days")
    if count is not None and not 1 <= count <= LONGEST_DAYS:
        raise ConfigError(f"-a {name}={text}: 1 to {LONGEST_DAYS} days are expected")
    return count


def _part(text: str | None) -> Part | None:
    for part in get_args(Part):
        if part == text:
            return part  # type: ignore[no-any-return]
    if text:
        raise ConfigError(f"-a only={text}: one of {', '.join(get_args(Part))} is expected")
    return None
