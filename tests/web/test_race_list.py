"""GET /api/v1/races. What is expected comes from the tote's ledger and the items that were stored."""

import datetime as dt

import pytest
from sqlalchemy import event
from starlette.datastructures import URL

from horses_scrapy.clock import to_ms
from horses_scrapy.simulator.items import Witness
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.race_list import Asked, race_list
from tests.web.conftest import LEDGER, NOW

RACES = "/api/v1/races"


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)


def numbers(house, query: str = "") -> list[int]:
    return [race["race_number"] for race in house.json(f"{RACES}{query}")["races"]]


def race_2(house) -> dict:
    return next(race for race in house.json(RACES)["races"] if race["race_number"] == 2)


def prices(house, number: int, at: dt.datetime) -> dict[str, int | None]:
    shown = Witness(LEDGER, house.settings.tracks["demo"], at).odds(LEDGER.races[number])
    return {one.label: one.price for one in shown.prices if one.price is not None}


def test_a_line_tells_the_favourite_and_the_biggest_mover_of_the_tote(house):
    line = race_2(house)
    now, before = prices(house, 2, NOW), prices(house, 2, NOW - minutes(5))
    label = min(now, key=now.__getitem__)
    assert (line["favourite"]["label"], line["favourite"]["odds"]["decimal"]) == (label, now[label] / 1000)
    moves = {label: 100_000 / now[label] - 100_000 / before[label] for label in now}
    label = max(moves, key=lambda label: abs(moves[label]))
    mover = line["mover"]
    assert (mover["label"], mover["seconds"]) == (label, 300)
    assert (mover["odds"]["decimal"], mover["before"]["decimal"]) == (now[label] / 1000, before[label] / 1000)
    assert mover["points"] == pytest.approx(moves[label], abs=0.005)


def test_a_line_tells_its_board_its_field_and_how_fresh_its_track_is(house):
    line = race_2(house)
    assert line["board"]["fetched_at"] == "2026-05-02T17:17:00Z"
    assert (line["board"]["source"], line["board"]["minutes_to_post"], line["minutes_to_post"]) == ("demo", 3, 3)
    assert (line["expected_post"], line["expected_by"]) == ("2026-05-02T17:20:00Z", "card")
    assert line["freshness"]["state"] == "fresh"
    assert line["runners"] == len(LEDGER.races[2].race.runners)
    assert (line["track"]["code"], line["surface"], line["alerts"]) == ("DMO", "dirt", 0)


def test_a_race_that_is_over_has_its_last_favourite_no_mover_and_no_post_to_come(house):
    line = house.json(RACES)["races"][0]
    assert (line["race_number"], line["status"]) == (1, "official")
    assert (line["minutes_to_post"], line["expected_post"], line["mover"]) == (None, None, None)
    assert line["favourite"]["odds"]["decimal"] == min(prices(house, 1, NOW).values()) / 1000


def test_pages_follow_each_other_to_the_end_and_keep_the_filter(house):
    path, seen = "/api/v1/games?limit=1&track=dmo&status=open&status=official", []
    while path is not None:
        part = house.json(path)
        seen += [race["race_number"] for race in part["races"]]
        assert part["page"]["total"] == 3
        path = part["page"]["next"]
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3]),
        ("?track=DEMO", [1, 2, 3]),
        ("?track=other", []),
        ("?date=2026-05-02", [1, 2, 3]),
        ("?date=2026-05-03", []),
        ("?status=open", [2, 3]),
        ("?status=open&status=official", [1, 2, 3]),
        ("?status=scheduled", []),
        ("?due=2", []),
        ("?due=3", [2]),
        ("?due=13", [2, 3]),
        ("?due=13&status=official", []),
        ("?kind=race&offset=1", [2, 3]),
        ("?kind=game", []),
        ("?offset=10000000", []),
    ],
)
def test_filters(house, query, found):
    assert numbers(house, query) == found


@pytest.mark.parametrize(
    ("hours", "found"), [(-24, [1]), (-23, [1, 2, 3]), (11.75, [1, 2, 3]), (12 + 1 / 12, [3]), (13, [])]
)
def test_without_a_date_it_is_today_wherever_the_track_is(house, hours, found):
    """From 12 hours back to 24 ahead: the posts are at 17:10, 17:20 and 17:30, and it is 17:17."""
    house.stand(NOW + minutes(60 * hours))
    assert numbers(house) == found


def test_a_race_without_a_post_time_is_of_its_date_and_comes_last(house):
    house.tell("UPDATE race SET post_time = NULL WHERE race_id = 1")
    assert numbers(house) == [2, 3, 1]
    house.stand(dt.datetime(2026, 5, 3, 3, 59, tzinfo=dt.UTC))  # 23:59 at the track
    assert 1 in numbers(house)
    house.stand(dt.datetime(2026, 5, 3, 4, 1, tzinfo=dt.UTC))
    assert 1 not in numbers(house)


