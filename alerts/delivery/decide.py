"""What becomes of everything that waits, at one instant. The order of the stages is here and nowhere else. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from alerts.delivery.cap import why_capped
from alerts.delivery.group import Group, groups, leading, why_wait
from alerts.delivery.inhibit import why_inhibited
from alerts.delivery.quiet import why_quiet
from alerts.delivery.silence import why_silenced
from alerts.delivery.standing import Standing
from alerts.expiry import why_expired
from alerts.rules.policy import Delivery
from horses_scrapy.storage.deliveries import Sent
from horses_scrapy.storage.outbox_rows import Waiting

State = Literal["expired", "inhibited", "muted", "capped"]
Why = Callable[[Waiting, Standing, Delivery], str | None]


@dataclass(frozen=True, slots=True)
class Closed:
    """A delivery that ends without a message."""

    delivery: Waiting
    state: State
    reason: str


@dataclass(slots=True)
class Decisions:
    """What ends, what goes into a message now, and what waits on, each group with its reason."""

    closed: list[Closed] = field(default_factory=list)
    ready: list[Group] = field(default_factory=list)
    later: list[tuple[Group, str]] = field(default_factory=list)


def why_late(each: Waiting, standing: Standing, _policy: Delivery) -> str | None:
    return why_expired(each.kind, each.race, each.expires_at, standing.now_ms)


BEFORE_GROUPING: Sequence[tuple[State, Why]] = (("expired", why_late),)
ONCE_DUE: Sequence[tuple[State, Why]] = (("inhibited", why_inhibited), ("muted", why_silenced), ("muted", why_quiet))


def decide(waiting: Sequence[Waiting], standing: Standing, policy: Delivery) -> Decisions:
    """Expire -> group -> inhibit -> silence -> quiet hours -> cap. Twins are found, and bytes made, by the outbox."""
    made = Decisions()
    sent = list(standing.sent)
    for group in groups(_left(waiting, BEFORE_GROUPING, standing, policy, made)):
        wait = why_wait(group, standing, policy.grouping)
        if wait is not None:
            made.later.append((group, wait))
            continue
        members = _left(group.members, ONCE_DUE, standing, policy, made)
        if not members:
            continue
        capped = why_capped(group, sent, standing.now_ms, policy)
        if capped is not None:
            made.closed += [Closed(each, "capped", capped) for each in members]
            continue
        made.ready.append(Group(group.key, leading(members, policy.grouping.members)))
        sent.append(Sent(group.key.recipient, group.key.channel, group.key.scope, standing.now_ms))
    return made


def _left(
    deliveries: Sequence[Waiting],
    stages: Sequence[tuple[State, Why]],
    standing: Standing,
    policy: Delivery,
    made: Decisions,
) -> list[Waiting]:
    """Those that no stage ends; the first that does is told."""
    left = []
    for each in deliveries:
        reasons = ((state, why(each, standing, policy)) for state, why in stages)
        state, reason = next(((state, reason) for state, reason in reasons if reason is not None), (None, None))
        if state is None or reason is None:
            left.append(each)
        else:
            made.closed.append(Closed(each, state, reason))
    return left
