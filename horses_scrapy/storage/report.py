"""Counts and latencies of a database, for the demo's table and for people who ask how a day went."""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, case, func, select

from horses_scrapy.storage import schema


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a database. `prices_seen` counts what the boards showed, `prices_stored` what had changed."""

    races: int
    boards: int
    prices_seen: int
    prices_stored: int
    exacta_grids: int
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
        exacta_grids=_rows(connection, schema.pair_grid),
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


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule alerted, and in how many accepted messages."""

    rule: str
    kind: str
    fired: int
    messages: int


def rule_counts(connection: Connection) -> list[RuleCount]:
    """By rule; a rule that never fired is not listed."""
    alert, delivery, notification = schema.alert, schema.alert_delivery, schema.notification
    accepted = case((notification.c.state == "sent", notification.c.notification_id))
    query = (
        select(
            alert.c.rule, alert.c.alert_type, func.count(alert.c.alert_id.distinct()), func.count(accepted.distinct())
        )
        .join_from(alert, delivery)
        .outerjoin(notification, delivery.c.notification_id == notification.c.notification_id)
        .group_by(alert.c.rule, alert.c.alert_type)
        .order_by(alert.c.rule)
    )
    return [RuleCount(*row) for row in connection.execute(query)]


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


@dataclass(frozen=True, slots=True)
class RaceLine:
    """A race as one line on a screen; `post_time` in epoch milliseconds."""

    race_number: int
    status: str
    post_time: int | None
    minutes_to_post: int | None
    boards: int
    alerts: int


def race_lines(connection: Connection) -> list[RaceLine]:
    race, board, alert = schema.race, schema.board, schema.alert
    rows = connection.execute(select(race).order_by(race.c.race_date, race.c.race_number)).all()
    boards = _per_race(connection, board)
    alerts = _per_race(connection, alert)
    minutes = _minutes_to_post(connection)
    return [
        RaceLine(
            row.race_number,
            row.status,
            row.post_time,
            minutes.get(row.race_id),
            boards.get(row.race_id, 0),
            alerts.get(row.race_id, 0),
        )
        for row in rows
    ]


def _per_race(connection: Connection, table: Table) -> dict[int, int]:
    query = select(table.c.race_id, func.count()).group_by(table.c.race_id)
    return dict(connection.execute(query).all())


def _minutes_to_post(connection: Connection) -> dict[int, int | None]:
    """The site's figure on each race's newest board."""
    board = schema.board
    newest = select(board.c.race_id, func.max(board.c.fetched_at).label("at")).group_by(board.c.race_id).subquery()
    query = select(board.c.race_id, board.c.minutes_to_post).join(
        newest, (newest.c.race_id == board.c.race_id) & (newest.c.at == board.c.fetched_at)
    )
    return dict(connection.execute(query).all())


def board_ids(connection: Connection) -> list[int]:
    board = schema.board
    return list(connection.scalars(select(board.c.board_id).order_by(board.c.fetched_at)))


def last_board_id(connection: Connection, race_number: int) -> int | None:
    board, race = schema.board, schema.race
    query = select(board.c.board_id).join(race).where(race.c.race_number == race_number)
    return connection.scalar(query.order_by(board.c.fetched_at.desc()).limit(1))


def official_order(connection: Connection, race_id: int) -> list[str]:
    """Program numbers by position, once the order is official."""
    result, entry = schema.result, schema.entry
    query = (
        select(entry.c.program_number)
        .join(result, result.c.entry_id == entry.c.entry_id)
        .where(result.c.race_id == race_id, result.c.status == "official")
        .order_by(result.c.position)
    )
    return list(connection.scalars(query))


def payoffs(connection: Connection, race_id: int) -> dict[tuple[str, str], int]:
    payoff = schema.payoff
    query = select(payoff.c.bet_type, payoff.c.combination, payoff.c.payout).where(payoff.c.race_id == race_id)
    return {(bet_type, combination): payout for bet_type, combination, payout in connection.execute(query)}


def accepted_message_ids(connection: Connection) -> list[str]:
    """Message-IDs of the mails that a server has accepted, in the order of acceptance."""
    notification = schema.notification
    query = select(notification.c.message_id).where(notification.c.state == "sent")
    return list(connection.scalars(query.order_by(notification.c.accepted_at)))


def undelivered(connection: Connection) -> int:
    """Deliveries and boards that somebody still has to deal with."""
    delivery, board = schema.alert_delivery, schema.board
    waiting = select(func.count()).where(delivery.c.state.in_(("pending", "leased")))
    pending = select(func.count()).where(board.c.evaluated_at.is_(None))
    return connection.execute(waiting).scalar_one() + connection.execute(pending).scalar_one()
