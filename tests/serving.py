"""The application on a port of its own, and its streams as a client without a library reads them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from socket import create_server
from typing import Any

import uvicorn
from fastapi import FastAPI

from horses_scrapy.web.app import create_app
from horses_scrapy.web.stream.router import end_streams


class _Server(uvicorn.Server):
    async def shutdown(self, sockets=None) -> None:
        end_streams(self.config.app)
        await super().shutdown(sockets)


@contextmanager
def served(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Its URL, without a slash at the end. In a thread: what a test stores is in the same process, and real."""
    with create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(app, lifespan="on", log_config=None, timeout_graceful_shutdown=5)
        server = _Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive(), "the server did not stop"


@contextmanager
def board_of(house: Any, port: int = 0) -> Iterator[str]:
    """Of a house (tests/web/conftest.py); for as many requests as a test makes."""
    patient = house.settings.api.model_copy(update={"requests_per_second": 1000, "burst": 10_000})
    settings = house.settings.model_copy(update={"api": patient})
    with served(create_app(settings, house.clock, house.store), port) as url:
        yield url


@dataclass(frozen=True)
class Heard:
    kind: str
    id: str
    data: dict


class Stream:
    """An open stream. `next` waits; silence is an error of the test, but for `quiet`."""

    def __init__(self, url: str, query: str = "", *, last: str | None = None) -> None:
        self._connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
        self._connection.request(
            "GET", f"/api/v1/stream{query}", headers={} if last is None else {"Last-Event-ID": last}
        )
        self.response = self._connection.getresponse()
        self.id = last
        """As a browser has it: also moved by a comment with an id."""

    def close(self) -> None:
        self._connection.close()
        self.response.close()

    def next(self) -> Heard | None:
        """The next event; None at the end of the stream."""
        while (block := self._block()) is not None:
            if "data" in block:
                return Heard(block["event"], block["id"], json.loads(block["data"]))
        return None

    def heard_within(self, seconds: float) -> list[Heard]:
        """Afterwards it can only be closed."""
        found = []
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0:
                self._connection.sock.settimeout(left)
                block = self._block()
                if block is None:
                    return found
                if "data" in block:
                    found.append(Heard(block["event"], block["id"], json.loads(block["data"])))
        except TimeoutError:
            return found
        return found

    def _block(self) -> dict[str, str] | None:
        told = {}
        while line := self.response.readline():
            if line == b"\n":
                self.id = told.get("id", self.id)
                return told
            name, _, value = line.decode().removesuffix("\n").partition(": ")
            told[name] = value
        return None


@contextmanager
def listening(url: str, query: str = "", *, last: str | None = None) -> Iterator[Stream]:
    with closing(Stream(url, query, last=last)) as stream:
        yield stream
