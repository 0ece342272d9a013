"""Each check against what it looks for."""

import json
from contextlib import closing

import pytest
import stored_sample
from mail_queue import fill
from smtp_answers import smtp_answering
from sqlalchemy import insert, select

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.health import report
from horses_scrapy.health.checks import disk, jobs
from horses_scrapy.health.checks import time as time_check
from horses_scrapy.health.here import Here
from horses_scrapy.storage import schema, slots
from horses_scrapy.storage.engine import Store, address_of, open_store

SECRET = {"scrapyd": {"password": "correct-horse"}}


class SetClock(Clock):
    """Stands where it is put."""

    def __init__(self, at_ms):
        super().__init__()
        self.__dict__["at"] = at_ms

    def now_ms(self):
        return self.__dict__["at"]

    def put(self, at_ms):
        self.__dict__["at"] = at_ms


@pytest.fixture
def home(home_at, monkeypatch, guarded):
    monkeypatch.setattr(jobs, "SECOND_LOOK_S", 0.05)
    return home_at(guarded.url)


@pytest.fixture
def clock():
    return SetClock(Clock().now_ms())


@pytest.fixture
def store(home, clock):
    with closing(open_store(home.settings, clock)) as opened:
        yield opened


@pytest.fixture
def ask(home, clock):
    """A check by its name, as the health check runs it."""

    def run(name, **system):
        settings = home.settings
        if system:
            settings = settings.model_copy(update={"system": settings.system.model_copy(update=system)})
        (found,) = report.examine(Here(settings, clock), [name])
        return found.result

    return run


# --- The database -------------------------------------------------------------------------------------------------------


def test_the_write_is_real_and_a_dry_run_takes_it_back(ask, store, clock):
    def noted():
        with store.read() as connection:
            return connection.scalar(select(schema.meta.c.value).where(schema.meta.c.key == "health_check"))

    assert (ask("database").state, noted()) == ("ok", str(clock.now_ms()))
    before = noted()
    clock.put(clock.now_ms() + 1000)
    assert (ask("database", dry_run=True).state, noted()) == ("ok", before)


def test_a_database_of_whom_another_writes_for_too_long(ask, store, monkeypatch):
    monkeypatch.setattr("horses_scrapy.health.here.WRITE_S", 0.1)
    with store.write():
        found = ask("database")
    assert found.state == "fail"
    assert "not free for writing within 0.1 s: process" in found.text


def test_a_damaged_page_is_found(ask, store):
    with store.write() as connection:
        stored_sample.fill(connection)
    store.close()
    with store.path.open("r+b") as file:
        size = file.seek(0, 2)
        for page in range(8, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)
    assert ask("soundness").state == "fail"
    assert "restore" in ask("soundness").text


def test_an_older_database_is_left_as_it_is(ask, store):
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert "0001 is older" in ask("database").text
    with closing(Store(store.address)) as same:
        assert same.look().revision == "0001"


def test_a_server_is_asked_in_its_own_words(postgres_url, clock, tmp_path):
    told = {"home": tmp_path, "config_file": tmp_path / "config.yaml", "system": {"database_url": postgres_url}}
    found = {
        each.name: each.result
        for each in report.examine(Here(Settings.model_validate(told), Clock()), ["database", "soundness", "clock"])
    }
    assert (found["database"].state, found["soundness"].state) == ("ok", "skipped")
    assert abs(found["clock"].facts["server_s"]) < time_check.WARN_S


# --- The disk -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "state"), [(99, "fail"), (100, "warn"), (499, "warn"), (500, "ok")])
def test_the_space_left(ask, monkeypatch, free, state):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free * 1_000_000}))
    assert ask("disk").state == state


