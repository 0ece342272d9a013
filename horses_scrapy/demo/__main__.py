"""`./scripts/demo`: a synthetic card goes to post at high speed; exit 0 only if everything that should happen did."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import FrameType

from rich.console import Console

from horses_scrapy.demo import every_rule
from horses_scrapy.demo.home import daytime_zone, free_ports, make_home
from horses_scrapy.demo.play import Demo
from horses_scrapy.demo.screen import Screen
from horses_scrapy.errors import FATAL, OK, HorsesError
from horses_scrapy.simulator.plan import Plan

INTERRUPTED = 130
ASK = "Ask it why: HORSES_CONFIG={} .venv/bin/python scripts/alertctl.py explain --track DMO --race 1"
FIRST_POST, SPACING = 420, 300
"""Seconds of the demo's clock: as tight as the synthetic card goes."""
RACES, BOARD_RACES = 3, 8
STAY = 20
"""Real seconds that the board shows a card's results."""


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    made.add_argument("--board", action="store_true", help="card after card, for the live board, until Ctrl-C")
    made.add_argument("--seed", type=int, default=7, help="of the synthetic market; each card adds 1")
    made.add_argument("--races", type=int, help=f"default: {RACES}, with --board {BOARD_RACES}")
    made.add_argument("--cancel", type=int, metavar="RACE", help="a race that is called off before its post")
    made.add_argument(
        "--every-rule", action="store_true", help="every kind of rule fires: four races, and things go wrong on purpose"
    )
    made.add_argument("--rate", type=float, default=16, help="how many times as fast as real time, at most 30")
    made.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave database, configuration and logs in this new folder"
    )
    return made


def _given(argv: list[str] | None) -> argparse.Namespace:
    given = _parser().parse_args(argv)
    if given.races is None:
        given.races = BOARD_RACES if given.board else RACES
    if given.every_rule:
        given.races, given.cancel = every_rule.RACES, every_rule.CANCELLED
    return given


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Raises FileExistsError where what is to be kept would mix with something."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="horses-demo-") as made:
            yield Path(made)
        return
    kept.mkdir(parents=True)
    try:
        yield kept.absolute()
    finally:
        print(ASK.format(kept.absolute() / "config" / "config.yaml"))  # noqa: T201


def _play(folder: Path, given: argparse.Namespace, number: int = 0, board_port: int | None = None) -> int:
    """The card of a number."""
    zone = daytime_zone(datetime.now(UTC))
    home = make_home(folder, given.rate, zone, every_rule.RULES if given.every_rule else None, board_port)

    def card(start: datetime) -> Plan:
        return Plan(
            seed=given.seed + number, start=start, races=given.races, timezone=zone, first_post=FIRST_POST,
            spacing=SPACING, cancelled=given.cancel,
        )  # fmt: skip

    screen = Screen(Console(highlight=False), zone)
    wrong = Demo(home, card, screen, every_rule=given.every_rule, stay=STAY if given.board else 0).run()
    for line in wrong:
        print(f"DEMO FAILED: {line}", file=sys.stderr)  # noqa: T201
    return FATAL if wrong else OK


def _play_on(given: argparse.Namespace) -> int:
    """Card after card at one address. A page that is open goes on with the next card: its races have the same numbers."""
    code, port = OK, free_ports()["board"]
    try:
        for number in count():
            with _folder(None if given.keep is None else given.keep / f"card-{number + 1}") as folder:
                code = max(code, _play(folder, given, number, port))
    except KeyboardInterrupt:
        print("The board is closed; nothing runs any more.")  # noqa: T201
    return code


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """As Ctrl-C: what was started is stopped. A second one does not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    given = _given(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        if given.board:
            return _play_on(given)
        with _folder(given.keep) as folder:
            return _play(folder, given)
    except HorsesError as error:
        print(f"DEMO FAILED: {error}", file=sys.stderr)  # noqa: T201
        return FATAL
    except KeyboardInterrupt:
        print("DEMO STOPPED", file=sys.stderr)  # noqa: T201
        return INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
