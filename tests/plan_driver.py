"""The plan, asked again and again as the scheduler's loop does; what it queues is posted, and runs as it was planned."""

from collections.abc import Callable, Collection, Sequence

from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling.plan import Due, PastSlot, RaceState, Watched, next_due, plan

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
OWN, PUBLIC = Scraping(), Scraping().at_least(30)

Races = Sequence[RaceState] | Callable[[int], Sequence[RaceState]]


def watched(*keys: str, told: Scraping = OWN, card_times: Sequence[int] = ()) -> list[Watched]:
    return [Watched(key, told, tuple(card_times)) for key in keys]


def written(due: Due, **fields: object) -> PastSlot:
    made = PastSlot(due.track, due.kind, due.due_at, due.due_at, "posted", due.until_at, None, True, due.every)
    return made._replace(**fields)


def polls(dues: Collection[Due]) -> list[int]:
    """Every instant at which a board is asked for, inside windows too."""
    return sorted(
        at
        for due in dues
        for at in ([due.due_at] if due.until_at is None else range(due.due_at, due.until_at, due.every))
    )


def drive(
    tracks: Collection[Watched], races: Races, start: int, end: int, *, step: int | None = 5 * SECOND,
    window_ms: int = 0, slots: Sequence[PastSlot] = (), ends: Callable[[Due], PastSlot] = written,
) -> list[Due]:  # fmt: skip
    """All that falls due between two instants. `races` may depend on the instant, `ends` tells how a slot went.

    step: how often the plan is asked; None: when it says that something falls due.
    """
    past, found, now = list(slots), [], start
    while now <= end:
        current = races(now) if callable(races) else races
        dues = plan(now, tracks, current, past, window_ms)
        assert len({due.track for due in dues}) == len(dues)
        found += dues
        past += [ends(due) for due in dues]
        now = now + step if step is not None else next_due(now, tracks, current, past, window_ms)
    return found
