import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import insert, select

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError, StoreBusy, StoreError
from horses_scrapy.storage import schema, sqlite
from horses_scrapy.storage.address import SqliteFile
from horses_scrapy.storage.database import Limits
from horses_scrapy.storage.engine import Store, address_of, create, downgrade, open_store, upgrade
from horses_scrapy.storage.migrate import HEAD

SIMULATED = Clock(epoch=0, rate=2)
EVERY = {"foreign_keys": 1, "trusted_schema": 0, "cache_size": -65536, "temp_store": 2}
WRITER = {
    "journal_mode": "wal",
    "synchronous": 2,
    "journal_size_limit": 67108864,
    "wal_autocheckpoint": 1000,
    "query_only": 0,
}
UNWANTED = (
    "alembic",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql",
    "psycopg",
    "horses_scrapy.storage.postgresql",
)
"""What a job on a current SQLite database need not load."""
READER = {"journal_mode": "wal", "query_only": 1}


def pragma(connection, name):
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def add_meta(connection, key):
    connection.execute(insert(schema.meta).values(key=key, value=key))


def keys(connection):
    return set(connection.scalars(select(schema.meta.c.key)))


def test_every_connection_is_set_up(sqlite_store):
    for _ in range(2):  # the second time from the pool
        with sqlite_store.write() as writer, sqlite_store.read() as one, sqlite_store.read() as other:
            assert {name: pragma(writer, name) for name in EVERY | WRITER} == EVERY | WRITER
            for reader in (one, other):
                assert {name: pragma(reader, name) for name in EVERY | READER} == EVERY | READER
            assert pragma(writer, "auto_vacuum") == 2


def test_foreign_keys_hold(store):
    with pytest.raises(StoreError, match=r"(?i)foreign key constraint"), store.write() as connection:
        connection.execute(insert(schema.betting_interest).values(race_id=77, label="1"))


def add_then_fail(store):
    with store.write() as connection:
        add_meta(connection, "a")
        raise KeyError


def add_twice(store):
    with store.write() as connection:
        add_meta(connection, "b")
        add_meta(connection, "b")


def test_a_write_is_whole_or_not_at_all(store):
    with pytest.raises(KeyError):
        add_then_fail(store)
    with pytest.raises(StoreError, match=r"(?i)unique constraint"):
        add_twice(store)
    with store.write() as connection:
        add_meta(connection, "c")
    with store.read() as connection:
        assert keys(connection) == {"purpose", "c"}


def test_a_read_neither_writes_nor_waits_nor_pins(store):
    with store.write() as writer:
        add_meta(writer, "a")
        with store.read() as reader:
            assert keys(reader) == {"purpose"}
            with pytest.raises(StoreError, match=r"read-?only"), store.read() as other:
                add_meta(other, "b")
    with store.read() as reader:
        assert keys(reader) == {"purpose", "a"}
        with store.write() as writer:
            add_meta(writer, "b")
        assert keys(reader) == {"purpose", "a", "b"}  # each statement sees the newest commit
        if store.path is not None:
            stranger = sqlite.driver().connect(store.path, isolation_level=None)
            pinned = stranger.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert pinned == (0, 0, 0)  # not busy: nothing is
            stranger.close()


