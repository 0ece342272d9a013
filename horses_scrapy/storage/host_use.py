"""How often each host was asked in each minute, by all jobs together: what budgets are held against."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection

from horses_scrapy.storage import schema
from horses_scrapy.storage.upsert import upsert

HostMinutes = Mapping[tuple[str, int], int]
"""Requests by host and by minute (epoch ms of its beginning)."""
MINUTE_MS = 60_000


def add_requests(connection: Connection, used: HostMinutes) -> None:
    """Several jobs add to the same row."""
    if not used:
        return
    rows = [{"host": host, "minute_at": minute, "requests": count} for (host, minute), count in sorted(used.items())]
    connection.execute(_adding(connection.dialect.name), rows)


@cache  # building it costs more than running it
def _adding(dialect: str) -> Any:
    insert = upsert(schema.host_use, dialect)
    more = schema.host_use.c.requests + insert.excluded.requests
    return insert.on_conflict_do_update(index_elements=["host", "minute_at"], set_={"requests": more})
