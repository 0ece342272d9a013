"""Amounts and addresses of a rule file: what is written in whole units becomes the integers that are stored."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

from horses_scrapy.money import minor_units
from horses_scrapy.odds import parse_board

HUNDREDTHS = 100
"""A rule's amounts of money are hundredths of a whole unit, whatever the currency: one rule reads boards in dollars and in yen."""

_ADDRESS = re.compile(r"[!#-'*+\-./-9=?A-Z^-~]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)

_CHANNEL = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number is expected")
    return float(value)


def _profit(value: object) -> int:
    """`5-2`, `EVN` or 2.5 (profit per 1) -> price in thousandths."""
    price = parse_board(value).price if isinstance(value, str) else round((_number(value) + 1) * 1000)
    if price is None or price <= 1000:
        raise ValueError("odds are expected: profit per 1, such as 2.5 or 5-2")
    return price


def _decimal(value: object) -> int:
    price = round(_number(value) * 1000)
    if price <= 1000:
        raise ValueError("decimal odds above 1 are expected, such as 3.5")
    return price


def _thousandths(value: object) -> int:
    amount = round(_number(value) * 1000)
    if amount <= 0:
        raise ValueError("a number above 0 is expected")
    return amount


def hundredths(minor: int, currency: str) -> int:
    """A board's amount, in minor units, as a rule reads it: exact, for no currency here has more than two digits."""
    return minor * HUNDREDTHS // minor_units(currency)


def _hundredths(value: object) -> int:
    amount = round(_number(value) * HUNDREDTHS)
    if amount <= 0:
        raise ValueError("an amount of money above 0 is expected")
    return amount


def is_address(text: str) -> bool:
    """Plain ASCII `name@host`: what stands in it can end neither a header nor an SMTP command."""
    return _ADDRESS.fullmatch(text) is not None


def _address(value: object) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise ValueError("an e-mail address is expected, such as you@example.com")
    return value


def _recipient(value: object) -> str:
    """A mail address, or the name of a channel, which holds no `@`."""
    if isinstance(value, str) and (is_address(value) or _CHANNEL.fullmatch(value)):
        return value
    raise ValueError("an e-mail address such as you@example.com, or the name of a channel, is expected")


Profit = Annotated[int, BeforeValidator(_profit)]
Decimal = Annotated[int, BeforeValidator(_decimal)]
Thousandths = Annotated[int, BeforeValidator(_thousandths)]
Hundredths = Annotated[int, BeforeValidator(_hundredths)]
Address = Annotated[str, BeforeValidator(_address)]
Recipient = Annotated[str, BeforeValidator(_recipient)]
