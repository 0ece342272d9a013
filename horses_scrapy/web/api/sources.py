from fastapi import APIRouter, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts import sources as facts
from horses_scrapy.web.models.sources import Sources

router = APIRouter(tags=["sources"])


@router.get(
    "/sources", response_model=Sources, summary="How often each source's crawls succeed and its boards are sound"
)
async def sources(request: Request, desk: Served) -> Response:
    return await desk.answer(request, lambda reading: facts.sources(reading, desk.watch.counted))
