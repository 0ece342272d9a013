"""SQL of named lists that a rule's scope may ask for."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from horses_scrapy.storage.schema import watchlist


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEntry:
    """`value` as it is matched, `shown` as it was typed."""

    entry_id: int
    name: str
    field: str
    value: str
    shown: str
    added_at: int
    created_by: str


def watched(connection: Connection, at_ms: int) -> dict[str, frozenset[tuple[str, str]]]:
    """(field, value) of each list's entries, as they stood at an instant."""
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in connection.execute(_STANDING, {"at": at_ms}):
        found[row.name].add((row.field, row.value))
    return {name: frozenset(entries) for name, entries in found.items()}


def entries(connection: Connection, at_ms: int) -> list[WatchEntry]:
    """By list, in the order in which they were added."""
    query = _STANDING.order_by(watchlist.c.name, watchlist.c.entry_id)
    names = WatchEntry.__dataclass_fields__
    rows = connection.execute(query, {"at": at_ms}).mappings()
    return [WatchEntry(**{name: row[name] for name in names}) for row in rows]


def add(connection: Connection, *, name: str, field: str, value: str, shown: str, at_ms: int, created_by: str) -> bool:
    """Whether it was not on the list yet."""
    same = (watchlist.c.name == name, watchlist.c.field == field, watchlist.c.value == value)
    if connection.execute(select(watchlist.c.entry_id).where(*same, watchlist.c.removed_at.is_(None))).first():
        return False
    values = {"name": name, "field": field, "value": value, "shown": shown, "added_at": at_ms, "created_by": created_by}
    connection.execute(insert(watchlist).values(values))
    return True


def remove(connection: Connection, *, name: str, field: str, value: str, at_ms: int) -> bool:
    """Whether it was on the list."""
    same = (watchlist.c.name == name, watchlist.c.field == field, watchlist.c.value == value)
    ended = connection.execute(
        update(watchlist).where(*same, watchlist.c.removed_at.is_(None)).values(removed_at=at_ms)
    )
    return ended.rowcount > 0


# Every board asks for them: built once, because that costs more than running it.
_STANDING = select(watchlist).where(
    watchlist.c.added_at <= bindparam("at"),
    or_(watchlist.c.removed_at.is_(None), watchlist.c.removed_at > bindparam("at")),
)
