"""The stored form. Text and integers only (docs/adr/0001): the same on SQLite STRICT tables and on PostgreSQL.

Prices are decimal odds in thousandths, money is minor units of a named currency, times are epoch milliseconds UTC,
dates are ISO text at the track. `*_mono` are real milliseconds since boot (clock.Clock.monotonic_ms), only ever
compared with each other. Words that stand in every row of the history are stored as their place in a list (coded.py);
what moves as a whole at every poll, pools and pair prices, is one JSON array (docs/adr/0013). Indexes are declared partial
for SQLite alone: one word for PostgreSQL here would load that dialect in every job (a seventh of its start).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from horses_scrapy.storage.coded import MARKET, PRICE_STATUS, RACE_STATUS, Coded

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Int = BigInteger().with_variant(Integer(), "sqlite")


def _table(name: str, *parts: Any, rowid: bool = True) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def _id(name: str) -> Column[int]:
    return Column(name, Int, primary_key=True)


def _int(name: str, *parts: Any, null: bool = False, **options: Any) -> Column[int]:
    return Column(name, Int, *parts, nullable=null, **options)


def _text(name: str, *parts: Any, null: bool = False, **options: Any) -> Column[str]:
    return Column(name, Text, *parts, nullable=null, **options)


def _coded(name: str, kind: Coded, **options: Any) -> Column[str]:
    return Column(name, kind, nullable=False, **options)


def _code(column: str, kind: Coded) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN 0 AND {len(kind.words) - 1}", name=column)


def _on_postgresql(name: str, *columns: str) -> Index:
    """For its foreign keys. On SQLite it would be half of a price's bytes, and nothing there is looked up so."""
    return Index(name, *columns).ddl_if(dialect="postgresql")


def _ref(target: str, *, null: bool = False, **options: Any) -> Column[int]:
    return Column(target.split(".")[1], Int, ForeignKey(target), nullable=null, **options)


def _one_of(column: str, *values: str) -> CheckConstraint:
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


# What the database is for: `purpose` is live, demo, replay or sample. A simulated clock is refused on a live one.
meta = _table("meta", Column("key", Text, primary_key=True), _text("value"), rowid=False)

# --- The card -------------------------------------------------------------------------------------------------------

track = _table(
    "track",
    _id("track_id"),
    _text("key", unique=True),  # of the block in tracks.yaml, and of the spider track_<key>
    _text("name", unique=True),
    _text("code", null=True),
    _text("url", null=True),
    _text("country", null=True),
    _text("timezone"),
    _int("created_at"),
    _int("updated_at"),
)

source = _table(
    "source",
    _id("source_id"),
    _text("name", unique=True),
    _text("notation"),  # board (profit per 1) or decimal: how it prints odds
    _text("basis"),  # display (a price is the floor of a range) or pool (exact)
    _one_of("notation", "board", "decimal"),
    _one_of("basis", "display", "pool"),
)

race = _table(
    "race",
    _id("race_id"),
    _ref("track.track_id"),
    _text("race_date"),
    _int("race_number"),
    _text("name", null=True),
    _int("post_time", null=True),
    _text("status", server_default=text("'scheduled'")),  # as the primary source has it
    _int("off_at", null=True),  # first board that was closed
    _int("official_at", null=True),
    _text("race_type", null=True),  # gallops or harness
    _text("surface", null=True),  # turf, dirt, synthetic
    _int("created_at"),
    _int("updated_at"),
    UniqueConstraint("track_id", "race_date", "race_number"),
    Index("idx_race_date", "race_date"),
    _one_of("status", *RACE_STATUS.words),
)

