"""The files of this folder -> rows as they are stored. Each begins with its version: `# version: 2026-11-22`."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import get_args
from zoneinfo import ZoneInfo

from horses_scrapy.errors import ConfigError
from horses_scrapy.items import BetType

FOLDER = Path(__file__).parent
KINDS = ("tote", "fixed", "exchange")

Value = str | int | None
Row = dict[str, Value]
Reads = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Form:
    """What a file holds: how each column is read, and which columns name a row."""

    name: str
    columns: Mapping[str, Reads]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows, in its order."""

    version: str
    rows: tuple[Row, ...]


def _text(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("a text without spaces around it is expected")
    return text


def _matching(pattern: str, what: str) -> Reads:
    def read(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise ValueError(f"{what} is expected")
        return text

    return read


def _one_of(*values: str) -> Reads:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)} is expected")
        return text

    return read


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("an IANA time zone is expected") from error


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _scaled(factor: int, least: str, most: str) -> Reads:
    """A fraction as a whole number of its parts."""

    def read(text: str) -> int:
        try:
            value = Decimal(text)
        except InvalidOperation as error:
            raise ValueError("a number is expected") from error
        if not value.is_finite() or not Decimal(least) <= value <= Decimal(most) or value * factor % 1:
            raise ValueError(f"{least} to {most} in steps of 1/{factor} is expected")
        return int(value * factor)

    return read


_COUNTRY = _matching("[A-Z]{2}", "a country of two letters (ISO 3166)")
_CODE = _matching("[A-Z0-9]{2,5}", "a code of 2 to 5 capitals and digits")


def _country_or_none(text: str) -> Value:
    return _COUNTRY(text) if text else None


TRACKS = Form(
    "tracks",
    MappingProxyType(
        {
            "code": _CODE,
            "name": _text,
            "country": _COUNTRY,
            "timezone": _zone,
            "currency": _matching("[A-Z]{3}", "a currency of three letters (ISO 4217)"),
        }
    ),
    ("code",),
)
BOOKMAKERS = Form(
    "bookmakers",
    MappingProxyType(
        {
            "code": _matching("[a-z][a-z0-9_]{1,30}", "a code of small letters, digits and _"),
            "name": _text,
            "country": _country_or_none,
            "kind": _one_of(*KINDS),
        }
    ),
    ("code",),
)
POOL_TERMS = Form(
    "pool_terms",
    MappingProxyType(
        {
            "track": _CODE,
            "bet_type": _one_of(*get_args(BetType)),
            "since": _day,
            "takeout": _scaled(10_000, "0", "0.6"),
            "breakage": _scaled(1000, "0.001", "1"),
            "minimum": _scaled(1000, "1", "2"),
            "origin": _text,
        }
    ),
    ("track", "bet_type", "since"),
)
FORMS = (TRACKS, BOOKMAKERS, POOL_TERMS)


def read(form: Form, folder: Path = FOLDER) -> Sheet:
    """Raises ConfigError, which names every fault by file and line."""
    path = folder / f"{form.name}.csv"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    version = re.fullmatch(r"# version: (\d{4}-\d{2}-\d{2})", lines[0]) if lines else None
    if version is None:
        raise ConfigError(f"{path}:1: `# version: <date>` is expected")
    if len(lines) < 2 or lines[1].split(",") != list(form.columns):
        raise ConfigError(f"{path}:2: the header {','.join(form.columns)} is expected")
    faults: list[str] = []
    try:
        rows = tuple(_sound(form, lines, path, faults))
    except csv.Error as error:
        raise ConfigError(f"{path}: a quotation mark is not closed, or stands where none may: {error}") from error
    if faults:
        raise ConfigError("\n".join(faults))
    return Sheet(version[1], rows)


def _sound(form: Form, lines: list[str], path: Path, faults: list[str]) -> Iterator[Row]:
    seen: dict[tuple[Value, ...], int] = {}
    reader = csv.reader(lines[2:], strict=True)
    for fields in reader:
        line = reader.line_num + 2
        bad, row = _row(form, fields)
        key = tuple(row.get(name) for name in form.key)
        if not bad and key in seen:
            bad = [f"{', '.join(map(str, key))} stands in line {seen[key]} already"]
        seen.setdefault(key, line)
        faults += [f"{path}:{line}: {text}" for text in bad]
        if not bad:
            yield row


def _row(form: Form, fields: list[str]) -> tuple[list[str], Row]:
    if len(fields) != len(form.columns):
        return [f"{len(form.columns)} fields are expected, found {len(fields)}"], {}
    bad: list[str] = []
    row: Row = {}
    for (column, reads), text in zip(form.columns.items(), fields, strict=True):
        try:
            row[column] = reads(text)
        except ValueError as error:
            bad.append(f"{column} {text!r}: {error}")
    return bad, row


def read_all(forms: Iterable[Form] = FORMS, folder: Path = FOLDER) -> dict[str, Sheet]:
    """By file name. Raises ConfigError with the faults of all."""
    sheets: dict[str, Sheet] = {}
    faults: list[str] = []
    for form in forms:
        try:
            sheets[form.name] = read(form, folder)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    return sheets
