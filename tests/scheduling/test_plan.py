"""The plan: who is due when, as tables and as properties."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_driver import HOUR, MINUTE, OWN, PUBLIC, SECOND, drive, polls, watched, written

from horses_scrapy.clock import to_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling.plan import Due, PastSlot, RaceState, job_id, near_races, next_due, plan

POST = to_ms(datetime(2026, 5, 2, 18, 57, tzinfo=ZoneInfo("America/New_York")))
STEADY = Scraping(off_interval=60)
"""Nothing is polled in windows."""
STEPS = {"own": OWN, "public": PUBLIC, "steady": STEADY}


def race(track: str = "aqu", number: int = 3, post: int | None = POST, status: str = "open", **fields) -> RaceState:
    return RaceState(track, "2026-05-02", number, post, status, **fields)


def slot(at: int, kind: str = "card", track: str = "aqu", state: str = "posted", **fields) -> PastSlot:
    return PastSlot(track, kind, at, at, state, **fields)


def gaps(instants) -> set[int]:
    return {(after - before) // SECOND for before, after in pairwise(instants)}


def test_from_an_hour_before_the_post_to_ten_minutes_after():
    dues = drive(watched("aqu"), [race()], POST - HOUR, POST + 10 * MINUTE)
    told = [((due.due_at - POST) // SECOND, due.kind) for due in dues]
    assert [at for at, _ in told if at < -600] == [-3600, *range(-3420, -600, 300)]
    assert [at for at, _ in told if -600 <= at < 0] == list(range(-600, 0, 60))
    assert [at for at, _ in told if 0 <= at <= 60] == [0, 15, 30, 45, 60]
    assert [at for at, _ in told if at > 60] == list(range(120, 601, 60))
    assert {kind for at, kind in told if at < -600} == {"card"}
    assert {kind for at, kind in told if 0 <= at <= 60} == {"near"}, "no poll of the card holds up the off"
    cards = [at for at, kind in told if at >= -600 and kind == "card"]
    assert max(after - before for before, after in pairwise(cards)) <= 600, "the card does not starve near the post"
    assert {due.races for due in dues if due.kind == "near"} == {(3,)}


@pytest.mark.parametrize("status", ["official", "cancelled", "postponed"])
def test_a_race_that_is_over_or_put_off_ends_the_near_cadence(status):
    def races(now):
        later = [race(number=1, post=POST - 2 * HOUR, status="official"), race(number=9, post=POST + 2 * HOUR)]
        return [*later, race(status="open" if now < POST - 200 * SECOND else status)]

    dues = drive(watched("aqu"), races, POST - 300 * SECOND, POST + 3200 * SECOND)
    after = [due for due in dues if due.due_at >= POST - 200 * SECOND]
    assert {due.kind for due in after} == {"card"}
    far = [due.due_at for due in after if due.due_at < POST + 2 * HOUR - 3900 * SECOND]
    day = [due.due_at for due in after if due.due_at > POST + 2 * HOUR - 3900 * SECOND]
    assert (gaps(far), gaps(day)) == ({900}, set())


@pytest.mark.parametrize("status", ["scheduled", "open", "closed", "unofficial"])
def test_a_race_is_polled_until_the_cap(status):
    dues = drive(watched("aqu"), [race(status=status)], POST - MINUTE, POST + HOUR)
    near = [due.due_at for due in dues if due.kind == "near"]
    assert max(near) in range(POST + 2580 * SECOND, POST + 2700 * SECOND + 1)


def test_a_post_that_is_put_back_goes_far_again_and_near_again():
    later = POST + 1800 * SECOND
    dues = drive(
        watched("aqu"),
        lambda now: [race(post=POST if now < POST - 120 * SECOND else later)],
        POST - 600 * SECOND,
        later,
    )
    calm = [due.due_at for due in dues if POST - 120 * SECOND < due.due_at < later - 600 * SECOND]
    assert min(gaps(calm)) >= 150
    assert max(gaps(calm)) <= 450
    assert next(due.due_at for due in dues if due.due_at >= later - 600 * SECOND) == later - 600 * SECOND


@pytest.mark.parametrize("told", STEPS.values(), ids=STEPS)
def test_an_off_that_comes_late_has_its_own_instants(told):
    """The race drags for four minutes: near cadence, then T-0 anew from the first board that was closed."""
    off = POST + 241 * SECOND
    races = lambda now: [race(status="closed", off_at=off) if now > off else race()]  # noqa: E731
    at = polls(drive(watched("aqu", told=told), races, POST - MINUTE, off + 5 * MINUTE, step=SECOND))
    dragging = [one for one in at if POST + 61 * SECOND <= one <= off]
    assert gaps(dragging) == {told.last_minutes_interval}
    every = told.off_interval * SECOND
    own = [off + k * every for k in range(1, 60 * SECOND // every + 1)]
    assert set(own) <= set(at)
    assert gaps([one for one in at if one > off + 2 * MINUTE]) == {told.after_post_interval}


def test_several_races_near_are_polled_together_and_a_race_without_a_post_time_is_not():
    races = [race(number=4, post=POST + 540 * SECOND), race(number=3), race(number=5, post=None)]
    dues = drive(watched("aqu"), races, POST - 60 * SECOND, POST + 240 * SECOND)
    assert {due.races for due in dues if due.kind == "near"} == {(3, 4)}


def test_a_track_that_was_never_polled_is_due_now():
    now = POST - 7200 * SECOND + 123
    assert [due.due_at for due in plan(now, watched("aqu"), [], [], 0)] == [now - 123]
    assert next_due(now, watched("aqu"), [], [], 0) == now


def test_a_track_that_was_long_unpolled_in_racing_hours_is_due_now():
    now, races = POST - 840 * SECOND + 123, [race()]
    assert plan(now, watched("aqu"), races, [slot(now - 601 * SECOND)], 0)[0].due_at == now - 123
    assert plan(now, watched("aqu"), races, [slot(now - 500 * SECOND)], 0) == []
    opening = POST - 3600 * SECOND
    assert plan(opening + 123, watched("aqu"), races, [slot(now - 86_400 * SECOND)], 0) == [], "hours begin on the grid"


def test_missed_slots_become_one_and_one_that_is_half_an_interval_late_is_left_out():
    grid = POST - POST % (300 * SECOND) - 1200 * SECOND
    for late, expected in ((0, 1), (149, 1), (150, 1), (151, 0), (299, 0)):
        dues = plan(grid + late * SECOND, watched("aqu"), [race()], [slot(grid - 290 * SECOND)], 0)
        assert [due.due_at for due in dues] == [grid] * expected, late


def test_phases_spread_the_tracks():
    tracks = ["aqu", "gp", "sa"]
    untimed = [race(track, post=None) for track in tracks]
    dues = drive(watched(*tracks), untimed, POST, POST + 1800 * SECOND)
    settled = [due for due in dues if due.due_at > POST + 600 * SECOND]
    phases = {track: {due.due_at % (300 * SECOND) for due in settled if due.track == track} for track in tracks}
    assert phases == {"aqu": {0}, "gp": {100 * SECOND}, "sa": {200 * SECOND}}


def test_each_track_has_its_own_tiers():
    tracks = [*watched("aqu"), *watched("gp", told=OWN.with_changes({"default_interval": 120}))]
    dues = drive(tracks, [race("aqu", post=None), race("gp", post=None)], POST, POST + 1800 * SECOND)
    for track, every in (("aqu", 300), ("gp", 120)):
        assert gaps([due.due_at for due in dues if due.track == track][2:]) == {every}


def test_the_nearest_post_comes_first_before_it_or_after_it():
    races = [
        race("aqu", 1, POST - 1200 * SECOND), race("gp", 2, POST + 240 * SECOND), race("sa", 3, POST + 60 * SECOND),
        race("wo", 4, POST - 30 * SECOND), race("cd", 5, POST, "official"),
    ]  # fmt: skip
    dues = plan(POST, watched("aqu", "gp", "sa", "wo", "cd"), races, [], 0)
    assert [due.track for due in dues] == ["wo", "sa", "gp", "aqu", "cd"]
    assert [due.priority for due in dues] == [-30, -60, -240, -1200, -86_400]


def test_a_job_id_names_track_kind_and_instant():
    assert job_id("aqu", "near", POST) == "aqu-near-20260502t225700z"
    assert drive(watched("aqu"), [race()], POST, POST)[0].job_id == "aqu-card-20260502t225700z"


def test_a_card_that_failed_near_a_post_is_owed_at_the_next_instant():
    dues = drive(
        watched("aqu"), [race()], POST - 300 * SECOND, POST - SECOND,
        ends=lambda due: written(due, state="failed" if due.kind == "card" else "posted"),
    )  # fmt: skip
    assert {due.kind for due in dues} == {"card"}
    assert gaps(due.due_at for due in dues[1:]) == {60}


def test_slots_of_the_future_do_not_stall_a_clock_that_was_set_back():
    now, races = POST - 900 * SECOND, [race()]
    future = [slot(now + minute * MINUTE) for minute in range(5, 65, 5)]
    assert len(plan(now, watched("aqu"), races, future, 0)) == 1
    grid = now - now % (300 * SECOND)
    relived = [slot(grid + 5 * MINUTE)._replace(at=grid - 5 * MINUTE), slot(grid)._replace(at=grid - 10 * MINUTE)]
    due = plan(grid, watched("aqu"), races, relived, 0)[0]
    assert due.due_at == grid - SECOND, "the instant has a slot: it gets a name of its own"


def test_an_interval_above_the_default_may_stand_near_the_post():
    told = Scraping(default_interval=30, near_post_interval=600, last_minutes_interval=600, off_interval=600)
    dues = drive(watched("aqu", told=told), [race()], POST - 590 * SECOND, POST + 1200 * SECOND)
    assert [due.due_at for due in dues if due.kind == "near"] == [POST]
    assert min(gaps(due.due_at for due in dues)) >= 30


# --- Windows -----------------------------------------------------------------------------------------------------------

FAST = Scraping(last_minutes_interval=15, after_post_interval=20)


def test_short_intervals_are_polled_in_windows_that_meet_the_off():
    races = lambda now: [race(status="open" if now < POST else "closed")]  # noqa: E731
    card, window_ms = slot(POST - 240 * SECOND), 300 * SECOND
    dues = drive(watched("aqu", told=FAST), races, card.at, POST + 150 * SECOND, window_ms=window_ms, slots=[card])
    told = [((due.due_at - POST) // SECOND, due.kind, due.until_at, due.every) for due in dues]
    assert told == [
        (-180, "near", None, None),
        (-120, "window", POST - 14 * SECOND, 15 * SECOND),
        (0, "window", POST + 61 * SECOND, 15 * SECOND),
        (80, "window", POST + 380 * SECOND, 20 * SECOND),
    ]
    assert dues[2].job_id == "aqu-window-20260502t225700z"
    assert dues[2].races == (3,)


def test_the_next_window_begins_where_the_last_one_ends_and_the_card_does_not_starve():
    told = FAST.with_changes({"near_post_interval": 20, "near_post_threshold": 3000})
    dues = drive(watched("aqu", told=told), [race()], POST - 2990 * SECOND, POST - 200 * SECOND, window_ms=300 * SECOND)
    at = polls(dues)
    assert gaps(at[1:]) == {20}
    cards = [due.due_at for due in dues if due.kind == "card"]
    assert max(gaps(cards)) <= 620
    assert {(due.until_at - due.due_at) // SECOND for due in dues if due.kind == "window"} <= {300, 200}


@pytest.mark.parametrize(
    ("ended", "state", "now", "due_at", "following"),
    [
        (None, "posted", 290, None, 300),  # it polls
        (None, "posted", 300, 300, None),  # it is over
        (105, "posted", 106, None, 120),  # it died after its poll at 100
        (105, "posted", 120, 120, None),
        (105, "posted", 130, 120, None),
        (105, "posted", 131, None, 140),
        (0, "failed", 20, 20, None),  # it never began
    ],
)
def test_a_window_that_ended_early_has_a_successor_at_the_next_instant(ended, state, now, due_at, following):
    start = POST - POST % (20 * SECOND) - 1200 * SECOND
    told = FAST.with_changes({"near_post_interval": 20, "near_post_threshold": 3000})
    window = slot(start, "window", state=state, until_at=start + 300 * SECOND, every=20 * SECOND)
    window = window._replace(ended=None if ended is None else start + ended * SECOND)
    card = slot(start - 20 * SECOND)
    asked = (start + now * SECOND, watched("aqu", told=told), [race()], [card, window], 300 * SECOND)
    assert [due.due_at for due in plan(*asked)] == ([] if due_at is None else [start + due_at * SECOND])
    assert following is None or next_due(*asked) == start + following * SECOND


def test_without_windows_every_poll_is_a_slot():
    dues = drive(watched("aqu", told=FAST), [race(status="closed")], POST, POST + 80 * SECOND, step=SECOND)
    assert [(due.kind, (due.due_at - POST) // SECOND) for due in dues] == [
        ("card", 0), ("near", 15), ("near", 30), ("near", 45), ("near", 60), ("near", 80),
    ]  # fmt: skip


# --- Outside racing hours ----------------------------------------------------------------------------------------------

MIDNIGHT = to_ms(datetime(2026, 5, 3, tzinfo=ZoneInfo("America/New_York")))
CARD_TIMES = [MIDNIGHT + (day * 24 + hour) * HOUR for day in (-1, 0, 1, 2) for hour in (6, 10)]
OFF_DAY = watched("aqu", card_times=CARD_TIMES)


def test_a_day_without_races_has_its_card_read_twice():
    dues = drive(OFF_DAY, [], MIDNIGHT, MIDNIGHT + 48 * HOUR, step=None, slots=[slot(MIDNIGHT - HOUR)])
    assert [due.due_at for due in dues] == [MIDNIGHT + hour * HOUR for hour in (6, 10, 30, 34)]


def test_a_card_that_could_not_be_read_is_asked_for_again_at_the_far_interval():
    dues = drive(
        OFF_DAY, [], MIDNIGHT, MIDNIGHT + 9 * HOUR, step=None, slots=[slot(MIDNIGHT - HOUR)],
        ends=lambda due: written(due, good=due.due_at >= MIDNIGHT + 7 * HOUR),
    )  # fmt: skip
    assert [(due.due_at - MIDNIGHT) // MINUTE for due in dues] == [360, 375, 390, 405, 420]


@pytest.mark.parametrize(
    ("hours", "due_at"), [(6.04, 6), (7.5, 7.5), (7.99, 7.99), (8.01, None), (10, 10), (19.9, 19.9)]
)
def test_a_card_time_that_was_missed_is_caught_up_once_until_the_next_is_nearer(hours, due_at):
    now = MIDNIGHT + round(hours * HOUR) // SECOND * SECOND
    dues = plan(now, OFF_DAY, [], [slot(MIDNIGHT - HOUR)], 0)
    assert [due.due_at for due in dues] == (
        [] if due_at is None else [MIDNIGHT + round(due_at * HOUR) // SECOND * SECOND]
    )
    assert plan(now + 60 * SECOND, OFF_DAY, [], [slot(MIDNIGHT - HOUR), *map(written, dues)], 0) == []


def test_a_race_day_begins_and_ends_by_its_card():
    first, last = MIDNIGHT + 13 * HOUR, MIDNIGHT + 17 * HOUR
    races = lambda now: [  # noqa: E731
        race(number=number, post=post, status="official" if now > post + 6 * MINUTE else "open")._replace(
            official_at=post + 6 * MINUTE if now > post + 6 * MINUTE else None
        )
        for number, post in ((1, first), (2, last))
    ]
    dues = drive(OFF_DAY, races, MIDNIGHT, MIDNIGHT + 24 * HOUR, step=None, slots=[slot(MIDNIGHT - HOUR)])
    at = polls(dues)
    outside = [one for one in at if not first - HOUR <= one <= last + 21 * MINUTE]
    assert outside == [MIDNIGHT + 6 * HOUR, MIDNIGHT + 10 * HOUR]
    assert gaps([one for one in at if first - HOUR < one < first - 10 * MINUTE]) == {300}
    assert 900 in gaps([one for one in at if first + 6 * MINUTE < one < last - HOUR])


# --- Properties --------------------------------------------------------------------------------------------------------

races_near = st.lists(
    st.builds(
        RaceState,
        track=st.sampled_from(["aqu", "gp", "sa"]),
        race_date=st.just("2026-05-02"),
        race_number=st.integers(1, 12),
        post_time=st.none() | st.integers(POST - 5400 * SECOND, POST + 5400 * SECOND),
        status=st.sampled_from(["scheduled", "open", "closed", "unofficial", "official", "cancelled", "postponed"]),
        off_at=st.none() | st.integers(POST - 5400 * SECOND, POST + 5400 * SECOND),
    ),
    max_size=8,
)
cadences = st.builds(
    Scraping,
    default_interval=st.sampled_from([120, 300]),
    near_post_interval=st.sampled_from([20, 45, 60]),
    last_minutes_interval=st.sampled_from([15, 30, 60]),
    off_interval=st.sampled_from([15, 20, 30, 60]),
    after_post_interval=st.sampled_from([30, 60]),
).flatmap(lambda told: st.sampled_from([told, told.at_least(30)]))
windows = st.sampled_from([0, 120 * SECOND, 300 * SECOND])


@settings(max_examples=60, deadline=None)
@given(races=races_near, told=cadences, window_ms=windows, start=st.integers(-2400, 0), count=st.integers(1, 3))
def test_no_slot_twice_and_no_two_polls_of_a_track_closer_than_the_floor(races, told, window_ms, start, count):
    tracks = watched(*["aqu", "gp", "sa"][:count], told=told)
    begin = POST + start * SECOND
    dues = drive(tracks, races, begin, begin + 2400 * SECOND, step=None, window_ms=window_ms)
    assert len({due.job_id for due in dues}) == len(dues)
    floor = min(told.off_interval, told.last_minutes_interval, told.near_post_interval, told.after_post_interval)
    for track in tracks:
        own = [due for due in dues if due.track == track.key]
        at = polls(own)
        assert min((after - before for before, after in pairwise(at)), default=floor * SECOND) >= floor * SECOND
        for before, after in pairwise(own):
            assert before.until_at is None or before.until_at <= after.due_at, "two were live at once"


@settings(max_examples=60, deadline=None)
@given(
    told=cadences, window_ms=windows, post=st.integers(0, 599), rank=st.integers(0, 2),
    status=st.sampled_from(["open", "closed"]),
)  # fmt: skip
def test_every_instant_of_the_off_is_planned_once_whatever_the_phase(told, window_ms, post, rank, status):
    off = POST + post * SECOND
    tracks = watched(*["aqu", "gp", "sa"], told=told)
    own = ["aqu", "gp", "sa"][rank]
    dues = drive(
        tracks, lambda now: [race(own, post=off, status="open" if now < off else status)],
        off - 900 * SECOND, off + 180 * SECOND, step=None, window_ms=window_ms,
    )  # fmt: skip
    at = polls([due for due in dues if due.track == own])
    expected = list(range(off, off + 60 * SECOND + 1, told.off_interval * SECOND))
    assert [one for one in at if off <= one <= off + 60 * SECOND] == expected


@settings(max_examples=60, deadline=None)
@given(told=cadences, window_ms=windows, post=st.integers(0, 599))
def test_within_a_tier_the_gaps_are_its_interval(told, window_ms, post):
    off = POST + post * SECOND
    at = polls(drive(watched("aqu", told=told), [race(post=off)], off - 3000 * SECOND, off + 900 * SECOND, step=None,
                     window_ms=window_ms))  # fmt: skip
    tiers = [
        (-2700, -600, told.default_interval), (-600, -120, told.near_post_interval),
        (-120, -min(told.off_interval, told.last_minutes_interval, 30), told.last_minutes_interval),
        (0, 61, told.off_interval), (61, 900, told.last_minutes_interval),
    ]  # fmt: skip
    for start, end, interval in tiers:
        inside = [one for one in at if off + start * SECOND <= one < off + end * SECOND]
        assert gaps(inside) <= {interval}, (start, end)
        assert len(inside) >= (end - start) // interval - 1


@settings(max_examples=60, deadline=None)
@given(races=races_near, told=cadences, window_ms=windows, now=st.integers(-3600, 3600), ago=st.integers(0, 590))
def test_nothing_falls_due_before_next_due_and_something_then(races, told, window_ms, now, ago):
    at = POST + now * SECOND
    tracks = watched("aqu", "gp", told=told, card_times=CARD_TIMES)
    slots = [slot(at - ago * SECOND), slot(at - ago * SECOND, track="gp")]
    slots += [written(due) for due in plan(at, tracks, races, slots, window_ms)]
    following = next_due(at, tracks, races, slots, window_ms)
    assert following > at
    assert plan(following - 1, tracks, races, slots, window_ms) == []
    assert plan(following, tracks, races, slots, window_ms) != []
    between = range(at, following, max(SECOND, (following - at) // 20))
    assert [plan(one, tracks, races, slots, window_ms) for one in between if one > at] == [[]] * (len(between) - 1)


@settings(max_examples=40, deadline=None)
@given(times=st.lists(st.integers(0, 24 * 3600 - 1), min_size=1, max_size=2, unique=True), start=st.integers(0, 86_399))
def test_a_day_without_races_costs_two_polls_at_most(times, start):
    instants = [MIDNIGHT + day * 24 * HOUR + time * SECOND for day in range(-1, 4) for time in times]
    begin = MIDNIGHT + start * SECOND
    dues = drive(
        watched("aqu", "gp", card_times=sorted(instants)), [], begin, MIDNIGHT + 72 * HOUR - 1, step=None,
        slots=[slot(begin - SECOND, track="aqu"), slot(begin - SECOND, track="gp")],
    )  # fmt: skip
    for track in ("aqu", "gp"):
        days = [(due.due_at - MIDNIGHT) // (24 * HOUR) for due in dues if due.track == track]
        assert [days.count(day) for day in (1, 2)] == [len(times)] * 2
        assert days.count(0) <= len(times)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("night", ["2026-03-08", "2026-11-01", "2026-04-05", "2026-09-27"])
def test_a_clock_change_at_the_track_moves_no_poll(zone, night):
    """Spring and autumn nights of both zones: the post is an instant, and polls stand at even distances from it."""
    local = datetime.fromisoformat(f"{night}T01:30").replace(tzinfo=ZoneInfo(zone))
    post = to_ms(local + timedelta(hours=4))
    dues = drive(watched("aqu"), [race(post=post)], post - 3590 * SECOND, post, step=10 * SECOND)
    far = [due.due_at for due in dues if due.due_at < post - 600 * SECOND]
    near = [due.due_at for due in dues if due.due_at >= post - 600 * SECOND]
    assert gaps(far[1:]) == {300}
    assert near == list(range(post - 600 * SECOND, post + 1, 60 * SECOND))
    assert near_races([race(post=post)], near[0], OWN)


def test_due_tells_what_its_job_needs():
    due = drive(watched("aqu", told=FAST), [race()], POST, POST, slots=[slot(POST - MINUTE)], window_ms=300 * SECOND)
    assert due == [
        Due(
            "aqu",
            "window",
            POST,
            (3,),
            "aqu-window-20260502t225700z",
            0,
            until_at=POST + 61 * SECOND,
            every=15 * SECOND,
        )
    ]
