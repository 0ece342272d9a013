"""How many messages a replay's alerts would have become: the mailer's own decisions, made at the instants of the day.

Left out: silences, sources that were down, mail servers that were. A mailer that always runs is supposed.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.address import channel_of
from alerts.delivery.cap import window_of
from alerts.delivery.decide import Decisions, decide
from alerts.delivery.standing import Standing
from alerts.expiry import expires_at
from alerts.rules.policy import Delivery
from alerts.tools.replay import Replayed
from horses_scrapy.storage.alert_reader import RaceHead
from horses_scrapy.storage.deliveries import Sent
from horses_scrapy.storage.outbox_rows import RaceNow, Waiting


@dataclass(slots=True)
class Mails:
    """Of one recipient. summaries: messages that say what a cap held back; ended: alerts that came into none, by why."""

    messages: int = 0
    alerts: int = 0
    summaries: int = 0
    ended: dict[str, int] = field(default_factory=dict)


def estimate(
    replayed: Sequence[Replayed],
    races: Mapping[int, RaceHead],
    policy: Delivery,
    usual: Sequence[str],
) -> dict[str, Mails]:
    """By recipient. races: by id. usual: recipients of rules that name none."""
    off_at = {race_id: race.off_at for race_id, race in races.items() if race.off_at is not None}
    return _Day(policy, off_at, _deliveries(replayed, races, usual)).run()


def _deliveries(replayed: Iterable[Replayed], races: Mapping[int, RaceHead], usual: Sequence[str]) -> list[Waiting]:
    return [
        _waiting(number, one, races[one.race_id], name)
        for number, one in enumerate(replayed)
        for name in dict.fromkeys(usual if one.rule.recipients is None else one.rule.recipients)
    ]


def _waiting(number: int, one: Replayed, race: RaceHead, recipient: str) -> Waiting:
    at = one.detail.fetched_at
    return Waiting(
        alert_id=number,
        recipient=recipient,
        channel=channel_of(recipient),
        scope=one.identity.scope,
        race_id=one.race_id,
        track_key=race.track_key,
        track_code=race.track_code,
        race_date=race.race_date,
        race_number=race.race_number,
        rule=one.rule.name,
        kind=one.rule.kind,
        severity=one.rule.severity,
        market=one.identity.market,
        subject=one.identity.subject,
        triggered_at=at,
        created_at=at if one.seen_at is None else max(at, one.seen_at),
        detail="",
        expires_at=expires_at(one.rule.kind, one.detail.post_time, at),
        race=RaceNow(status=None, off_at=None, post_time=one.detail.post_time),
    )


class _Day:
    """What waits, and what was sent, as the day goes on."""

    def __init__(self, policy: Delivery, off_at: Mapping[int, int], deliveries: Sequence[Waiting]) -> None:
        self._policy = policy
        self._off_at = off_at
        self._to_come = sorted(deliveries, key=lambda each: (each.created_at, each.alert_id), reverse=True)
        self._waiting: list[Waiting] = []
        self._sent: list[Sent] = []
        self._last: dict[tuple[str, str, str, bool], int] = {}
        self._found: dict[str, Mails] = {each.recipient: Mails() for each in deliveries}
        self._summed: set[tuple[str, str, int]] = set()

    def run(self) -> dict[str, Mails]:
        instants = [each.created_at for each in self._to_come]
        heapq.heapify(instants)
        while instants:
            now = heapq.heappop(instants)
            while self._to_come and self._to_come[-1].created_at <= now:
                self._waiting.append(self._to_come.pop())
            if self._waiting and self._flush(now):
                heapq.heappush(instants, now + 1000)
        return self._found

    def _flush(self, now: int) -> bool:
        """Whether something waits on."""
        standing = Standing(now_ms=now, sent=self._sent, last=self._last)
        made = decide([self._as_of(each, now) for each in self._waiting], standing, self._policy)
        self._count(made, now)
        later = {(each.alert_id, each.recipient) for group, _ in made.later for each in group.members}
        taken = {(each.alert_id, each.recipient) for group in made.ready for each in group.members}
        closed = {(each.delivery.alert_id, each.delivery.recipient) for each in made.closed}
        self._waiting = [each for each in self._waiting if (each.alert_id, each.recipient) not in taken | closed]
        return bool(later or self._waiting)

    def _as_of(self, each: Waiting, now: int) -> Waiting:
        off = self._off_at.get(each.race_id or 0)
        if off is None or off > now:
            return replace(each, race=replace(each.race, status="open"))
        return replace(each, race=replace(each.race, status="closed", off_at=off))

    def _count(self, made: Decisions, now: int) -> None:
        for group in made.ready:
            self._sent.append(Sent(group.key.recipient, group.key.channel, group.key.scope, now))
            self._last[group.key] = now
            self._found[group.recipient].messages += 1
            self._found[group.recipient].alerts += len(group.members)
        for closed in made.closed:
            mine = self._found[closed.delivery.recipient]
            why = closed.reason if closed.state == "capped" else closed.state
            mine.ended[why] = mine.ended.get(why, 0) + 1
            if closed.state == "capped":
                self._summary(closed.delivery, closed.reason, mine, now)

    def _summary(self, each: Waiting, reason: str, mine: Mails, now: int) -> None:
        """One for each window that a cap closed."""
        window = window_of(reason)
        begun = {"race": each.race_id or 0, "hour": now // 3_600_000, "day": 0}[window]
        key = (each.recipient, window, begun)
        mine.summaries += key not in self._summed
        self._summed.add(key)
