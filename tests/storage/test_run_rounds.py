"""Who may count a poll of a window, and what jobs together asked of a host."""

import pytest
from sqlalchemy import select, update

from horses_scrapy.clock import Clock
from horses_scrapy.storage.host_use import add_requests
from horses_scrapy.storage.runs import Run, Superseded
from horses_scrapy.storage.schema import host_use, slot, track_lease


def begin(store):
    run = Run.begin(store, Clock(), spider="track_demo", track="demo", source="demo", job_id=None)
    run.take_lease()
    return run


def test_a_poll_is_counted_by_one_run(store):
    orphan = begin(store)
    assert orphan.claim_poll(10_000, 0, {2, 1}) == "demo-poll-19700101t000010z"
    assert orphan.claim_poll(10_000, 0, {1}) is None
    with store.write() as connection:
        connection.execute(update(track_lease).values(expires_at=0))
    successor = begin(store)
    with pytest.raises(Superseded):
        orphan.claim_poll(20_000, 0, ())
    assert successor.claim_poll(10_000, 0, ()) is None
    assert successor.claim_poll(20_000, 0, ()) is not None
    with store.read() as connection:
        rows = connection.execute(select(slot.c.due_at, slot.c.run_id, slot.c.races).order_by(slot.c.due_at)).all()
    assert rows == [(10_000, orphan.run_id, "1,2"), (20_000, successor.run_id, "")]


def test_jobs_add_up_what_they_asked_of_a_host(store):
    for count in (2, 3):
        with store.write() as connection:
            add_requests(connection, {("a", 0): count, ("a", 60_000): 1})
    with store.read() as connection:
        rows = connection.execute(
            select(host_use.c.minute_at, host_use.c.requests).order_by(host_use.c.minute_at)
        ).all()
    assert rows == [(0, 5), (60_000, 2)]
