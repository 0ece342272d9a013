"""alertctl outbox: what waits, what was given up and why, and a second chance for it."""

from collections.abc import Sequence

from alerts.expiry import why_expired
from alerts.tools import screen
from alerts.tools.database import opened, reading
from alerts.tools.times import utc
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, PARTIAL, ConfigError
from horses_scrapy.storage import alert_reader, outbox_repair
from horses_scrapy.storage.outbox_repair import GivenUp

STATES = ("pending", "leased", "sent", "dead", "expired")
WORTH_A_LOOK = ("pending", "leased", "dead")


def show(settings: Settings, now: Clock, state: str | None) -> int:
    """All deliveries counted, then the messages in a state; without one those that wait or were given up."""
    with reading(settings, now) as connection:
        counts = alert_reader.deliveries_by_state(connection)
        found = alert_reader.notifications(connection, WORTH_A_LOOK if state is None else (state,))
    screen.table(("deliveries", "channel", "reason", "number"), counts or [("none", "", "", 0)], numbers=("number",))
    screen.say([""])
    if not found:
        screen.say([f"no message is {state}" if state else "no message waits, and none was given up"])
        return OK
    rows = [
        (one.notification_id, one.state, f"{one.recipient} ({one.channel})", utc(one.created_at), one.alerts, one.attempts, one.last_error)
        for one in found
    ]  # fmt: skip
    screen.table(("id", "state", "to", "made", "alerts", "tries", "last error"), rows, numbers=("alerts", "tries"))
    return OK


def retry(settings: Settings, now: Clock, numbers: Sequence[int] | None) -> int:
    """None: every dead one. 4 where one is too late for another try. Raises ConfigError for numbers that are none."""
    with opened(settings, now) as store, store.write() as connection:
        found = outbox_repair.given_up(connection, numbers)
        _refuse_unknown(numbers, found)
        late = {one.notification_id: why for one in found if (why := _too_late(one, now.now_ms())) is not None}
        for one in found:
            if one.notification_id not in late:
                outbox_repair.again(connection, one.notification_id, now.now_ms())
    screen.say(_told(found, late))
    return PARTIAL if late else OK


def _refuse_unknown(numbers: Sequence[int] | None, found: Sequence[GivenUp]) -> None:
    unknown = sorted(set(numbers or ()) - {one.notification_id for one in found})
    if unknown:
        raise ConfigError(
            "\n".join(f"message {number}: none that is dead or expired has this number" for number in unknown)
        )


def _too_late(one: GivenUp, now_ms: int) -> str | None:
    if one.kind is None:
        return (
            "too late: what it says is long known" if one.expires_at is not None and now_ms > one.expires_at else None
        )
    return why_expired(one.kind, one.race, one.expires_at, now_ms)


def _told(found: Sequence[GivenUp], late: dict[int, str]) -> list[str]:
    if not found:
        return ["no message is dead"]
    return [
        f"message {one.notification_id} to {one.recipient}: {late.get(one.notification_id, 'due now')}" for one in found
    ]
