"""Is what is stored whole, and can it be true? Pure: facts of a race -> a verdict. Each check says what a person does then."""

from horses_scrapy.quality.checks.boards import FEW_BOARDS, FRESHNESS, GAPS, SUSPECT_BOARDS
from horses_scrapy.quality.checks.cards import NO_ODDS, ORPHAN_INTERESTS, POST_TIMES
from horses_scrapy.quality.checks.final_odds import FINAL_ODDS
from horses_scrapy.quality.checks.orphan_rows import ORPHAN_ROWS
from horses_scrapy.quality.checks.pools import POOL_FELL
from horses_scrapy.quality.checks.prices import EXACTA_SUM, OVERROUND, PRICE_RANGE
from horses_scrapy.quality.verdict import Check
from horses_scrapy.storage.quality.facts import RaceFacts

__all__ = ["CHECKS", "NAMES", "ORPHAN_ROWS"]

CHECKS: tuple[Check[RaceFacts], ...] = (
    POST_TIMES, GAPS, FEW_BOARDS, FRESHNESS, PRICE_RANGE, POOL_FELL, OVERROUND, EXACTA_SUM, NO_ODDS, ORPHAN_INTERESTS,
    FINAL_ODDS, SUSPECT_BOARDS,
)  # fmt: skip
"""Of single races, in the order of the report; ORPHAN_ROWS, of all together, comes last."""

NAMES = (*(check.name for check in CHECKS), ORPHAN_ROWS.name)
