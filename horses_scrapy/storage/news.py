"""What was committed since a place in the tables of boards, card changes and alerts. Units as in schema.py."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from horses_scrapy.items import Market, Notation, PriceStatus, RaceStatus
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.schema import (
    alert,
    betting_interest,
    board,
    change,
    entry,
    price_change,
    race,
    source,
    track,
)

Kind = Literal["change", "board", "alert"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which one commit makes them: a card, its board, what the rules say of it."""
END = 2**62


@dataclass(frozen=True, slots=True)
class Span:
    """Ids above `after` up to `until`, no more than `most` of them, and those of `again`, which lie below."""

    after: int
    until: int = END
    again: Collection[int] = ()
    most: int = 1000


@dataclass(frozen=True, slots=True)
class Moved:
    """A price that a board changed."""

    label: str
    market: Market
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedBoard:
    id: int
    at: int
    race_id: int
    track: str
    race_date: str
    race_number: int
    source: str
    notation: Notation
    status: RaceStatus
    minutes_to_post: int | None
    flags: tuple[str, ...]
    prices: tuple[Moved, ...]


class CommittedChange(NamedTuple):
    """Of a card. program_number: None where it is of the race."""

    id: int
    at: int
    race_id: int
    track: str
    field: str
    program_number: str | None
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedAlert:
    """track: of its race, or what its scope names; both None for an alert about a source or the whole system."""

    id: int
    at: int
    race_id: int | None
    track: str | None
    rule: str
    event: str
    severity: str
    message: str


def tops(connection: Connection) -> dict[Kind, int]:
    """The highest id of each; 0 where there is none."""
    row = connection.execute(_TOPS).mappings().one()
    return {kind: row[kind] or 0 for kind in KINDS}


def ids_above(connection: Connection, kind: Kind, after: int) -> set[int]:
    return set(connection.scalars(_IDS[kind], {"after": after}))


def boards(connection: Connection, span: Span) -> list[CommittedBoard]:
    """By id, as the others."""
    rows = _rows(connection, _BOARDS, span)
    moved = _moved(connection, [row["id"] for row in rows])
    return [_board(row, tuple(moved.get(row["id"], ()))) for row in rows]


def changes(connection: Connection, span: Span) -> list[CommittedChange]:
    return [CommittedChange(**row) for row in _rows(connection, _CHANGES, span)]


def alerts(connection: Connection, span: Span) -> list[CommittedAlert]:
    return [_alert(row) for row in _rows(connection, _ALERTS, span)]


def _rows(connection: Connection, asked: "_Asked", span: Span) -> list[RowMapping]:
    again = connection.execute(asked.again, {"ids": sorted(span.again)}).mappings() if span.again else ()
    above = {"after": span.after, "until": span.until, "most": span.most}
    return [*again, *connection.execute(asked.above, above).mappings()]


def _board(row: RowMapping, prices: tuple[Moved, ...]) -> CommittedBoard:
    flags = tuple(flag for flag in row["flags"].split(",") if flag)
    return CommittedBoard(**{**row, "flags": flags, "prices": prices})


def _alert(row: RowMapping) -> CommittedAlert:
    told = dict(row)
    about, _, name = told.pop("scope").partition(":")
    if about == "track":
        told["track"] = name
    return CommittedAlert(**told)


def _moved(connection: Connection, board_ids: Sequence[int]) -> dict[int, list[Moved]]:
    """By board."""
    found: dict[int, list[Moved]] = {}
    if not board_ids:
        return found
    for row in connection.execute(_PRICES, {"ids": board_ids, "markets": list(get_args(Market))}):
        status: PriceStatus = row.status
        found.setdefault(row.board_id, []).append(Moved(row.label, row.market, Shown(row.price, status)))
    return found


# --- Built once: that costs several times more than running them -------------------------------------------------------

_KEYS = {"change": change.c.change_id, "board": board.c.board_id, "alert": alert.c.alert_id}


class _Asked(NamedTuple):
    above: Select[Any]
    again: Select[Any]


def _asked(kind: Kind, query: Select[Any]) -> _Asked:
    key = _KEYS[kind]
    above = query.where(key > bindparam("after"), key <= bindparam("until")).limit(bindparam("most"))
    return _Asked(above.order_by(key), query.where(key.in_(bindparam("ids", expanding=True))).order_by(key))


_TOPS = select(*(select(func.max(_KEYS[kind])).scalar_subquery().label(kind) for kind in KINDS))
_IDS = {kind: select(_KEYS[kind]).where(_KEYS[kind] > bindparam("after")) for kind in KINDS}
_BOARDS = _asked(
    "board",
    select(
        board.c.board_id.label("id"),
        board.c.fetched_at.label("at"),
        board.c.race_id,
        track.c.key.label("track"),
        race.c.race_date,
        race.c.race_number,
        source.c.name.label("source"),
        source.c.notation,
        board.c.status,
        board.c.minutes_to_post,
        board.c.flags,
    )
    .join(race, race.c.race_id == board.c.race_id)
    .join(track, track.c.track_id == race.c.track_id)
    .join(source, source.c.source_id == board.c.source_id),
)
_CHANGES = _asked(
    "change",
    select(
        change.c.change_id.label("id"),
        change.c.at,
        change.c.race_id,
        track.c.key.label("track"),
        change.c.field,
        entry.c.program_number,
        change.c.old,
        change.c.new,
    )
    .join(race, race.c.race_id == change.c.race_id)
    .join(track, track.c.track_id == race.c.track_id)
    .outerjoin(entry, entry.c.entry_id == change.c.entry_id),
)
_ALERTS = _asked(
    "alert",
    select(
        alert.c.alert_id.label("id"),
        alert.c.triggered_at.label("at"),
        alert.c.race_id,
        alert.c.rule,
        alert.c.event,
        alert.c.severity,
        alert.c.message,
        alert.c.scope,
        track.c.key.label("track"),
    )
    .outerjoin(race, race.c.race_id == alert.c.race_id)
    .outerjoin(track, track.c.track_id == race.c.track_id),
)
# By way of the race's interests and every market, so that on SQLite a price is found by its whole key.
_PRICES = (
    select(
        price_change.c.board_id, betting_interest.c.label, price_change.c.market, price_change.c.price,
        price_change.c.status,
    )
    .select_from(board)
    .join(betting_interest, betting_interest.c.race_id == board.c.race_id)
    .join(
        price_change,
        (price_change.c.interest_id == betting_interest.c.interest_id)
        & (price_change.c.board_id == board.c.board_id)
        & price_change.c.market.in_(bindparam("markets", expanding=True)),
    )
    .where(board.c.board_id.in_(bindparam("ids", expanding=True)))
    .order_by(price_change.c.board_id, betting_interest.c.interest_id, price_change.c.market)
)  # fmt: skip
