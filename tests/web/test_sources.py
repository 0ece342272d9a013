"""How each source's crawls end, and how often its boards can be trusted."""

import datetime as dt

import pytest
from crawl_rows import crawled, watching
from sqlalchemy import text

from horses_scrapy.clock import to_ms
from horses_scrapy.storage.host_use import add_requests

NEXT_DAY = 86_400


def source(house, name="demo"):
    return next(one for one in house.json("/api/v1/sources")["sources"] if one["name"] == name)


@pytest.mark.parametrize(
    ("ended", "hour", "day"),
    [
        ([], (0, 0, None), (0, 0, None)),
        ([("skipped", 9), ("superseded", 9), (None, 1)], (0, 0, None), (0, 0, None)),
        ([("ok", 9), ("no_card", 9), ("ok", 9), ("lost", 9)], (4, 1, 0.75), (4, 1, 0.75)),
        ([("ok", 9), ("blocked", 3601)], (1, 0, 1), (2, 1, 0.5)),
        ([("parse_error", 3599), ("ok", NEXT_DAY + 1)], (1, 1, 0), (1, 1, 0)),
    ],
    ids=["none", "not asked", "honest", "an hour", "a day"],
)
def test_the_rate_of_success(house, ended, hour, day):
    for outcome, ago in ended:
        crawled(house.store, house.clock, outcome, ago)
    found = source(house)
    rates = [(rate["runs"], rate["failed"], rate["success"]) for rate in (found["last_hour"], found["last_day"])]
    assert rates == [hour, day]


def test_crawls_of_all_its_tracks_count_together(house_of, tmp_path):
    house = house_of(**watching(tmp_path, "randwick", "flemington"))
    crawled(house.store, house.clock, "lost", 300, track="randwick")
    crawled(house.store, house.clock, "ok", 200, track="flemington")
    crawled(house.store, house.clock, "blocked", 100, track="randwick", reason="403")
    crawled(house.store, house.clock, "timeout", 50, track="flemington", reason="no answer")
    found = source(house, "tab_au")
    assert (found["tracks"], found["failures_in_a_row"]) == (["flemington", "randwick"], 2)
    assert (found["last_run"]["outcome"], found["last_run"]["reason"]) == ("timeout", "no answer")
    assert found["last_day"]["outcomes"] == {"blocked": 1, "lost": 1, "ok": 1, "timeout": 1}
    assert source(house)["last_day"]["runs"] == 0


def test_trust_is_the_share_of_boards_that_rules_read(house):
    with house.store.write() as connection:
        boards = connection.execute(text("SELECT count(*) FROM board")).scalar_one()
        for flags, ids in (
            ("overround,suspect", (1, 2)),
            ("late", (3,)),
            ("no_pairs", (4, 5)),
            ("frozen,no_pairs,suspect", (6,)),
        ):
            for board_id in ids:
                told = {"flags": flags, "id": board_id}
                connection.execute(text("UPDATE board SET flags = :flags WHERE board_id = :id"), told)
    found = source(house)["trust_day"]
    assert (found["boards"], found["sound"], found["ratio"]) == (boards, boards - 4, (boards - 4) / boards)
    assert found["flags"] == {"frozen": 1, "late": 1, "overround": 2, "suspect": 3}


@pytest.mark.parametrize(("days", "day", "week"), [(0, True, True), (2, False, True), (8, False, False)])
def test_boards_of_a_day_and_of_a_week(house, days, day, week):
    house.clock.at[0] += dt.timedelta(days=days)
    found = source(house)
    assert (found["trust_day"]["boards"] > 0, found["trust_week"]["boards"] > 0) == (day, week)
    assert (found["trust_week"]["ratio"] is None) == (not week)


def test_requests_to_its_host(house):
    now = to_ms(house.clock.at[0])
    with house.store.write() as connection:
        add_requests(
            connection, {("127.0.0.1", now - 60_000): 7, ("127.0.0.1", now - 7_200_000): 5, ("elsewhere", now): 3}
        )
    assert source(house)["requests_last_hour"] == 7
