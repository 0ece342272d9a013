"""The application: every address that it answers, on one screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage.engine import Store
from horses_scrapy.web import pages
from horses_scrapy.web.api import alerts, arbitrage, exacta, flow, ops, race, race_list, runs, sources, status, tracks
from horses_scrapy.web.desk import Desk
from horses_scrapy.web.guard import protect
from horses_scrapy.web.meters import Meters
from horses_scrapy.web.pages import docs, home, login, mute
from horses_scrapy.web.render import FOLDER
from horses_scrapy.web.stream import router as stream

API = "/api/v1"
API_ROUTERS = (race_list, race, exacta, flow, arbitrage, tracks, sources, alerts, runs, status, stream)
PAGE_ROUTERS = (home, pages.race, pages.alerts, pages.runs, pages.status, mute, login, docs)


def create_app(settings: Settings, clock: Clock, store: Store) -> FastAPI:
    """`store` is read only, but for mutes; who made it closes it."""
    meters = Meters()

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = desk = Desk(settings, clock, store, meters)
        try:
            yield
        finally:
            desk.close()

    app = FastAPI(
        title="horses_scrapy",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        lifespan=living,
    )
    for part in API_ROUTERS:
        app.include_router(part.router, prefix=API)
    app.include_router(ops.router)
    for page in PAGE_ROUTERS:
        app.include_router(page.router)
    app.mount("/static", StaticFiles(directory=FOLDER.with_name("static")), name="static")
    protect(app, settings, meters)
    return app
