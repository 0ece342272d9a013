"""Each rule of the validate pipeline rejects what it is there for, and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from horses_scrapy.config import Validation
from horses_scrapy.items import (
    Entry,
    Finisher,
    OddsItem,
    PairGrid,
    PairPrice,
    Payoff,
    Pool,
    Price,
    RaceItem,
    ResultItem,
    Source,
)
from horses_scrapy.pipelines.validate import Bounds, faults

NOW = datetime(2026, 5, 2, 17, 0, tzinfo=UTC)
SOURCE = Source("demo", "board", "display")
BOUNDS = Bounds(Validation(), "demo", history=False)
KEY = {
    "track": "demo",
    "race_date": date(2026, 5, 2),
    "race_number": 3,
    "source": SOURCE,
    "url": "http://t/3",
    "fetched_at": NOW,
}
ENTRY = Entry(program_number="1", label="1", horse="Alpha")
RACE = RaceItem(**KEY, source_key="3", post_time=NOW + timedelta(minutes=9), status="open", entries=(ENTRY,))
PRICE = Price(label="1", market="win_tote", price=3500)
CELL = PairPrice(first="1", second="2", payout=1370)
GRID = PairGrid(bet_type="exacta", base=200, currency="USD", fetched_at=NOW, prices=(CELL,))
POOL = Pool(bet_type="win", amount=100, currency="USD")
BOARD = OddsItem(**KEY, status="open", prices=(PRICE,), pools=(POOL,), grids=(GRID,))
RESULT = ResultItem(
    **KEY,
    status="official",
    finishers=(Finisher(position=1, program_number="1"),),
    payoffs=(Payoff(bet_type="win", combination="1", base=200, payout=700, currency="USD"),),
)
NAIVE = datetime(2026, 5, 2, 17, 0)  # noqa: DTZ001 (a naive time is what must be caught)
DAY = timedelta(days=1)


def prices(*found: Price) -> OddsItem:
    return replace(BOARD, prices=found)


def grid(**changes) -> OddsItem:
    return replace(BOARD, grids=(replace(GRID, **changes),))


def paid(order=("1", "2", "3A", "3", "4"), **combinations: str) -> ResultItem:
    """Who came in, in that order, and what was paid: bet type to combination."""
    return replace(
        RESULT,
        finishers=tuple(Finisher(position=place, program_number=number) for place, number in enumerate(order, 1)),
        payoffs=tuple(
            Payoff(bet_type=bet, combination=which, base=200, payout=700, currency="USD")
            for bet, which in combinations.items()
        ),
    )


def past(age: timedelta, **changes) -> RaceItem:
    """The race so long ago, on the date of its post."""
    return replace(RACE, post_time=NOW - age, race_date=(NOW - age).date(), **changes)


BAD = {
    "another track": (replace(BOARD, track="other"), "identity", "track"),
    "race number 0": (replace(RACE, race_number=0), "identity", "race_number"),
    "race number 100": (replace(BOARD, race_number=100), "identity", "race_number"),
    "unknown status": (replace(BOARD, status="paused"), "identity", "status"),
    "unknown surface": (replace(RACE, surface="grass"), "identity", "surface"),
    "naive fetch time": (replace(BOARD, fetched_at=NAIVE), "aware_times", "fetched_at"),
    "naive source time": (replace(BOARD, source_time=NAIVE), "aware_times", "source_time"),
    "naive post time": (replace(RACE, post_time=NAIVE), "aware_times", "post_time"),
    "post 31 days ago": (past(31 * DAY), "post_time", "post_time"),
    "blank horse": (replace(RACE, entries=(replace(ENTRY, horse=" \t"),)), "horse_name", "entries[1].horse"),
    "number twice": (replace(RACE, entries=(ENTRY, ENTRY)), "program_number", "entries.program_number"),
    "blank number": (
        replace(RACE, entries=(replace(ENTRY, program_number=" "),)),
        "program_number",
        "entries.program_number",
    ),
    "blank label": (replace(RACE, entries=(replace(ENTRY, label=""),)), "program_number", "entries.label"),
    "interest twice": (prices(PRICE, PRICE), "program_number", "prices.label"),
    "price 1.009": (prices(replace(PRICE, price=1009)), "price_range", "prices[1].win_tote"),
    "price 1000.001": (prices(replace(PRICE, price=1_000_001)), "price_range", "prices[1].win_tote"),
    "price though scratched": (prices(replace(PRICE, status="scratched")), "price_range", "prices[1].win_tote"),
    "negative pool": (replace(BOARD, pools=(replace(POOL, amount=-1),)), "pool_amount", "pools.win[total]"),
    "no currency": (replace(BOARD, pools=(replace(POOL, currency=""),)), "pool_amount", "pools.win[total]"),
    "unknown currency": (replace(BOARD, pools=(replace(POOL, currency="XTS"),)), "pool_amount", "pools.win[total]"),
    "unknown currency of pairs": (grid(currency="XTS"), "pair_price", "grids.exacta.currency"),
    "pool twice": (replace(BOARD, pools=(POOL, POOL)), "pool_amount", "pools.win[total]"),
    "pays nothing": (grid(prices=(replace(CELL, payout=0),)), "pair_price", "grids.exacta[1-2]"),
    "diagonal": (grid(prices=(replace(CELL, second="1"),)), "pair_price", "grids.exacta[1-1]"),
    "pair twice": (grid(prices=(CELL, CELL)), "pair_price", "grids.exacta"),
    "quinella both ways": (
        grid(bet_type="quinella", prices=(CELL, PairPrice(first="2", second="1", payout=1370))),
        "pair_price",
        "grids.quinella",
    ),
    "base 0": (grid(base=0), "pair_price", "grids.exacta.base"),
    "a winner that loses": (
        replace(RESULT, payoffs=(replace(RESULT.payoffs[0], payout=199),)),
        "result_order",
        "payoffs.win[1]",
    ),
    "a post time of another day": (
        replace(RACE, post_time=NOW + timedelta(days=3)),
        "post_time",
        "post_time",
    ),
    "a horse that finishes twice": (paid(order=("1", "2", "1")), "result_order", "finishers[1]"),
    "position 0": (
        replace(RESULT, finishers=(Finisher(position=0, program_number="1"),), payoffs=()),
        "result_order",
        "finishers[1]",
    ),
    "negative payoff": (
        replace(RESULT, payoffs=(replace(RESULT.payoffs[0], payout=-1),)),
        "result_order",
        "payoffs.win[1]",
    ),
    "a win of no horse": (paid(win="loading ..."), "payoff_order", "payoffs.win"),
    "a win of a horse that came second": (paid(win="2"), "payoff_order", "payoffs.win"),
    "an exacta in the wrong order": (paid(exacta="2-1"), "payoff_order", "payoffs.exacta"),
    "a trifecta of two horses": (paid(trifecta="1-2"), "payoff_order", "payoffs.trifecta"),
    "a horse twice in one trifecta": (paid(trifecta="1-1-2"), "payoff_order", "payoffs.trifecta"),
    "a pay-out given twice": (
        replace(RESULT, payoffs=RESULT.payoffs * 2),
        "payoff_order",
        "payoffs.win[1]",
    ),
}
GOOD = {
    "race": RACE,
    "board": BOARD,
    "result": RESULT,
    "no entries listed": replace(RACE, entries=()),
    "no post time": replace(RACE, post_time=None),
    "post exactly 30 days ago": past(30 * DAY),
    "history": past(900 * DAY, history=True),
    "price 1.01": prices(replace(PRICE, price=1010)),
    "price 1000": prices(replace(PRICE, price=1_000_000)),
    "capped": prices(replace(PRICE, price=100_000, status="capped")),
    "scratched": prices(replace(PRICE, price=None, status="scratched")),
    "not quoted": prices(replace(PRICE, price=None)),
    "two markets": prices(PRICE, replace(PRICE, market="win_fixed")),
    "empty pool": replace(BOARD, pools=(replace(POOL, amount=0),)),
    "pool per interest": replace(BOARD, pools=(POOL, replace(POOL, label="1"))),
    "exacta both ways": grid(prices=(CELL, PairPrice(first="2", second="1", payout=900))),
    "dead heat": replace(
        RESULT, finishers=(Finisher(position=1, program_number="1"), Finisher(position=1, program_number="2"))
    ),
    "all kinds of pay-outs": paid(win="1", place="3", exacta="1-2", quinella="1-2", trifecta="1-2-3", superfecta="1-2-3-4"),
    "an exacta past the winner's coupled stable mate": paid(("1", "1A", "2"), exacta="1-2"),
    "a pay-out on a place that the result leaves out": paid(("1", "2"), trifecta="1-2-7"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_rejects_with_its_own_reason(case):
    item, rule, field = BAD[case]
    found = faults(item, BOUNDS)
    assert [(fault.rule, fault.field) for fault in found] == [(rule, field)]


@pytest.mark.parametrize("case", GOOD)
def test_passes(case):
    assert faults(GOOD[case], BOUNDS) == []


def test_every_fault_of_an_item_is_named():
    item = prices(replace(PRICE, price=1), replace(PRICE, label="2", price=2))
    assert [fault.field for fault in faults(item, BOUNDS)] == ["prices[1].win_tote", "prices[2].win_tote"]


def test_a_source_may_declare_other_bounds():
    item = prices(replace(PRICE, price=1_500_000))
    wide = Bounds(Validation(max_price=2000), "demo", history=False)
    assert faults(item, BOUNDS)
    assert not faults(item, wide)


def test_a_crawl_of_a_past_date_is_history():
    old = past(900 * DAY)
    assert faults(old, BOUNDS)
    assert not faults(old, replace(BOUNDS, history=True))
