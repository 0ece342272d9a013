"""A PostgreSQL to measure: the tests' own way to start one, but durable; or the server of HORSES_TEST_DATABASE_URL."""

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import create

TESTS = Path(__file__).parents[2] / "tests"
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=50")


class Server:
    """`databases` are made with our tables, and dropped with the server or at the end."""

    def __init__(self, helper: Any, url: Any) -> None:
        self._helper = helper
        self._url = url
        self.made: list[str] = []

    def database(self, name: str) -> str:
        """The URL of a new database of ours."""
        full = f"horses_bench_{os.getpid()}_{name}"
        with self._helper.connected(self._url) as connection:
            connection.execute(f"CREATE DATABASE {full}")
        self.made.append(full)
        url: str = self._helper.conninfo(self._url.set(database=full))
        create(address_at(url, Path("/")), "sample")
        return url

    def drop(self) -> None:
        with self._helper.connected(self._url) as connection:
            for name in self.made:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running() -> Iterator[Server | None]:
    """None where the machine has no server."""
    helper = _helper()
    if helper.GIVEN in os.environ:
        with _given(helper, os.environ[helper.GIVEN]) as server:
            yield server
        return
    try:
        helper.binaries()
    except helper.NoServerError:
        yield None
        return
    with _own(helper) as server:
        yield server


@contextmanager
def _given(helper: Any, url: str) -> Iterator[Server]:
    server = Server(helper, helper.make_url(url).set(drivername="postgresql+psycopg"))
    try:
        yield server
    finally:
        server.drop()


@contextmanager
def _own(helper: Any) -> Iterator[Server]:
    """In a folder that the server's user may look into."""
    folder = Path(tempfile.mkdtemp(prefix="horses-bench-postgres-"))
    folder.chmod(0o755)
    cluster = helper.Cluster(folder / "server", DURABLE)
    try:
        cluster.make()
        cluster.start()
        yield Server(helper, cluster.url)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _helper() -> Any:
    sys.path.insert(0, str(TESTS))
    try:
        return importlib.import_module("postgres_server")
    finally:
        sys.path.remove(str(TESTS))
