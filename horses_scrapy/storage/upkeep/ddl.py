"""The SQL of a fresh SQLite database, as the migrations make it."""

import tempfile
from contextlib import closing
from pathlib import Path

from horses_scrapy.storage.address import SqliteFile
from horses_scrapy.storage.engine import Store, create

HEAD = """-- The tables, indexes and views of a SQLite database, as the migrations make them. Written by
-- scripts/db.py schema --write; docs say what the columns mean, horses_scrapy/storage/schema.py in which units.
"""
ASKED = """SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, name"""


def script() -> str:
    """Tables, indexes, views, each by name."""
    with tempfile.TemporaryDirectory() as folder:
        made = SqliteFile(Path(folder) / "fresh.db")
        create(made, "sample")
        with closing(Store(made)) as store, store.read() as connection:
            statements = connection.exec_driver_sql(ASKED).scalars().all()
    return HEAD + "".join(f"\n{_even(one)};\n" for one in statements)


def _even(statement: str) -> str:
    """SQLAlchemy ends lines with a blank."""
    return "\n".join(line.rstrip() for line in statement.strip().splitlines())
