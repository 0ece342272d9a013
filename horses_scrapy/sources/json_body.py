"""A JSON document, read strictly: every value knows its path, numbers never become floats, and a fault names the path."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn, Self, TypeVar

from scrapy.http import Response

from horses_scrapy import clock, odds
from horses_scrapy.errors import Blocked, EmptyResponse, ParseError, UnknownOdds

_LARGEST = 10**15

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Json:
    """A value and where it stands: `data.runners[3].odds`. Everything that is not as it must be is a ParseError."""

    value: Any
    path: str

    def __getitem__(self, key: str) -> Self:
        """A required field. Fields that nobody asks for are ignored."""
        found = self.get(key)
        if found is None:
            raise ParseError(f"{self._at(key)}: missing")
        return found

    def get(self, key: str) -> Self | None:
        """A field that may be absent or null: None then."""
        if not isinstance(self.value, dict):
            self._expected("an object")
        value = self.value.get(key)
        return None if value is None else type(self)(value, self._at(key))

    def elements(self) -> list[Self]:
        if not isinstance(self.value, list):
            self._expected("a list")
        return [type(self)(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def list_of(self, key: str) -> list[Self]:
        """A list that may be absent or null: empty then."""
        found = self.get(key)
        return found.elements() if found is not None else []

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            self._expected("text")
        return self.value.strip()

    def optional_text(self, key: str) -> str | None:
        """Text that may be absent, null or blank."""
        found = self.get(key)
        if found is None or (isinstance(found.value, str) and not found.value.strip()):
            return None
        return found.text()

    def whole(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or abs(self.value) > _LARGEST:
            self._expected("a whole number")
        return self.value

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            self._expected("true or false")
        return self.value

    def flag(self, key: str) -> bool:
        """A true or false that may be absent: false then."""
        found = self.get(key)
        return found.truth() if found is not None else False

    def quote(self) -> odds.Quote:
        """Decimal odds. Zero is no price; nor is 1 or less, the stake back at best: a pool without an opinion yet."""
        number = self._number()
        if 0 <= number <= 1:
            return odds.NOT_QUOTED
        try:
            return odds.parse_decimal(str(number))
        except UnknownOdds as error:
            raise ParseError(f"{self.path}: {error}") from error

    def cents(self) -> int:
        """Money in units, at most two decimals: cents."""
        amount = self._number() * 100
        if amount != int(amount):
            self._expected("money in whole cents")
        return int(amount)

    def instant(self) -> datetime:
        """Epoch milliseconds."""
        milliseconds = self.whole()
        try:
            return clock.from_ms(milliseconds)
        except (ValueError, OverflowError, OSError):
            self._expected("a time in epoch milliseconds")

    def iso_instant(self) -> datetime:
        """ISO 8601 with an offset or Z; fractions beyond a microsecond are dropped."""
        try:
            instant = datetime.fromisoformat(self.text())
        except ValueError:
            self._expected("a time in ISO 8601")
        if instant.tzinfo is None:
            self._expected("a time with its offset")
        return instant

    def one_of(self, known: dict[str, Made]) -> Made:
        """What a source's word stands for."""
        word = self.text()
        if word not in known:
            self._expected(f"one of {', '.join(known)}")
        return known[word]

    def _number(self) -> Decimal:
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal):
            self._expected("a number")
        number = Decimal(self.value)
        if abs(number) > _LARGEST or number.as_tuple().exponent not in range(-16, 16):
            self._expected("a number of sane size")
        return number

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _expected(self, what: str) -> NoReturn:
        shown = repr(self.value)
        raise ParseError(f"{self.path or 'the document'}: {what} is expected, not {shown[:60]}")


def read_json(response: Response) -> Json:
    """Raises EmptyResponse, Blocked (HTML where JSON is due: a challenge or error page), ParseError."""
    body = response.body.strip()
    if not body:
        raise EmptyResponse(f"{response.url}: HTTP {response.status} without a body")
    if body.startswith(b"<"):
        raise Blocked(f"{response.url}: a page came where JSON is due: {body[:60]!r}")
    try:
        return Json(json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_not_json), "")
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{response.url}: no sound JSON in {len(body)} bytes: {error}") from error


def _not_json(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def each_sound(nodes: Iterable[Json], read: Callable[[Json], Made | None]) -> Iterator[Made]:
    """What `read` makes of each node (None: nothing). One that is unsound does not cost the others: ParseError at the end."""
    faults = []
    for node in nodes:
        try:
            made = read(node)
        except ParseError as error:
            faults.append(str(error))
            continue
        if made is not None:
            yield made
    if faults:
        raise ParseError("; ".join(faults))


def same(node: Json, found: object, expected: object) -> None:
    """Raises ParseError where the answer is of something else than was asked for."""
    if found != expected:
        raise ParseError(f"{node.path}: {expected} was asked for, not {found}")
