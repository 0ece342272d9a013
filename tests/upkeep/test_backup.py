"""Backups and the way back, with real files and real writers."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stored_sample as sample
from sqlalchemy import select

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError, StoreBusy, StoreError
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store
from horses_scrapy.upkeep import backup, check, restore

WRITER = """
import sys
from contextlib import closing
from itertools import count
from pathlib import Path
import stored_sample as sample
from horses_scrapy.clock import Clock
from horses_scrapy.storage.engine import open_store
with closing(open_store(sample.settings_in(Path(sys.argv[1])), Clock())) as store:
    for seconds in count(200):
        with store.write() as connection:
            stored = sample.store(connection, sample.board(int(sys.argv[2]), seconds))
        print(stored.board_id, flush=True)
"""


@pytest.fixture
def writer(home):
    """Starts a process that writes boards of a race until it is killed, and waits for its first."""
    with ExitStack() as running:

        def start(race):
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, str(home), str(race)],
                    stdout=subprocess.PIPE,
                    text=True,
                    env={"PYTHONPATH": ":".join(sys.path)},
                )
            )
            running.callback(process.kill)
            assert process.stdout.readline()
            return process

        yield start


def made_by(run, verb=backup):
    code, said = run(verb)
    assert code == 0
    return said.partition(":")[0]


def boards(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT * FROM board ORDER BY board_id").fetchall()


def test_the_drill(run, database, writer):
    """Backup under two writers; the database is lost; restored, it is whole and what it was at the copy's instant."""
    writers = [writer(1), writer(2)]
    copy = made_by(run)
    acked = [process.stdout.readline() for process in writers]
    for process in writers:
        process.kill()
        process.wait()
    assert len(boards(database)) >= len(boards(copy)) > 8
    assert all(acked)
    for path in (database, *database.parent.glob("horses.db-*")):
        path.unlink(missing_ok=True)
    code, said = run(restore, copy)
    assert (code, said.splitlines()[1]) == (0, "there was no database before")
    assert run(check)[0] == 0
    assert boards(database) == boards(copy)


def test_a_restore_moves_the_database_aside_with_all_that_was_committed(run, database, settings):
    copy = made_by(run)
    with closing(open_store(settings, Clock())) as store:
        with store.write() as connection:
            sample.store(connection, sample.board(1, 500))
        after = boards(database)
        assert database.with_name("horses.db-wal").stat().st_size > 0
    code, said = run(restore, copy)
    aside = said.splitlines()[1].removeprefix("the database of before: ")
    assert code == 0
    assert boards(database) == boards(copy)
    assert boards(aside) == after
    assert len(after) == len(boards(copy)) + 1
    assert sorted(path.name for path in database.parent.iterdir() if path.is_file()) == [
        "horses.db",
        aside.rpartition("/")[2],
        "horses.db.lock",
    ]
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        sample.store(connection, sample.board(1, 600))


def test_a_restore_waits_for_nobody_who_goes_on_writing_to_the_old_file(run, database, writer):
    copy = made_by(run)
    process = writer(1)
    with pytest.raises(StoreBusy, match=rf"programs have it open.*process {process.pid}.*stop the scheduler"):
        run(restore, copy)
    assert process.stdout.readline()
    process.kill()
    process.wait()
    assert len(boards(database)) > len(boards(copy))
    assert not database.with_name("horses.db.restoring").exists()


def test_a_damaged_database_is_moved_aside_as_it_is(run, database):
    copy = made_by(run)
    damaged = bytearray(database.read_bytes())
    damaged[4096 : 8 * 4096] = bytes(7 * 4096)
    database.write_bytes(damaged)
    code, said = run(restore, copy)
    assert code == 0
    assert Path(said.splitlines()[1].removeprefix("the database of before: ")).read_bytes()[100:] == damaged[100:]
    assert run(check)[0] == 0


def cut(path):
    path.write_bytes(path.read_bytes()[:-8192])


def flip(path):
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 3 * 4096 + 512] = b"\xff" * 512
    path.write_bytes(data)


def foreign(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
        connection.commit()


def newer(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


UNFIT = {
    "half-written": (cut, "not restored, the backup is damaged"),
    "a flipped page": (flip, "not restored, the backup is damaged"),
    "text": (lambda path: path.write_text("horses"), "not restored, the backup is damaged"),
    "empty": (lambda path: path.write_bytes(b""), "no database of horses_scrapy is in it"),
    "foreign": (foreign, "holds tables that are not ours"),
    "newer": (newer, "revision 9999 is newer than this program's"),
    "absent": (lambda path: path.unlink(), "there is no such file"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_no_good_backup_is_refused_and_nothing_is_touched(run, database, tmp_path, name):
    spoil, said = UNFIT[name]
    copy = tmp_path / "copy.db"
    shutil.copy(made_by(run), copy)
    spoil(copy)
    before = boards(database)
    with pytest.raises(StoreError, match=said) as refused:
        run(restore, copy)
    assert str(copy) in str(refused.value)
    assert "sqlalche.me" not in str(refused.value)
    assert boards(database) == before
    assert [path for path in database.parent.iterdir() if "restor" in path.name] == []


def test_older_backups_go_and_nothing_that_we_did_not_name(run, settings):
    settings.backup_dir.mkdir(parents=True)
    start = datetime(2026, 4, 1, tzinfo=UTC)
    for day in range(60):
        (settings.backup_dir / f"horses-{start + timedelta(days=day):%Y%m%dT%H%M%SZ}.db").touch()
    mine = [settings.backup_dir / name for name in ("horses-before-derby.db", "other-20260401T000000Z.db", "x")]
    for path in mine:
        path.touch()
    code, said = run(backup)
    assert code == 0
    assert said.count("removed: ") == 61 - 11
    assert all(path.exists() for path in mine)
    assert len(list(settings.backup_dir.iterdir())) == 11 + len(mine)


def test_a_backup_can_be_read_where_nothing_can_be_written(run):
    copy = made_by(run)
    with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_server_is_dumped_by_its_own_programs(run, postgres_url, tmp_path):
    settings = sample.settings_in(tmp_path, database_url=postgres_url)
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        sample.fill(connection)
    copy = made_by(lambda verb: run(verb, settings=settings))
    with pytest.raises(ConfigError, match=r"pg_restore --clean") as told:
        run(restore, copy, settings=settings)
    command = str(told.value).partition("then run: ")[2].split()
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        connection.execute(schema.alert_delivery.delete())
    subprocess.run(
        command, check=True, env={"PATH": "/usr/bin:/bin", "PGPASSWORD": str(store.address.url.password or "")}
    )
    with closing(open_store(settings, Clock())) as store, store.read() as connection:
        assert len(connection.execute(select(schema.alert_delivery)).all()) == 2


def test_without_pg_dump_the_command_is_told_without_the_password(run, tmp_path, monkeypatch, postgres_url):
    settings = sample.settings_in(tmp_path, database_url=postgres_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match=r"pg_dump and pg_restore not found here.*pg_dump --format=custom") as told:
        run(backup, settings=settings)
    assert postgres_url.partition("@")[0].rpartition(":")[2] not in str(told.value)
