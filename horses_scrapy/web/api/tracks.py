from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from horses_scrapy.web.desk import Desk, desk_of
from horses_scrapy.web.facts import tracks as facts
from horses_scrapy.web.models.tracks import Tracks

router = APIRouter(tags=["tracks"])


@router.get("/tracks", response_model=Tracks, summary="What is watched, and whether it brings what its card promises")
async def tracks(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    return await desk.answer(request, facts.tracks)
