"""How one price moved: from the first price, over the last minutes, and as a line for the eye. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from alerts.reading.measure import points_lost
from horses_scrapy.items import Notation
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.price_paths import Step
from horses_scrapy.web.models.base import Odds, instant
from horses_scrapy.web.models.race import Change

SPARKS = 24
WINDOW_MS = 300_000
"""What a recent move is measured over."""
odds_of = lru_cache(maxsize=8192)(Odds.of)
"""Many interests and instants share a price, and nobody can change one."""


def opening(path: Sequence[Step]) -> Step | None:
    return next((step for step in path if step.shown.price is not None), None)


def standing(path: Sequence[Step], at: int) -> Step | None:
    """What stood at an instant; None before anything did."""
    place = place_at(path, at)
    return path[place - 1] if place else None


def place_at(path: Sequence[Step], at: int) -> int:
    """How many steps there were until an instant, itself included."""
    return bisect_right(path, at, key=lambda step: step.at)


def change(before: Step | None, now: Shown | None, since: int, scratched_at: int, notation: Notation) -> Change | None:
    """From what stood at `since`. scratched_at: when the last interest went out. None where a price is missing, or but a floor: a capped one."""
    if before is None or now is None:
        return None
    old, new = before.shown, now
    if old.price is None or new.price is None or "capped" in {old.status, new.status}:
        return None
    return Change(
        points=round(-points_lost(old.price, new.price) / 1000, 2),
        before=odds_of(old, notation),
        since=instant(since),
        across_scratch=scratched_at > since,
    )


def spark(path: Sequence[Step], until: int) -> list[float]:
    """Decimal prices from the first one to `until`, or to when it was gone, evenly; where none stood, the one before."""
    priced = [(step.at, step.shown.price) for step in path if step.shown.price is not None]
    if not priced:
        return []
    begins, prices = [at for at, _ in priced], [price for _, price in priced]
    first, end = begins[0], until if path[-1].shown.price is not None else path[-1].at
    many = SPARKS if end > first else 1
    instants = [first + (end - first) * number // max(1, many - 1) for number in range(many)]
    return [prices[bisect_right(begins, at) - 1] / 1000 for at in instants]


def scratches(paths: Iterable[Sequence[Step]]) -> tuple[int, ...]:
    """When interests went out that had been shown before."""
    return tuple(
        step.at
        for path in paths
        for earlier, step in pairwise(path)
        if step.shown.status == "scratched" and earlier.shown.status != "scratched"
    )
