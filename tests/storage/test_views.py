import re

import pytest
from sqlalchemy import inspect, text

ON_SQLITE = pytest.mark.parametrize("shared_store", ["sqlite"], indirect=True, scope="module")


def rows(connection, query, **parameters):
    return [dict(row) for row in connection.execute(text(query), parameters).mappings()]


@pytest.fixture
def connection(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        meeting.put(
            connection,
            meeting.board(60, {"1": 3500, "2": 2000}, pools={None: 900, "1": 400}, exacta={("1", "2"): 1370}),
        )
        meeting.put(connection, meeting.board(120, {"1": 3500, "2": 2000}, pools={None: 900, "1": 400}))
        meeting.put(
            connection,
            meeting.board(
                180, {"1": 2600, "2": "SCR"}, pools={None: 950, "1": 500}, exacta={("1", "2"): 1400, ("2", "1"): 995}
            ),
        )
        meeting.put(connection, meeting.board(90, {"1": 4000}, source=meeting.other))
        yield connection


def snapshot(connection, meeting, number, source="demo"):
    query = """SELECT s.* FROM odds_snapshot s JOIN entry e USING (entry_id)
        WHERE e.program_number = :number AND s.source = :source ORDER BY s.fetched_at_ms"""
    return [
        (row["fetched_at_ms"], row["win_odds"], row["win_odds_decimal"], row["win_pool_amount"], row["total_win_pool"])
        for row in rows(connection, query, number=number, source=source)
    ]


def test_odds_snapshot_has_a_row_per_entry_and_board(connection, meeting):
    alpha = [
        (meeting.ms(60), 2.5, 3.5, 400, 900),
        (meeting.ms(120), 2.5, 3.5, 400, 900),
        (meeting.ms(180), pytest.approx(1.6), 2.6, 500, 950),
    ]
    assert snapshot(connection, meeting, "1") == alpha
    assert snapshot(connection, meeting, "1A") == alpha  # a coupled entry is one interest
    assert snapshot(connection, meeting, "2") == [
        (meeting.ms(60), 1.0, 2.0, None, 900),
        (meeting.ms(120), 1.0, 2.0, None, 900),
        (meeting.ms(180), None, None, None, 950),
    ]
    assert snapshot(connection, meeting, "10") == [
        (meeting.ms(at), None, None, None, total) for at, total in ((60, 900), (120, 900), (180, 950))
    ]
    assert snapshot(connection, meeting, "1", "other") == [(meeting.ms(90), 3.0, 4.0, None, None)]


def test_a_row_has_one_identity_and_a_readable_time(connection):
    found = rows(connection, "SELECT * FROM odds_snapshot")
    assert len({row["snapshot_id"] for row in found}) == len(found) == 16
    assert {row["fetched_at"] for row in found} >= {"2026-05-02T20:01:00.000Z"}
    assert {row["fetched_at"] for row in found} == {row["created_at"] for row in found}
    assert {row["win_status"] for row in found} == {"active", "scratched", None}


def test_exacta_probable_has_a_row_per_pair_and_stored_grid(connection, meeting):
    found = rows(connection, "SELECT * FROM exacta_probable ORDER BY fetched_at, payout")
    assert [
        (row["fetched_at_ms"], row["first_horse"], row["second_horse"], row["payout"], row["base"]) for row in found
    ] == [
        (meeting.ms(60), "1", "2", 13.7, 2.0),
        (meeting.ms(180), "2", "1", 9.95, 2.0),
        (meeting.ms(180), "1", "2", 14.0, 2.0),
    ]
    assert len({row["exacta_id"] for row in found}) == 3


def test_total_exacta_pool(store, meeting):
    from horses_scrapy.items import OddsItem, Pool  # noqa: PLC0415

    item = meeting.board(0, exacta={("1", "2"): 1370})
    pools = (Pool(bet_type="exacta", amount=77_000, currency="USD"),)
    with store.write() as connection:
        meeting.put(connection, OddsItem(**{name: getattr(item, name) for name in item.__slots__} | {"pools": pools}))
        assert rows(connection, "SELECT total_exacta_pool FROM exacta_probable") == [{"total_exacta_pool": 77_000}]


SEED_COLUMNS = {
    "odds_snapshot": "snapshot_id race_id entry_id fetched_at win_odds win_odds_decimal win_pool_amount total_win_pool created_at",
    "exacta_probable": "exacta_id race_id fetched_at first_horse second_horse payout total_exacta_pool created_at",
}


@pytest.mark.parametrize("name", SEED_COLUMNS)
def test_views_keep_the_names_people_know(store, name):
    with store.read() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns(name)]
    assert columns[: len(SEED_COLUMNS[name].split())] == SEED_COLUMNS[name].split()


