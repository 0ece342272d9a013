"""The front page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts.home import front_page
from horses_scrapy.web.marks import of_races

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(
    request: Request,
    desk: Served,
    track: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return await desk.page(request, "home.html", lambda reading: front_page(reading, track or None), of_races)
