"""The small line of a price beside a runner, as the points of an SVG polyline. Pure."""

import math
from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 96, 26, 3


def points(prices: Sequence[float]) -> str:
    """By ratio, for 40-1 to 20-1 is no more than 4-1 to 2-1; the shortest price is at the bottom. Nothing for fewer than two."""
    if len(prices) < 2:
        return ""
    low, high = min(prices), max(prices)
    step = (WIDTH - 2 * EDGE) / (len(prices) - 1)
    places = [(EDGE + number * step, _down(price, low, high)) for number, price in enumerate(prices)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _down(price: float, low: float, high: float) -> float:
    share = 0.5 if low == high else math.log(price / low) / math.log(high / low)
    return HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)
