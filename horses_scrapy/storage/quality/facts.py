"""What is stored of one race, as the data-quality checks read it. Instants are epoch milliseconds UTC."""

from collections.abc import Mapping
from dataclasses import dataclass

from horses_scrapy.items import EntryStatus, Market, OddsItem, PriceStatus, RaceStatus, Source


@dataclass(frozen=True, slots=True)
class Seen:
    """A board. pairs: whether pair prices came with it; exactas: whether exactas were among them."""

    board_id: int
    at: int
    status: RaceStatus
    flags: frozenset[str]
    pairs: bool
    exactas: bool


@dataclass(frozen=True, slots=True)
class OddPrice:
    """A price outside the bounds of its source, in thousandths."""

    label: str
    market: Market
    price: int
    status: PriceStatus
    at: int
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of all pools from a board on, by bet type, in minor units. A pool that is not shown is absent."""

    at: int
    flags: frozenset[str]
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """One source's boards of the race, by time.

    gone: when a price went, because of a scratch or for no reason told. quoted: interests with a win price on the newest
    board. last: the last sound board before the off; last_pairs: the last one with pair prices, often the same.
    """

    source: Source
    source_id: int
    is_primary: bool
    boards: tuple[Seen, ...] = ()
    odd_prices: tuple[OddPrice, ...] = ()
    totals: tuple[Totals, ...] = ()
    currencies: Mapping[str, str]
    gone: tuple[int, ...] = ()
    quoted: frozenset[int] = frozenset()
    last: OddsItem | None = None
    last_pairs: OddsItem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """priced: whether any source ever quoted a win price of its interest."""

    program_number: str
    label: str
    interest_id: int
    horse: str
    status: EntryStatus
    priced: bool


@dataclass(frozen=True, slots=True)
class Crawl:
    """A run of the race's track. outcome: None while it runs."""

    started_at: int
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceFacts:
    """scratches: when the card took a horse out. labels: of the betting interests. crawls: of the track, around the off."""

    race_id: int
    track_key: str
    track_code: str
    timezone: str
    race_date: str
    race_number: int
    post_time: int | None
    status: RaceStatus
    off_at: int | None
    created_at: int
    sources: tuple[SourceFacts, ...] = ()
    entries: tuple[EntryFacts, ...] = ()
    labels: frozenset[str] = frozenset()
    scratches: tuple[int, ...] = ()
    crawls: tuple[Crawl, ...] = ()

    @property
    def primary(self) -> SourceFacts | None:
        return next((one for one in self.sources if one.is_primary), None)

    @property
    def off(self) -> int | None:
        """The first board after the off, else the announced post."""
        return self.post_time if self.off_at is None else self.off_at
