"""Statistics for the query planner."""

from horses_scrapy.storage.engine import Store

SAMPLE = 1000
"""SQLite looks at so many rows of an index: quick on any size, and exact enough to choose among ours."""


def analyze(store: Store) -> None:
    with store.write(beside=True) as connection:
        if store.dialect == "sqlite":
            connection.exec_driver_sql(f"PRAGMA analysis_limit={SAMPLE}").fetchall()
        connection.exec_driver_sql("ANALYZE")
