"""Jobs that do not end are stopped; runs that did not end are lost."""

import pytest

PATIENCE = 10_000


def run_row(cards, run_id):
    return next(row for row in cards.rows("crawl_run") if row["run_id"] == run_id)


@pytest.fixture
def stuck(scheduler, fake, cards, clock):
    """A job of aqu whose run opened five minutes ago, and never ended."""
    scheduler.look()
    fake.start()
    run_id = cards.run("aqu", fake.job_ids[0], clock.at)
    clock.at += 300_001
    return run_id


def test_a_job_past_its_time_is_asked_then_forced_then_killed(scheduler, fake, cards, clock, stuck):
    job = fake.job_ids[0]
    scheduler.dispatch()
    assert fake.cancelled[0] == (job, False)
    assert run_row(cards, stuck)["outcome"] is None, "it may still end by itself"
    scheduler.dispatch()
    assert [name for name, _ in fake.cancelled].count(job) == 1
    clock.at += PATIENCE
    scheduler.dispatch()
    assert [kill for name, kill in fake.cancelled if name == job] == [False, False]
    assert run_row(cards, stuck)["outcome"] == "lost"
    assert run_row(cards, stuck)["reason"] == "did not end within 300 s"
    clock.at += PATIENCE
    scheduler.dispatch()
    assert [kill for name, kill in fake.cancelled if name == job] == [False, False, True]


def test_the_next_poll_goes_out_once_it_is_gone(scheduler, fake, clock, stuck):
    scheduler.dispatch()
    fake.finish()
    while len(fake.posts) == 2 and clock.at < 1_750_000_900_000:
        scheduler.look()
        clock.at += PATIENCE
    assert len(fake.posts) == 3


def test_a_run_that_ends_itself_in_time_is_left_alone(scheduler, fake, cards, clock):
    scheduler.look()
    fake.start()
    run_id = cards.run("aqu", fake.job_ids[0], clock.at)
    clock.at += 299_999
    scheduler.dispatch()
    assert fake.cancelled == []
    assert run_row(cards, run_id)["outcome"] is None


def test_a_run_that_nobody_runs_is_lost_at_once(scheduler, fake, cards, stuck):
    fake.running.clear()
    scheduler.dispatch()
    assert run_row(cards, stuck)["outcome"] == "lost"
    assert fake.cancelled == []


def test_while_scrapyd_is_away_nothing_is_decided(scheduler, fake, cards, stuck):
    fake.failing = ["down"]
    scheduler.dispatch()
    assert run_row(cards, stuck)["outcome"] is None


def test_a_job_that_never_opened_a_run_is_stopped_too(scheduler, fake, clock):
    scheduler.look()
    fake.start()
    clock.at += 300_001
    scheduler.dispatch()
    assert {name for name, _ in fake.cancelled} == set(fake.job_ids)


def test_a_job_that_waits_in_the_queue_is_left_there(scheduler, fake, clock):
    scheduler.look()
    clock.at += 300_001
    scheduler.dispatch()
    assert fake.cancelled == []


def test_a_start_finds_runs_that_were_lost_days_ago(restarted, cards, clock):
    run_id = cards.run("gp", "long-gone", clock.at - 5 * 86_400_000)
    restarted().dispatch()
    assert run_row(cards, run_id)["outcome"] == "lost"
