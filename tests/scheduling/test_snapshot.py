"""What the plan is told, as it is stored."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from horses_scrapy.clock import to_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling import snapshot
from horses_scrapy.scheduling.budget import Budgets, Limits, Use
from horses_scrapy.scheduling.snapshot import take
from horses_scrapy.storage import schema
from horses_scrapy.storage.slots import SlotRow, claim_slot, write_slot

NOW = 1_750_000_000_000  # 2025-06-15 15:06:40 UTC, 11:06:40 in New York
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


def row(clock, at: int, kind: str = "near", track: str = "aqu", **more) -> SlotRow:
    job = f"{track}-{kind}-{at}"
    return SlotRow(track=track, kind=kind, due_at=at, due_mono=at - clock.boot, job_id=job, **more)


def write(store, *rows: SlotRow) -> None:
    with store.write() as connection:
        for one in rows:
            assert write_slot(connection, one)


def hold(store, track: str, holder: str, expires_at: int) -> None:
    with store.write() as connection:
        values = {"track": track, "holder": holder, "epoch": 1, "expires_at": expires_at}
        connection.execute(insert(schema.track_lease).values(values))


@pytest.fixture
def look(store, settings, clock):
    def taken(told=settings, tracks=("aqu", "gp")):
        with store.read() as connection:
            return take(connection, clock, told, tracks)

    return taken


def test_races_of_a_day_back_and_ahead_are_told_and_those_of_today_that_have_no_post_time(look, cards):
    posts = {1: NOW - 23 * HOUR, 2: NOW - 25 * HOUR, 3: NOW + 23 * HOUR, 4: NOW + 25 * HOUR, 5: None}
    ids = {number: cards.race("aqu", number, post) for number, post in posts.items()}
    cards.race("aqu", 6, None, day="2025-06-14")
    cards.race("aqu", 6, None, day="2025-06-16")
    cards.race("sa", 1, NOW)
    with cards.store.write() as connection:
        off = {"off_at": NOW - 22 * HOUR, "official_at": NOW - 21 * HOUR}
        connection.execute(schema.race.update().where(schema.race.c.race_id == ids[1]).values(off))
    races = look().races
    assert [(race.race_number, race.race_date) for race in sorted(races, key=lambda race: race.race_number)] == [
        (number, "2025-06-15") for number in (1, 3, 5)
    ]
    assert next((race.off_at, race.official_at) for race in races if race.race_number == 1) == (
        NOW - 22 * HOUR, NOW - 21 * HOUR,
    )  # fmt: skip
    assert len(look().races_of("aqu")) == 3


def test_each_track_is_watched_with_its_own_cadence_and_none_below_its_floor(settings, clock):
    tracks = {**settings.tracks, "gp": settings.tracks["gp"].model_copy(update={"cadence": {"default_interval": 120}})}
    aqu, gp = snapshot.empty(clock, settings.model_copy(update={"tracks": tracks}), ("gp", "aqu")).watched
    assert (aqu.key, aqu.cadence.default_interval, gp.cadence.default_interval) == ("aqu", 300, 120)
    assert aqu.cadence.off_interval == 30, "a public host"


def instants(settings, clock, day: str, *times: str) -> list[str]:
    clock.at = to_ms(datetime.fromisoformat(f"{day}T17:00+00:00"))
    told = settings.model_copy(update={"scraping": Scraping(card_times=times)})
    found = snapshot.empty(clock, told, ("aqu",)).watched[0].card_times
    return [f"{datetime.fromtimestamp(at / 1000, UTC):%d %H:%M}" for at in found]


def test_card_times_are_read_at_the_track_across_clock_changes(settings, clock):
    assert instants(settings, clock, "2026-03-08", "02:30") == ["07 07:30", "08 07:30", "09 06:30", "10 06:30"]
    assert instants(settings, clock, "2026-11-01", "01:30") == ["31 05:30", "01 05:30", "02 06:30", "03 06:30"]
    summer = instants(settings, clock, "2026-06-01", "10:00", "06:00")
    assert summer == [f"{day} {hour}:00" for day in ("31", "01", "02", "03") for hour in (10, 14)]


@pytest.mark.parametrize(
    ("slot", "run", "lease", "ended", "good"),
    [
        ({}, None, None, None, True),
        ({"state": "posted", "posted_at": NOW - 9 * MINUTE}, None, None, None, False),  # no run came of it
        ({"state": "posted", "posted_at": NOW - MINUTE}, None, None, None, True),
        ({"state": "failed"}, None, None, 0, False),
        ({}, {"outcome": "ok", "finished_at": NOW - 8 * MINUTE}, None, 2 * MINUTE, True),
        ({}, {"outcome": "no_card", "finished_at": NOW - 8 * MINUTE}, None, 2 * MINUTE, True),
        ({}, {"outcome": "blocked", "finished_at": NOW - 8 * MINUTE}, None, 2 * MINUTE, False),
        ({}, {"outcome": "lost", "finished_at": NOW}, None, 10 * MINUTE, False),
        ({}, {}, ("mine", NOW + 30 * SECOND), None, True),  # it renews its lease
        ({}, {}, ("mine", NOW - 1), 9 * MINUTE - 1, True),  # it stopped doing so: heard of a minute before it lapsed
        ({}, {}, ("another", NOW + 30 * SECOND), SECOND, True),
        ({}, {}, None, SECOND, True),
        ({}, {"started_at": NOW - 59 * SECOND}, None, None, True),  # it is about to take it
    ],
)
def test_how_a_slot_went(look, store, cards, clock, slot, run, lease, ended, good):
    start = NOW - 10 * MINUTE
    window = row(clock, start, "window", until_at=start + 15 * MINUTE, every=15_000, **slot)
    write(store, window)
    if run is not None:
        cards.run("aqu", window.job_id, **{"started_at": start + SECOND, **run})
    if lease is not None:
        hold(store, "aqu", window.job_id if lease[0] == "mine" else lease[0], lease[1])
    (past,) = look().past
    assert (past.at, past.until_at, past.every) == (start, start + 15 * MINUTE, 15_000)
    assert (past.ended, past.good) == (None if ended is None else start + ended, good)


def test_a_second_start_of_a_job_is_no_end_of_its_window(look, store, cards, clock):
    window = row(clock, NOW - MINUTE, "window", until_at=NOW + MINUTE, every=15_000)
    write(store, window)
    first = cards.run("aqu", window.job_id, NOW - MINUTE)
    with store.write() as connection:
        claim_slot(connection, window.job_id, first)
    cards.run("aqu", window.job_id, NOW - 50_000, outcome="superseded", finished_at=NOW - 49_000)
    hold(store, "aqu", window.job_id, NOW + 30_000)
    assert [past.ended for past in look().past] == [None]


def test_the_newest_slot_of_each_kind_is_known_though_it_is_old(look, store, clock):
    rows = [row(clock, NOW - hours * HOUR, kind) for hours in (20, 21, 49, 51) for kind in ("card", "near")]
    write(store, *rows, row(clock, NOW - 51 * HOUR, "card", "gp"), row(clock, NOW - MINUTE, "poll"))
    seen = look()
    assert sorted((past.track, past.kind, past.at) for past in seen.past) == [
        ("aqu", "card", NOW - 20 * HOUR), ("aqu", "near", NOW - 20 * HOUR),
    ]  # fmt: skip
    assert seen.slots == (), "what is decided every look is recent"


def test_a_slot_that_was_written_just_now_counts_as_read(look, store, clock):
    card, window = row(clock, NOW, "card"), row(clock, NOW, "window", "gp", until_at=NOW + MINUTE, every=15_000)
    seen = look().with_planned([card, window])
    write(store, card, window)
    again = look()
    assert sorted(seen.slots, key=str) == sorted(again.slots, key=str)
    assert sorted(seen.past, key=str) == sorted(again.past, key=str)


@pytest.mark.parametrize(
    ("slot", "run", "under_way"),
    [
        ({}, None, True),
        ({"state": "failed"}, None, False),
        ({}, {"outcome": "ok", "finished_at": NOW}, False),
        ({}, {"started_at": NOW - SECOND}, True),
        ({"until_at": NOW - 5 * MINUTE}, {"started_at": NOW - SECOND}, False),  # too old to be waited for
        ({"until_at": NOW + MINUTE}, {"started_at": NOW - SECOND}, True),
    ],
)
def test_what_is_under_way(look, store, cards, clock, slot, run, under_way):
    window = "until_at" in slot
    made = row(clock, NOW - (9 if window else 1) * MINUTE, "window" if window else "near", every=15_000, **slot)
    write(store, made)
    if run is not None:
        cards.run("aqu", made.job_id, **{"started_at": NOW - MINUTE, **run})
    assert look().under_way(NOW - 5 * MINUTE) is under_way


def test_a_step_of_the_wall_clock_changes_no_age(look, store, cards, clock):
    window = row(clock, NOW - 2 * MINUTE, "window", until_at=NOW + 3 * MINUTE, every=15_000)
    write(store, window)
    cards.run("aqu", window.job_id, NOW - 119_000, outcome="ok", finished_at=NOW - MINUTE)
    clock.step(-HOUR)
    seen = look()
    (past,) = seen.past
    now = NOW - HOUR
    assert (past.due_at, past.at, past.until_at) == (window.due_at, now - 2 * MINUTE, now + 3 * MINUTE)
    assert past.ended == now - MINUTE
    assert seen.at(window) == past.at
    assert seen.mono_of(now - MINUTE) == clock.monotonic_ms() - MINUTE


def test_without_budgets_nothing_is_counted(look):
    assert look().budgets == Budgets()


def limited(settings, **fields):
    source = settings.sources["demo"].model_copy(update=fields)
    return settings.model_copy(update={"sources": {"demo": source}})


def test_budgets_count_what_was_sent_and_what_windows_still_will(look, store, cards, clock, settings):
    cards.race("aqu", 1, NOW + MINUTE)
    cards.race("aqu", 2, NOW + HOUR, "cancelled")
    cards.run("aqu", "x", NOW - HOUR, kind="near", outcome="ok", requests=3)
    cards.run("aqu", "y", NOW - HOUR, kind="near", outcome="ok", requests=4)
    cards.run("aqu", "z", NOW - HOUR, kind="near", outcome="blocked", requests=1)
    with store.write() as connection:
        for minutes, requests in ((0, 5), (1, 7), (60 * 15, 100), (60 * 16, 1000)):  # the last one is yesterday's
            values = {"host": "127.0.0.1", "minute_at": NOW - NOW % MINUTE - minutes * MINUTE, "requests": requests}
            connection.execute(insert(schema.host_use).values(values))
    write(store, row(clock, NOW - MINUTE, "window", until_at=NOW + 61 * SECOND, every=30_000))
    budgets = look(limited(settings, budget_per_minute=50)).budgets
    assert budgets.limits == {"127.0.0.1": Limits(50, None)}
    assert budgets.polls == {("aqu", "near"): 4}
    assert budgets.races == {"aqu": 1, "gp": 0}
    still = 4  # requests at NOW; those 30 and 60 s later are in the next minutes
    assert budgets.used == {"127.0.0.1": Use(5 + still, 112 + 3 * 4)}


def test_a_sources_own_budget_goes_before_the_general_one(settings):
    told = limited(settings, budget_per_day=900)
    told = told.model_copy(update={"http": told.http.model_copy(update={"budget_per_minute": 9, "budget_per_day": 1})})
    assert snapshot.limits_of(told, ("aqu", "gp")) == {"127.0.0.1": Limits(9, 900)}