# What each index of the first design was for, on the tables and through the views. A history table is only searched.
PURPOSES = [
    ("idx_race_date", "SELECT * FROM race WHERE race_date = '2026-05-02'"),
    ("idx_race_date", "SELECT * FROM race WHERE race_date BETWEEN '2026-05-01' AND '2026-05-03'"),
    ("idx_race_track", "SELECT * FROM race WHERE track_id = 1 AND race_date = '2026-05-02'"),
    ("idx_odds_race_time", "SELECT * FROM odds_snapshot WHERE race_id = 1 ORDER BY fetched_at DESC LIMIT 20"),
    ("idx_odds_race_time", "SELECT * FROM odds_snapshot WHERE race_id = 1 ORDER BY fetched_at_ms DESC LIMIT 20"),
    ("idx_odds_race_time", "SELECT * FROM odds_snapshot WHERE race_id = 1 AND fetched_at_ms > 5"),
    (
        "idx_odds_race_time",
        "SELECT * FROM price_log WHERE race_id = 1 AND fetched_at_ms > 5",
    ),
    ("idx_odds_entry", "SELECT * FROM odds_snapshot WHERE entry_id = 1 ORDER BY fetched_at DESC"),
    (
        "idx_odds_entry",
        (
            "SELECT p.* FROM entry e JOIN price_change p USING (interest_id) JOIN board b USING (board_id)"
            " WHERE e.entry_id = 1 ORDER BY b.fetched_at DESC"
        ),
    ),
    ("idx_exacta_race_time", "SELECT * FROM exacta_probable WHERE race_id = 1 ORDER BY fetched_at DESC"),
    (
        "idx_exacta_race_time",
        "SELECT * FROM board JOIN pair_grid USING (board_id) WHERE race_id = 1",
    ),
    ("idx_alert_race", "SELECT * FROM alert WHERE race_id = 1 ORDER BY triggered_at DESC"),
    ("idx_alert_sent", "SELECT * FROM alert WHERE sent = 0 ORDER BY triggered_at DESC"),
]


# 60 races of 6 entries, 20 boards each, as rows; big enough that a planner that knows the sizes has a reason to search.
SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
FILL = [
    "INSERT INTO track VALUES (1, 'demo', 'Demo', 'DMO', NULL, 'US', 'UTC', 1, 1), (2, 'x', 'X', 'XXX', NULL, 'US', 'UTC', 1, 1)",
    "INSERT INTO source VALUES (1, 'demo', 'board', 'display'), (2, 'other', 'board', 'display')",
    SERIES.format(60) + "INSERT INTO race (race_id, track_id, race_date, race_number, created_at, updated_at)"
    " SELECT i, 1 + i % 2, date('2026-05-01', '+' || (i / 6) || ' days'), i, 1, 1 FROM n",
    SERIES.format(360) + "INSERT INTO betting_interest SELECT i, 1 + (i - 1) / 6, 1 + i % 6 FROM n",
    SERIES.format(360) + "INSERT INTO horse (horse_id, name, name_key, created_at) SELECT i, i, i, 1 FROM n",
    SERIES.format(360)
    + "INSERT INTO entry (entry_id, race_id, horse_id, interest_id, program_number, created_at, updated_at)"
    " SELECT i, 1 + (i - 1) / 6, i, i, 1 + i % 6, 1, 1 FROM n",
    SERIES.format(1200)
    + "INSERT INTO board (board_id, race_id, source_id, fetched_at, status) SELECT i, 1 + i % 60, 1, i, 1 FROM n",
    (
        "INSERT INTO price_change SELECT interest_id, 0, board_id, 2000 + board_id, 0"
        " FROM board JOIN betting_interest USING (race_id)"
    ),
    (
        "INSERT INTO pool (race_id, source_id, position, bet_type, interest_id, currency)"
        " SELECT race_id, 1, 0, 'win', NULL, 'USD' FROM race UNION ALL SELECT race_id, 1, 1, 'exacta', NULL, 'USD' FROM race"
        " UNION ALL SELECT race_id, 1, 1 + label, 'win', interest_id, 'USD' FROM betting_interest"
    ),
    "INSERT INTO pool_change SELECT board_id, '[1,2,3,4,5,6,7,8]' FROM board",
    (
        "INSERT INTO pair_grid (board_id, bet_type, base, currency, fetched_at, interests, payouts) SELECT board_id, 'exacta',"
        " 200, 'USD', 1, json_array(race_id * 6 - 5, race_id * 6 - 4), '[null,500,600,null]' FROM board"
    ),
    SERIES.format(600)
    + "INSERT INTO alert (rule, alert_type, scope, race_id, market, subject, unit, message, detail, triggered_at,"
    " sent, created_at, committed_mono) SELECT 'r', 't', 's', 1 + i % 60, 'm', i, 'u', 'm', '{{}}', i, i % 10 <> 0, 1, 1 FROM n".replace(
        "{{}}", "{}"
    ),
]


@pytest.fixture(scope="module")
def history(shared_store):
    with shared_store.write() as connection:
        for statement in FILL:
            connection.exec_driver_sql(statement)
    return shared_store


def full_scans(plan):
    """Aliases of what a plan reads from end to end; `o` is the handful of sources, `k` of tracks."""
    scans = (re.match(r"SCAN (\w+)(?! VIRTUAL)\b", row["detail"]) for row in plan)
    return [match[1] for match in scans if match and match[1] not in {"o", "k"}]


@ON_SQLITE
@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize(("purpose", "query"), PURPOSES)
def test_each_purpose_is_served_without_a_full_scan(history, purpose, query, analysed):
    with history.write() as connection, connection.begin_nested() as savepoint:
        if analysed:
            connection.exec_driver_sql("ANALYZE")
        assert full_scans(rows(connection, f"EXPLAIN QUERY PLAN {query}")) == []
        savepoint.rollback()  # leaves no statistics behind


@ON_SQLITE
def test_the_detector_sees_a_full_scan(history):
    with history.read() as connection:
        plan = rows(connection, "EXPLAIN QUERY PLAN SELECT * FROM price_change WHERE price = 5")
        assert full_scans(plan) == ["price_change"]
        assert rows(connection, "SELECT count(*) AS boards FROM board") == [{"boards": 1200}]
