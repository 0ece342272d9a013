"""/healthz and /metrics: for whoever watches this process."""

from anyio import to_thread
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.facts.metrics import metrics_text

router = APIRouter(include_in_schema=False)
FRESH = {"Cache-Control": "no-store"}


@router.get("/healthz")
async def healthz(desk: Served) -> Response:
    """Says nothing more: anybody may ask."""
    answers = await desk.watch.database_answers()
    return JSONResponse({"ok": answers}, status_code=200 if answers else 503, headers=FRESH)


@router.get("/metrics")
async def metrics(desk: Served) -> Response:
    text = await to_thread.run_sync(metrics_text, desk)
    return Response(text, media_type=CONTENT_TYPE_LATEST, headers=FRESH)
