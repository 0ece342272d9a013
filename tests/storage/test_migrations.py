import re
import shutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, create_engine, insert, select

from horses_scrapy.clock import Clock
from horses_scrapy.errors import StoreError
from horses_scrapy.storage import migrate, schema, sqlite, views
from horses_scrapy.storage.engine import open_store

NEXT = """
from alembic import op
revision = "0004"
down_revision = "0003"
def upgrade():
    op.execute("ALTER TABLE silence ADD COLUMN reason TEXT")
    {more}
def downgrade():
    op.execute("ALTER TABLE silence DROP COLUMN reason")
"""

DESCENDING = {"idx_alert_race", "idx_alert_sent"}


def scripts():
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    return ScriptDirectory.from_config(config)


def definitions(connection):
    """Name -> CREATE text, white space evened out and a table's constraints in order (their own order is chance)."""
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    )
    return {row.name: _even(row.sql) for row in rows}


def _even(sql):
    """White space evened out; the columns and constraints of a table in order: their own order is history."""
    text = re.sub(r"\s+", " ", sql).replace('"', "").replace("( ", "(").replace(" )", ")").strip()
    if not text.startswith("CREATE TABLE"):
        return text
    head, _, rest = text.partition("(")
    body, _, options = rest.rpartition(")")
    parts = re.split(r", (?![^(]*\))", body)
    return f"{head}({', '.join(sorted(parts))}){options}"


@pytest.fixture
def with_next(tmp_path, monkeypatch):
    """A program with one more revision."""

    def make(more=""):
        folder = tmp_path / "migrations"
        shutil.copytree(migrate.FOLDER, folder)
        (folder / "versions" / "0004_next.py").write_text(NEXT.format(more=more))
        monkeypatch.setattr(migrate, "FOLDER", folder)
        monkeypatch.setattr(migrate, "HEAD", "0004")

    return make


@pytest.fixture
def card_of(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        meeting.put(connection, meeting.board(0, {"1": 3500}, pools={None: 5}, exacta={("1", "2"): 5}))
        meeting.put(connection, meeting.result())
        return meeting.dump(connection)


def columns(store, table):
    with store.read() as connection:
        return [row.name for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]


def test_head_is_the_newest_revision():
    assert scripts().get_heads() == [migrate.HEAD]


def test_revisions_are_ordered_by_name():
    names = [script.revision for script in scripts().walk_revisions()]
    assert names == sorted(names, reverse=True)
    assert all(re.fullmatch(r"\d{4}", name) for name in names)


def test_the_migrated_database_is_the_schema(store):
    with store.write() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
        # Alembic cannot compare an index with DESC: the texts are compared below.
        assert {(what, index.name) for what, index in found} <= {
            (what, name) for what in ("add_index", "remove_index") for name in DESCENDING
        }
        migrated = definitions(connection)
    fresh = create_engine("sqlite://", module=sqlite.driver())
    with fresh.begin() as connection:
        schema.metadata.create_all(connection)
        for view in views.VIEWS.values():
            connection.exec_driver_sql(view)
        assert migrated == definitions(connection)
    fresh.dispose()
    tables = {name: text for name, text in migrated.items() if text.startswith("CREATE TABLE")}
    assert set(tables) == set(schema.metadata.tables)
    assert all(text.endswith("STRICT") for text in tables.values())
    for name, table in schema.metadata.tables.items():
        checks = [one for one in table.constraints if isinstance(one, CheckConstraint)]
        assert tables[name].count(" CHECK ") == len(checks)
        assert ("WITHOUT ROWID" in tables[name]) == (not table.dialect_options["sqlite"]["with_rowid"])


def test_down_and_up_again(store):
    with store.write() as connection:
        before = definitions(connection)
        migrate.run_alembic(connection, "downgrade", "base")
        assert definitions(connection) == {}
        migrate.run_alembic(connection, "upgrade", migrate.HEAD)
        assert definitions(connection) == before


def test_an_upgrade_backs_up_first_and_keeps_every_row(store, card_of, settings_at, meeting, with_next):
    with_next()
    home = store.path.parent.parent
    upgraded = open_store(settings_at(home), Clock())
    assert columns(upgraded, "silence")[-1] == "reason"
    with upgraded.read() as connection:
        assert meeting.dump(connection) == card_of
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0004"
    upgraded.close()
    backup = store.path.with_name("horses.db.0003.bak")
    copy = sqlite.driver().connect(backup)
    assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)
    assert copy.execute("SELECT count(*) FROM entry").fetchone() == (len(card_of["entry"]),)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert {path.name for path in store.path.parent.glob("*.tmp*")} == set()


def test_a_database_of_the_first_revision_is_upgraded_with_its_rows(store, card_of, settings_at, meeting):
    """Downgraded and upgraded again: what the first revision has no column for comes back empty, the rest as it was."""
    with store.write() as connection:
        migrate.run_alembic(connection, "downgrade", "0001")
    assert "race_type" not in columns(store, "race")
    upgraded = open_store(settings_at(store.path.parent.parent), Clock())
    with upgraded.read() as connection:
        assert meeting.dump(connection) == card_of
    upgraded.close()
    assert store.path.with_name("horses.db.0001.bak").exists()


BROKEN = [
    ("raise RuntimeError('half way')", RuntimeError, "half way"),
    ("op.execute('ALTER TABLE nowhere ADD COLUMN x TEXT')", StoreError, "no such table: nowhere"),
]


@pytest.mark.parametrize(("more", "error", "said"), BROKEN)
def test_a_failed_upgrade_leaves_the_old_database(store, card_of, settings_at, meeting, with_next, more, error, said):
    with_next(more)
    with pytest.raises(error, match=said):
        open_store(settings_at(store.path.parent.parent), Clock())
    assert "reason" not in columns(store, "silence")
    with store.read() as connection:
        assert meeting.dump(connection) == card_of
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0003"
    assert store.path.with_name("horses.db.0003.bak").exists()


def test_an_upgrade_that_orphans_rows_is_reported(store, card_of, settings_at, with_next):
    with_next("op.execute('DELETE FROM horse')")
    with pytest.raises(StoreError, match="left 4 rows without their parent"):
        open_store(settings_at(store.path.parent.parent), Clock())


def test_a_revision_nobody_knows(store, settings_at):
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match="cannot be brought to revision"):
        open_store(settings_at(store.path.parent.parent), Clock())


def test_a_database_without_a_purpose_is_refused(store, settings_at):
    with store.write() as connection:
        connection.execute(schema.meta.delete())
    with pytest.raises(StoreError, match="has no purpose"):
        open_store(settings_at(store.path.parent.parent), Clock())


def test_strict_tables_refuse_the_wrong_type(store):
    with pytest.raises(StoreError, match="cannot store TEXT value in INTEGER column"), store.write() as connection:
        connection.exec_driver_sql("INSERT INTO silence VALUES (NULL, '{}', 'soon', 1, 'x', 'y')")
    with store.write() as connection:
        connection.execute(
            insert(schema.silence).values(matchers="{}", starts_at=1, ends_at=2, created_by="x", comment="y")
        )
        assert len(connection.execute(select(schema.silence)).all()) == 1
