"""What stands before every answer, from the wire inwards."""

from typing import cast

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from horses_scrapy.config import Settings
from horses_scrapy.config.model import Api
from horses_scrapy.web import packing
from horses_scrapy.web.again import Again
from horses_scrapy.web.guard import errors, openapi
from horses_scrapy.web.guard.gate import Gate
from horses_scrapy.web.guard.head import Head
from horses_scrapy.web.guard.headers import Headers
from horses_scrapy.web.guard.hosts import Hosts
from horses_scrapy.web.guard.key import Keys
from horses_scrapy.web.guard.shape import Shape
from horses_scrapy.web.guard.unexpected import Unexpected
from horses_scrapy.web.meters import Meters
from horses_scrapy.web.timing import Timing

__all__ = ["protect"]

ASKED_BY_PAGES_OF_OTHERS = ("Authorization", "If-None-Match", "Last-Event-ID")


def protect(app: FastAPI, settings: Settings, meters: Meters) -> None:
    """Adds what every request passes, and how errors are put."""
    app.state.keys = keys = Keys(settings.api.key.get_secret_value())
    app.router.redirect_slashes = False  # to a URL made of the Host header
    errors.handle(app)
    openapi.describe(app, keys)
    for each in reversed(_passed(settings.api, keys, meters)):  # the last one added is met first
        app.add_middleware(each.cls, *each.args, **each.kwargs)


def _passed(api: Api, keys: Keys, meters: Meters) -> list[Middleware]:
    """In the order in which a request meets them."""
    return [
        *([Middleware(_proxied, trusted=list(api.trusted_proxies))] if api.trusted_proxies else []),
        Middleware(Timing, meters=meters),
        Middleware(Headers),
        Middleware(Unexpected),
        Middleware(Hosts, api=api),
        Middleware(Shape),
        *([_cors(api)] if api.allowed_origins else []),
        Middleware(Gate, api=api, keys=keys),
        Middleware(Again),
        Middleware(GZipMiddleware, minimum_size=packing.FROM, compresslevel=packing.LEVEL),
        Middleware(Head),
    ]


def _proxied(app: ASGIApp, trusted: list[str]) -> ASGIApp:
    """Whoever a trusted proxy says that it asks for. uvicorn's own types of ASGI differ from Starlette's in name alone."""
    return cast("ASGIApp", ProxyHeadersMiddleware(app, trusted))  # type: ignore[arg-type]


def _cors(api: Api) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=api.allowed_origins,
        allow_methods=("GET", "HEAD"),
        allow_headers=ASKED_BY_PAGES_OF_OTHERS,
        expose_headers=("ETag", "Retry-After"),
    )
