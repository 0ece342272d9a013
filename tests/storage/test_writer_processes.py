"""Several processes write one database, and some of them are killed."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import select

from horses_scrapy.storage import schema

WRITER = """
import datetime as dt, sys, time
from pathlib import Path
from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings, Track
from horses_scrapy.items import OddsItem, Pool, Price, Source
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.writer import store_board

url, me, first, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
track = Track(key="demo", code="DMO", name="Demo", country="US", timezone="UTC", source="demo", source_key="DMO",
              base_url="http://127.0.0.1:1", currency="USD")
store = open_store(Settings(home=Path("/"), config_file=Path("/x"), system={"database_url": url}), Clock())
print("ready", flush=True)
sys.stdin.readline()
end, longest = time.monotonic() + seconds, 0.0
while time.monotonic() < end:
    first += 1
    item = OddsItem(track="demo", race_date=dt.date(2026, 5, 2), race_number=me, source=Source("demo", "board", "display"),
                    url="u", fetched_at=from_ms(1_777_000_000_000 + first * 1000), status="open",
                    prices=tuple(Price(label=str(n), market="win_tote", price=2000 + first * n) for n in range(10)),
                    pools=(Pool(bet_type="win", amount=first, currency="USD"),))
    began = time.monotonic()
    with store.write() as connection:
        board = store_board(connection, item, track, run_id=None, now_ms=first)
    longest = max(longest, time.monotonic() - began)
    print(first, flush=True)
print("longest", longest, flush=True)
"""


def url_of(store):
    if store.path is not None:
        return f"sqlite:///{store.path}"
    return store.address.url.render_as_string(hide_password=False)


@pytest.fixture
def start(store):
    """Starts a writer of race `me` that goes on from board `first`; it waits for a line before it writes."""
    with ExitStack() as running:

        def make(me, first=0, seconds=60.0):
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, url_of(store), str(me), str(first), str(seconds)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            running.callback(process.kill)
            assert process.stdout.readline() == "ready\n"
            return process

        yield make


def go(processes):
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def stored(store):
    """Race number -> number of boards, after checks that nothing is half written."""
    with store.read() as connection:
        if store.dialect == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        whole = """SELECT race_number, count(*) AS boards, min(n) AS least, max(n) AS most FROM
            (SELECT race_number, (SELECT count(*) FROM price_change p WHERE p.board_id = b.board_id) AS n
             FROM board b JOIN race USING (race_id)) AS counted GROUP BY race_number"""
        rows = connection.exec_driver_sql(whole).all()
        newest = "SELECT max(abs(l.seen_at - (SELECT max(fetched_at) FROM board b WHERE b.race_id = i.race_id))) FROM latest_odds l JOIN betting_interest i USING (interest_id)"
        assert connection.exec_driver_sql(newest).scalar() == 0
    assert {(row.least, row.most) for row in rows} <= {(10, 10), (9, 10)}  # price 2000 + first * 0 moves once
    return {row.race_number: row.boards for row in rows}


@pytest.mark.slow
def test_eight_writers_share_fairly_and_none_is_locked_out(store, start):
    processes = [start(me, seconds=5.0) for me in range(1, 9)]
    go(processes)
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in outputs] == [""] * 8
    acknowledged = {me: len(out.split("\n")) - 2 for me, (out, _) in enumerate(outputs, 1)}
    assert stored(store) == acknowledged
    shares = acknowledged.values()
    assert max(shares) < 3 * min(shares), shares
    assert all(float(out.split()[-1]) < 5 for out, _ in outputs)  # the longest wait: seconds would be starvation


@pytest.mark.fault
def test_kill_loses_nothing_acknowledged(store, start):
    done = dict.fromkeys((1, 2, 3), 0)
    for _ in range(5):
        processes = {me: start(me, first=done[me] + 1) for me in done}  # a killed one may have stored one more
        go(processes.values())
        time.sleep(0.4)
        for me, process in processes.items():
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate(timeout=30)
            numbers = [int(line) for line in out.split("\n")[:-1]]
            with store.read() as connection:
                fetched = (
                    select(schema.board.c.fetched_at)
                    .join(schema.race, schema.race.c.race_id == schema.board.c.race_id)
                    .where(schema.race.c.race_number == me)
                )
                there = {(at - 1_777_000_000_000) // 1000 for at in connection.scalars(fetched)}
            assert numbers
            assert set(numbers) <= there
            done[me] = max(there)
    stored(store)
    with store.write() as connection:  # the lock died with its holder
        assert connection.exec_driver_sql("SELECT count(*) FROM board").scalar() >= 15


@pytest.mark.fault
def test_a_writer_killed_inside_its_transaction_leaves_nothing(store):
    code = f"""
import os, signal
from pathlib import Path
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import Store
store = Store(address_at({url_of(store)!r}, Path("/"), name="test"))
with store.write() as connection:
    connection.exec_driver_sql("INSERT INTO meta VALUES ('half', 'way')")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    with store.write() as connection:
        assert connection.scalars(select(schema.meta.c.key)).all() == ["purpose"]


@pytest.mark.fault
def test_creation_that_is_killed_is_done_again(tmp_path):
    """Killed in the middle of the first migration; four processes then open it at once."""
    home = tmp_path / "home"
    opener = f"""
import os, signal, sys
from pathlib import Path
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import migrate
from horses_scrapy.storage.engine import open_store
if "kill" in sys.argv:
    migrate.meta = None  # the statement after the migration fails ...
    migrate.insert = lambda table: os.kill(os.getpid(), signal.SIGKILL)  # ... by death
store = open_store(Settings(home=Path({str(home)!r}), config_file=Path("x")), Clock(), create_as="demo")
print(store.purpose)
"""
    killed = subprocess.run([sys.executable, "-c", opener, "kill"], check=False, stderr=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(home / "data" / "horses.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    openers = [subprocess.Popen([sys.executable, "-c", opener], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [one.communicate(timeout=60)[0] for one in openers] == ["demo\n"] * 4
