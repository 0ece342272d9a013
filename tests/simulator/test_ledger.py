import datetime as dt
from fractions import Fraction

import pytest

from horses_scrapy import odds
from horses_scrapy.simulator import finish
from horses_scrapy.simulator.card import TAKEOUT
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan

SECOND = dt.timedelta(seconds=1)


def test_the_shipped_track_is_the_one_that_is_simulated(track, ledger):
    plan = ledger.plan
    assert (track.code, track.name, track.timezone, track.country, track.currency) == (
        plan.code, plan.name, plan.timezone, plan.country, "USD",
    )  # fmt: skip
    assert track.source_key == plan.code


def test_a_source_time_gives_back_its_board(ledger):
    for number, entry in ledger.races.items():
        for board in entry.boards:
            assert ledger.board_at(number, board.at) is board
            assert ledger.board_at(number, board.at + (ledger.plan.cycle - 1) * SECOND) is board


def test_before_the_opening_there_is_no_board_and_after_the_race_the_final_one_stays(ledger):
    entry = ledger.race(3)
    assert ledger.board_at(3, entry.race.times.opens - SECOND) is None
    assert ledger.board_at(3, ledger.ends + dt.timedelta(days=1)) is ledger.final(3)


def test_a_race_that_is_not_on_the_card(ledger):
    with pytest.raises(KeyError):
        ledger.board_at(9, ledger.plan.start)


def test_cards_differ_in_what_a_parser_must_survive(start):
    for seed in range(20):
        races = {number: entry.race for number, entry in Ledger(Plan(seed=seed, start=start, races=14)).races.items()}
        horses = [runner.horse for race in races.values() for runner in race.runners]
        assert len(set(horses)) == len(horses)
        assert [race.number for race in races.values() if len(race.labels) != len(race.runners)] == [2]
        assert [runner.label for runner in races[2].runners[:3]] == ["1", "1", "2"]
        assert [race.number for race in races.values() if race.scratched is not None] == [1]
        for race in races.values():
            assert 7 <= len(race.labels) <= 10
            assert len({runner.jockey for runner in race.runners}) == len(race.runners)
            assert {runner.post_position for runner in race.runners} == {str(n + 1) for n in range(len(race.runners))}
        moved = [r for race in races.values() for r in race.runners if r.post_position != r.program_number]
        assert moved


def test_a_race_is_taken_off_the_turf_and_stays_there(start):
    for seed in range(10):
        races = Ledger(Plan(seed=seed, start=start, races=6)).races.values()
        for race in (entry.race for entry in races):
            seen = [race.surface_at(at) for at in (start, race.times.post, race.times.official)]
            named = ["turf"] * 3 if "(Turf)" in race.name else ["dirt"] * 3
            assert seen == (["turf", "dirt", "dirt"] if race.number == 2 else named)


def test_one_rider_changes_to_one_who_has_no_mount(start):
    for seed in range(10):
        race = Ledger(Plan(seed=seed, start=start)).race(3).race
        first, then = ([race.jockey_at(one, at) for one in race.runners] for at in (start, race.times.post))
        assert first == [one.jockey for one in race.runners]
        assert len(set(then)) == len(then)
        changed = [one.program_number for one, old, new in zip(race.runners, first, then, strict=True) if old != new]
        assert changed == [race.new_jockey[0]]


def test_a_race_that_is_called_off_stops_at_its_board_and_disturbs_no_other(start, ledger):
    called_off = Ledger(Plan(seed=7, start=start, cancelled=3))
    entry, times = called_off.race(3), called_off.race(3).race.times
    assert entry.final.at == times.cancelled_at
    assert [board.pools for board in entry.boards] == [
        board.pools for board in ledger.race(3).boards[: len(entry.boards)]
    ]
    assert entry.board_at(times.official) is entry.final
    assert called_off.final(1).pools == ledger.final(1).pools
    assert called_off.ends == max(times.cancelled_at, called_off.race(2).race.times.official)


def test_an_inquiry_changes_the_first_two_over(ledger):
    entry = ledger.race(3)
    assert entry.official[:2] == (entry.finished[1], entry.finished[0])
    assert entry.official[2:] == entry.finished[2:]
    assert ledger.race(1).official == ledger.race(1).finished


def test_who_is_scratched_does_not_finish(start):
    for seed in range(30):
        entry = Ledger(Plan(seed=seed, start=start)).race(1)
        assert entry.race.scratched not in {runner.label for runner in entry.finished}
        assert len(entry.finished) == len(entry.race.runners) - 1


def test_parts_of_an_entry_are_not_paid_twice(start):
    for seed in range(60):
        entry = Ledger(Plan(seed=seed, start=start, races=2)).race(2)
        assert len({runner.label for runner in entry.official[:3]}) == 3


def test_payoffs_are_what_the_final_pools_pay(ledger):
    entry = ledger.race(3)
    first, second, third = (runner.label for runner in entry.official[:3])
    paid = {(payoff.bet_type, payoff.combination): payoff.payout for payoff in entry.payoffs}
    assert list(paid) == [
        ("win", first), ("place", first), ("place", second),
        ("show", first), ("show", second), ("show", third), ("exacta", f"{first}-{second}"),
    ]  # fmt: skip
    pools = entry.final.pools
    for (pool, label), payout in list(paid.items())[:-1]:
        amounts = getattr(pools, pool)
        winners = [first, second, third][: finish.PAID[pool]]
        profit = (1 - TAKEOUT) * sum(amounts.values()) - sum(amounts[winner] for winner in winners)
        for_1 = 1 + Fraction(profit) / len(winners) / amounts[label]
        assert payout == max(210, int(for_1 * 10) * 20)
    exact = Fraction(815, 1000) * sum(pools.exacta.values()) / pools.exacta[first, second]
    assert paid["exacta", f"{first}-{second}"] == int(exact * 10) * 20


def test_the_win_payoff_is_within_the_final_odds(start):
    for seed in range(6):
        for entry in Ledger(Plan(seed=seed, start=start)).races.values():
            win = entry.payoffs[0]
            low, high = odds.display_range(entry.final.quote(win.combination).price)
            assert low <= win.payout * 5 < high
            assert entry.final.probable((win.combination, entry.official[1].label)) == entry.payoffs[-1].payout
