"""Odds notation: a source's text to a price, and back.

A price is decimal odds in thousandths, stake included: 5-2 is 3500. Board odds are profit per 1, printed on a fixed
ladder, and are the floor of a range (docs/DOMAIN facts: a horse shown 5-2 can pay 7.00 to 7.80 for 2). A bare `2` is 2-1
on a North American board and 2.0 on an exchange: the source declares which, nothing here guesses.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from horses_scrapy.errors import UnknownOdds
from horses_scrapy.items import Notation, PriceStatus

BOARD_CAP = 99
"""A board's 99 means "99 or more"."""

_MAX_TEXT = 16  # longest sane token; the cap keeps a hostile one away from the regular expressions
_EVEN = frozenset({"EVN", "EVS", "EVEN", "EVENS"})
_SCRATCHED = frozenset({"SCR", "SC", "SCRATCHED"})
_BLANK = frozenset({"", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}", "*", "0"})
_FRACTION = re.compile(r"(\d{1,4})[-/](\d{1,3})", re.ASCII)
_WHOLE = re.compile(r"\d{1,3}", re.ASCII)
_DECIMAL = re.compile(r"(\d{1,6})(?:\.(\d{1,3}))?", re.ASCII)

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
    token = text.replace("\N{NO-BREAK SPACE}", " ").strip().upper()
    if len(token) > _MAX_TEXT:
        raise UnknownOdds(f"odds text of {len(text)} characters: {text[:_MAX_TEXT]!r}...")
    return token


def parse_board(text: str) -> Quote:
    """Profit per 1 as a board prints it: `5-2`, `9/5`, `2`, `EVN`, `99`, `SCR`, blank; `*` marks a favourite.

    Raises UnknownOdds on anything else. A blank, a dash and `0` mean that nothing is quoted yet.
    """
    token = _clean(text)
    if token in _SCRATCHED:
        return SCRATCHED
    if token in _BLANK:
        return NOT_QUOTED
    token = token.strip("*").strip()
    if token in _EVEN:
        return Quote(2000)
    return _board_number(token, text)


def _board_number(token: str, text: str) -> Quote:
    match = _FRACTION.fullmatch(token)
    if match is None and _WHOLE.fullmatch(token) is None:
        raise UnknownOdds(f"board odds {text!r}")
    profit, per = (int(match[1]), int(match[2])) if match else (int(token), 1)
    if profit == 0 or per == 0:
        raise UnknownOdds(f"board odds {text!r}: a price needs a profit and a stake")
    price = _thousandths(Fraction(profit, per))
    capped = profit >= BOARD_CAP * per
    return Quote(price, "capped" if capped else "active")


def parse_decimal(text: str) -> Quote:
    """Decimal odds, stake included: `3.50`, `1,141.1`, `SCR`, blank, `0` (no money yet). Raises UnknownOdds otherwise."""
    token = _clean(text)
    if token in _SCRATCHED:
        return SCRATCHED
    if token in _BLANK or re.fullmatch(r"0?\.0{1,4}|-+\.-", token, re.ASCII):
        return NOT_QUOTED
    match = _DECIMAL.fullmatch(re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", token))
    if match is None:
        raise UnknownOdds(f"decimal odds {text!r}")
    price = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0"))
    if price <= 1000:
        raise UnknownOdds(f"decimal odds {text!r}: a price returns more than its stake")
    return Quote(price)


def show(price: int, notation: Notation) -> str:
    """The price in a source's own notation: `5-2` on a board (its floor rung), `3.50` in decimal."""
    if notation == "decimal":
        return f"{price / 1000:.2f}"
    rung = board_floor(price)
    return _RUNG_TEXT[rung]


def board_floor(price: int) -> int:
    """The rung that a board shows for an exact price: the highest at or below it, and at least the first."""
    return LADDER[max(0, bisect_right(LADDER, price) - 1)]


def display_range(price: int) -> tuple[int, int | None]:
    """Prices that a board shows as this rung: from it up to, not including, the next; None above the cap."""
    index = bisect_right(LADDER, price)
    return board_floor(price), LADDER[index] if index < len(LADDER) else None


def profit_per_1(price: int) -> float:
    """`win_odds` of the seed: 2.5 for 5-2."""
    return price / 1000 - 1


def probability(price: int) -> float:
    """1/decimal, not normalised for takeout."""
    return 1000 / price
