"""config/datasette.yaml, asked with sqlite3 as Datasette would."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import stored_sample as sample
import yaml

from horses_scrapy.clock import Clock
from horses_scrapy.storage.coded import MARKET, PRICE_STATUS
from horses_scrapy.storage.engine import open_store

DATABASE = yaml.safe_load(Path("config/datasette.yaml").read_text(encoding="utf-8"))["databases"]["horses"]
GIVEN = {"date": "2026-05-02", "race_id": 1, "label": "1"}


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    settings = sample.settings_in(tmp_path_factory.mktemp("datasette"))
    with closing(open_store(settings, Clock())) as store, store.write() as opened:
        sample.fill(opened)
    with closing(sqlite3.connect(f"file:{settings.database_path}?mode=ro", uri=True)) as opened:
        opened.row_factory = sqlite3.Row
        yield opened


def answers(connection, query):
    return [dict(row) for row in connection.execute(DATABASE["queries"][query]["sql"], GIVEN)]


@pytest.mark.parametrize("query", DATABASE["queries"])
def test_each_query_answers(connection, query):
    assert answers(connection, query)


def test_latest_odds(connection):
    shown = ("label", "horses", "decimal_odds", "win_odds", "status", "changed_at", "seen_at")
    assert [tuple(row[name] for name in shown) for row in answers(connection, "latest_odds")] == [
        ("1", "Alpha / Alphabet", 4.2, 3.2, "active", "2026-05-02T20:02:00.000Z", "2026-05-02T20:02:00.000Z"),
        ("2", "=cmd()", 2.5, 1.5, "active", "2026-05-02T20:01:00.000Z", "2026-05-02T20:02:00.000Z"),
    ]


def test_the_numbers_of_words_are_those_of_the_query():
    assert MARKET.words[0] == "win_tote"
    assert PRICE_STATUS.words == ("active", "capped", "scratched", "missing")


def test_history(connection):
    assert [row["decimal_odds"] for row in answers(connection, "history_of_an_entry")] == [3.0, 3.6, 4.2]


def test_who_got_alerts(connection):
    found = answers(connection, "who_got_alerts")
    assert [(row["recipient"], row["state"], row["race_number"]) for row in found] == [
        ("a@example.com", "sent", 1),
        ("b@example.com", "muted", 1),
    ]


def test_every_table_and_column_that_is_described_exists(connection):
    for name, described in DATABASE["tables"].items():
        columns = {row["name"] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert columns >= {*described.get("columns", ()), "version_num"} - ({"version_num"} - columns), name
        assert columns, name
