"""Which revision a database has, and the way to another one. Runs in a transaction of Database.migrating()."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sqlalchemy import Connection, insert, select, text

from horses_scrapy.errors import StoreError
from horses_scrapy.storage.schema import meta

HEAD = "0005"
"""The newest revision, so that a job on a current database need not import Alembic (a test compares)."""

FOLDER = Path(__file__).with_name("migrations")
OURS = {"alembic_version", "meta"}


@dataclass(frozen=True, slots=True)
class State:
    revision: str
    purpose: str | None


def look(connection: Connection, shown: str, tables: set[str]) -> State | None:
    """What the database holds; None where it has no tables yet. Raises StoreError where it is not ours, or newer."""
    if not tables:
        return None
    revision = connection.scalar(text("SELECT version_num FROM alembic_version")) if tables >= OURS else None
    if revision is None:
        raise StoreError(
            f"{shown}: holds tables that are not ours; name another one in system.database_path or HORSES_DATABASE_URL"
        )
    if revision > HEAD:
        raise StoreError(f"{shown}: revision {revision} is newer than this program's {HEAD}; update the program")
    return State(revision, connection.scalar(select(meta.c.value).where(meta.c.key == "purpose")))


def create(connection: Connection, purpose: str) -> None:
    """All in one transaction, so that nobody ever sees a database without its purpose."""
    run_alembic(connection, "upgrade", HEAD)
    connection.execute(insert(meta).values(key="purpose", value=purpose))


def run_alembic(connection: Connection, verb: Literal["upgrade", "downgrade"], revision: str) -> None:
    """The caller's transaction is used and left open."""
    from alembic import command  # noqa: PLC0415 - 60 ms that only an outdated database pays
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    with _scripts() as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            getattr(command, verb)(config, revision)
        except CommandError as error:
            raise StoreError(f"the database cannot be brought to revision {revision}: {error}") from error


@contextmanager
def _scripts() -> Iterator[Path]:
    """Alembic reads a folder of files; in an egg they are parts of one."""
    if FOLDER.is_dir():
        yield FOLDER
        return
    with TemporaryDirectory() as made:
        _copy(files(__package__) / FOLDER.name, Path(made))
        yield Path(made)


def _copy(held: Traversable, to: Path) -> None:
    for part in held.iterdir():
        if part.is_dir():
            (to / part.name).mkdir()
            _copy(part, to / part.name)
        else:
            (to / part.name).write_bytes(part.read_bytes())
