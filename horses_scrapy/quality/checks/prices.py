"""Prices and pay-outs that cannot be: the bounds of their source, and the live checks on the last board before the off."""

from collections.abc import Callable
from dataclasses import replace

from horses_scrapy.checks import SUSPECT, Context, Finding
from horses_scrapy.checks.exacta_sum import exacta_sum as live_exacta_sum
from horses_scrapy.checks.overround import overround as live_overround
from horses_scrapy.clock import to_ms
from horses_scrapy.items import OddsItem
from horses_scrapy.quality.times import clock_time
from horses_scrapy.quality.verdict import NOTHING, Asked, Check, Problem, Verdict, looked
from horses_scrapy.storage.quality.facts import OddPrice, RaceFacts


def price_range(race: RaceFacts, _: Asked) -> Verdict:
    if not any(one.boards for one in race.sources):
        return NOTHING
    odd = [price for one in race.sources for price in one.odd_prices if SUSPECT not in price.flags]
    return looked(*(_outside(race, price) for price in odd))


def _outside(race: RaceFacts, price: OddPrice) -> Problem:
    return Problem(
        text=f"{price.price / 1000:g} for #{price.label} in {price.market} at {clock_time(price.at, race)}",
        program=price.label,
        weight=max(price.price, 1000) / 1000,
    )


def overround(race: RaceFacts, asked: Asked) -> Verdict:
    return _judged(race, [one.last for one in race.sources], asked.context(race), live_overround)


def exacta_sum(race: RaceFacts, asked: Asked) -> Verdict:
    """The card is as it is now: where a horse went after the board, the board alone says who ran in it."""
    boards = [one.last_pairs for one in race.sources]
    context = asked.context(race)
    gone_since = any(at > to_ms(board.fetched_at) for board in boards if board is not None for at in race.scratches)
    return _judged(race, boards, replace(context, runners=()) if gone_since else context, live_exacta_sum)


def _judged(
    race: RaceFacts,
    boards: list[OddsItem | None],
    context: Context,
    check: Callable[[OddsItem, Context], Finding | None],
) -> Verdict:
    there = [board for board in boards if board is not None]
    if not there:
        return NOTHING
    found = [(board, finding) for board in there if (finding := check(board, context)) is not None]
    return looked(*(_said(race, board, finding) for board, finding in found))


def _said(race: RaceFacts, board: OddsItem, finding: Finding) -> Problem:
    at = clock_time(to_ms(board.fetched_at), race)
    return Problem(text=f"{board.source.name} at {at}: expected {finding.expected}, found {finding.found}")


PRICE_RANGE = Check(
    name="price_range",
    level="fail",
    advice="see the site: a number that was read wrong; bounds are sources.<name>.validation in tracks.yaml",
    judge=price_range,
)
OVERROUND = Check(
    name="overround",
    level="fail",
    advice="compare the board with the pool's terms in tracks.yaml (takeout, breakage): one of them is wrong",
    judge=overround,
)
EXACTA_SUM = Check(
    name="exacta_sum",
    level="fail",
    advice="compare the pair prices with the pool's terms in tracks.yaml: misread, frozen, or another takeout",
    judge=exacta_sum,
)
