import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from horses_scrapy.clock import Clock, to_ms
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
from horses_scrapy.storage.engine import Store, open_store

POST = dt.datetime(2026, 5, 2, 20, 30, tzinfo=dt.UTC)
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


class Meeting:
    """Makes items of one race day, and stores them. Times are seconds after 20:00 UTC; `now_ms` counts up."""

    track = TRACK
    demo = Source("demo", "board", "display")
    other = Source("other", "decimal", "pool")

    @staticmethod
    def at(seconds: int) -> dt.datetime:
        return dt.datetime(2026, 5, 2, 20, 0, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)

    def ms(self, seconds: int) -> int:
        return to_ms(self.at(seconds))

    def _common(self, seconds: int, race: int, source: Source | None) -> dict:
        return {
            "track": "demo",
            "race_date": dt.date(2026, 5, 2),
            "race_number": race,
            "source": source or self.demo,
            "url": f"http://127.0.0.1:1/{race}",
            "fetched_at": self.at(seconds),
        }

    def card(self, seconds=0, *, race=1, source=None, entries=None, **fields) -> RaceItem:
        given = {"source_key": f"R{race}", "post_time": POST, "status": "scheduled"} | fields
        return RaceItem(
            **self._common(seconds, race, source), entries=self.field() if entries is None else entries, **given
        )

    @staticmethod
    def entry(number: str, horse: str, **fields) -> Entry:
        return Entry(**{"program_number": number, "label": number.rstrip("ABX"), "horse": horse} | fields)

    def field(self) -> tuple[Entry, ...]:
        return (
            self.entry("1", "Alpha (IRE)", jockey="A. Rider", trainer="T. One", morning_line=3500),
            self.entry("1A", "Alphabet", jockey="B. Rider"),
            self.entry("2", "Bravo", jockey="C. Rider", morning_line=2000),
            self.entry("10", "Juliet", jockey="D. Rider"),
        )

    def board(
        self, seconds=0, prices=None, *, race=1, source=None, pools=None, exacta=None, status="open", **fields
    ) -> OddsItem:
        """prices: label -> price; pools: label or None -> amount in the win pool; exacta: (first, second) -> payout."""
        grids = fields.pop("grids", () if exacta is None else (self.grid(seconds, exacta),))
        return OddsItem(
            **self._common(seconds, race, source),
            status=status,
            prices=fields.pop("raw_prices", tuple(self.price(*one) for one in (prices or {}).items())),
            pools=tuple(
                Pool(bet_type="win", amount=amount, currency="USD", label=label)
                for label, amount in (pools or {}).items()
            ),
            grids=grids,
            **fields,
        )

    @staticmethod
    def price(label, price, market="win_tote") -> Price:
        if price == "SCR":
            return Price(label=label, market=market, price=None, status="scratched")
        return Price(label=label, market=market, price=price)

    def grid(self, seconds, cells, *, bet_type="exacta", base=200, currency="USD") -> PairGrid:
        return PairGrid(
            bet_type=bet_type,
            base=base,
            currency=currency,
            fetched_at=self.at(seconds),
            prices=tuple(PairPrice(first=a, second=b, payout=payout) for (a, b), payout in cells.items()),
        )

    def result(
        self, seconds=1900, order=("2", "1", "10"), *, race=1, source=None, status="official", payoffs=None, **fields
    ):
        if payoffs is None:
            payoffs = {("win", order[0]): 420, ("exacta", f"{order[0]}-{order[1]}"): 1370}
        return ResultItem(
            **self._common(seconds, race, source),
            status=status,
            finishers=tuple(Finisher(position=place, program_number=number) for place, number in enumerate(order, 1)),
            payoffs=tuple(
                Payoff(bet_type=bet, combination=which, base=200, payout=paid, currency="USD")
                for (bet, which), paid in payoffs.items()
            ),
            **fields,
        )

    def put(self, connection, item, *, now_ms=None, run_id=None):
        store = {RaceItem: writer.store_race, OddsItem: writer.store_board, ResultItem: writer.store_result}[type(item)]
        now = to_ms(item.fetched_at) + 500 if now_ms is None else now_ms
        return store(connection, item, TRACK, run_id=run_id, now_ms=now)

    @staticmethod
    def dump(connection) -> dict:
        """Every row of every table."""
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
        }

    def changes(self, connection) -> list[tuple]:
        c = schema.change.c
        number = schema.entry.c.program_number
        joined = select(number, c.field, c.old, c.new).outerjoin(schema.entry, schema.entry.c.entry_id == c.entry_id)
        return [tuple(row) for row in connection.execute(joined.order_by(c.change_id))]


@pytest.fixture(scope="session")
def meeting():
    return Meeting()


def settings_in(home: Path, **system: str) -> Settings:
    return Settings.model_validate({"home": home, "config_file": home / "config" / "config.yaml", "system": system})


@pytest.fixture(scope="session")
def settings_at():
    return settings_in


@pytest.fixture(scope="session")
def settings_of():
    """Settings with which an open store is opened once more."""

    def of(store: Store) -> Settings:
        if store.path is not None:
            return settings_in(store.path.parent.parent)
        return settings_in(Path("/nowhere"), database_url=store.address.url.render_as_string(hide_password=False))

    return of


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path)


@pytest.fixture(scope="session")
def blank(tmp_path_factory):
    """A created database, made once: copying it is quicker than migrating for each test."""
    store = open_store(settings_in(tmp_path_factory.mktemp("blank")), Clock())
    store.close()
    return store.path


@contextmanager
def _sqlite_store(home: Path, blank: Path) -> Iterator[Store]:
    (home / "data").mkdir(parents=True)
    shutil.copy(blank, home / "data" / "horses.db")
    with closing(open_store(settings_in(home), Clock())) as made:
        yield made


@contextmanager
def _postgres_store(home: Path, database: Any) -> Iterator[Store]:
    with database as url, closing(open_store(settings_in(home, database_url=url), Clock())) as made:
        yield made


@pytest.fixture
def sqlite_store(blank, tmp_path):
    """For what is SQLite's own."""
    with _sqlite_store(tmp_path / "home", blank) as made:
        yield made


@pytest.fixture
def postgres_store(postgres, tmp_path):
    """For what is PostgreSQL's own."""
    with _postgres_store(tmp_path / "home", postgres.borrowed()) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def own_store(request, blank, tmp_path):
    """One whose tables may be changed."""
    if request.param == "sqlite":
        opened = _sqlite_store(tmp_path / "home", blank)
    else:
        opened = _postgres_store(tmp_path / "home", request.getfixturevalue("postgres").own())
    with opened as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def store(request) -> Store:
    """An empty database of each kind."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_store(request, blank, tmp_path_factory):
    """One for all examples of a property: each takes a race of its own."""
    home = tmp_path_factory.mktemp("shared") / "home"
    if request.param == "sqlite":
        opened = _sqlite_store(home, blank)
    else:
        opened = _postgres_store(home, request.getfixturevalue("postgres").borrowed())
    with opened as made:
        yield made
