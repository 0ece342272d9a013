import re
import shutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, create_engine, insert, inspect, select

from horses_scrapy.clock import Clock
from horses_scrapy.errors import StoreError
from horses_scrapy.storage import migrate, schema, sqlite, views
from horses_scrapy.storage.engine import downgrade, open_store, upgrade

NEXT = """
from alembic import op
revision = "{after}"
down_revision = "{before}"
def upgrade():
    op.execute("ALTER TABLE silence ADD COLUMN reason TEXT")
    {more}
def downgrade():
    op.execute("ALTER TABLE silence DROP COLUMN reason")
"""
HEAD = migrate.HEAD
AFTER = f"{int(HEAD) + 1:04}"

DESCENDING = {"idx_alert_race", "idx_alert_sent"}
NOT_COMPARED = {"sqlite": DESCENDING | {"idx_price_change_board"}, "postgresql": DESCENDING}
"""Alembic cannot compare an index with DESC, and knows nothing of one that is PostgreSQL's only."""


def scripts():
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    return ScriptDirectory.from_config(config)


def definitions(connection):
    """SQLite: name -> CREATE text, evened out."""
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


def shape(connection):
    """Either database: what each table and view is made of."""
    seen = inspect(connection)
    tables = sorted(set(seen.get_table_names()) - {"alembic_version"})
    found = {
        name: (
            sorted((one["name"], str(one["type"]), one["nullable"], one["default"]) for one in seen.get_columns(name)),
            sorted((one["name"], str(one["column_names"]), one["unique"]) for one in seen.get_indexes(name)),
            sorted(map(repr, seen.get_foreign_keys(name))),
            sorted(map(repr, seen.get_unique_constraints(name))),
            sorted(map(repr, seen.get_check_constraints(name))),
            repr(seen.get_pk_constraint(name)),
        )
        for name in tables
    }
    return found | {name: seen.get_view_definition(name) for name in seen.get_view_names()}


@pytest.fixture
def with_next(tmp_path, monkeypatch):
    """A program with one more revision."""

    def make(more=""):
        folder = tmp_path / "migrations"
        shutil.copytree(migrate.FOLDER, folder)
        (folder / "versions" / f"{AFTER}_next.py").write_text(NEXT.format(more=more, before=HEAD, after=AFTER))
        monkeypatch.setattr(migrate, "FOLDER", folder)
        monkeypatch.setattr(migrate, "HEAD", AFTER)

    return make


@pytest.fixture
def card_of(own_store, meeting):
    with own_store.write() as connection:
        meeting.put(connection, meeting.card())
        meeting.put(connection, meeting.board(0, {"1": 3500}, pools={None: 5}, exacta={("1", "2"): 5}))
        meeting.put(connection, meeting.result())
        return meeting.dump(connection)


def columns(store, table):
    with store.read() as connection:
        return [column["name"] for column in inspect(connection).get_columns(table)]


def revision(store):
    with store.read() as connection:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def test_head_is_the_newest_revision():
    assert scripts().get_heads() == [migrate.HEAD]


def test_revisions_are_ordered_by_name():
    names = [script.revision for script in scripts().walk_revisions()]
    assert names == sorted(names, reverse=True)
    assert all(re.fullmatch(r"\d{4}", name) for name in names)


def test_the_migrated_database_is_the_schema(store):
    with store.write() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
        assert {(what, index.name) for what, index in found} <= {
            (what, name) for what in ("add_index", "remove_index") for name in NOT_COMPARED[store.dialect]
        }
        for name, table in schema.metadata.tables.items():
            checks = [one.name for one in table.constraints if isinstance(one, CheckConstraint)]
            assert sorted(checks) == sorted(one["name"] for one in inspect(connection).get_check_constraints(name))


def test_sqlites_tables_are_the_schemas_to_the_letter(sqlite_store):
    with sqlite_store.write() as connection:
        migrated = definitions(connection)
    fresh = create_engine("sqlite://", module=sqlite.driver())
    with fresh.begin() as connection:
        schema.metadata.create_all(connection)
        for view in views.statements("sqlite").values():
            connection.exec_driver_sql(view)
        assert migrated == definitions(connection)
    fresh.dispose()
    tables = {name: text for name, text in migrated.items() if text.startswith("CREATE TABLE")}
    assert set(tables) == set(schema.metadata.tables)
    assert all(text.endswith("STRICT") for text in tables.values())
    for name, table in schema.metadata.tables.items():
        assert ("WITHOUT ROWID" in tables[name]) == (not table.dialect_options["sqlite"]["with_rowid"])


