"""Alerts about ourselves: what a track's source no longer tells. Same table, same outbox, same mails as those of rules."""

from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.address import channel_of
from alerts.expiry import TIME_TO_LIVE_MS
from alerts.limits import Identity
from alerts.safe_header import clean
from alerts.wording.detail import Detail
from horses_scrapy.clock import Clock
from horses_scrapy.config import Track
from horses_scrapy.storage import alerts as sql

SELECTOR_HEALTH = "selector_health"
RECOVERED = 10
"""Percent points above the told figure at which the alert re-arms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """A field that is filled much less than it used to be; `percent` and `usual` of 100."""

    field: str
    percent: int
    usual: int
    found: str
    before: str


def selector_fell(
    connection: Connection, track: Track, fall: Fall, *, race_date: str, recipients: tuple[str, ...], clock: Clock
) -> str | None:
    """The alert's one line; None where the fall was told before and the field has not recovered since."""
    key = _identity(track, fall.field)
    if sql.state_of(connection, *key) is not None:
        return None
    now = clock.now_ms()
    detail = _detail(track, fall, race_date, now)
    state = sql.StateRow(**key._asdict(), race_id=None, state="firing", boards=1, alerted_value=fall.percent, since=now)
    sql.save_states(connection, [state])
    alert_id = sql.add_alert(
        connection,
        sql.NewAlert(
            **key._asdict(),
            alert_type=SELECTOR_HEALTH,
            severity="watch",
            event="fired",
            race_id=None,
            entry_id=None,
            unit="percent",
            threshold_value=None,
            actual_value=fall.percent * 1000,
            previous_value=fall.usual * 1000,
            message=detail.text,
            detail=detail.to_json(),
            triggered_at=now,
            board_id=None,
            expires_at=now + TIME_TO_LIVE_MS,
            created_at=now,
            committed_mono=clock.monotonic_ms(),
        ),
    )
    for name in recipients:
        sql.add_deliveries(connection, alert_id, (name,), channel=channel_of(name), state="pending", reason=None)
    return detail.text


def selector_holds(connection: Connection, track: Track, field: str, percent: int) -> None:
    """Re-arm the field's alert once it is filled clearly better than when its fall was told."""
    key = _identity(track, field)
    told = sql.state_of(connection, *key)
    if told is not None and (told.alerted_value is None or percent >= told.alerted_value + RECOVERED):
        sql.forget_states(connection, [key])


def _identity(track: Track, field: str) -> Identity:
    return Identity(SELECTOR_HEALTH, f"track:{track.key}", "", field)


def _detail(track: Track, fall: Fall, race_date: str, now_ms: int) -> Detail:
    return Detail(
        track_key=track.key,
        track_code=clean(track.code),
        track_name=clean(track.name),
        timezone=track.timezone,
        race_date=race_date,
        race_number=None,
        post_time=None,
        url=track.page or track.base_url,
        source=clean(track.source),
        rule=SELECTOR_HEALTH,
        kind=SELECTOR_HEALTH,
        severity="watch",
        event="fired",
        notes=(),
        basis=None,
        notation=None,
        path=(),
        expected=None,
        what=fall.field,
        who="",
        move=fall.found,
        condition=fall.before,
        minutes=None,
        pool=None,
        points=None,
        fetched_at=now_ms,
        source_time=None,
    )
