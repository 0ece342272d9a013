"""One scheduler on several machines: a standby, a leader that froze, and one that thaws."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.model import Scheduler, System
from horses_scrapy.errors import AlreadyRunning
from horses_scrapy.scheduling.leadership import Dismissed, Watch, leading
from horses_scrapy.scheduling.stop import Stop
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.leader import Deposed, Leader, leader_of

TICK = 0.3

LEAD = """
import sys, time
from pathlib import Path
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.model import Scheduler, System
from horses_scrapy.errors import AlreadyRunning
from horses_scrapy.scheduling.leadership import leading
from horses_scrapy.scheduling.stop import Stop

home = Path(sys.argv[2])
settings = Settings(
    home=home, config_file=home / "config.yaml", system=System(database_url=sys.argv[1]), scheduler=Scheduler(tick=0.3)
)
try:
    with leading(settings, Clock(), Stop()) as lead:
        while True:
            lead.renew()
            with lead.store.write() as connection:
                connection.exec_driver_sql(f"INSERT INTO host_use VALUES ('old', {time.monotonic_ns()}, 1)")
                print("leads", flush=True)
                if len(sys.argv) > 3:
                    time.sleep(0.1)  # most of its time it is inside a transaction, with the writers' turn
            time.sleep(0.02)
except Exception as error:
    print(type(error).__name__, error, flush=True)
    sys.exit(getattr(error, "exit_code", 1))
"""


@pytest.fixture
def of(tmp_path):
    """Settings on a database, with a home of their own: another machine."""

    def made(name: str, url: str | None) -> Settings:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        system = System() if url is None else System(database_url=url)
        return Settings(home=home, config_file=home / "config.yaml", system=system, scheduler=Scheduler(tick=TICK))

    return made


@pytest.fixture
def stop():
    made = Stop()
    yield made
    made.close()


def test_each_start_is_an_epoch(of, stop):
    settings = of("one", None)
    for epoch in (1, 2):
        with leading(settings, Clock(), stop) as lead, lead.store.read() as connection:
            assert leader_of(connection, "scheduler").epoch == epoch
            with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}, for 0 h"), leading(settings, Clock(), stop):
                pass


def test_a_standby_that_is_stopped_never_led(of, stop):
    settings = of("one", None)
    with leading(settings, Clock(), stop):
        threading.Timer(0.3, stop.ask).start()
        with pytest.raises(Dismissed), leading(settings, Clock(), stop, standby=True):
            pass


def test_a_leader_is_frozen_when_it_says_nothing_for_two_ticks_of_our_own_clock():
    watch = Watch(10)
    quiet = Leader("scheduler", 1, "a:1", 0, 5)
    assert [watch.is_frozen(quiet, at) for at in (0, 20_000, 20_001)] == [False, False, True]
    assert not watch.is_frozen(Leader("scheduler", 1, "a:1", 0, 6), 20_002)
    assert not watch.is_frozen(Leader("scheduler", 2, "a:1", 0, 6), 50_000)


@pytest.fixture
def other(postgres_url, tmp_path):
    """Another machine's scheduler, as a process that leads and writes."""
    home = tmp_path / "other"
    home.mkdir()
    command = [sys.executable, "-c", LEAD, postgres_url, str(home), "slowly"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "leads\n"
        yield process
        process.kill()


def test_the_lock_names_who_leads_and_since_when(of, other, postgres_url, stop):
    said = rf"{other.pid} at 127\.0\.0\.1, holds its lock .*:{other.pid} leads for 0 h 0 min"
    with pytest.raises(AlreadyRunning, match=said), leading(of("mine", postgres_url), Clock(), stop):
        pass


def test_a_standby_takes_over_what_was_killed(of, other, postgres_url, stop):
    threading.Timer(0.5, other.kill).start()
    with leading(of("mine", postgres_url), Clock(), stop, standby=True) as lead:
        assert other.poll() is not None or other.wait(5) is not None
        lead.renew()


def test_a_frozen_leader_is_replaced_and_writes_nothing_when_it_thaws(of, other, postgres_url, stop):
    settings = of("mine", postgres_url)
    other.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with leading(settings, Clock(), stop, standby=True) as lead:
        took = time.monotonic() - began
        assert took < 2 * TICK + 1.5, "two ticks, and the start of a connection"
        before = written(settings)
        other.send_signal(signal.SIGCONT)
        assert other.wait(20) in {1, 3}
        assert written(settings) == before
        lead.renew()


def test_a_leader_whose_epoch_is_over_writes_nothing(of, postgres_url, stop):
    settings = of("mine", postgres_url)
    with leading(settings, Clock(), stop) as lead:
        with closing(open_store(settings, Clock())) as store, store.write() as connection:
            connection.exec_driver_sql("UPDATE leader SET epoch = epoch + 1, holder = 'b:2'")
        for write in (lead.store.write, lead.store.clear, lambda: lead.store.write(beside=True)):
            with pytest.raises(Deposed, match="leads no more, but b:2, epoch 2"), write() as connection:
                connection.exec_driver_sql("INSERT INTO host_use VALUES ('old', 1, 1)")
        with pytest.raises(Deposed):
            lead.renew()
    assert written(settings) == 0


def test_a_lock_that_the_server_lost_is_taken_again(of, postgres_url, stop):
    settings = of("mine", postgres_url)
    with leading(settings, Clock(), stop) as lead:
        with closing(open_store(settings, Clock())) as store, store.write() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        lead.renew()
        with pytest.raises(AlreadyRunning), leading(settings, Clock(), stop):
            pass


def written(settings):
    with closing(open_store(settings, Clock())) as store, store.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM host_use").scalar_one()
