"""The queue that scrapyd nodes share on PostgreSQL: each job goes to one of them, the highest priority first, then the oldest."""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, func, insert, select

from horses_scrapy.storage.schema import job_queue


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """`message`: JSON of what scrapyd starts the job with."""

    queue_id: int
    message: str


def add(connection: Connection, project: str, priority: float, message: str, at_ms: int) -> None:
    row = {"project": project, "priority": round(priority * 1000), "message": message, "added_at": at_ms}
    connection.execute(insert(job_queue).values(row))


def take(connection: Connection, project: str) -> str | None:
    """The next job's message, which nobody else gets; None where nothing waits.

    A job that another node is about to take is passed over, not waited for.
    """
    next_one = _in_order(project).with_only_columns(job_queue.c.queue_id).limit(1).with_for_update(skip_locked=True)
    gone = delete(job_queue).where(job_queue.c.queue_id == next_one.scalar_subquery())
    message: str | None = connection.execute(gone.returning(job_queue.c.message)).scalar_one_or_none()
    return message


def waiting(connection: Connection, project: str) -> list[QueuedJob]:
    """In the order in which they will be taken."""
    return [QueuedJob(row.queue_id, row.message) for row in connection.execute(_in_order(project))]


def count(connection: Connection, project: str) -> int:
    query = select(func.count()).select_from(job_queue).where(job_queue.c.project == project)
    return connection.execute(query).scalar_one()


def remove(connection: Connection, queue_ids: list[int]) -> int:
    """How many of these still waited."""
    return connection.execute(delete(job_queue).where(job_queue.c.queue_id.in_(queue_ids))).rowcount


def clear(connection: Connection, project: str) -> None:
    connection.execute(delete(job_queue).where(job_queue.c.project == project))


def _in_order(project: str) -> Select[tuple[int, str]]:
    query = select(job_queue.c.queue_id, job_queue.c.message).where(job_queue.c.project == project)
    return query.order_by(job_queue.c.priority.desc(), job_queue.c.queue_id)
