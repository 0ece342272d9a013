"""Messages in an outbox without the work of composing them."""

from sqlalchemy import insert

from horses_scrapy.storage.schema import alert, alert_delivery, notification

ALERT = {
    "rule": "short", "alert_type": "win_odds_below", "severity": "watch", "event": "fired", "market": "win_tote",
    "unit": "odds", "message": "x", "detail": "{}", "triggered_at": 0, "committed_mono": 0, "entry_id": None,
    "threshold_value": None, "actual_value": None, "previous_value": None, "board_id": None,
}  # fmt: skip


def wire_of(number: int) -> str:
    return f"Subject: mail {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\nBody of {number}\r\n.\r\n"


def fill(store, numbers, *, at_ms, expires_at, race_id=None, recipient="you@example.com", channel="mail", wire=wire_of):
    """A frozen message for each number, of one alert each."""
    numbers = list(numbers)
    scope = "system" if race_id is None else f"race:{race_id}"
    with store.write() as connection:
        alerts = [
            ALERT
            | {"scope": scope, "race_id": race_id, "subject": str(n), "created_at": at_ms, "expires_at": expires_at}
            for n in numbers
        ]
        ids = connection.execute(insert(alert).returning(alert.c.alert_id), alerts).scalars().all()
        made = [
            {
                "recipient": recipient, "channel": channel, "scope": scope, "state": "pending",
                "message_id": f"<{n}@example.com>", "wire": wire(n), "created_at": at_ms, "next_at": at_ms,
                "expires_at": expires_at,
            }
            for n in numbers
        ]  # fmt: skip
        keys = connection.execute(insert(notification).returning(notification.c.notification_id), made).scalars().all()
        deliveries = [
            {"alert_id": one, "recipient": recipient, "channel": channel, "state": "leased", "notification_id": key}
            for one, key in zip(ids, keys, strict=True)
        ]
        connection.execute(insert(alert_delivery), deliveries)
