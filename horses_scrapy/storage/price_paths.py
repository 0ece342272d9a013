"""The way that every price of a race took. Instants are epoch milliseconds UTC."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, get_args

from sqlalchemy import Connection, Integer, bindparam, select, type_coerce

from horses_scrapy.items import Market, PriceStatus
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.schema import betting_interest, board, price_change


class Step(NamedTuple):
    """What stood from `at`, the fetched_at of a board, until the next step. There are thousands: no dataclass."""

    at: int
    shown: Shown


Changed = tuple[int, int, int | None, int]
"""Interest, board, price, and the number that its status is stored as: where a board showed it otherwise than the one before."""


@dataclass(frozen=True, slots=True)
class Paths:
    """steps: by source and interest, each by time: boards that came late stand where they belong. looked_at: a source's newest board."""

    steps: Mapping[tuple[int, int], Sequence[Step]]
    looked_at: Mapping[int, int]


def interests(connection: Connection, race_id: int) -> dict[int, str]:
    """Labels by id."""
    return dict(connection.execute(_INTERESTS, {"of_race": race_id}).all())


def changes(connection: Connection, race_id: int, market: Market) -> Sequence[Changed]:
    """Of all sources."""
    rows: Sequence[Any] = connection.execute(_PRICES, {"of_race": race_id, "in_market": market}).all()
    return rows


def price_paths(
    connection: Connection, race_id: int, source_ids: Collection[int], market: Market, before: int
) -> Paths:
    """From the first price on, up to, not including, the instant `before`."""
    asked = {"of_race": race_id, "of_sources": list(source_ids), "before": before}
    rows = connection.execute(_BOARDS, asked).all()
    boards = {board_id: (source_id, at) for board_id, source_id, at in rows}
    return Paths(steps_on(boards, changes(connection, race_id, market)), dict(sorted(boards.values())))


def steps_on(
    boards: Mapping[int, tuple[int, int]], changed: Iterable[Changed]
) -> dict[tuple[int, int], Sequence[Step]]:
    """boards: source and fetched_at by id; what others changed is left out."""
    steps: defaultdict[tuple[int, int], list[Step]] = defaultdict(list)
    known: dict[tuple[int | None, int], Shown] = {}
    for interest, board_id, price, code in changed:
        board = boards.get(board_id)
        if board is not None:
            shown = known.get((price, code))
            if shown is None:
                shown = known[price, code] = Shown(price, _STATUSES[code])
            steps[board[0], interest].append(Step(board[1], shown))
    return {key: sorted(path, key=_at) for key, path in steps.items()}


_at = attrgetter("at")

# Built once: that costs more than running them.
_INTERESTS = select(betting_interest.c.interest_id, betting_interest.c.label).where(
    betting_interest.c.race_id == bindparam("of_race")
)
# Two statements, each along its own index: joined, SQLite may look for the prices of every board.
_BOARDS = select(board.c.board_id, board.c.source_id, board.c.fetched_at).where(
    board.c.race_id == bindparam("of_race"),
    board.c.source_id.in_(bindparam("of_sources", expanding=True)),
    board.c.fetched_at < bindparam("before"),
)
_STATUSES: tuple[PriceStatus, ...] = get_args(PriceStatus)
# The number of a status: SQLAlchemy would make a word of each, one call a row.
_PRICES = select(
    price_change.c.interest_id,
    price_change.c.board_id,
    price_change.c.price,
    type_coerce(price_change.c.status, Integer),
).where(
    price_change.c.interest_id.in_(
        select(betting_interest.c.interest_id).where(betting_interest.c.race_id == bindparam("of_race"))
    ),
    price_change.c.market == bindparam("in_market"),
)
