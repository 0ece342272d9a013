"""One alert from its source to each recipient, with the time that every stage took."""

from collections.abc import Iterator, Sequence

from alerts.tools.times import clock_time
from horses_scrapy.storage.alert_reader import StoredAlert, StoredDelivery

OPEN = {"pending": "waits for the mailer", "leased": "in a message that is not accepted yet"}


def alert_lines(one: StoredAlert, deliveries: Sequence[StoredDelivery], zone: str) -> Iterator[str]:
    """Stages: source, fetched, committed; for each recipient: queued, first attempt, accepted."""
    stages = (("source", one.source_time), ("fetched", one.triggered_at), ("committed", one.created_at))
    yield f"{one.message}"
    yield f"  {one.event}, {one.severity}: {_stages(stages, None, zone)}"
    for each in deliveries:
        why = f": {each.reason or OPEN[each.state]}" if each.reason or each.state in OPEN else ""
        last = "" if each.last_error is None or each.last_error == each.reason else f" ({each.last_error})"
        tries = "" if each.attempts is None or each.attempts < 2 else f" at attempt {each.attempts}"
        yield f"  {each.recipient or 'nobody'} ({each.channel}): {each.state}{tries}{why}{last}"
        sent = (
            ("queued", each.queued_at), ("first attempt", each.first_attempt_at), ("accepted", each.accepted_at),
        )  # fmt: skip
        if each.queued_at is not None:
            yield f"    {_stages(sent, one.created_at, zone)}"


def _stages(stages: Sequence[tuple[str, int | None]], before: int | None, zone: str) -> str:
    """`fetched 16:58:02 (+4.0 s)`: since the stage before that is known."""
    told = []
    for name, at in stages:
        if at is not None:
            since = "" if before is None else f" ({(at - before) / 1000:+.1f} s)"
            told.append(f"{name} {clock_time(at, zone, seconds=True)}{since}")
            before = at
    return ", ".join(told)
