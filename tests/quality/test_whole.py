"""The checks over a stored day: none cries wolf, each finds what it is there for, on both databases."""

import datetime as dt
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, update

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config import Validation
from horses_scrapy.errors import ConfigError
from horses_scrapy.quality.checks import NAMES
from horses_scrapy.quality.output import as_json, as_text
from horses_scrapy.quality.run import Question, report_of, run, window_of
from horses_scrapy.quality.tally import KEPT
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 5, 2)
POST = to_ms(dt.datetime(2026, 5, 2, 16, 42, tzinfo=dt.UTC))
EVENING = POST + 5 * 3_600_000
OF_DAY = Question(first=DAY, last=DAY)


def reported(settings, question=OF_DAY, now=EVENING):
    with closing(open_store(settings, Clock())) as store, store.read() as connection:
        return report_of(connection, settings, now, question)


def of(report, name):
    return next(tally for tally in report.tallies if tally.check.name == name)


def changed(path, *statements):
    """As somebody else's program would do it: nothing is enforced."""
    with closing(sqlite3.connect(path)) as raw:
        for statement in statements:
            assert raw.execute(statement).rowcount, statement
        raw.commit()


def triple(path, table, key, column, where="1"):
    """All numbers of the JSON arrays of a column."""
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(f"SELECT {key}, {column} FROM {table} WHERE {where}").fetchall()
        assert rows
        raw.executemany(
            f"UPDATE {table} SET {column} = ? WHERE {key} = ?",
            [(json.dumps([one and one * 3 for one in json.loads(text)]), row) for row, text in rows],
        )
        raw.commit()


def fall(path):
    """A later board of each race has a third of the money."""
    triple(path, "pool_change", "board_id", "amounts", "board_id <= (SELECT max(board_id) / 2 FROM pool_change)")


OPEN = f"UPDATE race SET status = 'open', off_at = NULL, official_at = NULL WHERE post_time = {POST}"
FROM_T5 = f"race_id = 1 AND fetched_at > {POST - 300_000}"


BROKEN = {
    "post_times": (["UPDATE race SET post_time = NULL WHERE race_id = 1"], {}, "no post time is known"),
    "gaps": (
        [f"DELETE FROM board WHERE {FROM_T5} AND fetched_at < {POST - 60_000}"],
        {},
        "DMO 2026-05-02 R1 (id 1): no board from 12:37:00 to 12:41:00: 4.0 min, 2.0 min allowed",
    ),
    "few_boards": (["DELETE FROM board WHERE race_id = 1 AND board_id > 9"], {}, "5 boards, 10 expected"),
    "freshness": (
        [OPEN, f"DELETE FROM board WHERE {FROM_T5}"],
        {"now": POST},
        "no newer board than that of 12:37:00: 5.0 min",
    ),
    "price_range": (
        ["UPDATE price_change SET price = 1005 WHERE interest_id = 3 AND market = 0 AND price IS NOT NULL"],
        {},
        "1.005 for #3 in win_tote at 12:3",
    ),
    "pool_fell": (fall, {}, "while nobody is scratched"),
    "overround": (
        ["UPDATE price_change SET price = price * 3 WHERE market = 0"],
        {},
        "expected 1/price to add up to 1.131 to 1.250, found 0.3",
    ),
    "exacta_sum": (lambda path: triple(path, "pair_grid", "grid_id", "payouts"), {}, "exacta pairs to add up to"),
    "no_odds": (["UPDATE price_change SET price = NULL WHERE interest_id = 2"], {}, "#2 "),
    "orphan_interests": (
        ["INSERT INTO betting_interest (race_id, label) VALUES (1, '77')"],
        {},
        "#77 has boards, and no horse on the card",
    ),
    "final_odds": (
        [f"DELETE FROM board WHERE race_id = 1 AND fetched_at > {POST} AND status > 1"],
        {},
        "no_crawl: no crawl of the track began around the off",
    ),
    "suspect_boards": (
        ["UPDATE board SET flags = 'overround,suspect' WHERE board_id = (SELECT min(board_id) FROM board)"],
        {},
        "boards are suspect: overround 1",
    ),
    "orphan_rows": (
        ["DELETE FROM race WHERE race_id = 2"],
        {},
        "rows of board name a race that is not there: race_id 2",
    ),
}


