"""db.py prune: thin the boards of old races; what those that stay showed stays exact."""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from horses_scrapy import clock
from horses_scrapy.clock import to_ms
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.looking import existing
from horses_scrapy.storage.upkeep import clearing, thinning
from horses_scrapy.storage.upkeep.sizes import Size, sizes
from horses_scrapy.upkeep.screen import say, size, table

K = TypeVar("K", int, str)
BOARDS, PAGES = 50, 500
"""So many boards at most, and empty pages, in one transaction: a writer waits for it."""


@dataclass(slots=True)
class Pruned:
    """races: of one source each, that had boards to lose; rows: fewer, by table."""

    races: int = 0
    rows: Counter[str] = field(default_factory=Counter)


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Of races before a day, boards go except the first, the last, the final one, those nearest before 10, 5, 1 and 0"
        " minutes to the post, and those that an alert or a capture refers to; rejected items, empty runs, slots and"
        " counts of requests of that age go too. Alerts, results, drift and changes of cards stay. Writers go on"
        " meanwhile; it may be ended and run again at any time."
    )
    parser.add_argument("--older-than", required=True, type=_age, metavar="DAYS|DATE", help="180, or 2026-05-01")
    parser.add_argument("--dry-run", action="store_true", help="count only")


def _age(text: str) -> int | date:
    try:
        return int(text) if text.isascii() and text.isdigit() else date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: days such as 180, or a date such as 2026-05-01") from error


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    today = clock.from_environment().now().date()
    age = arguments.older_than
    day = today - timedelta(days=age) if isinstance(age, int) else age
    with existing(settings) as store:
        return _count(store, day) if arguments.dry_run else _prune(store, day, settings.database.batch_size)


# --- Dry run ------------------------------------------------------------------------------------------------------------


def _count(store: Store, day: date) -> int:
    pruned = Pruned()
    with store.read() as connection:
        for race_id, source_id in clearing.races_before(connection, day):
            made = thinning.plan(connection, race_id, source_id)
            if made is not None:
                pruned.races += 1
                pruned.rows.update(made.removed())
        at = _midnight(day)
        pruned.rows["rejected_item"] = len(clearing.refused_before(connection, at))
        pruned.rows["crawl_run"] = len(clearing.runs_before(connection, at))
        pruned.rows["slot"] = len(clearing.slots_before(connection, at))
        pruned.rows["host_use"] = len(clearing.minutes_before(connection, at))
        by_table = _bytes_by_row(sizes(connection, store.dialect, store.path))
    _tell(pruned, day, by_table, "would go")
    say("nothing was changed (--dry-run)")
    return OK


def _bytes_by_row(found: Sequence[Size]) -> dict[str, float] | None:
    """By table with its indexes; None where the database cannot tell."""
    if any(one.bytes is None for one in found):
        return None
    rows = {one.table: one.rows for one in found if one.rows is not None}
    whole = Counter[str]()
    for one in found:
        whole[one.table] += one.bytes or 0
    return {name: whole[name] / count for name, count in rows.items() if count}


# --- Prune --------------------------------------------------------------------------------------------------------------


def _prune(store: Store, day: date, batch: int) -> int:
    with store.read() as connection:
        races = clearing.races_before(connection, day)
    with store.write() as connection:
        clearing.note_pruned(connection, day)
    pruned = Pruned()
    for race_id, source_id in races:
        _thin(store, race_id, source_id, min(batch, BOARDS), pruned)
    _clear(store, _midnight(day), batch, pruned)
    _tell(pruned, day, None, "went")
    if store.dialect == "sqlite":
        _give_back(store)
    return OK


def _thin(store: Store, race_id: int, source_id: int, batch: int, pruned: Pruned) -> None:
    """A few boards in each transaction: a writer waits for one of them at most."""
    with store.read() as connection:
        left = thinning.plan(connection, race_id, source_id, 1) is not None
    pruned.races += left
    while left:
        with store.clear() as connection:
            made = thinning.plan(connection, race_id, source_id, batch)
            if made is not None:
                thinning.apply(connection, made)
        if made is not None:
            pruned.rows.update(made.removed())
        left = made is not None and len(made.window.doomed) == batch


def _clear(store: Store, at_ms: int, batch: int, pruned: Pruned) -> None:
    pruned.rows["rejected_item"] = _drop(store, clearing.refused_before, clearing.drop_refused, at_ms, batch)
    pruned.rows["crawl_run"] = _drop(store, clearing.runs_before, clearing.drop_runs, at_ms, batch)
    pruned.rows["slot"] = _drop(store, clearing.slots_before, clearing.drop_slots, at_ms, batch)
    pruned.rows["host_use"] = _drop(store, clearing.minutes_before, clearing.drop_minutes, at_ms, batch)


def _drop(
    store: Store,
    find: Callable[[Connection, int], list[K]],
    drop: Callable[[Connection, Sequence[K]], None],
    at_ms: int,
    batch: int,
) -> int:
    with store.read() as connection:
        ids = find(connection, at_ms)
    for start in range(0, len(ids), batch):
        with store.clear() as connection:
            drop(connection, ids[start : start + batch])
    return len(ids)


def _give_back(store: Store) -> None:
    with store.read() as connection:
        before, left = clearing.file_bytes(connection), clearing.empty_pages(connection)
    while left:
        with store.write() as connection:
            clearing.give_back(connection, PAGES)
            still = clearing.empty_pages(connection)
        left = 0 if still >= left else still
    with store.read() as connection:
        say(f"{store.shown}: {size(before)} before, {size(clearing.file_bytes(connection))} now")


def _midnight(day: date) -> int:
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _tell(pruned: Pruned, day: date, by_table: dict[str, float] | None, verb: str) -> None:
    say(f"races before {day}: {pruned.races} (of one source each) have boards to lose")
    going = [(name, count) for name, count in sorted(pruned.rows.items()) if count]
    if by_table is None:
        _table(("table", f"rows that {verb}"), [(name, f"{count:,}") for name, count in going])
        return
    rows = [(name, f"{count:,}", size(round(by_table[name] * count))) for name, count in going]
    _table(("table", f"rows that {verb}", "bytes"), rows)


def _table(headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        table(headers, rows, numbers=headers[1:])