race_source = _table(
    "race_source",
    _ref("race.race_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    _text("source_key"),
    _text("url"),
    _int("is_primary"),
    _text("status"),  # never moves backwards within a source, except to cancelled and postponed
    _text("flags", server_default=text("''")),  # of the newest card: from_cache, fallback; comma separated
    rowid=False,
)

horse = _table(
    "horse",
    _id("horse_id"),
    _text("name"),  # as first printed
    _text("name_key"),  # normalised for matching: a name alone is not an identity
    _text("country", server_default=text("''")),
    _text("source_key", server_default=text("''")),  # the source's own key, prefixed with its name
    _int("created_at"),
    UniqueConstraint("name_key", "country", "source_key"),
)

betting_interest = _table(
    "betting_interest",
    _id("interest_id"),
    _ref("race.race_id"),
    _text("label"),
    UniqueConstraint("race_id", "label"),
)

entry = _table(
    "entry",
    _id("entry_id"),
    _ref("race.race_id"),
    _ref("horse.horse_id"),
    _ref("betting_interest.interest_id"),
    _text("program_number"),
    _text("post_position", null=True),
    _int("morning_line_odds", null=True),
    _text("jockey", null=True),
    _text("trainer", null=True),
    _text("status", server_default=text("'active'")),
    _int("scratched_at", null=True),
    _int("reduction_factor", null=True),  # an exchange's cut of all prices should it be withdrawn: 1/100 of a percent
    _int("created_at"),
    _int("updated_at"),
    UniqueConstraint("race_id", "program_number"),
    _one_of("status", "active", "scratched", "late_scratch", "ae", "mto", "nonbetting"),
)

# --- Boards: one row per poll, prices and pools only where they changed ------------------------------------------------

board = _table(
    "board",
    _id("board_id"),
    _ref("race.race_id"),
    _ref("source.source_id"),
    _int("fetched_at"),
    _int("source_time", null=True),
    _coded("status", RACE_STATUS),
    _int("minutes_to_post", null=True),
    _text("mtp_text", null=True),
    _ref("crawl_run.run_id", null=True),
    _text("flags", server_default=text("''")),  # comma separated, sorted
    _text("grids", server_default=text("''")),  # pair prices that came with it: exacta+<ms after fetched_at>, comma separated
    _int("evaluated_at", null=True),  # null: the alert rules have not seen it yet
    UniqueConstraint("race_id", "source_id", "fetched_at"),
    Index("idx_board_pending", "race_id", "fetched_at", sqlite_where=text("evaluated_at IS NULL")),
    _code("status", RACE_STATUS),
)  # fmt: skip

price_change = _table(
    "price_change",
    _ref("betting_interest.interest_id", primary_key=True),
    _coded("market", MARKET, primary_key=True),
    _ref("board.board_id", primary_key=True),
    _int("price", null=True),
    _coded("status", PRICE_STATUS),
    _on_postgresql("idx_price_change_board", "board_id"),
    _code("market", MARKET),
    _code("status", PRICE_STATUS),
    rowid=False,
)

latest_odds = _table(
    "latest_odds",
    _ref("betting_interest.interest_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    _coded("market", MARKET, primary_key=True),
    _int("price", null=True),
    _coded("status", PRICE_STATUS),
    _int("changed_at"),  # fetched_at of the board that first showed it
    _int("seen_at"),  # fetched_at of the newest board that showed it
    _code("market", MARKET),
    _code("status", PRICE_STATUS),
    rowid=False,
)

pool = _table(
    "pool",
    _ref("race.race_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    Column("position", Int, primary_key=True),  # of its amount in pool_change.amounts, from 0
    _text("bet_type"),
    _ref("betting_interest.interest_id", null=True),  # null: the total
    _text("currency"),
    rowid=False,
)

pool_change = _table(
    "pool_change",
    Column("board_id", Int, ForeignKey("board.board_id"), primary_key=True, autoincrement=False),
    _text("amounts"),  # JSON: all of the race's pools from this source by position; null where the board shows none
)

pair_grid = _table(
    "pair_grid",
    _id("grid_id"),
    _ref("board.board_id"),
    _text("bet_type"),
    _int("base"),
    _text("currency"),
    _int("cap", null=True),  # the pay-out that is printed for "this or more"
    _int("fetched_at"),  # of the pair response, which may be later than the board's
    _text("interests"),  # JSON: interest ids
    _text("payouts"),  # JSON: row by row, first x second in the order of `interests`; null where there is none
    UniqueConstraint("board_id", "bet_type"),
    _one_of("bet_type", "exacta", "quinella"),
)

change = _table(
    "change",
    _id("change_id"),
    _ref("race.race_id"),
    _ref("entry.entry_id", null=True),
    _text("field"),
    _text("old", null=True),
    _text("new", null=True),
    _int("at"),
    _ref("crawl_run.run_id", null=True),
    _int("evaluated_at", null=True),
    _int("quiet", server_default=text("0")),  # 1: no rule was asked: an import of past races, or a kept card
    Index("idx_change_race", "race_id", "at"),
)

# --- Results ----------------------------------------------------------------------------------------------------------

result = _table(
    "result",
    _ref("race.race_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    _ref("entry.entry_id", primary_key=True),
    _int("position"),
    _text("status"),
    rowid=False,
)

payoff = _table(
    "payoff",
    _ref("race.race_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    Column("bet_type", Text, primary_key=True),
    Column("combination", Text, primary_key=True),
    _int("base"),
    _int("payout"),
    _text("currency"),
    _text("status"),
    rowid=False,
)

will_pay = _table(
    "will_pay",
    _ref("board.board_id", primary_key=True),
    Column("bet_type", Text, primary_key=True),
    Column("combination", Text, primary_key=True),
    _int("base", null=True),  # null, and so the payout: the board no longer showed it
    _int("payout", null=True),
    _text("currency", null=True),
    rowid=False,
)

# --- Runs and scheduling ------------------------------------------------------------------------------------------------

OUTCOMES = (
    "ok", "no_card", "empty", "blocked", "parse_error", "skipped", "timeout", "unavailable",
    "store_error", "superseded", "lost", "memory",
)  # fmt: skip
TRIGGERS = ("schedule", "update", "manual")
"""What asked for a poll: the cadence, an update of config.yaml, a person."""

crawl_run = _table(
    "crawl_run",
    _id("run_id"),
    _text("spider"),
    _text("track"),
    _text("job_id", null=True),
    _text("kind"),  # of the slot, or `manual`
    _int("started_at"),
    _int("finished_at", null=True),
    _text("outcome", null=True),  # null while it runs
    _text("reason", null=True),
    _int("degraded", server_default=text("0")),
    _int("requests", server_default=text("0")),
    _int("boards", server_default=text("0")),
    _int("rejected", server_default=text("0")),
    _int("errors", server_default=text("0")),
    _int("due_at", null=True),
    _int("due_mono", null=True),  # when the slot was due
    _int("first_request_mono", null=True),
    _int("committed_mono", null=True),  # when its first board was stored and evaluated
    _text("trigger", server_default=text("'manual'")),
    _text("node", null=True),  # the machine: *_mono are comparable on one machine only
    _text("summary", server_default=text("'{}'")),  # JSON, of the spider's last line: extensions/summary.py
    Index("idx_crawl_run_track", "track", "started_at"),
    Index("idx_crawl_run_job", "job_id"),
    _one_of("outcome", *OUTCOMES),
)

# Of the items of a run: how many had the field filled, of how many that should.
fill_rate = _table(
    "fill_rate",
    _ref("crawl_run.run_id", primary_key=True),
    Column("field", Text, primary_key=True),
    _int("filled"),
    _int("total"),
    rowid=False,
)

rejected_item = _table(
    "rejected_item",
    _id("rejected_id"),
    _ref("crawl_run.run_id", null=True),
    _int("at"),
    _text("rule"),
    _text("field"),
    _text("value"),
    _text("url"),
    _text("item"),  # JSON of the whole item, so that nothing is lost
)

# A due poll, or a window of polls (until_at, every). A job counts only if it claims its slot (run_id): scrapyd may start one
# twice. The polls inside a window are slots of their own (kind poll), each claimed by the run that makes it.
slot = _table(
    "slot",
    Column("track", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # card, near, window, poll, or the name of an update
    Column("due_at", Int, primary_key=True),
    _text("job_id", unique=True),
    _text("state"),  # planned: written, not known to be posted; posted; failed: given up, for `reason`
    _int("due_mono"),
    _int("posted_at", null=True),
    _text("races", server_default=text("''")),  # race numbers, comma separated; empty: the whole card
    _text("trigger", server_default=text("'schedule'")),
    _text("arguments", server_default=text("'{}'")),  # JSON: the spider's, beyond those that the scheduler adds
    _int("until_at", null=True),  # a window ends then
    _int("every", null=True),  # milliseconds between its polls
    _int("run_id", null=True),  # that claimed it
    _text("reason", null=True),
    _text("node", null=True),  # of the scheduler: *_mono are comparable on one machine only
    _int("queued_mono", null=True),  # lateness, stage by stage, in real milliseconds since boot
    _int("started_mono", null=True),
    _int("requested_mono", null=True),
    _int("responded_mono", null=True),
    _int("committed_mono", null=True),
    _int("update_run_id", null=True),  # that asked for it
    Index("idx_slot_update", "update_run_id", sqlite_where=text("update_run_id IS NOT NULL")),
    _one_of("state", "planned", "posted", "failed"),
    rowid=False,
)

track_lease = _table(
    "track_lease",
    Column("track", Text, primary_key=True),
    _text("holder"),  # job id, or run:<run_id> of a crawl by hand
    _int("epoch"),
    _int("expires_at"),
    rowid=False,
)

# The only scheduler that may write, on however many machines: each of its writes checks the epoch.
leader = _table(
    "leader",
    Column("name", Text, primary_key=True),
    _int("epoch"),
    _text("holder"),  # host:pid
    _int("taken_at"),
    _int("renewed_at"),
    rowid=False,
)

# The boards that a finished race should have at and after the off, and the final one: the board, or why there is none.
capture = _table(
    "capture",
    _ref("race.race_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    Column("tag", Text, primary_key=True),  # t-0, t+15, t+30, t+60, final
    _int("due_at", null=True),
    _ref("board.board_id", null=True),
    _text("reason", null=True),
    rowid=False,
)

# Requests to a host in a minute, by all jobs together.
host_use = _table(
    "host_use",
    Column("host", Text, primary_key=True),
    Column("minute_at", Int, primary_key=True),
    _int("requests"),
    rowid=False,
)

# Jobs that scrapyd nodes take in turns, where they share one queue (PostgreSQL).
job_queue = _table(
    "job_queue",
    _id("queue_id"),
    _text("project"),
    _int("priority"),  # thousandths; the highest first, then the oldest
    _text("message"),  # JSON: what scrapyd starts the job with
    _int("added_at"),
    Index("idx_job_queue_next", "project", "priority", "queue_id"),
)

# --- Updates and reference data -----------------------------------------------------------------------------------------

update_run = _table(
    "update_run",
    _id("update_run_id"),
    _text("name"),
    _int("due_at", null=True),  # what the cron expression said; null: asked for by hand
    _text("trigger"),
    _int("started_at"),
    _int("finished_at", null=True),
    _text("outcome", null=True),  # ok, partial, failed, timeout, lost
    _int("added", server_default=text("0")),
    _int("changed", server_default=text("0")),
    _int("missing", server_default=text("0")),
    _text("detail", null=True),
    UniqueConstraint("name", "due_at"),
    _one_of("trigger", *TRIGGERS),
)

# historical_sync goes on where it stopped.
synced_day = _table(
    "synced_day",
    Column("track", Text, primary_key=True),
    Column("race_date", Text, primary_key=True),
    _ref("crawl_run.run_id", null=True),
    _int("synced_at"),
    rowid=False,
)

bookmaker = _table(
    "bookmaker",
    Column("code", Text, primary_key=True),
    _text("name"),
    _text("country", null=True),
    _text("kind"),  # tote, fixed, exchange
    rowid=False,
)

track_reference = _table(
    "track_reference",
    Column("code", Text, primary_key=True),
    _text("name"),
    _text("country"),
    _text("timezone"),
    _text("currency"),
    rowid=False,
)

# What pools keep; config/tracks.yaml overrides it for the tracks that are watched.
pool_terms = _table(
    "pool_terms",
    Column("track", Text, primary_key=True),  # code
    Column("bet_type", Text, primary_key=True),
    Column("since", Text, primary_key=True),  # a date
    _int("takeout"),  # hundredths of a percent
    _int("breakage"),  # thousandths of 1 staked
    _int("minimum"),  # thousandths: the least that 1 returns
    _text("origin"),
    rowid=False,
)

# --- Alerts -------------------------------------------------------------------------------------------------------------

alert = _table(
    "alert",
    _id("alert_id"),
    _text("rule"),
    _text("alert_type"),  # kind of rule: win_odds_below, ...
    _text("severity", server_default=text("'watch'")),  # info, watch, urgent
    _text("event", server_default=text("'fired'")),  # fired, further, repeated, resolved
    _text("scope"),  # race:<race_id>, source:<name>, track:<key>
    _ref("race.race_id", null=True),
    _ref("entry.entry_id", null=True),
    _text("market"),
    _text("subject"),  # label of an interest, first-second of a pair, or nothing
    _text("unit"),  # of threshold_value and actual_value: price, percent, points, payout, amount
    _int("threshold_value", null=True),  # thousandths of the unit; payout, amount: hundredths of a unit of currency
    _int("actual_value", null=True),
    _int("previous_value", null=True),  # what it moved from
    _text("message"),
    _text("detail"),  # JSON: what the mail shows
    _int("triggered_at"),  # fetched_at of the board
    _ref("board.board_id", null=True),
    _int("expires_at", null=True),
    _int("sent", server_default=text("0")),  # every delivery is final and at least one was sent
    _int("sent_at", null=True),
    _int("created_at"),
    _int("committed_mono"),
    Index("idx_alert_race", "race_id", text("triggered_at DESC")),
    Index("idx_alert_sent", "sent", text("triggered_at DESC")),
)

alert_state = _table(
    "alert_state",
    Column("rule", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("market", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _ref("race.race_id", null=True),
    _text("state"),
    _int("boards", server_default=text("0")),  # consecutive boards in breach while pending
    _int("alerted_value", null=True),  # value at the last alert
    _int("since"),
    Index("idx_alert_state_race", "race_id"),
    _one_of("state", "pending", "firing"),
    rowid=False,
)

notification = _table(
    "notification",
    _id("notification_id"),
    _text("recipient"),
    _text("channel"),
    _text("scope"),
    _text("state"),
    _text("message_id", unique=True),
    _text("wire"),  # the frozen message: a mail in 7-bit bytes, for other channels JSON
    _int("created_at"),
    _int("expires_at", null=True),
    _int("attempts", server_default=text("0")),
    _int("next_at"),
    _text("lease_owner", null=True),
    _int("lease_until", null=True),
    _int("last_code", null=True),
    _text("last_error", null=True),
    _int("first_attempt_at", null=True),
    _int("first_attempt_mono", null=True),
    _int("accepted_at", null=True),
    _int("accepted_mono", null=True),
    Index("idx_notification_due", "next_at", sqlite_where=text("state IN ('pending', 'leased')")),
    Index("idx_notification_recent", "recipient", "channel", "created_at", "scope"),
    _one_of("state", "pending", "leased", "sent", "dead", "expired"),
)  # fmt: skip

alert_delivery = _table(
    "alert_delivery",
    _ref("alert.alert_id", primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    _text("state"),
    _text("reason", null=True),
    _ref("notification.notification_id", null=True),
    Index("idx_alert_delivery_open", "alert_id", sqlite_where=text("state IN ('pending', 'leased')")),
    Index("idx_alert_delivery_notification", "notification_id"),
    Index(
        "idx_alert_delivery_untold",
        "notification_id",
        "alert_id",
        sqlite_where=text("state = 'capped' AND notification_id IS NULL"),
    ),
    _one_of("state", "pending", "leased", "sent", "expired", "muted", "capped", "inhibited", "logged", "dead"),
    rowid=False,
)  # fmt: skip

silence = _table(
    "silence",
    _id("silence_id"),
    _text("matchers"),  # JSON: field -> value (alerts/delivery/silence.py)
    _int("starts_at"),
    _int("ends_at"),
    _text("created_by"),
    _text("comment"),
)

# Entries of named lists that a rule's scope may ask for. Removed ones stay: a replay asks what a list held then.
watchlist = _table(
    "watchlist",
    _id("entry_id"),
    _text("name"),
    _text("field"),  # horse, jockey, trainer, program, track, race
    _text("value"),  # names as storage.names.name_key has them; a race is <track key>/<number>
    _text("shown"),  # as it was typed
    _int("added_at"),
    _int("removed_at", null=True),
    _text("created_by"),
    Index("idx_watchlist_name", "name"),
    _one_of("field", "horse", "jockey", "trainer", "program", "track", "race"),
)

# What a race's prices were at some minutes to post, beside its final ones: how far odds drift at a track.
drift = _table(
    "drift",
    _ref("race.race_id", primary_key=True),
    _ref("source.source_id", primary_key=True),
    Column("minutes", Int, primary_key=True),
    _ref("betting_interest.interest_id", primary_key=True),
    _int("price"),
    _int("final_price"),
    rowid=False,
)
