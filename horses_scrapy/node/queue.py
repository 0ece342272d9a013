"""Where scrapyd's jobs wait: in a file of its own, or, for several nodes, in our PostgreSQL (storage/job_queue.py)."""

import json
from collections.abc import Callable
from typing import Any

from scrapyd.interfaces import ISpiderQueue
from scrapyd.spiderqueue import SqliteSpiderQueue
from zope.interface import implementer

from horses_scrapy import clock
from horses_scrapy.errors import ConfigError
from horses_scrapy.node import told
from horses_scrapy.storage import job_queue
from horses_scrapy.storage.engine import Store, open_store

Message = dict[str, Any]


def spider_queue(config: Any, project: str) -> Any:
    """The queue of a project, as scrapyd asks for it. Raises ConfigError for nodes without a database to share."""
    settings = told.settings()
    if not settings.scrapyd.nodes:
        return SqliteSpiderQueue(config, project)
    store = open_store(settings, clock.from_environment())
    if store.dialect != "postgresql":
        raise ConfigError("scrapyd.nodes: nodes share their queue in PostgreSQL; set HORSES_DATABASE_URL, or no nodes")
    return SharedQueue(store, project)


@implementer(ISpiderQueue)
class SharedQueue:
    """Highest priority first, then the oldest. A call waits for the server, 2 ms; where that fails it raises StoreError."""

    def __init__(self, store: Store, project: str) -> None:
        self._store, self._project = store, project

    def add(self, name: str, priority: float = 0.0, **spider_args: Any) -> None:
        message = json.dumps({**spider_args, "name": name})
        with self._store.write(beside=True) as connection:
            job_queue.add(connection, self._project, priority, message, clock.Clock().now_ms())

    def pop(self) -> Message | None:
        with self._store.write(beside=True) as connection:
            message = job_queue.take(connection, self._project)
        return None if message is None else json.loads(message)

    def list(self) -> list[Message]:
        with self._store.read() as connection:
            return [json.loads(job.message) for job in job_queue.waiting(connection, self._project)]

    def count(self) -> int:
        with self._store.read() as connection:
            return job_queue.count(connection, self._project)

    def remove(self, func: Callable[[Message], bool]) -> int:
        """Those for which `func` is true; how many still waited."""
        with self._store.write(beside=True) as connection:
            waiting = job_queue.waiting(connection, self._project)
            chosen = [job.queue_id for job in waiting if func(json.loads(job.message))]
            return job_queue.remove(connection, chosen)

    def clear(self) -> None:
        with self._store.write(beside=True) as connection:
            job_queue.clear(connection, self._project)
