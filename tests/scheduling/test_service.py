"""The start, the end and the exit codes, in this process."""

import os
import signal

import pytest

from horses_scrapy import config
from horses_scrapy.errors import FATAL, OK, PARTIAL, ConfigError, Unhealthy
from horses_scrapy.health import Fault
from horses_scrapy.scheduling import dry_run, leadership, service
from horses_scrapy.scheduling.once import crawl_each
from horses_scrapy.scheduling.stop import Stop, on_signals


class Never:
    asked = False

    def wait(self, _seconds):
        return False


def loaded(home):
    return config.load(home / "config" / "config.yaml", environ={"SCRAPYD_PASSWORD": "x"})


@pytest.fixture
def healthy(monkeypatch):
    """What the checks find; nothing."""
    found = []
    monkeypatch.setattr(service, "check", lambda *_: found)
    return found


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ({"aqu": "ok", "gp": "ok"}, OK),
        ({"aqu": "ok", "gp": "no_card"}, OK),
        ({"aqu": "ok", "gp": "blocked"}, PARTIAL),
        ({"aqu": "lost", "gp": "no_card"}, PARTIAL),
        ({"aqu": "timeout", "gp": "parse_error"}, FATAL),
        ({"aqu": "ok", "gp": None}, PARTIAL),
    ],
)
def test_once_tells_by_its_code_how_the_crawls_ended(scheduler, fake, cards, clock, caplog, ends, code):
    """None: the job ended before it opened a run."""

    def crawl(spider, job):
        outcome = ends[spider.removeprefix("track_")]
        fake.finish()
        if outcome is not None:
            cards.run(spider.removeprefix("track_"), job, clock.at, finished_at=clock.at, outcome=outcome)

    fake.on_post = crawl
    assert crawl_each(scheduler, Never()) == code
    assert len(fake.posts) == 2
    bad = [f"{track}-card-20250615t150640z: {end}" for track, end in ends.items() if end not in {"ok", "no_card", None}]
    assert all(text in caplog.text for text in bad)
    assert ("before its run was opened" in caplog.text) == (None in ends.values())


def test_once_goes_although_the_track_was_polled_this_second(scheduler, fake, cards, clock):
    scheduler.look()
    fake.finish()
    fake.on_post = lambda _spider, job: (fake.finish(), cards.run("aqu", job, 1, finished_at=2, outcome="ok"))
    assert crawl_each(scheduler, Never()) == OK
    assert len(set(fake.job_ids)) == 4


def test_once_ends_when_scrapyd_never_answers(scheduler, fake, monkeypatch):
    fake.failing = ["down"]
    monkeypatch.setattr("horses_scrapy.scheduling.once._patience_s", lambda _: 0.1)
    assert crawl_each(scheduler, Never()) == FATAL


def test_once_ends_when_it_is_told_to_stop(scheduler):
    stop = Stop()
    stop.ask()
    assert crawl_each(scheduler, stop) == FATAL
    stop.close()


def test_a_start_tells_the_tracks_and_the_database_in_this_order(settings, healthy, clock, caplog, monkeypatch):
    caplog.set_level("INFO")
    order = []
    monkeypatch.setattr(service, "check", lambda *_: order.append("health") or [])
    monkeypatch.setattr(service.Scheduler, "run", lambda *_: order.append("loop"))
    assert service.serve(settings, clock) == OK
    assert order == ["health", "loop"]
    ours = {service.__name__, leadership.__name__}
    told = [record.getMessage() for record in caplog.records if record.name in ours]
    assert [text.split()[0] for text in told] == ["Monitoring", "SQLite", "Watching;", "Stopped"]
    assert told[0] == "Monitoring 2 tracks: AQU, GP"


def test_an_unhealthy_start_names_every_check(settings, healthy, clock, monkeypatch):
    healthy += [Fault("database", "read only"), Fault("scrapyd", "away")]
    monkeypatch.setattr(service.Scheduler, "run", lambda *_: pytest.fail("started"))
    for run in (service.serve, service.once):
        with pytest.raises(Unhealthy, match="database: read only; scrapyd: away"):
            run(settings, clock)


def test_a_start_waits_as_long_as_it_is_told_to(settings, healthy, clock, monkeypatch):
    looks = []
    faults = [[Fault("scrapyd", "away")], [Fault("scrapyd", "away")], []]
    monkeypatch.setattr(service, "check", lambda *_: faults[looks.append(1) or len(looks) - 1])
    monkeypatch.setattr(service.Scheduler, "run", lambda *_: None)
    assert service.serve(settings, clock, wait=30) == OK
    assert len(looks) == 3


def test_a_missing_spider_stops_nothing_but_shows_in_the_exit_code(settings, healthy, clock, caplog, monkeypatch):
    healthy.append(Fault("spiders", "scrapyd has no spider track_gp", fatal=False))
    monkeypatch.setattr(service.Scheduler, "run", lambda *_: None)
    assert service.serve(settings, clock) == PARTIAL
    assert "scrapyd has no spider track_gp" in caplog.text


