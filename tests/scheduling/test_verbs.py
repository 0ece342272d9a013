"""What `scheduler.py plan`, `locks`, `--region` and `--failed-of` find out."""

import argparse
import datetime as dt
import signal
import subprocess
import sys
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.config.tracks import SourceConfig
from horses_scrapy.config.updates import Updates
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.only_one import only_one
from horses_scrapy.scheduling import cost, dry_run, locks, next_jobs, pick, verbs
from horses_scrapy.scheduling.plan import PastSlot, RaceState, Watched, next_due, plan
from horses_scrapy.scheduling.race_day import OFFICIAL_AFTER_S, PerPoll, load
from horses_scrapy.storage import migrate, schema
from horses_scrapy.storage.slots import CARD, POSTED
from horses_scrapy.updates import by_hand

NEW_YORK = ZoneInfo("America/New_York")
NOW = to_ms(dt.datetime(2025, 6, 16, 9, tzinfo=NEW_YORK))
POST = NOW + 4 * 3_600_000
HOUR_MS = 3_600_000


# --- plan: what a day costs -------------------------------------------------------------------------------------------


def planned(posts, told):
    """Polls of (the whole card, near races) when the plan itself is asked all day."""
    now, slots, counts = posts[0] - told.hours_before * 1000, [], {True: 0, False: 0}
    watched = [Watched("aqu", told)]
    while now < posts[-1] + (OFFICIAL_AFTER_S + told.hours_after) * 1000:
        over = [post + OFFICIAL_AFTER_S * 1000 for post in posts]
        races = [
            RaceState("aqu", "2025-06-16", number, post, "official" if end <= now else "open", official_at=end if end <= now else None)
            for number, (post, end) in enumerate(zip(posts, over, strict=True), 1)
        ]  # fmt: skip
        for due in plan(now, watched, races, slots, 0):
            counts[due.kind == CARD] += 1
            slots.append(PastSlot("aqu", due.kind, due.due_at, due.due_at, POSTED))
        now = next_due(now, watched, races, slots[-20:], 0)
        slots = slots[-20:]
    return counts


@pytest.mark.parametrize("floor", [1, 30, 60])
@pytest.mark.parametrize("spacing", [25, 40, 90])
def test_the_estimate_of_a_day_is_what_the_plan_asks_for(floor, spacing):
    told = Scraping().at_least(floor)
    posts = [POST + number * spacing * 60_000 for number in range(8)]
    counts = planned(posts, told)
    found = load(posts, told, 0, PerPoll(card=100, near=1))
    assert found.polls == pytest.approx(counts[True] + counts[False], rel=0.1)
    assert found.requests == pytest.approx(100 * counts[True] + counts[False], rel=0.1)


def test_a_poll_asks_what_it_asked_before_else_for_the_card_and_each_race():
    posts = [POST, POST + HOUR_MS]
    told = Scraping().at_least(30)
    one_each = load(posts, told, 2, PerPoll(1, 1))
    assert one_each.requests == one_each.polls
    assert load(posts, told, 2, PerPoll(1, 1)).polls == load(posts, told, 0, PerPoll(1, 1)).polls + 2
    assert load(posts, told, 2, PerPoll()).requests == load(posts, told, 2, PerPoll(3, 2)).requests


@pytest.fixture
def priced(settings):
    """aqu: a metered host; gp: another host, and no price."""
    sources = {"demo": SourceConfig(cost_per_request=0.01, budget_per_day=100), "free": SourceConfig()}
    gp = settings.tracks["gp"].model_copy(update={"source": "free", "base_url": "http://free.example"})
    return settings.model_copy(update={"sources": sources, "tracks": {**settings.tracks, "gp": gp}})


def reckoned(settings, store, now=NOW):
    with store.read() as connection:
        found = cost.reckon(settings, now, connection)
    return {day.key: day for day in found.tracks}, {host.host: host for host in found.hosts}, found.profiles


def no_updates(settings):
    updates = {name: settings.updates.of(name).model_copy(update={"enabled": False}) for name in Updates.NAMES}
    return settings.model_copy(update={"updates": settings.updates.model_copy(update=updates)})


