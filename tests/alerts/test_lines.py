"""The user's fair odds: what is read, what is left out and why, and when files are read again."""

import logging
import os
from dataclasses import replace

import pytest
from board_views import RACE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.lines import HEADER, MAX_BYTES, Lines

TOP = ",".join(HEADER) + "\n"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "lines"
    made.mkdir()
    return made


def write(folder, rows, name="mine.csv", top=TOP):
    path = folder / name
    path.write_text(top + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("odds", "price"),
    [
        ("5-2", 3500),
        ("9/5", 2800),
        ("EVN", 2000),
        ("7", 8000),
        ("2.7", 3700),
        ("0.85", 1850),
        ("99", 100_000),
        (" 5-2 ", 3500),
    ],
)
def test_fair_odds_are_profit_per_1(folder, odds, price):
    write(folder, [f"GP,2026-05-02,1,5,{odds}"])
    lines = Lines(folder)
    assert (lines.of(RACE), lines.faults()) == ({"5": price}, [])


def test_files_of_a_folder_are_one(folder):
    write(folder, ["gp,2026-05-02,1,5,5-2", "GP,2026-05-02,2,5,3-1", "AQU,2026-05-02,1,5,9-1"], "a.csv")
    write(folder, ["gulf,2026-05-02,1,1A,4-1", "GULF,2026-05-03,1,7,4-1"], "b.csv", top="\ufeff" + TOP)
    write(folder, ["GP,2026-05-02,1,9,9-1"], "notes.txt")
    lines = Lines(folder)
    assert lines.of(RACE) == {"5": 3500, "1": 5000}
    assert lines.of(replace(RACE, race_number=2)) == {"5": 4000}
    assert lines.of(replace(RACE, race_date="2026-05-03")) == {"7": 5000}
    assert lines.of(replace(RACE, track_key="aqueduct", track_code="AQU")) == {"5": 10_000}
    assert lines.faults() == []


@pytest.mark.parametrize("folder_of", [lambda _: None, lambda home: home / "missing", lambda home: home])
def test_nobody_needs_to_have_any(tmp_path, folder_of):
    lines = Lines(folder_of(tmp_path))
    assert (lines.of(RACE), lines.faults()) == ({}, [])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("GP,2026-05-02,1,5", "4 columns; 5 are expected"),
        ("GP,2026-05-02,1,5,5,2", "6 columns; 5 are expected"),
        (",2026-05-02,1,5,5-2", "no track"),
        ("GP,02/05/2026,1,5,5-2", "date '02/05/2026': a date such as 2026-05-02 is expected"),
        ("GP,20260502,1,5,5-2", "date '20260502': a date such as 2026-05-02 is expected"),
        ("GP,2026-02-30,1,5,5-2", "date '2026-02-30': there is no such day"),
        ("GP,2026-05-02,0,5,5-2", "race '0': a number from 1 to 99 is expected"),
        ("GP,2026-05-02,R1,5,5-2", "race 'R1': a number from 1 to 99 is expected"),
        ("GP,2026-05-02,1,Dancer,5-2", "program 'Dancer': a program number such as 5 or 1A is expected"),
        ("GP,2026-05-02,1,05,5-2", "program '05': a program number such as 5 or 1A is expected"),
        ("GP,2026-05-02,1,5,", "fair_odds '': profit per 1 is expected"),
        ("GP,2026-05-02,1,5,0", "fair_odds '0': profit per 1 is expected"),
        ("GP,2026-05-02,1,5,0.0", "fair_odds '0.0': profit per 1 is expected"),
        ("GP,2026-05-02,1,5,SCR", "fair_odds 'SCR': profit per 1 is expected"),
        ("GP,2026-05-02,1,5,soon", "board odds 'SOON'"),
        ("GP,2026-05-02,1,5,nan", "board odds 'NAN'"),
        ("GP,2026-05-02,1,5,1e3", "board odds '1E3'"),
        ("GP,2026-05-02,1,5,-2", "board odds '-2'"),
    ],
)
def test_a_bad_row_is_left_out_with_its_line(folder, caplog, row, fault):
    path = write(folder, ["GP,2026-05-02,1,3,2-1", "", row, "GP,2026-05-02,1,4,9-1"])
    lines = Lines(folder)
    [told] = lines.faults()
    assert told.startswith(f"{path}:4: {fault}")
    assert lines.of(RACE) == {"3": 3000, "4": 10_000}
    assert [record.message for record in caplog.records] == [f"Fair odds left out: {told}"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the first line is not track,date,race,program,fair_odds"),
        (b"GP,2026-05-02,1,5,5-2\n", "the first line is not track,date,race,program,fair_odds"),
        (b"track,date,race,program,odds\n", "the first line is not track,date,race,program,fair_odds"),
        (TOP.encode() + b"\xff,2026-05-02,1,5,5-2\n", "can't decode byte 0xff"),
        (TOP.encode() + b'GP,"2026-05-02,1,5,5-2\n', "unexpected end of data"),
        (TOP.encode() + b"x" * (MAX_BYTES - len(TOP) + 1), f"larger than {MAX_BYTES} bytes"),
    ],
    ids=["empty", "no header", "another header", "not UTF-8", "open quote", "too large"],
)
def test_a_bad_file_is_left_out_alone(folder, content, fault):
    path = folder / "bad.csv"
    path.write_bytes(content)
    write(folder, ["GP,2026-05-02,1,3,2-1"])
    lines = Lines(folder)
    [told] = lines.faults()
    assert told.startswith(f"{path}: ")
    assert fault in told
    assert lines.of(RACE) == {"3": 3000}


