"""What is known around a board: earlier boards as far as a rule's reference needs them, takeouts, the user's lines. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from alerts.amounts import hundredths
from alerts.as_of import runners_at
from horses_scrapy.items import OUT, Market
from horses_scrapy.storage.alert_history import CardChange, EarlierBoard
from horses_scrapy.storage.board_view import BoardView, Money, RunnerView, Shown

Prices = Mapping[tuple[Market, str], Shown]

READABLE = frozenset({"scheduled", "open"})
"""Race statuses in which a price can still be acted on."""
HARMLESS = frozenset({"no_pairs", "fallback"})
"""Flags that say nothing against the prices; any other one (late, from_cache, a failed check) makes a board unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """One board of one source. `minutes` to the post, None where unknown; pool totals in hundredths of a unit.

    unsound: why no rule reads it, None where rules do.
    """

    board_id: int
    fetched_at: int
    unsound: str | None
    minutes: float | None
    pools: Mapping[str, int | None]
    scratched: frozenset[str]
    prices: Prices


@dataclass(frozen=True, slots=True)
class Takeout:
    """What a pool keeps, as a share. `assumed`: nobody has verified it."""

    rate: float
    assumed: bool


@dataclass(frozen=True, slots=True)
class History:
    """Boards before the evaluated one, oldest first, and the newest sound one's pairs and pools by interest.

    takeouts: by bet type. lines: the user's own fair prices in thousandths, by label. watched: entries of each watchlist,
    as (field, value).
    """

    boards: Sequence[Glimpse] = ()
    previous: Money | None = None
    takeouts: Mapping[str, Takeout] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    watched: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)


def unsound(seen: BoardView | EarlierBoard, stale_after_ms: int) -> str | None:
    """Why a board tells nothing, None where it does."""
    if seen.status not in READABLE:
        return f"the race is {seen.status}"
    return untrusted(seen, stale_after_ms)


def untrusted(seen: BoardView | EarlierBoard, stale_after_ms: int, harmless: AbstractSet[str] = HARMLESS) -> str | None:
    """What speaks against a board's figures, whether or not they can still be acted on."""
    harmful = seen.flags - harmless
    if harmful:
        return f"flagged {', '.join(sorted(harmful))}"
    age = 0 if seen.source_time is None else seen.fetched_at - seen.source_time
    return f"stale: its source says it is {age // 1000} s old" if age > stale_after_ms else None


def minutes_to_post(site: int | None, post_time: int | None, at_ms: int) -> float | None:
    """The site's own figure before the clock; a race that is not off is at 0 however late it is."""
    if site is not None:
        return float(max(site, 0))
    return None if post_time is None else max((post_time - at_ms) / 60_000, 0.0)


def field_out(runners: Sequence[RunnerView], prices: Prices) -> frozenset[str]:
    """Interests on which no bet stands: shown as scratched, or none of their horses runs.

    One part of a coupled entry that is out leaves the other running, and nothing is refunded.
    """
    shown = {label for (_, label), quote in prices.items() if quote.status == "scratched"}
    running = {runner.label for runner in runners if runner.status not in OUT}
    return frozenset(shown | ({runner.label for runner in runners} - running))


def glimpse(board: BoardView, stale_after_ms: int) -> Glimpse:
    """`board.runners` as they were at the board (as_of)."""
    return Glimpse(
        board_id=board.board_id,
        fetched_at=board.fetched_at,
        unsound=unsound(board, stale_after_ms),
        minutes=minutes_to_post(board.minutes_to_post, board.race.post_time, board.fetched_at),
        pools=_totals({name: pool.total for name, pool in board.pools.items()}, board),
        scratched=field_out(board.runners, board.prices),
        prices=board.prices,
    )


def _totals(pools: Mapping[str, int | None], board: BoardView) -> dict[str, int | None]:
    """As rules read them. An earlier total is in the currency that the pool still has; one that is gone is not known."""
    known = {name: pool.currency for name, pool in board.pools.items()}
    return {
        name: None if total is None or name not in known else hundredths(total, known[name])
        for name, total in pools.items()
    }


def glimpses(
    earlier: Iterable[EarlierBoard], board: BoardView, changes: Sequence[CardChange], stale_after_ms: int
) -> list[Glimpse]:
    """Boards that were read before `board`, oldest first; ones that were not sound tell nothing."""
    return [
        Glimpse(
            board_id=seen.board_id,
            fetched_at=seen.fetched_at,
            unsound=None,
            minutes=minutes_to_post(seen.minutes_to_post, board.race.post_time, seen.fetched_at),
            pools=_totals(seen.pools, board),
            scratched=field_out(runners_at(board.runners, changes, seen.fetched_at), seen.prices),
            prices=seen.prices,
        )
        for seen in earlier
        if unsound(seen, stale_after_ms) is None
    ]
