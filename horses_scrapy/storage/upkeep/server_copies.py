"""Backups of a PostgreSQL database by its own programs."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL

from horses_scrapy.errors import StoreError
from horses_scrapy.storage.address import PostgresServer

PROGRAMS = ("pg_dump", "pg_restore")


def back_up(address: PostgresServer, target: Path) -> None:
    """By pg_dump, read back by pg_restore before it takes its name. Raises StoreError with the command where both lack."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise StoreError(
            f"{address.shown}: {' and '.join(missing)} not found here; install PostgreSQL's client programs, or run where "
            f"they are: {' '.join(_dump(address, target))}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".tmp")
    try:
        _run(address, _dump(address, unfinished))
        _run(address, ["pg_restore", "--list", str(unfinished)])
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def way_back(address: PostgresServer, backup: Path) -> str:
    """The command that puts a backup into a server's database."""
    options = ["--clean", "--if-exists", "--single-transaction", "--no-owner", "--dbname", _place(address)]
    return " ".join(["pg_restore", *options, str(backup)])


def _dump(address: PostgresServer, target: Path) -> list[str]:
    return ["pg_dump", "--format=custom", "--no-owner", f"--file={target}", f"--dbname={_place(address)}"]


def _place(address: PostgresServer) -> str:
    """Without the password: an argument is for all to see. Not through a pooler."""
    url = address.direct_url
    named = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return named.render_as_string()


def _run(address: PostgresServer, command: list[str]) -> None:
    password = address.direct_url.password
    known = {} if password is None else {"PGPASSWORD": str(password)}
    ended = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        command, env={**os.environ, **known}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise StoreError(f"{address.shown}: {command[0]} ended with {ended.returncode}: {ended.stderr.strip()}")
