"""Runs the application until SIGTERM or SIGINT."""

from contextlib import closing

import uvicorn

from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK
from horses_scrapy.storage.engine import open_store
from horses_scrapy.web.app import create_app


def run(settings: Settings) -> int:
    now = clock.from_environment()
    with closing(open_store(settings, now)) as store:
        uvicorn.run(create_app(settings, now, store), host=settings.api.host, port=settings.api.port, log_config=None)
    return OK
