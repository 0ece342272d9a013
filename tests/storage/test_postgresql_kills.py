"""The server is killed under its writers: what was acknowledged is there, and they go on by themselves."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from postgres_server import SMALL, Cluster, NoServerError, conninfo
from sqlalchemy import select

from horses_scrapy.storage import schema
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import Store, create

ROUNDS, WRITERS = 3, 4
WRITER = """
import sys, time
from pathlib import Path
from horses_scrapy.errors import StoreError
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import Store

store, number = Store(address_at(sys.argv[1], Path("/"))), 0
while True:
    try:
        with store.write() as connection:
            connection.exec_driver_sql(f"INSERT INTO meta VALUES ('{sys.argv[2]}-{number}', '') ON CONFLICT DO NOTHING")
    except StoreError as error:
        print("error", error, flush=True)
        time.sleep(0.05)
    else:
        print("acked", number, flush=True)
        number += 1
"""


class Writer:
    """A process that writes one row after the other, and goes on with the same one after an error."""

    def __init__(self, url, name):
        self.name, self.acked, self.errors = name, [], []
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, url, name], stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            kind, _, rest = line.partition(" ")
            if kind == "acked":
                self.acked.append((time.monotonic(), f"{self.name}-{rest.strip()}"))
            else:
                self.errors.append(rest)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def wrote_since(self, instant, within):
        while time.monotonic() < instant + within:
            if self.acked and self.acked[-1][0] > instant:
                return True
            time.sleep(0.01)
        return False


@pytest.fixture
def cluster():
    """One that keeps its word: a commit is on the disk before it is acknowledged."""
    folder = Path(tempfile.mkdtemp(prefix="horses-killed-"))
    folder.chmod(0o755)
    try:
        made = Cluster(folder / "server", ("fsync=on", "synchronous_commit=on", *SMALL))
    except NoServerError as error:
        pytest.skip(str(error))
    made.make()
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.mark.fault
def test_a_killed_server_loses_nothing_that_it_acknowledged(cluster):
    with closing(cluster.connect()) as admin:
        admin.execute("CREATE DATABASE horses_live")
    url = conninfo(cluster.url.set(database="horses_live"))
    address = address_at(url, Path("/"))
    create(address, "live")
    with ExitStack() as stack:
        writers = [Writer(url, f"w{number}") for number in range(WRITERS)]
        for writer in writers:
            stack.callback(writer.stop)
        assert all(writer.wrote_since(time.monotonic(), 30) for writer in writers)
        for _ in range(ROUNDS):
            time.sleep(1)
            cluster.kill()
            cluster.start()
            up = time.monotonic()
            assert [writer.name for writer in writers if not writer.wrote_since(up, 5)] == []
    acked = {key for writer in writers for _, key in writer.acked}
    with closing(Store(address)) as store, store.read() as connection:
        stored = set(connection.scalars(select(schema.meta.c.key)))
    assert acked - stored == set()
    assert len(stored - acked - {"purpose"}) <= WRITERS  # committed and not told, at the end
    assert all(writer.errors for writer in writers)
    assert not any("hunter2" in error for writer in writers for error in writer.errors)
