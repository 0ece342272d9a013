"""What a job does with the database, done before the fork on a card of our own: jobs then find their statements compiled.

A third of a short job's time. The database stands in a folder that goes, and nothing of it stays open.
"""

import datetime as dt
import platform
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import insert, text

from alerts.rules import RuleSet
from alerts.setup import engine_of
from horses_scrapy.checks import findings
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings, Track
from horses_scrapy.items import Entry, OddsItem, PairGrid, PairPrice, Pool, Price, RaceItem, Source
from horses_scrapy.pipelines.sanity import context_of
from horses_scrapy.storage import migrate
from horses_scrapy.storage.address import SqliteFile, address_of
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.fill_rates import Filled, recent, record
from horses_scrapy.storage.runs import Ending, Round, Run
from horses_scrapy.storage.schema import meta, metadata
from horses_scrapy.storage.slots import POSTED, SlotRow, Stages, mark_slot, write_slot
from horses_scrapy.storage.writer import store_board, store_race

TRACK = Track(
    key="rehearsal", code="REH", name="Rehearsal", country="US", timezone="UTC", source="rehearsal", source_key="1",
    base_url="http://127.0.0.1", currency="USD",
)  # fmt: skip
SOURCE = Source("rehearsal", "board", "display")
LABELS = ("1", "2", "3")
TWICE = 2
"""The second time finds what the first one stored, which other statements read."""


def rehearse(rules: RuleSet) -> None:
    with TemporaryDirectory(prefix="rehearsal-") as folder:
        settings = Settings(home=Path(folder), config_file=Path(folder, "config", "config.yaml"))
        _create(settings)
        for number in range(TWICE):
            with closing(open_store(settings, Clock())) as store:
                _crawl(store, settings, rules, number)


def _create(settings: Settings) -> None:
    """The newest schema without Alembic, which no job loads."""
    address = address_of(settings)
    assert isinstance(address, SqliteFile)
    address.make_place()
    with closing(Store(address)) as store, store.write() as connection:
        metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": migrate.HEAD})
        connection.execute(insert(meta).values(key="purpose", value="sample"))


def _crawl(store: Store, settings: Settings, rules: RuleSet, number: int) -> None:
    """number: how many were before it."""
    now = Clock()
    job_id, at = f"rehearsal-{number}", now.now()
    _post(store, now, job_id)
    run = Run.begin(store, now, spider="track_rehearsal", track=TRACK.key, source=SOURCE.name, job_id=job_id)
    run.take_lease()
    run.finished_races(at.date())
    run.post_times(at.date())
    run.renew()
    engine = engine_of(settings, rules, store, now)
    for item in (replace(card(at), entries=()), card(at), board(at, 3000 + 1000 * number)):
        _store(run, item)
        race_id = run.race_id(item)
        assert race_id is not None
        engine.evaluate_race(race_id, run.run_id)
    _end(run)


def _post(store: Store, now: Clock, job_id: str) -> None:
    row = SlotRow(track=TRACK.key, kind="near", due_at=now.now_ms(), due_mono=Clock.monotonic_ms(), job_id=job_id)
    with store.write() as connection:
        write_slot(connection, row)
        mark_slot(connection, job_id, POSTED, now.now_ms())


def _store(run: Run, item: RaceItem | OddsItem) -> None:
    if isinstance(item, OddsItem):
        with run.store.read() as connection:
            findings(item, context_of(connection, item, TRACK, run.race_id(item)))
    with run.write() as connection:
        now_ms = run.clock.now_ms()
        if isinstance(item, OddsItem):
            store_board(connection, item, TRACK, run_id=run.run_id, now_ms=now_ms)
        else:
            store_race(connection, item, TRACK, run_id=run.run_id, now_ms=now_ms)


def _end(run: Run) -> None:
    mono = Clock.monotonic_ms()
    with run.store.write() as connection:
        record(connection, run.run_id, {"horse": Filled(3, 3), "jockey": Filled(2, 3)})
        recent(connection, run.track, "horse", 10, before_run=run.run_id)
    ending = Ending(
        outcome="ok", reason=None, degraded=False, requests=1, boards=1, rejected=0, errors=0, first_request_mono=mono,
        committed_mono=mono,
    )  # fmt: skip
    stages = Stages(requested_mono=mono, responded_mono=mono, committed_mono=mono)
    run.end(ending, Round(stages, {(platform.node(), 0): 1}))


# --- The card -----------------------------------------------------------------------------------------------------------


def card(at: dt.datetime) -> RaceItem:
    return RaceItem(
        track=TRACK.key, race_date=at.date(), race_number=1, source=SOURCE, source_key="1", url="http://127.0.0.1/1",
        fetched_at=at, post_time=at + dt.timedelta(minutes=5), status="open",
        entries=tuple(Entry(program_number=label, label=label, horse=f"Horse {label}") for label in LABELS),
    )  # fmt: skip


def board(at: dt.datetime, price: int) -> OddsItem:
    """price: of each, in thousandths."""
    pairs = [(first, second) for first in LABELS for second in LABELS if first != second]
    return OddsItem(
        track=TRACK.key, race_date=at.date(), race_number=1, source=SOURCE, url="http://127.0.0.1/1", fetched_at=at,
        status="open", minutes_to_post=5,
        prices=tuple(Price(label=label, market="win_tote", price=price) for label in LABELS),
        pools=(
            Pool(bet_type="win", amount=price * 100, currency="USD"),
            *(Pool(bet_type="win", amount=price * 30, currency="USD", label=label) for label in LABELS),
        ),
        grids=(
            PairGrid(
                bet_type="exacta", base=200, currency="USD", fetched_at=at,
                prices=tuple(PairPrice(first=first, second=second, payout=price) for first, second in pairs),
            ),
        ),
    )  # fmt: skip
