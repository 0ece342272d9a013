"""Sanity checks of a board: is what a site shows possible at all? Pure: a board and what is known around it -> findings.

A finding does not say which value is wrong, only that the board contradicts itself, the card, the pool or the board
before it. Such a board is stored and flagged; no rule reads it.
"""

from collections.abc import Callable

from horses_scrapy.checks.context import (
    REFUNDED_WITHIN,
    SUSPECT,
    Context,
    Earlier,
    Finding,
    Runner,
    Standing,
)
from horses_scrapy.checks.display_vs_pool import display_vs_pool
from horses_scrapy.checks.exacta_sum import exacta_sum
from horses_scrapy.checks.frozen import frozen
from horses_scrapy.checks.orientation import orientation
from horses_scrapy.checks.overround import overround
from horses_scrapy.checks.placeholder import placeholder
from horses_scrapy.checks.pool_fell import pool_fell
from horses_scrapy.checks.runner_count import runner_count
from horses_scrapy.items import OddsItem

__all__ = ["CHECKS", "REFUNDED_WITHIN", "SUSPECT", "Context", "Earlier", "Finding", "Runner", "Standing", "findings"]

CHECKS: tuple[Callable[[OddsItem, Context], Finding | None], ...] = (
    overround, pool_fell, display_vs_pool, placeholder, runner_count, frozen, exacta_sum, orientation,
)  # fmt: skip
"""Each is named as the flag that it sets, and answers None where there is nothing to say."""


def findings(board: OddsItem, context: Context) -> list[Finding]:
    return [finding for check in CHECKS if (finding := check(board, context)) is not None]
