"""placeholder: figures that stand there until real ones come.

All runners at one price; or a whole race priced, runner by runner, as another race of the day. Four prices may well
agree by chance (2-1, 3-1, 5-1, 8-1), so races are compared from five on.
"""

from horses_scrapy.checks import shown
from horses_scrapy.checks.context import Context, Finding
from horses_scrapy.items import OddsItem

FIELD = 3
VECTOR = 5


def placeholder(board: OddsItem, context: Context) -> Finding | None:
    prices = shown.values(shown.quoted(board, "win_tote"))
    if len(prices) >= FIELD and len(set(prices.values())) == 1:
        (price,) = set(prices.values())
        return Finding("placeholder", "prices that differ", f"{price / 1000:g} for all {len(prices)} runners")
    if len(prices) < VECTOR:
        return None
    twins = [number for number, there in context.elsewhere.items() if there == prices]
    if not twins:
        return None
    return Finding("placeholder", "prices of its own", f"the {len(prices)} prices of race {min(twins)}, each the same")
