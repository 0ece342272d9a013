"""The first stored form. Frozen: schema.py and views.py go on, this file does not."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _crawl_run() -> None:
    op.create_table(
        "crawl_run",
        sa.Column("run_id", INT, nullable=False),
        sa.Column("spider", sa.Text(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", INT, nullable=False),
        sa.Column("finished_at", INT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("degraded", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("requests", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("boards", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("errors", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", INT, nullable=True),
        sa.Column("due_mono", INT, nullable=True),
        sa.Column("first_request_mono", INT, nullable=True),
        sa.Column("committed_mono", INT, nullable=True),
        sa.CheckConstraint(
            "outcome IN ('ok', 'no_card', 'empty', 'blocked', 'parse_error', 'skipped', 'timeout', 'unavailable', 'store_error', 'superseded', 'lost')",
            name=op.f("ck_crawl_run_outcome"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_crawl_run")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("idx_crawl_run_job", "crawl_run", ["job_id"], unique=False)
    op.create_index("idx_crawl_run_track", "crawl_run", ["track", "started_at"], unique=False)


def _horse() -> None:
    op.create_table(
        "horse",
        sa.Column("horse_id", INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("source_key", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("horse_id", name=op.f("pk_horse")),
        sa.UniqueConstraint("name_key", "country", "source_key", name=op.f("uq_horse_name_key_country_source_key")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _notification() -> None:
    op.create_table(
        "notification",
        sa.Column("notification_id", INT, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("attempts", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", INT, nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", INT, nullable=True),
        sa.Column("last_code", INT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("first_attempt_mono", INT, nullable=True),
        sa.Column("accepted_at", INT, nullable=True),
        sa.Column("accepted_mono", INT, nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'leased', 'sent', 'dead', 'expired')", name=op.f("ck_notification_state")
        ),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_notification")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notification_message_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(
        "idx_notification_due",
        "notification",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'leased')"),
        postgresql_where=sa.text("state IN ('pending', 'leased')"),
    )


def _silence() -> None:
    op.create_table(
        "silence",
        sa.Column("silence_id", INT, nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("starts_at", INT, nullable=False),
        sa.Column("ends_at", INT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("silence_id", name=op.f("pk_silence")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _slot() -> None:
    op.create_table(
        "slot",
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", INT, nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_mono", INT, nullable=False),
        sa.Column("posted_at", INT, nullable=True),
        sa.Column("races", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'posted', 'failed')", name=op.f("ck_slot_state")),
        sa.PrimaryKeyConstraint("track", "kind", "due_at", name=op.f("pk_slot")),
        sa.UniqueConstraint("job_id", name=op.f("uq_slot_job_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _source() -> None:
    op.create_table(
        "source",
        sa.Column("source_id", INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("notation", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.CheckConstraint("basis IN ('display', 'pool')", name=op.f("ck_source_basis")),
        sa.CheckConstraint("notation IN ('board', 'decimal')", name=op.f("ck_source_notation")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _track() -> None:
    op.create_table(
        "track",
        sa.Column("track_id", INT, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_track")),
        sa.UniqueConstraint("key", name=op.f("uq_track_key")),
        sa.UniqueConstraint("name", name=op.f("uq_track_name")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _track_lease() -> None:
    op.create_table(
        "track_lease",
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("track", name=op.f("pk_track_lease")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _race() -> None:
    op.create_table(
        "race",
        sa.Column("race_id", INT, nullable=False),
        sa.Column("track_id", INT, nullable=False),
        sa.Column("race_date", sa.Text(), nullable=False),
        sa.Column("race_number", INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("post_time", INT, nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'scheduled'"), nullable=False),
        sa.Column("off_at", INT, nullable=True),
        sa.Column("official_at", INT, nullable=True),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        sa.CheckConstraint(
            "status IN ('scheduled', 'open', 'closed', 'unofficial', 'official', 'cancelled', 'postponed')",
            name=op.f("ck_race_status"),
        ),
        sa.ForeignKeyConstraint(["track_id"], ["track.track_id"], name=op.f("fk_race_track_id")),
        sa.PrimaryKeyConstraint("race_id", name=op.f("pk_race")),
        sa.UniqueConstraint(
            "track_id", "race_date", "race_number", name=op.f("uq_race_track_id_race_date_race_number")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("idx_race_date", "race", ["race_date"], unique=False)


def _rejected_item() -> None:
    op.create_table(
        "rejected_item",
        sa.Column("rejected_id", INT, nullable=False),
        sa.Column("run_id", INT, nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["crawl_run.run_id"], name=op.f("fk_rejected_item_run_id")),
        sa.PrimaryKeyConstraint("rejected_id", name=op.f("pk_rejected_item")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _alert_state() -> None:
    op.create_table(
        "alert_state",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("race_id", INT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("boards", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("alerted_value", INT, nullable=True),
        sa.Column("since", INT, nullable=False),
        sa.CheckConstraint("state IN ('pending', 'firing')", name=op.f("ck_alert_state_state")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_alert_state_race_id")),
        sa.PrimaryKeyConstraint("rule", "scope", "market", "subject", name=op.f("pk_alert_state")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("idx_alert_state_race", "alert_state", ["race_id"], unique=False)


def _betting_interest() -> None:
    op.create_table(
        "betting_interest",
        sa.Column("interest_id", INT, nullable=False),
        sa.Column("race_id", INT, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_betting_interest_race_id")),
        sa.PrimaryKeyConstraint("interest_id", name=op.f("pk_betting_interest")),
        sa.UniqueConstraint("race_id", "label", name=op.f("uq_betting_interest_race_id_label")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _board() -> None:
    op.create_table(
        "board",
        sa.Column("board_id", INT, nullable=False),
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("fetched_at", INT, nullable=False),
        sa.Column("source_time", INT, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("minutes_to_post", INT, nullable=True),
        sa.Column("mtp_text", sa.Text(), nullable=True),
        sa.Column("run_id", INT, nullable=True),
        sa.Column("flags", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("grids", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("evaluated_at", INT, nullable=True),
        sa.CheckConstraint(
            "status IN ('scheduled', 'open', 'closed', 'unofficial', 'official', 'cancelled', 'postponed')",
            name=op.f("ck_board_status"),
        ),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_board_race_id")),
        sa.ForeignKeyConstraint(["run_id"], ["crawl_run.run_id"], name=op.f("fk_board_run_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_board_source_id")),
        sa.PrimaryKeyConstraint("board_id", name=op.f("pk_board")),
        sa.UniqueConstraint("race_id", "source_id", "fetched_at", name=op.f("uq_board_race_id_source_id_fetched_at")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index(
        "idx_board_pending",
        "board",
        ["race_id", "fetched_at"],
        unique=False,
        sqlite_where=sa.text("evaluated_at IS NULL"),
        postgresql_where=sa.text("evaluated_at IS NULL"),
    )


def _payoff() -> None:
    op.create_table(
        "payoff",
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("bet_type", sa.Text(), nullable=False),
        sa.Column("combination", sa.Text(), nullable=False),
        sa.Column("base", INT, nullable=False),
        sa.Column("payout", INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_payoff_race_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_payoff_source_id")),
        sa.PrimaryKeyConstraint("race_id", "source_id", "bet_type", "combination", name=op.f("pk_payoff")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _race_source() -> None:
    op.create_table(
        "race_source",
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("is_primary", INT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_race_source_race_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_race_source_source_id")),
        sa.PrimaryKeyConstraint("race_id", "source_id", name=op.f("pk_race_source")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("entry_id", INT, nullable=False),
        sa.Column("race_id", INT, nullable=False),
        sa.Column("horse_id", INT, nullable=False),
        sa.Column("interest_id", INT, nullable=False),
        sa.Column("program_number", sa.Text(), nullable=False),
        sa.Column("post_position", sa.Text(), nullable=True),
        sa.Column("morning_line_odds", INT, nullable=True),
        sa.Column("jockey", sa.Text(), nullable=True),
        sa.Column("trainer", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("scratched_at", INT, nullable=True),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'scratched', 'late_scratch', 'ae', 'mto', 'nonbetting')", name=op.f("ck_entry_status")
        ),
        sa.ForeignKeyConstraint(["horse_id"], ["horse.horse_id"], name=op.f("fk_entry_horse_id")),
        sa.ForeignKeyConstraint(["interest_id"], ["betting_interest.interest_id"], name=op.f("fk_entry_interest_id")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_entry_race_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_entry")),
        sa.UniqueConstraint("race_id", "program_number", name=op.f("uq_entry_race_id_program_number")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("idx_entry_interest", "entry", ["interest_id"], unique=False)


def _latest_odds() -> None:
    op.create_table(
        "latest_odds",
        sa.Column("interest_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("price", INT, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_at", INT, nullable=False),
        sa.Column("seen_at", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["interest_id"], ["betting_interest.interest_id"], name=op.f("fk_latest_odds_interest_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_latest_odds_source_id")),
        sa.PrimaryKeyConstraint("interest_id", "source_id", "market", name=op.f("pk_latest_odds")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _pair_grid() -> None:
    op.create_table(
        "pair_grid",
        sa.Column("grid_id", INT, nullable=False),
        sa.Column("board_id", INT, nullable=False),
        sa.Column("bet_type", sa.Text(), nullable=False),
        sa.Column("base", INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("fetched_at", INT, nullable=False),
        sa.CheckConstraint("bet_type IN ('exacta', 'quinella')", name=op.f("ck_pair_grid_bet_type")),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_pair_grid_board_id")),
        sa.PrimaryKeyConstraint("grid_id", name=op.f("pk_pair_grid")),
        sa.UniqueConstraint("board_id", "bet_type", name=op.f("uq_pair_grid_board_id_bet_type")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _pool() -> None:
    op.create_table(
        "pool",
        sa.Column("pool_id", INT, nullable=False),
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("bet_type", sa.Text(), nullable=False),
        sa.Column("interest_id", INT, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", INT, nullable=True),
        sa.Column("seen_at", INT, nullable=False),
        sa.ForeignKeyConstraint(["interest_id"], ["betting_interest.interest_id"], name=op.f("fk_pool_interest_id")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_pool_race_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_pool_source_id")),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_pool")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("idx_pool_race", "pool", ["race_id", "source_id", "bet_type"], unique=False)


def _price_change() -> None:
    op.create_table(
        "price_change",
        sa.Column("interest_id", INT, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("board_id", INT, nullable=False),
        sa.Column("price", INT, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'capped', 'scratched', 'missing')", name=op.f("ck_price_change_status")
        ),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_price_change_board_id")),
        sa.ForeignKeyConstraint(
            ["interest_id"], ["betting_interest.interest_id"], name=op.f("fk_price_change_interest_id")
        ),
        sa.PrimaryKeyConstraint("interest_id", "market", "board_id", name=op.f("pk_price_change")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("idx_price_change_board", "price_change", ["board_id"], unique=False)


def _will_pay() -> None:
    op.create_table(
        "will_pay",
        sa.Column("board_id", INT, nullable=False),
        sa.Column("bet_type", sa.Text(), nullable=False),
        sa.Column("combination", sa.Text(), nullable=False),
        sa.Column("base", INT, nullable=False),
        sa.Column("payout", INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_will_pay_board_id")),
        sa.PrimaryKeyConstraint("board_id", "bet_type", "combination", name=op.f("pk_will_pay")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_id", INT, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("alert_type", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("race_id", INT, nullable=True),
        sa.Column("entry_id", INT, nullable=True),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("threshold_value", INT, nullable=True),
        sa.Column("actual_value", INT, nullable=True),
        sa.Column("previous_value", INT, nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("triggered_at", INT, nullable=False),
        sa.Column("board_id", INT, nullable=True),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("sent", INT, server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", INT, nullable=True),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("committed_mono", INT, nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_alert_board_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.entry_id"], name=op.f("fk_alert_entry_id")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_alert_race_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("idx_alert_race", "alert", ["race_id", sa.literal_column("triggered_at DESC")], unique=False)
    op.create_index("idx_alert_sent", "alert", ["sent", sa.literal_column("triggered_at DESC")], unique=False)


def _change() -> None:
    op.create_table(
        "change",
        sa.Column("change_id", INT, nullable=False),
        sa.Column("race_id", INT, nullable=False),
        sa.Column("entry_id", INT, nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("run_id", INT, nullable=True),
        sa.Column("evaluated_at", INT, nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.entry_id"], name=op.f("fk_change_entry_id")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_change_race_id")),
        sa.ForeignKeyConstraint(["run_id"], ["crawl_run.run_id"], name=op.f("fk_change_run_id")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_change")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("idx_change_race", "change", ["race_id", "at"], unique=False)


def _pair_price() -> None:
    op.create_table(
        "pair_price",
        sa.Column("grid_id", INT, nullable=False),
        sa.Column("first", INT, nullable=False),
        sa.Column("second", INT, nullable=False),
        sa.Column("payout", INT, nullable=False),
        sa.ForeignKeyConstraint(["first"], ["betting_interest.interest_id"], name=op.f("fk_pair_price_first")),
        sa.ForeignKeyConstraint(["grid_id"], ["pair_grid.grid_id"], name=op.f("fk_pair_price_grid_id")),
        sa.ForeignKeyConstraint(["second"], ["betting_interest.interest_id"], name=op.f("fk_pair_price_second")),
        sa.PrimaryKeyConstraint("grid_id", "first", "second", name=op.f("pk_pair_price")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _pool_change() -> None:
    op.create_table(
        "pool_change",
        sa.Column("pool_id", INT, nullable=False),
        sa.Column("board_id", INT, nullable=False),
        sa.Column("amount", INT, nullable=True),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_pool_change_board_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.pool_id"], name=op.f("fk_pool_change_pool_id")),
        sa.PrimaryKeyConstraint("pool_id", "board_id", name=op.f("pk_pool_change")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("idx_pool_change_board", "pool_change", ["board_id"], unique=False)


def _result() -> None:
    op.create_table(
        "result",
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("entry_id", INT, nullable=False),
        sa.Column("position", INT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.entry_id"], name=op.f("fk_result_entry_id")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_result_race_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_result_source_id")),
        sa.PrimaryKeyConstraint("race_id", "source_id", "entry_id", name=op.f("pk_result")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _alert_delivery() -> None:
    op.create_table(
        "alert_delivery",
        sa.Column("alert_id", INT, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("notification_id", INT, nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'leased', 'sent', 'expired', 'muted', 'capped', 'inhibited', 'logged', 'dead')",
            name=op.f("ck_alert_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name=op.f("fk_alert_delivery_alert_id")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.notification_id"], name=op.f("fk_alert_delivery_notification_id")
        ),
        sa.PrimaryKeyConstraint("alert_id", "recipient", "channel", name=op.f("pk_alert_delivery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("idx_alert_delivery_notification", "alert_delivery", ["notification_id"], unique=False)
    op.create_index(
        "idx_alert_delivery_open",
        "alert_delivery",
        ["alert_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'leased')"),
        postgresql_where=sa.text("state IN ('pending', 'leased')"),
    )


ODDS_SNAPSHOT = """CREATE VIEW odds_snapshot AS
SELECT
  b.board_id * 4294967296 + e.entry_id AS snapshot_id,
  b.race_id AS race_id,
  e.entry_id AS entry_id,
  b.fetched_at AS fetched_at,
  p.price / 1000.0 - 1 AS win_odds,
  p.price / 1000.0 AS win_odds_decimal,
  (
    SELECT c.amount FROM pool AS q JOIN pool_change AS c ON c.pool_id = q.pool_id JOIN board AS s ON s.board_id = c.board_id
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'win' AND q.interest_id = e.interest_id
      AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1) AS win_pool_amount,
  (
    SELECT c.amount FROM pool AS q JOIN pool_change AS c ON c.pool_id = q.pool_id JOIN board AS s ON s.board_id = c.board_id
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'win' AND q.interest_id IS NULL
      AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1) AS total_win_pool,
  b.fetched_at AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at_utc,
  p.status AS win_status,
  b.board_id AS board_id,
  o.name AS source
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN entry AS e ON e.race_id = b.race_id
LEFT JOIN price_change AS p ON p.interest_id = e.interest_id AND p.market = 'win_tote' AND p.board_id = (
    SELECT c.board_id FROM price_change AS c JOIN board AS s ON s.board_id = c.board_id
    WHERE c.interest_id = e.interest_id AND c.market = 'win_tote' AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1)"""


EXACTA_PROBABLE = """CREATE VIEW exacta_probable AS
SELECT
  g.grid_id || '-' || c.first || '-' || c.second AS exacta_id,
  b.race_id AS race_id,
  b.fetched_at AS fetched_at,
  f.label AS first_horse,
  t.label AS second_horse,
  c.payout / 100.0 AS payout,
  (
    SELECT c.amount FROM pool AS q JOIN pool_change AS c ON c.pool_id = q.pool_id JOIN board AS s ON s.board_id = c.board_id
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'exacta' AND q.interest_id IS NULL
      AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1) AS total_exacta_pool,
  b.fetched_at AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at_utc,
  g.base / 100.0 AS base,
  g.currency AS currency,
  b.board_id AS board_id,
  o.name AS source
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN pair_grid AS g ON g.board_id = b.board_id AND g.bet_type = 'exacta'
JOIN pair_price AS c ON c.grid_id = g.grid_id
JOIN betting_interest AS f ON f.interest_id = c.first
JOIN betting_interest AS t ON t.interest_id = c.second"""

TABLES = (
    _crawl_run,
    _horse,
    _meta,
    _notification,
    _silence,
    _slot,
    _source,
    _track,
    _track_lease,
    _race,
    _rejected_item,
    _alert_state,
    _betting_interest,
    _board,
    _payoff,
    _race_source,
    _entry,
    _latest_odds,
    _pair_grid,
    _pool,
    _price_change,
    _will_pay,
    _alert,
    _change,
    _pair_price,
    _pool_change,
    _result,
    _alert_delivery,
)


def upgrade() -> None:
    for create in TABLES:
        create()
    if op.get_bind().dialect.name != "sqlite":
        return  # the views are written in its words; PostgreSQL has them from 0004 on
    for view in (ODDS_SNAPSHOT, EXACTA_PROBABLE):
        op.get_bind().exec_driver_sql(view)  # as it stands: text() would take :%M for a parameter


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP VIEW exacta_probable")
        op.execute("DROP VIEW odds_snapshot")
    for create in reversed(TABLES):
        op.drop_table(create.__name__.removeprefix("_"))
