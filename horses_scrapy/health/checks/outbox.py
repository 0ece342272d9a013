"""The outbox: how long its oldest message waits."""

from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.setup import rules_of
from horses_scrapy.config import Settings
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, judged, ok
from horses_scrapy.storage.mail_facts import MailFacts, mail_facts

WARN_S = 60.0
FAIL_S = 300.0
"""As the mail_failing rule of alerts.yaml has it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """oldest_s: beyond what its group waits for, 0 where nothing does; dead: given up in the last hour."""

    oldest_s: float
    dead: int


def outbox(here: Here) -> Result:
    together = grouped_s(here.settings)
    with here.store() as store, store.read() as connection:
        return judged_outbox(waiting(connection, together, here.clock.now_ms()))


def grouped_s(settings: Settings) -> float:
    """So long alerts that no message holds yet may wait for their group. Raises ConfigError."""
    grouping = rules_of(settings).delivery.grouping
    return max(grouping.wait, grouping.interval)


def waiting(connection: Connection, together: float, now: int) -> Waiting:
    channels = mail_facts(connection, now)
    oldest = max((_age_s(each, now, together) for each in channels), default=0.0)
    return Waiting(oldest, sum(each.dead for each in channels))


def judged_outbox(found: Waiting) -> Result:
    oldest, dead = found.oldest_s, found.dead
    if not oldest and not dead:
        return ok("nothing waits", oldest_s=0, dead=0)
    state = judged(oldest, warn_above=WARN_S, fail_above=FAIL_S)
    told = f"the oldest message waits for {oldest:.0f} s" if oldest else "nothing waits"
    told += f", {dead} given up in the last hour: scripts/alertctl.py outbox" if dead else ""
    told += ": is scripts/mailer.py running?" if state == "fail" else ""
    return Result("warn" if dead and state == "ok" else state, told, {"oldest_s": round(oldest), "dead": dead})


def _age_s(mail: MailFacts, now: int, together: float) -> float:
    frozen = 0.0 if mail.frozen_at is None else (now - mail.frozen_at) / 1000
    loose = 0.0 if mail.alert_at is None else (now - mail.alert_at) / 1000 - together
    return max(0.0, frozen, loose)
