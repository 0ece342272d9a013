from fastapi import APIRouter, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts import status as facts

router = APIRouter(include_in_schema=False)


@router.get("/status")
async def status(request: Request, desk: Served) -> Response:
    beside = await desk.watch.beside()
    return await desk.page(request, "status.html", lambda reading: {"status": facts.status(reading, beside)})