def test_nesting_is_an_error_and_threads_take_turns(store):
    with store.write(), pytest.raises(StoreError, match="a write inside a write"), store.write():
        pass
    numbers = []

    def work(name):
        for one in range(10):
            with store.write() as connection:
                numbers.append(len(keys(connection)))
                add_meta(connection, f"{name}-{one}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert numbers == list(range(1, 31))


def test_two_stores_of_one_file(sqlite_store):
    other = Store(sqlite_store.address)
    with sqlite_store.write() as connection, pytest.raises(StoreError, match="a write inside a write"), other.write():
        add_meta(connection, "never")
    with other.write() as connection:
        add_meta(connection, "a")
    with sqlite_store.read() as connection:
        assert keys(connection) == {"purpose", "a"}
    other.close()


def test_a_writer_that_does_not_take_our_lock_is_named(sqlite_store, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    impatient = Store(sqlite_store.address)
    stranger = sqlite.driver().connect(sqlite_store.path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match=r"a program that does not take .*horses\.db\.lock writes"), impatient.write():
        pass
    stranger.close()
    with impatient.write() as connection:
        add_meta(connection, "a")
    impatient.close()


def test_created_where_the_settings_say(settings_at, tmp_path):
    store = open_store(settings_at(tmp_path, database_path="deep/er/x.db"), Clock())
    assert store.path == tmp_path / "deep" / "er" / "x.db"
    assert store.shown == str(store.path)
    assert store.dialect == "sqlite"
    assert store.purpose == "live"
    assert store.banner() == f"{sqlite.describe(sqlite.driver())}, {store.path}"
    store.close()


def test_a_path_of_odd_characters(settings_at, tmp_path):
    store = open_store(settings_at(tmp_path, database_path="a b?c#d%20é.db"), Clock())
    with store.write() as connection:
        add_meta(connection, "a")
    with store.read() as connection:
        assert keys(connection) == {"purpose", "a"}
    store.close()
    assert (tmp_path / "a b?c#d%20é.db").is_file()


@pytest.mark.parametrize(("url", "file"), [("sqlite:///x/y.db", "home/x/y.db"), ("sqlite:////else/y.db", "/else/y.db")])
def test_database_url(settings_at, tmp_path, url, file):
    settings = settings_at(tmp_path / "home", database_url=url, database_path="other.db")
    address = address_of(settings)
    assert address == SqliteFile(tmp_path / Path(file))
    assert not address.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "postgresql+asyncpg://u:hunter2@h/db",
            "postgresql.asyncpg .* not supported; write sqlite:///<file> or postgresql",
        ),
        ("postgresql://u:hunter2@h", "names no database"),
        ("postgresql://u@h/db?password=hunter2", "the password stands before the @"),
        ("postgresql://u:hunter2@h:nonsense/db", "not a database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.db?password=hunter2", "not supported"),
    ],
)
def test_a_database_url_that_cannot_be_used(settings_at, tmp_path, url, said):
    with pytest.raises(ConfigError, match=said) as caught:
        open_store(settings_at(tmp_path, database_url=url), Clock())
    assert caught.value.exit_code == 2
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


PURPOSES = [
    ("live", "live", Clock(), "live"),
    ("demo", "demo", SIMULATED, "demo"),
    ("replay", "live", SIMULATED, "replay"),  # an existing database keeps its purpose
    ("demo", "live", Clock(), "demo"),
    ("live", "demo", Clock(), "live"),
    ("live", "demo", SIMULATED, None),
    (None, "live", SIMULATED, None),
    (None, "sample", SIMULATED, "sample"),
]


@pytest.mark.parametrize(("existing", "asked", "now", "purpose"), PURPOSES)
def test_purpose_and_clock(settings, existing, asked, now, purpose):
    if existing is not None:
        open_store(settings, Clock(), create_as=existing).close()
    if purpose is None:
        with pytest.raises(ConfigError, match="HORSES_CLOCK") as caught:
            open_store(settings, now, create_as=asked)
        assert caught.value.exit_code == 2
        assert settings.database_path.exists() == (existing is not None)
    else:
        store = open_store(settings, now, create_as=asked)
        assert store.purpose == purpose
        store.close()


def test_a_file_that_is_no_database(settings):
    settings.database_path.parent.mkdir()
    settings.database_path.write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError, match=r"horses\.db: file is not a database"):
        open_store(settings, Clock())


def test_someone_elses_database(settings):
    settings.database_path.parent.mkdir()
    theirs = sqlite3.connect(settings.database_path)
    theirs.execute("CREATE TABLE song (title TEXT)")
    theirs.commit()
    theirs.close()
    with pytest.raises(StoreError, match=r"horses\.db: holds tables that are not ours"):
        open_store(settings, Clock())


def test_a_newer_database(store, settings_of):
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="revision 9999 is newer than this program's"):
        open_store(settings_of(store), Clock())


