"""Who holds what in the database: tracks, and the lead among schedulers."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from horses_scrapy.storage.schema import leader, track_lease


@dataclass(frozen=True, slots=True)
class Lease:
    track: str
    holder: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Lead:
    name: str
    epoch: int
    holder: str
    taken_at: int
    renewed_at: int


def leases(connection: Connection, now_ms: int) -> list[Lease]:
    """Those that run now, by track."""
    query = select(track_lease).where(track_lease.c.expires_at > now_ms).order_by(track_lease.c.track)
    return [Lease(row.track, row.holder, row.expires_at) for row in connection.execute(query)]


def leads(connection: Connection) -> list[Lead]:
    rows = connection.execute(select(leader).order_by(leader.c.name))
    return [Lead(row.name, row.epoch, row.holder, row.taken_at, row.renewed_at) for row in rows]
