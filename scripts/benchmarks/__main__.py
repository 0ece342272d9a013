"""Measures this project on this machine, prints one table and, on request, writes it as JSON."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, table
from benchmarks.frame import Context, Measured, Row, rows
from horses_scrapy.errors import OK, ConfigError, HorsesError


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    made.add_argument("--quick", action="store_true", help="smaller sizes, all rows in under two minutes")
    made.add_argument("--row", action="append", metavar="NAME", help="only this row (may be repeated)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write machine and figures there")
    made.add_argument(
        "--workdir",
        type=Path,
        metavar="DIR",
        help="for databases, and kept: a big one that is there is used again (default: a temporary folder)",
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="horses-bench-") as temporary:
            return bench(arguments, Path(temporary))
    except HorsesError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def bench(arguments: argparse.Namespace, temporary: Path) -> int:
    chosen = choose(rows(), arguments.row)
    kept = temporary if arguments.workdir is None else arguments.workdir.absolute()
    kept.mkdir(parents=True, exist_ok=True)
    here = machine.look(kept)
    measured = [measure(row, arguments.quick, temporary, kept) for row in chosen]
    table.show(here, measured)
    if arguments.json is not None:
        table.write(arguments.json, here, measured, quick=arguments.quick)
    return OK


def choose(found: Sequence[Row], wanted: Sequence[str] | None) -> list[Row]:
    """Raises ConfigError for a row that there is not."""
    names = [row.NAME for row in found]
    unknown = sorted(set(wanted or ()) - set(names))
    if unknown:
        raise ConfigError(f"--row {', '.join(unknown)}: there is {', '.join(names)}")
    return [row for row in found if wanted is None or row.NAME in wanted]


def measure(row: Row, quick: bool, temporary: Path, kept: Path) -> Measured:
    folder = temporary / row.NAME
    folder.mkdir()
    context = Context(row.NAME, folder, kept, quick=quick)
    context.say("..." if quick else "... (all sizes)")
    began = time.monotonic()
    figures = row.run(context)
    seconds = time.monotonic() - began
    context.say(f"{len(figures)} figures in {seconds:.0f} s")
    return Measured(row.NAME, seconds, tuple(figures), tuple(context.left_out))


if __name__ == "__main__":
    raise SystemExit(main())
