"""A track's last success against its card, minute by minute."""

import pytest

from horses_scrapy.config.cadence import Scraping
from horses_scrapy.health.checks.freshness import Freshness, Standing, freshness, interval_at
from horses_scrapy.storage.queries import RaceOfDay

MINUTE = 60_000
POST = 1_000 * MINUTE
SECOND_POST = POST + 60 * MINUTE
TOLD = Scraping()


def race(number, post, status="scheduled", official_at=None):
    told = {"track_key": "demo", "race_date": "2026-05-02", "race_number": number, "race_id": number}
    return RaceOfDay(**told, post_time=post, status=status, official_at=official_at)


OFFICIAL = [
    race(1, POST, "official", POST + 5 * MINUTE),
    race(2, SECOND_POST, "official", SECOND_POST + 4 * MINUTE),
]


def standing(good_at=None, races=None):
    races = [race(1, POST), race(2, SECOND_POST)] if races is None else races
    return Standing(key="demo", cadence=TOLD, races=races, good_at=good_at)


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [
        (-61, None), (-60, 300), (-11, 300), (-10, 60), (0, 60), (20, 60), (45, 60), (46, 300), (50, 60), (105, 60),
        (106, 900), (120, 900), (121, None),
    ],
)  # fmt: skip
def test_the_interval_by_the_minute_when_nothing_gets_official(minutes, seconds):
    expected = None if seconds is None else seconds * 1000
    assert interval_at(standing(), POST + minutes * MINUTE) == expected


@pytest.mark.parametrize(("minutes", "seconds"), [(4, 60), (6, 300), (63, 60), (65, 900), (79, 900), (80, None)])
def test_the_interval_by_the_minute_of_a_good_day(minutes, seconds):
    expected = None if seconds is None else seconds * 1000
    assert interval_at(standing(races=OFFICIAL), POST + minutes * MINUTE) == expected


@pytest.mark.parametrize("races", [[], [race(1, None)], [race(1, POST, "cancelled")], [race(1, POST, "postponed")]])
def test_without_a_race_nothing_is_expected(races):
    assert freshness(standing(races=races), POST) == Freshness(None, None)
    assert not freshness(standing(races=races), POST).stale


@pytest.mark.parametrize(
    ("minutes", "age_s", "stale"),
    [
        (-5, 180, False),
        (-5, 181, True),
        (-8, 899, False),  # three near intervals ago the day's still held
        (-8, 901, True),
        (0, 180, False),
        (0, 181, True),
        (-50, 9_999, False),  # racing hours began less than three intervals ago
        (-44, 901, True),
        (-61, 9_999, False),
    ],
)
def test_stale_after_three_intervals(minutes, age_s, stale):
    now = POST + minutes * MINUTE
    assert freshness(standing(now - age_s * 1000), now).stale == stale


def test_never_a_success_is_stale_where_one_is_due():
    assert freshness(standing(), POST).stale
    assert not freshness(standing(), POST - 70 * MINUTE).stale
