"""One scheduler per database, on however many machines: a lock that its server frees with the connection.

only_one has the same for one machine. The lock is of a session, so it wants a connection of its own, no pooler's
(HORSES_DATABASE_DIRECT_URL).
"""

import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from horses_scrapy.errors import AlreadyRunning, StoreError
from horses_scrapy.storage.address import DIRECT_VARIABLE, Address, PostgresServer, shown

if TYPE_CHECKING:
    from sqlalchemy import Engine


@contextmanager
def leading(address: Address, name: str) -> Iterator[None]:
    """Hold the lock of this name while the body runs. On SQLite there is one machine, and only_one is enough.

    Raises AlreadyRunning, which names the holder, and StoreError where the server cannot be reached.
    """
    if not isinstance(address, PostgresServer):
        yield
        return
    from horses_scrapy.storage import postgresql  # noqa: PLC0415 - a job on SQLite need not load it

    engine = postgresql.engine_of(address.direct_url)
    try:
        with closing(_taken(engine, address, name)):
            yield
    finally:
        engine.dispose()


def key_of(name: str) -> int:
    """Second half of the lock's key; the writers' turn is 1."""
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF


def _taken(engine: "Engine", address: PostgresServer, name: str) -> Any:
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from horses_scrapy.storage import postgresql  # noqa: PLC0415

    asked = {"first": postgresql.LOCKS, "second": key_of(name)}
    try:
        connection = engine.connect()
        if connection.scalar(text("SELECT pg_try_advisory_lock(:first, :second)"), asked):
            return connection
        holder = postgresql.holder_of(connection, key_of(name))
        connection.close()
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise StoreError(f"{shown(address.direct_url)}: no connection: {said}; see {DIRECT_VARIABLE}") from error
    raise AlreadyRunning(f"{name} already runs: {holder} holds its lock in {shown(address.direct_url)}")
