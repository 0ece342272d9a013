"""The market is a pari-mutuel one whatever the seed: money only comes, odds follow from pools, every card has its story."""

import datetime as dt
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horses_scrapy import odds
from horses_scrapy.simulator.board import BASE, BREAKAGE, EXACTA_TAKEOUT, PAYOUT_CAP
from horses_scrapy.simulator.card import TAKEOUT
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan

START = dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)
STRAIGHT = ("win", "place", "show")
seeds = st.integers(0, 2**31)


def card(seed, **options):
    return Ledger(Plan(seed=seed, start=START, **options))


def shown_last_before_off(entry):
    return [board for board in entry.boards if board.at < entry.race.times.off][-1]


@settings(max_examples=7, deadline=None)
@given(seeds)
def test_pools_only_grow_but_for_the_refund(seed):
    for entry in card(seed).races.values():
        for before, after in zip(entry.boards, entry.boards[1:], strict=False):
            for pool in (*STRAIGHT, "exacta"):
                old, new = getattr(before.pools, pool), getattr(after.pools, pool)
                gone = old.keys() - new.keys()
                assert new.keys() <= old.keys()
                assert all(new[key] >= old[key] for key in new)
                assert (not gone) or after.at == entry.race.times.scratch


@settings(max_examples=7, deadline=None)
@given(seeds)
def test_a_shown_price_is_the_floor_of_what_the_pool_pays(seed):
    for entry in card(seed).races.values():
        for board in entry.boards[1:]:
            total = sum(board.pools.win.values())
            for label, amount in board.pools.win.items():
                quote = board.quote(label)
                exact = 1000 * (1 - TAKEOUT) * Fraction(total, amount)
                low, high = odds.display_range(quote.price)
                assert low <= exact or low == odds.LADDER[0]
                assert high is None or exact < high
                assert (quote.status == "capped") == (exact >= odds.LADDER[-1])


@settings(max_examples=7, deadline=None)
@given(seeds)
def test_exacta_probables_give_back_the_takeout(seed):
    """Sum of base / pay-out is 1 / (1 - takeout). Breakage keeps back less than 0.10 for 1, so that a pair's exact part is
    above part / (1 + 0.10 x part), and a capped one's above 0; both only make the shown parts larger.
    """
    for entry in card(seed).races.values():
        for board in (entry.boards[1], entry.boards[len(entry.boards) // 2], entry.final):
            payouts = [board.probable(pair) for pair in board.pools.exacta]
            parts = [Fraction(BASE, payout) for payout in payouts]
            least = [0 if part == Fraction(BASE, PAYOUT_CAP) else part / (1 + part * BREAKAGE) for part in parts]
            assert sum(least) < 1 / (1 - EXACTA_TAKEOUT) <= sum(parts)


def test_before_breakage_the_sum_is_exact(ledger):
    pools = ledger.final(1).pools.exacta
    total = sum(pools.values())
    exact = [(1 - EXACTA_TAKEOUT) * Fraction(total, amount) for amount in pools.values()]
    assert sum(1 / payout for payout in exact) == 1 / (1 - EXACTA_TAKEOUT)


@settings(max_examples=7, deadline=None)
@given(seeds)
def test_money_is_whole_dollars_and_every_pair_has_some(seed):
    for entry in card(seed).races.values():
        runners = len(entry.race.labels)
        for board in entry.boards:
            running = len(board.labels)
            assert len(board.pools.exacta) == running * (running - 1)
            amounts = [amount for pool in (*STRAIGHT, "exacta") for amount in getattr(board.pools, pool).values()]
            assert all(amount % 100 == 0 for amount in amounts)
            assert (min(amounts) > 0) == (board.number > 0)
            assert running == runners - len(entry.race.scratched_at(board.at))


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_every_card_has_something_to_act_on(seed):
    ledger = card(seed)
    for entry in ledger.races.values():
        off, post = entry.race.times.off, entry.race.times.post
        last, late = shown_last_before_off(entry), entry.board_at(post - dt.timedelta(seconds=360))
        steamer = entry.race.steamer
        fallen = Fraction(last.quote(steamer).price - 1000, late.quote(steamer).price - 1000)
        assert fallen <= Fraction(65, 100)  # steam: more than a third off the profit
        assert last.quote(steamer).price <= 4500 <= late.quote(steamer).price
        assert min(last.quote(label).price for label in last.labels) < 3000  # a favourite below 2-1
        assert max(last.quote(label).price for label in last.labels) > 26_000  # a longshot above 25-1
        assert any(last.quote(label).price > late.quote(label).price * 1.3 for label in last.labels)  # a drifter
        assert max(map(last.probable, last.pools.exacta)) > 500_00
        assert entry.final.quote(steamer).price < last.quote(steamer).price  # money shown after the off
        assert entry.final.at >= off + dt.timedelta(seconds=45)
    assert ledger.race(1).race.scratched in ledger.race(1).race.labels


def test_early_pools_are_small(ledger):
    entry = ledger.race(3)
    assert sum(entry.boards[1].pools.win.values()) < sum(entry.final.pools.win.values()) / 100


def test_chance_of_one_seed_is_not_that_of_another(start):
    assert Ledger(Plan(seed=1, start=start)).final(1).pools != Ledger(Plan(seed=2, start=start)).final(1).pools


DIGEST = """
import datetime as dt, hashlib
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
ledger = Ledger(Plan(seed=7, start=dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)))
said = repr([(entry.race, entry.boards, entry.official, entry.payoffs) for entry in ledger.races.values()])
print(hashlib.sha256(said.encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_same_plan_same_ledger_in_any_process(ledger, hash_seed):
    said = repr([(entry.race, entry.boards, entry.official, entry.payoffs) for entry in ledger.races.values()])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    other = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(said.encode()).hexdigest()


def test_a_pair_that_nobody_wants_shows_the_cap(ledger):
    board = ledger.final(3)
    (rich, poor), *_ = board.pools.exacta
    pools = replace(board.pools, exacta={(rich, poor): 100_000_00, (poor, rich): 100})
    shown = replace(board, pools=pools)
    assert shown.probable((poor, rich)) == PAYOUT_CAP == 999_900
    assert shown.probable((rich, poor)) == 210  # the least that a winning bet returns
