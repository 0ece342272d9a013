"""init, schema, check, upgrade, downgrade, stats, analyze: as scripts/db.py runs them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import stored_sample as sample
from sqlalchemy import delete

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.storage import migrate, schema
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.upkeep import ddl
from horses_scrapy.storage.upkeep.sizes import Size
from horses_scrapy.upkeep import analyze, check, downgrade, init, stats, upgrade
from horses_scrapy.upkeep import schema as schema_verb
from horses_scrapy.upkeep.screen import size

OLDER = f"{int(migrate.HEAD) - 1:04}"


def test_init_makes_and_then_says_what_there_is(run, tmp_path):
    settings = sample.settings_in(tmp_path / "fresh")
    code, said = run(init, settings=settings)
    assert (code, said) == (0, f"{settings.database_path}: made, revision {migrate.HEAD}\n")
    before = settings.database_path.read_bytes()
    code, said = run(init, settings=settings)
    assert (code, said) == (0, f"{settings.database_path}: exists, revision {migrate.HEAD}, for live data\n")
    assert settings.database_path.read_bytes() == before


def test_init_makes_a_database_on_a_server(run, blank_postgres_url, tmp_path):
    settings = sample.settings_in(tmp_path, database_url=blank_postgres_url)
    assert [run(init, settings=settings)[0] for _ in range(2)] == [0, 0]
    with closing(open_store(settings, Clock())) as store:
        assert store.purpose == "live"


def test_the_written_schema_is_that_of_the_migrations():
    """Else: scripts/db.py schema --write."""
    assert schema_verb.FILE.read_text(encoding="utf-8") == ddl.script()


def test_the_schema_makes_the_database(run, database):
    code, script = run(schema_verb)
    with closing(sqlite3.connect(":memory:")) as made, closing(sqlite3.connect(database)) as real:
        made.executescript(script)
        asked = "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY 1, 2"
        assert made.execute(asked).fetchall() == real.execute(asked).fetchall()
    assert code == 0


def test_check_of_a_sound_database(run, any_settings):
    code, said = run(check, settings=any_settings)
    assert code == 0
    assert said.count("\nok  ") + said.startswith("ok  ") in {4, 6}
    assert "sound" in said.splitlines()[-1]


def test_check_ends_5_and_says_what_and_where(run, any_settings):
    with closing(open_store(any_settings, Clock())) as store, store.clear() as connection:
        connection.execute(delete(schema.latest_odds).where(schema.latest_odds.c.interest_id == 1))
    code, said = run(check, settings=any_settings)
    assert code == 5
    assert "FAULT  newest prices\n       demo 2026-05-02 R1 #1: win_tote" in said
    assert "to do: the row is derived" in said


def test_down_and_up_again_keep_every_row_and_a_copy_of_before(run, settings, database):
    def rows():
        with closing(open_store(settings, Clock())) as store, store.read() as connection:
            tables = [table for table in schema.metadata.sorted_tables if table.name != "pool"]
            return {table.name: sorted(map(repr, connection.execute(table.select()))) for table in tables}

    before = rows()
    code, said = run(downgrade, OLDER)
    copy = Path(said.strip().rpartition(": ")[2])
    assert code == 0
    assert said.startswith(f"{database}: from revision {migrate.HEAD} to {OLDER}; as it was before: ")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.HEAD,)]
    with pytest.raises(StoreError, match=r"is older than this program's.*scripts/db\.py upgrade"):
        run(check)
    assert "exists, revision" in run(init)[1]
    assert run(upgrade)[0] == 0
    assert rows() == before
    assert run(upgrade)[1] == f"{database}: is at revision {migrate.HEAD} already\n"
    assert run(check)[0] == 0


@pytest.mark.parametrize("any_settings", ["postgres"], indirect=True)
def test_a_server_is_backed_up_before_it_is_moved(run, any_settings):
    code, said = run(downgrade, "0003", settings=any_settings)
    assert code == 0
    assert f"from revision {migrate.HEAD} to 0003" in said
    assert run(upgrade, "--no-backup", settings=any_settings)[0] == 0
    (made,) = any_settings.backup_dir.glob(f"*-{migrate.HEAD}-before-0003-*.dump")
    assert f"as it was before: {made}" in said
    assert f"is at revision {migrate.HEAD} already" in run(upgrade, settings=any_settings)[1]


def test_upgrade_goes_to_this_program_s_revision_only(run):
    with pytest.raises(ConfigError, match=r"db\.py downgrade"):
        run(upgrade, "0001")


def test_stats(run, any_settings):
    code, said = run(stats, "--json", settings=any_settings)
    made = json.loads(said)
    by_name = {one["name"]: one for one in made["objects"]}
    assert code == 0
    assert by_name["board"]["rows"] == 6
    assert {one["name"] for one in made["objects"] if one["table"] == "alert"} >= {"alert", "idx_alert_race"}
    if made["total"] is not None:
        assert made["total"] == sum(one["bytes"] for one in made["objects"])
        assert by_name["board"]["bytes"] > 0
    assert run(stats, settings=any_settings)[1].splitlines()[0].split() == ["table,", "its", "indexes", "rows", "bytes"]


def test_a_day_takes_the_average_board_s_bytes():
    objects = [Size("board", "board", 10, 600), Size("price_change", "price_change", 7, 300),
               Size("uq_board", "board", None, 100), Size("alert", "alert", 3, 5000)]  # fmt: skip
    made = stats.summed("x", objects, {20_000: 4, 20_003: 2}, today=20_004)
    assert [(day.day, day.boards, day.bytes) for day in made.days] == [("2024-10-04", 4, 400), ("2024-10-07", 2, 200)]
    assert made.projection == 30 * 100 * 6 // 5
    assert made.total == 6000
    unknown = stats.summed("x", [Size("board", "board", 10, None)], {20_000: 4}, today=20_004)
    assert (unknown.days[0].bytes, unknown.projection, unknown.total) == (None, None, None)
    assert stats.summed("x", [Size("board", "board", 0, 10)], {}, today=20_004).projection is None


@pytest.mark.parametrize(
    ("count", "said"),
    [(None, "?"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e12, "5000.0 GB")],
)
def test_sizes_in_words(count, said):
    assert size(count) == said


def test_analyze(run, any_settings):
    assert run(analyze, settings=any_settings)[0] == 0
    assert run(check, settings=any_settings)[0] == 0
