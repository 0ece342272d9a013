"""How a race ended, as its primary source has it."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from horses_scrapy.program_number import program_order
from horses_scrapy.storage.schema import entry, horse, payoff, race_source, result


@dataclass(frozen=True, slots=True)
class Placed:
    """A horse in the order of finish; a dead heat repeats the position."""

    position: int
    program_number: str
    horse: str


@dataclass(frozen=True, slots=True)
class Paid:
    """What a winning bet of `base` was paid, in minor units. `combination` joins program numbers with `-`."""

    bet_type: str
    combination: str
    base: int
    payout: int
    currency: str


@dataclass(frozen=True, slots=True)
class ResultView:
    """finishers by position, then program order; payoffs by bet type and combination."""

    finishers: tuple[Placed, ...]
    payoffs: tuple[Paid, ...]


def result_view(connection: Connection, race_id: int) -> ResultView | None:
    """None before an order of finish is stored."""
    placed = [Placed(*row) for row in connection.execute(_PLACED, {"of_race": race_id})]
    if not placed:
        return None
    return ordered(placed, [Paid(*row) for row in connection.execute(_PAID, {"of_race": race_id})])


def ordered(placed: Iterable[Placed], paid: Iterable[Paid]) -> ResultView:
    return ResultView(
        finishers=tuple(sorted(placed, key=lambda one: (one.position, program_order(one.program_number)))),
        payoffs=tuple(sorted(paid, key=lambda one: (one.bet_type, one.combination))),
    )


# Built once: that costs more than running them.
_PRIMARY = (
    select(race_source.c.source_id)
    .where(race_source.c.race_id == bindparam("of_race"), race_source.c.is_primary == 1)
    .limit(1)
    .scalar_subquery()
)
_PLACED = (
    select(result.c.position, entry.c.program_number, horse.c.name)
    .join_from(result, entry, entry.c.entry_id == result.c.entry_id)
    .join(horse, horse.c.horse_id == entry.c.horse_id)
    .where(result.c.race_id == bindparam("of_race"), result.c.source_id == _PRIMARY)
)
_PAID = select(payoff.c.bet_type, payoff.c.combination, payoff.c.base, payoff.c.payout, payoff.c.currency).where(
    payoff.c.race_id == bindparam("of_race"), payoff.c.source_id == _PRIMARY
)
