from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from horses_scrapy.web.desk import Desk, desk_of
from horses_scrapy.web.facts import sources as facts
from horses_scrapy.web.models.sources import Sources

router = APIRouter(tags=["sources"])


@router.get(
    "/sources", response_model=Sources, summary="How often each source's crawls succeed and its boards are sound"
)
async def sources(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    return await desk.answer(request, lambda reading: facts.sources(reading, desk.watch.counted))