def test_racing_hours_are_those_of_the_stored_card_else_of_the_last_one_else_assumed(priced, store, cards):
    cards.race("aqu", 1, POST, day="2025-06-16")
    cards.race("aqu", 2, POST + HOUR_MS, day="2025-06-16")
    cards.race("gp", 1, POST - 3 * 86_400_000, day="2025-06-13")
    cards.race("gp", 2, POST + 86_400_000, day="2025-06-17")
    tracks, _, _ = reckoned(priced, store)
    assert (tracks["aqu"].card, tracks["aqu"].posts) == ("today", (POST, POST + HOUR_MS))
    assert (tracks["gp"].card, tracks["gp"].posts) == ("as 2025-06-13", (POST,))
    bare = cost.reckon(priced, NOW, None).tracks
    assert {(day.card, len(day.posts)) for day in bare} == {("assumed", cost.RACES)}


def test_each_host_is_told_its_requests_and_what_they_cost(priced, store, cards):
    cards.race("aqu", 1, POST, day="2025-06-16")
    for number in range(4):
        cards.run("aqu", None, NOW - 1000, outcome="ok", kind="card", requests=10 + number % 2)
    cards.run("aqu", None, NOW - 8 * 86_400_000, outcome="ok", kind="card", requests=1000)
    tracks, hosts, _ = reckoned(no_updates(priced), store)
    assert tracks["aqu"].whole == 11
    metered, free = hosts["127.0.0.1"], hosts["free.example"]
    assert metered.cadence == tracks["aqu"].load.requests
    assert (metered.updates, metered.month, metered.budget) == (0, 30 * metered.cadence, 100)
    assert metered.cost == pytest.approx((metered.cadence * 0.01, metered.month * 0.01))
    assert (free.cost, free.budget, free.tracks) == (None, None, 1)


@pytest.mark.parametrize(
    ("name", "changes", "in_a_day", "in_a_month"),
    [
        ("daily_data", {"days_ahead": 2, "days_back": 1}, 4 * 2, 30 * 4 * 2),
        ("daily_data", {"days_ahead": 0, "days_back": 0}, 1 * 2, 30 * 1 * 2),
        ("weekly_reconciliation", {"days_back": 7}, 0, 4 * 7 * 2),
        ("historical_sync", {"days_back": 30}, 30 * 2, 30 * 30 * 2),
        ("reference_data", {}, 0, 0),
        ("live_data", {"cron": "*/15 * * * *", "racing_hours": False}, 96 * 2, 30 * 96 * 2),
        ("live_data", {"cron": "*/15 * * * *"}, 6 * 2, 30 * 6 * 2),  # 12:00 to 13:20 in New York
    ],
)
def test_an_update_asks_for_each_of_its_days(priced, store, cards, name, changes, in_a_day, in_a_month):
    """One race: 2 requests for a card. NOW is a Monday, 13:00 UTC."""
    cards.race("aqu", 1, POST, day="2025-06-16")
    told = no_updates(priced)
    update = told.updates.of(name).model_copy(update={"enabled": True, **changes})
    told = told.model_copy(update={"updates": told.updates.model_copy(update={name: update})})
    host = reckoned(told, store)[1]["127.0.0.1"]
    assert host.updates == in_a_day
    assert host.month - 30 * host.cadence == in_a_month


def test_the_profiles_of_live_data_count_what_falls_into_racing_hours(settings, store, cards):
    for key in ("aqu", "gp"):
        cards.race(key, 1, POST, day="2025-06-16")
    _, _, profiles = reckoned(settings, store)
    assert [(one.cron.split()[0], one.runs) for one in profiles] == [("*/15", 48), ("*/10", 72), ("*/5", 144)]
    assert [one.requests for one in profiles] == [6 * 2 * 2, 9 * 2 * 2, 17 * 2 * 2], (
        "two tracks, a card of two requests"
    )


# --- plan --next ------------------------------------------------------------------------------------------------------


def test_the_next_job_of_each_track_and_update_in_utc_and_local_time(settings, store, cards, clock):
    clock.at, clock.boot = NOW, NOW - HOUR_MS
    cards.race("aqu", 1, POST, day="2025-06-16")
    with store.write() as connection:
        for key in ("aqu", "gp"):
            row = {"track": key, "kind": "card", "due_at": NOW - 60_000, "job_id": key, "state": "posted", "run_id": 1}
            connection.execute(insert(schema.slot).values(due_mono=HOUR_MS - 60_000, posted_at=NOW - 60_000, **row))
    for key in ("aqu", "gp"):
        cards.run(key, key, NOW - 50_000, outcome="ok", finished_at=NOW - 40_000)
    jobs = next_jobs.following(settings, dry_run.look(settings, clock))
    assert all(one.at <= other.at for one, other in pairwise(jobs))
    found = {job.name: job for job in jobs}
    assert set(found) == {"aqu", "gp", "daily_data", "weekly_reconciliation", "reference_data"}
    assert found["gp"].row == ("06-16 14:00:00", "06-16 10:00 EDT", "gp", "card"), "no races: the next card time"
    assert found["daily_data"].row[:2] == ("06-17 06:00:00", "06-17 06:00 UTC")
    assert NOW < found["aqu"].at <= POST - 3_600_000 + 900_000


