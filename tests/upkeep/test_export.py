import argparse
import csv
import json
import sqlite3
from contextlib import closing

import duckdb
import polars as pl
import pyarrow.parquet
import pytest
import stored_sample as sample

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.looking import reading
from horses_scrapy.storage.upkeep.export import SHEETS, races
from horses_scrapy.upkeep import export, formats

RACE = ["race_id", "track", "track_name", "race_date", "race_number"]
COLUMNS = {
    "prices": [
        "source", "board_id", "fetched_at", "minutes_to_post", "market", "interest_id", "label", "program_numbers",
        "horses", "odds_decimal", "price_thousandths", "status",
    ],
    "boards": [
        "source", "board_id", "fetched_at", "source_time", "status", "post_time", "minutes_to_post",
        "minutes_to_post_text", "flags", "pair_grids", "run_id", "evaluated_at",
    ],
    "pools": [
        "source", "board_id", "fetched_at", "bet_type", "interest_id", "label", "currency", "amount", "amount_minor",
    ],
    "exactas": [
        "source", "board_id", "fetched_at", "pairs_fetched_at", "bet_type", "first_interest_id", "second_interest_id",
        "first_label", "second_label", "payout", "payout_minor", "base", "base_minor", "currency", "capped",
    ],
    "results": [
        "source", "part", "status", "position", "entry_id", "program_number", "horse", "bet_type", "combination",
        "payout", "payout_minor", "base", "base_minor", "currency",
    ],
    "changes": ["change_id", "changed_at", "entry_id", "program_number", "horse", "field", "old", "new", "run_id"],
    "alerts": [
        "alert_id", "triggered_at", "rule", "alert_type", "severity", "event", "market", "subject", "entry_id",
        "board_id", "unit", "threshold", "actual", "previous", "message", "sent", "sent_at", "deliveries",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = sample.settings_in(tmp_path_factory.mktemp("export"))
    with closing(open_store(made, Clock())) as store, store.write() as connection:
        sample.fill(connection)
        later = sample.card(1, seconds=30, post_time=sample.at(2400), status="open")
        sample.store(connection, later)
    return made


def told(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    export.describe(parser)
    return parser.parse_args(arguments)


def exported(settings, *arguments: str) -> int:
    return export.run(settings, told(*arguments))


@pytest.fixture
def rows(settings, tmp_path):
    """Of one sheet, as JSON lines have them."""

    def read(what, *which):
        file = tmp_path / "rows.jsonl"
        given = which or ("--race", "1")
        exported(settings, *given, "--what", what, "--format", "jsonl", "--output", str(file), "--force")
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    return read


def test_columns_are_a_promise():
    assert {what: [field.name for field in sheet.fields] for what, sheet in SHEETS.items()} == {
        what: RACE + own for what, own in COLUMNS.items()
    }


def test_prices_are_changes_in_words_and_numbers(rows):
    found = rows("prices")
    assert [(row["fetched_at"], row["label"], row["odds_decimal"]) for row in found] == [
        ("2026-05-02T20:00:00.000Z", "1", 3.0),
        ("2026-05-02T20:00:00.000Z", "2", None),
        ("2026-05-02T20:01:00.000Z", "1", 3.6),
        ("2026-05-02T20:01:00.000Z", "2", 2.5),
        ("2026-05-02T20:02:00.000Z", "1", 4.2),
    ]
    first = found[0]
    assert {name: first[name] for name in (*RACE, "program_numbers", "horses", "market", "status")} == {
        "race_id": 1, "track": "demo", "track_name": "Synthetic Downs", "race_date": "2026-05-02", "race_number": 1,
        "program_numbers": "1/1A", "horses": "Alpha / Alphabet", "market": "win_tote", "status": "active",
    }  # fmt: skip
    assert first["price_thousandths"] == 3000


def test_boards_are_all_polls(rows):
    found = rows("boards")
    assert [row["board_id"] for row in found] == [1, 2, 3]
    assert {row["post_time"] for row in found} == {"2026-05-02T20:40:00.000Z"}
    assert found[1]["pair_grids"] == "exacta+0"


def test_a_pool_stands_until_it_moves(rows):
    assert [(row["bet_type"], row["label"], row["amount"], row["amount_minor"]) for row in rows("pools")] == [
        ("win", None, 1000.5, 100_050),
        ("win", "1", 50.0, 5000),
        ("win", None, 1001.1, 100_110),
        ("win", None, 1001.7, 100_170),
    ]


def test_a_pool_that_goes_is_said(tmp_path):
    settings = sample.settings_in(tmp_path)
    with closing(open_store(settings, Clock())) as store, store.write() as connection:
        for item in (sample.card(), sample.board(1, 0), sample.board(1, 60, pools=()), sample.board(1, 120)):
            sample.store(connection, item)
        found = [row[-4:] for row in SHEETS["pools"].own(connection, 1)]
    assert [(label, minor) for label, _, _, minor in found] == [
        (None, 100_050), ("1", 5000), (None, None), ("1", None), (None, 100_170), ("1", 5000),
    ]  # fmt: skip


def test_pairs_of_a_stored_grid(rows):
    shown = ("first_label", "second_label", "payout", "base", "currency", "capped")
    assert [tuple(row[name] for name in shown) for row in rows("exactas")] == [
        ("1", "2", 12.5, 2.0, "USD", 0),
        ("2", "1", 999.0, 2.0, "USD", 1),
    ]


def test_results_are_finishers_and_payoffs(rows):
    found = rows("results")
    assert [(row["part"], row["position"], row["program_number"], row["horse"]) for row in found] == [
        ("finish", 1, "2", sample.FORMULA),
        ("finish", 2, "1", "Alpha"),
        ("payoff", None, None, None),
    ]
    assert (found[2]["combination"], found[2]["payout"], found[2]["base"]) == ("2-1", 13.7, 2.0)


def test_changes_have_times_for_people(rows):
    moved = [row for row in rows("changes") if row["field"] == "post_time"]
    assert [(row["old"], row["new"]) for row in moved] == [("2026-05-02T20:30:00.000Z", "2026-05-02T20:40:00.000Z")]


def test_alerts_say_who_got_them(rows):
    (row,) = rows("alerts")
    assert (row["threshold"], row["actual"], row["previous"], row["unit"]) == (4.0, 3.6, None, "price")
    assert row["deliveries"] == "a@example.com: sent, b@example.com: muted"
    assert row["sent_at"] == "2026-05-02T20:01:00.500Z"


SELECTIONS = {
    ("--race", "2"): {2},
    ("--track", "demo"): {1, 2},
    ("--track", "DMO", "--date", "2026-05-02"): {1, 2},
    ("--date", "2026-05-02"): {1, 2},
    ("--date", "2026-05-03"): set(),
    ("--track", "demo", "--race", "1"): {1},
    ("--track", "nowhere"): set(),
}


@pytest.mark.parametrize(("which", "races"), SELECTIONS.items())
def test_which_races(rows, which, races):
    assert {row["race_id"] for row in rows("boards", *which)} == races


DEFUSED = {
    "=cmd()": "'=cmd()", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
    "1A": "1A", "": "", "a=b": "a=b", " =b": " =b", "'=b": "'=b",
}  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), DEFUSED.items())
def test_no_text_is_a_formula(text, shown):
    assert formats.defused(text) == shown


def test_csv_for_a_spreadsheet(settings, tmp_path):
    file = tmp_path / "results.csv"
    assert exported(settings, "--race", "1", "--what", "results", "--format", "csv", "--output", str(file)) == 0
    with file.open(newline="", encoding="utf-8") as stream:
        header, winner, *_, payoff = csv.reader(stream)
    assert header == RACE + COLUMNS["results"]
    assert dict(zip(header, winner, strict=True))["horse"] == "'=cmd()"
    assert payoff[-5:] == ["13.7", "1370", "2.0", "200", "USD"]


def test_a_negative_number_stays_a_number(tmp_path):
    field = SHEETS["boards"].fields[5 + COLUMNS["boards"].index("minutes_to_post")]
    with (tmp_path / "one.csv").open("w", newline="") as stream:
        assert formats.write_csv(stream, [field], [(-3,)]) == 1
    assert (tmp_path / "one.csv").read_text().split() == ["minutes_to_post", "-3"]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_nothing_found_is_no_failure(settings, form, capsys):
    assert exported(settings, "--race", "99", "--format", form) == 0
    shown = capsys.readouterr()
    assert shown.out == (",".join(RACE + COLUMNS["prices"]) + "\r\n" if form == "csv" else "")
    assert "nothing stored fits" in shown.err


def test_nothing_found_is_an_empty_parquet_file(settings, tmp_path):
    file = tmp_path / "none.parquet"
    assert exported(settings, "--race", "99", "--format", "parquet", "--output", str(file)) == 0
    assert duckdb.sql(f"SELECT count(*), max(price_thousandths) FROM '{file}'").fetchall() == [(0, None)]
    assert pyarrow.parquet.read_schema(file).names == RACE + COLUMNS["prices"]


@pytest.mark.parametrize("what", SHEETS)
def test_parquet_reads_the_same_everywhere(settings, rows, tmp_path, what):
    file = tmp_path / f"{what}.parquet"
    assert exported(settings, "--track", "demo", "--what", what, "--format", "parquet", "--output", str(file)) == 0
    expected = [tuple(one[field.name] for field in SHEETS[what].fields) for one in rows(what, "--track", "demo")]
    assert expected
    columns = [BY_DUCKDB.get(field.kind, "{0}").format(field.name) for field in SHEETS[what].fields]
    assert duckdb.sql(f"SELECT {', '.join(columns)} FROM '{file}'").fetchall() == expected
    times = [pl.col(field.name).dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ") for field in SHEETS[what].fields
             if field.kind == "time"]  # fmt: skip
    dates = pl.col("race_date").dt.to_string("%Y-%m-%d")
    assert pl.read_parquet(file).with_columns(*times, dates).rows() == expected


BY_DUCKDB = {
    "time": "strftime(make_timestamp_ms(epoch_ms({0})), '%Y-%m-%dT%H:%M:%S.%gZ')",
    "date": "{0}::text",
}  # a TIMESTAMPTZ itself asks for a package of its own in Python


def test_parquet_is_typed_and_in_groups(settings, tmp_path):
    file = tmp_path / "prices.parquet"
    small = settings.model_copy(update={"database": settings.database.model_copy(update={"batch_size": 1})})
    exported(small, "--track", "demo", "--format", "parquet", "--output", str(file))
    types = {name: str(kind) for name, kind in zip(*_schema(file), strict=True)}
    assert {name: types[name] for name in ("fetched_at", "odds_decimal", "price_thousandths", "race_date", "label")} == {
        "fetched_at": "timestamp[ms, tz=UTC]", "odds_decimal": "double", "price_thousandths": "int64",
        "race_date": "date32[day]", "label": "string",
    }  # fmt: skip
    assert pyarrow.parquet.ParquetFile(file).num_row_groups == 1
    groups = tmp_path / "groups.parquet"
    assert formats.write_parquet(groups, SHEETS["prices"].fields[:1], [(one,) for one in range(25)], 10) == 25
    assert pyarrow.parquet.ParquetFile(groups).num_row_groups == 3


def _schema(file):
    schema = pyarrow.parquet.read_schema(file)
    return schema.names, schema.types


def test_a_file_is_not_overwritten_unasked(settings, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("mine")
    given = ("--race", "1", "--format", "csv", "--output", str(file))
    with pytest.raises(ConfigError, match="--force"):
        exported(settings, *given)
    assert file.read_text() == "mine"
    assert exported(settings, *given, "--force") == 0
    assert file.read_text().startswith("race_id,")


@pytest.mark.parametrize("form", export.FORMATS)
def test_what_is_half_written_never_takes_the_name(settings, tmp_path, monkeypatch, form):
    def broken(_connection, _race_id):
        yield from [(None,) * len(COLUMNS["prices"])]
        raise RuntimeError("the power went")

    monkeypatch.setattr(export, "SHEETS", {"prices": type(SHEETS["prices"])(SHEETS["prices"].fields, broken)})
    with pytest.raises(RuntimeError):
        exported(settings, "--race", "1", "--format", form, "--output", str(tmp_path / "half"))
    assert list(tmp_path.iterdir()) == []


REFUSED = {
    ("--format", "csv"): "--race, --track or --date",
    ("--race", "1", "--format", "parquet"): "--output",
    ("--race", "1", "--format", "csv", "--output", "/nowhere/at/all.csv"): "cannot be written: No such file",
}


@pytest.mark.parametrize(("given", "why"), REFUSED.items())
def test_what_cannot_be_done_is_said(settings, given, why):
    with pytest.raises(ConfigError, match=why):
        exported(settings, *given)


def test_looking_makes_no_database(tmp_path):
    with pytest.raises(StoreError, match="there is no database"):
        exported(sample.settings_in(tmp_path), "--race", "1", "--format", "csv")
    assert list(tmp_path.iterdir()) == []


def test_duckdb_asks_the_exported_files(settings, tmp_path):
    """The example of the documentation: how often each horse's price moved, and from what to what."""
    for what in ("prices", "boards"):
        exported(settings, "--date", "2026-05-02", "--what", what, "--format", "parquet",
                 "--output", str(tmp_path / f"{what}.parquet"))  # fmt: skip
    query = f"""SELECT race_number, label, arg_min(odds_decimal, fetched_at), arg_max(odds_decimal, fetched_at), count(*)
      FROM '{tmp_path}/prices.parquet' GROUP BY ALL ORDER BY ALL"""
    assert duckdb.sql(query).fetchall()[0] == (1, "1", 3.0, 4.2, 3)
    joined = f"SELECT count(*) FROM '{tmp_path}/prices.parquet' JOIN '{tmp_path}/boards.parquet' USING (board_id)"
    assert duckdb.sql(joined).fetchall() == [(10,)]


def test_postgresql_gives_the_same(settings, tmp_path, postgres_url):
    server = sample.settings_in(tmp_path, database_url=postgres_url)
    with closing(open_store(server, Clock())) as store, store.write() as connection:
        sample.fill(connection)
        sample.store(connection, sample.card(1, seconds=30, post_time=sample.at(2400), status="open"))
    assert [_all_rows(server, what) for what in SHEETS] == [_all_rows(settings, what) for what in SHEETS]


def _all_rows(settings, what):
    with reading(settings) as connection:
        found = list(SHEETS[what].rows(connection, races(connection, track="demo", race_date="2026-05-02")))
    assert found
    return found


def test_the_stored_file_is_plain_sqlite(settings):
    """For sqlite3 and what else reads it: no function or collation of ours is needed."""
    with closing(sqlite3.connect(settings.database_path)) as connection:
        assert connection.execute("SELECT count(*) FROM price_log").fetchone() == (10,)
