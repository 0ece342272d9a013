-- The tables, indexes and views of a SQLite database, as the migrations make them. Written by
-- scripts/db.py schema --write; docs say what the columns mean, horses_scrapy/storage/schema.py in which units.

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE alert (
	alert_id INTEGER NOT NULL,
	rule TEXT NOT NULL,
	alert_type TEXT NOT NULL,
	scope TEXT NOT NULL,
	race_id INTEGER,
	entry_id INTEGER,
	market TEXT NOT NULL,
	subject TEXT NOT NULL,
	unit TEXT NOT NULL,
	threshold_value INTEGER,
	actual_value INTEGER,
	previous_value INTEGER,
	message TEXT NOT NULL,
	detail TEXT NOT NULL,
	triggered_at INTEGER NOT NULL,
	board_id INTEGER,
	expires_at INTEGER,
	sent INTEGER DEFAULT 0 NOT NULL,
	sent_at INTEGER,
	created_at INTEGER NOT NULL,
	committed_mono INTEGER NOT NULL, severity TEXT DEFAULT 'watch' NOT NULL, event TEXT DEFAULT 'fired' NOT NULL,
	CONSTRAINT pk_alert PRIMARY KEY (alert_id),
	CONSTRAINT fk_alert_board_id FOREIGN KEY(board_id) REFERENCES board (board_id),
	CONSTRAINT fk_alert_entry_id FOREIGN KEY(entry_id) REFERENCES entry (entry_id),
	CONSTRAINT fk_alert_race_id FOREIGN KEY(race_id) REFERENCES race (race_id)
)
 STRICT;

