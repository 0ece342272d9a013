"""What the rules about ourselves read at every tick is found along an index, and little of it is read."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event, insert

from alerts.system_engine import SOUND_FLAGS
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.fill_rates import Filled
from horses_scrapy.storage.mail_facts import MailFacts, mail_facts
from horses_scrapy.storage.system_facts import Ask, fillings, track_facts

NOW = 1_777_752_000_000
MINUTE = 60_000
ASK = Ask(
    races_since=NOW - 45 * MINUTE,
    races_until=NOW + 120 * MINUTE,
    runs_since=NOW - 70 * MINUTE,
    runs=3,
    boards_since=NOW - 60 * MINUTE,
    sound_flags=SOUND_FLAGS,
    stale_after_ms=600_000,
)
PARTIAL = {"idx_notification_due", "idx_alert_delivery_open"}
"""Indexes of what is still open only: read whole, they are short."""


@pytest.fixture
def store(tmp_path):
    (tmp_path / "config").mkdir()
    settings = Settings.model_validate({"home": tmp_path, "config_file": tmp_path / "config" / "config.yaml"})
    opened = open_store(settings, Clock())
    yield opened
    opened.close()


@contextmanager
def statements(engine):
    """The statements of a block, with their values."""
    seen = []

    def note(_connection, _cursor, statement, values, _context, _many):
        seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def plans(connection, ask) -> list[str]:
    with statements(connection.engine) as seen:
        ask()
    return [
        row[-1]
        for statement, values in seen
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]


def whole(plan: str) -> bool:
    """Whether a step reads a whole table of what is stored."""
    scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", plan)
    return scanned is not None and scanned[2] not in PARTIAL and scanned[1] in schema.metadata.tables


def test_nothing_is_read_whole(store):
    fill(store)
    with store.read() as connection:
        steps = plans(
            connection,
            lambda: (
                track_facts(connection, {"t1": "T1"}, ASK),
                fillings(connection, "t1", 9),
                mail_facts(connection, NOW),
            ),
        )
    assert any("SEARCH crawl_run" in step for step in steps)
    assert any("SEARCH board" in step for step in steps)
    assert not [step for step in steps if whole(step)], "\n".join(steps)


def test_a_tick_with_twenty_tracks_asks_few_questions(store):
    fill(store)
    codes = {f"t{number}": f"T{number}" for number in range(20)}
    with store.read() as connection, statements(connection.engine) as seen:
        found = track_facts(connection, codes, ASK)
    assert len(seen) <= 3 + len(codes)
    assert [facts.key for facts in found] == list(codes)


def test_runs_reach_as_far_as_asked(store):
    fill(store)
    with store.read() as connection:
        (recent,) = track_facts(connection, {"t1": "T1"}, ASK)
        (old,) = track_facts(connection, {"t2": "T2"}, ASK)
    assert [run.outcome for run in recent.runs] == ["ok"] * 64
    assert recent.runs[0].finished_at > recent.runs[-1].finished_at
    assert [run.finished_at for run in old.runs] == [NOW - 300 * MINUTE + 1000 - ago * MINUTE for ago in range(3)]


def test_fill_rates_are_of_the_newest_runs(store):
    fill(store)
    with store.read() as connection:
        (jockey,) = fillings(connection, "t1", 50)
        assert fillings(connection, "t3", 50) == ()
    assert (jockey.field, jockey.now, jockey.before) == (
        "jockey",
        Filled(0, 200),
        tuple(Filled(ago, 200) for ago in range(1, 50)),
    )


def test_mail_is_told_by_channel(store):
    fill(store)
    with store.read() as connection:
        assert mail_facts(connection, NOW) == (
            MailFacts(channel="apprise", frozen_at=NOW - 7 * MINUTE, dead=0),
            MailFacts(channel="mail", frozen_at=NOW - 5 * MINUTE, dead=1),
        )


def fill(store) -> None:
    """Crawls of two tracks, the second of them long ago; messages, most of them sent."""
    runs = [
        {
            "spider": f"track_{key}", "track": key, "kind": "near", "started_at": at, "finished_at": at + 1000,
            "outcome": "superseded" if ago % 10 == 9 else "ok",
        }
        for key, newest in (("t1", NOW), ("t2", NOW - 300 * MINUTE))
        for ago in range(100)
        for at in [newest - ago * MINUTE]
    ]  # fmt: skip
    messages = [
        ("mail", "sent", 1),
        ("mail", "dead", 61),
        ("mail", "dead", 59),
        ("mail", "leased", 5),
        ("mail", "pending", 4),
    ]
    with store.write() as connection:
        for row in reversed(runs):
            run_id = connection.execute(insert(schema.crawl_run).values(row)).inserted_primary_key[0]
            rate = {
                "run_id": run_id,
                "field": "jockey",
                "filled": (NOW - row["started_at"]) // MINUTE % 300,
                "total": 200,
            }
            connection.execute(insert(schema.fill_rate).values(rate))
        for number, (channel, state, ago) in enumerate([*messages, ("apprise", "pending", 7)]):
            at = NOW - ago * MINUTE
            connection.execute(
                insert(schema.notification).values(
                    recipient="you@example.com", channel=channel, scope="", state=state, wire="", message_id=str(number),
                    created_at=at, next_at=at,
                )
            )  # fmt: skip
