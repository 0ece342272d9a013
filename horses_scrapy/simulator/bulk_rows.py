"""A big sample straight into the tables: the rows that store_race and store_board would have made of its items.

A test holds the two against each other. Boards and changes are marked as evaluated: no rule is to look at them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice

from sqlalchemy import Table

from horses_scrapy.odds import LADDER
from horses_scrapy.simulator.bulk import (
    BASE,
    CURRENCY,
    GRID_AFTER_MS,
    LABELS,
    RUNNERS,
    BulkPlan,
    BulkRace,
    Poll,
)
from horses_scrapy.simulator.bulk_items import SOURCE
from horses_scrapy.storage import arrays, identity, schema
from horses_scrapy.storage.bulk import Rows, code, insert_rows, refuse_filled
from horses_scrapy.storage.coded import MARKET, PRICE_STATUS, RACE_STATUS
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.names import name_key

BOUTS_AT_ONCE = 40
"""In one transaction: about 200,000 prices."""
STATUS_CODE = {status: code(RACE_STATUS, status) for status in ("open", "closed", "official")}
WIN = code(MARKET, "win_tote")
CAP = LADDER[-1]
ACTIVE, CAPPED = code(PRICE_STATUS, "active"), code(PRICE_STATUS, "capped")


@dataclass(frozen=True, slots=True)
class BulkRecorded:
    races: int
    boards: int
    observed: int


def record_bulk(store: Store, plan: BulkPlan, told: Callable[[int], object] = lambda _observed: None) -> BulkRecorded:
    """Fill an empty database; `told` hears after each transaction how many prices are in. Raises StoreError on a filled one."""
    with store.write() as connection:
        refuse_filled(connection, store.shown)
        source_id = identity.source_id(connection, SOURCE)
        first = next(plan.bouts())
        tracks = {race.track.key: identity.track_id(connection, race.track, race.card_at) for race in first}
    book = Book(source_id, tracks)
    bouts = plan.bouts()
    while some := list(islice(bouts, BOUTS_AT_ONCE)):
        for bout in some:
            book.run(bout)
        with store.write() as connection:
            insert_rows(connection, book.batches)
        book.clear()
        told(book.recorded.observed)
    return book.recorded


class _Running:
    """A race while its boards come: what the last one showed, and when each price last moved."""

    def __init__(self, race: BulkRace, race_id: int, interests: list[int]) -> None:
        self.race = race
        self.race_id = race_id
        self.interests = interests
        self.status = "scheduled"
        self.since: dict[str, int] = {}
        self.prices = [0] * RUNNERS
        self.moved_at = [0] * RUNNERS
        self.win: list[int] = []
        self.exacta = -1
        self.payouts: list[int] | None = None
        self.grid_interests = arrays.packed(interests)


class Book:
    """Gathers rows, in the order in which the tables take them: a parent before its children."""

    def __init__(self, source_id: int, tracks: Mapping[str, int]) -> None:
        self._source_id = source_id
        self._tracks = tracks
        self._horses: dict[str, int] = {}
        self._race_ids, self._interest_ids, self._board_ids = count(1), count(1), count(1)
        self._boards = self._races = 0
        self._horse = _rows(schema.horse, "horse_id", "name", "name_key", "created_at")
        self._race = _rows(
            schema.race, "race_id", "track_id", "race_date", "race_number", "name", "post_time", "status", "off_at",
            "official_at", "race_type", "surface", "created_at", "updated_at",
        )  # fmt: skip
        self._race_source = _rows(
            schema.race_source, "race_id", "source_id", "source_key", "url", "is_primary", "status"
        )
        self._interest = _rows(schema.betting_interest, "interest_id", "race_id", "label")
        self._entry = _rows(
            schema.entry, "race_id", "horse_id", "interest_id", "program_number", "post_position", "morning_line_odds",
            "jockey", "trainer", "created_at", "updated_at",
        )  # fmt: skip
        self._board = _rows(
            schema.board, "board_id", "race_id", "source_id", "fetched_at", "source_time", "status", "minutes_to_post",
            "mtp_text", "grids", "evaluated_at",
        )  # fmt: skip
        self._price = _rows(schema.price_change, "interest_id", "market", "board_id", "price", "status")
        self._latest = _rows(
            schema.latest_odds, "interest_id", "source_id", "market", "price", "status", "changed_at", "seen_at"
        )
        self._pool = _rows(schema.pool, "race_id", "source_id", "position", "bet_type", "interest_id", "currency")
        self._amounts = _rows(schema.pool_change, "board_id", "amounts")
        self._grid = _rows(
            schema.pair_grid, "board_id", "bet_type", "base", "currency", "fetched_at", "interests", "payouts"
        )
        self._change = _rows(schema.change, "race_id", "field", "old", "new", "at", "evaluated_at")

    @property
    def batches(self) -> tuple[Rows, ...]:
        card = (self._horse, self._race, self._race_source, self._interest, self._entry, self._pool)
        return (*card, self._board, self._price, self._latest, self._amounts, self._grid, self._change)

    @property
    def recorded(self) -> BulkRecorded:
        return BulkRecorded(self._races, self._boards, self._boards * RUNNERS)

    def clear(self) -> None:
        for batch in self.batches:
            batch.rows.clear()

    def run(self, bout: list[BulkRace]) -> None:
        """Races side by side: their boards are stored in turns."""
        running = [self._open(race) for race in bout]
        for polls in zip(*(race.polls() for race in bout), strict=True):
            for one, poll in zip(running, polls, strict=True):
                self._show(one, poll)
        for one in running:
            self._finish(one)

    def _open(self, race: BulkRace) -> _Running:
        race_id, at = next(self._race_ids), race.card_at
        self._races += 1
        interests = list(islice(self._interest_ids, RUNNERS))
        self._race_source.rows.append((race_id, self._source_id, race.source_key, race.url, 1, "official"))
        self._interest.rows.extend(
            (interest, race_id, label) for interest, label in zip(interests, LABELS, strict=True)
        )
        for label, interest, one in zip(LABELS, interests, race.runners, strict=True):
            self._entry.rows.append(
                (race_id, self._horse_id(one.horse, at), interest, label, one.post_position, one.morning_line,
                 one.jockey, one.trainer, at, at)
            )  # fmt: skip
        pools = [("win", None), *(("win", interest) for interest in interests), ("exacta", None)]
        for position, (bet_type, of) in enumerate(pools):
            self._pool.rows.append((race_id, self._source_id, position, bet_type, of, CURRENCY))
        return _Running(race, race_id, interests)

    def _horse_id(self, name: str, at: int) -> int:
        known = self._horses.get(name)
        if known is None:
            known = self._horses[name] = len(self._horses) + 1
            self._horse.rows.append((known, name, name_key(name), at))
        return known

    def _show(self, one: _Running, poll: Poll) -> None:
        board_id = next(self._board_ids)
        self._boards += 1
        at = poll.at
        grids = "" if poll.payouts is None else f"exacta+{GRID_AFTER_MS}"
        self._board.rows.append(
            (board_id, one.race_id, self._source_id, at, poll.source_time, STATUS_CODE[poll.status], poll.minutes,
             poll.mtp_text, grids, at)
        )  # fmt: skip
        if poll.status != one.status:
            self._change.rows.append((one.race_id, "status", one.status, poll.status, at, at))
            one.status, one.since[poll.status] = poll.status, at
        if poll.prices != one.prices:
            self._show_prices(one, poll, board_id)
        if poll.win != one.win or poll.exacta_total != one.exacta:
            self._amounts.rows.append((board_id, arrays.packed([poll.win_total, *poll.win, poll.exacta_total])))
            one.win, one.exacta = poll.win, poll.exacta_total
        if poll.payouts is not None and poll.payouts != one.payouts:
            cells = arrays.packed(_square(poll.payouts))
            self._grid.rows.append((board_id, "exacta", BASE, CURRENCY, at + GRID_AFTER_MS, one.grid_interests, cells))
            one.payouts = poll.payouts

    def _show_prices(self, one: _Running, poll: Poll, board_id: int) -> None:
        rows, interests, moved_at = self._price.rows, one.interests, one.moved_at
        for place, (before, price) in enumerate(zip(one.prices, poll.prices, strict=True)):
            if price != before:
                rows.append((interests[place], WIN, board_id, price, _status(price)))
                moved_at[place] = poll.at
        one.prices = poll.prices

    def _finish(self, one: _Running) -> None:
        """What the last board left: the race as it stands, and its newest prices."""
        race, since, at = one.race, one.since, one.since["official"]
        self._race.rows.append(
            (one.race_id, self._tracks[race.track.key], race.date.isoformat(), race.number, race.name, race.post, "official",
             since["closed"], at, "gallops", "dirt", race.card_at, at)
        )  # fmt: skip
        self._latest.rows.extend(
            (interest, self._source_id, WIN, price, _status(price), moved_at, at)
            for interest, price, moved_at in zip(one.interests, one.prices, one.moved_at, strict=True)
        )


def _rows(table: Table, *columns: str) -> Rows:
    return Rows(table, columns)


def _status(price: int) -> int:
    return CAPPED if price == CAP else ACTIVE


def _square(payouts: list[int]) -> list[int | None]:
    """Row by row, with nothing on the diagonal."""
    cells: list[int | None] = list(payouts)
    for place in range(RUNNERS):
        cells.insert(place * (RUNNERS + 1), None)
    return cells
