"""What is measured of the application itself, for /metrics. One registry for each application; few, known label values."""

import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from sqlalchemy import Connection, Engine, event

from horses_scrapy.web.route import route_of

REQUEST_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
STATEMENT_S = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_serving: ContextVar[MutableMapping[str, Any] | None] = ContextVar("serving", default=None)
"""The scope of the request that is answered, which learns its route on the way."""
_watched: ContextVar["_Watched | None"] = ContextVar("watched", default=None)


class _Watched:
    """Statements of one reader, one after the other."""

    __slots__ = ("began", "seconds")

    def __init__(self, seconds: Histogram) -> None:
        self.seconds = seconds
        self.began = 0.0


class Meters:
    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        told: dict[str, Any] = {"registry": registry, "namespace": "horses"}
        self._requests = Histogram(
            "http_request_seconds", "Until the last byte of an answer; of a stream, the first.",
            ("endpoint", "method", "status"), buckets=REQUEST_S, **told,
        )  # fmt: skip
        self._statements = Histogram(
            "sql_statement_seconds", "Of one statement, to its first row.", ("endpoint",), buckets=STATEMENT_S, **told
        )
        self._reads = Histogram(
            "read_seconds",
            "Of reading and making one answer, in one snapshot.",
            ("endpoint",),
            buckets=REQUEST_S,
            **told,
        )
        self._answers = Counter("answers", "Given from what was kept, or made anew.", ("how",), **told)
        self._faults = Counter("web_faults", "Answers with a status of 500 and above.", **told)
        self.streams = Gauge("streams", "Open streams of events.", **told)
        self._known: WeakSet[Engine] = WeakSet()
        for how in ("kept", "made"):
            self._answers.labels(how)

    def kept(self) -> None:
        self._answers.labels("kept").inc()

    def made(self) -> None:
        self._answers.labels("made").inc()

    @contextmanager
    def serving(self, scope: MutableMapping[str, Any]) -> Iterator[None]:
        token = _serving.set(scope)
        try:
            yield
        finally:
            _serving.reset(token)

    def answered(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._requests.labels(route_of(scope), method, f"{status // 100}xx").observe(seconds)
        if status >= 500:
            self._faults.inc()

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """Times each of its statements, and all of it."""
        self._listen(connection.engine)
        endpoint = route_of(_serving.get())
        token = _watched.set(_Watched(self._statements.labels(endpoint)))
        began = time.perf_counter()
        try:
            yield
        finally:
            self._reads.labels(endpoint).observe(time.perf_counter() - began)
            _watched.reset(token)

    def _listen(self, engine: Engine) -> None:
        """Once: listening to each connection would cost it a tenth of a millisecond. The first one is not heard."""
        if engine not in self._known:
            self._known.add(engine)
            event.listen(engine, "before_cursor_execute", _before)
            event.listen(engine, "after_cursor_execute", _after)


def _before(*_: object) -> None:
    watched = _watched.get()
    if watched is not None:
        watched.began = time.perf_counter()


def _after(*_: object) -> None:
    watched = _watched.get()
    if watched is not None:
        watched.seconds.observe(time.perf_counter() - watched.began)
