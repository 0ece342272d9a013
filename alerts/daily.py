"""Once a day, at the recipient's own time: that we are alive, and what became of the alerts since yesterday. Pure.

It is sent within two hours of its time or not at all: one that does not come at its hour says that nothing ran then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from alerts.address import channel_of
from alerts.delivery.own_message import OwnMessage
from alerts.message import Notice
from alerts.rules.policy import Delivery, Person
from horses_scrapy.clock import from_ms, to_ms

LATE_MS = 2 * 3_600_000
TOLD = {
    "sent": "sent",
    "dead": "given up (dead)",
    "capped": "held back by caps",
    "muted": "muted",
    "inhibited": "inhibited",
    "expired": "expired",
    "logged": "logged only",
    "pending": "still waiting",
    "leased": "on their way",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A daily mail that is due: what happened after since_ms, up to until_ms."""

    recipient: str
    channel: str
    day: date
    since_ms: int
    until_ms: int

    @property
    def scope(self) -> str:
        return f"daily:{self.day.isoformat()}"


def turns(policy: Delivery, now_ms: int) -> list[Turn]:
    """Whose time has come. Yesterday's turn is asked too: a time shortly before midnight may be told after it."""
    found = []
    for recipient, person in policy.people.items():
        today = from_ms(now_ms).astimezone(person.zone).date()
        for day in (today - timedelta(days=1), today):
            at = _instant(person, day)
            if at is not None and at <= now_ms < at + LATE_MS:
                since = _instant(person, day - timedelta(days=1))
                assert since is not None
                found.append(Turn(recipient, channel_of(recipient), day, since, at))
    return found


def _instant(person: Person, day: date) -> int | None:
    """The person's time on that day; one that summer time skips is read by the clock of before."""
    if person.daily is None:
        return None
    return to_ms(datetime.combine(day, person.daily, person.zone).astimezone(UTC))


def alive(turn: Turn, states: Mapping[str, int], tracks: Sequence[str]) -> OwnMessage:
    """states: how many of the recipient's deliveries ended how. tracks: those with a crawl since."""
    alerts, sent, dead = sum(states.values()), states.get("sent", 0), states.get("dead", 0)
    rest = [state for state in TOLD if states.get(state) and state not in {"sent", "dead", "capped"}]
    counts = [f"{states.get(state, 0)} {TOLD[state]}" for state in ("sent", "dead", "capped", *rest)]
    watched = f"{len(tracks)} tracks watched: {', '.join(tracks)}" if tracks else "No track was watched: no crawl ran"
    return OwnMessage(
        recipient=turn.recipient,
        channel=turn.channel,
        scope=turn.scope,
        notice=Notice(
            key=f"{turn.scope}|{turn.channel}",
            subject=f"horses_scrapy is alive: {alerts} alerts, {sent} sent, {dead} dead, {len(tracks)} tracks",
            heading=f"{alerts} alerts for you since yesterday's mail",
            lines=(*counts, watched),
        ),
    )
