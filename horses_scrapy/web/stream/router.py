"""The stream of news: who would otherwise ask every few seconds."""

from typing import Annotated, cast

from fastapi import APIRouter, FastAPI, Header, Query, Request, Response

from horses_scrapy.web.api.asked import Served
from horses_scrapy.web.desk import Desk
from horses_scrapy.web.stream.client import Wants
from horses_scrapy.web.stream.hub import Hub
from horses_scrapy.web.stream.response import EventStream
from horses_scrapy.web.stream.trail import Mark

router = APIRouter(tags=["stream"])
UNKNOWN = Mark(2**62, 2**62, 2**62)
"""No database has come so far: a reset."""
TOLD = """Server-sent events, for as long as the connection lasts.

`hello` comes first; `board`: a source's board was stored, with the prices that it changed; `change`: of a card, such as a
scratch; `alert`; `reset`: more was missed than is told again, so read anew what you show. After 15 quiet seconds a comment
comes. Send the last `id` again as `Last-Event-ID` to go on from there: nothing is missed, the last events may be repeated.
"""
EXAMPLE = 'event: board\nid: 812-40-7\ndata: {"board_id":812,"race_id":12,"track":"demo",...}\n\n'


@router.get(
    "/stream",
    description=TOLD,
    response_class=EventStream,
    status_code=200,  # FastAPI looks for it in the class
    responses={
        200: {"description": "Events", "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}}},
        503: {"description": "As many streams are open as may be"},
    },
)  # fmt: skip
async def stream(
    request: Request,
    desk: Served,
    race: Annotated[int | None, Query(ge=1, le=2**53, description="Of one race")] = None,
    track: Annotated[str | None, Query(min_length=1, max_length=40, description="Of one track: its key")] = None,
    last_event_id: Annotated[str | None, Header(max_length=80)] = None,
) -> Response:
    since = None if not last_event_id else Mark.parse(last_event_id) or UNKNOWN
    hub = hub_of(request.app, desk)
    client, opening = await hub.join(Wants(race, track), since)
    return EventStream(client, opening, hub.leave)


def hub_of(app: FastAPI, desk: Desk) -> Hub:
    """The application's one, made with its first stream."""
    if not hasattr(app.state, "hub"):
        app.state.hub = Hub(desk)
    return cast("Hub", app.state.hub)


def end_streams(app: FastAPI) -> None:
    """Before the server waits for its open connections: a stream does not end by itself."""
    if hasattr(app.state, "hub"):
        hub: Hub = app.state.hub
        hub.close()
