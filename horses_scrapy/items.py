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
Market = Literal[
    "win_tote", "win_fixed", "place_low", "place_high", "win_back", "win_lay", "win_last", "place_back", "place_lay", "place_last",
]  # fmt: skip
BetType = Literal["win", "place", "show", "exacta", "quinella", "trio", "trifecta", "superfecta"]
LegBetType = Literal["daily_double", "treble", "quadrella", "pick_3", "pick_4", "pick_5", "pick_6"]
"""Bets on the winners of several races; a pay-out to come is known once all legs but the last are run."""
PoolType = Literal[
    "win", "place", "show", "exacta", "quinella", "trio", "trifecta", "superfecta", "win_back", "win_lay", "place_back", "place_lay",
]  # fmt: skip
"""A tote pool, or on an exchange the money matched (`win`, `place`) and on offer at the best price (`win_back` ...)."""
RaceType = Literal["gallops", "harness"]
"""Greyhounds are not read."""
Surface = Literal["turf", "dirt", "synthetic"]
"""What a race is run on; named only where the source says so beyond doubt."""
Notation = Literal["board", "decimal"]
Basis = Literal["display", "pool"]

RACE_STATUSES: tuple[RaceStatus, ...] = (
    "scheduled", "open", "closed", "unofficial", "official", "cancelled", "postponed",
)  # fmt: skip
SURFACES: tuple[Surface, ...] = ("turf", "dirt", "synthetic")
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
    """One horse of a card. `morning_line` is decimal odds in thousandths; `horse_key` the source's own key of the horse.

    reduction_factor: by how much prices are cut should the horse be withdrawn (an exchange's), in hundredths of a percent.
    """

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
    reduction_factor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceItem:
    """One race of a card at one instant. No entries means that the card does not list them: nothing changes then.

    track is the key of the track's block in tracks.yaml; race_date the date at the track; source_key the source's own
    key of the race. `history` marks an import of past races, `from_cache` a card that was fetched by an earlier run (at
    fetched_at), which only fills what is stored as unknown, `fallback` one that was read from the source's second choice of page.
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
    race_type: RaceType | None = None
    surface: Surface | None = None
    history: bool = False
    from_cache: bool = False
    fallback: bool = False


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

    bet_type: PoolType
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
    """Probable pay-outs of all pairs that the source quotes. `base` is the bet they are for, in minor units.

    cap: a pay-out that the source prints for "this or more"; such a cell is a floor and no price.
    """

    bet_type: Literal["exacta", "quinella"]
    base: int
    currency: str
    fetched_at: datetime
    prices: tuple[PairPrice, ...]
    cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WillPay:
    """What a bet over several races will pay if `combination` (the last leg's interest, or all legs' joined by `-`) wins.

    Exact, no estimate. `base` and `payout` in minor units.
    """

    bet_type: LegBetType
    combination: str
    base: int
    payout: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsItem:
    """One race's board from one source at one instant: every interest with its price or status, pools, pair prices.

    fetched_at is when the odds response came; source_time what the source says of its age. minutes_to_post is the
    site's own figure, None where it gives none; mtp_text its raw text. Flags: `no_pairs` (pair prices could not be had;
    they then change nothing), `from_cache`, `fallback` (read from the source's second choice of page), and `suspect` with
    the names of the sanity checks that failed.
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
    will_pays: tuple[WillPay, ...] = ()
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