# --- locks ------------------------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from horses_scrapy.only_one import only_one
with only_one(Path(sys.argv[1]), "scheduler"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_its_holder_and_is_free_once_that_is_killed(settings):
    path = settings.state_dir / "scheduler.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        held = locks.of_files(settings)[0]
        assert (held.lock, held.holder, held.state) == ("scheduler.lock", f"pid {holder.pid}", "held")
        assert 0 <= held.age < 30
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        holder.stdout.close()
    assert locks.of_files(settings)[0].row == ("scheduler.lock", "", "", f"free; last pid {holder.pid}")
    with only_one(path, "scheduler"):
        pass


def test_a_look_at_a_lock_that_is_not_there_makes_none(settings):
    assert [held.row for held in locks.of_files(settings)] == [
        ("scheduler.lock", "", "", "free"), ("mailer.lock", "", "", "free"),
    ]  # fmt: skip
    assert not settings.state_dir.exists()
    with only_one(settings.state_dir / "updates" / "daily_data.lock", "daily_data"):
        assert locks.of_files(settings)[2].state == "held"


def test_leases_that_run_and_a_leader_that_does_not_renew(store):
    with store.write() as connection:
        for track, expires_at in (("aqu", NOW + 1), ("gp", NOW)):
            connection.execute(
                insert(schema.track_lease).values(track=track, holder="job", epoch=1, expires_at=expires_at)
            )
        lead = {"name": "scheduler", "epoch": 3, "holder": "box:7", "taken_at": NOW - 3_723_000}
        connection.execute(insert(schema.leader).values(**lead, renewed_at=NOW - 20_000))
    with store.read() as connection:
        assert [held.row for held in locks.stored(connection, NOW, tick=10)] == [
            ("leader scheduler", "box:7", "1 h 2 min", "epoch 3, renewed 20 s ago"),
            ("track aqu", "job", "", "1 s left, unless renewed"),
        ]
        stale = next(locks.stored(connection, NOW + 1, tick=10))
    assert stale.state == "epoch 3, renewed 20 s ago; stale: frees itself"


# --- --region, --failed-of ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "keys"), [("IE", {"gp"}), ("us, ie", {"aqu", "gp"}), ("US,", {"aqu"})])
def test_a_region_keeps_the_tracks_of_its_countries(settings, told, keys):
    assert set(pick.in_regions(in_ireland(settings), told).enabled_tracks) == keys


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("IE,XX", "--region IE,XX: no track lies in XX; known: IE, US"),
        (",", "known: IE, US"),
        ("GB", "no track lies in GB"),
    ],
)
def test_an_unknown_region_is_refused_with_those_that_there_are(settings, told, says):
    with pytest.raises(ConfigError, match=says):
        pick.in_regions(in_ireland(settings), told)


def test_a_region_without_an_enabled_track_is_refused(settings):
    with pytest.raises(ConfigError, match="none of its tracks is enabled"):
        pick.in_regions(in_ireland(settings).watching({"aqu"}), "IE")


def in_ireland(settings):
    gp = settings.tracks["gp"].model_copy(update={"country": "IE"})
    return settings.model_copy(update={"tracks": {**settings.tracks, "gp": gp}})


@pytest.fixture
def batch(store, cards):
    """A slot of a track, and how its run ended; the run's id."""

    def write(track, outcome, due_at=NOW, kind="card", trigger="schedule", state="posted", **more):
        job = f"{track}-{kind}-{due_at}"
        ran = state == "posted"
        run = cards.run(track, job, due_at, outcome=outcome, kind=kind, trigger=trigger, due_at=due_at) if ran else None
        row = {"track": track, "kind": kind, "due_at": due_at, "due_mono": 0, "job_id": job, "trigger": trigger}
        with store.write() as connection:
            connection.execute(insert(schema.slot).values(state=state, run_id=run, **row, **more))
        return run

    return write


