"""What a pair should pay, from chances to win: the models of Harville and Henery. Pure; estimates, so floats.

Harville: P(i, j) = p_i p_j / (1 - p_i), as if the race for second were run anew without the winner; it makes too much of
favourites for second. Henery: P(j second | i first) ~ p_j^gamma; pools fit a gamma of 0.7 to 0.85
(github.com/shabbychef/ohenery; DOMAIN.md 3.7).
"""

from collections.abc import Mapping
from itertools import combinations, permutations
from math import fsum, isclose

Pair = tuple[str, str]

HARVILLE = 1.0
"""The gamma with which Henery's model is Harville's."""
SLACK = 1e-6
"""By how much chances may miss a sum of 1."""


def model_name(gamma: float) -> str:
    """As messages and pages name it."""
    return "Harville" if gamma == HARVILLE else f"Henery, gamma {gamma:g}"


def exacta_chances(win: Mapping[str, float], gamma: float = HARVILLE) -> dict[Pair, float]:
    """P(first, second) of every ordered pair; together 1. Raises ValueError for chances that are none."""
    _check(win, gamma)
    strength = {label: chance**gamma for label, chance in win.items()}
    behind = {label: fsum(of for other, of in strength.items() if other != label) for label in win}
    return {(i, j): win[i] * strength[j] / behind[i] for i, j in permutations(win, 2)}


def quinella_chances(win: Mapping[str, float], gamma: float = HARVILLE) -> dict[Pair, float]:
    """P(both in the first two) of every pair, as its labels stand in `win`; together 1. Raises ValueError likewise."""
    ordered = exacta_chances(win, gamma)
    return {(i, j): ordered[i, j] + ordered[j, i] for i, j in combinations(win, 2)}


def fair_payout(chance: float, base: float, takeout: float = 0.0) -> float:
    """What a bet of `base` pays, stake included, if the pool keeps `takeout` (a share) and nobody has an edge."""
    if not 0 < chance <= 1:
        raise ValueError(f"chance {chance}: above 0 and at most 1 is expected")
    if not 0 <= takeout < 1:
        raise ValueError(f"takeout {takeout}: a share from 0 to below 1 is expected")
    return base * (1 - takeout) / chance


def _check(win: Mapping[str, float], gamma: float) -> None:
    outside = {label: chance for label, chance in win.items() if not 0 < chance < 1}
    if outside:
        raise ValueError(f"chances {outside}: between 0 and 1 is expected, neither of them included")
    if not isclose(fsum(win.values()), 1, abs_tol=SLACK, rel_tol=0):
        raise ValueError(f"chances sum to {fsum(win.values())}: 1 is expected")
    if not gamma > 0:
        raise ValueError(f"gamma {gamma}: above 0 is expected")
