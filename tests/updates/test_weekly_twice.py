"""The weekly reconciliation with real crawls of the synthetic tote: it repairs, and a second one changes nothing."""

import datetime as dt
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from crawling import PATIENT, crawl, write_config
from sqlalchemy import delete, select, update

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.demo.home import daytime_zone
from horses_scrapy.simulator.faults import Faults
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.slots import POSTED, mark_slot
from horses_scrapy.updates.catalogue import Options
from horses_scrapy.updates.service import Updates

OWN = {"crawl_run", "slot", "update_run", "host_use", "fill_rate", "track_lease"}
"""What tells of the runs themselves."""
FRESH = {**PATIENT, "card_cache": 0}
"""A card that was kept is flagged so: a week later none is."""


@dataclass
class Installation:
    home: Path
    url: str
    settings: Settings
    store: Store

    def weekly(self) -> SimpleNamespace:
        """The update's row, after its jobs ran one after the other."""
        clock = Clock()
        updates = Updates(self.settings, self.store, clock)
        made = updates.begin("daily_data", Options(weekly=True), clock.now_ms(), clock.monotonic_ms())
        for row in self.rows(schema.slot, schema.slot.c.update_run_id == made):
            given = [f"{name}={value}" for name, value in json.loads(row.arguments).items()]
            with self.store.write() as connection:
                mark_slot(connection, row.job_id, POSTED, clock.now_ms())
            given.append(f"_job={row.job_id}")
            done = crawl(
                self.home, f"track_{row.track}", *given, base_url=self.url, settings={}, sections={"http": FRESH}
            )
            assert done.returncode == 0, done.stderr
        updates.drive(clock.now_ms(), clock.monotonic_ms())
        (run,) = self.rows(schema.update_run, schema.update_run.c.update_run_id == made)
        return run

    def rows(self, table, *where):
        with self.store.read() as connection:
            return list(connection.execute(select(table).where(*where)))

    def content(self) -> dict[str, str]:
        """A hash of each table that holds what was read."""
        tables = [table for table in schema.metadata.sorted_tables if table.name not in OWN]
        texts = {table.name: sorted(map(repr, self.rows(table))) for table in tables}
        return {name: hashlib.sha256("\n".join(rows).encode()).hexdigest() for name, rows in texts.items()}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Its tote raced three days ago; the scheduler was away."""
    start = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=3)
    plan = Plan(seed=7, start=start, timezone=daytime_zone(start), races=2)
    server = Server(Ledger(plan), Clock(), 0, log=None, rules=Faults())
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    settings = config.load(write_config(tmp_path, server.url), environ={})
    with closing(open_store(settings, Clock())) as store:
        yield Installation(tmp_path, server.url, settings, store)
    server.stop()
    serving.join()
    server.server_close()


@pytest.mark.slow
def test_it_fills_what_was_missed_repairs_what_differs_and_then_changes_nothing(installation):
    first = installation.weekly()
    assert (first.outcome, first.added, first.missing) == ("ok", 4, 0), "two races and their results"
    content = installation.content()

    again = installation.weekly()
    assert (again.outcome, again.added, again.changed, again.missing, again.detail) == ("ok", 0, 0, 0, None)
    assert installation.content() == content

    race = installation.rows(schema.race)[0]
    with installation.store.write() as connection:
        won = schema.payoff.c.race_id == race.race_id, schema.payoff.c.bet_type == "win"
        connection.execute(update(schema.payoff).where(*won).values(payout=1))
        connection.execute(delete(schema.result).where(schema.result.c.race_id != race.race_id))
    repaired = installation.weekly()
    assert (repaired.outcome, repaired.changed) == ("ok", 1)
    assert f"demo {race.race_date} R1 payoff:win:" in repaired.detail
    assert ": 1 for 200 USD -> " in repaired.detail
    data = {name: told for name, told in installation.content().items() if name != "change"}
    assert data == {name: told for name, told in content.items() if name != "change"}