def test_every_check_has_data_that_it_finds():
    assert set(BROKEN) == set(NAMES)


def test_a_sound_day_passes_every_check(sound, on):
    report = reported(on(sound))
    assert {tally.check.name: tally.found for tally in report.tallies} == dict.fromkeys(NAMES, 0)
    assert {tally.check.name for tally in report.tallies if not tally.looked} == {"freshness"}  # the day is over
    assert of(report, "final_odds").notes == {"final_captured": 1, "cancelled": 1}
    assert not report.failed


def test_a_race_that_is_polled_is_fresh(sample, on):
    changed(sample, OPEN)
    report = reported(on(sample), now=POST + 240_000)
    assert (of(report, "freshness").looked, of(report, "freshness").found) == (1, 0)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_day_is_found(name, sample, on, capsys):
    breaks, around, expected = BROKEN[name]
    if callable(breaks):
        breaks(sample)
    else:
        changed(sample, *breaks)
    report = reported(on(sample), **around)
    tally = of(report, name)
    assert tally.found
    as_text(report)
    out = capsys.readouterr().out
    said = out.partition(f"\n{name}: {tally.found} found")[2].partition("\n\n")[0]
    assert expected in said
    assert tally.check.advice in said
    assert (f"failed: {name}" in out or f", {name}" in out) is (tally.check.level == "fail")
    assert report.failed is any(tally.found for tally in report.tallies if tally.check.level == "fail")


CARD_TELLS = """
    INSERT INTO change (race_id, entry_id, field, old, new, at)
    SELECT race_id, min(entry_id), 'status', 'active', 'scratched', fetched_at
    FROM board JOIN entry USING (race_id) GROUP BY board_id
"""
BOARD_TELLS = "UPDATE price_change SET price = NULL, status = 2 WHERE market = 0"


@pytest.mark.parametrize("scratch", [CARD_TELLS, BOARD_TELLS], ids=["card", "board"])
def test_a_scratch_explains_why_a_pool_falls(scratch, sample, on):
    fall(sample)
    assert of(reported(on(sample)), "pool_fell").found
    changed(sample, scratch)
    assert of(reported(on(sample)), "pool_fell").found == 0


def test_crawls_tell_why_there_are_no_final_odds(sample, on):
    run_of = "INSERT INTO crawl_run (spider, track, kind, started_at, outcome) VALUES ('track_demo', 'demo', 'near',"
    changed(
        sample, *BROKEN["final_odds"][0], f"{run_of} {POST - 60_000}, 'ok')", f"{run_of} {POST + 180_000}, 'blocked')"
    )
    (example,) = of(reported(on(sample)), "final_odds").worst
    assert example.problem.text == "source_down: crawls around the off ended blocked 1"


def test_a_source_has_bounds_of_its_own(sample, on):
    settings = on(sample)
    narrow = settings.sources["demo"].model_copy(update={"validation": Validation(max_price=10)})
    told = settings.model_copy(update={"sources": {**settings.sources, "demo": narrow}})
    tally = of(reported(told), "price_range")
    assert tally.found > len(tally.worst) == KEPT
    dearest = [float(example.problem.text.split()[0]) for example in tally.worst]
    assert dearest == sorted(dearest, reverse=True)
    assert dearest[-1] > 10


def test_a_warning_fails_nothing(sample, on, capsys):
    changed(sample, *BROKEN["suspect_boards"][0])
    assert run(on(sample), Clock(), OF_DAY) == 0
    assert re.search(r"suspect_boards +warn +2 races +1\n", capsys.readouterr().out)


@pytest.fixture
def postgres_day(postgres_url, on, day):
    settings = on(url=postgres_url)
    day(settings)
    return settings


def document(report, capsys):
    as_json(report)
    return json.loads(capsys.readouterr().out)


def test_postgresql_tells_the_same(sample, on, postgres_day, capsys):
    assert document(reported(postgres_day), capsys) == document(reported(on(sample)), capsys)
    first = schema.price_change.c.interest_id == 3
    dear = update(schema.price_change).where(first, schema.price_change.c.price.is_not(None)).values(price=2_000_000)
    for settings in (postgres_day, on(sample)):
        with closing(open_store(settings, Clock())) as store, store.write() as connection:
            connection.execute(dear)
    told = document(reported(postgres_day), capsys)
    assert told == document(reported(on(sample)), capsys)
    assert "price_range" in {check["check"] for check in told["checks"] if check["result"] == "fail"}


