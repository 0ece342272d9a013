"""Races and boards of a big sample as items: what a crawl would yield."""

from typing import Any

from horses_scrapy.clock import from_ms
from horses_scrapy.items import Entry, OddsItem, PairGrid, PairPrice, Pool, Price, RaceItem, Source
from horses_scrapy.odds import LADDER
from horses_scrapy.simulator.bulk import BASE, CURRENCY, GRID_AFTER_MS, LABELS, PAIRS, BulkRace, Poll

SOURCE = Source("sample", "board", "display")


def card_item(race: BulkRace) -> RaceItem:
    return RaceItem(
        **_key(race, race.card_at),
        source_key=race.source_key,
        post_time=from_ms(race.post),
        status="scheduled",
        name=race.name,
        race_type="gallops",
        surface="dirt",
        entries=tuple(
            Entry(
                program_number=label,
                label=label,
                horse=runner.horse,
                jockey=runner.jockey,
                trainer=runner.trainer,
                morning_line=runner.morning_line,
                post_position=runner.post_position,
            )
            for label, runner in zip(LABELS, race.runners, strict=True)
        ),
    )


def board_item(race: BulkRace, poll: Poll) -> OddsItem:
    return OddsItem(
        **_key(race, poll.at),
        status=poll.status,
        prices=tuple(_price(label, price) for label, price in zip(LABELS, poll.prices, strict=True)),
        pools=(
            Pool(bet_type="win", amount=poll.win_total, currency=CURRENCY),
            *(_win(label, amount) for label, amount in zip(LABELS, poll.win, strict=True)),
            Pool(bet_type="exacta", amount=poll.exacta_total, currency=CURRENCY),
        ),
        grids=() if poll.payouts is None else (_grid(poll.at, poll.payouts),),
        source_time=from_ms(poll.source_time),
        minutes_to_post=poll.minutes,
        mtp_text=poll.mtp_text,
    )


def _key(race: BulkRace, at: int) -> dict[str, Any]:
    return {
        "track": race.track.key,
        "race_date": race.date,
        "race_number": race.number,
        "source": SOURCE,
        "url": race.url,
        "fetched_at": from_ms(at),
    }


def _price(label: str, price: int) -> Price:
    return Price(label=label, market="win_tote", price=price, status="capped" if price == LADDER[-1] else "active")


def _win(label: str, amount: int) -> Pool:
    return Pool(bet_type="win", amount=amount, currency=CURRENCY, label=label)


def _grid(at: int, payouts: list[int]) -> PairGrid:
    cells = zip(PAIRS, payouts, strict=True)
    return PairGrid(
        bet_type="exacta",
        base=BASE,
        currency=CURRENCY,
        fetched_at=from_ms(at + GRID_AFTER_MS),
        prices=tuple(
            PairPrice(first=LABELS[first], second=LABELS[second], payout=payout) for (first, second), payout in cells
        ),
    )
