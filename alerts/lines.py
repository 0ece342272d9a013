"""The user's own fair odds: CSV files in one folder, read again when one changes.

Each file begins with the header `track,date,race,program,fair_odds`: a track's key or code, the date at the track
(2026-05-02), the race's number, a program number, and profit per 1 (`5-2`, `EVN`, `2.7`).
"""

import csv
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path

from horses_scrapy.errors import HorsesError, UnknownOdds
from horses_scrapy.odds import parse_board
from horses_scrapy.program_number import PROGRAM_NUMBER, interest_of
from horses_scrapy.storage.board_view import RaceView

log = logging.getLogger(__name__)

HEADER = ["track", "date", "race", "program", "fair_odds"]
MAX_BYTES = 1_000_000

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RACE = re.compile(r"[1-9]\d?", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}\.\d{1,3}", re.ASCII)

Race = tuple[str, str, int]
"""Track as written, without capitals; date; number."""
Stamp = tuple[int, int]
"""When a file was changed, and its size."""


class BadLine(HorsesError, ValueError):
    """A row or a file of fair odds that cannot be used."""


@dataclass(frozen=True, slots=True)
class Line:
    """A fair price in thousandths of one interest; `where` is file and line."""

    where: str
    race: Race
    interest: str
    price: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """The files as they were read last. told: faults that are in the log."""

    stamps: Mapping[Path, Stamp | None]
    lines: Mapping[Race, tuple[Line, ...]]
    faults: tuple[str, ...]
    told: set[str] = field(default_factory=set)

    def tell(self, faults: Iterable[str]) -> None:
        """Each once."""
        for fault in faults:
            if fault not in self.told:
                self.told.add(fault)
                log.warning("Fair odds left out: %s", fault)


@dataclass(frozen=True, slots=True)
class Lines:
    """`folder`: where the files are; None where nobody has any."""

    folder: Path | None = None
    _kept: list[_Reading] = field(default_factory=list, init=False, repr=False, compare=False)

    def of(self, race: RaceView) -> Mapping[str, int]:
        """Fair prices in thousandths, by label of the betting interest."""
        read = self._read()
        names = sorted({race.track_key.casefold(), race.track_code.casefold()})
        mine = [line for name in names for line in read.lines.get((name, race.race_date, race.race_number), ())]
        clashes: list[str] = []
        fair = {line.interest: line.price for line in _without_repeats(mine, clashes)}
        read.tell(clashes)
        return fair

    def faults(self) -> list[str]:
        """Every row and file that is left out, by file and line."""
        return list(self._read().faults)

    def _read(self) -> _Reading:
        """A file that a person is just saving may be read in parts: it is read again once it has changed."""
        stamps = {path: _stamp(path) for path in self._files()}
        if not self._kept or self._kept[0].stamps != stamps:
            self._kept[:] = [_read_all(stamps)]
            self._kept[0].tell(self._kept[0].faults)
        return self._kept[0]

    def _files(self) -> list[Path]:
        return [] if self.folder is None else sorted(self.folder.glob("*.csv"))


def _stamp(path: Path) -> Stamp | None:
    """None for a file that went away meanwhile, or may not be looked at."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size


def _read_all(stamps: Mapping[Path, Stamp | None]) -> _Reading:
    faults: list[str] = []
    found: defaultdict[Race, list[Line]] = defaultdict(list)
    for path in stamps:
        for line in _lines(path, faults):
            found[line.race].append(line)
    lines = {race: tuple(_without_repeats(rows, faults)) for race, rows in found.items()}
    return _Reading(stamps, lines, tuple(faults))


def _without_repeats(lines: Iterable[Line], faults: list[str]) -> Iterator[Line]:
    """Two prices of one interest: nobody knows which is meant, so neither is used."""
    by_interest: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_interest[line.interest].append(line)
    for interest, same in by_interest.items():
        if len(same) == 1:
            yield same[0]
        else:
            first, *others = (line.where for line in same)
            faults.append(f"{first}: #{interest} of this race stands also in {', '.join(others)}: none of them is used")


def _lines(path: Path, faults: list[str]) -> Iterator[Line]:
    try:
        rows = list(_rows(path))
    except (BadLine, OSError, UnicodeDecodeError, csv.Error) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        faults.append(f"{path}: {told}")
        return
    for number, row in rows:
        try:
            yield _line(f"{path}:{number}", row)
        except (BadLine, UnknownOdds) as error:
            faults.append(f"{path}:{number}: {error}")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows below the header with their line numbers. Spreadsheets begin a file with a byte order mark."""
    with path.open("rb") as file:
        found = file.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise BadLine(f"larger than {MAX_BYTES} bytes")
    reader = csv.reader(found.decode("utf-8-sig").splitlines(), strict=True)
    if next(reader, None) != HEADER:
        raise BadLine(f"the first line is not {','.join(HEADER)}")
    for row in reader:
        if row:
            yield reader.line_num, row


def _line(where: str, row: list[str]) -> Line:
    cells = [cell.strip() for cell in row]
    if len(cells) != len(HEADER):
        raise BadLine(f"{len(cells)} columns; {len(HEADER)} are expected")
    track, day, race, program, odds = cells
    if not track:
        raise BadLine("no track")
    if _RACE.fullmatch(race) is None:
        raise BadLine(f"race {race!r}: a number from 1 to 99 is expected")
    if PROGRAM_NUMBER.fullmatch(program) is None:
        raise BadLine(f"program {program!r}: a program number such as 5 or 1A is expected")
    return Line(where, (track.casefold(), _day(day), int(race)), interest_of(program), _price(odds))


def _day(text: str) -> str:
    if _DATE.fullmatch(text) is None:
        raise BadLine(f"date {text!r}: a date such as 2026-05-02 is expected")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadLine(f"date {text!r}: there is no such day") from None


def _price(text: str) -> int:
    """Profit per 1. Raises BadLine, or UnknownOdds."""
    price = round((Fraction(text) + 1) * 1000) if _NUMBER.fullmatch(text) else parse_board(text).price
    if price is None or price <= 1000:
        raise BadLine(f"fair_odds {text!r}: profit per 1 is expected, such as 5-2 or 2.7")
    return price
