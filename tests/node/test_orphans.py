"""A job that outlives its scrapyd, and its successor of the same slot."""

import signal

import pytest
from sqlalchemy import select

from horses_scrapy.clock import Clock
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.schema import crawl_run, slot
from horses_scrapy.storage.slots import SlotRow, write_slot


@pytest.mark.fault
@pytest.mark.parametrize("runner", ["fork", "lean"])
def test_an_orphan_and_its_successor_never_both_count(place, start, waited, runner):
    place.say_runner(runner)
    now, store = Clock(), open_store(place.settings, Clock())
    first = start.scrapyd()
    row = SlotRow(track="aqu", kind="card", due_at=now.now_ms(), due_mono=now.monotonic_ms(), job_id="aqu-card-1")
    with store.write() as connection:
        write_slot(connection, row)
    place.client.schedule("track_aqu", "aqu-card-1", 0, {"seconds": "8"})
    waited(lambda: place.done)
    first.end(signal.SIGKILL)
    start.scrapyd()
    place.client.schedule("track_aqu", "aqu-card-1", 0, {"seconds": "0"})

    def ended():
        with store.read() as connection:
            runs = connection.execute(select(crawl_run.c.outcome).order_by(crawl_run.c.run_id)).scalars().all()
            return runs if len(runs) == 2 and None not in runs else None

    assert waited(ended, 40) == ["ok", "superseded"]
    assert place.done == ["begins"], "the orphan finished, its successor did nothing"
    with store.read() as connection:
        assert connection.execute(select(slot.c.run_id)).scalars().all() == [1]
    store.close()