def test_a_broken_track_is_named_and_the_others_are_watched(home, healthy, clock, caplog, monkeypatch):
    caplog.set_level("INFO")
    tracks = home / "config" / "tracks.yaml"
    tracks.write_text(tracks.read_text().replace("code: GP", "code: nonsense"))
    monkeypatch.setattr(service.Scheduler, "run", lambda *_: None)
    assert service.serve(loaded(home), clock) == PARTIAL
    assert f"Not watched: {tracks}:" in caplog.text
    assert "tracks.gp.code" in caplog.text
    assert "Monitoring 1 track: AQU" in caplog.text


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("alerts.yaml", "rules: [{kind: nonsense}]\n", "alerts.yaml"),
        ("tracks.yaml", "sources: {}\n", "no track is enabled"),
    ],
)
def test_broken_configuration_stops_the_start(home, healthy, clock, file, text, said):
    (home / "config" / file).write_text(text)
    with pytest.raises(ConfigError, match=said):
        service.serve(loaded(home), clock)


def test_a_dry_run_makes_no_database(home, settings, clock):
    first, second, following = dry_run.lines(settings, clock)
    assert first == "Would queue track_aqu: the whole card, due 2025-06-15 15:06:40Z, job aqu-card-20250615t150640z"
    assert second.startswith("Would queue track_gp: the whole card")
    assert following == "Next: 2025-06-16 10:00:00Z", "06:00 at the track: no race is known yet"
    assert not (home / "data").exists()


def test_a_dry_run_refuses_the_rules_that_a_start_would_refuse(settings, clock):
    settings.alerts_file.write_text("rules: 7")
    with pytest.raises(ConfigError, match=r"alerts\.yaml"):
        dry_run.lines(settings, clock)


def test_a_dry_run_tells_the_races_near_and_when_the_next_poll_is_due(scheduler, settings, fake, clock, cards, store):
    scheduler.look()
    fake.finish()
    assert dry_run.lines(settings, clock) == ["Nothing is due now", "Next: 2025-06-16 10:00:00Z"]
    cards.race("aqu", 7, clock.at + 120_000)
    clock.at += 100_000
    assert dry_run.lines(settings, clock) == [
        "Would queue track_aqu: races 7, due 2025-06-15 15:08:00Z, job aqu-near-20250615t150800z",
        "Next: 2025-06-15 15:08:40Z",  # its off
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_wakes_the_sleeper_and_the_next_one_kills(number):
    before = signal.getsignal(number)
    with on_signals(60) as stop:
        assert not stop.wait(0)
        os.kill(os.getpid(), number)
        assert stop.wait(60)
        assert stop.asked
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGINT) == signal.SIG_DFL
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60, "or it is killed"
    assert signal.getsignal(number) == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


# --- Reading the configuration again ----------------------------------------------------------------------------------


def test_a_reload_watches_the_new_tracks_under_the_same_lock(home, settings, healthy, clock, caplog, monkeypatch):
    caplog.set_level("INFO")
    seen = []

    def run(scheduler, stop):
        seen.append(scheduler)
        if len(seen) == 1:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.wait(60)
        elif len(seen) == 2:
            (home / "config" / "alerts.yaml").write_text("rules: 7")
            stop.ask_reload()

    monkeypatch.setattr(service.Scheduler, "run", run)
    told = [settings.watching(["gp"]), settings.watching(["aqu"])]
    assert service.serve(settings, clock, reload=lambda _: told.pop(0)) == OK
    assert [scheduler.parts.tracks for scheduler in seen] == [("aqu", "gp"), ("gp",), ("gp",)]
    assert seen[1] is seen[2], "rules that cannot be used leave all as it was"
    assert seen[0].parts.lead is seen[1].parts.lead
    assert "the old configuration stays in force" in caplog.text


def test_files_with_faults_change_nothing(home, settings, healthy, clock, caplog, monkeypatch):
    seen = []

    def run(scheduler, stop):
        seen.append(scheduler)
        if len(seen) == 1:
            (home / "config" / "config.yaml").write_text("scheduler: {tick: never}")
            stop.ask_reload()

    monkeypatch.setattr(service.Scheduler, "run", run)
    assert service.serve(settings, clock) == OK
    assert seen[0] is seen[1]
    assert "scheduler.tick" in caplog.text


def test_a_stop_that_comes_with_a_reload_is_a_stop():
    stop = Stop()
    stop.ask_reload()
    assert stop.wait(60)
    assert stop.takes_reload()
    assert not stop.takes_reload()
    assert not stop.wait(0)
    stop.ask_reload()
    stop.ask()
    assert stop.takes_reload()
    assert stop.wait(60)
    stop.close()
