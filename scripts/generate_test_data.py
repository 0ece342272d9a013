#!/usr/bin/env python3
"""Write synthetic races into a database of their own: by default one card, with its exactas and results.

With --observed, as many races as show so many win prices, over many days and five tracks, quickly: for benchmarks. Same
arguments, same data.
"""

import argparse
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import _command

from horses_scrapy import clock
from horses_scrapy.config import Settings, Track
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.simulator.bulk import BulkPlan
from horses_scrapy.simulator.bulk_rows import record_bulk
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.recording import record
from horses_scrapy.storage.engine import Store, open_store

TRACK = "demo"
SAMPLE = Path("data/sample.db")
MILLION = 1_000_000
FIRST_RACE_OPENS = dt.time(12, 30)


def parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    made.add_argument("--seed", type=int, default=7)
    made.add_argument("--races", type=int, default=3)
    made.add_argument("--date", type=_date, help="default: today at the track; of --observed 2024-01-02")
    made.add_argument("--every", type=int, default=60, help="seconds from board to board")
    made.add_argument("--observed", type=int, metavar="N", help="many races, into an empty database, until N prices")
    made.add_argument("--grids", choices=("none", "full"), default="none", help="exactas of --observed (default none)")
    made.add_argument("--dry-run", action="store_true", help="say what would be written; write nothing")
    made.add_argument("--path", type=Path, help=f"default: {SAMPLE} of the project")
    return made


def main(argv: list[str] | None = None) -> int:
    return _command.run("generate_test_data", parser(), generate, argv)


def generate(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.observed is None:
        return one_card(settings, arguments)
    return many_races(settings, arguments)


def many_races(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.observed < 1:
        raise ConfigError(f"--observed {arguments.observed}: a number of prices from 1 is expected")
    first_day = {} if arguments.date is None else {"first_day": arguments.date}
    every = 1 if arguments.grids == "full" else 0
    plan = BulkPlan(observed=arguments.observed, seed=arguments.seed, grids_every=every, **first_day)
    if settings.system.dry_run:
        print(f"Would write races until {plan.observed:,} prices into {_path(settings, arguments)}")
        return OK
    store = _sample_store(settings, _path(settings, arguments), clock.from_environment())
    try:
        recorded = record_bulk(store, plan, tell)
    finally:
        store.close()
    print(f"{store.shown}: {recorded.races} races, {recorded.boards} boards, {recorded.observed} observed prices")
    return OK


def tell(observed: int) -> None:
    if observed % MILLION == 0:
        print(f"{observed:,} prices", flush=True)


def one_card(settings: Settings, arguments: argparse.Namespace) -> int:
    now = clock.from_environment()
    track = settings.tracks.get(TRACK)
    if track is None:
        raise ConfigError(f"tracks.yaml: a sound block {TRACK} is needed")
    if arguments.every < 1:
        raise ConfigError(f"--every {arguments.every}: seconds from 1 are expected")
    ledger = Ledger(plan(track, arguments, now))
    if settings.system.dry_run:
        print(f"Would write {len(ledger.races)} races of {ledger.plan.race_date} into {_path(settings, arguments)}")
        return OK
    store = _sample_store(settings, _path(settings, arguments), now)
    try:
        recorded = record(store, ledger, track, arguments.every)
    finally:
        store.close()
    print(f"{store.shown}: {recorded.races} races, {recorded.boards} new boards of {ledger.plan.race_date}")
    return OK


def plan(track: Track, arguments: argparse.Namespace, now: clock.Clock) -> Plan:
    zone = ZoneInfo(track.timezone)
    date = arguments.date or now.now().astimezone(zone).date()
    start = dt.datetime.combine(date, FIRST_RACE_OPENS, zone)
    return Plan(
        seed=arguments.seed,
        start=start,
        races=arguments.races,
        first_post=1200,
        spacing=1800,
        code=track.code,
        name=track.name,
        timezone=track.timezone,
        country=track.country,
    )


def _path(settings: Settings, arguments: argparse.Namespace) -> Path:
    path: Path = settings.home / SAMPLE if arguments.path is None else arguments.path
    return path.absolute()


def _sample_store(settings: Settings, path: Path, now: clock.Clock) -> Store:
    """Refuses a database that holds anything but samples."""
    system = settings.system.model_copy(update={"database_path": path, "database_url": None})
    store = open_store(settings.model_copy(update={"system": system}), now, create_as="sample")
    if store.purpose != "sample":
        store.close()
        raise ConfigError(f"{path}: a {store.purpose} database: synthetic races go into one of their own, see --path")
    return store


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: a date such as 2026-05-02 is expected") from error


if __name__ == "__main__":
    raise SystemExit(main())
