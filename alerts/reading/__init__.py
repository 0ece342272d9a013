"""What each kind of rule reads off a board."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from alerts.reading import cross_pool, move, overlay, pair, pool, price
from alerts.reading.reading import Reading
from alerts.reading.sheet import Judgement, Sheet, Witness
from alerts.rules import BoardRule
from alerts.rules.pair import CrossPoolRule, ExactaOverlayRule, PayoutRule
from alerts.rules.price import MoveRule, OverlayRule, SteamRule, WinDecimalRule, WinOddsRule
from alerts.rules.race import LargeBetRule, PoolAboveRule

__all__ = ["READERS", "Judgement", "Reading", "Sheet", "Witness"]

Reader = Callable[[Any, Sheet], Iterator[Reading]]

READERS: Mapping[type[BoardRule], Reader] = MappingProxyType(
    {
        WinOddsRule: price.levels,
        WinDecimalRule: price.levels,
        MoveRule: move.moves,
        SteamRule: move.steams,
        OverlayRule: price.overlays,
        PoolAboveRule: pool.totals,
        LargeBetRule: pool.bets,
        PayoutRule: pair.levels,
        ExactaOverlayRule: overlay.overlays,
        CrossPoolRule: cross_pool.crossings,
    }
)
"""Subjects that cannot be judged on the board are left out: their state stays."""
