"""Where a price is likely to end, by how far the track's odds drifted before."""

import math
from collections.abc import Sequence

from sqlalchemy import Connection

from alerts.drift import MARKET, MINUTES
from alerts.evaluate import Firing
from alerts.history import minutes_to_post
from alerts.rules.price import PriceRule
from horses_scrapy.items import Notation
from horses_scrapy.odds import show
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.drift import PastDrift, drifts_before

LEAST_RACES = 30
MOST_RACES = 300
"""The newest ones: how late the money comes changes with a track's rules for large bettors."""
_SHORTEST = 1010
"""1.01: no tote pays less."""


def expected(connection: Connection, firing: Firing, board: BoardView) -> str | None:
    """`final range 5-2 to 4-1 (p10-p90 of 42 races from 4 MTP)`; None where too little is known, or for no live price."""
    rule, reading = firing.rule, firing.reading
    if not isinstance(rule, PriceRule) or rule.market != MARKET or reading.capped or firing.event == "resolved":
        return None
    minutes = from_minutes(minutes_to_post(board.minutes_to_post, board.race.post_time, board.fetched_at))
    if minutes is None:
        return None
    past = drifts_before(connection, board.race, board.source.name, minutes, MOST_RACES)
    return final_range(reading.now, past, minutes, board.source.notation)


def from_minutes(left: float | None) -> int | None:
    """The minutes whose drifts apply: the next known that are not fewer, so that the range is rather too wide."""
    if left is None:
        return None
    return min((minutes for minutes in MINUTES if minutes >= int(left)), default=None)


def final_range(price: int, past: Sequence[PastDrift], minutes: int, notation: Notation) -> str | None:
    """`past` counts by races, not by horses: the horses of a race drift together."""
    races = len({drift.race_id for drift in past})
    if races < LEAST_RACES:
        return None
    ratios = sorted(drift.final_price / drift.price for drift in past)
    low, high = (_shown(price * _quantile(ratios, share), notation) for share in (0.1, 0.9))
    return f"final range {low} to {high} (p10-p90 of {races} races from {minutes} MTP)"


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank: the least value that so large a share does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _shown(price: float, notation: Notation) -> str:
    """To a hundredth in decimal: it is an estimate."""
    return show(max(_SHORTEST, round(price / 10) * 10), notation)
