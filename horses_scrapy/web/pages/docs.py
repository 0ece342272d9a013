"""The API's own page, made of its OpenAPI document."""

from fastapi import APIRouter, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.guard.key import Keys
from horses_scrapy.web.guard.openapi import ERRORS
from horses_scrapy.web.pages.described import endpoints, shapes

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request, desk: Served) -> Response:
    document = request.app.openapi()
    api = desk.settings.api
    keys: Keys = request.app.state.keys
    given = {
        "about": document["info"]["description"],
        "document": request.app.openapi_url,
        "endpoints": list(endpoints(document, api.public_url or f"http://{api.host}:{api.port}")),
        "errors": ERRORS,
        "shapes": list(shapes(document)),
        "keyed": keys.asked,
        "api": api,
    }
    return await desk.page(request, "docs.html", lambda _: given)
