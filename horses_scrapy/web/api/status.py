from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from horses_scrapy.web.desk import Desk, desk_of
from horses_scrapy.web.facts import status as facts
from horses_scrapy.web.models.status import Status

router = APIRouter(tags=["status"])


@router.get("/status", response_model=Status, summary="How everything is, for people and for programs")
async def status(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    beside = await desk.watch.beside()
    return await desk.answer(request, lambda reading: facts.status(reading, beside))
