"""What a flush decides by, read at its one `now`."""

from collections.abc import Mapping

from sqlalchemy import Connection

from alerts.delivery.inhibit import source_down
from alerts.delivery.standing import Standing
from alerts.expiry import outlives_the_race
from alerts.rules import RuleSet
from horses_scrapy.clock import from_ms
from horses_scrapy.storage import deliveries, silences

LOOK_BACK_MS = 48 * 3_600_000
"""Longer than any cap's window: a recipient's day has 25 hours at most, and a race is over within two."""


def standing_of(connection: Connection, now_ms: int, rules: RuleSet | None) -> Standing:
    since = now_ms - LOOK_BACK_MS
    return Standing(
        now_ms=now_ms,
        sent=deliveries.sent_since(connection, since),
        last=_last(connection, since),
        runners=deliveries.runners_now(connection),
        down={} if rules is None else _down(connection, rules),
        silences=silences.active(connection, now_ms),
    )


def _last(connection: Connection, since_ms: int) -> Mapping[tuple[str, str, str, bool], int]:
    newest: dict[tuple[str, str, str, bool], int] = {}
    for each in deliveries.sent_about(connection, since_ms):
        sent = each.sent
        key = (sent.scope, sent.recipient, sent.channel, outlives_the_race(each.kind))
        newest[key] = max(sent.created_at, newest.get(key, 0))
    return newest


def _down(connection: Connection, rules: RuleSet) -> Mapping[str, str]:
    """By track; a rule that is no longer in force says nothing."""
    kinds = {rule.name: rule.kind for rule in rules.on_ourselves}
    return {
        track: f"its source is down: {kinds[rule]} ({rule}) since {from_ms(since):%H:%M} UTC"
        for rule, subject, track, since in deliveries.firing_about_tracks(connection)
        if rule in kinds and source_down(kinds[rule], subject)
    }
