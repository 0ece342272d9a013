"""From due polls to jobs, against a scrapyd that fails in every way it can."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from horses_scrapy.config.model import Scraping
from horses_scrapy.health import Jobs
from horses_scrapy.scheduling.jobs import UNKNOWN_MS, Known, arguments, grace_ms, verdict, verdict_posted
from horses_scrapy.scheduling.plan import RaceState
from horses_scrapy.storage.slots import SlotRow, write_slot

NOW = 1_750_000_000_000
TOLD = Scraping()
SLOT = SlotRow(track="aqu", kind="near", due_at=NOW, due_mono=1, job_id="j", races=(3, 4))
CARD = SlotRow(track="aqu", kind="card", due_at=NOW, due_mono=1, job_id="j")
WINDOW = SlotRow(
    track="aqu", kind="window", due_at=NOW, due_mono=1, job_id="j", races=(3,), until_at=NOW + 300_000, every=15_000
)
UPDATE = SlotRow(track="aqu", kind="daily_data", due_at=NOW, due_mono=1, job_id="j", arguments={"only": "card"})
GRACE = 30_000


def jobs(**parts):
    """pending, running, finished: the jobs of aqu."""
    return Jobs(*(dict.fromkeys(parts.get(part, ()), "track_aqu") for part in ("pending", "running", "finished")))


NOTHING = jobs()


def race(number=3, post=NOW, day="2025-06-15"):
    return RaceState("aqu", day, number, post, "open")


@pytest.mark.parametrize(
    ("lateness", "newest", "known", "expected"),
    [
        (0, True, Known(NOTHING), "post"),
        (GRACE, True, Known(NOTHING), "post"),
        (GRACE + 1, True, Known(NOTHING), "late"),
        (0, False, Known(NOTHING), "replaced"),
        (90_000, False, Known(jobs(pending="j")), "known"),
        (90_000, True, Known(jobs(running="j")), "known"),
        (90_000, True, Known(jobs(finished="j")), "known"),
        (90_000, True, Known(NOTHING, ran=frozenset("j")), "known"),
        (0, True, Known(NOTHING, busy=frozenset({"aqu"})), "wait"),
        (0, True, Known(jobs(finished="l"), busy=frozenset({"gp"})), "post"),
    ],
)
def test_what_becomes_of_a_planned_slot(lateness, newest, known, expected):
    assert verdict(SLOT, lateness, GRACE, known, newest=newest) == expected


@pytest.mark.parametrize(
    ("lateness", "known", "unknown_ms", "expected"),
    [
        (0, Known(jobs(pending="j")), 0, "known"),
        (90_000, Known(jobs(running="j")), 0, "known"),
        (0, Known(NOTHING, ran=frozenset("j")), 0, "known"),
        (0, Known(jobs(finished="j"), ran=frozenset("j")), 0, "known"),
        (0, Known(jobs(finished="j")), 0, "ended"),
        (0, Known(NOTHING), UNKNOWN_MS - 1, "wait"),
        (0, Known(NOTHING, busy=frozenset({"aqu"})), UNKNOWN_MS, "wait"),
        (GRACE, Known(NOTHING), UNKNOWN_MS, "again"),
        (GRACE + 1, Known(NOTHING), 0, "lost"),
    ],
)
def test_what_becomes_of_a_posted_slot_that_no_run_has_claimed(lateness, known, unknown_ms, expected):
    assert verdict_posted(SLOT, lateness, GRACE, known, unknown_ms) == expected


@pytest.mark.parametrize(
    ("slot", "races", "expected"),
    [
        (CARD, [], 150_000),
        (SLOT, [race(3, NOW + 300_000)], 30_000),
        (CARD, [race(3, NOW + 300_000)], 30_000),
        (SLOT, [race(3, NOW - 15_000)], 7_500),
        (WINDOW, [race(3, NOW + 60_000)], 299_999),
        (UPDATE, [race(3, NOW)], 300_000),
    ],
)
def test_how_late_a_slot_may_be_posted(settings, slot, races, expected):
    assert grace_ms(settings, slot, races, TOLD) == expected


@pytest.mark.parametrize(
    ("slot", "races", "expected"),
    [
        (
            SLOT, [race(3, NOW + 300_000, "2025-06-14"), race(9, NOW + 7_200_000)],
            {"race": "3,4", "date": "2025-06-14", "give_up_at": str(NOW + 55_000)},
        ),
        (CARD, [race(9, NOW + 3_000_000)], {"give_up_at": str(NOW + 295_000)}),
        (SLOT, [race(3, NOW - 15_000)], {"race": "3,4", "date": "2025-06-15", "give_up_at": str(NOW + 10_000)}),
        (
            WINDOW, [race(3, NOW)],
            {"race": "3", "date": "2025-06-15", "give_up_at": str(NOW + 300_000), "until": str(NOW + 300_000), "every": "15"},
        ),
        (UPDATE, [race(3, NOW)], {"only": "card", "give_up_at": str(NOW + 295_000)}),
    ],
)  # fmt: skip
def test_what_the_spider_is_told(settings, slot, races, expected):
    assert arguments(settings, slot, races, TOLD) == expected


def test_each_track_gets_its_job_and_only_one(scheduler, fake, clock, cards):
    scheduler.look()
    scheduler.look()
    assert [(spider, job) for spider, job, _, _ in fake.posts] == [
        ("track_aqu", "aqu-card-20250615t150640z"), ("track_gp", "gp-card-20250615t150640z"),
    ]  # fmt: skip
    slots = cards.rows("slot")
    assert [slot["state"] for slot in slots] == ["posted", "posted"]
    assert [slot["due_mono"] for slot in slots] == [clock.monotonic_ms()] * 2


def test_the_race_that_posts_first_is_queued_first(scheduler, fake, cards, clock):
    cards.race("aqu", 1, clock.at + 900_000)
    cards.race("gp", 1, clock.at + 60_000)
    scheduler.look()
    assert [(spider, priority) for spider, _, priority, _ in fake.posts] == [("track_gp", -60), ("track_aqu", -900)]


def test_a_busy_track_waits_and_is_polled_when_it_is_free(scheduler, fake, clock):
    scheduler.look()
    fake.start()
    clock.at += 300_000 - clock.at % 300_000  # aqu's next instant on the card grid
    while len(fake.posts) == 2 and clock.at < NOW + 600_000:
        scheduler.look()
        clock.at += 10_000
        if clock.at > NOW + 400_000:
            fake.finish()
    assert fake.most_at_once == 1
    assert len(fake.posts) >= 3


def test_a_crawl_by_hand_keeps_the_scheduler_away(scheduler, fake, store, clock):
    with store.write() as connection:
        connection.exec_driver_sql(f"INSERT INTO track_lease VALUES ('aqu', 'run:1', 1, {clock.at + 60_000})")
    scheduler.look()
    assert [spider for spider, *_ in fake.posts] == ["track_gp"]
    clock.at += 61_000
    scheduler.look()
    assert [spider for spider, *_ in fake.posts] == ["track_gp", "track_aqu"]


def test_a_refused_job_is_given_up_and_named(scheduler, fake, cards, caplog):
    fake.failing = ["refuse"]
    scheduler.look()
    assert {slot["state"] for slot in cards.rows("slot")} == {"failed"}
    assert "aqu-card-20250615t150640z is given up: spider not found" in caplog.text


def test_scrapyd_away_is_said_once_and_nothing_is_lost(scheduler, fake, cards, clock, caplog):
    caplog.set_level("INFO")
    fake.failing = ["down"]
    for _ in range(5):
        scheduler.look()
        clock.at += 10_000
    assert caplog.text.count("Polls that fall due wait") == 1
    assert {slot["state"] for slot in cards.rows("slot")} == {"planned"}
    fake.failing = []
    scheduler.look()
    assert len(fake.posts) == 2
    assert caplog.text.count("scrapyd answers again") == 1
    scheduler.look()
    assert caplog.text.count("scrapyd answers again") == 1


def test_after_a_long_outage_each_track_is_polled_once(scheduler, fake, cards, clock):
    fake.failing = ["down"]
    for _ in range(60):
        scheduler.look()
        clock.at += 60_000
    fake.failing = []
    scheduler.look()
    assert len(fake.job_ids) <= 2
    fake.finish()
    clock.at += 300_000 - clock.at % 300_000
    scheduler.look()
    assert 1 <= len(fake.job_ids) <= 3
    assert {slot["state"] for slot in cards.rows("slot")} <= {"failed", "posted"}, "what is older is settled too"


@pytest.mark.parametrize("forgets", [False, True])
def test_an_answer_that_was_lost_is_asked_for(scheduler, fake, cards, clock, forgets):
    """Scrapyd took the job and we did not hear of it: it is in the list, or its run is stored."""
    fake.failing = ["answer lost"]
    scheduler.look()
    assert {slot["state"] for slot in cards.rows("slot") if slot["track"] == "aqu"} == {"posted"}
    fake.failing, fake.forgets = [], forgets
    fake.finish()
    scheduler.look()
    clock.at += 10_000
    scheduler.look()
    assert len(fake.job_ids) == len(set(fake.job_ids)) == 2


def test_a_post_that_never_arrived_is_posted_again(scheduler, fake, clock):
    fake.failing = ["lost"]
    scheduler.look()
    assert fake.posts == []
    fake.failing = []
    clock.at += 10_000
    scheduler.look()
    assert len(fake.posts) == 2


@pytest.mark.parametrize(
    ("later_s", "known", "posts", "state"), [(5, False, 1, "posted"), (5, True, 0, "posted"), (200, False, 0, "failed")]
)
def test_a_crash_between_the_slot_and_the_post(restarted, fake, cards, clock, store, later_s, known, posts, state):
    with store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO slot (track, kind, due_at, job_id, state, due_mono) "
            f"VALUES ('aqu', 'card', {clock.at}, 'j', 'planned', {clock.monotonic_ms()})"
        )
    fake.finished = {"j": "track_aqu"} if known else {}
    clock.at += later_s * 1000
    restarted().look()
    assert fake.job_ids.count("j") == posts
    assert [slot["state"] for slot in cards.rows("slot") if slot["job_id"] == "j"] == [state]


def test_a_slot_left_open_for_a_day_is_settled_at_the_start(restarted, cards, clock, store):
    with store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO slot (track, kind, due_at, job_id, state, due_mono) "
            f"VALUES ('aqu', 'near', {clock.at - 86_400_000}, 'j', 'planned', {clock.monotonic_ms() - 86_400_000})"
        )
    restarted().look()
    assert [slot["state"] for slot in cards.rows("slot") if slot["job_id"] == "j"] == ["failed"]


@pytest.mark.parametrize("step_s", [-7200, -3600, -90, 90, 3600])
def test_a_clock_that_is_set_stops_no_poll(scheduler, fake, clock, cards, step_s):
    for track in ("aqu", "gp"):
        cards.race(track, 1, None)  # nobody has told its post time: the day's cadence

    def drive(seconds):
        for _ in range(seconds // 30):
            scheduler.look()
            fake.finish()
            clock.at += 30_000

    drive(900)
    before = len(fake.posts)
    clock.step(step_s * 1000)
    drive(900)
    assert 5 <= len(fake.posts) - before <= 9
    assert len(set(fake.job_ids)) == len(fake.job_ids)


def test_what_is_late_and_what_is_replaced_is_logged(scheduler, fake, clock, caplog):
    caplog.set_level("INFO")
    fake.running = {"by-hand": "track_aqu"}
    scheduler.look()
    clock.at += 160_000
    scheduler.look()
    assert "aqu-card-20250615t150640z is given up" in caplog.text


def test_a_job_that_scrapyd_lost_is_posted_again_within_its_grace(scheduler, fake, clock, cards, caplog):
    scheduler.look()
    fake.pending.clear()
    for _ in range(9):
        clock.at += 1000
        scheduler.look()
    assert sorted(fake.job_ids) == sorted([*{*fake.job_ids}] * 2), "each of the two a second time, and no more"
    assert "was lost before it began: posted again" in caplog.text


def test_a_job_that_stays_lost_is_given_up_with_its_reason(scheduler, fake, clock, cards):
    scheduler.look()
    fake.pending.clear()
    clock.at += 160_000
    scheduler.look()
    assert {slot["reason"] for slot in cards.rows("slot")} >= {"no run has claimed it, and no scrapyd knows its job"}
    assert set(fake.job_ids) == {slot["job_id"] for slot in cards.rows("slot")}, "no second post of what is too late"


def test_a_job_that_ended_before_its_run_is_not_posted_again(scheduler, fake, clock, cards):
    scheduler.look()
    fake.finish()
    clock.at += 5000
    scheduler.look()
    assert len(fake.posts) == 2
    assert {slot["reason"] for slot in cards.rows("slot")} == {
        "its job ended before its run was opened: see the job's log"
    }


@pytest.mark.parametrize(("away", "busy"), [(59_000, True), (61_000, False)])
def test_a_job_that_holds_no_lease_any_more_keeps_nobody_away(restarted, fake, cards, clock, store, away, busy):
    """Its process hangs: scrapyd still lists it."""
    cards.run("aqu", "hangs", clock.at - away)
    fake.running = {"hangs": "track_aqu"}
    with store.write() as connection:
        connection.exec_driver_sql(f"INSERT INTO track_lease VALUES ('aqu', 'hangs', 1, {clock.at - away + 60_000})")
    restarted().look()
    assert ("track_aqu" not in [spider for spider, *_ in fake.posts]) == busy


def test_an_update_goes_last_and_waits_for_what_is_near_its_post(scheduler, fake, cards, clock, store):
    cards.race("aqu", 1, clock.at + 300_000)
    at = {"due_at": clock.at, "due_mono": clock.monotonic_ms(), "kind": "daily_data", "arguments": {"only": "card"}}
    with store.write() as connection:
        for track in ("aqu", "gp"):
            write_slot(connection, SlotRow(track=track, job_id=f"{track}-daily", trigger="update", **at))
    scheduler.look()
    assert [spider for spider, *_ in fake.posts] == ["track_aqu", "track_gp"], "the polls"
    for _ in range(20):
        for job, spider in list(fake.pending.items()):
            cards.run(spider[6:], job, clock.at, finished_at=clock.at, outcome="ok")
        fake.finish()
        clock.at += 10_000
        scheduler.look()
    posted = {job: (priority, given["only"]) for _, job, priority, given in fake.posts if job.endswith("daily")}
    assert posted == {"aqu-daily": (-1_000_000, "card"), "gp-daily": (-1_000_000, "card")}
    assert fake.job_ids.index("gp-daily") < fake.job_ids.index("aqu-daily")
    assert fake.most_at_once == 1


actions = st.lists(
    st.sampled_from(
        ["wait", "wait", "wait", "start", "finish", "down", "up", "answer lost", "lost", "restart", "crash"]
    ),
    min_size=20,
    max_size=60,
)


@hypothesis_settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=actions)
def test_never_two_jobs_of_one_track(restarted, fake, cards, clock, actions):
    """Whatever fails in whatever order: no job id twice, and no track twice at once."""
    clock.at += 10_000_000  # the examples share a database
    fake.__init__()
    for number, track in enumerate(("aqu", "gp")):
        cards.race(track, clock.at // 10_000_000 % 1000, clock.at + 400_000 + number * 60_000)
    scheduler = restarted()
    for action in actions:
        if action in ("start", "finish"):
            getattr(fake, action)()
        elif action in ("down", "answer lost", "lost"):
            fake.failing = [action]
        elif action == "up":
            fake.failing = []
        elif action == "restart":
            scheduler = restarted()
        elif action == "crash":  # after the slots were written, before they were posted
            fake.failing = ["down"]
            scheduler.look()
            scheduler, fake.failing = restarted(), []
        scheduler.look()
        clock.at += 10_000
        assert fake.most_at_once <= 1
        assert len(set(fake.job_ids)) == len(fake.job_ids)
