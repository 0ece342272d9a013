"""Every interest's chance to win, as a board tells it: by the pool's money, or else by the prices. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from horses_scrapy.parimutuel import implied_probabilities, normalised_probabilities
from horses_scrapy.storage.board_view import BoardView, Shown

Told = Literal["money", "prices", "display"]
"""By the win pool's money on each interest, by prices that the pool's money gave, or by a display's floors of prices."""


@dataclass(frozen=True, slots=True)
class Chances:
    """`of` every interest that runs, together 1. floors: those whose chance is only the most that it can be."""

    of: Mapping[str, float]
    told: Told
    floors: frozenset[str] = frozenset()


def win_chances(board: BoardView, out: frozenset[str]) -> Chances | str:
    """Or why there are none. One interest of which nothing is known leaves nobody's chance known."""
    live = live_interests(board, out)
    if len(live) < 2:
        return "fewer than two interests run"
    return _by_money(board, live) or _by_prices(board, live)


def live_interests(board: BoardView, out: frozenset[str]) -> list[str]:
    """All that the card, the board or the exacta grid names and that are not out."""
    grid = board.grids.get("exacta")
    named = [runner.label for runner in board.runners]
    named += [label for market, label in board.prices if market == "win_tote"]
    named += [] if grid is None else [label for pair in grid.payouts for label in pair]
    return [label for label in dict.fromkeys(named) if label not in out]


def _by_money(board: BoardView, live: Iterable[str]) -> Chances | None:
    """Where the pool shows money on all of them."""
    pool = board.pools.get("win")
    amounts = {label: 0 if pool is None else pool.amounts.get(label, 0) for label in live}
    if min(amounts.values()) <= 0:
        return None
    return Chances({label: float(share) for label, share in implied_probabilities(amounts).items()}, "money")


def _by_prices(board: BoardView, live: Iterable[str]) -> Chances | str:
    shown: dict[str, Shown | None] = {label: board.prices.get(("win_tote", label)) for label in live}
    prices = {label: one.price for label, one in shown.items() if one is not None and one.price is not None}
    unknown = [label for label in shown if label not in prices]
    if unknown:
        return f"#{unknown[0]} has no win price, so nobody's chance is known"
    capped = frozenset(label for label, one in shown.items() if one is not None and one.status == "capped")
    told: Told = "prices" if board.source.basis == "pool" else "display"
    return Chances(normalised_probabilities(prices), told, capped)