def test_a_folder_that_takes_no_file(ask, home, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(disk.tempfile, "NamedTemporaryFile", refuse)
    assert ask("disk").text == f"{home.folder}: takes no file: Permission denied"


# --- scrapyd and its queue ----------------------------------------------------------------------------------------------


def test_scrapyd_with_and_without_a_password(ask, server, guarded):
    assert ask("scrapyd").state == "ok"
    guarded.RequestHandlerClass = guarded.RequestHandlerClass.__mro__[1]
    server.answer = (200, guarded.told)
    assert "answers without a password" in ask("scrapyd").text
    server.answer = (401, "")
    assert "password is not ours" in ask("scrapyd").text


def test_one_node_of_two_is_enough_to_go_on(ask, home, guarded):
    text = home.file.read_text().replace("timeout: 1}", "timeout: 1, nodes: ['http://127.0.0.1:9']}")
    home.file.write_text(text)
    found = ask("scrapyd")
    assert found.state == "warn"
    assert found.text.startswith("1 of 2 answer; scrapyd at http://127.0.0.1:9: no connection")
    assert ask("queue").state == "ok"


def _jobs(pending=(), running=()):
    listed = {"pending": pending, "running": running, "finished": ()}
    return json.dumps({"status": "ok", **{p: [{"id": i, "spider": "s"} for i in ids] for p, ids in listed.items()}})


def _post(store, clock, job_id, age_s):
    at = clock.now_ms() - age_s * 1000
    row = slots.SlotRow(track="demo", kind="near", due_at=at, due_mono=0, job_id=job_id, state="posted", posted_at=at)
    with store.write() as connection:
        assert slots.write_slot(connection, row)


@pytest.mark.parametrize(
    ("pending", "running", "age_s", "state", "words"),
    [
        ((), (), 0, "ok", "0 waiting, 0 running"),
        ((), ("r",), 0, "ok", "0 waiting, 1 running"),
        (("a",), (), 1, "fail", "scrapyd starts nothing; restart it"),
        (("a",), ("r",), 299, "ok", "1 waiting, 1 running"),
        (("a",), ("r",), 302, "fail", "the oldest for 302 s: raise max_proc"),
    ],
)
def test_the_queue(ask, store, clock, guarded, pending, running, age_s, state, words):
    _post(store, clock, "a", age_s)
    guarded.told = _jobs(pending, running)
    assert (ask("queue").state, words in ask("queue").text) == (state, True)


def test_a_queue_that_moves_is_not_stuck(ask, store, guarded, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda _: setattr(guarded, "told", _jobs(["b"])))
    guarded.told = _jobs(["a"])
    assert ask("queue").state == "ok"


# --- The scheduler ------------------------------------------------------------------------------------------------------


def _lead(store, clock, age_s):
    row = {"name": "scheduler", "epoch": 1, "holder": "here:7", "taken_at": 0}
    with store.write() as connection:
        connection.execute(insert(schema.leader).values(**row, renewed_at=clock.now_ms() - age_s * 1000))


def test_a_scheduler_that_never_looked(ask, store):
    assert "never looked" in ask("scheduler").text


@pytest.mark.parametrize(("age_s", "state"), [(0, "ok"), (30, "ok"), (31, "fail")])
def test_the_scheduler_s_newest_look(ask, store, clock, age_s, state):
    _lead(store, clock, age_s)
    assert ask("scheduler").state == state


@pytest.mark.parametrize(
    ("kind", "age_s", "slot_state", "state"),
    [
        ("near", 59, "planned", "ok"), ("near", 61, "planned", "fail"), ("near", 61, "posted", "ok"),
        ("near", 61, "failed", "ok"), ("card", 479, "planned", "ok"), ("card", 481, "planned", "fail"),
        ("window", 61, "planned", "fail"), ("daily_data", 999, "planned", "ok"),
    ],
)  # fmt: skip
def test_slots_that_nobody_posted(ask, store, clock, kind, age_s, slot_state, state):
    _lead(store, clock, 0)
    due_at = clock.now_ms() - age_s * 1000
    row = slots.SlotRow(track="demo", kind=kind, due_at=due_at, due_mono=0, job_id="late", state=slot_state)
    with store.write() as connection:
        slots.write_slot(connection, row)
    found = ask("scheduler")
    assert found.state == state
    assert found.facts["overdue"] == (["late"] if state == "fail" else [])


# --- Tracks -------------------------------------------------------------------------------------------------------------

POST_S = 1800  # stored_sample: boards at 0, 60 and 120, the post at 1800


def _crawl(store, clock, outcome, age_s=0):
    row = {"spider": "track_demo", "track": "demo", "kind": "card", "outcome": outcome}
    at = clock.now_ms() - age_s * 1000
    with store.write() as connection:
        connection.execute(insert(schema.crawl_run).values(**row, started_at=at, finished_at=at))


def _card(store):
    with store.write() as connection:
        stored_sample.store(connection, stored_sample.card(1))
        stored_sample.store(connection, stored_sample.board(1, 60))


def _at(clock, seconds):
    clock.put(round(stored_sample.at(seconds).timestamp() * 1000))


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (-7200, "ok", "0 of 1 racing"),
        (900, "ok", "1 of 1 racing, the oldest success 840 s ago"),
        (1000, "fail", "1 of 1 racing, no boards: demo for 940 s"),
        (POST_S + 9_000, "ok", "0 of 1 racing"),
    ],
)
def test_boards_against_the_card(ask, store, clock, seconds, state, words):
    _card(store)
    _at(clock, seconds)
    found = ask("tracks")
    assert (found.state, found.text) == (state, words)
    json.dumps(found.facts)


