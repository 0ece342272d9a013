"""What is PostgreSQL's own: turns, limits, lost connections, what is refused, and that no password is told."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest
from sqlalchemy import insert, select

from horses_scrapy import logs
from horses_scrapy.clock import Clock
from horses_scrapy.errors import AlreadyRunning, StoreBusy, StoreError
from horses_scrapy.storage import postgresql, schema
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, address_of, open_store
from horses_scrapy.storage.leader import leading

CLOSED = "postgresql://someone:hunter2@127.0.0.1:1/horses"


@pytest.fixture
def store(postgres_store):
    return postgres_store


@pytest.fixture
def stranger(store):
    """A connection that is none of ours."""
    url = store.address.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, autocommit=True, application_name="a stranger")) as connection:
        yield connection


def add_meta(connection, key):
    connection.execute(insert(schema.meta).values(key=key, value=key))


def keys(connection):
    return set(connection.scalars(select(schema.meta.c.key)))


@contextmanager
def another(store, **limits):
    with closing(Store(store.address, Limits(**limits))) as made:
        yield made


def test_it_says_what_and_where_it_is(store):
    url = store.address.url
    assert store.shown == f"postgresql://127.0.0.1:{url.port}/{url.database}"
    assert store.banner().startswith("PostgreSQL 1")
    assert store.banner().endswith(f", {store.shown}")
    assert (store.dialect, store.path) == ("postgresql", None)
    assert store.address.exists()
    with another(store) as unreached:
        assert unreached.banner() == f"PostgreSQL, {store.shown}"


def test_it_names_itself_to_the_server(store, stranger):
    with store.read():
        row = stranger.execute("SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'horses:%'")
        assert row.fetchone()[0].endswith(f":{os.getpid()}")


def test_a_busy_writer_is_named(store):
    with another(store, deadline=0.05) as impatient, store.write() as writer:
        pid = writer.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        said = rf"not free for writing within 0\.05 s: pid {pid} of the server, horses:.*:{os.getpid()} at 127\.0\.0\.1, holds"
        with pytest.raises(StoreBusy, match=said), impatient.write():
            pass
        with impatient.read() as reader:
            assert keys(reader) == {"purpose"}  # readers wait for nobody
    with another(store, deadline=0.05) as impatient, impatient.write() as writer:
        add_meta(writer, "a")


def write_meta(store):
    with store.write() as writer:
        writer.execute(schema.meta.update().values(value="demo"))


def test_a_row_that_a_stranger_holds_is_busy_too(store, stranger):
    with stranger.transaction(), another(store, deadline=0.05) as impatient:
        stranger.execute("SELECT * FROM meta FOR UPDATE")
        with pytest.raises(StoreBusy, match="not free for writing"):
            write_meta(impatient)


def test_two_stores_take_turns(store):
    """What a turn reads is what the turn before has written."""
    numbers = []

    def work(name):
        with another(store) as mine:
            for one in range(10):
                with mine.write() as connection:
                    numbers.append(len(keys(connection)))
                    add_meta(connection, f"{name}-{one}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert numbers == list(range(1, 31))


def test_a_writer_beside_the_others_does_not_wait(store):
    with another(store, deadline=0.05) as other, store.write() as writer:
        add_meta(writer, "a")
        with other.write(beside=True) as beside:
            add_meta(beside, "b")
        with store.read() as reader:
            assert keys(reader) == {"purpose", "b"}


MY_LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def test_nothing_outlives_a_transaction(store):
    """A pooler gives the connection to another client then."""
    for _ in range(7):
        with store.write() as writer, store.read() as reader:
            assert keys(reader) == keys(writer) == {"purpose"}
    with store._database._engine.connect() as plain:
        shown = {name: plain.exec_driver_sql(f"SHOW {name}").scalar() for name in ("lock_timeout", "statement_timeout")}
        assert shown == {"lock_timeout": "0", "statement_timeout": "0"}
        assert plain.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar() == 0
        assert plain.exec_driver_sql(MY_LOCKS).scalar() == 0


# --- Connections that break off -----------------------------------------------------------------------------------------


def cut(stranger):
    mine = "application_name LIKE 'horses:%' AND datname = current_database()"  # other workers share the server
    stranger.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")


def cut_while_writing(store, stranger):
    with store.write() as writer:
        add_meta(writer, "lost")
        cut(stranger)
        add_meta(writer, "never")


def cut_while_reading(store, stranger):
    with store.read() as reader:
        cut(stranger)
        keys(reader)


@pytest.mark.parametrize("work", [cut_while_writing, cut_while_reading])
def test_a_cut_connection_is_an_error_and_the_next_one_is_not(store, stranger, work):
    with pytest.raises(StoreError, match="no connection"):
        work(store, stranger)
    with store.write() as writer:
        add_meta(writer, "a")
    cut(stranger)  # while nobody uses it: found out before the next transaction
    with store.write() as writer:
        assert keys(writer) == {"purpose", "a"}


def freeze(slow, next_one):
    with slow.write() as writer:
        add_meta(writer, "never")
        with next_one.write() as other:
            assert keys(other) == {"purpose"}
        add_meta(writer, "too late")


def test_a_frozen_writer_is_cut_off(store, monkeypatch):
    monkeypatch.setattr(postgresql, "FROZEN_MS", 50)
    with another(store) as slow, another(store, deadline=10) as next_one:
        with pytest.raises(StoreError, match="no connection"):
            freeze(slow, next_one)
        with slow.write() as writer:
            assert keys(writer) == {"purpose"}


# --- What is refused --------------------------------------------------------------------------------------------------


def test_an_unreachable_server_is_told_without_the_password(settings_at, tmp_path):
    settings = settings_at(tmp_path, database_url=CLOSED, database_direct_url=CLOSED)
    for attempt in (
        lambda: open_store(settings, Clock()),
        lambda: leading(address_of(settings), "scheduler").__enter__(),
    ):
        with pytest.raises(StoreError, match=r"postgresql://127\.0\.0\.1:1/horses: no connection: .*refused") as caught:
            attempt()
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert {"hunter2", CLOSED} <= set(logs.secrets_of(settings))


def test_a_database_that_is_not_there(store, settings_at, tmp_path):
    url = store.address.url.set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        open_store(settings_at(tmp_path, database_url=url), Clock())


def test_an_empty_database_is_not_filled_unasked(settings_at, tmp_path, blank_postgres_url):
    with pytest.raises(StoreError, match=r"holds no tables yet; make them: scripts/db\.py init"):
        open_store(settings_at(tmp_path, database_url=blank_postgres_url), Clock())


def test_someone_elses_database(settings_at, tmp_path, blank_postgres_url):
    with closing(psycopg.connect(blank_postgres_url, autocommit=True)) as theirs:
        theirs.execute("CREATE TABLE alembic_version (version_num text)")
        theirs.execute("INSERT INTO alembic_version VALUES ('beef')")
        theirs.execute("CREATE TABLE song (title text)")
    with pytest.raises(StoreError, match="holds tables that are not ours"):
        open_store(settings_at(tmp_path, database_url=blank_postgres_url), Clock())


def test_a_server_that_is_too_old(store, monkeypatch):
    monkeypatch.setattr(postgresql, "OLDEST", 99)
    with pytest.raises(StoreError, match=r"PostgreSQL \d+ is too old; 99 or newer is needed"):
        store.look()


# --- The leader -------------------------------------------------------------------------------------------------------


def test_one_leader_of_a_name(store, settings_of):
    address = store.address
    with leading(address, "scheduler"):
        said = (
            rf"scheduler already runs: pid \d+ of the server, horses:.*:{os.getpid()} at 127\.0\.0\.1, holds its lock"
        )
        with pytest.raises(AlreadyRunning, match=said), leading(address, "scheduler"):
            pass
        with leading(address, "another"), store.write():
            pass
    with leading(address, "scheduler"):
        pass


LEAD = """
import sys
from pathlib import Path
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.leader import leading
with leading(address_at(sys.argv[1], Path("/")), "scheduler"):
    print("leads", flush=True)
    sys.stdin.readline()
"""


def test_a_killed_leader_is_one_no_more(store):
    url = store.address.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", LEAD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "leads\n"
        with pytest.raises(AlreadyRunning, match=f":{other.pid} at"), leading(store.address, "scheduler"):
            pass
        other.kill()
    with ExitStack() as stack:
        for _ in range(200):  # the server notices within milliseconds
            try:
                stack.enter_context(leading(store.address, "scheduler"))
            except AlreadyRunning:
                threading.Event().wait(0.01)
            else:
                return
    pytest.fail("the lock was never free")


def test_a_leader_takes_the_direct_connection(store):
    direct = store.address.url.render_as_string(hide_password=False)
    through_a_pooler = address_at(CLOSED, store.address.url.database, direct)
    with leading(through_a_pooler, "scheduler"), pytest.raises(AlreadyRunning), leading(store.address, "scheduler"):
        pass


def test_a_file_needs_no_leader(sqlite_store):
    with leading(sqlite_store.address, "scheduler"), leading(sqlite_store.address, "scheduler"):
        pass
