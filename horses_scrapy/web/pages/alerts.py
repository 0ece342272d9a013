"""/alerts: what rules told, and why a mail was or was not sent."""

from collections.abc import Mapping
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import URL

from alerts.rules.base import Severity
from alerts.rules.kinds import KINDS
from horses_scrapy.storage.alert_list import AlertsAsked
from horses_scrapy.web.api.alerts import alerts_asked
from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.alerts import alert_list
from horses_scrapy.web.facts.listing import before
from horses_scrapy.web.models.alerts import DeliveryState
from horses_scrapy.web.models.base import Offset
from horses_scrapy.web.pages.filled import FilledForm

router = APIRouter(include_in_schema=False, route_class=FilledForm)
ON_A_PAGE = 50


@router.get("/alerts")
async def alerts(
    request: Request,
    desk: Served,
    asked: Annotated[AlertsAsked, Depends(alerts_asked)],
    offset: Annotated[Offset, Query()] = 0,
) -> Response:
    return await desk.page(request, "alerts.html", lambda reading: _shown(reading, asked, request.url, offset))


def _shown(reading: Reading, asked: AlertsAsked, url: URL, offset: int) -> Mapping[str, object]:
    found = alert_list(reading, asked, url, ON_A_PAGE, offset)
    return {
        "alerts": found.alerts,
        "page": found.page,
        "before": before(url, found.page),
        "asked": asked,
        "tracks": reading.settings.tracks.values(),
        "kinds": list(KINDS),
        "severities": get_args(Severity),
        "states": get_args(DeliveryState),
    }
