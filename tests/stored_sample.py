"""A small day as it is stored: a coupled entry, a horse whose name is a formula, pools, pairs, a result, two alerts."""

import datetime as dt
from pathlib import Path

from sqlalchemy import Connection, insert

from horses_scrapy.clock import to_ms
from horses_scrapy.config import Settings, Track
from horses_scrapy.items import (
    Entry,
    Finisher,
    OddsItem,
    PairGrid,
    PairPrice,
    Payoff,
    Pool,
    Price,
    RaceItem,
    ResultItem,
    Source,
)
from horses_scrapy.storage import schema, writer

TRACK = Track(
    key="demo",
    code="DMO",
    name="Synthetic Downs",
    country="US",
    timezone="America/New_York",
    source="demo",
    source_key="DMO",
    base_url="http://127.0.0.1:1",
    currency="USD",
)
DAY = dt.date(2026, 5, 2)
SOURCE = Source("demo", "board", "display")
FORMULA = "=cmd()"


def settings_in(home: Path, **system: str) -> Settings:
    return Settings.model_validate({"home": home, "config_file": home / "config" / "config.yaml", "system": system})


def at(seconds: int, day: dt.date = DAY) -> dt.datetime:
    """Seconds after 20:00 UTC; the post is at 1800."""
    return dt.datetime.combine(day, dt.time(20), dt.UTC) + dt.timedelta(seconds=seconds)


def fill(connection: Connection, races: int = 2, day: dt.date = DAY) -> None:
    for race in range(1, races + 1):
        for item in (card(race, day), *(board(race, seconds, day) for seconds in (0, 60, 120)), result(race, day)):
            store(connection, item)
    _alerts(connection)


def store(connection: Connection, item: RaceItem | OddsItem | ResultItem):
    how = {RaceItem: writer.store_race, OddsItem: writer.store_board, ResultItem: writer.store_result}[type(item)]
    return how(connection, item, TRACK, run_id=None, now_ms=to_ms(item.fetched_at))


def common(race: int, seconds: int, day: dt.date) -> dict:
    given = {"track": "demo", "race_date": day, "race_number": race, "source": SOURCE}
    return {**given, "url": f"http://127.0.0.1:1/{race}", "fetched_at": at(seconds, day)}


def card(race: int = 1, day: dt.date = DAY, seconds: int = 0, **fields) -> RaceItem:
    entries = (
        Entry(program_number="1", label="1", horse="Alpha", jockey="A. Rider", morning_line=3500),
        Entry(program_number="1A", label="1", horse="Alphabet", jockey="B. Rider"),
        Entry(program_number="2", label="2", horse=FORMULA, jockey="@SUM(1)"),
    )
    given = {"source_key": f"R{race}", "post_time": at(1800, day), "status": "scheduled", "entries": entries}
    return RaceItem(**common(race, seconds, day), **{**given, **fields})


def board(race: int, seconds: int, day: dt.date = DAY, **fields) -> OddsItem:
    """Horse 2 stands still; the total moves, the pool on 1 stands still."""
    prices = (
        Price(label="1", market="win_tote", price=3000 + 10 * seconds),
        Price(label="2", market="win_tote", price=None if seconds == 0 else 2500),
    )
    pools = (
        Pool(bet_type="win", amount=100_050 + seconds, currency="USD"),
        Pool(bet_type="win", amount=5000, currency="USD", label="1"),
    )
    cells = (PairPrice(first="1", second="2", payout=1250), PairPrice(first="2", second="1", payout=99_900))
    pairs = PairGrid(bet_type="exacta", base=200, currency="USD", fetched_at=at(seconds, day), prices=cells, cap=99_900)
    given = {"status": "open", "prices": prices, "pools": pools, "grids": (pairs,), "minutes_to_post": 30}
    return OddsItem(**common(race, seconds, day), **{**given, **fields})


def result(race: int, day: dt.date = DAY) -> ResultItem:
    paid = Payoff(bet_type="exacta", combination="2-1", base=200, payout=1370, currency="USD")
    finishers = (Finisher(position=1, program_number="2"), Finisher(position=2, program_number="1"))
    return ResultItem(**common(race, 1900, day), status="official", finishers=finishers, payoffs=(paid,))


def _alerts(connection: Connection) -> None:
    now = to_ms(at(60))
    alert = {
        "rule": "short", "alert_type": "win_odds_below", "scope": "race:1", "race_id": 1, "market": "win_tote",
        "subject": "1", "unit": "price", "threshold_value": 4000, "actual_value": 3600, "previous_value": None,
        "message": "1 is 13-5", "detail": "{}", "triggered_at": now, "board_id": 2, "created_at": now,
        "committed_mono": 1,
    }  # fmt: skip
    connection.execute(insert(schema.alert).values(alert_id=1, sent=1, sent_at=now + 500, **alert))
    rows = [{"alert_id": 1, "recipient": to, "channel": "mail", "state": state}
            for to, state in (("a@example.com", "sent"), ("b@example.com", "muted"))]  # fmt: skip
    connection.execute(insert(schema.alert_delivery), rows)
