"""Money in minor units of a named currency. Two currencies are never added; how many digits a currency has is looked up.

Minor units by ISO 4217: 100 cents to the dollar, but the yen has none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from horses_scrapy.errors import HorsesError

DIGITS: Mapping[str, int] = MappingProxyType(
    {"USD": 2, "CAD": 2, "GBP": 2, "EUR": 2, "AUD": 2, "NZD": 2, "HKD": 2, "SEK": 2, "NOK": 2, "JPY": 0}
)


class UnknownCurrency(HorsesError, ValueError):
    """A currency whose minor unit is not known here: 100 would be a guess."""


class MixedCurrencies(HorsesError, ValueError):
    """Money of two currencies was to be added."""


def digits(currency: str) -> int:
    """Decimal places. Raises UnknownCurrency."""
    found = DIGITS.get(currency)
    if found is None:
        raise UnknownCurrency(f"currency {currency!r}: one of {', '.join(sorted(DIGITS))} is expected")
    return found


def minor_units(currency: str) -> int:
    """Of one whole unit: 100 for USD, 1 for JPY. Raises UnknownCurrency."""
    return int(10 ** digits(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` in minor units. Adding another currency raises MixedCurrencies."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self} and {other} cannot be added")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return shown(self.amount, self.currency)


def total(amounts: Iterable[Money]) -> Money | None:
    """None for nothing at all: a sum of no money has no currency. Raises MixedCurrencies."""
    found: Money | None = None
    for one in amounts:
        found = one if found is None else found + one
    return found


def shown(minor: int, currency: str) -> str:
    """`1,234.50 USD`, `1,234 JPY`."""
    return f"{figure(minor, currency)} {currency}"


def figure(minor: int, currency: str) -> str:
    """The number alone: `1,234.50`."""
    places = digits(currency)
    whole, rest = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}.{rest:0{places}d}" if places else f"{sign}{whole:,}"
