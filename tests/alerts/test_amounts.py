"""Money in rules and mails: one rule for every currency, and a pay-out at the cap is a floor."""

import pytest
from sqlalchemy import update

from horses_scrapy.storage import schema

PAIRS = "rules: [{name: long, kind: exacta_payout_above, threshold: {payout: 100, base: 2}, min_pool: 1000}]"


def in_currency(meeting, currency):
    """The stored pools and grids are in another currency, their minor units as they were."""
    with meeting.store.write() as connection:
        connection.execute(update(schema.pool).values(currency=currency))
        connection.execute(update(schema.pair_grid).values(currency=currency))


def play(meeting, currency, payout, pool):
    """One board: a pay-out for 2 (dollars in the test's grid: minor units are hundreds of it)."""
    meeting.board(0, {"1": 3}, pairs={("1", "2"): payout}, pair_pool=pool)
    in_currency(meeting, currency)
    return meeting.evaluate()


@pytest.mark.parametrize(
    ("currency", "payout", "pool", "told"),
    [
        ("USD", 101, 1000, "101.00 USD for 2"),
        ("USD", 100, 1000, None),
        ("USD", 101, 999, None),
        ("JPY", 1.01, 10, None),  # 101 yen for 200: below 100 for 2
        ("JPY", 101, 10, "101 JPY for 2"),  # 10,100 yen for 200
        ("JPY", 101, 9.99, None),  # 999 yen
    ],
)
def test_one_rule_reads_boards_of_every_currency(meeting, currency, payout, pool, told):
    meeting.rules(PAIRS)
    fired = play(meeting, currency, payout, pool)
    assert (told is None) == (fired == [])
    assert told is None or told in fired[0]


def test_no_digit_of_a_yen_pay_out_is_lost_on_a_small_base(meeting):
    """10,041 yen for 200 are 100.41 for 2: above 100, though no yen is."""
    meeting.rules(PAIRS)
    assert len(play(meeting, "JPY", 100.41, 10)) == 1
    assert meeting.rows("alert")[0]["actual_value"] == 10_041
    assert meeting.details()[0]["move"] == "100 JPY for 2"


def test_the_pool_of_a_mail_has_the_digits_of_its_currency(meeting):
    meeting.rules(PAIRS)
    play(meeting, "JPY", 101, 50)
    assert meeting.details()[0]["pool"] == "5,000 JPY (exacta)"


def capped(meeting, minute, payout):
    board = meeting.board(minute, {"1": 3}, pairs={("1", "2"): payout})
    with meeting.store.write() as connection:
        grid = schema.pair_grid
        connection.execute(update(grid).where(grid.c.board_id == board).values(cap=999_900))
    return meeting.evaluate()


def test_a_pay_out_at_the_cap_is_told_as_that_or_more_and_never_compared_with(meeting):
    meeting.rules(PAIRS)
    assert "exacta 1-2" in capped(meeting, 0, 9999)[0]
    assert meeting.details()[0]["move"] == "9,999.00+ USD for 2"
    meeting.rules("rules: [{name: other, kind: exacta_payout_above, threshold: {payout: 5000, base: 2}}]")
    assert capped(meeting, 1, 9000) != []
    assert meeting.details()[-1]["move"] == "9,000.00 USD for 2"
