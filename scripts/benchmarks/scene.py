"""A board of 12 runners with all 132 exactas, 20 boards before it, and rules of every kind that reads boards."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import cycle, islice, permutations
from typing import Any

from alerts.history import History, Takeout, glimpse
from alerts.rules import RuleSet
from alerts.rules.kinds import KINDS
from horses_scrapy.items import Source
from horses_scrapy.storage.board_view import BoardView, GridView, PoolView, RaceView, RunnerView, Shown

START = 1_777_752_000_000
MINUTE = 60_000
CODE = "GP"
WEIGHTS = {str(number): 1 / (number + 1) for number in range(1, 13)}
TOTAL = sum(WEIGHTS.values())
LINES = {label: round(900 * TOTAL / weight) for label, weight in WEIGHTS.items()}
TAKEOUTS = {"win": Takeout(0.16, assumed=False), "exacta": Takeout(0.185, assumed=False)}

SPREAD: tuple[dict[str, Any], ...] = (
    {"kind": "win_odds_below", "threshold": "7-2", "step": 0.5},
    {"kind": "odds_drop", "percent": 30, "points": 2},
    {"kind": "exacta_payout_below", "threshold": {"payout": 40, "base": 2}},
    {"kind": "win_odds_above", "threshold": 20, "minutes_to_post": [0, 30]},
    {"kind": "odds_drift", "percent": 25},
    {"kind": "exacta_payout_above", "threshold": {"payout": 500, "base": 2}, "min_pool": 1000},
    {"kind": "win_decimal_below", "threshold": 4, "scope": {"jockeys": ["J. Jockey 3", "J. Jockey 5"]}},
    {"kind": "exacta_overlay", "percent": 25},
    {"kind": "odds_drop", "bands": [{"up_to": 5, "percent": 10}, {"percent": 15}], "against": {"minutes": 5}},
    {"kind": "cross_pool", "percent": 15},
    {"kind": "win_decimal_above", "threshold": 25},
    {"kind": "steam", "min_pool": 2000},
    {"kind": "overlay_vs_morning_line", "percent": 15},
    {"kind": "exacta_overlay", "percent": 40, "gamma": 0.81, "scope": {"horses": ["Horse 2", "Horse 7"]}},
    {"kind": "overlay_vs_line", "percent": 15},
    {"kind": "pool_above", "threshold": 10_000, "bet_type": "exacta"},
    {"kind": "large_bet", "amount": 500},
    {"kind": "cross_pool", "side": "exacta_lower", "percent": 20},
    {"kind": "odds_drop", "percent": 20, "against": "morning_line", "scope": {"program_numbers": ["3"]}},
)
"""Every kind that reads boards; a rule file is these over and over."""


def rules_of(count: int, one_in: int = 1) -> RuleSet:
    return RuleSet(rules=tuple(KINDS[told["kind"]].model_validate(told) for told in told_rules(count, one_in)))


def told_rules(count: int, one_in: int = 1) -> Iterator[dict[str, Any]]:
    """`count` blocks of a rule file, one in `one_in` of the board's track and the others of elsewhere."""
    for number, told in enumerate(islice(cycle(SPREAD), count)):
        scope = {**told.get("scope", {}), "tracks": [CODE if number % one_in == 0 else f"T{number % 40}"]}
        yield {**told, "name": f"r{number}", "scope": scope}


def scene() -> tuple[BoardView, History]:
    """The twenty-first board, four minutes to post: #3 was bet down, the exactas still have it at its old chance."""
    boards = [board_at(number) for number in range(21)]
    seen = [glimpse(board, 600_000) for board in boards[:-1]]
    return boards[-1], History(boards=seen, previous=boards[-2], takeouts=TAKEOUTS, lines=LINES)


def board_at(number: int) -> BoardView:
    at = START + number * MINUTE
    money = amounts(number, bet_down=1 + number / 10)
    win, exacta = sum(money.values()), 3000 * (number + 1) * 100
    return BoardView(
        board_id=number + 1,
        race=race(),
        source=Source("bench", "board", "display"),
        is_primary=True,
        fetched_at=at,
        source_time=at - 5000,
        status="open",
        minutes_to_post=None,
        flags=frozenset(),
        evaluated_at=None,
        runners=runners(),
        prices={("win_tote", label): Shown(max(1050, 840 * win // paid), "active") for label, paid in money.items()},
        pools={"win": PoolView(win, "USD", money), "exacta": PoolView(exacta, "USD", {})},
        grids={"exacta": GridView(200, "USD", at, dict(payouts(amounts(number, bet_down=1))))},
    )


def race() -> RaceView:
    return RaceView(
        race_id=1, track_key="gulf", track_code=CODE, track_name="Gulf Downs", timezone="America/New_York",
        race_date="2026-05-02", race_number=1, post_time=START + 24 * MINUTE, url="http://127.0.0.1/race/1",
    )  # fmt: skip


def runners() -> tuple[RunnerView, ...]:
    first = RunnerView(
        entry_id=0,
        program_number="0",
        label="0",
        horse="",
        status="active",
        jockey=None,
        trainer=None,
        morning_line=None,
    )
    return tuple(
        replace(
            first, entry_id=int(label), program_number=label, label=label, horse=f"Horse {label}",
            jockey=f"J. Jockey {label}", trainer=f"T. Trainer {label}", morning_line=line,
        )
        for label, line in LINES.items()
    )  # fmt: skip


def amounts(number: int, bet_down: float) -> dict[str, int]:
    """Minor units on each interest: the pool grows by 4,000 a board, more of it on #3."""
    weights = {label: weight * (bet_down if label == "3" else 1) for label, weight in WEIGHTS.items()}
    return {label: int(weight / sum(weights.values()) * 4000 * (number + 1) * 100) for label, weight in weights.items()}


def payouts(money: dict[str, int]) -> Iterator[tuple[tuple[str, str], int]]:
    total = sum(money.values())
    for first, second in permutations(money, 2):
        chance = money[first] / total * money[second] / (total - money[first])
        yield (first, second), round(200 * 0.815 / chance)


def as_json(board: BoardView) -> dict[str, Any]:
    """Keys of pairs become text; everything else of the board as it is."""
    told = asdict(board)
    told["flags"] = sorted(board.flags)
    told["prices"] = {" ".join(key): asdict(shown) for key, shown in board.prices.items()}
    told["grids"] = {
        name: {**asdict(grid), "payouts": {"-".join(pair): paid for pair, paid in grid.payouts.items()}}
        for name, grid in board.grids.items()
    }
    return told
