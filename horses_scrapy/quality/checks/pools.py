"""Pools that fall, by the rule of the live check, from each board to the next."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import cast

from horses_scrapy.checks import REFUNDED_WITHIN, SUSPECT, Context, Earlier
from horses_scrapy.checks.pool_fell import pool_fell as live_pool_fell
from horses_scrapy.clock import from_ms
from horses_scrapy.items import OddsItem, Pool, PoolType
from horses_scrapy.quality.times import clock_time
from horses_scrapy.quality.verdict import NOTHING, Asked, Check, Problem, Verdict, looked
from horses_scrapy.storage.quality.facts import RaceFacts, SourceFacts, Totals

_REFUNDED_MS = REFUNDED_WITHIN // timedelta(milliseconds=1)


def pool_fell(race: RaceFacts, _: Asked) -> Verdict:
    if not any(one.totals for one in race.sources):
        return NOTHING
    return looked(*(problem for one in race.sources for problem in _falls(race, one)))


def _falls(race: RaceFacts, of: SourceFacts) -> Iterator[Problem]:
    for before, after in pairwise(of.totals):
        if SUSPECT in before.flags | after.flags or not _is_less(before, after) or _scratched(race, of, before, after):
            continue
        finding = live_pool_fell(_board(race, of, after), Context(earlier=Earlier(totals=before.amounts)))
        if finding is not None:
            yield Problem(
                text=f"{of.source.name} at {clock_time(after.at, race)}: expected {finding.expected}, found {finding.found}",
                weight=max(_lost(before, after)),
            )


def _lost(before: Totals, after: Totals) -> list[float]:
    """Shares of the pools that fell."""
    return [
        (amount - after.amounts[kind]) / amount
        for kind, amount in before.amounts.items()
        if kind in after.amounts and after.amounts[kind] < amount
    ]


def _is_less(before: Totals, after: Totals) -> bool:
    return bool(_lost(before, after))


def _scratched(race: RaceFacts, of: SourceFacts, before: Totals, after: Totals) -> bool:
    """Whether card or board told of a scratch, or a price went, since the board before or shortly before that."""
    since = before.at - _REFUNDED_MS
    return any(since < at <= after.at for at in (*race.scratches, *of.gone))


def _board(race: RaceFacts, of: SourceFacts, totals: Totals) -> OddsItem:
    """With nothing but its totals."""
    pools = (
        Pool(bet_type=cast(PoolType, kind), amount=amount, currency=of.currencies[kind])
        for kind, amount in totals.amounts.items()
    )
    return OddsItem(
        track=race.track_key,
        race_date=date.fromisoformat(race.race_date),
        race_number=race.race_number,
        source=of.source,
        url="",
        fetched_at=from_ms(totals.at),
        status="open",
        prices=(),
        pools=tuple(pools),
    )


POOL_FELL = Check(
    name="pool_fell",
    level="fail",
    advice="see the site for a scratch or a refund that nobody told; else a total was misread on one of the two boards",
    judge=pool_fell,
)