def test_nothing_but_the_races_asked_for_is_read(sample, on):
    """Each statement goes along an index, but for the few tracks and sources."""
    settings, seen = on(sample), []
    with closing(open_store(settings, Clock())) as store, store.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda _c, _cursor, sql, told, *_: seen.append((sql, told)))
        report_of(connection, settings, EVENING, Question(race_id=2))
        plans = [
            (row[3], sql)
            for sql, told in list(seen)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", told)
        ]
    large = {table.name for table in schema.metadata.sorted_tables} - {"track", "source", "meta"}
    scanned = [(plan, sql) for plan, sql in plans if plan.startswith("SCAN ") and plan.split()[1] in large]
    assert scanned == []
    assert any("price_change" in plan for plan, _ in plans)


def test_thinned_races_are_passed_over_and_counted(sample, on, capsys):
    changed(sample, *BROKEN["gaps"][0])
    assert of(reported(on(sample)), "gaps").found == 1
    changed(sample, "INSERT INTO meta (key, value) VALUES ('pruned_before', '2026-05-03')")
    report = reported(on(sample))
    assert of(report, "gaps").found == 0
    as_text(report)
    assert "\ngaps: passed over: thinned by prune 2\n" in capsys.readouterr().out


TODAY = to_ms(dt.datetime(2026, 5, 9, 3, 0, tzinfo=dt.UTC))
WINDOWS = {
    "a week, and what is tomorrow elsewhere": (Question(), ("2026-05-03", "2026-05-10")),
    "today": (Question(days=1), ("2026-05-09", "2026-05-10")),
    "two days up to a date": (Question(days=2, last=DAY), ("2026-05-01", "2026-05-02")),
    "from a date": (Question(first=DAY), ("2026-05-02", "2026-05-10")),
    "a day": (OF_DAY, ("2026-05-02", "2026-05-02")),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_which_days_are_looked_at(case):
    question, expected = WINDOWS[case]
    window = window_of(question, TODAY)
    assert (window.first, window.last) == expected


REFUSED = {
    "no such track": (Question(track="nowhere"), "--track nowhere: no track"),
    "no such race": (Question(race_id=99), "--race 99: no race"),
    "the wrong way round": (Question(first=DAY, last=DAY - dt.timedelta(days=1)), "is after --to"),
    "a race and days": (Question(race_id=1, track="DMO"), "leave --from"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_question_that_names_nothing_is_refused(case, sound, on):
    question, text = REFUSED[case]
    with pytest.raises(ConfigError, match=text):
        reported(on(sound), question)


def test_one_race_and_one_track(sound, on):
    assert reported(on(sound), Question(race_id=2)).races == 1
    assert reported(on(sound), Question(track="dmo", first=DAY)).races == 2
    empty = reported(on(sound), Question(first=DAY - dt.timedelta(days=9), last=DAY - dt.timedelta(days=1)))
    assert (empty.races, of(empty, "orphan_rows").looked, empty.failed) == (0, 0, False)


def test_the_script_itself(sound, tmp_path):
    """A sound database ends 0, an absent one 2."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "DB_", "LOG_"))}
    script = [sys.executable, ROOT / "scripts" / "data_quality_check.py", "--config", ROOT / "config" / "config.yaml"]
    environ = clean | {"DB_PATH": str(sound), "HORSES_LOGGING__DIR": str(tmp_path)}
    done = subprocess.run(
        [*script, "--from", "2026-05-02", "--to", "2026-05-02", "--json"],
        env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["result"], told["races"]) == ("ok", 2)
    assert [check["check"] for check in told["checks"]] == list(NAMES)
    assert [(row["source"], row["races"], row["with_final"]) for row in told["coverage"]] == [("demo", 1, 1)]


def test_without_a_database_it_says_so(tmp_path, on):
    with pytest.raises(ConfigError, match="there is no database"):
        run(on(tmp_path / "absent.db"), Clock(), OF_DAY)
