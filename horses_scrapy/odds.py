"""Odds notation: a source's text to a price, and back.

A price is decimal odds in thousandths, stake included: 5-2 is 3500. Board odds are profit per 1, printed on a fixed
ladder, and are the floor of a range (a horse shown 5-2 can pay 7.00 to 7.80 for 2). A bare `2` is 2-1 on a North
American board and 2.0 on an exchange: the source declares which, nothing here guesses. Never float(): it takes `nan`,
`1_000` and other scripts' digits.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from horses_scrapy.errors import UnknownOdds
from horses_scrapy.items import Notation, PriceStatus

BOARD_CAP = 99
"""A board's 99 means "99 or more"."""

MAX_PRICE = 100_000_000
"""100000.0 for 1: no tote pays more, so a longer number is a page misread."""

_MAX_TEXT = 16  # longest sane token; the cap keeps a hostile one away from the regular expressions
_SPACE = " \t\r\n\f\v"
_EVEN = frozenset({"EVN", "EVS", "EVEN", "EVENS"})
_SCRATCHED = frozenset({"SCR", "SC", "SCRATCHED"})
_BLANK = frozenset({"", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}", "*", "0"})
_FRACTION = re.compile(r"([1-9]\d{0,3})[-/]([1-9]\d{0,2})", re.ASCII)
_WHOLE = re.compile(r"[1-9]\d{0,2}", re.ASCII)
_NO_MONEY = re.compile(r"0?\.0{1,4}|-{1,4}\.-{1,2}", re.ASCII)
# A comma separates thousands only where a point follows: "1,141.1". In a bare "3,500" it may as well be a decimal comma.
_DECIMAL = re.compile(r"(0|[1-9]\d{0,5}|[1-9]\d{0,2},\d{3}(?=\.))(?:\.(\d{1,3}))?", re.ASCII)

_LADDER_TEXT = (
    ["1-9", "1-5", "2-5", "1-2", "3-5", "4-5", "1-1", "6-5", "7-5", "3-2", "8-5", "9-5", "2-1", "5-2", "3-1", "7-2", "4-1", "9-2"]
    + [f"{n}-1" for n in range(5, BOARD_CAP + 1)]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in thousandths, or None where nothing is quoted, and what that means."""

    price: int | None
    status: PriceStatus = "active"


NOT_QUOTED = Quote(None)
SCRATCHED = Quote(None, "scratched")


def _thousandths(profit: Fraction) -> int:
    return round((profit + 1) * 1000)


LADDER: tuple[int, ...] = tuple(_thousandths(Fraction(*map(int, rung.split("-")))) for rung in _LADDER_TEXT)
"""Every price a board can show, in thousandths, ascending."""
_RUNG_TEXT = dict(zip(LADDER, _LADDER_TEXT, strict=True)) | {2000: "EVN", 100_000: "99"}


def _clean(text: str) -> str:
    token = text.replace("\N{NO-BREAK SPACE}", " ").strip(_SPACE)
    if len(token) > _MAX_TEXT:
        raise UnknownOdds(f"odds text of {len(token)} characters: {token[:_MAX_TEXT]!r}...")
    return token.upper() if token.isascii() else token  # upper() would turn a long s into S


def parse_board(text: str) -> Quote:
    """Profit per 1 as a board prints it: `5-2`, `9/5`, `2`, `EVN`, `99`, `SCR`, blank; one `*` marks a favourite.

    Raises UnknownOdds on anything else. A blank, a dash and `0` mean that nothing is quoted yet.
    """
    token = _clean(text)
    if token in _SCRATCHED:
        return SCRATCHED
    if token in _BLANK:
        return NOT_QUOTED
    token = _without_star(token)
    return Quote(2000) if token in _EVEN else _board_number(token)


def _without_star(token: str) -> str:
    bare = token.removesuffix("*") if token.endswith("*") else token.removeprefix("*")
    return bare.strip(_SPACE)


def _board_number(token: str) -> Quote:
    match = _FRACTION.fullmatch(token)
    if match is None and _WHOLE.fullmatch(token) is None:
        raise UnknownOdds(f"board odds {token!r}: neither like 5-2, 9/5, 2, EVN or SCR nor blank")
    profit, per = (int(match[1]), int(match[2])) if match else (int(token), 1)
    capped = profit >= BOARD_CAP * per
    return Quote(_thousandths(Fraction(profit, per)), "capped" if capped else "active")


def parse_decimal(text: str) -> Quote:
    """Decimal odds, stake included: `3.50`, `1,141.1`, `SCR`, blank, `0` (no money yet). Raises UnknownOdds otherwise."""
    token = _clean(text)
    if token in _SCRATCHED:
        return SCRATCHED
    if token in _BLANK or _NO_MONEY.fullmatch(token):
        return NOT_QUOTED
    match = _DECIMAL.fullmatch(token)
    if match is None:
        raise UnknownOdds(f"decimal odds {token!r}: neither like 3.50, 1,141.1 or SCR nor blank")
    price = int(match[1].replace(",", "")) * 1000 + int((match[2] or "").ljust(3, "0"))
    if not 1000 < price <= MAX_PRICE:
        raise UnknownOdds(
            f"decimal odds {token!r}: a price is above 1, stake included, and at most {MAX_PRICE // 1000}"
        )
    return Quote(price)


def show(price: int, notation: Notation) -> str:
    """The price in a source's own notation: `5-2` on a board (its floor rung), `3.50` or `3.505` in decimal."""
    if notation == "decimal":
        whole, thousandths = divmod(price, 1000)
        return f"{whole}.{thousandths:03d}".removesuffix("0")
    return _RUNG_TEXT[board_floor(price)]


def board_floor(price: int) -> int:
    """The rung that a board shows for an exact price: the highest at or below it, and at least the first."""
    return LADDER[max(0, bisect_right(LADDER, price) - 1)]


def display_range(price: int) -> tuple[int, int | None]:
    """Prices that a board shows as this rung: from it up to, not including, the next; None above the cap.

    The first rung also stands for the shorter prices, down to the least that a winning bet returns.
    """
    rung = max(1, bisect_right(LADDER, price))
    return LADDER[rung - 1], LADDER[rung] if rung < len(LADDER) else None


def profit_per_1(price: int) -> float:
    """`win_odds` of the seed: 2.5 for 5-2."""
    return price / 1000 - 1


def probability(price: int) -> float:
    """1/decimal, not normalised for takeout."""
    return 1000 / price
