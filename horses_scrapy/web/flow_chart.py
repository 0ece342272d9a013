"""Where the bars of a money flow stand, in percent of a strip's width and height. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

MORE = 1.1
"""An interval's part of the money against the usual part, from where on a bar is coloured; less is the inverse."""
GAP = 0.08
"""Of an interval's width, on each side of its bar."""
LEAST_TOP = 0.02
"""Of the interval's money: a smaller usual part does not blow noise up."""
LEFT = 12
"""Height of a bar of money that left."""
TICKS = 6

Kind = Literal["came", "over", "under", "even", "left"]


class Bar(NamedTuple):
    """place: of its interval. A chart has hundreds: no dataclass."""

    place: int
    height: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


def totals(growth: Sequence[float]) -> list[Bar]:
    """The highest is the top."""
    most = max(*map(abs, growth), 1.0)
    return [
        Bar(place, _height(abs(grown) / most), "left" if grown < 0 else "came")
        for place, grown in enumerate(growth)
        if grown != 0
    ]


def parts(shares: Sequence[float | None], growth: Sequence[float], usual: float) -> list[Bar]:
    """One interest's part of each interval's money; twice its usual part is the top. Money that left is a low bar."""
    top, more, less = top_of(usual), usual * MORE, usual / MORE
    bars = []
    for place, (share, grown) in enumerate(zip(shares, growth, strict=True)):
        if grown < 0:
            bars.append(Bar(place, LEFT, "left"))
        elif share:
            kind: Kind = "over" if share > more else "under" if share < less else "even"
            bars.append(Bar(place, _height(share / top) if share < top else 100, kind))
    return bars


def top_of(usual: float) -> float:
    return max(2 * usual, LEAST_TOP)


def ticks(minutes: Sequence[float | None]) -> list[Tick]:
    """The post, and whole steps of minutes before and after it."""
    known = [one for one in minutes if one is not None]
    if not known:
        return []
    span = known[0] - known[-1]
    step = next((one for one in (1, 2, 5, 10, 15, 30, 60, 120) if span <= one * TICKS), 240)
    return [
        Tick(_x(place, len(minutes)), "post" if one == 0 else f"{one:g}".replace("-", "+"))
        for place, one in enumerate(minutes)
        if one is not None and one % step == 0
    ]


def middle(place: int, of: int) -> float:
    return _x(place + 0.5, of)


def drawn(bars: Iterable[Bar], of: int) -> dict[Kind, str]:
    """An SVG path of all bars of a kind, in a box of 100 by 100: a page of rectangles would be many times as long.

    of: how many intervals share the width.
    """
    begins, width = _begins(of), _x(1 - 2 * GAP, of)
    paths: defaultdict[Kind, list[str]] = defaultdict(list)
    for place, height, kind in bars:
        paths[kind].append(begins[place] + _rest(height, width))
    return {kind: "".join(shapes) for kind, shapes in paths.items()}


@lru_cache(maxsize=256)
def _begins(of: int) -> list[str]:
    """Of each interval's bar, at its foot on the left."""
    return [f"M{_x(place + GAP, of):g} 100v-" for place in range(of)]


@lru_cache(maxsize=8192)
def _rest(height: float, width: float) -> str:
    return f"{height:g}h{width:g}v{height:g}z"


def _height(high: float) -> float:
    return round(100 * high, 1)


def _x(place: float, of: int) -> float:
    return round(100 * place / of, 2)
