"""Rows for other programs: one sheet per kind of record, read race by race, so that memory holds one race at most.

A sheet's columns are a promise: new ones are added at the end. Prices and pools are changes: a value stands from its
board until the next row of the same source, market or bet type, and interest; `boards` has the instants between.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Connection, or_, select

from horses_scrapy import clock
from horses_scrapy.money import minor_units
from horses_scrapy.storage import board_reader, grids, pools, schema

Kind = Literal["text", "integer", "number", "date", "time", "flag"]
"""date: ISO text. time: epoch milliseconds UTC. flag: 0 or 1."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class RaceKeys:
    """The columns that every sheet begins with. `track` is its key."""

    race_id: int
    track: str
    track_name: str
    race_date: str
    race_number: int

    @property
    def row(self) -> Row:
        return self.race_id, self.track, self.track_name, self.race_date, self.race_number


@dataclass(frozen=True, slots=True)
class Sheet:
    """`own` gives the columns after those of the race."""

    fields: tuple[Field, ...]
    own: Callable[[Connection, int], Iterable[Row]]

    def rows(self, connection: Connection, races: Iterable[RaceKeys]) -> Iterator[Row]:
        for race in races:
            keys = race.row
            for row in self.own(connection, race.race_id):
                yield keys + row


def races(
    connection: Connection, *, race_id: int | None = None, track: str | None = None, race_date: str | None = None
) -> list[RaceKeys]:
    """Those that meet all that is given, by date, track and number; `track` is a key or a code."""
    race, of_track = schema.race, schema.track
    asked = select(race.c.race_id, of_track.c.key, of_track.c.name, race.c.race_date, race.c.race_number).join(of_track)
    if race_id is not None:
        asked = asked.where(race.c.race_id == race_id)
    if track is not None:
        asked = asked.where(or_(of_track.c.key == track, of_track.c.code == track))
    if race_date is not None:
        asked = asked.where(race.c.race_date == race_date)
    found = connection.execute(asked.order_by(race.c.race_date, of_track.c.key, race.c.race_number))
    return [RaceKeys(*row) for row in found]


