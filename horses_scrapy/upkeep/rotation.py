"""Which backups stay: the newest of each of the last days that have one, and of each of the last weeks before them."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime

DAILY = 7
WEEKLY = 4


def surplus(made: Iterable[datetime], *, daily: int = DAILY, weekly: int = WEEKLY) -> set[datetime]:
    """Those to remove. Days and ISO weeks are UTC's."""
    every = sorted(made, reverse=True)
    if not every:
        return set()
    days = _newest_of_each(every, daily, lambda at: at.date())
    older = [at for at in every if at.date() < min(days).date()]
    return set(every) - days - _newest_of_each(older, weekly, lambda at: at.isocalendar()[:2])


def _newest_of_each(newest_first: list[datetime], count: int, span: Callable[[datetime], Hashable]) -> set[datetime]:
    found: dict[Hashable, datetime] = {}
    for at in newest_first:
        found.setdefault(span(at), at)
    return set(list(found.values())[:count])
