"""Three scrapyds that share one queue, and two schedulers, on PostgreSQL: some are killed, some are frozen."""

import logging
import signal
import time
from collections import Counter
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import select

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.errors import ALREADY_RUNNING, OK
from horses_scrapy.health import client_of
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store

seen = logging.getLogger(__name__)

KEYS = [f"t{number:02}" for number in range(6)]
TICK = 1.0
EVERY = 15
LOAD_S = 60
SPIDER = """
class T{key}(Track):
    name = "track_{key}"
"""
FILES = """
scrapyd: {{url: '{url}', nodes: [{nodes}], runner: lean, timeout: 2}}
scheduler: {{tick: {tick}, window: 0, job_timeout: 30}}
scraping: {{default_interval: {every}, near_post_interval: {every}, last_minutes_interval: {every}, off_interval: {every},
  after_post_interval: {every}}}
updates: {{{updates}}}
logging: {{dir: '-'}}
"""
UPDATES = ", ".join(f"{name}: {{enabled: false}}" for name in ("daily_data", "weekly_reconciliation", "reference_data"))


@pytest.fixture
def machines(tmp_path, make_home, free_port, launcher_of, postgres_url):
    """Three homes on one database, each with a scrapyd and a scheduler."""
    ports = [free_port() for _ in range(3)]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with ExitStack() as stack:
        made = []
        for number, url in enumerate(urls):
            home = make_home(tmp_path / f"m{number}", {key: key.upper() for key in KEYS}, ports[number])
            others = ", ".join(f"'{other}'" for other in urls if other != url)
            told = FILES.format(url=url, nodes=others, tick=TICK, every=EVERY, updates=UPDATES)
            (home / "config" / "config.yaml").write_text(told)
            tracks = home / "config" / "tracks.yaml"
            tracks.write_text(tracks.read_text().replace("demo: {}", "demo: {access: own, floor: 1}"))
            spiders = home / "tiny" / "spiders.py"
            spiders.write_text(spiders.read_text() + "".join(SPIDER.format(key=key) for key in KEYS))
            launcher = launcher_of(home)
            stack.callback(launcher.end)
            settings = config.load(
                home / "config" / "config.yaml",
                environ={"SCRAPYD_PASSWORD": "correct-horse", "HORSES_DATABASE_URL": postgres_url},
            )
            made.append((launcher, settings))
        yield made


@pytest.mark.fault
def test_one_of_each_is_killed_and_one_of_each_frozen(machines, postgres_url, waited, cards_in):
    environ = {"HORSES_DATABASE_URL": postgres_url}
    store = open_store(machines[0][1], Clock())
    with closing(store):
        nodes = [launcher("run_scrapyd.py", **environ) for launcher, _ in machines]
        waited(lambda: client_of(machines[0][1]).listspiders())
        for node in nodes:
            node.wait_for("web console available")
        now = Clock().now_ms()
        for key in KEYS:
            cards_in(store).race(key, 1, now + 300_000, day=time.strftime("%Y-%m-%d", time.gmtime(now / 1000)))

        first = machines[0][0]("scheduler.py", **environ)
        first.wait_for("Watching")
        second = machines[1][0]("scheduler.py", "--standby", **environ)
        second.wait_for("Standing by")
        time.sleep(LOAD_S / 4)

        nodes[2].end(signal.SIGKILL)
        nodes[1].process.send_signal(signal.SIGSTOP)
        time.sleep(LOAD_S / 4)

        killed_at = Clock().now_ms()
        first.end(signal.SIGKILL)
        waited(lambda: epoch(store) == 2)
        killed = taken_at(store) - killed_at
        time.sleep(LOAD_S / 4)

        third = machines[2][0]("scheduler.py", "--standby", **environ)
        third.wait_for("Standing by")
        frozen_at = Clock().now_ms()
        second.process.send_signal(signal.SIGSTOP)
        waited(lambda: epoch(store) == 3)
        frozen = taken_at(store) - frozen_at
        time.sleep(LOAD_S / 4)
        for stopped in (second, nodes[1]):
            stopped.process.send_signal(signal.SIGCONT)
        assert second.process.wait(30) == ALREADY_RUNNING, second.output
        time.sleep(2 * EVERY)
        assert third.end() == OK
        waited(lambda: not client_of(machines[0][1]).listjobs().active_spiders)

        slots, runs = rows(store, "slot"), rows(store, "crawl_run")
    counted = Counter(run["job_id"] for run in runs if run["outcome"] == "ok")
    lost = [slot["job_id"] for slot in slots if slot["state"] == "posted" and slot["job_id"] not in counted]
    double = [job for job, times in counted.items() if times > 1]
    given_up = [(slot["job_id"], slot["reason"]) for slot in slots if slot["state"] == "failed"]
    seen.info("%d slots, %d runs; lost %s, double %s, given up %s", len(slots), len(runs), lost, double, given_up)
    seen.info("Taken over %d ms after SIGKILL, %d ms after SIGSTOP", killed, frozen)
    assert (lost, double) == ([], [])
    assert len(counted) >= 2 * len(KEYS), "they went on"
    assert killed <= 2 * TICK * 1000
    assert frozen <= 2 * TICK * 1000 + 1000, "two ticks of silence, the last of which began at any time"


def rows(store, table):
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(schema.metadata.tables[table])).mappings()]


def epoch(store):
    return rows(store, "leader")[0]["epoch"]


def taken_at(store):
    return rows(store, "leader")[0]["taken_at"]
