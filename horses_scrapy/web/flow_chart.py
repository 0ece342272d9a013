"""Where the bars of a money flow stand, in percent of a strip's width and height. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MORE = 1.1
"""An interval's part of the money against the usual part, from where on a bar is coloured; less is the inverse."""
GAP = 0.08
"""Of an interval's width, on each side of its bar."""
LEAST_TOP = 0.02
"""Of the interval's money: a smaller usual part does not blow noise up."""
TICKS = 6

Kind = Literal["came", "over", "under", "even", "left"]


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
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
        _bar(place, len(growth), abs(grown) / most, "left" if grown < 0 else "came")
        for place, grown in enumerate(growth)
        if grown != 0
    ]


def parts(shares: Sequence[float | None], growth: Sequence[float], usual: float) -> list[Bar]:
    """One interest's part of each interval's money; twice its usual part is the top. Money that left is a low bar."""
    top = top_of(usual)
    bars = []
    for place, (share, grown) in enumerate(zip(shares, growth, strict=True)):
        if grown < 0:
            bars.append(_bar(place, len(growth), 0.12, "left"))
        elif share:
            bars.append(_bar(place, len(growth), min(share / top, 1), _kind(share, usual)))
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


def drawn(bars: Sequence[Bar]) -> dict[Kind, str]:
    """An SVG path of all bars of a kind, in a box of 100 by 100: a page of rectangles would be many times as long."""
    paths: dict[Kind, str] = {}
    for bar in bars:
        shape = f"M{bar.x:g} 100v{-bar.height:g}h{bar.width:g}v{bar.height:g}z"
        paths[bar.kind] = paths.get(bar.kind, "") + shape
    return paths


def _kind(share: float, usual: float) -> Kind:
    if share > usual * MORE:
        return "over"
    return "under" if share < usual / MORE else "even"


def _bar(place: int, of: int, high: float, kind: Kind) -> Bar:
    height = round(100 * high, 1)
    return Bar(_x(place + GAP, of), _x(1 - 2 * GAP, of), height, kind)


def _x(place: float, of: int) -> float:
    return round(100 * place / of, 2)
