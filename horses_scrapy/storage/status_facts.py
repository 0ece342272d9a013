"""What the status tells of the database itself, and of what was lately refused. Instants are epoch milliseconds."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select, text

from horses_scrapy.storage.database import Dialect
from horses_scrapy.storage.schema import alert_delivery, meta, rejected_item
from horses_scrapy.storage.source_facts import HOUR_MS

NEWEST_FAULTS = 10_000
"""Looked through for those of the last hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    size_bytes: int
    revision: str
    purpose: str


def database_facts(connection: Connection) -> DatabaseFacts:
    dialect: Dialect = "sqlite" if connection.dialect.name == "sqlite" else "postgresql"
    return DatabaseFacts(
        size_bytes=connection.execute(_SIZE[dialect]).scalar_one(),
        revision=connection.execute(_REVISION).scalar_one(),
        purpose=connection.scalar(_PURPOSE) or "",
    )


def rejected_items(connection: Connection, now_ms: int) -> int:
    """Of the last hour; an item has a row for each of its faults."""
    return connection.execute(_REJECTED, {"hour": now_ms - HOUR_MS}).scalar_one()


def open_deliveries(connection: Connection) -> int:
    """Alerts to somebody that are neither sent nor given up."""
    return connection.execute(_OPEN).scalar_one()


_SIZE = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}
_REVISION = text("SELECT version_num FROM alembic_version")
_PURPOSE = select(meta.c.value).where(meta.c.key == "purpose")
_SPAN = select(func.max(rejected_item.c.rejected_id) - NEWEST_FAULTS).scalar_subquery()
_ITEMS = (
    select(rejected_item.c.run_id, rejected_item.c.at, rejected_item.c.url)
    .distinct()
    .where(rejected_item.c.rejected_id > _SPAN, rejected_item.c.at >= bindparam("hour"))
    .subquery()
)
_REJECTED = select(func.count()).select_from(_ITEMS)
# Written out, not bound: SQLite uses a partial index only where the query repeats its condition.
_OPEN = select(func.count()).select_from(alert_delivery).where(text("alert_delivery.state IN ('pending', 'leased')"))
