import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy.errors import ConfigError
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.timeline import timeline

START = dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)


def after(instant, seconds):
    return instant + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("from_off", "status", "minutes"),
    [
        (-1, "open", 0),
        (0, "closed", None),
        (89, "closed", None),
        (90, "unofficial", None),
        (179, "unofficial", None),
        (180, "official", None),
        (5000, "official", None),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_after_the_off(number, from_off, status, minutes):
    times = timeline(Plan(seed=7, start=START), number)
    at = after(times.off, from_off)
    assert (times.status_at(at), times.minutes_to_post(at)) == (status, minutes)


@pytest.mark.parametrize(("to_post", "minutes"), [(480, 8), (479, 7), (60, 1), (59, 0), (1, 0), (0, 0), (-30, 0)])
def test_minutes_to_post_count_down_and_stay_at_0_while_the_race_drags(to_post, minutes):
    times = timeline(Plan(seed=7, start=START), 2)
    assert times.minutes_to_post(after(times.post, -to_post)) == minutes


def test_a_race_is_scheduled_until_wagering_opens():
    times = timeline(Plan(seed=7, start=START), 3)
    assert times.opens == after(times.post, -1200)
    assert times.status_at(after(times.opens, -1)) == "scheduled"
    assert times.status_at(times.opens) == "open"


def test_post_time_is_announced_anew_while_the_race_waits():
    times = timeline(Plan(seed=7, start=START), 3)
    told = times.reissued_at
    assert told is not None
    assert times.post_at(after(told, -1)) == times.post
    assert times.post_at(told) == times.new_post == after(times.post, 120)
    assert times.minutes_to_post(after(told, -1)) == 2
    assert times.minutes_to_post(told) == 4


def test_a_race_that_is_called_off_has_no_post_and_no_end():
    times = timeline(Plan(seed=7, start=START, cancelled=2), 2)
    called_off = times.cancelled_at
    assert called_off is not None
    assert times.ends == called_off
    assert 180 <= (times.post - called_off).total_seconds() < 200  # on the board that the cycle shows
    before = after(called_off, -1)
    assert (times.status_at(before), times.minutes_to_post(before)) == ("open", 3)
    for seconds in (0, 500, 5000):
        at = after(called_off, seconds)
        assert (times.status_at(at), times.minutes_to_post(at)) == ("cancelled", None)
    assert timeline(Plan(seed=7, start=START, cancelled=2), 1) == timeline(Plan(seed=7, start=START), 1)


@given(st.integers(0, 2**31), st.integers(0, 86_399))
def test_every_card_keeps_its_time(seed, second_of_day):
    plan = Plan(seed=seed, start=after(START, second_of_day))
    for number in range(1, 4):
        times = timeline(plan, number)
        assert plan.start <= times.opens < times.post <= times.new_post < times.off < times.unofficial < times.official
        assert times.post.second == 0
        assert 60 <= (times.off - times.new_post).total_seconds() <= 180
        if times.scratch is not None:
            assert 180 <= (times.post - times.scratch).total_seconds() < 300
            assert (times.scratch - times.opens).total_seconds() % plan.cycle == 0
        assert [times.off_turf is not None, times.new_jockey is not None] == [number == 2, number == 3]
        assert all(plan.start < at < times.post for at in (times.off_turf, times.new_jockey) if at is not None)
    assert (timeline(plan, 3).official - plan.start).total_seconds() < 34 * 60


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"races": 0}, "races 0"),
        ({"races": 15}, "races 15"),
        ({"first_post": 60}, "first_post 60"),
        ({"spacing": 10}, "spacing 10"),
        ({"cycle": 1}, "cycle 1"),
        ({"betting_window": 30}, "betting_window 30"),
        ({"start": dt.datetime(2026, 5, 2)}, "aware"),  # noqa: DTZ001
        ({"start": START + dt.timedelta(microseconds=1)}, "whole second"),
        ({"timezone": "America/Nowhere"}, "America/Nowhere"),
        ({"cancelled": 4}, "cancelled 4"),
        ({"cancelled": 0}, "cancelled 0"),
    ],
)
def test_a_plan_without_room_is_refused(options, named):
    with pytest.raises(ConfigError, match=named):
        Plan(**{"seed": 1, "start": START} | options)


def test_a_plan_survives_the_access_log():
    plan = Plan(seed=5, start=START, races=4, timezone="Europe/Paris", cancelled=2)
    assert Plan.from_json(plan.to_json()) == plan


def test_the_date_is_the_tracks_own():
    evening = dt.datetime(2026, 5, 3, 3, 0, tzinfo=dt.UTC)
    assert Plan(seed=1, start=evening).race_date == dt.date(2026, 5, 2)
