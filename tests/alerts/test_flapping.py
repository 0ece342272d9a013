"""A price that flaps around its threshold for a thousand boards: one alert for each episode, counted another way."""

import random
from itertools import pairwise

import pytest
from board_views import view

from alerts.evaluate import evaluate
from alerts.history import History
from alerts.rules import RuleSet
from alerts.rules.kinds import KINDS
from horses_scrapy.odds import LADDER

BOARDS = 1000
NEAR = [price for price in LADDER if 2400 <= price <= 7000]  # 7-5 to 6-1: threshold 7-2, re-arm at 9-2


def flapping(seed):
    """A walk over neighbouring rungs that is drawn back to the threshold."""
    dice = random.Random(seed)
    at = NEAR.index(4500)
    for _ in range(BOARDS):
        drawn = 1 if NEAR[at] < 4500 else -1
        at = min(max(at + dice.choice([-1, 1, drawn]), 0), len(NEAR) - 1)
        yield NEAR[at]


def alerts(shown, **told):
    """(board, event) of what fires when the boards are evaluated one after the other."""
    rule = KINDS["win_odds_below"].model_validate(
        {"name": "it", "kind": "win_odds_below", "threshold": "7-2", "rearm": "9-2", **told}
    )
    rules, states, found = RuleSet(rules=(rule,)), {}, []
    for number, price in enumerate(shown):
        board = view(number, {"5": price / 1000 - 1})
        done = evaluate(board, History(), rules, states, board.fetched_at)
        states = {each.identity: each.state for each in done.transitions if each.state is not None} or (
            {} if done.transitions else states
        )
        found += [(number, firing.event) for firing in done.fired]
    return found


def episodes(shown):
    """Boards between two that are past the re-arm level: (first, the one after the last), in breach or not."""
    edges = [-1, *(number for number, price in enumerate(shown) if price >= 5500), len(shown)]
    return [(start + 1, end) for start, end in pairwise(edges)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("row", [1, 2, 3])
def test_an_episode_with_enough_boards_in_breach_in_a_row_alerts_once(seed, row):
    shown = list(flapping(seed))
    expected = []
    for start, end in episodes(shown):
        runs = [
            number
            for number in range(start + row - 1, end)
            if all(p < 4500 for p in shown[number - row + 1 : number + 1])
        ]
        expected += runs[:1]
    assert [number for number, _ in alerts(shown, **{"for": row})] == expected
    assert 5 < len(expected) < BOARDS / 10


@pytest.mark.parametrize("seed", range(4))
def test_each_episode_is_over_once_and_repeats_are_counted_from_the_last_alert(seed):
    shown = list(flapping(seed))
    expected = []
    for start, end in episodes(shown):
        told = None
        for number in range(start, end):
            if shown[number] < 4500 and (told is None or number - told >= 10):
                expected.append((number, "fired" if told is None else "repeated"))
                told = number
        if told is not None and end < len(shown):
            expected.append((end, "resolved"))
    assert alerts(shown, repeat=10, send_resolved=True) == expected
    assert "repeated" in {event for _, event in expected}
