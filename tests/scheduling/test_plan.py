"""The plan: who is due when, as tables and as properties."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horses_scrapy.clock import to_ms
from horses_scrapy.config.model import Scraping
from horses_scrapy.scheduling.plan import Due, PastSlot, RaceState, job_id, near_races, next_due, plan, priority

TOLD = Scraping()
POST = to_ms(datetime(2026, 5, 2, 18, 57, tzinfo=ZoneInfo("America/New_York")))
MINUTE, SECOND = 60_000, 1000


def race(track: str = "aqu", number: int = 3, post: int | None = POST, status: str = "open") -> RaceState:
    return RaceState(track, "2026-05-02", number, post, status)


def written(due: Due, state: str = "posted") -> PastSlot:
    return PastSlot(due.track, due.kind, due.due_at, due.due_at, state)


def slot(at: int, kind: str = "card", track: str = "aqu", state: str = "posted") -> PastSlot:
    return PastSlot(track, kind, at, at, state)


def drive(tracks, races, start, end, *, step=5 * SECOND, state=lambda _due: "posted", told=TOLD):
    """Every due poll between two instants, the plan asked every `step`; `races` may depend on the instant."""
    slots: list[PastSlot] = []
    found: list[Due] = []
    for now in range(start, end + 1, step):
        current = races(now) if callable(races) else races
        dues = plan(now, tracks, current, slots, told)
        assert len({due.track for due in dues}) == len(dues)
        found += dues
        slots += [written(due, state(due)) for due in dues]
    return found


@pytest.mark.parametrize(
    ("seconds_to_post", "kind"),
    [
        (3600, "card"), (1800, "card"), (900, "card"), (660, "card"), (601, "card"),
        (600, "near"), (599, "near"), (540, "near"), (60, "near"), (1, "near"), (0, "near"), (-1, "near"),
        (-60, "near"), (-599, "near"), (-600, "near"), (-2700, "near"), (-2701, "card"), (-3600, "card"),
    ],
)  # fmt: skip
def test_the_cadence_at_a_distance_from_the_post(seconds_to_post, kind):
    at = POST - seconds_to_post * SECOND
    assert bool(near_races([race()], at, TOLD)) == (kind == "near")


def test_from_an_hour_before_to_ten_minutes_after():
    dues = drive(["aqu"], [race()], POST - 3600 * SECOND, POST + 600 * SECOND)
    far = [due for due in dues if due.due_at < POST - 600 * SECOND]
    near = [due for due in dues if due.due_at >= POST - 600 * SECOND]
    assert [(due.kind, due.races) for due in far] == [("card", ())] * len(far)
    assert {b.due_at - a.due_at for a, b in pairwise(far[1:])} == {300 * SECOND}
    assert near[0].due_at == POST - 600 * SECOND
    assert {b.due_at - a.due_at for a, b in pairwise(near)} == {60 * SECOND}
    assert near[-1].due_at == POST + 600 * SECOND
    cards = [due for due in near if due.kind == "card"]
    assert {b.due_at - a.due_at for a, b in pairwise(cards)} == {300 * SECOND}, "the card does not starve near the post"
    assert {due.races for due in near if due.kind == "near"} == {(3,)}


@pytest.mark.parametrize("status", ["official", "cancelled", "postponed"])
def test_a_race_that_is_over_or_put_off_ends_the_near_cadence(status):
    dues = drive(
        ["aqu"], lambda now: [race(status="open" if now < POST else status)], POST - 300 * SECOND, POST + 1200 * SECOND
    )
    after = [due for due in dues if due.due_at >= POST]
    assert {due.kind for due in after} == {"card"}
    assert {b.due_at - a.due_at for a, b in pairwise(after)} == {300 * SECOND}


@pytest.mark.parametrize("status", ["scheduled", "open", "closed", "unofficial"])
def test_a_race_that_drags_is_polled_until_the_cap(status):
    dues = drive(["aqu"], [race(status=status)], POST - 60 * SECOND, POST + 3600 * SECOND)
    near = [due for due in dues if due.kind == "near"]
    assert max(due.due_at for due in near) in range(POST + 2580 * SECOND, POST + 2700 * SECOND + 1)


def test_a_post_that_is_put_back_goes_far_again_and_near_again():
    later = POST + 1800 * SECOND
    dues = drive(
        ["aqu"], lambda now: [race(post=POST if now < POST - 120 * SECOND else later)], POST - 600 * SECOND, later
    )
    gaps = [b.due_at - a.due_at for a, b in pairwise(dues) if POST - 120 * SECOND < b.due_at < later - 600 * SECOND]
    assert min(gaps) >= 150 * SECOND
    assert max(gaps) <= 450 * SECOND
    assert next(due.due_at for due in dues if due.due_at >= later - 600 * SECOND) == later - 600 * SECOND


def test_several_races_near_are_polled_together_and_a_race_without_a_post_time_is_not():
    races = [race(number=4, post=POST + 540 * SECOND), race(number=3), race(number=5, post=None)]
    dues = drive(["aqu"], races, POST - 60 * SECOND, POST + 240 * SECOND)
    assert {due.races for due in dues if due.kind == "near"} == {(3, 4)}


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("night", ["2026-03-08", "2026-11-01", "2026-04-05", "2026-09-27"])
def test_a_clock_change_at_the_track_moves_no_poll(zone, night):
    """Spring and autumn nights of both zones: the post is an instant, and polls stand at even distances from it."""
    local = datetime.fromisoformat(f"{night}T01:30").replace(tzinfo=ZoneInfo(zone))
    post = to_ms(local + timedelta(hours=4))
    dues = drive(["aqu"], [race(post=post)], post - 5 * 3600 * SECOND, post, step=10 * SECOND)
    far = [due.due_at for due in dues if due.due_at < post - 600 * SECOND]
    near = [due.due_at for due in dues if due.due_at >= post - 600 * SECOND]
    assert {b - a for a, b in pairwise(far[1:])} == {300 * SECOND}
    assert near == list(range(post - 600 * SECOND, post + 1, 60 * SECOND))


def test_a_track_that_was_never_polled_is_due_now_and_one_long_unpolled_too():
    now = POST - 7200 * SECOND + 123
    assert [due.due_at for due in plan(now, ["aqu"], [], [], TOLD)] == [now - 123]
    assert plan(now, ["aqu"], [], [slot(now - 86_400 * SECOND)], TOLD)[0].due_at == now - 123
    assert next_due(now, ["aqu"], [], [], TOLD) == now


def test_missed_slots_become_one_and_one_that_is_half_an_interval_late_is_left_out():
    grid = POST - POST % (300 * SECOND)
    for late, expected in ((0, 1), (149, 1), (150, 1), (151, 0), (299, 0)):
        dues = plan(grid + late * SECOND, ["aqu"], [], [slot(grid - 290 * SECOND)], TOLD)
        assert [due.due_at for due in dues] == [grid] * expected, late


def test_phases_spread_the_tracks():
    tracks = ["aqu", "gp", "sa"]
    dues = drive(tracks, [], POST, POST + 1800 * SECOND)
    settled = [due for due in dues if due.due_at > POST + 600 * SECOND]
    phases = {track: {due.due_at % (300 * SECOND) for due in settled if due.track == track} for track in tracks}
    assert phases == {"aqu": {0}, "gp": {100 * SECOND}, "sa": {200 * SECOND}}


def test_the_nearest_post_comes_first_before_it_or_after_it():
    races = [
        race("aqu", 1, POST - 1200 * SECOND), race("gp", 2, POST + 240 * SECOND), race("sa", 3, POST + 60 * SECOND),
        race("wo", 4, POST - 30 * SECOND), race("cd", 5, POST, "official"),
    ]  # fmt: skip
    dues = plan(POST, ["aqu", "gp", "sa", "wo", "cd"], races, [], TOLD)
    assert [due.track for due in dues] == ["wo", "sa", "gp", "aqu", "cd"]
    assert [due.priority for due in dues] == [-30, -60, -240, -1200, -86_400]
    assert priority([race(post=None)], POST) == -86_400


def test_a_job_id_names_track_kind_and_instant():
    assert job_id("aqu", "near", POST) == "aqu-near-20260502t225700z"
    assert drive(["aqu"], [race()], POST, POST)[0].job_id == "aqu-card-20260502t225700z"


def test_a_card_that_failed_near_a_post_is_owed_at_the_next_instant():
    dues = drive(
        ["aqu"], [race()], POST - 300 * SECOND, POST, state=lambda due: "failed" if due.kind == "card" else "posted"
    )
    assert {due.kind for due in dues} == {"card"}
    assert {b.due_at - a.due_at for a, b in pairwise(dues[1:])} == {60 * SECOND}


def test_slots_of_the_future_do_not_stall_a_clock_that_was_set_back():
    now = POST
    future = [slot(now + minute * MINUTE) for minute in range(5, 65, 5)]
    assert len(plan(now, ["aqu"], [], future, TOLD)) == 1
    grid = POST - POST % (300 * SECOND)
    relived = [slot(grid + 5 * MINUTE)._replace(at=grid - 5 * MINUTE), slot(grid)._replace(at=grid - 10 * MINUTE)]
    due = plan(grid, ["aqu"], [], relived, TOLD)[0]
    assert due.due_at == grid - SECOND, "the instant has a slot: it gets a name of its own"


def test_an_interval_above_the_default_may_stand_near_the_post():
    told = Scraping(default_interval=30, near_post_interval=600)
    dues = drive(["aqu"], [race()], POST - 590 * SECOND, POST + 1200 * SECOND, told=told)
    assert min(b.due_at - a.due_at for a, b in pairwise(dues)) >= 300 * SECOND


races_near = st.lists(
    st.builds(
        RaceState,
        track=st.sampled_from(["aqu", "gp", "sa"]),
        race_date=st.just("2026-05-02"),
        race_number=st.integers(1, 12),
        post_time=st.none() | st.integers(POST - 5400 * SECOND, POST + 5400 * SECOND),
        status=st.sampled_from(["scheduled", "open", "closed", "unofficial", "official", "cancelled", "postponed"]),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(races=races_near, phase=st.integers(0, 299), count=st.integers(1, 3))
def test_no_two_slots_of_a_track_are_closer_than_half_an_interval(races, phase, count):
    tracks = ["aqu", "gp", "sa"][:count]
    start = POST - 2400 * SECOND + phase * SECOND
    dues = drive(tracks, races, start, start + 4800 * SECOND, step=10 * SECOND)
    assert len({due.job_id for due in dues}) == len(dues)
    for track in tracks:
        own = [due.due_at for due in dues if due.track == track]
        live = [one for one in races if one.track == track]
        for before, after in pairwise(own):
            least = 30 if near_races(live, after, TOLD) else 150
            assert after - before >= least * SECOND


@settings(max_examples=40, deadline=None)
@given(races=races_near, start=st.integers(POST - 3600 * SECOND, POST))
def test_no_slot_is_lost(races, start):
    """Asked every 10 s, every near instant and every card interval has its poll."""
    dues = drive(["aqu"], races, start, start + 2400 * SECOND, step=10 * SECOND)
    own = [one for one in races if one.track == "aqu"]
    at = {due.due_at for due in dues}
    settled = start + 60 * SECOND
    for instant in range(settled - settled % MINUTE + MINUTE, start + 2400 * SECOND, MINUTE):
        if near_races(own, instant, TOLD):
            assert instant in at
    cards = [start, *(due.due_at for due in dues if due.kind == "card"), start + 2400 * SECOND]
    # Worst where the near cadence ends less than half a card interval before a card slot: that slot is passed over.
    assert max(b - a for a, b in pairwise(cards)) <= 600 * SECOND


@settings(max_examples=60, deadline=None)
@given(races=races_near, now=st.integers(POST - 3600 * SECOND, POST + 3600 * SECOND), ago=st.integers(0, 590))
def test_nothing_falls_due_before_next_due(races, now, ago):
    slots = [slot(now - ago * SECOND), slot(now - ago * SECOND, track="gp")]
    dues = plan(now, ["aqu", "gp"], races, slots, TOLD)
    slots += [written(due) for due in dues]
    following = next_due(now, ["aqu", "gp"], races, slots, TOLD)
    assert following > now
    assert plan(following - 1, ["aqu", "gp"], races, slots, TOLD) == []
    assert following - now <= 450 * SECOND


def test_twenty_tracks_are_planned_in_one_pass():
    tracks = [f"t{number:02}" for number in range(20)]
    races = [race(track, number, POST + (number - 6) * 25 * MINUTE) for track in tracks for number in range(1, 13)]
    slots = [slot(POST - minute * MINUTE, "near", track) for track in tracks for minute in range(1, 16)]
    assert len(plan(POST + 30 * SECOND, tracks, races, slots, TOLD)) <= 20
