"""What earlier boards showed, as far as a rule's reference needs it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.amounts import hundredths
from horses_scrapy.items import OUT, EntryStatus, Market
from horses_scrapy.storage.alert_history import EarlierBoard, StatusChange
from horses_scrapy.storage.board_view import BoardView, RunnerView, Shown

Prices = Mapping[tuple[Market, str], Shown]

READABLE = frozenset({"scheduled", "open"})
"""Race statuses in which a price can still be acted on."""
HARMLESS = frozenset({"no_pairs", "fallback"})
"""Flags that say nothing against the prices; any other one (late, from_cache, a failed check) makes a board unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """One board of one source. `minutes` to the post, None where unknown; pool totals in hundredths of a unit."""

    board_id: int
    fetched_at: int
    sound: bool
    minutes: float | None
    pools: Mapping[str, int | None]
    scratched: frozenset[str]
    prices: Prices


@dataclass(frozen=True, slots=True)
class History:
    """Boards before the evaluated one, oldest first, and the newest sound one in full (for its pair prices)."""

    boards: Sequence[Glimpse] = ()
    previous: BoardView | None = None


def sound(status: str, flags: frozenset[str]) -> bool:
    return status in READABLE and flags <= HARMLESS


def minutes_to_post(site: int | None, post_time: int | None, at_ms: int) -> float | None:
    """The site's own figure before the clock; a race that is not off is at 0 however late it is."""
    if site is not None:
        return float(max(site, 0))
    return None if post_time is None else max((post_time - at_ms) / 60_000, 0.0)


def runners_at(runners: Sequence[RunnerView], changes: Sequence[StatusChange], at_ms: int) -> tuple[RunnerView, ...]:
    """The card as it was: a board that is evaluated late must not know of a later scratch."""
    return tuple(replace(runner, status=_status_at(runner, changes, at_ms)) for runner in runners)


def _status_at(runner: RunnerView, changes: Sequence[StatusChange], at_ms: int) -> EntryStatus:
    status = runner.status
    for change in reversed(changes):  # newest first: undo what came after
        if change.entry_id == runner.entry_id and change.at > at_ms:
            status = change.old
    return status


def field_out(runners: Sequence[RunnerView], prices: Prices) -> frozenset[str]:
    """Interests on which no bet stands: shown as scratched, or none of their horses runs.

    One part of a coupled entry that is out leaves the other running, and nothing is refunded.
    """
    shown = {label for (_, label), quote in prices.items() if quote.status == "scratched"}
    running = {runner.label for runner in runners if runner.status not in OUT}
    return frozenset(shown | ({runner.label for runner in runners} - running))


def glimpse(board: BoardView) -> Glimpse:
    """`board.runners` as they were at the board (runners_at)."""
    return Glimpse(
        board_id=board.board_id,
        fetched_at=board.fetched_at,
        sound=sound(board.status, board.flags),
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


def glimpses(earlier: Iterable[EarlierBoard], board: BoardView, changes: Sequence[StatusChange]) -> list[Glimpse]:
    """Boards that were read before `board`, oldest first; ones that were not sound tell nothing."""
    return [
        Glimpse(
            board_id=seen.board_id,
            fetched_at=seen.fetched_at,
            sound=True,
            minutes=minutes_to_post(seen.minutes_to_post, board.race.post_time, seen.fetched_at),
            pools=_totals(seen.pools, board),
            scratched=field_out(runners_at(board.runners, changes, seen.fetched_at), seen.prices),
            prices=seen.prices,
        )
        for seen in earlier
        if sound(seen.status, seen.flags)
    ]
