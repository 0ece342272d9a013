"""Requests to a host in a minute and a day: what is above the budget is not queued, the least urgent first. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from horses_scrapy.scheduling.plan import Due
from horses_scrapy.storage.slots import CARD, NEAR

MINUTE_MS, DAY_MS = 60_000, 86_400_000


class Limits(NamedTuple):
    """Requests; None: no limit."""

    per_minute: int | None = None
    per_day: int | None = None


class Use(NamedTuple):
    """Requests: of the minute and of the day in UTC."""

    minute: int = 0
    day: int = 0


class Dropped(NamedTuple):
    """A poll that is not queued, the host that it would have asked, and why not."""

    due: Due
    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class Budgets:
    """hosts: of each track. limits, used: of a host. polls: (track, kind) -> requests of one poll, as far as known.

    used counts what was sent and what the windows that poll now still will. races: of a track's card, not over.
    """

    hosts: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    used: Mapping[str, Use] = field(default_factory=dict)
    polls: Mapping[tuple[str, str], int] = field(default_factory=dict)
    races: Mapping[str, int] = field(default_factory=dict)

    def of_poll(self, track: str, races: int) -> int:
        """Requests of one poll of so many races; 0: of the whole card."""
        known = self.polls.get((track, NEAR if races else CARD))
        return known if known is not None else 1 + (races or self.races.get(track, 0))


def requests(due: Due, budgets: Budgets) -> Use:
    """What a slot will ask: in its busiest minute, and altogether."""
    each = budgets.of_poll(due.track, len(due.races))
    if due.until_at is None or due.every is None:
        return Use(each, each)
    altogether = each * polls_between(due.due_at, due.until_at, due.every)
    return Use(min(altogether, each * polls_between(0, MINUTE_MS, due.every)), altogether)


def polls_between(start: int, end: int, every: int) -> int:
    """Polls at start + k * every, strictly before the end."""
    return max(0, -(-(end - start) // every))


def within(dues: Iterable[Due], budgets: Budgets) -> tuple[list[Due], list[Dropped]]:
    """Most urgent first, each is kept if it fits into what the more urgent ones have left of its host's budget."""
    minute: Counter[str] = Counter({host: use.minute for host, use in budgets.used.items()})
    day: Counter[str] = Counter({host: use.day for host, use in budgets.used.items()})
    kept, dropped = [], []
    for due in sorted(dues, key=lambda one: -one.priority):
        host = budgets.hosts.get(due.track, "")
        wants = requests(due, budgets)
        limits = budgets.limits.get(host, Limits())
        reason = _above("minute", minute[host], wants.minute, limits.per_minute) or _above(
            "day", day[host], wants.day, limits.per_day
        )
        if reason is not None:
            dropped.append(Dropped(due, host, f"{host}: {reason}"))
            continue
        kept.append(due)
        minute[host] += wants.minute
        day[host] += wants.day
    return kept, dropped


def _above(period: str, used: int, wants: int, limit: int | None) -> str | None:
    if limit is None or used + wants <= limit:
        return None
    return f"{used} requests of this {period} are spent or spoken for, {wants} more would pass its budget of {limit}"
