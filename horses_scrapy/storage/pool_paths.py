"""What a pool held at each board of one race and source, and the win prices beside it. Pure. Units as in schema.py."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from horses_scrapy.items import PoolType
from horses_scrapy.storage import pools
from horses_scrapy.storage.price_paths import Changed
from horses_scrapy.storage.race_boards import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShown:
    """A pool as it stood at a board. `prices`: win prices by label, empty where they were not asked for."""

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


_Place = tuple[int, str | None, str]
"""Position, label (None: the total), currency."""
_Held = tuple[str | None, int | None, Mapping[str, int]]
"""Currency, total, and what was on each interest."""


def _places(known: Iterable[pools.Identity], bet_type: str, labels: Mapping[int, str]) -> list[_Place]:
    return [
        (position, None if interest is None else labels[interest], currency)
        for position, (kind, interest, currency) in enumerate(known)
        if kind == bet_type
    ]


def _by_board(changed: Iterable[Changed], labels: Mapping[int, str]) -> dict[int, dict[str, int | None]]:
    found: dict[int, dict[str, int | None]] = {}
    for interest, board_id, price, _ in changed:
        found.setdefault(board_id, {})[labels[interest]] = price
    return found


def _as_they_stood(
    boards: Iterable[Stored], places: Sequence[_Place], changed: Mapping[int, Mapping[str, int | None]]
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


def _held(amounts: pools.Amounts, places: Sequence[_Place]) -> _Held:
    """In the currency that came last, should a source have changed it."""
    many = len(amounts)
    shown = [(label, amounts[at], currency) for at, label, currency in places if at < many and amounts[at] is not None]
    if not shown:
        return (None, None, {})
    known = dict.fromkeys(currency for _, _, currency in shown)
    currency = next(reversed(known))
    own: dict[str | None, int] = {label: amount for label, amount, of in shown if of == currency and amount is not None}
    total = own.pop(None, None)
    return (currency, total, cast("dict[str, int]", own))