CREATE TABLE alert_delivery (
	alert_id INTEGER NOT NULL,
	recipient TEXT NOT NULL,
	channel TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT,
	notification_id INTEGER,
	CONSTRAINT pk_alert_delivery PRIMARY KEY (alert_id, recipient, channel),
	CONSTRAINT ck_alert_delivery_state CHECK (state IN ('pending', 'leased', 'sent', 'expired', 'muted', 'capped', 'inhibited', 'logged', 'dead')),
	CONSTRAINT fk_alert_delivery_alert_id FOREIGN KEY(alert_id) REFERENCES alert (alert_id),
	CONSTRAINT fk_alert_delivery_notification_id FOREIGN KEY(notification_id) REFERENCES notification (notification_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE alert_state (
	rule TEXT NOT NULL,
	scope TEXT NOT NULL,
	market TEXT NOT NULL,
	subject TEXT NOT NULL,
	race_id INTEGER,
	state TEXT NOT NULL,
	boards INTEGER DEFAULT 0 NOT NULL,
	alerted_value INTEGER,
	since INTEGER NOT NULL,
	CONSTRAINT pk_alert_state PRIMARY KEY (rule, scope, market, subject),
	CONSTRAINT ck_alert_state_state CHECK (state IN ('pending', 'firing')),
	CONSTRAINT fk_alert_state_race_id FOREIGN KEY(race_id) REFERENCES race (race_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE betting_interest (
	interest_id INTEGER NOT NULL,
	race_id INTEGER NOT NULL,
	label TEXT NOT NULL,
	CONSTRAINT pk_betting_interest PRIMARY KEY (interest_id),
	CONSTRAINT fk_betting_interest_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT uq_betting_interest_race_id_label UNIQUE (race_id, label)
)
 STRICT;

CREATE TABLE "board" (
	board_id INTEGER NOT NULL,
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	fetched_at INTEGER NOT NULL,
	source_time INTEGER,
	status INTEGER NOT NULL,
	minutes_to_post INTEGER,
	mtp_text TEXT,
	run_id INTEGER,
	flags TEXT DEFAULT '' NOT NULL,
	grids TEXT DEFAULT '' NOT NULL,
	evaluated_at INTEGER,
	CONSTRAINT ck_board_status CHECK (status BETWEEN 0 AND 6),
	CONSTRAINT pk_board PRIMARY KEY (board_id),
	CONSTRAINT fk_board_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_board_run_id FOREIGN KEY(run_id) REFERENCES crawl_run (run_id),
	CONSTRAINT fk_board_source_id FOREIGN KEY(source_id) REFERENCES source (source_id),
	CONSTRAINT uq_board_race_id_source_id_fetched_at UNIQUE (race_id, source_id, fetched_at)
)
 STRICT;

CREATE TABLE bookmaker (
	code TEXT NOT NULL,
	name TEXT NOT NULL,
	country TEXT,
	kind TEXT NOT NULL,
	CONSTRAINT pk_bookmaker PRIMARY KEY (code)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE capture (
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	tag TEXT NOT NULL,
	due_at INTEGER,
	board_id INTEGER,
	reason TEXT,
	CONSTRAINT pk_capture PRIMARY KEY (race_id, source_id, tag),
	CONSTRAINT fk_capture_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_capture_source_id FOREIGN KEY(source_id) REFERENCES source (source_id),
	CONSTRAINT fk_capture_board_id FOREIGN KEY(board_id) REFERENCES board (board_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE change (
	change_id INTEGER NOT NULL,
	race_id INTEGER NOT NULL,
	entry_id INTEGER,
	field TEXT NOT NULL,
	old TEXT,
	new TEXT,
	at INTEGER NOT NULL,
	run_id INTEGER,
	evaluated_at INTEGER, quiet INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_change PRIMARY KEY (change_id),
	CONSTRAINT fk_change_entry_id FOREIGN KEY(entry_id) REFERENCES entry (entry_id),
	CONSTRAINT fk_change_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_change_run_id FOREIGN KEY(run_id) REFERENCES crawl_run (run_id)
)
 STRICT;

CREATE TABLE "crawl_run" (
	run_id INTEGER NOT NULL,
	spider TEXT NOT NULL,
	track TEXT NOT NULL,
	job_id TEXT,
	kind TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	finished_at INTEGER,
	outcome TEXT,
	reason TEXT,
	degraded INTEGER DEFAULT 0 NOT NULL,
	requests INTEGER DEFAULT 0 NOT NULL,
	boards INTEGER DEFAULT 0 NOT NULL,
	rejected INTEGER DEFAULT 0 NOT NULL,
	errors INTEGER DEFAULT 0 NOT NULL,
	due_at INTEGER,
	due_mono INTEGER,
	first_request_mono INTEGER,
	committed_mono INTEGER, trigger TEXT DEFAULT 'manual' NOT NULL, node TEXT, summary TEXT DEFAULT '{}' NOT NULL,
	CONSTRAINT pk_crawl_run PRIMARY KEY (run_id),
	CONSTRAINT ck_crawl_run_outcome CHECK (outcome IN ('ok', 'no_card', 'empty', 'blocked', 'parse_error', 'skipped', 'timeout', 'unavailable', 'store_error', 'superseded', 'lost', 'memory'))
)
 STRICT;

CREATE TABLE drift (
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	interest_id INTEGER NOT NULL,
	price INTEGER NOT NULL,
	final_price INTEGER NOT NULL,
	CONSTRAINT pk_drift PRIMARY KEY (race_id, source_id, minutes, interest_id),
	CONSTRAINT fk_drift_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_drift_source_id FOREIGN KEY(source_id) REFERENCES source (source_id),
	CONSTRAINT fk_drift_interest_id FOREIGN KEY(interest_id) REFERENCES betting_interest (interest_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE entry (
	entry_id INTEGER NOT NULL,
	race_id INTEGER NOT NULL,
	horse_id INTEGER NOT NULL,
	interest_id INTEGER NOT NULL,
	program_number TEXT NOT NULL,
	post_position TEXT,
	morning_line_odds INTEGER,
	jockey TEXT,
	trainer TEXT,
	status TEXT DEFAULT 'active' NOT NULL,
	scratched_at INTEGER,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL, reduction_factor INTEGER,
	CONSTRAINT pk_entry PRIMARY KEY (entry_id),
	CONSTRAINT ck_entry_status CHECK (status IN ('active', 'scratched', 'late_scratch', 'ae', 'mto', 'nonbetting')),
	CONSTRAINT fk_entry_horse_id FOREIGN KEY(horse_id) REFERENCES horse (horse_id),
	CONSTRAINT fk_entry_interest_id FOREIGN KEY(interest_id) REFERENCES betting_interest (interest_id),
	CONSTRAINT fk_entry_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT uq_entry_race_id_program_number UNIQUE (race_id, program_number)
)
 STRICT;

CREATE TABLE fill_rate (
	run_id INTEGER NOT NULL,
	field TEXT NOT NULL,
	filled INTEGER NOT NULL,
	total INTEGER NOT NULL,
	CONSTRAINT pk_fill_rate PRIMARY KEY (run_id, field),
	CONSTRAINT fk_fill_rate_run_id FOREIGN KEY(run_id) REFERENCES crawl_run (run_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE horse (
	horse_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	country TEXT DEFAULT '' NOT NULL,
	source_key TEXT DEFAULT '' NOT NULL,
	created_at INTEGER NOT NULL,
	CONSTRAINT pk_horse PRIMARY KEY (horse_id),
	CONSTRAINT uq_horse_name_key_country_source_key UNIQUE (name_key, country, source_key)
)
 STRICT;

CREATE TABLE host_use (
	host TEXT NOT NULL,
	minute_at INTEGER NOT NULL,
	requests INTEGER NOT NULL,
	CONSTRAINT pk_host_use PRIMARY KEY (host, minute_at)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE job_queue (
	queue_id INTEGER NOT NULL,
	project TEXT NOT NULL,
	priority INTEGER NOT NULL,
	message TEXT NOT NULL,
	added_at INTEGER NOT NULL,
	CONSTRAINT pk_job_queue PRIMARY KEY (queue_id)
)
 STRICT;

CREATE TABLE "latest_odds" (
	interest_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	market INTEGER NOT NULL,
	price INTEGER,
	status INTEGER NOT NULL,
	changed_at INTEGER NOT NULL,
	seen_at INTEGER NOT NULL,
	CONSTRAINT ck_latest_odds_market CHECK (market BETWEEN 0 AND 9),
	CONSTRAINT ck_latest_odds_status CHECK (status BETWEEN 0 AND 3),
	CONSTRAINT pk_latest_odds PRIMARY KEY (interest_id, source_id, market),
	CONSTRAINT fk_latest_odds_interest_id FOREIGN KEY(interest_id) REFERENCES betting_interest (interest_id),
	CONSTRAINT fk_latest_odds_source_id FOREIGN KEY(source_id) REFERENCES source (source_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE leader (
	name TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	holder TEXT NOT NULL,
	taken_at INTEGER NOT NULL,
	renewed_at INTEGER NOT NULL,
	CONSTRAINT pk_leader PRIMARY KEY (name)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE meta (
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_meta PRIMARY KEY ("key")
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE notification (
	notification_id INTEGER NOT NULL,
	recipient TEXT NOT NULL,
	channel TEXT NOT NULL,
	scope TEXT NOT NULL,
	state TEXT NOT NULL,
	message_id TEXT NOT NULL,
	wire TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER,
	attempts INTEGER DEFAULT 0 NOT NULL,
	next_at INTEGER NOT NULL,
	lease_owner TEXT,
	lease_until INTEGER,
	last_code INTEGER,
	last_error TEXT,
	first_attempt_mono INTEGER,
	accepted_at INTEGER,
	accepted_mono INTEGER, first_attempt_at INTEGER,
	CONSTRAINT pk_notification PRIMARY KEY (notification_id),
	CONSTRAINT ck_notification_state CHECK (state IN ('pending', 'leased', 'sent', 'dead', 'expired')),
	CONSTRAINT uq_notification_message_id UNIQUE (message_id)
)
 STRICT;

CREATE TABLE "pair_grid" (
	grid_id INTEGER NOT NULL,
	board_id INTEGER NOT NULL,
	bet_type TEXT NOT NULL,
	base INTEGER NOT NULL,
	currency TEXT NOT NULL,
	fetched_at INTEGER NOT NULL, cap INTEGER,
	interests TEXT NOT NULL,
	payouts TEXT NOT NULL,
	CONSTRAINT pk_pair_grid PRIMARY KEY (grid_id),
	CONSTRAINT ck_pair_grid_bet_type CHECK (bet_type IN ('exacta', 'quinella')),
	CONSTRAINT fk_pair_grid_board_id FOREIGN KEY(board_id) REFERENCES board (board_id),
	CONSTRAINT uq_pair_grid_board_id_bet_type UNIQUE (board_id, bet_type)
)
 STRICT;

CREATE TABLE payoff (
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	bet_type TEXT NOT NULL,
	combination TEXT NOT NULL,
	base INTEGER NOT NULL,
	payout INTEGER NOT NULL,
	currency TEXT NOT NULL,
	status TEXT NOT NULL,
	CONSTRAINT pk_payoff PRIMARY KEY (race_id, source_id, bet_type, combination),
	CONSTRAINT fk_payoff_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_payoff_source_id FOREIGN KEY(source_id) REFERENCES source (source_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE pool (
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	bet_type TEXT NOT NULL,
	interest_id INTEGER,
	currency TEXT NOT NULL,
	CONSTRAINT pk_pool PRIMARY KEY (race_id, source_id, position),
	CONSTRAINT fk_pool_interest_id FOREIGN KEY(interest_id) REFERENCES betting_interest (interest_id),
	CONSTRAINT fk_pool_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_pool_source_id FOREIGN KEY(source_id) REFERENCES source (source_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE pool_change (
	board_id INTEGER NOT NULL,
	amounts TEXT NOT NULL,
	CONSTRAINT pk_pool_change PRIMARY KEY (board_id),
	CONSTRAINT fk_pool_change_board_id FOREIGN KEY(board_id) REFERENCES board (board_id)
)
 STRICT;

CREATE TABLE pool_terms (
	track TEXT NOT NULL,
	bet_type TEXT NOT NULL,
	since TEXT NOT NULL,
	takeout INTEGER NOT NULL,
	breakage INTEGER NOT NULL,
	minimum INTEGER NOT NULL,
	origin TEXT NOT NULL,
	CONSTRAINT pk_pool_terms PRIMARY KEY (track, bet_type, since)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE "price_change" (
	interest_id INTEGER NOT NULL,
	market INTEGER NOT NULL,
	board_id INTEGER NOT NULL,
	price INTEGER,
	status INTEGER NOT NULL,
	CONSTRAINT ck_price_change_market CHECK (market BETWEEN 0 AND 9),
	CONSTRAINT ck_price_change_status CHECK (status BETWEEN 0 AND 3),
	CONSTRAINT pk_price_change PRIMARY KEY (interest_id, market, board_id),
	CONSTRAINT fk_price_change_board_id FOREIGN KEY(board_id) REFERENCES board (board_id),
	CONSTRAINT fk_price_change_interest_id FOREIGN KEY(interest_id) REFERENCES betting_interest (interest_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE race (
	race_id INTEGER NOT NULL,
	track_id INTEGER NOT NULL,
	race_date TEXT NOT NULL,
	race_number INTEGER NOT NULL,
	name TEXT,
	post_time INTEGER,
	status TEXT DEFAULT 'scheduled' NOT NULL,
	off_at INTEGER,
	official_at INTEGER,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL, race_type TEXT, surface TEXT,
	CONSTRAINT pk_race PRIMARY KEY (race_id),
	CONSTRAINT ck_race_status CHECK (status IN ('scheduled', 'open', 'closed', 'unofficial', 'official', 'cancelled', 'postponed')),
	CONSTRAINT fk_race_track_id FOREIGN KEY(track_id) REFERENCES track (track_id),
	CONSTRAINT uq_race_track_id_race_date_race_number UNIQUE (track_id, race_date, race_number)
)
 STRICT;

CREATE TABLE race_source (
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	source_key TEXT NOT NULL,
	url TEXT NOT NULL,
	is_primary INTEGER NOT NULL,
	status TEXT NOT NULL, flags TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_race_source PRIMARY KEY (race_id, source_id),
	CONSTRAINT fk_race_source_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_race_source_source_id FOREIGN KEY(source_id) REFERENCES source (source_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE rejected_item (
	rejected_id INTEGER NOT NULL,
	run_id INTEGER,
	at INTEGER NOT NULL,
	rule TEXT NOT NULL,
	field TEXT NOT NULL,
	value TEXT NOT NULL,
	url TEXT NOT NULL,
	item TEXT NOT NULL,
	CONSTRAINT pk_rejected_item PRIMARY KEY (rejected_id),
	CONSTRAINT fk_rejected_item_run_id FOREIGN KEY(run_id) REFERENCES crawl_run (run_id)
)
 STRICT;

CREATE TABLE result (
	race_id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	entry_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	status TEXT NOT NULL,
	CONSTRAINT pk_result PRIMARY KEY (race_id, source_id, entry_id),
	CONSTRAINT fk_result_entry_id FOREIGN KEY(entry_id) REFERENCES entry (entry_id),
	CONSTRAINT fk_result_race_id FOREIGN KEY(race_id) REFERENCES race (race_id),
	CONSTRAINT fk_result_source_id FOREIGN KEY(source_id) REFERENCES source (source_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE silence (
	silence_id INTEGER NOT NULL,
	matchers TEXT NOT NULL,
	starts_at INTEGER NOT NULL,
	ends_at INTEGER NOT NULL,
	created_by TEXT NOT NULL,
	comment TEXT NOT NULL,
	CONSTRAINT pk_silence PRIMARY KEY (silence_id)
)
 STRICT;

CREATE TABLE slot (
	track TEXT NOT NULL,
	kind TEXT NOT NULL,
	due_at INTEGER NOT NULL,
	job_id TEXT NOT NULL,
	state TEXT NOT NULL,
	due_mono INTEGER NOT NULL,
	posted_at INTEGER,
	races TEXT DEFAULT '' NOT NULL, trigger TEXT DEFAULT 'schedule' NOT NULL, arguments TEXT DEFAULT '{}' NOT NULL, reason TEXT, node TEXT, until_at INTEGER, every INTEGER, run_id INTEGER, queued_mono INTEGER, started_mono INTEGER, requested_mono INTEGER, responded_mono INTEGER, committed_mono INTEGER, update_run_id INTEGER,
	CONSTRAINT pk_slot PRIMARY KEY (track, kind, due_at),
	CONSTRAINT ck_slot_state CHECK (state IN ('planned', 'posted', 'failed')),
	CONSTRAINT uq_slot_job_id UNIQUE (job_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE source (
	source_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	notation TEXT NOT NULL,
	basis TEXT NOT NULL,
	CONSTRAINT pk_source PRIMARY KEY (source_id),
	CONSTRAINT ck_source_basis CHECK (basis IN ('display', 'pool')),
	CONSTRAINT ck_source_notation CHECK (notation IN ('board', 'decimal')),
	CONSTRAINT uq_source_name UNIQUE (name)
)
 STRICT;

CREATE TABLE synced_day (
	track TEXT NOT NULL,
	race_date TEXT NOT NULL,
	run_id INTEGER,
	synced_at INTEGER NOT NULL,
	CONSTRAINT pk_synced_day PRIMARY KEY (track, race_date),
	CONSTRAINT fk_synced_day_run_id FOREIGN KEY(run_id) REFERENCES crawl_run (run_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE track (
	track_id INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	name TEXT NOT NULL,
	code TEXT,
	url TEXT,
	country TEXT,
	timezone TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	CONSTRAINT pk_track PRIMARY KEY (track_id),
	CONSTRAINT uq_track_key UNIQUE ("key"),
	CONSTRAINT uq_track_name UNIQUE (name)
)
 STRICT;

CREATE TABLE track_lease (
	track TEXT NOT NULL,
	holder TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	CONSTRAINT pk_track_lease PRIMARY KEY (track)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE track_reference (
	code TEXT NOT NULL,
	name TEXT NOT NULL,
	country TEXT NOT NULL,
	timezone TEXT NOT NULL,
	currency TEXT NOT NULL,
	CONSTRAINT pk_track_reference PRIMARY KEY (code)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE update_run (
	update_run_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	due_at INTEGER,
	"trigger" TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	finished_at INTEGER,
	outcome TEXT,
	added INTEGER DEFAULT 0 NOT NULL,
	changed INTEGER DEFAULT 0 NOT NULL,
	missing INTEGER DEFAULT 0 NOT NULL,
	detail TEXT,
	CONSTRAINT pk_update_run PRIMARY KEY (update_run_id),
	CONSTRAINT uq_update_run_name_due_at UNIQUE (name, due_at),
	CONSTRAINT ck_update_run_trigger CHECK (trigger IN ('schedule', 'update', 'manual'))
)
 STRICT;

CREATE TABLE watchlist (
	entry_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	field TEXT NOT NULL,
	value TEXT NOT NULL,
	shown TEXT NOT NULL,
	added_at INTEGER NOT NULL,
	removed_at INTEGER,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_watchlist PRIMARY KEY (entry_id),
	CONSTRAINT ck_watchlist_field CHECK (field IN ('horse', 'jockey', 'trainer', 'program', 'track', 'race'))
)
 STRICT;

CREATE TABLE will_pay (
	board_id INTEGER NOT NULL,
	bet_type TEXT NOT NULL,
	combination TEXT NOT NULL,
	base INTEGER,
	payout INTEGER,
	currency TEXT,
	CONSTRAINT pk_will_pay PRIMARY KEY (board_id, bet_type, combination),
	CONSTRAINT fk_will_pay_board_id FOREIGN KEY(board_id) REFERENCES board (board_id)
)
 WITHOUT ROWID,
 STRICT;

CREATE INDEX idx_alert_delivery_notification ON alert_delivery (notification_id);

CREATE INDEX idx_alert_delivery_open ON alert_delivery (alert_id) WHERE state IN ('pending', 'leased');

CREATE INDEX idx_alert_delivery_untold ON alert_delivery (notification_id, alert_id) WHERE state = 'capped' AND notification_id IS NULL;

CREATE INDEX idx_alert_race ON alert (race_id, triggered_at DESC);

CREATE INDEX idx_alert_sent ON alert (sent, triggered_at DESC);

CREATE INDEX idx_alert_state_race ON alert_state (race_id);

CREATE INDEX idx_board_pending ON board (race_id, fetched_at) WHERE evaluated_at IS NULL;

CREATE INDEX idx_change_race ON change (race_id, at);

CREATE INDEX idx_crawl_run_job ON crawl_run (job_id);

CREATE INDEX idx_crawl_run_track ON crawl_run (track, started_at);

CREATE INDEX idx_job_queue_next ON job_queue (project, priority, queue_id);

CREATE INDEX idx_notification_due ON notification (next_at) WHERE state IN ('pending', 'leased');

CREATE INDEX idx_notification_recent ON notification (recipient, channel, created_at, scope);

CREATE INDEX idx_race_date ON race (race_date);

CREATE INDEX idx_slot_update ON slot (update_run_id) WHERE update_run_id IS NOT NULL;

CREATE INDEX idx_watchlist_name ON watchlist (name);

CREATE VIEW alert_log AS
SELECT
  a.alert_id AS alert_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', a.triggered_at / 1000.0, 'unixepoch') AS triggered_at,
  a.rule AS rule,
  a.alert_type AS alert_type,
  a.severity AS severity,
  k.key AS track,
  r.race_date AS race_date,
  r.race_number AS race_number,
  a.subject AS subject,
  a.message AS message,
  a.sent AS sent,
  strftime('%Y-%m-%dT%H:%M:%fZ', a.sent_at / 1000.0, 'unixepoch') AS sent_at,
  a.race_id AS race_id
FROM alert AS a
LEFT JOIN race AS r ON r.race_id = a.race_id
LEFT JOIN track AS k ON k.track_id = r.track_id;

CREATE VIEW exacta_probable AS
SELECT
  b.board_id || '-' || f.label || '-' || t.label AS exacta_id,
  b.race_id AS race_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at,
  f.label AS first_horse,
  t.label AS second_horse,
  CAST(c.value AS DOUBLE PRECISION) / CASE g.currency WHEN 'JPY' THEN 1.0 ELSE 100.0 END AS payout,
  (
    SELECT json_extract((SELECT h.amounts FROM pool_change AS h JOIN board AS s ON s.board_id = h.board_id
      WHERE s.race_id = b.race_id AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
      ORDER BY s.fetched_at DESC LIMIT 1), '$[' || (q.position) || ']') FROM pool AS q
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'exacta' AND q.interest_id IS NULL) AS total_exacta_pool,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS created_at,
  b.fetched_at AS fetched_at_ms,
  CAST(g.base AS DOUBLE PRECISION) / CASE g.currency WHEN 'JPY' THEN 1.0 ELSE 100.0 END AS base,
  g.currency AS currency,
  b.board_id AS board_id,
  o.name AS source,
  CASE WHEN c.value >= g.cap THEN 1 ELSE 0 END AS capped
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN pair_grid AS g ON g.board_id = b.board_id AND g.bet_type = 'exacta'
JOIN json_each(g.payouts) AS c ON c.value IS NOT NULL
JOIN betting_interest AS f ON f.interest_id = json_extract(g.interests, '$[' || (c.key / ((length(g.interests) - length(replace(g.interests, ',', ''))) + 1)) || ']')
JOIN betting_interest AS t ON t.interest_id = json_extract(g.interests, '$[' || (c.key % ((length(g.interests) - length(replace(g.interests, ',', ''))) + 1)) || ']');

CREATE VIEW odds_snapshot AS
SELECT
  b.board_id * 4294967296 + e.entry_id AS snapshot_id,
  b.race_id AS race_id,
  e.entry_id AS entry_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at,
  CAST(p.price AS DOUBLE PRECISION) / 1000 - 1 AS win_odds,
  CAST(p.price AS DOUBLE PRECISION) / 1000 AS win_odds_decimal,
  (
    SELECT json_extract((SELECT h.amounts FROM pool_change AS h JOIN board AS s ON s.board_id = h.board_id
      WHERE s.race_id = b.race_id AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
      ORDER BY s.fetched_at DESC LIMIT 1), '$[' || (q.position) || ']') FROM pool AS q
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'win' AND q.interest_id = e.interest_id) AS win_pool_amount,
  (
    SELECT json_extract((SELECT h.amounts FROM pool_change AS h JOIN board AS s ON s.board_id = h.board_id
      WHERE s.race_id = b.race_id AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
      ORDER BY s.fetched_at DESC LIMIT 1), '$[' || (q.position) || ']') FROM pool AS q
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = 'win' AND q.interest_id IS NULL) AS total_win_pool,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS created_at,
  b.fetched_at AS fetched_at_ms,
  CASE p.status WHEN 0 THEN 'active' WHEN 1 THEN 'capped' WHEN 2 THEN 'scratched' WHEN 3 THEN 'missing' END AS win_status,
  b.board_id AS board_id,
  o.name AS source
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN entry AS e ON e.race_id = b.race_id
LEFT JOIN price_change AS p ON p.interest_id = e.interest_id AND p.market = 0 AND p.board_id = (
    SELECT c.board_id FROM price_change AS c JOIN board AS s ON s.board_id = c.board_id
    WHERE c.interest_id = e.interest_id AND c.market = 0 AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1);

CREATE VIEW price_log AS
SELECT
  k.key AS track,
  r.race_date AS race_date,
  r.race_number AS race_number,
  i.label AS label,
  CASE p.market WHEN 0 THEN 'win_tote' WHEN 1 THEN 'win_fixed' WHEN 2 THEN 'place_low' WHEN 3 THEN 'place_high' WHEN 4 THEN 'win_back' WHEN 5 THEN 'win_lay' WHEN 6 THEN 'win_last' WHEN 7 THEN 'place_back' WHEN 8 THEN 'place_lay' WHEN 9 THEN 'place_last' END AS market,
  CAST(p.price AS DOUBLE PRECISION) / 1000 AS decimal_odds,
  CASE p.status WHEN 0 THEN 'active' WHEN 1 THEN 'capped' WHEN 2 THEN 'scratched' WHEN 3 THEN 'missing' END AS status,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at,
  b.minutes_to_post AS minutes_to_post,
  CASE b.status WHEN 0 THEN 'scheduled' WHEN 1 THEN 'open' WHEN 2 THEN 'closed' WHEN 3 THEN 'unofficial' WHEN 4 THEN 'official' WHEN 5 THEN 'cancelled' WHEN 6 THEN 'postponed' END AS race_status,
  b.flags AS flags,
  o.name AS source,
  b.fetched_at AS fetched_at_ms,
  r.race_id AS race_id,
  i.interest_id AS interest_id,
  b.board_id AS board_id
FROM price_change AS p
JOIN board AS b ON b.board_id = p.board_id
JOIN source AS o ON o.source_id = b.source_id
JOIN betting_interest AS i ON i.interest_id = p.interest_id
JOIN race AS r ON r.race_id = i.race_id
JOIN track AS k ON k.track_id = r.track_id;

CREATE VIEW race_log AS
SELECT
  r.race_id AS race_id,
  k.key AS track,
  r.race_date AS race_date,
  r.race_number AS race_number,
  r.name AS name,
  r.status AS status,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.post_time / 1000.0, 'unixepoch') AS post_time,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.off_at / 1000.0, 'unixepoch') AS off_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.official_at / 1000.0, 'unixepoch') AS official_at,
  r.race_type AS race_type,
  r.surface AS surface,
  k.timezone AS timezone
FROM race AS r
JOIN track AS k ON k.track_id = r.track_id;
