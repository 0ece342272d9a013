from fastapi import APIRouter, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts import status as facts
from horses_scrapy.web.models.status import Status

router = APIRouter(tags=["status"])


@router.get("/status", response_model=Status, summary="How everything is, for people and for programs")
async def status(request: Request, desk: Served) -> Response:
    beside = await desk.watch.beside()
    return await desk.answer(request, lambda reading: facts.status(reading, beside))
