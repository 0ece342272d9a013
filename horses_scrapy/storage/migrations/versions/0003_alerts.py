"""What the alert rules of version 2 need: surfaces, severities, watchlists, drift."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADDED = (
    ("race", "surface", sa.Text(), None),
    ("change", "quiet", INT, "0"),
    ("alert", "severity", sa.Text(), "'watch'"),
    ("alert", "event", sa.Text(), "'fired'"),
    ("notification", "first_attempt_at", INT, None),
)


def upgrade() -> None:
    for table, name, kind, default in ADDED:
        told = None if default is None else sa.text(default)
        op.add_column(table, sa.Column(name, kind, server_default=told, nullable=default is None))
    op.create_index("idx_notification_recent", "notification", ["recipient", "channel", "created_at", "scope"])
    op.create_index(
        "idx_alert_delivery_untold",
        "alert_delivery",
        ["notification_id", "alert_id"],
        sqlite_where=sa.text("state = 'capped' AND notification_id IS NULL"),
        postgresql_where=sa.text("state = 'capped' AND notification_id IS NULL"),
    )
    op.create_table(
        "watchlist",
        sa.Column("entry_id", INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("added_at", INT, nullable=False),
        sa.Column("removed_at", INT, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "field IN ('horse', 'jockey', 'trainer', 'program', 'track', 'race')", name=op.f("ck_watchlist_field")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_watchlist")),
        sqlite_strict=True,
    )
    op.create_index("idx_watchlist_name", "watchlist", ["name"])
    op.create_table(
        "drift",
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("minutes", INT, nullable=False),
        sa.Column("interest_id", INT, nullable=False),
        sa.Column("price", INT, nullable=False),
        sa.Column("final_price", INT, nullable=False),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_drift_race_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_drift_source_id")),
        sa.ForeignKeyConstraint(["interest_id"], ["betting_interest.interest_id"], name=op.f("fk_drift_interest_id")),
        sa.PrimaryKeyConstraint("race_id", "source_id", "minutes", "interest_id", name=op.f("pk_drift")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("drift")
    op.drop_table("watchlist")
    op.drop_index("idx_alert_delivery_untold", "alert_delivery")
    op.drop_index("idx_notification_recent", "notification")
    for table, name, _, _ in reversed(ADDED):
        op.drop_column(table, name)