def test_a_folder_that_is_named_like_a_file_is_told(folder):
    (folder / "sub.csv").mkdir()
    assert Lines(folder).faults() == [f"{folder / 'sub.csv'}: Is a directory"]


def test_of_two_prices_of_one_interest_none_is_used(folder):
    first = write(folder, ["GP,2026-05-02,1,1,2-1", "GP,2026-05-02,1,5,2-1", "GP,2026-05-02,1,1A,3-1"], "a.csv")
    second = write(folder, ["gp,2026-05-02,1,1,2-1"], "b.csv")
    lines = Lines(folder)
    assert lines.of(RACE) == {"5": 3000}
    assert lines.faults() == [
        f"{first}:2: #1 of this race stands also in {first}:4, {second}:2: none of them is used",
    ]


def test_a_race_that_is_named_by_key_and_by_code_is_one(folder, caplog):
    write(folder, ["GP,2026-05-02,1,1,2-1", "gulf,2026-05-02,1,1,3-1", "gulf,2026-05-02,1,2,3-1"])
    lines = Lines(folder)
    assert [lines.of(RACE), lines.of(RACE)] == [{"2": 4000}] * 2
    assert len(caplog.records) == 1  # told once, though both were asked


def test_files_are_read_again_when_one_changes_comes_or_goes(folder, caplog):
    lines = Lines(folder)
    assert lines.of(RACE) == {}
    path = write(folder, ["GP,2026-05-02,1,5,5-2", "GP"])
    assert lines.of(RACE) == {"5": 3500}
    assert lines.of(RACE) == {"5": 3500}
    assert len(caplog.records) == 1
    told = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace("5-2", "7-2"), encoding="utf-8")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns + 1))  # the same size, the next nanosecond
    assert lines.of(RACE) == {"5": 4500}
    path.unlink()
    assert lines.of(RACE) == {}
    assert lines.faults() == []


def test_a_file_that_goes_away_while_it_is_looked_at(folder, caplog, monkeypatch):
    write(folder, ["GP,2026-05-02,1,5,5-2"])
    monkeypatch.setattr(Lines, "_files", lambda _self: [folder / "gone.csv"])
    with caplog.at_level(logging.WARNING):
        assert Lines(folder).of(RACE) == {}
    assert "gone.csv: No such file or directory" in caplog.text


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_text_breaks_the_reading(folder, text):
    (folder / "any.csv").write_text(f"{TOP}{text}\nGP,2026-05-02,1,77,5-2\n", encoding="utf-8", newline="")
    lines = Lines(folder)
    assert lines.of(RACE) == {"77": 3500} or lines.faults()
