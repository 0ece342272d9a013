"""Every index that we declare serves a query of the product, as the planner of the shipped SQLite has it."""

import pytest
from sqlalchemy import event

from horses_scrapy.storage import (
    alert_history,
    alert_reader,
    alerts,
    attempts,
    deliveries,
    job_queue,
    outbox,
    queries,
    schema,
    slots,
    updates,
    watchlists,
)

ON_POSTGRESQL = {"idx_price_change_board"}
# An index of the seed's, and its own query: ours asks by delivery.
SEED = {"idx_alert_sent": "SELECT * FROM alert WHERE sent = 0 ORDER BY triggered_at DESC"}
ASKED = {
    "idx_race_date": lambda c: queries.races_of_day(c, None, 0, 1),
    "idx_board_pending": lambda c: queries.pending_board_ids(c, 1),
    "idx_change_race": lambda c: alert_history.card_changes(c, 1),
    "idx_crawl_run_track": lambda c: slots.open_runs(c, ["demo"], 0, 1),
    "idx_crawl_run_job": lambda c: slots.outcomes(c, ["a"]),
    "idx_alert_race": lambda c: alert_reader.alerts_of(c, [1]),
    "idx_alert_state_race": lambda c: alerts.states(c, 1),
    "idx_notification_due": lambda c: attempts.due(c, "mail", 0),
    "idx_notification_recent": lambda c: deliveries.made_for(c, "you@example.com", "mail", "race:1", 0),
    "idx_alert_delivery_open": outbox.waiting,
    "idx_alert_delivery_notification": lambda c: attempts.due(c, "mail", 0),
    "idx_alert_delivery_untold": deliveries.untold,
    "idx_job_queue_next": lambda c: job_queue.take(c, "horses"),
    "idx_slot_update": lambda c: updates.jobs_of(c, 1),
    "idx_watchlist_name": lambda c: watchlists.remove(c, name="a", field="horse", value="B", at_ms=0),
}


@pytest.fixture
def plans(sqlite_store):
    """The plans of all statements that a query sends."""

    def of(ask):
        with sqlite_store.write() as connection:
            seen = []
            note = lambda _c, _u, sql, values, *_: seen.append((sql, values))  # noqa: E731
            event.listen(connection, "before_cursor_execute", note)
            ask(connection)
            event.remove(connection, "before_cursor_execute", note)
            return [
                row[-1]
                for sql, values in seen
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            ]

    return of


def test_every_index_is_named_here():
    declared = {index.name for table in schema.metadata.tables.values() for index in table.indexes}
    assert declared == set(ASKED) | set(SEED) | ON_POSTGRESQL


@pytest.mark.parametrize("index", ASKED)
def test_a_query_of_ours_goes_along_it(plans, index):
    steps = plans(ASKED[index])
    assert any(f"INDEX {index} " in f"{step} " for step in steps), steps


@pytest.mark.parametrize("index", SEED)
def test_the_seeds_query_goes_along_it(plans, index):
    steps = plans(lambda connection: connection.exec_driver_sql(SEED[index]))
    assert any(f"INDEX {index} " in f"{step} " for step in steps), steps
