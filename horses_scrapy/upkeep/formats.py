"""Files of rows: CSV for spreadsheets, JSON lines, Parquet. Each takes rows one by one and holds few of them."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from horses_scrapy.storage.upkeep.export import Field, Row, iso

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet runs a cell that begins so (OWASP, CSV injection)."""

Show = Callable[[Any], Any]


def defused(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def write_csv(stream: IO[str], fields: Sequence[Field], rows: Iterable[Row]) -> int:
    """RFC 4180 with a header; the number of rows."""
    to = csv.writer(stream)
    to.writerow([field.name for field in fields])
    show = _shows(fields, defused)
    written = 0
    for row in rows:
        to.writerow([None if value is None else one(value) for one, value in zip(show, row, strict=True)])
        written += 1
    return written


def write_jsonl(stream: IO[str], fields: Sequence[Field], rows: Iterable[Row]) -> int:
    """One object a line, keys in the order of the columns; the number of rows."""
    names = [field.name for field in fields]
    show = _shows(fields, str)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    written = 0
    for row in rows:
        shown = [None if value is None else one(value) for one, value in zip(show, row, strict=True)]
        stream.write(encode(dict(zip(names, shown, strict=True))) + "\n")
        written += 1
    return written


def _shows(fields: Sequence[Field], text: Show) -> list[Show]:
    kinds: dict[str, Show] = {"text": text, "date": str, "time": iso, "integer": int, "number": float, "flag": int}
    return [kinds[field.kind] for field in fields]


def write_parquet(file: Path, fields: Sequence[Field], rows: Iterable[Row], size: int) -> int:
    """Row groups of `size` rows; the number of rows."""
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that only Parquet needs
    from pyarrow import parquet  # noqa: PLC0415

    schema = _schema(fields)
    written = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as to:
        for group in _groups(rows, size):
            columns = [pa.array(_typed(field, cells), kind) for field, cells, kind in zip(
                fields, zip(*group, strict=True), schema.types, strict=True)]  # fmt: skip
            to.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=size)
            written += len(group)
    return written


def _schema(fields: Sequence[Field]) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    kinds = {
        "text": pa.string(),
        "date": pa.date32(),
        "time": pa.timestamp("ms", tz="UTC"),
        "integer": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
    }
    return pa.schema([(field.name, kinds[field.kind]) for field in fields])


def _typed(field: Field, cells: Sequence[Any]) -> Sequence[Any]:
    if field.kind == "date":
        return [date.fromisoformat(cell) for cell in cells]
    return [None if cell is None else bool(cell) for cell in cells] if field.kind == "flag" else cells


def _groups(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    left = iter(rows)
    while group := list(islice(left, size)):
        yield group
