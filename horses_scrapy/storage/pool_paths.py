"""What a pool held at each board of one race and source, and the win prices beside it. Pure. Units as in schema.py."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

from horses_scrapy.items import PoolType
from horses_scrapy.storage import pools
from horses_scrapy.storage.price_paths import Changed
from horses_scrapy.storage.race_boards import Stored


class PoolShown(NamedTuple):
    """A pool as it stood at a board: there are many, so no dataclass. `prices`: win prices by label, empty where not asked for."""

    fetched_at: int
    flags: frozenset[str]
    currency: str | None
    total: int | None
    amounts: Mapping[str, int]
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PoolPath:
    """All boards, oldest first."""

    boards: tuple[PoolShown, ...]

    @property
    def has_amounts(self) -> bool:
        return any(board.amounts for board in self.boards)


def pool_path(
    boards: Sequence[Stored],
    known: Iterable[pools.Identity],
    labels: Mapping[int, str],
    bet_type: PoolType,
    changed: Iterable[Changed] = (),
) -> PoolPath:
    """boards: oldest first. known: the source's pools, by position. changed: the tote's win prices, where they are wanted."""
    return PoolPath(tuple(_as_they_stood(boards, _places(known, bet_type, labels), _by_board(changed, labels))))


_Places = dict[str, list[tuple[int, str | None]]]
"""By currency, in the order in which they came: position and label (None: the total)."""
_Held = tuple[str | None, int | None, Mapping[str, int]]
"""Currency, total, and what was on each interest."""


def _places(known: Iterable[pools.Identity], bet_type: str, labels: Mapping[int, str]) -> _Places:
    found: _Places = {}
    for position, (kind, interest, currency) in enumerate(known):
        if kind == bet_type:
            found.setdefault(currency, []).append((position, None if interest is None else labels[interest]))
    return found


def _by_board(changed: Iterable[Changed], labels: Mapping[int, str]) -> dict[int, dict[str, int | None]]:
    found: dict[int, dict[str, int | None]] = {}
    for interest, board_id, price, _ in changed:
        found.setdefault(board_id, {})[labels[interest]] = price
    return found


def _as_they_stood(
    boards: Iterable[Stored], places: _Places, changed: Mapping[int, Mapping[str, int | None]]
) -> Iterator[PoolShown]:
    """A board without amounts shows what the one before it did."""
    held: _Held = (None, None, {})
    prices: dict[str, int] = {}
    for board in boards:
        if board.amounts is not None and places:
            held = _held(pools.parsed(board.amounts), places)
        if board.board_id in changed:
            merged = {**prices, **changed[board.board_id]}
            prices = {label: price for label, price in merged.items() if price is not None}
        currency, total, amounts = held
        yield PoolShown(
            fetched_at=board.at, flags=_flags(board.flags), currency=currency, total=total, amounts=amounts, prices=prices
        )  # fmt: skip


@lru_cache(maxsize=256)
def _flags(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) - {""}


def _held(amounts: pools.Amounts, places: _Places) -> _Held:
    """In the currency that came last, should a source have changed it."""
    many = len(amounts)
    for currency, own in reversed(places.items()):
        shown = {label: amount for at, label in own if at < many and (amount := amounts[at]) is not None}
        if shown:
            total = shown.pop(None, None)
            return (currency, total, cast("dict[str, int]", shown))
    return (None, None, {})