def iso(at_ms: int) -> str:
    """2026-05-02T20:30:00.000Z"""
    return clock.from_ms(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(minor: int | None, currency: str) -> float | None:
    """In whole units."""
    return None if minor is None else minor / minor_units(currency)


def _prices(connection: Connection, race_id: int) -> Iterator[Row]:
    interest, change, board, source = schema.betting_interest, schema.price_change, schema.board, schema.source
    found = connection.execute(
        select(
            source.c.name, board.c.board_id, board.c.fetched_at, board.c.minutes_to_post, change.c.market,
            interest.c.interest_id, interest.c.label, change.c.price, change.c.status,
        )
        .join_from(interest, change, change.c.interest_id == interest.c.interest_id)
        .join(board, board.c.board_id == change.c.board_id)
        .join(source, source.c.source_id == board.c.source_id)
        .where(interest.c.race_id == race_id)
        .order_by(board.c.fetched_at, source.c.source_id, interest.c.interest_id, change.c.market)
    )  # fmt: skip
    named = _named(connection, race_id)
    for shown in found:
        *head, label, price, status = shown
        yield (*head, label, *named[label], None if price is None else price / 1000, price, status)


def _named(connection: Connection, race_id: int) -> Mapping[str, tuple[str, str]]:
    """Label -> program numbers and horses of an interest: `1/1A`, `Alpha / Alphabet`; empty where the card has none."""
    found: defaultdict[str, tuple[str, str]] = defaultdict(lambda: ("", ""))
    for runner in board_reader.runners(connection, race_id):
        numbers, horses = found[runner.label]
        found[runner.label] = (
            f"{numbers}/{runner.program_number}" if numbers else runner.program_number,
            f"{horses} / {runner.horse}" if horses else runner.horse,
        )
    return found


def _boards(connection: Connection, race_id: int) -> Iterator[Row]:
    board, source, race = schema.board, schema.source, schema.race
    found = connection.execute(
        select(
            source.c.name, board.c.board_id, board.c.fetched_at, board.c.source_time, board.c.status, race.c.post_time,
            board.c.minutes_to_post, board.c.mtp_text, board.c.flags, board.c.grids, board.c.run_id,
            board.c.evaluated_at,
        )
        .join_from(board, source, source.c.source_id == board.c.source_id)
        .join(race, race.c.race_id == board.c.race_id)
        .where(board.c.race_id == race_id)
        .order_by(board.c.fetched_at, source.c.source_id)
    )  # fmt: skip
    yield from map(tuple, found)


def _pools(connection: Connection, race_id: int) -> Iterator[Row]:
    """A row where an amount differs from the board before; null where the board no longer showed it."""
    board, change, source = schema.board, schema.pool_change, schema.source
    found = connection.execute(
        select(source.c.source_id, source.c.name, board.c.board_id, board.c.fetched_at, change.c.amounts)
        .join_from(board, change, change.c.board_id == board.c.board_id)
        .join(source, source.c.source_id == board.c.source_id)
        .where(board.c.race_id == race_id)
        .order_by(source.c.source_id, board.c.fetched_at)
    )
    labels = _labels(connection, race_id)
    known: dict[int, list[pools.Identity]] = {}
    standing: dict[int, dict[pools.Identity, int]] = {}
    for row in found:
        names = known.setdefault(row.source_id, pools.identities(connection, race_id, row.source_id))
        shown = pools.named(names, pools.parsed(row.amounts))
        before = standing.get(row.source_id, {})
        standing[row.source_id] = shown
        for one in names:
            if shown.get(one) != before.get(one):
                bet_type, interest, currency = one
                label = None if interest is None else labels[interest]
                amount = shown.get(one)
                head = (row.name, row.board_id, row.fetched_at, bet_type, interest, label, currency)
                yield (*head, money(amount, currency), amount)


def _labels(connection: Connection, race_id: int) -> dict[int, str]:
    interest = schema.betting_interest
    found = connection.execute(select(interest.c.interest_id, interest.c.label).where(interest.c.race_id == race_id))
    return dict(found.all())


def _exactas(connection: Connection, race_id: int) -> Iterator[Row]:
    """Of each stored grid: one is stored where any cell differs from the grid before."""
    board, grid, source = schema.board, schema.pair_grid, schema.source
    found = connection.execute(
        select(source.c.name, board.c.fetched_at.label("board_at"), grid)
        .join_from(board, grid, grid.c.board_id == board.c.board_id)
        .join(source, source.c.source_id == board.c.source_id)
        .where(board.c.race_id == race_id)
        .order_by(board.c.fetched_at, source.c.source_id, grid.c.bet_type)
    )
    labels = _labels(connection, race_id)
    for row in found:
        head = (row.name, row.board_id, row.board_at, row.fetched_at, row.bet_type)
        tail = (money(row.base, row.currency), row.base, row.currency)
        for (first, second), payout in grids.unpacked(row.interests, row.payouts).items():
            pair = (first, second, labels[first], labels[second], money(payout, row.currency), payout)
            yield (*head, *pair, *tail, int(row.cap is not None and payout >= row.cap))


def _results(connection: Connection, race_id: int) -> Iterator[Row]:
    yield from _finishers(connection, race_id)
    yield from _payoffs(connection, race_id)


def _finishers(connection: Connection, race_id: int) -> Iterator[Row]:
    result, entry, horse, source = schema.result, schema.entry, schema.horse, schema.source
    found = connection.execute(
        select(
            source.c.name, result.c.status, result.c.position, entry.c.entry_id, entry.c.program_number, horse.c.name
        )
        .join_from(result, entry, entry.c.entry_id == result.c.entry_id)
        .join(horse, horse.c.horse_id == entry.c.horse_id)
        .join(source, source.c.source_id == result.c.source_id)
        .where(result.c.race_id == race_id)
        .order_by(source.c.source_id, result.c.position, entry.c.entry_id)
    )
    for name, status, *place in found:
        yield (name, "finish", status, *place, *(None,) * 7)


def _payoffs(connection: Connection, race_id: int) -> Iterator[Row]:
    payoff, source = schema.payoff, schema.source
    found = connection.execute(
        select(source.c.name, payoff)
        .join_from(payoff, source, source.c.source_id == payoff.c.source_id)
        .where(payoff.c.race_id == race_id)
        .order_by(source.c.source_id, payoff.c.bet_type, payoff.c.combination)
    )
    for row in found:
        paid = (money(row.payout, row.currency), row.payout, money(row.base, row.currency), row.base, row.currency)
        yield (row.name, "payoff", row.status, *(None,) * 4, row.bet_type, row.combination, *paid)


def _changes(connection: Connection, race_id: int) -> Iterator[Row]:
    change, entry, horse = schema.change, schema.entry, schema.horse
    found = connection.execute(
        select(
            change.c.change_id, change.c.at, entry.c.entry_id, entry.c.program_number, horse.c.name, change.c.field,
            change.c.old, change.c.new, change.c.run_id,
        )
        .join_from(change, entry, entry.c.entry_id == change.c.entry_id, isouter=True)
        .join(horse, horse.c.horse_id == entry.c.horse_id, isouter=True)
        .where(change.c.race_id == race_id)
        .order_by(change.c.at, change.c.change_id)
    )  # fmt: skip
    for *head, field, old, new, run_id in found:
        yield (*head, field, _readable(field, old), _readable(field, new), run_id)


def _readable(field: str, value: str | None) -> str | None:
    """Instants as ISO text and odds as decimal odds; they are stored as integers."""
    if value is None:
        return None
    if field in {"post_time", "scratched_at"}:
        return iso(int(value))
    return f"{int(value) / 1000:g}" if field == "morning_line_odds" else value


_SCALE: Mapping[str, int] = MappingProxyType({"payout": 100, "amount": 100})
"""What an alert's values are stored in, by their unit; all others in thousandths."""


def _alerts(connection: Connection, race_id: int) -> Iterator[Row]:
    """Alerts about a race; those about a source or a track belong to no race and are not here."""
    alert = schema.alert
    found = connection.execute(
        select(alert).where(alert.c.race_id == race_id).order_by(alert.c.triggered_at, alert.c.alert_id)
    )
    told = _deliveries(connection, race_id)
    for row in found:
        scale = _SCALE.get(row.unit, 1000)
        values = (row.threshold_value, row.actual_value, row.previous_value)
        yield (
            row.alert_id, row.triggered_at, row.rule, row.alert_type, row.severity, row.event, row.market, row.subject,
            row.entry_id, row.board_id, row.unit, *(None if value is None else value / scale for value in values),
            row.message, row.sent, row.sent_at, told.get(row.alert_id, ""),
        )  # fmt: skip


def _deliveries(connection: Connection, race_id: int) -> dict[int, str]:
    """Alert -> `you@example.com: sent, desk: muted`."""
    alert, delivery = schema.alert, schema.alert_delivery
    found = connection.execute(
        select(delivery.c.alert_id, delivery.c.recipient, delivery.c.state)
        .join_from(alert, delivery, delivery.c.alert_id == alert.c.alert_id)
        .where(alert.c.race_id == race_id)
        .order_by(delivery.c.alert_id, delivery.c.recipient, delivery.c.channel)
    )
    told: dict[int, list[str]] = defaultdict(list)
    for alert_id, recipient, state in found:
        told[alert_id].append(f"{recipient}: {state}")
    return {alert_id: ", ".join(one) for alert_id, one in told.items()}


def _sheet(own: Callable[[Connection, int], Iterable[Row]], columns: str) -> Sheet:
    """columns: names; `:` and a letter where it is no text."""
    kinds: dict[str, Kind] = {"": "text", "i": "integer", "n": "number", "d": "date", "t": "time", "f": "flag"}
    race = "race_id:i track track_name race_date:d race_number:i"
    parts = [word.partition(":") for word in f"{race} {columns}".split()]
    return Sheet(tuple(Field(name, kinds[letter]) for name, _, letter in parts), own)


SHEETS: Mapping[str, Sheet] = MappingProxyType(
    {
        "prices": _sheet(
            _prices,
            "source board_id:i fetched_at:t minutes_to_post:i market interest_id:i label program_numbers horses"
            " odds_decimal:n price_thousandths:i status",
        ),
        "boards": _sheet(
            _boards,
            "source board_id:i fetched_at:t source_time:t status post_time:t minutes_to_post:i minutes_to_post_text"
            " flags pair_grids run_id:i evaluated_at:t",
        ),
        "pools": _sheet(
            _pools,
            "source board_id:i fetched_at:t bet_type interest_id:i label currency amount:n amount_minor:i",
        ),
        "exactas": _sheet(
            _exactas,
            "source board_id:i fetched_at:t pairs_fetched_at:t bet_type first_interest_id:i second_interest_id:i"
            " first_label second_label payout:n payout_minor:i base:n base_minor:i currency capped:f",
        ),
        "results": _sheet(
            _results,
            "source part status position:i entry_id:i program_number horse bet_type combination payout:n"
            " payout_minor:i base:n base_minor:i currency",
        ),
        "changes": _sheet(
            _changes,
            "change_id:i changed_at:t entry_id:i program_number horse field old new run_id:i",
        ),
        "alerts": _sheet(
            _alerts,
            "alert_id:i triggered_at:t rule alert_type severity event market subject entry_id:i board_id:i unit"
            " threshold:n actual:n previous:n message sent:f sent_at:t deliveries",
        ),
    }
)
