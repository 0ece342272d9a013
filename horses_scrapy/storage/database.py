"""What Store asks of a database. sqlite.py and postgresql.py each do it for one kind."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from horses_scrapy.errors import StoreError

Dialect = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds: how long a writer waits for its turn, and how long one statement of a read may take (None: for ever)."""

    deadline: float = 30.0
    query_timeout: float | None = None


class Database(Protocol):
    """Connections in transactions. None of its methods but `refusal` turns the library's errors into ours."""

    @property
    def made_by_command(self) -> bool:
        """Whether a command creates and upgrades it, not its first use."""

    def writing(self, *, beside: bool) -> AbstractContextManager[Connection]:
        """One writer at a time, committed at the end. beside: not waiting for another's turn, where that can be."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """As reading, but all statements see the same commit."""

    def version(self, connection: Connection) -> str:
        """Differs as soon as anything was committed; on PostgreSQL also in another database of the server.

        On SQLite comparable on one connection only, outside a snapshot.
        """

    def clearing(self) -> AbstractContextManager[Connection]:
        """As writing, for rows that go after those that refer to them: no search for such where no index helps it."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Each statement sees the newest commit; a write is refused."""

    def migrating(self) -> AbstractContextManager[Connection]:
        """As writing, for changes of the tables themselves: all of them, or none. Raises StoreError for orphaned rows."""

    def tables(self, connection: Connection) -> set[str]: ...

    def back_up(self, revision: str) -> Path | None:
        """A checked copy beside the database, before its tables change; None where it is not in a file of ours."""

    def refusal(self, error: DBAPIError) -> StoreError:
        """The library's error as ours: StoreBusy where the turn did not come in time."""

    def describe(self) -> str: ...

    def close(self) -> None: ...
