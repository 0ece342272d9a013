"""Seed 001's odds_snapshot and exacta_probable, as views over the boards. For people, scripts and spreadsheets.

Odds are plain numbers: win_odds is profit per 1 (2.5 for 5-2), win_odds_decimal is 3.5; both are null where the board
quoted nothing. Pools are whole minor units (cents), as the seed's integers ask; payout is in currency units for `base`; `capped` is 1 where
it stands for "this or more".
fetched_at and created_at are epoch milliseconds UTC, so that the boards' index serves ranges and order;
fetched_at_utc is the same as text.
"""

from types import MappingProxyType

_AS_OF = """
    SELECT c.{value} FROM {table} AS c JOIN board AS s ON s.board_id = c.board_id
    WHERE {key} AND s.source_id = b.source_id AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1"""
_UNITS = "CASE g.currency WHEN 'JPY' THEN 1.0 ELSE 100.0 END"  # minor units in one: horses_scrapy/money.py
_PRICE = _AS_OF.format(
    value="board_id", table="price_change", key="c.interest_id = e.interest_id AND c.market = 'win_tote'"
)


def _pool(bet_type: str, interest: str) -> str:
    return f"""
    SELECT c.amount FROM pool AS q JOIN pool_change AS c ON c.pool_id = q.pool_id JOIN board AS s ON s.board_id = c.board_id
    WHERE q.race_id = b.race_id AND q.source_id = b.source_id AND q.bet_type = '{bet_type}' AND q.interest_id {interest}
      AND s.fetched_at <= b.fetched_at
    ORDER BY s.fetched_at DESC LIMIT 1"""  # noqa: S608 - constants only


# One row per entry and board, heartbeats included: what the board showed, though only changes are stored.
ODDS_SNAPSHOT = f"""CREATE VIEW odds_snapshot AS
SELECT
  b.board_id * 4294967296 + e.entry_id AS snapshot_id,
  b.race_id AS race_id,
  e.entry_id AS entry_id,
  b.fetched_at AS fetched_at,
  p.price / 1000.0 - 1 AS win_odds,
  p.price / 1000.0 AS win_odds_decimal,
  ({_pool("win", "= e.interest_id")}) AS win_pool_amount,
  ({_pool("win", "IS NULL")}) AS total_win_pool,
  b.fetched_at AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at_utc,
  p.status AS win_status,
  b.board_id AS board_id,
  o.name AS source
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN entry AS e ON e.race_id = b.race_id
LEFT JOIN price_change AS p ON p.interest_id = e.interest_id AND p.market = 'win_tote' AND p.board_id = ({_PRICE})"""  # noqa: S608

# One row per pair and stored grid: a grid is stored where any cell differs from the one before.
EXACTA_PROBABLE = f"""CREATE VIEW exacta_probable AS
SELECT
  g.grid_id || '-' || c.first || '-' || c.second AS exacta_id,
  b.race_id AS race_id,
  b.fetched_at AS fetched_at,
  f.label AS first_horse,
  t.label AS second_horse,
  c.payout / {_UNITS} AS payout,
  ({_pool("exacta", "IS NULL")}) AS total_exacta_pool,
  b.fetched_at AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', b.fetched_at / 1000.0, 'unixepoch') AS fetched_at_utc,
  g.base / {_UNITS} AS base,
  g.currency AS currency,
  b.board_id AS board_id,
  o.name AS source,
  c.payout >= coalesce(g.cap, 9223372036854775807) AS capped
FROM board AS b
JOIN source AS o ON o.source_id = b.source_id
JOIN pair_grid AS g ON g.board_id = b.board_id AND g.bet_type = 'exacta'
JOIN pair_price AS c ON c.grid_id = g.grid_id
JOIN betting_interest AS f ON f.interest_id = c.first
JOIN betting_interest AS t ON t.interest_id = c.second"""  # noqa: S608

VIEWS = MappingProxyType({"odds_snapshot": ODDS_SNAPSHOT, "exacta_probable": EXACTA_PROBABLE})
