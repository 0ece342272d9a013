"""Money flow of a race's pool, for the API and the page."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from alerts.history import HARMLESS, field_out
from horses_scrapy.items import PoolType
from horses_scrapy.money import minor_units
from horses_scrapy.money_flow import Flow, Line, PoolReading, by_prices, flow, intervals
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import RunnerView
from horses_scrapy.storage.boards import LATE
from horses_scrapy.storage.pool_paths import PoolPath, PoolShown
from horses_scrapy.storage.race_boards import Teller
from horses_scrapy.storage.stored_race import StoredRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.names import race_name
from horses_scrapy.web.facts.one_source import Shower, shower_of
from horses_scrapy.web.models.base import instant, instant_or_none
from horses_scrapy.web.models.flow import FlowInterval, InterestFlow, MoneyFlow, Netted

SOUND = HARMLESS | {LATE}
MOST = 240
"""Intervals in one answer, the newest ones; money before them is opening."""
NO_BOARD = "no board of this race is stored"
BY_PRICES = "no money per interest is shown: the pool's total, laid to them by the share of 1/price"
TOTAL_ALONE = "only the pool's total is shown: a refund after a scratch looks like money that left"


@dataclass(frozen=True, slots=True)
class _Came:
    """What came, between `edges` (epoch milliseconds), and how it is known. units: minor ones of one whole."""

    flow: Flow
    edges: Sequence[int]
    currency: str
    units: int
    at: int
    horses: Mapping[str, str]
    estimate: bool


def flow_of(
    reading: Reading, race: int | StoredRace, source: str | None = None, interval_s: int = 60, pool: PoolType = "win"
) -> MoneyFlow:
    """Raises NotThere."""
    shower = shower_of(reading, race, source)
    told = _nothing(shower, pool, interval_s)
    if shower.teller is None:
        return told.model_copy(update={"reason": NO_BOARD})
    came = _came(reading, shower.stored, shower.teller, pool, interval_s)
    return told.model_copy(update={"reason": came}) if isinstance(came, str) else _told(told, came)


def _came(reading: Reading, stored: StoredRace, teller: Teller, pool: PoolType, interval_s: int) -> _Came | str:
    """Or why there is nothing."""
    path = stored.pool_path(teller.source_id, pool)
    boards = _sound(path)
    if not boards:
        return NO_BOARD if not path.boards else f"the source shows no {pool} pool"
    estimate = pool == "win" and not path.has_amounts
    if estimate:
        boards = _sound(stored.pool_path(teller.source_id, pool, priced=True))
    currency = boards[-1].currency
    assert currency is not None
    readings = [_reading(board) for board in boards if board.currency == currency]
    post = stored.race.post_time
    edges = intervals(readings[0].at, path.boards[-1].fetched_at, interval_s * 1000, 0 if post is None else post, MOST)
    out = field_out(stored.card.runners, stored.prices(teller, reading.now_ms))
    return _Came(
        flow=flow(readings, out, edges),
        edges=edges,
        currency=currency,
        units=minor_units(currency),
        at=path.boards[-1].fetched_at,
        horses=_horses(stored.card.runners),
        estimate=estimate and any(one.amounts for one in readings),
    )


def _sound(path: PoolPath) -> list[PoolShown]:
    """Boards that show the pool and that nothing speaks against."""
    return [one for one in path.boards if one.currency is not None and one.flags <= SOUND]


def _reading(board: PoolShown) -> PoolReading:
    estimated = by_prices(board.total, board.prices) if board.total is not None and not board.amounts else {}
    return PoolReading(board.fetched_at, board.total, board.amounts or estimated)


def _horses(card: Sequence[RunnerView]) -> dict[str, str]:
    """By label; ` / ` between those of a coupled entry."""
    names: dict[str, list[str]] = {}
    for runner in card:
        names.setdefault(runner.label, []).append(runner.horse)
    return {label: " / ".join(found) for label, found in names.items()}


def _nothing(shower: Shower, pool: PoolType, interval_s: int) -> MoneyFlow:
    return MoneyFlow(
        race=race_name(shower.stored.race),
        source=shower.source,
        pool=pool,
        currency=None,
        at=None,
        off_at=instant_or_none(shower.stored.race.off_at),
        interval_seconds=interval_s,
        opening=None,
        amount=None,
        intervals=[],
        interests=[],
        netted=[],
        estimate=False,
        notes=[],
        reason=None,
    )


def _told(told: MoneyFlow, came: _Came) -> MoneyFlow:
    total, interests = came.flow.total, came.flow.interests
    notes = [BY_PRICES] if came.estimate else [] if interests else [TOTAL_ALONE]
    return told.model_copy(
        update={
            "currency": came.currency,
            "at": instant(came.at),
            "opening": total.opening / came.units,
            "amount": total.closing / came.units,
            "intervals": _intervals(told, came),
            "interests": [_interest(label, interests[label], came) for label in _ordered(interests.keys())],
            "netted": [_netted(label, came) for label in _ordered(came.flow.netted.keys())],
            "estimate": came.estimate,
            "notes": notes,
        }
    )


def _ordered(labels: AbstractSet[str]) -> list[str]:
    return sorted(labels, key=program_order)


def _intervals(told: MoneyFlow, came: _Came) -> list[FlowInterval]:
    post = told.race.post_time
    begins = [instant(edge) for edge in came.edges]
    return [
        FlowInterval(
            start=start,
            end=end,
            minutes=None if post is None else round((post - start).total_seconds() / 60, 2),
            total=grown / came.units,
        )
        for start, end, grown in zip(begins, begins[1:], came.flow.total.growth, strict=False)
    ]


def _interest(label: str, line: Line, came: _Came) -> InterestFlow:
    total = came.flow.total
    return InterestFlow(
        label=label,
        horse=came.horses.get(label, ""),
        opening=line.opening / came.units,
        amount=line.closing / came.units,
        share=_share(line.closing, total.closing),
        growth=[grown / came.units for grown in line.growth],
        shares=[_share(grown, of) for grown, of in zip(line.growth, total.growth, strict=True)],
    )


def _share(part: int, whole: int) -> float | None:
    return None if whole <= 0 else round(part / whole, 4)


def _netted(label: str, came: _Came) -> Netted:
    most = came.flow.netted[label] / came.units
    return Netted(label=label, horse=came.horses.get(label, ""), amount=most)
