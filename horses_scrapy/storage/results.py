"""store_result: the order of finish and what was paid."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from horses_scrapy.config import Track
from horses_scrapy.errors import StoreError
from horses_scrapy.items import Payoff, ResultItem
from horses_scrapy.storage import changes, races
from horses_scrapy.storage.changes import Sighting
from horses_scrapy.storage.races import RaceKey
from horses_scrapy.storage.schema import change, entry, payoff, result


def store_result(connection: Connection, item: ResultItem, track: Track, *, run_id: int | None, now_ms: int) -> int:
    """Upsert positions and payoffs; the race's id. A position or payoff that changes leaves a `change` row.

    So does, once per race, the first official result of its primary source: field `result`, written in the same transaction.
    What an official result says is not undone by an unofficial one. Raises StoreError for a program number that the
    stored card does not have.
    """
    sighting = races.sighting_of(item, run_id, now_ms)
    key = races.resolve(connection, item, track, sighting)
    positions = _positions(connection, key, item)
    known = _stored(connection, key)
    if item.status == "unofficial" and any(row["status"] == "official" for row in known.values()):
        return key.race_id
    races.set_status(connection, key, item.status, sighting)
    _store_positions(connection, key, known, positions, item.status, sighting)
    _store_payoffs(connection, key, item, sighting)
    if key.is_primary and item.status == "official" and item.finishers and not _told(connection, key, known):
        changes.record(connection, sighting, key.race_id, None, "result", None, "official")
    return key.race_id


def _told(connection: Connection, key: RaceKey, known: Mapping[int, Any]) -> bool:
    """Whether the race had an official result before: one that was stored before there were such rows counts too."""
    if any(row["status"] == "official" for row in known.values()):
        return True
    row = select(change.c.change_id).where(change.c.race_id == key.race_id, change.c.field == "result").limit(1)
    return connection.scalar(row) is not None


def _positions(connection: Connection, key: RaceKey, item: ResultItem) -> dict[int, int]:
    rows = connection.execute(select(entry.c.program_number, entry.c.entry_id).where(entry.c.race_id == key.race_id))
    entries: dict[str, int] = {row.program_number: row.entry_id for row in rows}
    unknown = [one.program_number for one in item.finishers if one.program_number not in entries]
    if unknown:
        raise StoreError(
            f"{item.track} {item.race_date} R{item.race_number}: the result names {', '.join(unknown)},"
            f" which the stored card does not have: {item.url}"
        )
    return {entries[one.program_number]: one.position for one in item.finishers}


def _stored(connection: Connection, key: RaceKey) -> dict[int, Any]:
    own = (result.c.race_id == key.race_id, result.c.source_id == key.source_id)
    return {row["entry_id"]: row for row in connection.execute(select(result).where(*own)).mappings()}


def _store_positions(
    connection: Connection,
    key: RaceKey,
    known: Mapping[int, Any],
    positions: Mapping[int, int],
    status: str,
    sighting: Sighting,
) -> None:
    for entry_id in dict.fromkeys((*known, *positions)):
        old = known[entry_id]["position"] if entry_id in known else None
        new = positions.get(entry_id)
        if known and old != new:
            changes.record(connection, sighting, key.race_id, entry_id, "position", old, new)
        if entry_id not in known:
            _insert(connection, result, key, entry_id=entry_id, position=new, status=status)
        elif new is None:
            connection.execute(delete(result).where(*_own(result, key, entry_id=entry_id)))
        elif (old, known[entry_id]["status"]) != (new, status):
            _update(connection, result, _own(result, key, entry_id=entry_id), {"position": new, "status": status})


def _store_payoffs(connection: Connection, key: RaceKey, item: ResultItem, sighting: Sighting) -> None:
    """Of each bet type that the item lists; a combination that it no longer lists is taken back."""
    stored = connection.execute(select(payoff).where(*_own(payoff, key))).mappings()
    known = {(row["bet_type"], row["combination"]): row for row in stored}
    shown = {(one.bet_type, one.combination): one for one in item.payoffs}
    listed = {bet_type for bet_type, _ in shown}
    had = {bet_type for bet_type, _ in known}
    for at in dict.fromkeys((*known, *shown)):
        if at[0] in listed:
            moved = _store_payoff(connection, key, at, known.get(at), shown.get(at), item.status)
            if moved is not None and at[0] in had:
                changes.record(connection, sighting, key.race_id, None, f"payoff:{at[0]}:{at[1]}", *moved)


def _store_payoff(
    connection: Connection, key: RaceKey, at: tuple[str, str], row: Any, shown: Payoff | None, status: str
) -> tuple[str | None, str | None] | None:
    """What was paid before and is now, where that differs."""
    bet_type, combination = at
    own = _own(payoff, key, bet_type=bet_type, combination=combination)
    old = None if row is None else _paid(row["payout"], row["base"], row["currency"])
    new = None if shown is None else _paid(shown.payout, shown.base, shown.currency)
    if shown is None:
        connection.execute(delete(payoff).where(*own))
        return old, new
    values = {"base": shown.base, "payout": shown.payout, "currency": shown.currency, "status": status}
    if row is None:
        _insert(connection, payoff, key, bet_type=bet_type, combination=combination, **values)
    elif any(row[name] != value for name, value in values.items()):
        _update(connection, payoff, own, values)
    return None if old == new else (old, new)


def _paid(payout: int, base: int, currency: str) -> str:
    return f"{payout} for {base} {currency}"


def _own(table: Any, key: RaceKey, **columns: Any) -> list[Any]:
    wanted = {"race_id": key.race_id, "source_id": key.source_id, **columns}
    return [table.c[name] == value for name, value in wanted.items()]


def _insert(connection: Connection, table: Any, key: RaceKey, **values: Any) -> None:
    connection.execute(insert(table).values(race_id=key.race_id, source_id=key.source_id, **values))


def _update(connection: Connection, table: Any, own: list[Any], values: Mapping[str, Any]) -> None:
    connection.execute(update(table).where(*own).values(**values))
