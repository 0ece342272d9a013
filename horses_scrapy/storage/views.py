"""Views for people, scripts and spreadsheets: seed 001's odds_snapshot and exacta_probable, and logs with times as text.

Odds are plain numbers: win_odds is profit per 1 (2.5 for 5-2), win_odds_decimal is 3.5; both are null where the board
quoted nothing. Pools are whole minor units (cents), as the seed's integers ask; payout is in currency units for `base`;
`capped` is 1 where it stands for "this or more". Times are ISO text, UTC; `fetched_at_ms` is the same as a number, and the
boards' index serves ranges and order of that one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from horses_scrapy.storage.coded import MARKET, PRICE_STATUS, RACE_STATUS

_UNITS = "CASE g.currency WHEN 'JPY' THEN 1.0 ELSE 100.0 END"  # minor units in one: horses_scrapy/money.py
_WIN = MARKET.words.index("win_tote")


@dataclass(frozen=True, slots=True)
class Words:
    """What the two databases say differently. `element(array, place)` is one of a JSON array's numbers, null if absent."""

    utc: Callable[[str], str]
    element: Callable[[str, str], str]
    cells: str
    cell: str
    place: str


SQLITE = Words(
    utc=lambda ms: f"strftime('%Y-%m-%dT%H:%M:%fZ', {ms} / 1000.0, 'unixepoch')",
    element=lambda array, place: f"json_extract({array}, '$[' || ({place}) || ']')",
    cells="JOIN json_each(g.payouts) AS c ON c.value IS NOT NULL",
    cell="c.value",
    place="c.key",
)
POSTGRESQL = Words(
    utc=lambda ms: f"to_char(to_timestamp({ms} / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
    element=lambda array, place: f"({array}::json ->> ({place})::int)::bigint",
    cells="JOIN json_array_elements_text(g.payouts::json) WITH ORDINALITY AS c(value, number) ON c.value IS NOT NULL",
    cell="c.value::bigint",
    place="(c.number - 1)",
)


def statements(dialect: str) -> Mapping[str, str]:
    """Name -> CREATE VIEW, for `sqlite` or `postgresql`."""
    words = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[dialect]
    makers = {
        "odds_snapshot": _odds_snapshot,
        "exacta_probable": _exacta_probable,
        "price_log": _price_log,
        "race_log": _race_log,
        "alert_log": _alert_log,
    }
    return {name: f"CREATE VIEW {name} AS\n{maker(words)}" for name, maker in makers.items()}


def _pool(words: Words, bet_type: str, interest: str) -> str:
    """What the board `b` showed in a pool: of the newest row at or before it."""
    amounts = """SELECT h.amounts FROM pool_change AS h JOIN board AS s ON s.board_id = h.board_id
      WHERE s.race_id = b.race_id AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
      ORDER BY s.fetched_at DESC LIMIT 1"""
    return f"""(
    SELECT {words.element(f"({amounts})", "q.position")} FROM pool AS q
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = '{bet_type}' AND q.interest_id {interest})"""  # noqa: S608 - constants only


def _odds_snapshot(words: Words) -> str:
    """One row per entry and board, heartbeats included: what the board showed, though only changes are stored."""
    return f"""SELECT
  b.board_id * 4294967296 + e.entry_id AS snapshot_id,
  b.race_id AS race_id,
  e.entry_id AS entry_id,
  {words.utc("b.fetched_at")} AS fetched_at,
  CAST(p.price AS DOUBLE PRECISION) / 1000 - 1 AS win_odds,
  CAST(p.price AS DOUBLE PRECISION) / 1000 AS win_odds_decimal,
  {_pool(words, "win", "= e.interest_id")} AS win_pool_amount,
  {_pool(words, "win", "IS NULL")} AS total_win_pool,
  {words.utc("b.fetched_at")} AS created_at,
  b.fetched_at AS fetched_at_ms,
  {PRICE_STATUS.sql_case("p.status")} AS win_status,
  b.board_id AS board_id,
  o.name AS source
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN entry AS e ON e.race_id = b.race_id
LEFT JOIN price_change AS p ON p.interest_id = e.interest_id AND p.market = {_WIN} AND p.board_id = (
    SELECT c.board_id FROM price_change AS c JOIN board AS s ON s.board_id = c.board_id
    WHERE c.interest_id = e.interest_id AND c.market = {_WIN} AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1)"""  # noqa: S608


