"""Alerts that go in one message: of one race or track, to one recipient, by one channel. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from alerts.delivery.standing import Standing
from alerts.expiry import outlives_the_race
from alerts.rules.policy import Grouping
from horses_scrapy.storage.outbox_rows import Waiting


class Key(NamedTuple):
    """lasting: whether the alerts outlive their race (results, status, system): what does not expires at the off."""

    scope: str
    recipient: str
    channel: str
    lasting: bool


@dataclass(frozen=True, slots=True)
class Group:
    key: Key
    members: Sequence[Waiting]

    @property
    def recipient(self) -> str:
        return self.key.recipient

    @property
    def urgent(self) -> bool:
        return any(each.severity == "urgent" for each in self.members)


def key_of(each: Waiting) -> Key:
    return Key(each.scope, each.recipient, each.channel, outlives_the_race(each.kind))


def groups(deliveries: Iterable[Waiting]) -> list[Group]:
    """Those with an urgent alert first, then by their oldest: who comes first is capped last."""
    found: dict[Key, list[Waiting]] = defaultdict(list)
    for each in deliveries:
        found[key_of(each)].append(each)
    made = [Group(key, members) for key, members in found.items()]
    return sorted(made, key=lambda group: (not group.urgent, group.members[0].alert_id))


def why_wait(group: Group, standing: Standing, grouping: Grouping) -> str | None:
    """Why a group is not sent yet, None where it is due. Time that ran backwards never makes it wait."""
    last = standing.last.get(group.key)
    if last is not None:
        if 0 <= standing.now_ms - last < grouping.interval * 1000:
            return f"{grouping.interval:g} s from one message of a race to its next"
        return None
    oldest = min(each.created_at for each in group.members)
    if (
        group.urgent
        or _near(group, standing.now_ms, grouping)
        or not 0 <= standing.now_ms - oldest < grouping.wait * 1000
    ):
        return None
    return f"{grouping.wait:g} s for more of its first alerts"


def _near(group: Group, now_ms: int, grouping: Grouping) -> bool:
    post = group.members[0].race.post_time
    return post is not None and post - now_ms <= grouping.near * 60_000


def leading(members: Sequence[Waiting], at_most: int) -> list[Waiting]:
    """The members of one message: urgent ones first, then the oldest. The others wait for the next."""
    first = sorted(members, key=lambda each: (each.severity != "urgent", each.alert_id))[:at_most]
    return sorted(first, key=lambda each: each.alert_id)