@pytest.mark.parametrize(
    ("card", "later", "left", "by"),
    [
        (0, 0, 3, "card"),
        (1, 0, 4, "card"),  # within a minute of the board's figure
        (4, 0, 3, "board"),  # the card was not told of what the board knows
        (4, 2.5, 0, "board"),
        (4, 11, 0, "card"),  # the board has not been heard of for 11 minutes
        (0, 30, 0, "card"),  # overdue
        (0, 64, None, None),  # nothing is heard of it any more
        (None, 0, 3, "board"),
        (None, 11, None, None),
    ],
)
def test_minutes_to_post_are_of_the_card_unless_the_board_knows_better(house, card, later, left, by):
    post = None if card is None else to_ms(NOW + minutes(3 + card))
    house.tell("UPDATE race SET post_time = :post WHERE race_id = 2", post=post)
    house.stand(NOW + minutes(later))
    line = race_2(house)
    assert (line["minutes_to_post"], line["expected_by"]) == (left, by)


def test_a_dead_source_marks_only_its_own_track_and_its_moves_are_no_news(house):
    house.tell(
        "INSERT INTO track (key, name, code, timezone, created_at, updated_at) VALUES ('far', 'Far', 'FAR', 'UTC', 0, 0)",
    )
    house.tell("INSERT INTO race (track_id, race_date, race_number, post_time, created_at, updated_at) VALUES (2, '2026-05-02', 9, :at, 0, 0)",
        at=to_ms(NOW + minutes(9)),
    )  # fmt: skip
    assert race_2(house)["mover"] is not None
    house.stand(NOW + minutes(4))
    by_number = {race["race_number"]: race for race in house.json(RACES)["races"]}
    assert {number: race["freshness"]["state"] for number, race in by_number.items()} == {
        1: "stale", 2: "stale", 3: "stale", 9: "idle",
    }  # fmt: skip
    assert by_number[2]["mover"] is None
    assert by_number[2]["favourite"] is not None
    assert (by_number[9]["board"], by_number[9]["favourite"], by_number[9]["runners"]) == (None, None, 0)


def test_the_market_is_the_tote_where_it_is_shown_else_fixed_prices(house):
    assert race_2(house)["favourite"]["market"] == "win_tote"
    house.tell("UPDATE latest_odds SET market = 1 WHERE interest_id IN (SELECT interest_id FROM betting_interest WHERE race_id = 2)",
    )  # fmt: skip
    line = race_2(house)
    assert line["favourite"]["market"] == "win_fixed"
    assert line["mover"] is None  # of that market nothing is known before


def test_prices_read_as_their_source_prints_them(house):
    assert race_2(house)["favourite"]["odds"]["text"] == "7-5"
    house.tell("UPDATE source SET notation = 'decimal'")
    line = race_2(house)
    assert (line["favourite"]["odds"]["text"], line["mover"]["before"]["text"]) == ("2.40", "6.00")


def test_alerts_are_counted(house):
    for _ in range(2):
        house.tell(
            "INSERT INTO alert (rule, alert_type, scope, race_id, market, subject, unit, message, detail, triggered_at,"
            " created_at, committed_mono) VALUES ('r', 'k', 'race:2', 2, 'win_tote', '1', 'price', 'm', '{}', 0, 0, 0)",
        )
    assert [race["alerts"] for race in house.json(RACES)["races"]] == [0, 2, 0]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("track=demo'%20OR%20'1'='1", 200),
        ("track=%25", 200),
        ("track=%00", 400),
        ("track=%FF%FE", 200),
        ("track=" + "x" * 41, 400),
        ("track=", 400),
        ("date=2026-05-02'--", 400),
        ("date=1777742400", 400),
        ("date=2026-W18-6", 400),
        ("date=2026-02-30", 400),
        ("date=0000-01-01", 400),
        ("date=9999-12-31", 200),
        ("date=0001-01-01", 200),
        ("status=open'", 400),
        ("due=-1", 400),
        ("due=1441", 400),
        ("limit=0", 400),
        ("limit=501", 400),
        ("offset=99999999999999999999999", 400),
        ("kind=dog", 400),
    ],
)
def test_a_hostile_filter_finds_nothing_or_is_refused(house, query, status):
    answer = house.client.get(f"{RACES}?{query}")
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["races"] == []


def test_more_races_take_no_more_statements(house):
    def statements(limit: int) -> int:
        asked = []
        with house.store.snapshot() as connection:
            event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
            reading = Reading(connection, house.settings, house.clock, house.clock.now_ms())
            found = race_list(reading, Asked(status=frozenset({"open"})), URL(RACES), limit, 0)
        assert len(found.races) == limit
        return len(asked)

    assert statements(1) == statements(2) <= 12
