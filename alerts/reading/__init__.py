"""What each kind of rule reads off a board."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from alerts.reading import pair, price
from alerts.reading.reading import Reading
from alerts.reading.sheet import Judgement, Sheet, Witness
from alerts.rules import BoardRule
from alerts.rules.pair import PayoutRule
from alerts.rules.price import MoveRule, WinDecimalRule, WinOddsRule

__all__ = ["READERS", "Judgement", "Reading", "Sheet", "Witness"]

Reader = Callable[[Any, Sheet], Iterator[Reading]]

READERS: Mapping[type[BoardRule], Reader] = MappingProxyType(
    {
        WinOddsRule: price.levels,
        WinDecimalRule: price.levels,
        MoveRule: price.moves,
        PayoutRule: pair.levels,
    }
)
"""Subjects that cannot be judged on the board are left out: their state stays."""
