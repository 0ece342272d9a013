"""The outbox: how long its oldest message waits."""

from alerts.setup import rules_of
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, judged, ok
from horses_scrapy.storage.mail_facts import MailFacts, mail_facts

WARN_S = 60.0
FAIL_S = 300.0
"""As the mail_failing rule of alerts.yaml has it."""


def outbox(here: Here) -> Result:
    """Alerts that no message holds yet may wait for their group first."""
    grouping = rules_of(here.settings).delivery.grouping
    now, together = here.clock.now_ms(), max(grouping.wait, grouping.interval)
    with here.store() as store, store.read() as connection:
        channels = mail_facts(connection, now)
    ages = {each.channel: _age_s(each, now, together) for each in channels}
    dead = sum(each.dead for each in channels)
    oldest = max(ages.values(), default=0.0)
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
