"""Alerts as a list, the newest first, by what people look for. Instants are epoch milliseconds UTC."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, or_, select, union_all

from horses_scrapy.items import RaceStatus
from horses_scrapy.storage.schema import alert, alert_delivery, race, track

COUNTED = 10_000
"""More are not counted: nobody leafs through them, and on a large table it takes long."""
NEWEST = 20_000
"""So many are looked through for what no index finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsAsked:
    """None: whatever it is. track: key or code; race_date: at the track; state: of a delivery; since, until: of triggered_at."""

    race: int | None = None
    track: str | None = None
    race_date: str | None = None
    rule: str | None = None
    kind: str | None = None
    severity: str | None = None
    state: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def given(self) -> dict[str, str | int]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlert:
    """One row of alert, its numbers as schema.py has them, with the race that it is about, if any."""

    alert_id: int
    rule: str
    kind: str
    severity: str
    event: str
    scope: str
    market: str
    subject: str
    unit: str
    threshold: int | None
    actual: int | None
    previous: int | None
    message: str
    triggered_at: int
    race_id: int | None
    race_date: str | None
    race_number: int | None
    race_name: str | None
    post_time: int | None
    status: RaceStatus | None
    track_key: str | None
    track_code: str | None
    track_name: str | None
    timezone: str | None
    country: str | None


def alerts(connection: Connection, asked: AlertsAsked, limit: int, offset: int) -> list[ListedAlert]:
    of = {**asked.given, "limit": limit, "offset": offset}
    rows = connection.execute(_part(frozenset(asked.given)), of)
    return [ListedAlert(**row) for row in rows.mappings()]


def how_many(connection: Connection, asked: AlertsAsked) -> int:
    """At most COUNTED."""
    found: int = connection.execute(_count(frozenset(asked.given)), asked.given).scalar_one()
    return found


# Each is built once for what is asked by: that costs more than running it.
_NAMED = or_(*(func.lower(name) == func.lower(bindparam("track")) for name in (track.c.key, track.c.code)))
_OTHER = alert.alias()
_BY: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "race": alert.c.race_id == bindparam("race"),
        "track": alert.c.alert_id.in_(
            union_all(  # not OR: each has its index
                select(_OTHER.c.alert_id).where(_OTHER.c.race_id.in_(select(race.c.race_id).join(track).where(_NAMED))),
                select(_OTHER.c.alert_id).where(
                    _OTHER.c.race_id.is_(None), _OTHER.c.scope.in_(select("track:" + track.c.key).where(_NAMED))
                ),
            )
        ),
        "race_date": alert.c.race_id.in_(select(race.c.race_id).where(race.c.race_date == bindparam("race_date"))),
        "rule": alert.c.rule == bindparam("rule"),
        "kind": alert.c.alert_type == bindparam("kind"),
        "severity": alert.c.severity == bindparam("severity"),
        "state": exists().where(
            alert_delivery.c.alert_id == alert.c.alert_id, alert_delivery.c.state == bindparam("state")
        ),
        "since": alert.c.triggered_at >= bindparam("since"),
        "until": alert.c.triggered_at < bindparam("until"),
    }
)
_INDEXED = frozenset({"race", "track", "race_date"})
_SCANNED = frozenset({"rule", "kind", "severity", "state"})
_AMONG_THE_NEWEST = alert.c.alert_id > select(func.max(_OTHER.c.alert_id)).scalar_subquery() - NEWEST
_COLUMNS = (
    alert.c.alert_id, alert.c.rule, alert.c.alert_type.label("kind"), alert.c.severity, alert.c.event, alert.c.scope,
    alert.c.market, alert.c.subject, alert.c.unit, alert.c.threshold_value.label("threshold"),
    alert.c.actual_value.label("actual"), alert.c.previous_value.label("previous"), alert.c.message,
    alert.c.triggered_at, alert.c.race_id, race.c.race_date, race.c.race_number, race.c.name.label("race_name"),
    race.c.post_time, race.c.status, track.c.key.label("track_key"),
    func.coalesce(track.c.code, func.upper(track.c.key)).label("track_code"), track.c.name.label("track_name"),
    track.c.timezone, track.c.country,
)  # fmt: skip


def _conditions(given: frozenset[str]) -> list[ColumnElement[bool]]:
    found = [_BY[name] for name in sorted(given)]
    return [_AMONG_THE_NEWEST, *found] if given & _SCANNED and not given & _INDEXED else found


@cache
def _part(given: frozenset[str]) -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS)
        .outerjoin_from(alert, race, race.c.race_id == alert.c.race_id)
        .outerjoin(track, track.c.track_id == race.c.track_id)
        .where(*_conditions(given))
        .order_by(alert.c.alert_id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )


@cache
def _count(given: frozenset[str]) -> Select[int]:
    some = select(alert.c.alert_id).where(*_conditions(given)).limit(COUNTED).subquery()
    return select(func.count()).select_from(some)