def test_down_and_up_again(own_store):
    with own_store.read() as connection:
        before = shape(connection)
    downgrade(own_store.address, "0001")
    with own_store.read() as connection:
        assert shape(connection) != before
    upgrade(own_store.address)
    with own_store.read() as connection:
        assert shape(connection) == before


def test_down_to_nothing(own_store):
    with own_store.write() as connection:
        migrate.run_alembic(connection, "downgrade", "base")
        assert shape(connection) == {}


def test_an_upgrade_keeps_every_row(own_store, card_of, meeting, with_next):
    with_next()
    moved = upgrade(own_store.address)
    assert (moved.before, moved.after) == (HEAD, AFTER)
    assert columns(own_store, "silence")[-1] == "reason"
    assert revision(own_store) == AFTER
    with own_store.read() as connection:
        assert meeting.dump(connection) == card_of


@pytest.mark.parametrize("own_store", ["sqlite"], indirect=True)
def test_a_file_is_upgraded_at_its_first_use_after_a_backup(own_store, card_of, settings_of, with_next):
    with_next()
    open_store(settings_of(own_store), Clock()).close()
    assert revision(own_store) == AFTER
    backup = own_store.path.with_name(f"horses.db.{HEAD}.bak")
    copy = sqlite.driver().connect(backup)
    assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    assert copy.execute("SELECT count(*) FROM entry").fetchone() == (len(card_of["entry"]),)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert {path.name for path in own_store.path.parent.glob("*.tmp*")} == set()


@pytest.mark.parametrize("own_store", ["postgres"], indirect=True)
def test_a_server_is_upgraded_by_a_command_only(own_store, settings_of, with_next):
    with_next()
    with pytest.raises(
        StoreError, match=rf"revision {HEAD} is older than this program's {AFTER}.* scripts/db\.py upgrade"
    ):
        open_store(settings_of(own_store), Clock())
    assert revision(own_store) == HEAD


def test_a_database_of_the_first_revision_is_upgraded_with_its_rows(own_store, card_of, meeting):
    """Downgraded and upgraded again: what the first revision has no column for comes back empty, the rest as it was."""
    down = downgrade(own_store.address, "0001")
    assert "race_type" not in columns(own_store, "race")
    up = upgrade(own_store.address)
    with own_store.read() as connection:
        assert meeting.dump(connection) == card_of
    if own_store.path is not None:
        assert [one.backup.name for one in (down, up)] == [f"horses.db.{HEAD}.bak", "horses.db.0001.bak"]
        assert down.backup.exists()
        assert up.backup.exists()


BROKEN = [
    ("raise RuntimeError('half way')", RuntimeError, "half way"),
    ("op.execute('ALTER TABLE nowhere ADD COLUMN x TEXT')", StoreError, "nowhere"),
    ("op.execute('DELETE FROM horse')", StoreError, "left 4 rows without their parent|leave 4 rows|still referenced"),
]


@pytest.mark.parametrize(("more", "error", "said"), BROKEN)
def test_a_failed_upgrade_leaves_the_old_database(own_store, card_of, meeting, with_next, more, error, said):
    with_next(more)
    with pytest.raises(error, match=said):
        upgrade(own_store.address)
    assert "reason" not in columns(own_store, "silence")
    assert revision(own_store) == HEAD
    with own_store.write() as connection:
        assert meeting.dump(connection) == card_of
        if own_store.path is not None:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert own_store.path is None or own_store.path.with_name(f"horses.db.{HEAD}.bak").exists()


def test_a_revision_nobody_knows(own_store):
    with own_store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match="cannot be brought to revision"):
        upgrade(own_store.address)


def test_a_database_without_a_purpose_is_refused(store, settings_of):
    with store.write() as connection:
        connection.execute(schema.meta.delete())
    with pytest.raises(StoreError, match="has no purpose"):
        open_store(settings_of(store), Clock())


def test_tables_refuse_the_wrong_type(store):
    said = "cannot store TEXT value in INTEGER column|invalid input syntax for type bigint"
    with pytest.raises(StoreError, match=said), store.write() as connection:
        connection.exec_driver_sql("INSERT INTO silence VALUES (1, '{}', 'soon', 1, 'x', 'y')")
    with store.write() as connection:
        connection.execute(
            insert(schema.silence).values(matchers="{}", starts_at=1, ends_at=2, created_by="x", comment="y")
        )
        assert len(connection.execute(select(schema.silence)).all()) == 1