def test_a_crawl_that_went_well_counts_without_a_board(ask, store, clock):
    _card(store)
    _at(clock, 1000)
    _crawl(store, clock, "ok", age_s=100)
    assert ask("tracks").state == "ok"
    _crawl(store, clock, "blocked")
    assert "demo blocked" in ask("tracks").text


@pytest.mark.parametrize(("outcome", "state"), [("no_card", "ok"), ("blocked", "warn"), (None, "ok")])
def test_a_last_crawl_on_an_off_day(ask, store, clock, outcome, state):
    _crawl(store, clock, outcome)
    assert ask("tracks").state == state


# --- Mail ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age_s", "state"), [(60, "ok"), (61, "warn"), (300, "warn"), (301, "fail")])
def test_the_age_of_the_outbox(ask, store, clock, age_s, state):
    assert ask("outbox").text == "nothing waits"
    at = clock.now_ms() - age_s * 1000
    fill(store, [1], at_ms=at, expires_at=at + 10_000_000)
    assert ask("outbox").state == state


@pytest.mark.parametrize(
    ("answers", "state", "words"),
    [
        ({}, "ok", "takes mail"),
        ({"": "421 too busy"}, "fail", "connect: 421 too busy"),
        ({"": "rubbish"}, "fail", "connect"),
        ({"NOOP": "502 no"}, "fail", "NOOP: 502 no"),
    ],
)
def test_the_mail_server(ask, home, answers, state, words):
    heard = []
    with smtp_answering(answers, heard) as port:
        home.file.write_text(home.file.read_text().replace("port: 9", f"port: {port}"))
        found = ask("smtp")
    assert (found.state, words in found.text) == (state, True), found.text
    assert not {"MAIL", "RCPT", "DATA", "AUTH"} & set(heard)


def test_without_tls_where_it_is_asked_for(ask, home):
    with smtp_answering() as port:
        text = home.file.read_text().replace("port: 9", f"port: {port}").replace("security: none", "security: starttls")
        home.file.write_text(text)
        assert "STARTTLS" in ask("smtp").text


def test_no_connection_where_none_is_wanted(ask, home):
    assert ask("smtp", dry_run=True).state == "skipped"
    del home.environ["EMAIL_RECIPIENT"]
    assert "EMAIL_RECIPIENT" in ask("smtp").text


# --- The clock ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def synchronised(monkeypatch):
    monkeypatch.setattr(time_check, "_unsynchronised", lambda: False)


@pytest.mark.parametrize(("ahead_s", "state"), [(-100, "ok"), (5, "ok"), (6, "fail")])
def test_an_instant_of_the_future_is_stored(ask, store, clock, synchronised, ahead_s, state):
    _crawl(store, clock, "ok", age_s=-ahead_s)
    assert ask("clock").state == state


def test_nobody_synchronises(ask, monkeypatch):
    monkeypatch.setattr(time_check, "_unsynchronised", lambda: True)
    assert ask("clock").state == "warn"


def test_a_clock_that_jumps(ask, monkeypatch):
    jumps = iter([1_800_000_000.0, 1_800_003_600.0, 1_800_003_600.0])

    class Jumping:
        time = staticmethod(lambda: next(jumps))
        monotonic, sleep = staticmethod(lambda: 5.0), staticmethod(lambda _: None)

    monkeypatch.setattr(time_check, "real", Jumping)
    assert "jumps: +3600.00 s" in ask("clock").text


def test_the_kernel_can_be_asked():
    assert time_check._unsynchronised() in {True, False}


def test_no_check_makes_a_database(ask, home):
    for name in report.CHECKS:
        ask(name)
    assert not address_of(home.settings).exists()
    with pytest.raises(StoreError, match="there is no database"), Here(home.settings, Clock()).store():
        pass
