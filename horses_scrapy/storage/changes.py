"""`change` rows: what moved on a card or in a result, seen when, by which run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from horses_scrapy.storage.schema import change


@dataclass(frozen=True, slots=True)
class Sighting:
    """When something was seen (`at`), when it is stored (`now_ms`), both epoch milliseconds, and by which run.

    An import of past races (`history`) records its changes as evaluated: nobody wants an alert about last year. A card that
    an earlier run fetched (`from_cache`) only fills what is empty: had that run died before it stored what the card said,
    the next card that is fetched finds the change and alerts.
    """

    at: int
    now_ms: int
    run_id: int | None
    history: bool = False
    from_cache: bool = False


def record(
    connection: Connection,
    sighting: Sighting,
    race_id: int,
    entry_id: int | None,
    field: str,
    old: object,
    new: object,
) -> None:
    quiet = sighting.history or sighting.from_cache
    connection.execute(
        insert(change).values(
            race_id=race_id,
            entry_id=entry_id,
            field=field,
            old=None if old is None else str(old),
            new=None if new is None else str(new),
            at=sighting.at,
            run_id=sighting.run_id,
            evaluated_at=sighting.now_ms if quiet else None,
            quiet=int(quiet),
        )
    )


def outdated(connection: Connection, sighting: Sighting, race_id: int, entry_id: int | None, field: str) -> bool:
    """Whether a later sighting has changed the field already: a card that arrives late undoes nothing."""
    newest = connection.scalar(
        select(func.max(change.c.at)).where(
            change.c.race_id == race_id, change.c.entry_id.is_not_distinct_from(entry_id), change.c.field == field
        )
    )
    return newest is not None and newest > sighting.at


def moved(
    connection: Connection,
    sighting: Sighting,
    race_id: int,
    entry_id: int | None,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> dict[str, Any]:
    """The fields of `new` that differ and are not outdated; a None in `new` says nothing and moves nothing."""
    return {
        field: value
        for field, value in new.items()
        if (old[field] is None or not sighting.from_cache)
        and value is not None
        and value != old[field]
        and not outdated(connection, sighting, race_id, entry_id, field)
    }
