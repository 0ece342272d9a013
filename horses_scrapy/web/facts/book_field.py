"""A race's field as books and exchanges price it now: who runs, at what, and why it may not be read. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Self, TypeVar

from alerts.history import HARMLESS, READABLE
from horses_scrapy import arbitrage
from horses_scrapy.arbitrage import Offer, Sure, back_lays, best_backs, dutch, field_sum
from horses_scrapy.items import OUT, Market
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.best_prices import Asked, Listed, Showing
from horses_scrapy.storage.race_list import ListedRace

FIXED: Mapping[Market, arbitrage.Market] = MappingProxyType(
    {"win_fixed": "win_fixed", "win_back": "win_back", "win_lay": "win_lay"}
)
"""Prices that stay as they were when the bet was taken."""
CANNOT_WIN_BETS = OUT | {"nonbetting"}
"""Also eligible and main-track-only horses may run yet: their prices are asked for too."""
_LAST = 2**62


Row = TypeVar("Row", Asked, Listed, Showing)


@dataclass(frozen=True, slots=True)
class Asking:
    """What the caller wants. commission: a share of net winnings; stake: in hundredths of a unit."""

    now_ms: int
    commission: Fraction
    max_age_ms: int
    stake: int

    @classmethod
    def of(cls, now_ms: int, commission: float, max_age_s: int, stake: int) -> Self:
        return cls(now_ms, Fraction(commission).limit_denominator(10_000), max_age_s * 1000, stake)


@dataclass(frozen=True, slots=True)
class BookField:
    """asked: fixed and exchange prices of boards that may be read. running: labels, on the card or priced. shut: why not."""

    race: ListedRace
    asked: Sequence[Asked]
    running: AbstractSet[str]
    horses: Mapping[str, str]
    shut: str | None

    @property
    def offers(self) -> list[Offer]:
        return [
            Offer(one.source, FIXED[one.market], one.label, one.price)
            for one in self.asked
            if one.price is not None and one.status == "active"
        ]

    def price_of(self, offer: Offer) -> Asked:
        named = (offer.source, offer.market, offer.label)
        return next(one for one in self.asked if (one.source, one.market, one.label) == named)

    def total(self, commission: Fraction) -> Fraction | None:
        return None if self.shut else field_sum(best_backs(self.offers, commission), self.running, commission)

    def why(self, commission: Fraction) -> str | None:
        """Why there is no sum."""
        if self.shut is not None:
            return self.shut
        missing = sorted(self.running - best_backs(self.offers, commission).keys(), key=program_order)
        return f"nobody backs #{', #'.join(missing)}" if missing else None


@dataclass(frozen=True, slots=True)
class Find:
    field: BookField
    sure: Sure


def finds(looked: Iterable[BookField], asking: Asking) -> Iterator[Find]:
    for field in looked:
        if field.shut is not None:
            continue
        commission, stake = asking.commission, asking.stake
        whole = dutch(best_backs(field.offers, commission), field.running, commission, stake)
        pairs = back_lays(field.offers, field.running, commission, stake)
        yield from (Find(field, sure) for sure in ([] if whole is None else [whole]) + pairs)


def fields(
    races: Iterable[ListedRace],
    asked: Iterable[Asked],
    showing: Iterable[Showing],
    listed: Iterable[Listed],
    asking: Asking,
) -> list[BookField]:
    """By post time."""
    prices, sources, cards = _by_race(asked), _by_race(showing), _by_race(listed)
    ordered = sorted(races, key=lambda race: (_LAST if race.post_time is None else race.post_time, race.race_id))
    return [_field(race, prices[race.race_id], sources[race.race_id], cards[race.race_id], asking) for race in ordered]


def _by_race(rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.race_id].append(row)
    return found


def _field(
    race: ListedRace, asked: Sequence[Asked], sources: Iterable[Showing], card: Sequence[Listed], asking: Asking
) -> BookField:
    readable = [one for one in asked if _readable(one, asking)]
    fixed = [one for one in readable if one.market in FIXED]
    runs = {one.label for one in card if one.status not in CANNOT_WIN_BETS}
    priced = {one.label for one in fixed if one.price is not None}
    return BookField(
        race=race,
        asked=fixed,
        running=runs | priced,
        horses=_horses(card),
        shut=_off(asked, sources) or _unread(fixed, card) or _disagree(readable, runs, priced, card),
    )


def _readable(one: Asked, asking: Asking) -> bool:
    told = one.fetched_at if one.source_time is None else min(one.fetched_at, one.source_time)
    return asking.now_ms - told <= asking.max_age_ms and one.flags <= HARMLESS


def _off(asked: Iterable[Asked], sources: Iterable[Showing]) -> str | None:
    """One source that has it off is enough, however old its word."""
    said = [(one.source, one.status) for one in sources] + [(one.source, one.board_status) for one in asked]
    return next((f"{source} has it {status}" for source, status in said if status not in READABLE), None)


def _unread(fixed: Sequence[Asked], card: Sequence[Listed]) -> str | None:
    if not fixed:
        return "no board with its prices is fresh and unflagged"
    return None if card else "its card is not known"


def _disagree(
    readable: Iterable[Asked], runs: AbstractSet[str], priced: AbstractSet[str], card: Iterable[Listed]
) -> str | None:
    """A price beside another source's scratch is of a field that is no more."""
    out = {one.label for one in card} - runs
    scratched = {one.label for one in readable if one.status == "scratched"}
    doubtful = sorted((out | scratched) & priced | scratched & runs, key=program_order)
    return f"sources disagree on whether #{doubtful[0]} runs" if doubtful else None


def _horses(card: Iterable[Listed]) -> dict[str, str]:
    names: dict[str, list[str]] = {}
    for one in card:
        names.setdefault(one.label, []).append(one.horse)
    return {label: " / ".join(found) for label, found in names.items()}
