"""db.py stats: rows and bytes by table and index, by day, and in 30 days."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.looking import existing
from horses_scrapy.storage.upkeep.sizes import DAY_MS, HISTORY, Size, boards_by_day, sizes
from horses_scrapy.upkeep.screen import say, size, table

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """bytes: of its boards, estimated from those of the average board in this database."""

    day: str
    boards: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Stats:
    """projection: bytes that the next 30 days take if they are as the last ones."""

    database: str
    total: int | None
    objects: Sequence[Size]
    days: Sequence[Day]
    projection: int | None


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        f"Rows and bytes by table and index; boards of the last {DAYS} days with the bytes that they take by the average"
        " of all boards; how much the next 30 days take at that rate."
    )
    parser.add_argument("--json", action="store_true")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    today = clock.from_environment().now().date()
    first = today - timedelta(days=DAYS - 1)
    since = round(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000)
    with existing(settings) as store, store.read() as connection:
        objects = sizes(connection, store.dialect, store.path)
        by_day = boards_by_day(connection, since, (first - timedelta(days=2)).isoformat())
        made = summed(store.shown, objects, by_day, today.toordinal() - EPOCH)
    if arguments.json:
        say(json.dumps(asdict(made)))
    else:
        _print(made)
    return OK


EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def summed(shown: str, objects: Sequence[Size], by_day: dict[int, int], today: int) -> Stats:
    """today: days since 1970. The rate is that of the days since the first board, at most 30, today among them."""
    each = _bytes_of_board(objects)
    days = [Day(_date(day), count, None if each is None else round(each * count)) for day, count in by_day.items()]
    span = today - min(by_day) + 1 if by_day else 1
    rate = None if each is None else each * sum(by_day.values()) / span
    total = sum(one.bytes or 0 for one in objects)
    known = all(one.bytes is not None for one in objects)
    return Stats(shown, total if known else None, objects, days, None if rate is None else round(rate * DAYS))


def _bytes_of_board(objects: Sequence[Size]) -> float | None:
    boards = next(one.rows for one in objects if one.name == "board")
    history = [one.bytes for one in objects if one.table in HISTORY]
    if not boards or None in history:
        return None
    return sum(count for count in history if count is not None) / boards


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY_MS / 1000, UTC):%Y-%m-%d}"


def _print(made: Stats) -> None:
    rows = [
        (one.name if one.name == one.table else f"  {one.name}", _number(one.rows), size(one.bytes))
        for one in made.objects
    ]
    table(("table, its indexes", "rows", "bytes"), rows, numbers=("rows", "bytes"))
    if made.days:
        days = [(one.day, f"{one.boards:,}", size(one.bytes)) for one in made.days]
        table(("day (UTC)", "boards", "bytes"), days, numbers=("boards", "bytes"))
    say(f"{made.database}: {size(made.total)}; the next {DAYS} days at this rate: {size(made.projection)}")
    if made.total is None:
        say("bytes are not known: no SQLite here has the dbstat table; Debian's python3 has")


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