@pytest.mark.parametrize(
    ("outcomes", "failed"),
    [
        ({"aqu": "ok", "gp": "blocked"}, ("gp",)),
        ({"aqu": "timeout", "gp": "lost", "far_away": "lost"}, ("aqu", "gp")),
        ({"aqu": "no_card", "gp": "superseded"}, ()),
        ({"aqu": "skipped", "gp": None}, ()),
    ],
)
def test_the_tracks_that_failed_are_those_of_the_same_batch(settings, store, batch, outcomes, failed):
    run, *_ = [batch(track, outcome) for track, outcome in outcomes.items()]
    batch("gp", "lost", due_at=NOW - pick.TOGETHER_MS - 1)
    batch("gp", "lost", kind="near")
    batch("gp", "lost", due_at=NOW + 1000, trigger="manual")
    assert pick.that_failed(settings, str(run)) == failed


def test_a_poll_that_was_given_up_failed_too_and_a_crawl_by_hand_stands_alone(settings, store, batch, cards):
    run = batch("aqu", "ok")
    batch("gp", None, state="failed")
    assert pick.that_failed(settings, str(run)) == ("gp",)
    assert pick.that_failed(settings, str(cards.run("aqu", None, NOW, outcome="blocked"))) == ("aqu",)
    assert pick.that_failed(settings, str(cards.run("aqu", None, NOW, outcome="ok"))) == ()


def test_an_update_is_asked_by_its_own_number(settings, store, batch):
    with store.write() as connection:
        row = {"name": "daily_data", "trigger": "update", "started_at": NOW}
        for number in (1, 2):
            connection.execute(insert(schema.update_run).values(update_run_id=number, due_at=NOW + number, **row))
    batch("aqu", "ok", kind="daily_data", trigger="update", update_run_id=1)
    batch("gp", "parse_error", kind="daily_data", trigger="update", update_run_id=1)
    batch("aqu", "lost", kind="daily_data", due_at=NOW + 1000, trigger="update", update_run_id=2)
    assert pick.that_failed(settings, "u1") == ("gp",)
    assert pick.that_failed(settings, "u2") == ("aqu",)


@pytest.mark.parametrize("told", ["7", "u7", "x", "", "1u", "-1"])
def test_a_run_that_is_not_there_is_refused(settings, store, told):
    with pytest.raises(ConfigError, match=f"--failed-of {told}: "):
        pick.that_failed(settings, told)


# --- Looking changes nothing ------------------------------------------------------------------------------------------


def test_an_older_database_is_not_brought_up_by_a_look(settings, store, monkeypatch):
    monkeypatch.setattr(migrate, "HEAD", "9999")
    with pytest.raises(
        StoreError, match=r"older than this program's 9999: a look changes nothing; first: scripts/db.py"
    ):
        dry_run.look(settings, Clock())


def test_without_a_database_none_is_made(settings):
    assert [watched.key for watched in dry_run.look(settings, Clock()).watched] == ["aqu", "gp"]
    assert not settings.database_path.parent.exists()


@pytest.mark.parametrize(
    ("country", "watched"),
    [("US", ["aqu"]), ("IE", None)],
    ids=["the region still counts", "no track is left in it: the old settings stay"],
)
def test_a_reload_keeps_to_the_region_that_was_asked_for(settings, monkeypatch, country, watched):
    asked = []
    monkeypatch.setattr(verbs.service, "serve", lambda *_, **told: asked.append(told) or 0)
    monkeypatch.setenv("SCRAPYD_PASSWORD", "correct-horse")
    told = argparse.ArgumentParser()
    by_hand.options(told)
    given = {
        "verb": "run",
        "once": False,
        "standby": True,
        "failed_of": None,
        "wait": 3.0,
        "next": False,
        "since": None,
    }
    arguments = argparse.Namespace(**vars(told.parse_args([])), **given, region="US", dry_run=False)
    assert verbs.run(settings, Clock(), arguments, {}) == 0
    assert (asked[0]["standby"], asked[0]["wait"]) == (True, 3.0)
    tracks = settings.config_file.with_name("tracks.yaml")
    aqu, gp = tracks.read_text().split("  gp:")
    tracks.write_text(
        f"{aqu.replace('country: US', f'country: {country}')}  gp:{gp.replace('country: US', 'country: IE')}"
    )
    new = asked[0]["reload"](settings)
    assert (None if new is None else list(new.enabled_tracks)) == watched
