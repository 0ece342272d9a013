"""An upgrade or downgrade is killed at many moments: the database has the old revision or the new one, and every row."""

import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
import stored_sample as sample
from sqlalchemy import insert

from horses_scrapy.clock import Clock
from horses_scrapy.storage import migrate, schema
from horses_scrapy.storage.address import SqliteFile
from horses_scrapy.storage.engine import Store, downgrade, open_store, upgrade
from horses_scrapy.upkeep import check

OLDER = f"{int(migrate.HEAD) - 1:04}"
KILLS = 30
MOVE = """
import sys
from pathlib import Path
import alembic.command, alembic.config
from horses_scrapy.storage.address import SqliteFile
from horses_scrapy.storage.engine import downgrade, upgrade
file = SqliteFile(Path(sys.argv[1]))
print("ready", flush=True)
upgrade(file) if sys.argv[2] == "up" else downgrade(file, sys.argv[2])
"""


@pytest.fixture
def large(settings):
    """Boards enough for an upgrade that takes a good part of a second."""
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        for race in (1, 2):
            for seconds in range(200, 800):
                sample.store(connection, sample.board(race, seconds))
        connection.execute(insert(schema.meta).values(key="witness", value="x" * 1000))
    return settings.database_path


def moved(path, way, after=None):
    """Seconds that it took; killed `after` some."""
    with subprocess.Popen(
        [sys.executable, "-c", MOVE, str(path), way], stdout=subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    ) as process:
        assert process.stdout.readline()
        began = time.monotonic()
        if after is not None:
            time.sleep(after)
            process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.returncode in {0, -signal.SIGKILL}
        return time.monotonic() - began


def revision(path):
    with closing(Store(SqliteFile(path))) as store:
        return store.look().revision


def rows(path):
    with closing(Store(SqliteFile(path))) as store, store.read() as connection:
        names = [table for table in schema.metadata.sorted_tables if table.name != "pool"]
        return {table.name: sorted(map(repr, connection.execute(table.select()))) for table in names}


@pytest.mark.fault
@pytest.mark.parametrize(("before", "way", "after"), [(OLDER, "up", migrate.HEAD), (migrate.HEAD, OLDER, OLDER)])
def test_killed_at_any_moment_it_is_the_old_one_or_the_new_one(run, large, tmp_path, before, way, after):
    chance, expected = random.Random(7), rows(large)
    if before == OLDER:
        downgrade(SqliteFile(large), OLDER)
    trial = tmp_path / "data" / "trial.db"
    shutil.copy(large, trial)
    whole = moved(trial, way)
    seen = set()
    for kill in range(KILLS):
        for path in trial.parent.glob("trial.db*"):
            path.unlink()
        shutil.copy(large, trial)
        moved(trial, way, after=whole * (kill + chance.random()) / KILLS * 1.1)
        seen.add(revision(trial))
        if revision(trial) == OLDER:
            upgrade(SqliteFile(trial))
        assert rows(trial) == expected
        told, said = run(check, settings=sample.settings_in(tmp_path, database_path="data/trial.db"))
        assert told == 0, said
    assert seen == {before, after}, "the kills came before and after the commit"
