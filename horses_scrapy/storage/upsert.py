"""INSERT .. ON CONFLICT: each dialect of SQLAlchemy has its own, and only the database's is to be loaded."""

from importlib import import_module
from typing import Any

from sqlalchemy import Table


def upsert(table: Table, dialect: str) -> Any:
    """The dialect's insert: with `excluded` and `on_conflict_do_update`."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
