"""scrapyd's faults, at the real scrapyd: with our hooks it goes on, as shipped it does not."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from node_home import PASSWORD, Home, Starter, free_port, make_home

from horses_scrapy.health import ScrapydRefused

HASTY = """
from scrapyd.spiderqueue import SqliteSpiderQueue

class Hasty(SqliteSpiderQueue):
    '''Another node is quicker, once.'''
    beaten = False

    def pop(self):
        if self.beaten or not self.count():
            return super().pop()
        self.beaten = True
        return None
"""


SHIPPED = {"poller": "", "launcher": "", "schedule.json": ""}
"""Lines of scrapyd.conf that name our hooks, taken away."""


def hasty(place: Home) -> dict[str, str]:
    """Settings and environment by which the queue is one that another node shares."""
    (place.path / "hasty.py").write_text(HASTY)
    place.conf(spiderqueue="hasty.Hasty")
    return {"PYTHONPATH": str(place.path)}


def spoil(place: Home) -> None:
    """A row that is no JSON: to read it is an error, once."""
    with queue_of(place) as queue:
        queue.execute("INSERT INTO spider_queue (priority, message) VALUES (1, ?)", [b"spoiled"])
        queue.commit()


def queue_of(place: Home):
    return closing(sqlite3.connect(place.path / "data/scrapyd/dbs/horses.db", isolation_level=None))


def begun(place: Home, job: str) -> bool:
    return f"{job} begins" in place.done


def test_with_our_hooks_one_slot_and_a_look_every_minute_all_jobs_run_at_once(place, start, waited):
    """Nothing but the hooks looks into the queue in time."""
    place.say_runner("lean")
    environ = hasty(place)
    place.conf(poll_interval="60", max_proc="1", spiderqueue="hasty.Hasty")
    scrapyd = start.scrapyd(**environ)
    client = place.client
    client.schedule("quick", "beaten", 0, {})
    assert not begun(place, "beaten"), "its queue gave None"
    client.schedule("quick", "second", 0, {"seconds": "0.5"})
    waited(lambda: begun(place, "beaten"))
    client.schedule("quick", "third", 0, {})
    waited(lambda: begun(place, "third"))
    assert [line for line in place.done if "begins" in line] == ["beaten begins", "second begins", "third begins"]
    spoil(place)
    client.schedule("quick", "after-an-error", 0, {})
    waited(lambda: "The queue of horses could not be read" in scrapyd.output)
    client.schedule("quick", "../refused", 0, {})
    waited(lambda: begun(place, "after-an-error"))
    waited(lambda: "Job ../refused could not be started" in scrapyd.output)
    time.sleep(1.5)  # the slot is offered again after a second
    client.schedule("quick", "last", 0, {})
    waited(lambda: begun(place, "last"))
    spiders = place.path / "tiny" / "spiders.py"
    spiders.write_text(spiders.read_text() + "\nclass New(Quick):\n    name = 'new'\n")
    client.schedule("new", "of-a-new-spider", 0, {})
    with pytest.raises(ScrapydRefused, match="spider 'nobody' not found"):
        client.schedule("nobody", "never", 0, {})
    waited(lambda: begun(place, "of-a-new-spider"))
    assert "correct-horse" not in scrapyd.output


@pytest.mark.fault
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "shipped"])
def test_a_queue_that_is_locked_for_longer_than_scrapyd_waits(place, start, waited, ours):
    place.say_runner("lean")
    if not ours:
        place.conf(**SHIPPED)
    start.scrapyd()
    with queue_of(place) as queue:
        queue.execute("PRAGMA busy_timeout = 10000")
        place.client.schedule("quick", "before", 0, {})
        waited(lambda: begun(place, "before"))
        start.started[-1].process.send_signal(signal.SIGSTOP)
        insert_job(queue, "held")
        queue.execute("BEGIN IMMEDIATE")
        start.started[-1].process.send_signal(signal.SIGCONT)
        time.sleep(7)
        queue.execute("COMMIT")
    if ours:
        waited(lambda: begun(place, "held"))
        return
    time.sleep(4)
    assert not begun(place, "held")


def insert_job(queue: sqlite3.Connection, job: str) -> None:
    message = f'{{"name": "quick", "settings": {{}}, "_job": "{job}"}}'.encode()
    queue.execute("INSERT INTO spider_queue (priority, message) VALUES (0, ?)", [message])


@pytest.mark.fault
@pytest.mark.parametrize("fault", ["None from the queue", "an error in the queue", "a job id that is a path"])
def test_as_shipped_one_fault_ends_it(tmp_path, fault):
    """What the hooks are for: where this fails, scrapyd has mended it, and the hook can go."""
    place = make_home(tmp_path / "home", free_port())
    environ = hasty(place) if fault.startswith("None") else {}
    place.say_runner("lean")
    place.conf(**SHIPPED, max_proc="1", **({"spiderqueue": "hasty.Hasty"} if environ else {}))
    start = Starter(place)
    try:
        start.scrapyd(**environ)
        if fault.startswith("an error"):
            spoil(place)
        if fault.startswith("a job id"):
            place.client.schedule("quick", "../refused", 0, {})
        time.sleep(1)
        place.client.schedule("quick", "next", 0, {})
        place.client.schedule("quick", "after-next", 0, {})
        time.sleep(4)
        assert place.done == []
        assert place.client.daemonstatus()
    finally:
        start.end()


@pytest.mark.fault
def test_the_fork_server_comes_back(place, start, waited):
    scrapyd = start.scrapyd()
    [path] = place.settings.state_dir.glob("fork-*.sock")
    pid = scrapyd.process.pid
    [first] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(first), signal.SIGKILL)
    waited(lambda: "The fork server has ended" in scrapyd.output)
    place.client.schedule("quick", "meanwhile", 0, {})
    waited(lambda: begun(place, "meanwhile"))
    assert path.exists()
    made = path.stat().st_ino
    waited(lambda: path.stat().st_ino != made)
    place.client.schedule("quick", "again", 0, {})
    waited(lambda: begun(place, "again"))
    assert PASSWORD not in scrapyd.output
