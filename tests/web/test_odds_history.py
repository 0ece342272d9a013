"""GET /api/v1/races/{id}/odds: whoever plays it back knows what stood on the board at every instant."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from itertools import pairwise

import pytest
from sqlalchemy import select
from stored_sample import at, board, card, store

from horses_scrapy.clock import to_ms
from horses_scrapy.items import Entry, Price
from horses_scrapy.storage import schema
from horses_scrapy.storage.board_reader import prices_at
from horses_scrapy.web.models.race import OddsHistory
from tests.web.conftest import NOW, START

ODDS = "/api/v1/races/2/odds"


def iso(instant: dt.datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def stood(answer, instant: dt.datetime) -> dict[str, tuple[float | None, str]]:
    """By label, as the answer tells it."""
    found = {}
    for series in answer["series"]:
        before = [point for point in series["points"] if dt.datetime.fromisoformat(point["at"]) <= instant]
        if before:
            found[series["label"]] = (before[-1]["decimal"], before[-1]["status"])
    return found


def shown(house, instant: dt.datetime) -> dict[str, tuple[float | None, str]]:
    """By label, as the database tells it."""
    with house.store.read() as connection:
        prices = prices_at(connection, 2, 1, to_ms(instant))
    return {
        label: (None if one.price is None else one.price / 1000, one.status)
        for (market, label), one in prices.items()
        if market == "win_tote"
    }


def parts(house, path: str) -> Iterator[dict]:
    while path is not None:
        answer = house.json(path)
        yield answer
        path = answer["next"]


def race_7(house, *items) -> str:
    with house.store.write() as connection:
        for item in items:
            store(connection, item)
        found = connection.scalar(select(schema.race.c.race_id).where(schema.race.c.race_number == 7))
    return f"/api/v1/races/{found}/odds"


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (None, None),
        (START + seconds(315), None),
        (START + seconds(330), START + seconds(601)),
        (NOW + seconds(1), None),
    ],
)
def test_what_stood_is_told_at_every_instant_of_the_window(house, since, until):
    given = {key: iso(value) for key, value in (("since", since), ("until", until)) if value is not None}
    answer = house.json(ODDS, params=given)
    first, last = since or START, until or NOW + seconds(60)
    for step in range(int((last - first).total_seconds() // 15)):  # of a board, and between two
        instant = first + seconds(step * 15)
        assert stood(answer, instant) == shown(house, instant)
    moves = [point["at"] for series in answer["series"] for point in series["points"][1:]]
    assert all(first < dt.datetime.fromisoformat(move) < last for move in moves)


@pytest.mark.parametrize("query", ["", f"?since={iso(START + seconds(315))}&limit=9", "?market=win_fixed"])
def test_it_is_the_declared_model_to_the_byte(house, query):
    """It is not made from models: that took longer than all else."""
    hostile = Entry(program_number="2", label="2", horse='"points":[]}\u2028</script>\\')
    entries = (Entry(program_number="1", label="1", horse="A"), hostile)
    prices = (
        tuple(Price(label=label, market="win_tote", price=price, status=status) for label, price, status in of)
        for of in ((("1", 100_000, "capped"), ("2", 3505, "active")), (("1", None, "scratched"), ("2", None, "active")))
    )
    boards = (board(7, when, prices=shown) for when, shown in zip((0, 60.25), prices, strict=True))
    for path in (ODDS, race_7(house, card(7, entries=entries), *boards)):
        body = house.get(path + query).content
        assert OddsHistory.model_validate_json(body).json_bytes() == body


def test_only_changes_are_told(house):
    for series in house.json(ODDS)["series"]:
        told = [(point["decimal"], point["status"]) for point in series["points"]]
        assert all(before != after for before, after in pairwise(told))
        assert series["looked_at"] == iso(NOW)


def test_the_parts_of_a_history_are_the_whole(house):
    whole, points, many = house.json(ODDS), {}, 0
    for part in parts(house, f"{ODDS}?limit=20"):
        many += 1
        for series in part["series"]:
            points.setdefault(series["label"], {}).update({point["at"]: point for point in series["points"]})
    assert many > 5
    assert points == {one["label"]: {point["at"]: point for point in one["points"]} for one in whole["series"]}


def test_a_part_ends_where_boards_are_left_out(house):
    part = house.json(f"{ODDS}?limit=20")
    following = dt.datetime.fromisoformat(part["next"].partition("since=")[2].partition("&")[0].replace("%3A", ":"))
    moves = {point["at"] for series in house.json(ODDS)["series"] for point in series["points"]}
    assert iso(following) in moves
    assert {series["looked_at"] for series in part["series"]} == {iso(following)}


def test_a_board_that_came_late_stands_where_it_belongs(house):
    prices = ((0, 3000), (60, 4000), (30, 5000))
    boards = [board(7, late, prices=(Price(label="1", market="win_tote", price=price),)) for late, price in prices]
    answer = house.json(race_7(house, card(7), *boards))
    points = [(point["at"], point["decimal"]) for point in answer["series"][0]["points"]]
    assert points == [(iso(at(0)), 3.0), (iso(at(30)), 5.0), (iso(at(60)), 4.0)]


def test_label_source_and_market_choose(house):
    asked = house.json(f"{ODDS}?label=3&label=5&label=none&source=demo")
    assert [series["label"] for series in asked["series"]] == ["3", "5"]
    assert house.json(f"{ODDS}?market=win_fixed")["series"] == []
    assert house.json(f"{ODDS}?since={iso(NOW)}&until={iso(START)}")["series"] == []
    house.get(f"{ODDS}?source=nobody", status=404)
    house.get("/api/v1/races/999/odds", status=404)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=100001", "market=win", "since=yesterday", "since=2026-05-02T17:00:00", "format=xml", "label="]
)  # fmt: skip
def test_what_is_no_question_is_refused(house, query):
    house.get(f"{ODDS}?{query}", status=400)


def test_csv_tells_the_same_whole(house):
    answer = house.get(f"{ODDS}?format=csv&limit=1")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.count("\r\n") == answer.text.count("\n")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    told = [
        (series["label"], series["horses"], dt.datetime.fromisoformat(point["at"]), point["decimal"], point["status"])
        for series in house.json(ODDS)["series"]
        for point in series["points"]
    ]
    assert told == [
        (row["label"], row["horses"], dt.datetime.fromisoformat(row["at"]), float(row["decimal"]) if row["decimal"] else None, row["status"])
        for row in rows
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ("", "text/csv", "text/csv"),
        ("", "text/html, */*", "application/json"),
        ("?format=json", "text/csv", "application/json"),
        ("?format=csv", "application/json", "text/csv"),
    ],
)
def test_accept_and_format_choose_the_form(house, query, accept, media):
    answer = house.get(ODDS + query, headers={"accept": accept})
    assert answer.headers["content-type"].startswith(media)
    assert "Accept" in answer.headers["vary"].split(", ")


@pytest.mark.parametrize("horse", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(1)", "\tx", "\rx", 'a, "b"'])
def test_no_text_of_a_site_becomes_a_formula(house, horse):
    entries = (Entry(program_number="1", label="1", horse=horse),)
    path = race_7(
        house, card(7, entries=entries), board(7, 60, prices=(Price(label="1", market="win_tote", price=3500),))
    )
    rows = list(csv.DictReader(io.StringIO(house.get(f"{path}?format=csv").text, newline="")))
    assert rows[0]["horses"] == (horse if horse.startswith("a") else f"'{horse}")
    assert (rows[0]["decimal"], rows[0]["odds"]) == ("3.500", "5-2")
