"""What rules told, and why somebody did or did not get a mail of it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import cast

from starlette.datastructures import URL

from horses_scrapy.storage import alert_list as sql
from horses_scrapy.storage.alert_list import AlertsAsked, ListedAlert
from horses_scrapy.storage.alert_reader import StoredDelivery, deliveries_of
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.listing import page_of
from horses_scrapy.web.models.alerts import AlertDelivery, AlertLine, AlertList, AlertValues, DeliveryState
from horses_scrapy.web.models.base import RaceName, TrackName, instant, instant_or_none

OF_A_RACE = 200
_ADDRESS = re.compile(r"([\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]*@", re.ASCII)
_STORED = MappingProxyType({"payout": 100, "amount": 100})
"""Of one unit in the database; of others 1000."""


def alert_list(reading: Reading, asked: AlertsAsked, url: URL, limit: int, offset: int) -> AlertList:
    """url: of this list."""
    total = sql.how_many(reading.connection, asked)
    found = sql.alerts(reading.connection, asked, min(limit, max(0, sql.COUNTED - offset)), offset)
    return AlertList(alerts=_lines(reading, found), page=page_of(url, total, limit, offset))


def alerts_of_race(reading: Reading, race_id: int) -> list[AlertLine]:
    """The newest first, OF_A_RACE of them at most."""
    return _lines(reading, sql.alerts(reading.connection, AlertsAsked(race=race_id), OF_A_RACE, 0))


def masked(text: str) -> str:
    """Addresses show their first letter and their host: `y..@example.com`."""
    return _ADDRESS.sub(r"\1..@", text)


def _lines(reading: Reading, found: Sequence[ListedAlert]) -> list[AlertLine]:
    if not found:
        return []
    told: defaultdict[int, list[StoredDelivery]] = defaultdict(list)
    for each in deliveries_of(reading.connection, [alert.alert_id for alert in found]):
        told[each.alert_id].append(each)
    return [_line(alert, told[alert.alert_id]) for alert in found]


def _line(alert: ListedAlert, deliveries: Iterable[StoredDelivery]) -> AlertLine:
    return AlertLine(
        alert_id=alert.alert_id,
        rule=alert.rule,
        kind=alert.kind,
        severity=alert.severity,
        event=alert.event,
        race=_race(alert),
        market=alert.market,
        subject=alert.subject,
        values=_values(alert),
        message=masked(alert.message),
        triggered_at=instant(alert.triggered_at),
        deliveries=[_delivery(each) for each in deliveries],
    )


def _values(alert: ListedAlert) -> AlertValues:
    of_one = _STORED.get(alert.unit, 1000)
    threshold, actual, previous = (
        None if value is None else value / of_one for value in (alert.threshold, alert.actual, alert.previous)
    )
    return AlertValues(unit=alert.unit, threshold=threshold, actual=actual, previous=previous)


def _delivery(each: StoredDelivery) -> AlertDelivery:
    return AlertDelivery(
        channel=each.channel,
        recipient=masked(each.recipient),
        state=cast("DeliveryState", each.state),
        reason=None if each.reason is None else masked(each.reason),
        sent_at=instant_or_none(each.accepted_at) if each.state == "sent" else None,
    )


def _race(alert: ListedAlert) -> RaceName | None:
    if alert.race_id is None or alert.race_date is None or alert.race_number is None or alert.status is None:
        return None
    return RaceName(
        race_id=alert.race_id,
        track=_track(alert),
        race_date=alert.race_date,
        race_number=alert.race_number,
        name=alert.race_name,
        post_time=instant_or_none(alert.post_time),
        status=alert.status,
    )


def _track(alert: ListedAlert) -> TrackName:
    assert alert.track_key is not None
    assert alert.track_code is not None
    assert alert.track_name is not None
    assert alert.timezone is not None
    return TrackName(
        key=alert.track_key,
        code=alert.track_code,
        name=alert.track_name,
        timezone=alert.timezone,
        country=alert.country,
    )
