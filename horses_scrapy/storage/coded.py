"""Words that are stored as their place in a list: a byte or none, where the word would be most of its row.

The lists only ever grow at their end: a stored number keeps its word.
"""

from typing import Any, get_args

from sqlalchemy import BigInteger, Dialect, Integer, SmallInteger
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from horses_scrapy.errors import StoreError
from horses_scrapy.items import RACE_STATUSES, Market, PriceStatus


class UnknownWord(StoreError, DontWrapMixin):
    """A word that the column has no number for: nothing of its transaction is stored."""


class Coded(TypeDecorator[str]):
    """A word to Python, a small integer to the database."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words
        self._codes = {word: code for code, word in enumerate(words)}

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else SmallInteger())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        try:
            return self._codes[value]
        except KeyError:
            raise UnknownWord(f"{value!r} cannot be stored: one of {', '.join(self.words)} is expected") from None

    def process_result_value(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.words[value]

    def sql_case(self, column: str) -> str:
        """For views: the word of a column."""
        return (
            f"CASE {column} " + " ".join(f"WHEN {code} THEN '{word}'" for code, word in enumerate(self.words)) + " END"
        )


RACE_STATUS = Coded(*RACE_STATUSES)
MARKET = Coded(*get_args(Market))
PRICE_STATUS = Coded(*get_args(PriceStatus))
