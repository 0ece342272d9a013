"""Rules about money on boards by hand."""

from dataclasses import replace

import pytest
from board_views import view

from alerts.history import History, glimpse
from alerts.reading import READERS, Sheet
from alerts.rules.kinds import KINDS
from horses_scrapy.storage.board_view import PoolView


def read(told, now, previous=None):
    """Values by subject, and why others have none."""
    left_out = {}

    def witness(one):
        left_out[one.subject] = one.reason

    rule = KINDS[told["kind"]].model_validate({"name": "it", **told})
    earlier = [] if previous is None else [glimpse(previous, 600_000)]
    sheet = Sheet(now, History(boards=earlier, previous=previous), 600_000, witness)
    return {one.subject: one.value for one in READERS[type(rule)](rule, sheet)}, left_out


BET = {"kind": "large_bet", "amount": 100}
POOL = {"kind": "pool_above", "threshold": 100}


def test_a_bet_is_what_came_in_on_each_interest_since_the_board_before():
    now = view(51, amounts={"1": 9000, "2": 5000, "10": 700, "3": 5})
    assert read(BET, now, view(50, amounts={"10": 700, "1": 4000, "2": 6000})) == (
        {"1": 5000, "2": -1000, "10": 0},
        {},
    )


@pytest.mark.parametrize(
    ("now", "previous", "why"),
    [
        (view(51, amounts={"1": 9000}), None, "no earlier board"),
        (view(51, {"2": "SCR"}, amounts={"1": 9000}), view(50, amounts={"1": 1}), "a scratch since the last board"),
        (view(51, amounts={"1": 9000}, out=("1",)), view(50, amounts={"1": 1}), "a scratch since the last board"),
        (replace(view(51), pools={}), view(50, amounts={"1": 1}), "win pool not shown"),
        (view(51, amounts={"1": 9}), replace(view(50), pools={}), "win pool not shown"),
        (
            replace(view(51), pools={"win": PoolView(9, "CAD", {"1": 9})}),
            view(50, amounts={"1": 1}),
            "win pool in another currency than before",
        ),
    ],
    ids=["first sight", "scratched on the board", "scratched on the card", "gone", "new", "currency"],
)
def test_boards_that_cannot_be_compared(now, previous, why):
    assert read(BET, now, previous) == ({}, {None: why})


def test_money_on_a_horse_that_is_out_is_no_bet():
    """It was out before already: its refunds may still be on the way."""
    boards = [view(minute, amounts={"1": 9000 * minute, "2": 100}, out=("1",)) for minute in (50, 51)]
    assert read(BET, boards[1], boards[0])[0] == {"2": 0}


def test_a_yen_has_no_hundredths():
    boards = [replace(view(50), pools={"win": PoolView(total, "JPY", {"1": total})}) for total in (1000, 1500)]
    assert read(BET, boards[1], boards[0])[0] == {"1": 50_000}
    assert read(POOL, boards[1])[0] == {"": 150_000}


def test_a_total_that_is_not_shown_is_unknown():
    board = replace(view(50), pools={"win": PoolView(None, "USD", {})})
    assert read(POOL, board) == ({}, {"": "win pool not shown"})
    assert read({**POOL, "bet_type": "trifecta"}, view(50)) == ({}, {"": "trifecta pool not shown"})
