"""A stored board with its race around it, as the alert rules and the pages read it. Units as in schema.py."""

from collections.abc import Mapping
from dataclasses import dataclass

from horses_scrapy.items import EntryStatus, Market, PriceStatus, RaceStatus, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceView:
    """The race that a board belongs to. `post_time` is epoch milliseconds."""

    race_id: int
    track_key: str
    track_code: str
    track_name: str
    timezone: str
    race_date: str
    race_number: int
    post_time: int | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerView:
    """One horse, as the card has it now. Several may share one `label` (a coupled entry)."""

    entry_id: int
    program_number: str
    label: str
    horse: str
    status: EntryStatus
    jockey: str | None
    trainer: str | None
    morning_line: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What stood on the board for one interest in one market."""

    price: int | None
    status: PriceStatus


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool's total (None where it was not shown) and what stood on each interest, in minor units."""

    total: int | None
    currency: str
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GridView:
    """The newest pair prices at the board: pay-outs for `base`, by (first, second) label.

    cap: the pay-out that stands for "this or more", None where the source has none.
    """

    base: int
    currency: str
    fetched_at: int
    payouts: Mapping[tuple[str, str], int]
    cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What a board says of pools, by bet type, and of pairs."""

    pools: Mapping[str, PoolView]
    grids: Mapping[str, GridView]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView(Money):
    """What one source showed for one race at one instant."""

    board_id: int
    race: RaceView
    source: Source
    is_primary: bool
    fetched_at: int
    source_time: int | None
    status: RaceStatus
    minutes_to_post: int | None
    flags: frozenset[str]
    evaluated_at: int | None
    runners: tuple[RunnerView, ...]
    prices: Mapping[tuple[Market, str], Shown]

    def horses(self, label: str) -> str:
        """Names behind a label: `Alpha / Alphabet` for a coupled entry, nothing where the card has none."""
        return " / ".join(runner.horse for runner in self.runners if runner.label == label)
