"""Counts and latencies of a database, for the demo's table and for people who ask how a day went."""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from horses_scrapy.storage import schema


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a database. `prices_seen` counts what the boards showed, `prices_stored` what had changed."""

    races: int
    boards: int
    prices_seen: int
    prices_stored: int
    exactas: int
    alerts: int
    deliveries: dict[str, int]
    outcomes: dict[str, int]


def counts(connection: Connection) -> Counts:
    delivery, run = schema.alert_delivery, schema.crawl_run
    return Counts(
        races=_rows(connection, schema.race),
        boards=_rows(connection, schema.board),
        prices_seen=_prices_seen(connection),
        prices_stored=_rows(connection, schema.price_change),
        exactas=_rows(connection, schema.pair_price),
        alerts=_rows(connection, schema.alert),
        deliveries=dict(connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state)).all()),
        outcomes=dict(connection.execute(select(run.c.outcome, func.count()).group_by(run.c.outcome)).all()),
    )


def _rows(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _prices_seen(connection: Connection) -> int:
    """Interests times boards of each race: every board shows every interest, if only as scratched."""
    board, interest = schema.board, schema.betting_interest
    query = select(func.count()).select_from(board.join(interest, board.c.race_id == interest.c.race_id))
    return connection.execute(query).scalar_one()


def due_to_committed_ms(connection: Connection) -> list[int]:
    """Real milliseconds from a slot's due instant to its first board being stored and evaluated, ascending."""
    run = schema.crawl_run
    query = select(run.c.committed_mono - run.c.due_mono).where(
        run.c.committed_mono.is_not(None), run.c.due_mono.is_not(None)
    )
    return sorted(connection.execute(query).scalars())


def committed_to_accepted_ms(connection: Connection) -> list[int]:
    """Real milliseconds from an alert's commit to the mail server's acceptance of its mail, ascending."""
    alert, delivery, notification = schema.alert, schema.alert_delivery, schema.notification
    query = (
        select(notification.c.accepted_mono - alert.c.committed_mono)
        .join_from(delivery, alert)
        .join(notification, delivery.c.notification_id == notification.c.notification_id)
        .where(notification.c.accepted_mono.is_not(None))
    )
    return sorted(connection.execute(query).scalars())


def quantile(ascending: list[int], q: float) -> int | None:
    """The value at or above a share `q` of the values; None of none."""
    return ascending[min(len(ascending) - 1, int(q * len(ascending)))] if ascending else None
