"""Files and disks that are not as they should be, through the real scripts: one line with what to do, and an exit code."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import stored_sample as sample

from horses_scrapy.clock import Clock
from horses_scrapy.errors import HorsesError, StoreBroken, StoreError
from horses_scrapy.storage.engine import open_store
from horses_scrapy.upkeep import backup, check

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(home):
    """A script as a person runs it in this installation: exit code, output, errors."""
    shutil.copytree(ROOT / "config", home / "config", dirs_exist_ok=True)

    def run(name, *words):
        ended = subprocess.run(
            [sys.executable, ROOT / "scripts" / f"{name}.py", "--config", home / "config" / "config.yaml", *words],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "EMAIL_SENDER": "a@example.com", "EMAIL_RECIPIENT": "b@example.com"},
        )
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    return run


def flip(path):
    """Every page behind the first ones: whatever is read meets one."""
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)


def newer(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def foreign(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
        connection.commit()


def folder(path):
    path.unlink()
    path.mkdir()


BAD = {
    "flipped pages": (flip, 5, "BROKEN ", "scripts/db.py restore"),
    "a text file": (
        lambda path: path.write_text("horses\n" * 2000),
        5,
        "file is not a database",
        "scripts/db.py restore",
    ),
    "a newer version": (newer, 1, "revision 9999 is newer than this program's", "update the program"),
    "a foreign file": (foreign, 1, "holds tables that are not ours", "name another one"),
    "a folder": (folder, 1, "is a folder", "name a file in system.database_path"),
    "nothing": (lambda path: path.unlink(), 1, "there is no database", "scripts/db.py init"),
}


@pytest.mark.parametrize("name", BAD)
def test_check_says_what_is_wrong_and_what_to_do(run, database, name):
    spoil, code, wrong, todo = BAD[name]
    spoil(database)
    try:
        ended, said = run(check)
    except HorsesError as error:
        ended, said = error.exit_code, str(error)
    assert ended == code
    assert wrong in said
    assert todo in said


def test_one_flipped_page_is_found(run, database):
    with closing(sqlite3.connect(database)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'price_change'").fetchone()[0]
    data = bytearray(database.read_bytes())
    data[(page - 1) * 4096 : (page - 1) * 4096 + 100] = b"\xff" * 100
    database.write_bytes(data)
    code, said = run(check)
    assert code == 5
    assert "scripts/db.py restore" in said


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        ("flipped pages", 1, "alertctl silence list"),
        ("a text file", 1, "mailer --once"),
        ("flipped pages", 5, "db check"),
    ],
)
def test_a_damaged_database_ends_a_command_with_one_line(script, database, damage, code, words):
    BAD[damage][0](database)
    ended, out, err = script(*words.split())
    assert ended == code
    assert "scripts/db.py restore" in out + err


def test_a_damaged_database_ends_a_crawl_s_write(settings, database):
    flip(database)
    with pytest.raises(StoreBroken, match=r"scripts/db\.py restore"):
        put_one(settings)


def put_one(settings):
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        sample.store(connection, sample.board(1, 700))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(run, database):
    database.chmod(0)
    with pytest.raises(StoreError, match="may this user read"):
        run(check)


@contextmanager
def small_disk(at, size):
    at.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at], check=False).returncode
    ):
        pytest.skip("a disk of its own takes root and the right to mount")
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


def test_a_full_disk_keeps_what_was_committed_and_takes_more_once_there_is_room(home, settings, database):
    with small_disk(home / "disk", "1536k") as disk:
        shutil.copy(database, disk / "horses.db")
        small = sample.settings_in(home, database_path="disk/horses.db")
        with closing(open_store(small, Clock())) as store:
            stored = fill_up(store)
            with pytest.raises(StoreError, match=r"horses\.db: database or disk is full: .*free some space") as refused:
                fill_up(store)
            assert not isinstance(refused.value, StoreBroken), "a write is tried again: there may be room then"
            assert boards_in(store) == stored
            subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
            with store.write() as connection:
                sample.store(connection, sample.board(1, 90_000))
            assert boards_in(store) == stored + 1


def fill_up(store):
    """Write until the disk takes no more; how many boards there are. Raises StoreError at once on a full one."""
    first = boards_in(store) * 10 + 1000
    for count in range(10_000):
        try:
            with store.write() as connection:
                sample.store(connection, sample.board(1, first + count))
        except StoreError:
            if count == 0:
                raise
            return boards_in(store)
    raise AssertionError("the disk did not fill up")


def boards_in(store):
    with store.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM board").scalar_one()


def test_a_backup_on_a_full_disk_leaves_no_half_of_it(home, run):
    with small_disk(home / "data" / "backups", "100k") as disk:
        with pytest.raises(StoreError, match=r"disk is full: .*free some space"):
            run(backup)
        assert list(disk.iterdir()) == []
