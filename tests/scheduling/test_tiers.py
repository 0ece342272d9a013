"""Which cadence a race asks for at a distance from its post, and when a track's racing hours are."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from plan_driver import HOUR, MINUTE, OWN, PUBLIC, SECOND

from horses_scrapy.clock import to_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling.tiers import RaceState, near_races, priority, racing_hours
from horses_scrapy.scheduling.timeline import Grid, Timeline

POST = to_ms(datetime(2026, 5, 2, 18, 57, tzinfo=ZoneInfo("America/New_York")))
TIERS = Scraping(
    far_interval=900, default_interval=300, near_post_interval=60, last_minutes_interval=40, off_interval=15,
    after_post_interval=90, hours_before=5400,
)  # fmt: skip
"""Each tier has an interval of its own."""


def race(number: int = 3, post: int | None = POST, status: str = "open", **fields) -> RaceState:
    return RaceState("aqu", "2026-05-02", number, post, status, **fields)


def interval(races, seconds_to_post: float, told: Scraping = TIERS) -> int | None:
    """Seconds; None: nothing is asked for."""
    segment = Timeline(told, races, 0, 1).at(POST - round(seconds_to_post * SECOND))
    return None if segment.grid is None else segment.grid.interval // SECOND


@pytest.mark.parametrize(
    ("seconds_to_post", "told"),
    [
        (5401, None), (5400, 900), (3901, 900), (3900.001, 900), (3900, 300), (3600, 300), (601, 300), (600.001, 300),
        (600, 60), (599, 60), (121, 60), (120.001, 60), (120, 40), (60, 40), (14.001, 40), (14, None), (1, None),
        (0, 15), (-1, 15), (-30, 15), (-60, 15), (-60.999, 15), (-61, 40), (-600, 40), (-2700, 40), (-2700.001, 300),
        (-3600, 300), (-3600.001, None),
    ],
)  # fmt: skip
def test_the_tier_at_a_distance_from_the_post(seconds_to_post, told):
    assert interval([race()], seconds_to_post) == told
    near = near_races([race()], POST - round(seconds_to_post * SECOND), TIERS)
    assert bool(near) == (-2700 <= seconds_to_post <= 600)


@pytest.mark.parametrize(
    ("status", "off_after", "at_120", "at_600"),
    [
        ("scheduled", None, 40, 40), ("open", None, 40, 40), ("closed", None, 90, 90), ("unofficial", None, 90, 90),
        ("closed", 100, 15, 90), ("unofficial", 560, 40, 15), ("closed", -200, 90, 90),
        ("official", 5, 300, 300), ("cancelled", None, None, None), ("postponed", None, None, None),
    ],
)  # fmt: skip
def test_after_its_post_a_race_that_drags_keeps_its_cadence_and_one_that_went_off_has_another(
    status, off_after, at_120, at_600
):
    one = race(status=status, off_at=None if off_after is None else POST + off_after * SECOND)
    assert [interval([one], -120), interval([one], -600)] == [at_120, at_600]


def test_what_went_off_late_keeps_the_offs_own_tier_beyond_the_cap():
    late = race(status="closed", off_at=POST + 2690 * SECOND)
    assert [interval([late], -at) for at in (2680, 2690, 2750, 2752)] == [None, 15, 15, 300]


def test_the_off_is_the_stored_one_in_whole_seconds():
    assert race().off == POST
    assert race(off_at=POST + 400).off == POST + SECOND
    assert race(post=None).off is None
    grid = Timeline(OWN, [race(status="closed", off_at=POST + 7400)], 0, 1).at(POST + 9 * SECOND).grid
    assert grid == Grid(15 * SECOND, (POST + 8 * SECOND) % (15 * SECOND))


def test_the_shortest_interval_of_all_races_is_the_tracks():
    races = [race(3), race(4, POST + 25 * MINUTE)]
    assert [interval(races, at) for at in (300, 60, 0, -61, -1200, -1500)] == [60, 40, 15, 40, 40, 15]
    assert Timeline(TIERS, races, 0, 1).at(POST - 5 * MINUTE).races == (3,)
    assert Timeline(TIERS, races, 0, 1).at(POST + 16 * MINUTE).races == (3, 4)


def test_a_race_without_a_post_time_asks_for_the_days_cadence_until_it_is_over():
    assert interval([race(post=None)], 99_999) == 300
    assert interval([race(post=None, status="cancelled")], 99_999) is None
    assert near_races([race(post=None)], POST, TIERS) == []


def test_nearer_posts_come_first():
    races = [race(1, POST - 1200 * SECOND), race(2, POST + 240 * SECOND), race(3, POST + 60 * SECOND)]
    assert [one.race_number for one in near_races(races, POST, TIERS)] == [3, 2, 1]
    assert priority(races, POST) == -60
    assert priority([race(post=None)], POST) == -86_400


@pytest.mark.parametrize(
    ("races", "opens", "closes"),
    [
        ([race(1), race(2, POST + HOUR)], -3600, 3600 + 2700 + 900),
        ([race(1), race(2, POST + HOUR, "official", off_at=POST + HOUR)], -3600, 3600 + 900),
        ([race(1, status="official", official_at=POST + 420 * SECOND)], -3600, 420 + 900),
        ([race(1, status="official", off_at=POST + 90 * SECOND)], -3600, 90 + 900),
        ([race(1, status="official", official_at=POST + 20 * HOUR)], -3600, 2700 + 900),
        ([race(1, status="cancelled"), race(2, POST + HOUR)], 0, 3600 + 2700 + 900),
        ([race(1, post=None), race(2)], -3600, 2700 + 900),
    ],
)  # fmt: skip
def test_racing_hours_come_from_the_card(races, opens, closes):
    (hours,) = racing_hours(races, OWN)
    assert ((hours.opens - POST) // SECOND, (hours.closes - POST) // SECOND) == (opens, closes)


def test_a_day_that_is_called_off_has_no_hours_and_each_day_has_its_own():
    assert racing_hours([race(1, status="cancelled"), race(2, status="postponed")], OWN) == []
    tomorrow = race(1, POST + 24 * HOUR)._replace(race_date="2026-05-03")
    assert len(racing_hours([race(), tomorrow], OWN)) == 2
    assert interval([race(), tomorrow], -12 * 3600) is None


def test_no_tier_undercuts_the_floor_nor_comes_closer_to_an_off():
    for at in range(-3600, 3700, 7):
        told = interval([race()], at, PUBLIC)
        assert told is None or told >= 30
    assert interval([race()], 29, PUBLIC) is None
    assert interval([race()], 30, PUBLIC) == 60


def test_segments_follow_each_other_and_end_where_something_changes():
    line = Timeline(TIERS, [race(), race(4, POST + 20 * MINUTE)], 0, 1)
    segments = list(line.forward(POST - HOUR))
    assert all(before.end == after.start for before, after in pairwise(segments))
    assert list(line.backward(segments[5].start))[:2] == [segments[5], segments[4]]
    assert line.lasts_until(line.at(POST - 9 * MINUTE)) == POST - 2 * MINUTE
    assert line.lasts_until(line.at(POST)) == POST + 61 * SECOND
    assert line.lasts_until(line.at(POST + 2 * MINUTE)) == POST + 10 * MINUTE, "race 4 joins"
