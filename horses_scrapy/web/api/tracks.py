from fastapi import APIRouter, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts import tracks as facts
from horses_scrapy.web.models.tracks import Tracks

router = APIRouter(tags=["tracks"])


@router.get("/tracks", response_model=Tracks, summary="What is watched, and whether it brings what its card promises")
async def tracks(request: Request, desk: Served) -> Response:
    return await desk.answer(request, facts.tracks)
