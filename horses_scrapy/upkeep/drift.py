"""db.py drift: how far odds move from the last minutes before a race to its final ones, by track and source.

From what alerts/drift.py notes when a race becomes official, and works out of the history of races that no rule looked
at: for spans of minutes to post the newest sound board's prices, beside the final ones. The price of T-5 is that of the newest board at or before five minutes to post, but none
that is as far away as the next mark; T-0 is the last board before the off, if it came in the last five minutes.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

from alerts.drift import of_unnoted
from alerts.rules import RuleSet
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage import drift as sql
from horses_scrapy.storage.drift import Noted
from horses_scrapy.storage.looking import reading
from horses_scrapy.upkeep import screen

STALE_AFTER_MS = round(RuleSet().stale_after * 1000)
"""A board whose source says that it is older is left out (the default of alerts.yaml's stale_after)."""
MARKS: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {10: (10, 15), 5: (5, 6, 8), 1: (1, 2, 3, 4), 0: (0, 1, 2, 3, 4)}
)
"""Minutes to post -> the noted spans that may stand for them, by where each span begins, nearest first."""

HEADERS = ("track", "source", "from", "races", "prices", "ratio p10", "median", "p90", "points median", "p90 ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """ratio: final / then of decimal odds; points: how far 100 / odds moved, up or down. `minutes` 0 is the last board."""

    track: str
    source: str
    minutes: int
    races: int
    prices: int
    ratio_p10: float
    ratio_median: float
    ratio_p90: float
    points_median: float
    points_p90: float


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "ratio: final / then of decimal odds (below 1: backed). points: by how much 100 / decimal odds moved, up or down."
        " Percentiles are interpolated between the two nearest values."
    )
    parser.add_argument("--track", metavar="KEY", help="key or code (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON array")


def run(settings: Settings, told: argparse.Namespace) -> int:
    with reading(settings) as connection:
        noted = sql.noted(connection, told.track)
        noted += of_unnoted(connection, told.track, STALE_AFTER_MS)
    found = spreads(noted)
    if told.json:
        screen.say(json.dumps([asdict(one) for one in found], indent=2))
        return OK
    screen.table(HEADERS, [_line(one) for one in found], numbers=HEADERS[3:])
    screen.say(f"{len({one.race_id for one in noted})} official races")
    return OK


def _line(one: Spread) -> tuple[str, ...]:
    ratios = (f"{value:.3f}" for value in (one.ratio_p10, one.ratio_median, one.ratio_p90))
    points = (f"{value:.2f}" for value in (one.points_median, one.points_p90))
    return (one.track, one.source, f"T-{one.minutes}", str(one.races), str(one.prices), *ratios, *points)


def spreads(noted: Iterable[Noted]) -> list[Spread]:
    """By track, source and mark, those far from the post first; marks of which nothing is known are left out."""
    by_source: dict[tuple[str, str], list[Noted]] = defaultdict(list)
    for one in noted:
        by_source[one.track, one.source].append(one)
    return [
        _spread(minutes, standing)
        for _, own in sorted(by_source.items())
        for minutes, spans in MARKS.items()
        if (standing := _standing(own, spans))
    ]


def _standing(noted: Iterable[Noted], spans: Sequence[int]) -> list[Noted]:
    """Of each interest the nearest price."""
    nearest: dict[tuple[int, str], Noted] = {}
    for one in sorted((one for one in noted if one.minutes in spans), key=lambda one: -one.minutes):
        nearest[one.race_id, one.label] = one
    return list(nearest.values())


def _spread(minutes: int, standing: Sequence[Noted]) -> Spread:
    ratios = sorted(one.final_price / one.price for one in standing)
    points = sorted(abs(100_000 / one.final_price - 100_000 / one.price) for one in standing)
    return Spread(
        track=standing[0].track,
        source=standing[0].source,
        minutes=minutes,
        races=len({one.race_id for one in standing}),
        prices=len(standing),
        ratio_p10=percentile(ratios, 0.1),
        ratio_median=percentile(ratios, 0.5),
        ratio_p90=percentile(ratios, 0.9),
        points_median=percentile(points, 0.5),
        points_p90=percentile(points, 0.9),
    )


def percentile(ascending: Sequence[float], share: float) -> float:
    """At (n - 1) x share among n values, interpolated: numpy's `linear`, statistics' `inclusive`."""
    place = (len(ascending) - 1) * share
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (place - below)
