"""A whole card into a database, as a crawl at every interval would have stored it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from horses_scrapy import clock
from horses_scrapy.config import Track
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger, RaceLedger
from horses_scrapy.simulator.timeline import OVER
from horses_scrapy.storage import writer
from horses_scrapy.storage.engine import Store


@dataclass(frozen=True, slots=True)
class Recorded:
    races: int
    boards: int


def record(store: Store, ledger: Ledger, track: Track, every: int) -> Recorded:
    """Store the card each `every` seconds from its start until all is over: no crawl comes back after that.

    Doing it again changes nothing.
    """
    boards = 0
    before = ledger.plan.start
    for at in instants(ledger, every):
        open_races = [entry for entry in ledger.races.values() if entry.race.times.status_at(before) not in OVER]
        with store.write() as connection:
            boards += sum(_record_race(connection, Witness(ledger, track, at), entry) for entry in open_races)
        before = at
    return Recorded(len(ledger.races), boards)


def instants(ledger: Ledger, every: int) -> Iterator[dt.datetime]:
    """From the start, the last one at or after the end of the last race."""
    at = ledger.plan.start
    while at < ledger.ends:
        yield at
        at += dt.timedelta(seconds=every)
    yield at


def _record_race(connection: Connection, witness: Witness, entry: RaceLedger) -> int:
    """Boards that were new."""
    now_ms = clock.to_ms(witness.at)
    writer.store_race(connection, witness.race(entry), witness.track, run_id=None, now_ms=now_ms)
    stored = writer.store_board(connection, witness.odds(entry), witness.track, run_id=None, now_ms=now_ms)
    result = witness.result(entry)
    if result is not None:
        writer.store_result(connection, result, witness.track, run_id=None, now_ms=now_ms)
    return int(stored.new)
