"""What rules told, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from alerts.rules.base import Severity
from horses_scrapy.clock import to_ms
from horses_scrapy.storage.alert_list import AlertsAsked
from horses_scrapy.web.api.asked import Moment, Served, Word
from horses_scrapy.web.api.race_list import RaceDate
from horses_scrapy.web.facts.alerts import alert_list
from horses_scrapy.web.models.alerts import AlertList, DeliveryState
from horses_scrapy.web.models.base import Limit, Offset

router = APIRouter(tags=["alerts"])


async def alerts_asked(
    race: Annotated[int | None, Query(ge=1, le=2**53, description="race_id")] = None,
    track: Annotated[Word | None, Query(description="Key or code")] = None,
    date: Annotated[RaceDate | None, Query(description="Of the race, at the track")] = None,
    rule: Annotated[Word | None, Query(description="Its name")] = None,
    kind: Annotated[Word | None, Query(description="Of the rule, such as odds_drop")] = None,
    severity: Severity | None = None,
    state: Annotated[DeliveryState | None, Query(description="Of any of its deliveries")] = None,
    since: Annotated[Moment | None, Query(description="Of triggered_at")] = None,
    until: Annotated[Moment | None, Query(description="Of triggered_at; itself not included")] = None,
) -> AlertsAsked:
    return AlertsAsked(
        race=race,
        track=track,
        race_date=None if date is None else date.isoformat(),
        rule=rule,
        kind=kind,
        severity=severity,
        state=state,
        since=None if since is None else to_ms(since),
        until=None if until is None else to_ms(until),
    )


@router.get("/alerts", response_model=AlertList, summary="What rules told, and why a mail was or was not sent")
async def alerts(
    request: Request,
    desk: Served,
    asked: Annotated[AlertsAsked, Depends(alerts_asked)],
    limit: Annotated[Limit, Query()] = 100,
    offset: Annotated[Offset, Query()] = 0,
) -> Response:
    return await desk.answer(request, lambda reading: alert_list(reading, asked, request.url, limit, offset))
