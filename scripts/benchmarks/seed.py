"""What this project is measured against: the schema that it was asked for at first, and rows as that code wrote them.

One row per entry and poll, one per pair and poll, times as text: local without a zone as sqlite3 writes a datetime.now(),
created_at by the table's default.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from horses_scrapy.clock import from_ms
from horses_scrapy.simulator.bulk import LABELS, PAIRS, RUNNERS, ZONE, BulkPlan, BulkRace, Poll

SCHEMA = """
-- Track information
CREATE TABLE IF NOT EXISTS track (
    track_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE NOT NULL,
    code TEXT,
    url TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- Race information
CREATE TABLE IF NOT EXISTS race (
    race_id INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id INTEGER NOT NULL,
    race_date DATE NOT NULL,
    race_number INTEGER NOT NULL,
    post_time TIME,
    status TEXT DEFAULT 'scheduled',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (track_id) REFERENCES track(track_id),
    UNIQUE(track_id, race_date, race_number)
);

-- Horse information (normalized)
CREATE TABLE IF NOT EXISTS horse (
    horse_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(name)
);

-- Race entries
CREATE TABLE IF NOT EXISTS entry (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
    race_id INTEGER NOT NULL,
    horse_id INTEGER NOT NULL,
    program_number TEXT NOT NULL,
    morning_line_odds REAL,
    jockey TEXT,
    trainer TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (race_id) REFERENCES race(race_id),
    FOREIGN KEY (horse_id) REFERENCES horse(horse_id),
    UNIQUE(race_id, program_number)
);

-- Odds snapshots
CREATE TABLE IF NOT EXISTS odds_snapshot (
    snapshot_id INTEGER PRIMARY KEY AUTOINCREMENT,
    race_id INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    fetched_at TIMESTAMP NOT NULL,
    win_odds REAL,
    win_odds_decimal REAL,
    win_pool_amount INTEGER,
    total_win_pool INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (race_id) REFERENCES race(race_id),
    FOREIGN KEY (entry_id) REFERENCES entry(entry_id)
);

-- Exacta probables (separate table for flexibility)
CREATE TABLE IF NOT EXISTS exacta_probable (
    exacta_id INTEGER PRIMARY KEY AUTOINCREMENT,
    race_id INTEGER NOT NULL,
    fetched_at TIMESTAMP NOT NULL,
    first_horse TEXT NOT NULL,
    second_horse TEXT NOT NULL,
    payout REAL NOT NULL,
    total_exacta_pool INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (race_id) REFERENCES race(race_id)
);

-- Alerts
CREATE TABLE IF NOT EXISTS alert (
    alert_id INTEGER PRIMARY KEY AUTOINCREMENT,
    triggered_at TIMESTAMP NOT NULL,
    race_id INTEGER,
    entry_id INTEGER,
    alert_type TEXT NOT NULL,
    threshold_value REAL,
    actual_value REAL,
    message TEXT NOT NULL,
    sent BOOLEAN DEFAULT 0,
    sent_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (race_id) REFERENCES race(race_id),
    FOREIGN KEY (entry_id) REFERENCES entry(entry_id)
);

-- Indices for performance
CREATE INDEX IF NOT EXISTS idx_race_date ON race(race_date);
CREATE INDEX IF NOT EXISTS idx_race_track ON race(track_id, race_date);
CREATE INDEX IF NOT EXISTS idx_odds_race_time ON odds_snapshot(race_id, fetched_at DESC);
CREATE INDEX IF NOT EXISTS idx_odds_entry ON odds_snapshot(entry_id, fetched_at DESC);
CREATE INDEX IF NOT EXISTS idx_exacta_race_time ON exacta_probable(race_id, fetched_at DESC);
CREATE INDEX IF NOT EXISTS idx_alert_race ON alert(race_id, triggered_at DESC);
CREATE INDEX IF NOT EXISTS idx_alert_sent ON alert(sent, triggered_at DESC);
"""

INSERT_ODDS = """INSERT INTO odds_snapshot (race_id, entry_id, fetched_at, win_odds, win_odds_decimal, win_pool_amount, total_win_pool)
VALUES (?, ?, ?, ?, ?, ?, ?)"""
INSERT_EXACTA = """INSERT INTO exacta_probable (race_id, fetched_at, first_horse, second_horse, payout, total_exacta_pool)
VALUES (?, ?, ?, ?, ?, ?)"""
LATEST = "SELECT * FROM odds_snapshot WHERE race_id = ? ORDER BY fetched_at DESC LIMIT 10"
"""Of a race of ten: its newest rows."""
HISTORY = "SELECT fetched_at, win_odds_decimal FROM odds_snapshot WHERE entry_id = ? ORDER BY fetched_at DESC"

BOUTS_AT_ONCE = 10


def fill(database: Any, plan: BulkPlan) -> None:
    """The plan's boards, in the order in which they come; entries are numbered as ours are. Quickly: in large transactions."""
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA cache_size=-65536")
    database.executescript(SCHEMA)
    _insert_tracks(database, plan)
    horses: dict[str, int] = {}
    bouts = enumerate(plan.bouts())
    while some := list(islice(bouts, BOUTS_AT_ONCE)):
        database.execute("BEGIN")
        for place, bout in some:
            first = place * len(plan.tracks) + 1
            for race_id, race in enumerate(bout, first):
                _insert_card(database, race_id, race, horses)
            database.executemany(INSERT_ODDS, _odds(bout, first))
            if plan.grids_every:
                database.executemany(INSERT_EXACTA, _exactas(bout, first))
        database.execute("COMMIT")


def _insert_tracks(database: Any, plan: BulkPlan) -> None:
    rows = [(track.name, track.code, track.page) for track in plan.tracks]
    database.executemany("INSERT INTO track (name, code, url) VALUES (?, ?, ?)", rows)


def _insert_card(database: Any, race_id: int, race: BulkRace, horses: dict[str, int]) -> None:
    post = from_ms(race.post).astimezone(ZoneInfo(ZONE)).strftime("%H:%M:%S")
    database.execute(
        "INSERT INTO race (track_id, race_date, race_number, post_time, status) VALUES (?, ?, ?, ?, 'official')",
        (race.lane + 1, race.date.isoformat(), race.number, post),
    )
    for label, runner in zip(LABELS, race.runners, strict=True):
        if runner.horse not in horses:
            horses[runner.horse] = database.execute("INSERT INTO horse (name) VALUES (?)", (runner.horse,)).lastrowid
        database.execute(
            "INSERT INTO entry (race_id, horse_id, program_number, morning_line_odds, jockey, trainer) VALUES (?, ?, ?, ?, ?, ?)",
            (race_id, horses[runner.horse], label, runner.morning_line / 1000, runner.jockey, runner.trainer),
        )


def _turns(bout: list[BulkRace], first: int) -> Iterator[tuple[int, Poll, str]]:
    """Race id, board, and its time as text."""
    zone = ZoneInfo(ZONE)
    for turn in zip(*(race.polls() for race in bout), strict=True):
        for race_id, poll in enumerate(turn, first):
            yield race_id, poll, from_ms(poll.at).astimezone(zone).replace(tzinfo=None).isoformat(" ")


def _odds(bout: list[BulkRace], first: int) -> Iterator[tuple[Any, ...]]:
    for race_id, poll, at in _turns(bout, first):
        entry_id = (race_id - 1) * RUNNERS + 1
        for place, price in enumerate(poll.prices):
            odds = price / 1000
            yield race_id, entry_id + place, at, odds - 1, odds, poll.win[place], poll.win_total


def _exactas(bout: list[BulkRace], first: int) -> Iterator[tuple[Any, ...]]:
    for race_id, poll, at in _turns(bout, first):
        for (one, two), payout in zip(PAIRS, poll.payouts or (), strict=False):
            yield race_id, at, LABELS[one], LABELS[two], payout / 100, poll.exacta_total
