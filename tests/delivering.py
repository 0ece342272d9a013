"""Deliveries for tests of what becomes of them: rows without a database, in seconds from an instant; and an outbox."""

import hashlib
import json
import random

from alerts.channels.apprise import AppriseChannel
from alerts.channels.mail import MailChannel
from alerts.delivery.silence import parse
from alerts.delivery.standing import Standing
from alerts.expiry import why_expired
from alerts.message import Composed
from alerts.outbox import Outbox, Verdict, verdict
from alerts.outcome import ACCEPTED
from alerts.rules import load_rules
from alerts.rules.policy import Delivery
from horses_scrapy.clock import to_ms
from horses_scrapy.config.model import Smtp
from horses_scrapy.storage import silences
from horses_scrapy.storage.alerts import StateRow, save_states
from horses_scrapy.storage.deliveries import RunnerNow, Sent
from horses_scrapy.storage.outbox_rows import EVERYBODY, RaceNow, Waiting

T0 = 1_777_752_000_000  # 2026-05-02 20:00 UTC, 16:00 in New York
YOU = "you@example.com"


def waiting(alert_id=1, *, made=0.0, post=3600.0, status="open", off=None, **fields) -> Waiting:
    """An alert about runner 5 of race 1, an hour before the post."""
    plain = {
        "recipient": YOU, "channel": "mail", "scope": "race:1", "race_id": 1, "track_key": "gulf", "track_code": "GP",
        "race_date": "2026-05-02", "race_number": 1, "rule": "short", "kind": "win_odds_below", "severity": "watch", "market": "win_tote",
        "subject": "5", "triggered_at": at(made), "created_at": at(made), "detail": "{}",
        "expires_at": at((post or 0) + 2700),
    }  # fmt: skip
    race = RaceNow(status=status, off_at=None if off is None else at(off), post_time=None if post is None else at(post))
    return Waiting(alert_id=alert_id, race=race, **{**plain, **fields})


def system(alert_id=1, **fields) -> Waiting:
    """An alert about ourselves: of a track, or of nothing."""
    plain = {
        "scope": "track:gulf", "race_id": None, "track_key": None, "track_code": None, "race_date": None,
        "race_number": None, "rule": "stale", "kind": "stale_source", "market": "", "subject": "", "post": None, "status": None,
    }  # fmt: skip
    return waiting(alert_id, **{**plain, "expires_at": at(7200), **fields})


def at(seconds: float) -> int:
    return T0 + round(seconds * 1000)


def standing(now=0.0, **fields) -> Standing:
    return Standing(now_ms=at(now), **fields)


def sent(seconds: float, *, scope="race:1", recipient=YOU, channel="mail") -> Sent:
    return Sent(recipient, channel, scope, at(seconds))


def runner(number, *, label=None, horse="DANCER", out=False) -> RunnerNow:
    return RunnerNow(label or number, number, horse, out)


def policy(**told) -> Delivery:
    return Delivery.model_validate(told)


class PlainChannel:
    """Messages of a few bytes: the alerts' keys, or the lines of a notice. What is sent is kept."""

    lanes = (EVERYBODY,)
    where = "here"

    def __init__(self, name="mail") -> None:
        self.name = name
        self.composed = 0

    def compose(self, alerts, recipient, now_ms) -> Composed:
        self.composed += 1
        keys = sorted(alert.key for alert in alerts)
        return self._made([*keys, recipient], f"{len(keys)} alerts", {"keys": keys, "at": now_ms})

    def notice(self, notice, recipient, now_ms) -> Composed:
        return self._made([notice.key, recipient], notice.subject, {"lines": notice.lines, "at": now_ms})

    def _made(self, key, subject, body) -> Composed:
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:20]
        return Composed(f"<{digest}@{self.name}>", subject, json.dumps({"subject": subject, **body}))


def outbox_of(meeting, channels=("mail",)) -> Outbox:
    """Of a meeting's rule file, as a mailer that starts now would open it."""
    path = meeting.folder / "alerts.yaml"
    path.write_text(meeting.text, encoding="utf-8")
    rules = load_rules(path)
    made = {name: PlainChannel(name) for name in channels} if isinstance(channels, tuple) else channels
    return Outbox(meeting.store, meeting.clock, rules.delivery, made, rules)


def attempt(outbox, outcome=ACCEPTED, channel="mail") -> list[tuple[str, str]]:
    """Offer what is due, as a mailer does, always with the same outcome; (recipient, subject) of each."""
    offered = []
    for each in outbox.due(channel):
        outbox.lease([each], "me")
        outbox.record(each, outcome, verdict(outcome, each.attempts + 1, random.Random(1)))
        offered.append((each.recipient, json.loads(each.wire)["subject"]))
    return offered


# --- Scenarios -----------------------------------------------------------------------------------------------------------


def flush(meeting) -> dict[str, list[str]]:
    """What a mailer sends now, by recipient: subjects of mails, titles of other messages."""
    smtp = Smtp.model_validate({"sender": "alerts@example.com"})
    channels = {"mail": MailChannel(smtp), "apprise": AppriseChannel({})}
    outbox = outbox_of(meeting, channels)
    outbox.collect()
    found: dict[str, list[str]] = {}
    for name, channel in channels.items():
        for due in outbox.due(name):
            late = why_expired(due.kind, due.race, due.expires_at, meeting.clock.now_ms())
            if late is not None:
                outbox.expire(due, late)
                continue
            outbox.lease([due], "me")
            outbox.record(due, ACCEPTED, Verdict("sent"))
            found.setdefault(due.recipient, []).append(channel.title(due.wire))
    return found


def fates(meeting) -> dict[str, str]:
    """Of what was not sent."""
    alerts = {row["alert_id"]: row for row in meeting.rows("alert")}
    return {
        f"{alerts[row['alert_id']]['rule']} {alerts[row['alert_id']]['subject']}".strip(): (
            row["state"] if row["reason"] is None else f"{row['state']}: {row['reason']}"
        )
        for row in meeting.rows("alert_delivery")
        if row["state"] != "sent"
    }


def silence(meeting, *, match, until, by, comment) -> None:
    with meeting.store.write() as connection:
        silences.add(
            connection,
            matchers=parse(match),
            starts_at=meeting.clock.now_ms(),
            ends_at=to_ms(meeting.at(until)),
            created_by=by,
            comment=comment,
        )


def fire(meeting, rule, track) -> None:
    """As the rules about ourselves leave it."""
    row = StateRow(
        rule=rule, scope=f"track:{track}", market="", subject="", race_id=None, state="firing", boards=1,
        alerted_value=None, since=meeting.clock.now_ms(),
    )  # fmt: skip
    with meeting.store.write() as connection:
        save_states(connection, [row])
