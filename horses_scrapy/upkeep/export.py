"""db.py export: stored records for spreadsheets, DuckDB, polars and other programs."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.storage.looking import reading
from horses_scrapy.storage.upkeep import export as sql
from horses_scrapy.storage.upkeep.export import SHEETS, Field, Row
from horses_scrapy.upkeep import formats

FORMATS = ("csv", "jsonl", "parquet")
GROUPS = 100
"""Batches (database.batch_size) in one row group of Parquet."""


def describe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Times are ISO text in UTC, odds decimal, money in whole units beside the stored integers. In CSV, text that a"
        " spreadsheet would run as a formula begins with an apostrophe."
    )
    parser.epilog = "Columns: " + " ".join(f"{what}: {', '.join(_names(what))}." for what in SHEETS)
    parser.add_argument("--race", type=int, metavar="ID", help="race_id")
    parser.add_argument("--track", metavar="KEY", help="key or code")
    parser.add_argument("--date", type=_date, help="at the track, such as 2026-05-02")
    parser.add_argument("--what", choices=tuple(SHEETS), default="prices", help="default: prices")
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output, but for Parquet")
    parser.add_argument("--force", action="store_true", help="replace a file that exists")


def _names(what: str) -> list[str]:
    return [field.name for field in SHEETS[what].fields]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: a date such as 2026-05-02 is expected") from error


def run(settings: Settings, told: argparse.Namespace) -> int:
    """Raises ConfigError for a selection of nothing, and for a file that cannot be written."""
    if told.race is None and told.track is None and told.date is None:
        raise ConfigError("export: name --race, --track or --date: the whole database is copied by scripts/db.py copy")
    if told.format == "parquet" and told.output is None:
        raise ConfigError("export: --format parquet needs --output FILE")
    if told.output is not None and told.output.exists() and not told.force:
        raise ConfigError(f"{told.output}: exists already; name another file, or add --force to replace it")
    sheet = SHEETS[told.what]
    day = None if told.date is None else told.date.isoformat()
    with reading(settings) as connection:
        races = sql.races(connection, race_id=told.race, track=told.track, race_date=day)
        rows = sheet.rows(connection, races)
        size = settings.database.batch_size * GROUPS
        written = _write(told.format, told.output, sheet.fields, rows, size)
    where = "" if told.output is None else f" to {told.output}"
    none = ": nothing stored fits" if written == 0 else ""
    print(f"{written} rows of {told.what}, {len(races)} races{where}{none}", file=sys.stderr)  # noqa: T201
    return OK


def _write(form: str, output: Path | None, fields: Sequence[Field], rows: Iterable[Row], size: int) -> int:
    if output is None:
        return _to_screen(form, fields, rows)
    unfinished = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        written = _to_file(form, unfinished, fields, rows, size)
        _sync(unfinished)
        unfinished.replace(output)
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _to_screen(form: str, fields: Sequence[Field], rows: Iterable[Row]) -> int:
    writer = formats.write_csv if form == "csv" else formats.write_jsonl
    try:
        written = writer(sys.stdout, fields, rows)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(OK) from None
    return written


def _to_file(form: str, file: Path, fields: Sequence[Field], rows: Iterable[Row], size: int) -> int:
    if form == "parquet":
        return formats.write_parquet(file, fields, rows, size)
    writer = formats.write_csv if form == "csv" else formats.write_jsonl
    with file.open("x", encoding="utf-8", newline="") as stream:
        return writer(stream, fields, rows)


def _sync(file: Path) -> None:
    """Or a power loss leaves the name with nothing behind it."""
    with file.open("rb") as written:
        os.fsync(written.fileno())
