"""Pipeline 100: an item is passed on as it is, or rejected whole with its reasons. Nothing is repaired or guessed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from horses_scrapy.config import Settings, Validation
from horses_scrapy.items import RACE_STATUSES, SURFACES, AnyItem, OddsItem, PairGrid, RaceItem, ResultItem
from horses_scrapy.money import DIGITS
from horses_scrapy.program_number import PROGRAM_NUMBER
from horses_scrapy.storage.runs import Fault
from horses_scrapy.track_spider import TrackSpider


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an item is held to: its source's limits, the track that was crawled, whether the past was asked for."""

    limits: Validation
    track: str
    history: bool


Rule = Callable[[AnyItem, Bounds], Iterator[Fault]]


def identity(item: AnyItem, bounds: Bounds) -> Iterator[Fault]:
    if item.track != bounds.track:
        yield Fault("identity", "track", item.track)
    if not 1 <= item.race_number <= 99:
        yield Fault("identity", "race_number", str(item.race_number))
    if item.status not in RACE_STATUSES:
        yield Fault("identity", "status", item.status)
    if isinstance(item, RaceItem) and item.surface is not None and item.surface not in SURFACES:
        yield Fault("identity", "surface", item.surface)


def aware_times(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    for field in ("fetched_at", "post_time", "source_time"):
        value: datetime | None = getattr(item, field, None)
        if value is not None and value.tzinfo is None:
            yield Fault("aware_times", field, value.isoformat())


def post_time(item: AnyItem, bounds: Bounds) -> Iterator[Fault]:
    """On the race's date, and in the future or at most `max_post_age_days` past; of age a history import is exempt."""
    if not isinstance(item, RaceItem) or item.post_time is None or item.post_time.tzinfo is None:
        return
    if abs(item.post_time.astimezone(UTC).date() - item.race_date) > timedelta(days=1):  # a zone shifts it by a day
        yield Fault("post_time", "post_time", f"{item.post_time.isoformat()} on {item.race_date}")
        return
    oldest = item.fetched_at - timedelta(days=bounds.limits.max_post_age_days)
    if item.post_time < oldest and not (item.history or bounds.history):
        yield Fault("post_time", "post_time", item.post_time.isoformat())


def horse_name(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    if isinstance(item, RaceItem):
        for entry in item.entries:
            if not entry.horse.strip():
                yield Fault("horse_name", f"entries[{entry.program_number}].horse", repr(entry.horse))


def program_number(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    """Every entry has a number and a label of its own; no interest stands twice in one market."""
    if isinstance(item, RaceItem):
        numbers = [entry.program_number for entry in item.entries]
        yield from _blank_or_repeated("entries.program_number", numbers)
        yield from (Fault("program_number", "entries.label", "") for entry in item.entries if not entry.label.strip())
    if isinstance(item, OddsItem):
        yield from _blank_or_repeated("prices.label", [(price.market, price.label) for price in item.prices])


def _blank_or_repeated(field: str, names: Iterable[str | tuple[str, str]]) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        last = name if isinstance(name, str) else name[-1]
        if count > 1 or not last.strip():
            yield Fault("program_number", field, f"{name!r} x {count}")


def price_range(item: AnyItem, bounds: Bounds) -> Iterator[Fault]:
    """Decimal odds within the source's bounds; a scratched or missing interest carries no price."""
    if not isinstance(item, OddsItem):
        return
    low, high = round(bounds.limits.min_price * 1000), round(bounds.limits.max_price * 1000)
    for price in item.prices:
        field = f"prices[{price.label}].{price.market}"
        if price.price is None:
            continue
        if price.status not in {"active", "capped"}:
            yield Fault("price_range", field, f"{price.price} though {price.status}")
        elif not low <= price.price <= high:
            yield Fault("price_range", field, f"{price.price / 1000} outside {low / 1000}-{high / 1000}")


def pool_amount(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    """No negative money; every currency a known one; no interest's money stands twice in one pool."""
    if not isinstance(item, OddsItem):
        return
    for pool in item.pools:
        if pool.amount < 0 or pool.currency not in DIGITS:
            yield Fault(
                "pool_amount", f"pools.{pool.bet_type}[{pool.label or 'total'}]", f"{pool.amount} {pool.currency}"
            )
    for key, count in Counter((pool.bet_type, pool.label) for pool in item.pools).items():
        if count > 1:
            yield Fault("pool_amount", f"pools.{key[0]}[{key[1] or 'total'}]", f"given {count} times")


def pair_price(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    if isinstance(item, OddsItem):
        for grid in item.grids:
            yield from _pair_faults(grid)


def _pair_faults(grid: PairGrid) -> Iterator[Fault]:
    if grid.base <= 0:
        yield Fault("pair_price", f"grids.{grid.bet_type}.base", str(grid.base))
    if grid.currency not in DIGITS:
        yield Fault("pair_price", f"grids.{grid.bet_type}.currency", grid.currency)
    seen: Counter[object] = Counter()
    for cell in grid.prices:
        pair = (cell.first, cell.second)
        seen[pair if grid.bet_type == "exacta" else frozenset(pair)] += 1
        if cell.payout <= 0 or cell.first == cell.second:
            yield Fault("pair_price", f"grids.{grid.bet_type}[{cell.first}-{cell.second}]", str(cell.payout))
    for repeated in (key for key, count in seen.items() if count > 1):
        yield Fault("pair_price", f"grids.{grid.bet_type}", f"{repeated} given twice")


def result_order(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    if isinstance(item, ResultItem):
        for number, count in Counter(finisher.program_number for finisher in item.finishers).items():
            if count > 1:
                yield Fault("result_order", f"finishers[{number}]", f"given {count} times")
        for finisher in item.finishers:
            if finisher.position < 1 or not finisher.program_number.strip():
                yield Fault("result_order", f"finishers[{finisher.program_number}]", str(finisher.position))
        for payoff in item.payoffs:
            if payoff.payout < 0 or payoff.base <= 0 or 0 < payoff.payout < payoff.base:  # a winner loses nothing
                yield Fault("result_order", f"payoffs.{payoff.bet_type}[{payoff.combination}]", str(payoff.payout))


_HORSES = {
    "win": 1, "place": 1, "show": 1, "exacta": 2, "quinella": 2, "trio": 3, "trifecta": 3, "superfecta": 4,
}  # fmt: skip
_ORDERED = frozenset({"exacta", "trifecta", "superfecta"})


def payoff_order(item: AnyItem, _: Bounds) -> Iterator[Fault]:
    """A pay-out is for as many horses as its bet has, by program number, once, and for those that the result puts there.

    Of a coupled entry the best placed horse counts; a horse that the result does not list says nothing.
    """
    if not isinstance(item, ResultItem):
        return
    places: dict[str, int] = {}
    for finisher in item.finishers:
        label = _interest(finisher.program_number)
        places[label] = min(finisher.position, places.get(label, finisher.position))
    for payoff in item.payoffs:
        horses = payoff.combination.split("-")
        if not all(PROGRAM_NUMBER.fullmatch(horse) for horse in horses):
            yield Fault("payoff_order", f"payoffs.{payoff.bet_type}", payoff.combination)
            continue
        known = [places[_interest(horse)] for horse in horses if _interest(horse) in places]
        wins = payoff.bet_type != "win" or 1 not in places.values() or known == [1]
        in_order = payoff.bet_type not in _ORDERED or known == sorted(known)
        if len(set(horses)) != _HORSES[payoff.bet_type] or len(set(horses)) != len(horses) or not (wins and in_order):
            yield Fault("payoff_order", f"payoffs.{payoff.bet_type}", payoff.combination)
    yield from _paid_twice(item)


def _interest(program_number: str) -> str:
    return program_number.rstrip("ABCDEFGHX") or program_number


def _paid_twice(item: ResultItem) -> Iterator[Fault]:
    for key, count in Counter((payoff.bet_type, payoff.combination) for payoff in item.payoffs).items():
        if count > 1:
            yield Fault("payoff_order", f"payoffs.{key[0]}[{key[1]}]", f"given {count} times")


RULES: tuple[Rule, ...] = (
    identity, aware_times, post_time, horse_name, program_number, price_range, pool_amount, pair_price, result_order,
    payoff_order,
)  # fmt: skip


def faults(item: AnyItem, bounds: Bounds) -> list[Fault]:
    return [fault for rule in RULES for fault in rule(item, bounds)]


class Validate:
    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        self._crawler = crawler
        self._settings = settings

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, crawler.settings["HORSES"])

    def process_item(self, item: AnyItem) -> AnyItem:
        spider = self._crawler.spider
        assert isinstance(spider, TrackSpider)
        limits = spider.source_config.validation
        found = faults(item, Bounds(limits, spider.track.key, spider.history))
        if found:
            spider.run.reject(item, found)
            first = found[0]
            raise DropItem(f"{first.rule}: {first.field} = {first.value} ({len(found)} faults) at {item.url}")
        return item
