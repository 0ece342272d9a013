"""What the real sources bring: race type, caps, reduction factors, will-pays that end, fill rates, flags of a card.

will_pay had no writer before this revision: it is made anew.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACTA_PROBABLE = """CREATE VIEW exacta_probable AS
SELECT
  g.grid_id || '-' || c.first || '-' || c.second AS exacta_id,
  b.race_id AS race_id,
  b.fetched_at AS fetched_at,
  f.label AS first_horse,
  t.label AS second_horse,
  c.payout / CASE g.currency WHEN 'JPY' THEN 1.0 ELSE 100.0 END AS payout,
  (
    SELECT c.amount FROM pool AS q JOIN pool_change AS c ON c.pool_id = q.pool_id JOIN board AS s ON s.board_id = c.board_id
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'exacta' AND q.interest_id IS NULL
      AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1) AS total_exacta_pool,
  b.fetched_at AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at_utc,
  g.base / CASE g.currency WHEN 'JPY' THEN 1.0 ELSE 100.0 END AS base,
  g.currency AS currency,
  b.board_id AS board_id,
  o.name AS source,
  c.payout >= coalesce(g.cap, 9223372036854775807) AS capped
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN pair_grid AS g ON g.board_id = b.board_id AND g.bet_type = 'exacta'
JOIN pair_price AS c ON c.grid_id = g.grid_id
JOIN betting_interest AS f ON f.interest_id = c.first
JOIN betting_interest AS t ON t.interest_id = c.second"""
ADDED = (("race", "race_type"), ("race_source", "flags"), ("entry", "reduction_factor"), ("pair_grid", "cap"))


def upgrade() -> None:
    op.add_column("race", sa.Column("race_type", sa.Text(), nullable=True))
    op.add_column("race_source", sa.Column("flags", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("entry", sa.Column("reduction_factor", INT, nullable=True))
    op.add_column("pair_grid", sa.Column("cap", INT, nullable=True))
    op.drop_table("will_pay")
    _will_pay(ends=True)
    op.create_table(
        "fill_rate",
        sa.Column("run_id", INT, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("filled", INT, nullable=False),
        sa.Column("total", INT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["crawl_run.run_id"], name=op.f("fk_fill_rate_run_id")),
        sa.PrimaryKeyConstraint("run_id", "field", name=op.f("pk_fill_rate")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    _show(EXACTA_PROBABLE)


def downgrade() -> None:
    _show(import_module("horses_scrapy.storage.migrations.versions.0001_first").EXACTA_PROBABLE)
    op.drop_table("fill_rate")
    op.drop_table("will_pay")
    _will_pay(ends=False)
    for table, column in ADDED:
        op.drop_column(table, column)


def _will_pay(*, ends: bool) -> None:
    op.create_table(
        "will_pay",
        sa.Column("board_id", INT, nullable=False),
        sa.Column("bet_type", sa.Text(), nullable=False),
        sa.Column("combination", sa.Text(), nullable=False),
        sa.Column("base", INT, nullable=ends),
        sa.Column("payout", INT, nullable=ends),
        sa.Column("currency", sa.Text(), nullable=ends),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_will_pay_board_id")),
        sa.PrimaryKeyConstraint("board_id", "bet_type", "combination", name=op.f("pk_will_pay")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _show(view: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        return  # PostgreSQL has the views from 0004 on
    op.execute("DROP VIEW exacta_probable")
    op.get_bind().exec_driver_sql(view)  # as it stands: text() would take :%M for a parameter
