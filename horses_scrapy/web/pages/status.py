from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from horses_scrapy.web.desk import Desk, desk_of
from horses_scrapy.web.facts import status as facts

router = APIRouter(include_in_schema=False)


@router.get("/status")
async def status(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    beside = await desk.watch.beside()
    return await desk.page(request, "status.html", lambda reading: {"status": facts.status(reading, beside)})
