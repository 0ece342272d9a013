"""Where the database of an installation is: a file of ours, or a database on a PostgreSQL server."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.database import Database, Dialect, Limits
from horses_scrapy.storage.sqlite import SqliteDatabase

HOW = "write sqlite:///<file> or postgresql+psycopg://<user>:<password>@<host>:<port>/<database>"
VARIABLE = "HORSES_DATABASE_URL"
DIRECT_VARIABLE = "HORSES_DATABASE_DIRECT_URL"


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """path: absolute."""

    dialect: ClassVar[Dialect] = "sqlite"
    path: Path

    @property
    def shown(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """An empty file is none: the first use fills it."""
        return self.path.exists() and self.path.stat().st_size > 0

    def make_place(self) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{folder}: the database's folder cannot be made: {error.strerror}; set system.database_path or DB_PATH"
            ) from error

    def open(self, limits: Limits) -> Database:
        return SqliteDatabase(self.path, limits)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """direct_url: of a connection that is ours alone for as long as we hold it; url may lead through a pooler."""

    dialect: ClassVar[Dialect] = "postgresql"
    path: ClassVar[None] = None
    url: URL
    direct_url: URL

    @property
    def shown(self) -> str:
        """Without user and password."""
        return shown(self.url)

    def exists(self) -> bool:
        """A server is asked by opening it; what it lacks is told then."""
        return True

    def make_place(self) -> None:
        """scripts/db.py init does."""

    def open(self, limits: Limits) -> Database:
        from horses_scrapy.storage.postgresql import PostgresDatabase  # noqa: PLC0415 - a job on SQLite need not load it

        return PostgresDatabase(self.url, self.shown, limits)


Address = SqliteFile | PostgresServer


def shown(url: URL) -> str:
    port = "" if url.port is None else f":{url.port}"
    return f"postgresql://{url.host or 'localhost'}{port}/{url.database}"


def address_of(settings: Settings) -> Address:
    """`system.database_url` goes before `system.database_path`. Raises ConfigError for a URL that cannot be used."""
    system = settings.system
    if system.database_url is None:
        return SqliteFile(settings.database_path.absolute())
    direct = system.database_direct_url
    return address_at(
        system.database_url.get_secret_value(), settings.home, None if direct is None else direct.get_secret_value()
    )


def address_at(url: str, home: Path, direct: str | None = None, *, name: str = VARIABLE) -> Address:
    """A database by its URL, of a file relative to `home`; `name` is what an error calls the URL."""
    made = _parsed(url, name)
    if made.drivername in {"postgresql", "postgresql+psycopg"}:
        return PostgresServer(
            _server(made, name), _server(made if direct is None else _parsed(direct, DIRECT_VARIABLE), DIRECT_VARIABLE)
        )
    if made.drivername != "sqlite" or made.host or made.query:
        raise ConfigError(f"{name}: {made.drivername} with these options is not supported; {HOW}")
    if not made.database or made.database == ":memory:":
        raise ConfigError(f"{name}: names no file; {HOW}")
    return SqliteFile((home / made.database).absolute())


def _parsed(url: str, name: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # `from None`: the library's message repeats the URL, and with it a password.
        raise ConfigError(f"{name}: not a database URL; {HOW}") from None


def _server(url: URL, name: str) -> URL:
    if url.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise ConfigError(f"{name}: {url.drivername} is not supported; {HOW}")
    if not url.database:
        raise ConfigError(f"{name}: names no database; {HOW}")
    if "password" in url.query:
        raise ConfigError(f"{name}: the password stands before the @, not behind a ?; {HOW}")
    return url.set(drivername="postgresql+psycopg")