def test_a_folder_that_cannot_be_made(settings_at, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file: the database's folder cannot be made: .*DB_PATH"):
        open_store(settings_at(tmp_path, database_path="file/x.db"), Clock())


def test_an_empty_file_is_filled(settings):
    settings.database_path.parent.mkdir()
    settings.database_path.touch()
    store = open_store(settings, Clock())
    assert store.purpose == "live"
    store.close()


def test_a_current_database_is_opened_without_alembic(sqlite_store):
    code = f"""
import sys
from pathlib import Path
from types import ModuleType
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import queries, writer
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage import alerts, leader, outbox
store = open_store(Settings(home=Path({str(sqlite_store.path.parent.parent)!r}), config_file=Path("x")), Clock())
print(store.purpose, [name for name in {UNWANTED} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["live", "[]"]


@pytest.mark.parametrize(
    ("version", "warned"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 4), False),
    ],
)
def test_the_banner_warns_of_the_wal_race(version, warned):
    module = ModuleType("sqlite3.dbapi2")
    module.sqlite_version_info = version
    module.sqlite_version = ".".join(map(str, version))
    text = sqlite.describe(module)
    assert text.startswith(f"SQLite {module.sqlite_version} (sqlite3)")
    assert ("WAL race" in text) == warned


def test_the_standard_module_does_too(sqlite_store, monkeypatch):
    monkeypatch.setattr(sqlite, "driver", lambda: sqlite3)
    plain = Store(sqlite_store.address)
    with plain.write() as connection:
        add_meta(connection, "a")
        assert pragma(connection, "foreign_keys") == 1
    with plain.read() as connection:
        assert keys(connection) == {"purpose", "a"}
    plain.close()


@pytest.mark.parametrize(("now", "refused"), [(Clock(), False), (SIMULATED, True)])
def test_another_process_creates_it_first(settings, monkeypatch, now, refused):
    look = Store.look

    def look_then_lose(store):
        monkeypatch.setattr(Store, "look", look)
        open_store(settings, Clock(), create_as="live").close()

    monkeypatch.setattr(Store, "look", look_then_lose)
    if refused:
        with pytest.raises(ConfigError, match="HORSES_CLOCK"):
            open_store(settings, now, create_as="demo")
        return
    store = open_store(settings, now, create_as="demo")
    assert store.purpose == "live"
    store.close()


def test_creation_looks_again_under_the_lock(settings, monkeypatch):
    other = open_store(settings, Clock())
    late = Store(other.address)
    answers = [None]
    monkeypatch.setattr(late, "look", lambda: answers.pop() if answers else Store.look(late))
    late.bring_up_to_date("demo")  # has seen nothing before it took the lock
    assert late.purpose == "live"
    late.close()
    other.close()


SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT count(*) FROM n"


def test_a_query_that_takes_too_long_is_ended_and_the_next_one_is_not(store):
    hasty = Store(store.address, Limits(query_timeout=0.05))
    for _ in range(2):
        with (
            pytest.raises(StoreError, match=r"took longer than 0\.05 s \(database\.query_timeout\)"),
            hasty.read() as reader,
        ):
            reader.exec_driver_sql(SLOW)
    with hasty.read() as reader:
        assert keys(reader) == {"purpose"}
        time.sleep(0.06)
        assert keys(reader) == {"purpose"}  # each statement has its own time
    hasty.close()


def test_the_settings_limit_a_query(settings):
    hasty = settings.model_copy(update={"database": settings.database.model_copy(update={"query_timeout": 0.05})})
    with (
        closing(open_store(hasty, Clock())) as store,
        pytest.raises(StoreError, match="query_timeout"),
        store.read() as reader,
    ):
        reader.exec_driver_sql(SLOW)


# --- Commands that make and change it ---------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def nowhere(request, settings, settings_at, tmp_path):
    """Settings of a database that is not made yet."""
    if request.param == "sqlite":
        return settings
    return settings_at(tmp_path, database_url=request.getfixturevalue("blank_postgres_url"))


def test_made_by_a_command_once(nowhere):
    address = address_of(nowhere)
    create(address, "demo")
    with closing(open_store(nowhere, Clock())) as store:
        assert store.purpose == "demo"
    with pytest.raises(StoreError, match=r"exists already, at revision .*scripts/db\.py upgrade"):
        create(address, "live")


def test_down_and_up_by_commands(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        before = meeting.dump(connection)
    assert upgrade(store.address) is None
    down = downgrade(store.address, "0003")
    assert (down.before, down.after) == (HEAD, "0003")
    assert (down.backup is None) == (store.path is None)
    assert downgrade(store.address, "0003") is None
    with pytest.raises(StoreError, match=f"revision {HEAD} is not older"):
        downgrade(store.address, HEAD)
    with pytest.raises(StoreError, match="cannot be brought to revision 0000"):
        downgrade(store.address, "0000")
    up = upgrade(store.address)
    assert (up.before, up.after) == ("0003", HEAD)
    with store.read() as connection:
        assert meeting.dump(connection) == before


@pytest.mark.parametrize("command", [upgrade, lambda address: downgrade(address, "0001")])
def test_a_command_on_nothing(nowhere, command):
    address = address_of(nowhere)
    with pytest.raises(StoreError, match=r"there is no database; make one: scripts/db\.py init"):
        command(address)
    with closing(Store(address)) as store:
        assert store.look() is None
