"""Runs the application until SIGTERM or SIGINT."""

import gc
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_network
from socket import SOCK_STREAM, create_server, getaddrinfo, socket
from types import FrameType
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from horses_scrapy import clock
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.model import Api
from horses_scrapy.errors import OK, ConfigError, StoreError
from horses_scrapy.hosts import is_local
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.looking import existing
from horses_scrapy.supervise import notify
from horses_scrapy.web.app import create_app
from horses_scrapy.web.guard.key import MIN_LENGTH
from horses_scrapy.web.guard.wire import Wire
from horses_scrapy.web.stream.router import end_streams

QUERY_WITHIN_S = 10.0
"""An answer that takes longer is none."""
STREAMS_END_WITHIN_S = 2
KILLED_AFTER_S = 4.5
"""Since it was told to stop. Nothing is lost: what it wrote, it has committed."""
WATCHDOG_S = 10
CONNECTIONS_BESIDE_STREAMS = 400
LOOK_S = 0.25
MAKE_ONE = """python -c "import secrets; print('API_KEY=' + secrets.token_urlsafe())" >> .env; chmod 600 .env"""

logger = logging.getLogger(__name__)


def run(settings: Settings, *, wait: float = 0) -> int:
    """wait: seconds for which a database may still be made or brought up to date.

    Raises ConfigError for an address that it must not or cannot have, StoreError without a database.
    """
    refuse_open(settings.api)
    now = clock.from_environment()
    with listening(settings.api) as listener, closing(store_of(settings, now, wait)) as store:
        app = create_app(settings, now, store)
        app.openapi()  # half a second: made now, it holds up nobody
        _settle()
        Board(app, _config(app, settings.api), shown(settings.api)).run([listener])
    logger.info("Stopped")
    return OK


class Board(uvicorn.Server):
    def __init__(self, app: FastAPI, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._app = app
        self._address = address

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        logger.info("Board at %s", self._address)
        notify.ready(f"board at {self._address}")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        notify.stopping()
        end_streams(self._app)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, KILLED_AFTER_S)  # a statement that does not end holds its thread, and us
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a stop that was asked for ends with 0, not by the signal."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def refuse_open(api: Api) -> None:
    """Raises ConfigError for what would be open to others."""
    key = api.key.get_secret_value()
    if not is_local(api.host) and len(key) < MIN_LENGTH:
        raise ConfigError(
            f"api.host: {api.host} is reached from other machines: set API_KEY in .env, {MIN_LENGTH} characters or more, "
            f"for instance:\n  {MAKE_ONE}\nor keep to this machine: api.host 127.0.0.1"
        )
    if api.public_url and not key and not is_local(urlsplit(api.public_url).hostname or ""):
        logger.warning("api.public_url is set and API_KEY is not: whoever reaches %s reads everything", api.public_url)
    for proxy in api.trusted_proxies:
        with _named(f"api.trusted_proxies: {proxy}: an address or a network is expected, such as 10.0.0.0/8"):
            ip_network(proxy)


@contextmanager
def listening(api: Api) -> Iterator[socket]:
    """Raises ConfigError where the address cannot be had."""
    try:
        family, _, _, _, where = getaddrinfo(api.host, api.port, type=SOCK_STREAM)[0]
        listener = create_server((str(where[0]), api.port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigError(
            f"api.host {api.host}, api.port {api.port}: {error.strerror or error}: stop what listens there, or set "
            "another port: API_PORT"
        ) from error
    with listener:
        yield listener


def store_of(settings: Settings, now: Clock, wait: float = 0) -> Store:
    """It must be there: a board makes none. Its reads are short."""
    until = time.monotonic() + wait
    while True:
        try:
            with existing(settings):
                return open_store(_hasty(settings), now)
        except StoreError:
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_S)


def shown(api: Api) -> str:
    with suppress(ValueError):
        if ip_network(api.host).version == 6:
            return f"http://[{api.host}]:{api.port}/"
    return f"http://{api.host}:{api.port}/"


def _hasty(settings: Settings) -> Settings:
    within = min(settings.database.query_timeout, QUERY_WITHIN_S)
    return settings.model_copy(update={"database": settings.database.model_copy(update={"query_timeout": within})})


def _settle() -> None:
    """What stands by now is never collected: to look through it takes 0.1 s, in which nobody is answered."""
    gc.collect()
    gc.freeze()


def _config(app: FastAPI, api: Api) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # each malformed request is a warning there

    async def alive() -> None:
        notify.alive()

    return uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # guard/__init__.py: also where another server runs the application
        limit_concurrency=api.streams + CONNECTIONS_BESIDE_STREAMS,
        timeout_graceful_shutdown=STREAMS_END_WITHIN_S,
        timeout_notify=WATCHDOG_S,
        callback_notify=alive,
    )


@contextmanager
def _named(message: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ConfigError(message) from error
