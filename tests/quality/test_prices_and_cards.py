"""Pools that fall, prices that cannot be, and what the card lacks."""

from dataclasses import replace

import pytest
from race_facts import POST, asked, entry, ms, polled, race, seen, source, totals
from shown_boards import BOARD, board, grid

from horses_scrapy.quality.checks.cards import no_odds, orphan_interests, post_times
from horses_scrapy.quality.checks.pools import pool_fell
from horses_scrapy.quality.checks.prices import exacta_sum, overround, price_range
from horses_scrapy.storage.quality.facts import OddPrice

GREW = (totals(0, win=10_000), totals(60, win=20_000))
FELL = (totals(0, win=20_000), totals(60, win=10_000))
POOLS = {
    "it grew": (source(totals=GREW), {}, False),
    "it fell": (source(totals=FELL), {}, True),
    "cancelled tickets": (source(totals=(totals(0, win=20_000_000), totals(60, win=19_990_000))), {}, False),
    "another pool grew": (source(totals=(totals(0, win=200, exacta=5000), totals(60, win=300, exacta=500))), {}, True),
    "it is shown no more": (source(totals=(totals(0, win=200), totals(60))), {}, False),
    "offers come and go": (
        source(totals=(totals(0, win_back=9000), totals(60, win_back=10)), currencies={"win_back": "GBP"}),
        {},
        False,
    ),
    "the card took a horse out": (source(totals=FELL), {"scratches": (ms(30),)}, False),
    "minutes before": (source(totals=FELL), {"scratches": (ms(-500),)}, False),
    "an hour before": (source(totals=FELL), {"scratches": (ms(-3600),)}, True),
    "afterwards": (source(totals=FELL), {"scratches": (ms(90),)}, True),
    "a price went": (source(totals=FELL, gone=(ms(60),)), {}, False),
    "the fall was flagged": (source(totals=(FELL[0], totals(60, "suspect", "pool_fell", win=10_000))), {}, False),
    "the board before was misread": (source(totals=(totals(0, "suspect", win=90_000), FELL[1])), {}, False),
    "another source's total is its own": (source(totals=GREW[1:]), {}, False),
}


@pytest.mark.parametrize("case", POOLS)
def test_pool_fell(case):
    of, around, falls = POOLS[case]
    other = source(totals=(totals(30, win=15_000),), source_id=2, is_primary=False)
    verdict = pool_fell(race(of, other, **around), asked())
    assert verdict.looked == 1
    assert bool(verdict.problems) is falls


def test_pool_fell_says_where_and_by_how_much():
    (problem,) = pool_fell(race(source(totals=FELL)), asked()).problems
    assert problem.text == (
        "demo at 16:01:00: expected at least win 200.00 USD while nobody is scratched, found win 100.00 USD"
    )
    assert problem.weight == 0.5


def test_prices_of_suspect_boards_are_not_read():
    odd = OddPrice("3", "win_tote", 1_200_000, "active", ms(0), frozenset())
    of = source(polled(), odd_prices=(odd, replace(odd, flags=frozenset({"suspect", "overround"}))))
    (problem,) = price_range(race(of), asked()).problems
    assert (problem.text, problem.program) == ("1200 for #3 in win_tote at 16:00:00", "3")


SIX = {"1": 3500, "2": 1600, "3": 13_000, "4": 9000, "5": 9000, "6": 31_000}


def test_the_last_board_is_held_against_what_the_live_check_asks():
    sound, misread = board(SIX, source=BOARD), board({**SIX, "2": 16_000}, source=BOARD)
    assert overround(race(source(last=sound)), asked()).problems == ()
    (problem,) = overround(race(source(last=misread)), asked()).problems
    assert problem.text.startswith("demo at 16:00:00: expected 1/price to add up to ")
    assert overround(race(source(polled())), asked()).looked == 0


EVEN = {(a, b): 1200 for a in "123" for b in "123" if a != b}
"""Six pairs at 12.00 for 2.00: they add up to 1."""


def test_a_horse_that_went_after_the_board_was_in_it():
    level = {"1": 2500, "2": 2500, "3": 2500}
    shown = board(level, grids=[grid(dict.fromkeys(EVEN, 1000))])
    entries = (entry("1"), entry("2"), entry("3", status="late_scratch"))
    assert exacta_sum(race(source(last_pairs=shown), entries=entries, scratches=(ms(5),)), asked()).problems == ()
    frozen = board(level, grids=[grid(dict.fromkeys(EVEN, 400))])
    (problem,) = exacta_sum(race(source(last_pairs=frozen)), asked()).problems
    assert "all 6 exacta pairs" in problem.text


def test_post_times():
    missing = race(post_time=None)
    assert [problem.text for problem in post_times(missing, asked()).problems] == [
        "no post time is known: it is polled as if its post were far"
    ]
    assert post_times(race(), asked()).problems == ()
    assert post_times(replace(missing, race_date="2026-05-03"), asked()).looked == 0
    assert post_times(replace(missing, status="cancelled"), asked()).looked == 0


HORSES = (entry("1"), entry("2", priced=False), entry("3", priced=False, status="scratched"))
ODDS = {
    "one was never priced": (race(source(polled()), entries=HORSES), {}, ["2"]),
    "a coupled one shares the price": (
        race(source(polled()), entries=(entry("1"), entry("4", label="1", interest_id=1))),
        {},
        [],
    ),
    "the race is still to come": (race(source(polled(900)), entries=HORSES, status="open"), {"now": POST}, []),
    "no board came": (race(source(), entries=HORSES), {}, []),
    "it came in afterwards": (race(source([seen(9000, "official")]), entries=HORSES, created=9000), {}, []),
}


@pytest.mark.parametrize("case", ODDS)
def test_no_odds(case):
    facts, around, expected = ODDS[case]
    assert [problem.program for problem in no_odds(facts, asked(**around)).problems] == expected


def test_an_interest_without_a_horse():
    facts = race(entries=(entry("1"), entry("4", label="1")), labels=frozenset({"1", "9"}))
    (problem,) = orphan_interests(facts, asked()).problems
    assert (problem.program, problem.text) == ("9", "#9 has boards, and no horse on the card")
    assert orphan_interests(race(labels=frozenset({"1", "9"})), asked()).looked == 0
