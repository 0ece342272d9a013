"""Which race of the day a market of Betfair is.

Markets of Great Britain and Ireland carry no race number: races are numbered by the order of their market times. The
catalogue drops a race once it is settled (the recorded one of Penrith begins with R5), so a day that has begun can only be
numbered from what an earlier run saw of it; the event's openDate, its first race's time, tells that a race is missing.
Where the market's name has a number (`R5 1720m Pace M`: Australia, South Africa, America), it is taken.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from horses_scrapy.errors import ParseError
from horses_scrapy.sources.json_body import Json

DRIFT = timedelta(minutes=20)
"""A first race this much later than openDate is delayed; two races are never so close."""
_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=UTC) for year in (1970, 9999))
_NUMBERED = re.compile(r"R([1-9]\d?)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Market:
    """A market of the track's day: what tells which race it is of."""

    market_id: str
    kind: str
    time: datetime
    opens: datetime
    node: Json


def race_numbers(wins: Sequence[Market], ids: Mapping[str, int], times: Mapping[datetime, int]) -> dict[str, int]:
    """Race numbers by WIN market: as its id is known, as it is named, as its time is known, else by the order of times.

    A market that was voided and made anew has another id and the old time. Raises ParseError where nothing settles them.
    """
    numbers = dict(ids)
    for market in wins:
        named = _NUMBERED.match(market.node.optional_text("marketName") or "")
        told = int(named[1]) if named is not None else times.get(market.time)
        if told is not None:
            numbers.setdefault(market.market_id, told)
    new = [market for market in wins if market.market_id not in numbers]
    settled = {number: time for time, number in times.items()}
    settled |= {numbers[market.market_id]: market.time for market in wins if market.market_id in numbers}
    for group in _gaps(new, sorted((time, number) for number, time in settled.items())):
        numbers |= group
    found = [numbers[market.market_id] for market in wins]
    if len(set(found)) != len(found):
        raise ParseError(f"result: races numbered {sorted(found)}: two markets claim one number")
    return numbers


def _gaps(new: Sequence[Market], numbered: Sequence[tuple[datetime, int]]) -> Iterator[dict[str, int]]:
    """New races between the numbered ones: as many as there are numbers free, or at the day's end any number."""
    for (after, first), (before, following) in zip([(_EARLIEST, 0), *numbered], [*numbered, (_LATEST, 0)], strict=True):
        group = sorted((market for market in new if after < market.time < before), key=lambda market: market.time)
        if group and following and following - first - 1 != len(group):
            raise ParseError(f"{group[0].node.path}: a race at {group[0].time} between races {first} and {following}")
        if group and not numbered:
            _begins_the_day(group[0])
        yield {market.market_id: first + place for place, market in enumerate(group, start=1)}


def _begins_the_day(market: Market) -> None:
    if abs(market.time - market.opens) >= DRIFT:
        raise ParseError(
            f"{market.node.path}: the meeting opened at {market.opens}, its first market is of {market.time}:"
            " earlier races are no longer listed, and no earlier run has seen them"
        )
