"""From due polls to jobs, against a scrapyd that fails in every way it can."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from horses_scrapy.config.model import Scraping
from horses_scrapy.health import Jobs
from horses_scrapy.scheduling.jobs import Known, arguments, verdict
from horses_scrapy.scheduling.plan import RaceState
from horses_scrapy.storage.slots import SlotRow

NOW = 1_750_000_000_000
TOLD = Scraping()
SLOT = SlotRow(track="aqu", kind="near", due_at=NOW, due_mono=1, job_id="j", races=(3, 4))
NOTHING = Jobs({}, {}, {})


def race(number=3, post=NOW, day="2025-06-15"):
    return RaceState("aqu", day, number, post, "open")


@pytest.mark.parametrize(
    ("lateness", "newest", "known", "expected"),
    [
        (0, True, Known(NOTHING, frozenset(), frozenset()), "post"),
        (30_000, True, Known(NOTHING, frozenset(), frozenset()), "post"),
        (30_001, True, Known(NOTHING, frozenset(), frozenset()), "late"),
        (0, False, Known(NOTHING, frozenset(), frozenset()), "replaced"),
        (90_000, False, Known(Jobs({"j": "track_aqu"}, {}, {}), frozenset(), frozenset()), "known"),
        (90_000, True, Known(Jobs({}, {"j": "track_aqu"}, {}), frozenset(), frozenset()), "known"),
        (90_000, True, Known(Jobs({}, {}, {"j": "track_aqu"}), frozenset(), frozenset()), "known"),
        (90_000, True, Known(NOTHING, frozenset({"j"}), frozenset()), "known"),
        (0, True, Known(Jobs({"k": "track_aqu"}, {}, {}), frozenset(), frozenset()), "wait"),
        (0, True, Known(Jobs({}, {"k": "track_aqu"}, {}), frozenset(), frozenset()), "wait"),
        (0, True, Known(NOTHING, frozenset(), frozenset({"aqu"})), "wait"),
        (0, True, Known(Jobs({}, {"k": "track_gp"}, {"l": "track_aqu"}), frozenset(), frozenset({"gp"})), "post"),
    ],
)
def test_what_becomes_of_a_planned_slot(lateness, newest, known, expected):
    assert verdict(SLOT, lateness, newest, known, TOLD) == expected


def test_a_card_may_be_later_than_a_near_poll():
    card = SlotRow(track="aqu", kind="card", due_at=NOW, due_mono=1, job_id="j")
    nothing = Known(NOTHING, frozenset(), frozenset())
    assert [verdict(card, late, True, nothing, TOLD) for late in (150_000, 150_001)] == ["post", "late"]


def test_the_spider_is_told_its_races_their_date_and_when_to_give_up():
    races = [race(3, NOW + 60_000, "2025-06-14"), race(9, NOW + 7_200_000)]
    assert arguments(SLOT, races, NOW, TOLD) == {
        "race": "3,4", "date": "2025-06-14", "give_up_at": str(NOW + 60_000 - 5000),
    }  # fmt: skip
    card = SlotRow(track="aqu", kind="card", due_at=NOW, due_mono=1, job_id="j")
    assert arguments(card, races[1:], NOW, TOLD) == {"give_up_at": str(NOW + 300_000 - 5000)}
    assert arguments(card, races, NOW, TOLD)["give_up_at"] == str(NOW + 60_000 - 5000), "the next near poll is sooner"


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
def test_a_clock_that_is_set_stops_no_poll(scheduler, fake, clock, step_s):
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


actions = st.lists(
    st.sampled_from(
        ["wait", "wait", "wait", "start", "finish", "down", "up", "answer lost", "lost", "restart", "crash"]
    ),
    min_size=20,
    max_size=120,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=actions)
def test_never_two_jobs_of_one_track(restarted, fake, cards, clock, actions):
    """Whatever fails in whatever order: no job id twice, and no track twice at once."""
    clock.at += 10_000_000  # the examples share a database
    fake.__init__()
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
