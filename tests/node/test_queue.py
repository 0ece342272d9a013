"""The queue that several scrapyds share."""

from collections import Counter

import pytest
from node_home import Starter, free_port, make_home, wait_until

from horses_scrapy.clock import Clock
from horses_scrapy.node.queue import SharedQueue
from horses_scrapy.storage.engine import open_store

STUB = """
import os, sys, time
if sys.argv[1] == "list":
    print("quick")
else:
    job = next(word for word in sys.argv if word.startswith("_job=")).removeprefix("_job=")
    with open(os.environ["DONE"], "a") as file:
        file.write(f"{job} {os.getppid()}\\n")
"""
"""A runner that only says that it ran, and under which scrapyd."""


@pytest.fixture
def queue(place, postgres_url):
    store = open_store(place.settings_with(HORSES_DATABASE_URL=postgres_url), Clock())
    yield SharedQueue(store, "horses")
    store.close()


def jobs(messages):
    return [message["_job"] for message in messages]


def test_the_highest_priority_first_then_the_oldest(queue):
    for number, priority in enumerate((0, 5, -60.5, 0, 5, -60.4)):
        queue.add("track_aqu", priority=priority, _job=str(number), settings={"A": "b"}, race="3")
    assert queue.count() == 6
    assert jobs(queue.list()) == ["1", "4", "0", "3", "5", "2"]
    assert queue.pop() == {"name": "track_aqu", "_job": "1", "settings": {"A": "b"}, "race": "3"}
    assert queue.remove(lambda message: message["_job"] in {"1", "3", "5"}) == 2
    assert [queue.pop()["_job"] for _ in range(3)] == ["4", "0", "2"]
    assert queue.pop() is None
    queue.add("track_aqu", _job="x")
    queue.clear()
    assert (queue.count(), queue.pop()) == (0, None)


@pytest.mark.slow
def test_two_scrapyds_run_each_of_100_jobs_once(tmp_path, postgres_url):
    done = tmp_path / "done"
    starters = [Starter(make_home(tmp_path / name, free_port())) for name in ("one", "two")]
    urls = [starter.place.settings.scrapyd.url for starter in starters]
    daemons = []
    try:
        for starter, other in zip(starters, reversed(urls), strict=True):
            (starter.place.path / "stub.py").write_text(STUB)
            starter.place.conf(runner="stub", max_proc="2")
            environ = {"PYTHONPATH": str(starter.place.path), "DONE": str(done), "HORSES_SCRAPYD__NODES": other}
            daemons.append(starter.scrapyd(HORSES_DATABASE_URL=postgres_url, **environ))
        for number in range(100):
            starters[0].place.client.schedule("quick", f"j-{number}", 0, {})
        wait_until(lambda: done.exists() and len(done.read_text().splitlines()) >= 100, seconds=60)
        ran = [line.split() for line in done.read_text().splitlines()]
        assert sorted(job for job, _ in ran) == sorted(f"j-{number}" for number in range(100))
        shares = Counter(int(parent) for _, parent in ran)
        assert set(shares) == {daemon.process.pid for daemon in daemons}
        assert min(shares.values()) >= 10, "both take their part"
        assert "hunter2" not in "".join(daemon.output for daemon in daemons)
    finally:
        for starter in starters:
            starter.end()
