"""How much of what a run should have read it did read, by field: the health of each selector over the runs of a track."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from horses_scrapy.storage.schema import crawl_run, fill_rate


@dataclass(frozen=True, slots=True)
class Filled:
    """`filled` of `total` places."""

    filled: int
    total: int

    def __add__(self, other: "Filled") -> "Filled":
        return Filled(self.filled + other.filled, self.total + other.total)

    @property
    def percent(self) -> int:
        """Rounded down; nothing to fill is all filled."""
        return self.filled * 100 // self.total if self.total else 100


def record(connection: Connection, run_id: int, rates: Mapping[str, Filled]) -> None:
    """Once per run. A field that nothing asked for is not recorded."""
    rows = [
        {"run_id": run_id, "field": field, "filled": rate.filled, "total": rate.total}
        for field, rate in sorted(rates.items())
        if rate.total
    ]
    if rows:
        connection.execute(insert(fill_rate), rows)


def recent(connection: Connection, track: str, field: str, limit: int, *, before_run: int) -> list[Filled]:
    """Of the track's last runs before a run that had the field to fill, the newest first."""
    rows = connection.execute(
        select(fill_rate.c.filled, fill_rate.c.total)
        .join(crawl_run, crawl_run.c.run_id == fill_rate.c.run_id)
        .where(crawl_run.c.track == track, fill_rate.c.field == field, fill_rate.c.run_id < before_run)
        .order_by(fill_rate.c.run_id.desc())
        .limit(limit)
    )
    return [Filled(*row) for row in rows]
