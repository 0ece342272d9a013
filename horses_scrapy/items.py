"""What a spider yields. Typed, frozen, and explicit about units.

Prices are decimal odds in thousandths (5-2 is 3500: 3.5 for 1, stake included). Money is in minor units of a named
currency (cents). Times are aware. Program numbers and interest labels are text ("1", "1A"). A betting interest is what
one bet is on: 1 and 1A are two entries and one interest, labelled "1".
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

RaceStatus = Literal["scheduled", "open", "closed", "unofficial", "official", "cancelled", "postponed"]
EntryStatus = Literal["active", "scratched", "late_scratch", "ae", "mto", "nonbetting"]
PriceStatus = Literal["active", "capped", "scratched", "missing"]
Market = Literal["win_tote", "win_fixed", "place_low", "place_high", "win_back", "win_lay", "win_last"]
BetType = Literal["win", "place", "show", "exacta", "quinella", "trifecta", "superfecta"]
Notation = Literal["board", "decimal"]
Basis = Literal["display", "pool"]

RACE_STATUSES: tuple[RaceStatus, ...] = (
    "scheduled", "open", "closed", "unofficial", "official", "cancelled", "postponed",
)  # fmt: skip
OUT: frozenset[str] = frozenset({"scratched", "late_scratch"})
"""Entry statuses of a horse that will not run."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so, and how its numbers are meant.

    notation: how it prints odds: `board` (profit per 1: 5-2, EVN, 99) or `decimal` (3.50). basis: `display` when a
    printed price is the floor of a range, `pool` when it is exact.
    """

    name: str
    notation: Notation
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One horse of a card. `morning_line` is decimal odds in thousandths; `horse_key` the source's own key of the horse."""

    program_number: str
    label: str
    horse: str
    status: EntryStatus = "active"
    jockey: str | None = None
    trainer: str | None = None
    morning_line: int | None = None
    post_position: str | None = None
    horse_country: str | None = None
    horse_key: str | None = None
    scratched_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceItem:
    """One race of a card at one instant. No entries means that the card does not list them: nothing changes then.

    track is the key of the track's block in tracks.yaml; race_date the date at the track; source_key the source's own
    key of the race. `history` marks an import of past races.
    """

    track: str
    race_date: date
    race_number: int
    source: Source
    source_key: str
    url: str
    fetched_at: datetime
    post_time: datetime | None
    status: RaceStatus
    name: str | None = None
    entries: tuple[Entry, ...] = ()
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one interest showed in one market: decimal odds in thousandths, None while nothing is quoted.

    `capped` is "this or more" (a board's 99). `scratched` never carries a price.
    """

    label: str
    market: Market
    price: int | None
    status: PriceStatus = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Money in a pool, in minor units: the total where `label` is None, else the amount on one interest."""

    bet_type: BetType
    amount: int
    currency: str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPrice:
    """What a base bet on (first, second) would pay now, in minor units; a quinella has first before second."""

    first: str
    second: str
    payout: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairGrid:
    """Probable pay-outs of all pairs that the source quotes. `base` is the bet they are for, in minor units."""

    bet_type: Literal["exacta", "quinella"]
    base: int
    currency: str
    fetched_at: datetime
    prices: tuple[PairPrice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsItem:
    """One race's board from one source at one instant: every interest with its price or status, pools, pair prices.

    fetched_at is when the odds response came; source_time what the source says of its age. minutes_to_post is the
    site's own figure, None where it gives none; mtp_text its raw text. Flags: `no_pairs` (pair prices could not be had;
    they then change nothing), `from_cache`, and the names of failed sanity checks.
    """

    track: str
    race_date: date
    race_number: int
    source: Source
    url: str
    fetched_at: datetime
    status: RaceStatus
    prices: tuple[Price, ...]
    pools: tuple[Pool, ...] = ()
    grids: tuple[PairGrid, ...] = ()
    source_time: datetime | None = None
    minutes_to_post: int | None = None
    mtp_text: str | None = None
    flags: frozenset[str] = field(default_factory=frozenset, metadata={"serializer": sorted})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    """A horse in the official order; a dead heat repeats the position."""

    position: int
    program_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payoff:
    """What a winning bet of `base` was paid, in minor units. `combination` joins program numbers with `-`."""

    bet_type: BetType
    combination: str
    base: int
    payout: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultItem:
    """How a race ended. Payoffs follow the official order, which may differ from the order of finish."""

    track: str
    race_date: date
    race_number: int
    source: Source
    url: str
    fetched_at: datetime
    status: Literal["unofficial", "official"]
    finishers: tuple[Finisher, ...]
    payoffs: tuple[Payoff, ...] = ()


AnyItem = RaceItem | OddsItem | ResultItem
