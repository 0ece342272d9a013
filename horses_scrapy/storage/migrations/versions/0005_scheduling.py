"""Slots that a run claims, windows of polls, one leader, captures after the off, updates and reference data."""

import re
from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OUTCOMES = (
    "ok", "no_card", "empty", "blocked", "parse_error", "skipped", "timeout", "unavailable",
    "store_error", "superseded", "lost",
)  # fmt: skip
SLOT = (
    "until_at",
    "every",
    "run_id",
    "queued_mono",
    "started_mono",
    "requested_mono",
    "responded_mono",
    "committed_mono",
    "update_run_id",
)
NEW_TABLES = (
    "leader", "capture", "host_use", "job_queue", "update_run", "synced_day", "bookmaker", "track_reference", "pool_terms",
)  # fmt: skip


def upgrade() -> None:
    _recheck((*OUTCOMES, "memory"))
    _add("crawl_run", "trigger", "'manual'")
    _add("crawl_run", "node")
    _add("crawl_run", "summary", "'{}'")
    op.execute("UPDATE crawl_run SET trigger = 'schedule' WHERE kind <> 'manual'")
    _add("slot", "trigger", "'schedule'")
    _add("slot", "arguments", "'{}'")
    _add("slot", "reason")
    _add("slot", "node")
    for name in SLOT:
        op.add_column("slot", sa.Column(name, INT, nullable=True))
    op.create_index("idx_slot_update", "slot", ["update_run_id"], sqlite_where=sa.text("update_run_id IS NOT NULL"))
    _claim()
    _tables()


def downgrade() -> None:
    for table in reversed(NEW_TABLES):
        op.drop_table(table)
    op.execute("DELETE FROM slot WHERE kind NOT IN ('card', 'near')")
    op.drop_index("idx_slot_update", "slot")
    for name in (*reversed(SLOT), "node", "reason", "arguments", "trigger"):
        _drop("slot", name)
    op.execute("UPDATE crawl_run SET outcome = 'lost' WHERE outcome = 'memory'")
    for name in ("summary", "node", "trigger"):
        _drop("crawl_run", name)
    _recheck(OUTCOMES)


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _add(table: str, column: str, default: str | None = None) -> None:
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT" + (f" DEFAULT {default} NOT NULL" if default else ""))


def _drop(table: str, column: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _claim() -> None:
    """The slots of the past by the runs that were theirs."""
    op.execute(
        "UPDATE slot SET run_id = (SELECT max(run_id) FROM crawl_run WHERE crawl_run.job_id = slot.job_id)"
        " WHERE job_id IN (SELECT job_id FROM crawl_run)"
    )


def _recheck(outcomes: tuple[str, ...]) -> None:
    """Which outcomes a run may have. SQLite changes a check only with its table."""
    check = "outcome IN ({})".format(", ".join(f"'{name}'" for name in outcomes))
    if not _sqlite():
        op.execute("ALTER TABLE crawl_run DROP CONSTRAINT IF EXISTS ck_crawl_run_outcome")
        op.create_check_constraint(op.f("ck_crawl_run_outcome"), "crawl_run", check)
        return
    packed = import_module("horses_scrapy.storage.migrations.versions.0004_packed")
    text = re.sub(r"outcome IN \([^()]*\)", check, packed._definition("crawl_run"))  # noqa: SLF001 - one way to rebuild a table
    packed._replace("crawl_run", text, {})


def _text(name: str, *, null: bool = False, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=null, primary_key=key)


def _int(name: str, *, null: bool = False, key: bool = False, zero: bool = False) -> "sa.Column[int]":
    default = sa.text("0") if zero else None
    return sa.Column(name, INT, nullable=null, primary_key=key, server_default=default, autoincrement=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _table(name: str, *parts: "sa.Column[str] | sa.Column[int] | sa.Constraint", rowid: bool = False) -> None:
    op.create_table(name, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def _tables() -> None:
    _table(
        "leader",
        _text("name"), _int("epoch"), _text("holder"), _int("taken_at"), _int("renewed_at"), _key("leader", "name"),
    )  # fmt: skip
    _table(
        "capture",
        _int("race_id"), _int("source_id"), _text("tag"),
        _int("due_at", null=True), _int("board_id", null=True), _text("reason", null=True),
        _refers("capture", "race_id", "race.race_id"),
        _refers("capture", "source_id", "source.source_id"),
        _refers("capture", "board_id", "board.board_id"),
        _key("capture", "race_id", "source_id", "tag"),
    )  # fmt: skip
    _table("host_use", _text("host"), _int("minute_at"), _int("requests"), _key("host_use", "host", "minute_at"))
    _table(
        "job_queue",
        sa.Column("queue_id", INT, nullable=False),
        _text("project"), _int("priority"), _text("message"), _int("added_at"), _key("job_queue", "queue_id"),
        rowid=True,
    )  # fmt: skip
    op.create_index("idx_job_queue_next", "job_queue", ["project", "priority", "queue_id"])
    _updates()
    _reference()


def _updates() -> None:
    _table(
        "update_run",
        sa.Column("update_run_id", INT, nullable=False),
        _text("name"), _int("due_at", null=True), _text("trigger"), _int("started_at"), _int("finished_at", null=True),
        _text("outcome", null=True), _int("added", zero=True), _int("changed", zero=True), _int("missing", zero=True),
        _text("detail", null=True),
        sa.UniqueConstraint("name", "due_at", name=op.f("uq_update_run_name_due_at")),
        sa.CheckConstraint("trigger IN ('schedule', 'update', 'manual')", name=op.f("ck_update_run_trigger")),
        _key("update_run", "update_run_id"),
        rowid=True,
    )  # fmt: skip
    _table(
        "synced_day",
        _text("track"), _text("race_date"), _int("run_id", null=True), _int("synced_at"),
        _refers("synced_day", "run_id", "crawl_run.run_id"),
        _key("synced_day", "track", "race_date"),
    )  # fmt: skip


def _reference() -> None:
    _table(
        "bookmaker",
        _text("code"), _text("name"), _text("country", null=True), _text("kind"), _key("bookmaker", "code"),
    )  # fmt: skip
    _table(
        "track_reference",
        _text("code"), _text("name"), _text("country"), _text("timezone"), _text("currency"),
        _key("track_reference", "code"),
    )  # fmt: skip
    _table(
        "pool_terms",
        _text("track"), _text("bet_type"), _text("since"),
        _int("takeout"), _int("breakage"), _int("minimum"), _text("origin"),
        _key("pool_terms", "track", "bet_type", "since"),
    )  # fmt: skip