def _exacta_probable(words: Words) -> str:
    """One row per pair and stored grid: a grid is stored where any cell differs from the one before."""
    size = "((length(g.interests) - length(replace(g.interests, ',', ''))) + 1)"
    first, second = f"{words.place} / {size}", f"{words.place} % {size}"
    return f"""SELECT
  b.board_id || '-' || f.label || '-' || t.label AS exacta_id,
  b.race_id AS race_id,
  {words.utc("b.fetched_at")} AS fetched_at,
  f.label AS first_horse,
  t.label AS second_horse,
  CAST({words.cell} AS DOUBLE PRECISION) / {_UNITS} AS payout,
  {_pool(words, "exacta", "IS NULL")} AS total_exacta_pool,
  {words.utc("b.fetched_at")} AS created_at,
  b.fetched_at AS fetched_at_ms,
  CAST(g.base AS DOUBLE PRECISION) / {_UNITS} AS base,
  g.currency AS currency,
  b.board_id AS board_id,
  o.name AS source,
  CASE WHEN {words.cell} >= g.cap THEN 1 ELSE 0 END AS capped
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN pair_grid AS g ON g.board_id = b.board_id AND g.bet_type = 'exacta'
{words.cells}
JOIN betting_interest AS f ON f.interest_id = {words.element("g.interests", first)}
JOIN betting_interest AS t ON t.interest_id = {words.element("g.interests", second)}"""  # noqa: S608


def _price_log(words: Words) -> str:
    """One row per change of a price, in any market."""
    return f"""SELECT
  k.key AS track,
  r.race_date AS race_date,
  r.race_number AS race_number,
  i.label AS label,
  {MARKET.sql_case("p.market")} AS market,
  CAST(p.price AS DOUBLE PRECISION) / 1000 AS decimal_odds,
  {PRICE_STATUS.sql_case("p.status")} AS status,
  {words.utc("b.fetched_at")} AS fetched_at,
  b.minutes_to_post AS minutes_to_post,
  {RACE_STATUS.sql_case("b.status")} AS race_status,
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
JOIN track AS k ON k.track_id = r.track_id"""  # noqa: S608


def _race_log(words: Words) -> str:
    return f"""SELECT
  r.race_id AS race_id,
  k.key AS track,
  r.race_date AS race_date,
  r.race_number AS race_number,
  r.name AS name,
  r.status AS status,
  {words.utc("r.post_time")} AS post_time,
  {words.utc("r.off_at")} AS off_at,
  {words.utc("r.official_at")} AS official_at,
  r.race_type AS race_type,
  r.surface AS surface,
  k.timezone AS timezone
FROM race AS r
JOIN track AS k ON k.track_id = r.track_id"""  # noqa: S608


def _alert_log(words: Words) -> str:
    return f"""SELECT
  a.alert_id AS alert_id,
  {words.utc("a.triggered_at")} AS triggered_at,
  a.rule AS rule,
  a.alert_type AS alert_type,
  a.severity AS severity,
  k.key AS track,
  r.race_date AS race_date,
  r.race_number AS race_number,
  a.subject AS subject,
  a.message AS message,
  a.sent AS sent,
  {words.utc("a.sent_at")} AS sent_at,
  a.race_id AS race_id
FROM alert AS a
LEFT JOIN race AS r ON r.race_id = a.race_id
LEFT JOIN track AS k ON k.track_id = r.track_id"""  # noqa: S608
