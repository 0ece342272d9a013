"""display_vs_pool: where the money on each runner is known, so is the price.

net = (1 - takeout) x total; a price for 1 is net / amount, cut off at the breakage, and on a board at its rung. It may be
off by 5 % and one rung (one step of breakage where odds are decimal): pools and prices are read a moment apart, and most
takeouts are known to a point or two. Where the takeout is not known, there must be one that explains all prices: recorded
at TVG, eight prices agree on 18 to 19 %.
"""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction

from horses_scrapy.checks import shown
from horses_scrapy.checks.context import Context, Finding
from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import OddsItem, Price, Source
from horses_scrapy.odds import LADDER, show
from horses_scrapy.parimutuel import price_for_1

SLACK = Fraction(5, 100)


def display_vs_pool(board: OddsItem, context: Context) -> Finding | None:
    total = shown.total(board, "win")
    on = shown.amounts(board, "win")
    prices = {label: price for label, price in shown.quoted(board, "win_tote").items() if on.get(label, 0) > 0}
    if not total or not prices:
        return None
    terms = context.terms.get("win")
    unit = shown.step((*on.values(), total), 100)
    if terms is None:
        return _some_takeout(board.source, prices, on, total, unit)
    return next(_contradicted(board.source, prices, on, total, unit, terms), None)


def _contradicted(
    source: Source, prices: dict[str, Price], on: dict[str, int], total: int, unit: int, terms: PoolTerms
) -> Iterator[Finding]:
    for label, price in prices.items():
        low, high = _computed(on[label], total, unit, terms)
        assert price.price is not None
        if not _fits(price, low, high, source, terms):
            told = f"{_text(low, source)} to {_text(high, source)}"
            yield Finding(
                "display_vs_pool",
                f"#{label} at {told}: {on[label]} of {total} (minor units) are on it",
                _text(price.price, source),
            )


def _text(price: int, source: Source) -> str:
    return show(max(price, LADDER[0]) if source.notation == "board" else price, source.notation)


def _computed(amount: int, total: int, unit: int, terms: PoolTerms) -> tuple[int, int]:
    """Thousandths; an amount in whole units may really be up to one less or more."""
    takeout, breakage, minimum = (Fraction(str(one)) for one in (terms.takeout, terms.breakage, terms.minimum))
    slack = unit if unit > 1 else 0
    least = price_for_1(total, amount + slack, takeout, breakage, minimum)
    most = price_for_1(total, max(amount - slack, 1), takeout, breakage, minimum)
    return int(least * 1000 * (1 - SLACK)), int(most * 1000 * (1 + SLACK))


def _fits(price: Price, low: int, high: int, source: Source, terms: PoolTerms) -> bool:
    """At the cap the real price may be any longer one."""
    assert price.price is not None
    capped = price.status == "capped"
    if source.notation == "board":
        rung = _rung(price.price)
        return (capped or _rung(low) - 1 <= rung) and rung <= _rung(high) + 1
    step = Fraction(str(terms.breakage)) * 1000
    return (capped or low - step <= price.price) and price.price <= high + step


def _rung(price: int) -> int:
    return max(0, bisect_right(LADDER, price) - 1)


def _some_takeout(
    source: Source, prices: dict[str, Price], on: dict[str, int], total: int, unit: int
) -> Finding | None:
    """Each price, times the share of the money, is what the pool pays back of 1: all must allow one figure."""
    kept_least, kept_most = shown.TAKEOUT_KNOWN_TO_EXIST
    least = [((1 - kept_most) * (1 - SLACK), "a tote")]
    most = [((1 - kept_least) * (1 + SLACK), "a tote")]
    slack = unit if unit > 1 else 0
    for label, (low, high) in shown.ranges(prices, source, None).items():
        if low > 1000 * shown.MINIMUM and low > LADDER[0]:
            least.append((low * max(on[label] - slack, 0) / total / 1000 * (1 - SLACK), f"#{label}"))
        if high is not None:
            most.append((high * (on[label] + slack) / total / 1000 * (1 + SLACK), f"#{label}"))
    (at_least, one), (at_most, other) = max(least), min(most)
    if at_least <= at_most:
        return None
    told = f"{one} pays back at least {float(at_least):.3f} of its pool, {other} at most {float(at_most):.3f}"
    return Finding("display_vs_pool", "one takeout that explains all prices", told)
