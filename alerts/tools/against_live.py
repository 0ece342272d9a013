"""A replay beside the alerts that were told: they must be equal."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alerts.tools.replay import Replayed
from horses_scrapy.storage.alert_reader import StoredAlert


class Line(NamedTuple):
    """What two runs must agree on; a mail's further words may differ (where the price is likely to end)."""

    race_id: int | None
    rule: str
    scope: str
    market: str
    subject: str
    event: str
    value: int | None
    triggered_at: int
    message: str


def line_of(one: Replayed) -> Line:
    return Line(one.race_id, *one.identity, one.event, one.value, one.detail.fetched_at, one.detail.text)


def line_told(one: StoredAlert) -> Line:
    return Line(
        one.race_id, one.rule, one.scope, one.market, one.subject, one.event, one.value, one.triggered_at, one.message
    )


def differences(told: Iterable[StoredAlert], replayed: Iterable[Replayed]) -> Iterator[tuple[str, Line]]:
    """(`-` only live, `+` only in the replay), by time."""
    live, again = Counter(map(line_told, told)), Counter(map(line_of, replayed))
    found = [("-", line) for line in (live - again).elements()] + [("+", line) for line in (again - live).elements()]
    yield from sorted(found, key=lambda each: (each[1].triggered_at, each[1].message, each[0]))
