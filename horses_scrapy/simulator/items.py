"""The ledger as items, without a page between: what a crawl at an instant must find, and a way into a database."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

from horses_scrapy.config import Track
from horses_scrapy.items import (
    BetType,
    Entry,
    Finisher,
    OddsItem,
    PairGrid,
    PairPrice,
    Pool,
    Price,
    RaceItem,
    ResultItem,
)
from horses_scrapy.simulator.board import BASE, Board
from horses_scrapy.simulator.card import Runner
from horses_scrapy.simulator.ledger import CURRENCY, Ledger, RaceLedger
from horses_scrapy.simulator.pages import STRAIGHT, pool_totals
from horses_scrapy.sources.demo_pages import SOURCE


@dataclass(frozen=True, slots=True)
class Witness:
    """Who sees everything that a page shows at `at`. Items are dated `at`."""

    ledger: Ledger
    track: Track
    at: dt.datetime

    def race(self, entry: RaceLedger, *, entries: bool = True) -> RaceItem:
        race, times = entry.race, entry.race.times
        out = race.scratched_at(self.at)
        return RaceItem(
            **self._key(entry),
            source_key=f"{self.track.source_key}/{self.ledger.plan.race_date.isoformat()}/{race.number}",
            post_time=times.post_at(self.at),
            status=times.status_at(self.at),
            name=race.name,
            surface=race.surface_at(self.at),
            entries=tuple(_entry(runner, out, race.jockey_at(runner, self.at)) for runner in race.runners)
            if entries
            else (),
        )

    def odds(self, entry: RaceLedger) -> OddsItem:
        """The board with its exacta grid, where there is money in it."""
        board, times = entry.board_at(self.at), entry.race.times
        minutes = times.minutes_to_post(self.at)
        return OddsItem(
            **self._key(entry),
            status=times.status_at(self.at),
            prices=tuple(_price(board, label) for label in entry.race.labels),
            pools=() if board is None else _pools(board),
            grids=() if board is None or board.number == 0 else (_grid(board, self.at),),
            source_time=None if board is None else board.at,
            minutes_to_post=minutes,
            mtp_text="OFF" if minutes is None else f"{minutes} MTP",
        )

    def result(self, entry: RaceLedger) -> ResultItem | None:
        """None before the order is posted; pay-offs once it is official."""
        status = entry.race.times.status_at(self.at)
        if status != "unofficial" and status != "official":  # noqa: PLR1714 (the form by which the type narrows)
            return None
        order = entry.official if status == "official" else entry.finished
        return ResultItem(
            **self._key(entry),
            status=status,
            finishers=tuple(
                Finisher(position=place, program_number=runner.program_number) for place, runner in enumerate(order, 1)
            ),
            payoffs=entry.payoffs if status == "official" else (),
        )

    def _key(self, entry: RaceLedger) -> dict[str, Any]:
        date = self.ledger.plan.race_date
        return {
            "track": self.track.key,
            "race_date": date,
            "race_number": entry.race.number,
            "source": SOURCE,
            "url": f"{self.track.base_url}/race/{date.isoformat()}/{entry.race.number}/odds",
            "fetched_at": self.at,
        }


def _entry(runner: Runner, out: frozenset[str], jockey: str) -> Entry:
    country = runner.horse.rpartition(" (")[2].removesuffix(")") if runner.horse.endswith(")") else None
    return Entry(
        program_number=runner.program_number,
        label=runner.label,
        horse=runner.horse,
        status="scratched" if runner.label in out else "active",
        jockey=jockey,
        trainer=runner.trainer,
        morning_line=runner.morning_line,
        post_position=runner.post_position,
        horse_country=country,
    )


def _price(board: Board | None, label: str) -> Price:
    if board is None:
        return Price(label=label, market="win_tote", price=None)
    quote = board.quote(label)
    return Price(label=label, market="win_tote", price=quote.price, status=quote.status)


def _pools(board: Board) -> tuple[Pool, ...]:
    pools: list[Pool] = []
    for bet_type, total in pool_totals(board).items():
        kind = cast("BetType", bet_type)
        pools.append(Pool(bet_type=kind, amount=total, currency=CURRENCY))
        if bet_type in STRAIGHT:
            amounts = getattr(board.pools, bet_type).items()
            pools += [Pool(bet_type=kind, amount=amount, currency=CURRENCY, label=label) for label, amount in amounts]
    return tuple(pools)


def _grid(board: Board, at: dt.datetime) -> PairGrid:
    payouts = {pair: board.probable(pair) for pair in board.pools.exacta}
    return PairGrid(
        bet_type="exacta",
        base=BASE,
        currency=CURRENCY,
        fetched_at=at,
        prices=tuple(
            PairPrice(first=first, second=second, payout=payout)
            for (first, second), payout in payouts.items()
            if payout is not None
        ),
    )
