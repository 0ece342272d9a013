"""Rules about ourselves on a database: what is read, written, addressed and said."""

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import insert

from alerts.engine import Setting
from alerts.reading.facts import Polling
from alerts.rules import load_rules
from alerts.surroundings import Surroundings
from alerts.system_engine import QUIET_MS, SystemEngine
from alerts.wording import from_json
from horses_scrapy.clock import to_ms
from horses_scrapy.errors import StoreBusy
from horses_scrapy.storage import schema
from horses_scrapy.storage.fill_rates import Filled, record

ALL = (
    "stale_source", "crawl_failures", "outcome", "frozen_probables", "selector_health", "failure_rate", "database",
    "error_burst", "mail_failing", "polling",
)  # fmt: skip
EVERY = "rules:\n" + "".join(f"  - {{name: {kind}, kind: {kind}}}\n" for kind in ALL)
PRICES = {"1": 4, "2": 3, "3": 6, "5": 2}


@dataclass
class Watched:
    """A meeting and an engine about ourselves; minutes from the meeting's start."""

    meeting: object
    free: int = 10_000
    mode: str = "deliver"
    began: float = -600
    engine: SystemEngine = field(init=False)

    def rules(self, text: str) -> None:
        self.meeting.rules(text)
        self.restart()

    def restart(self) -> None:
        path = self.meeting.folder / "alerts.yaml"
        path.write_text(self.meeting.text, encoding="utf-8")
        track = self.meeting.track
        setting = Setting(
            rules=load_rules(path),
            recipients=self.meeting.recipients,
            around=Surroundings(tracks={track.key: track}),
            mode=self.mode,
        )
        began = to_ms(self.meeting.at(self.began))
        self.engine = SystemEngine(
            self.meeting.store, setting, self.meeting.clock, watching_since=began, free=lambda _folder: self.free
        )

    def at(self, minute: float) -> list[str]:
        """What is told at a tick of this minute."""
        self.meeting.clock.put(self.meeting.at(minute))
        return self.engine.evaluate_all(("gulf",))

    def run(self, minute: float, outcome: str | None = "ok", rates=None, **more: object) -> int:
        """A crawl that took the half minute before."""
        finished = None if outcome is None else to_ms(self.meeting.at(minute))
        row = {
            "spider": "track_gulf", "track": "gulf", "kind": "near", "started_at": to_ms(self.meeting.at(minute - 0.5)),
            "finished_at": finished, "outcome": outcome, **more,
        }  # fmt: skip
        with self.meeting.store.write() as connection:
            run_id = connection.execute(insert(schema.crawl_run).values(row)).inserted_primary_key[0]
            record(connection, run_id, rates or {})
        return run_id

    def notification(self, minute: float, state: str = "pending", channel: str = "mail") -> None:
        at = to_ms(self.meeting.at(minute))
        row = {
            "recipient": "you@example.com", "channel": channel, "scope": "race:1", "state": state, "wire": "",
            "message_id": f"<{minute}-{channel}-{state}>", "created_at": at, "next_at": at,
        }  # fmt: skip
        with self.meeting.store.write() as connection:
            connection.execute(insert(schema.notification).values(row))

    def sent(self) -> None:
        with self.meeting.store.write() as connection:
            connection.exec_driver_sql("UPDATE notification SET state = 'sent'")
            connection.exec_driver_sql("UPDATE alert_delivery SET state = 'sent'")


@pytest.fixture
def watched(meeting) -> Watched:
    made = Watched(meeting)
    made.rules(EVERY)
    return made


def test_a_quiet_day_tells_nothing_and_takes_no_lock(watched, monkeypatch):
    watched.meeting.card(0)
    for minute in (50, 53, 56, 59):
        watched.meeting.board(minute - 0.4, PRICES)
        watched.run(minute)
        with monkeypatch.context() as patched:
            patched.setattr(type(watched.meeting.store), "write", None)
            assert watched.at(minute + 0.1) == []


def test_a_source_that_falls_silent_near_a_post_is_told_and_so_is_its_return(watched):
    watched.meeting.card(0)
    watched.meeting.board(53, PRICES)
    watched.run(53.2)
    assert watched.at(57.9) == []
    told = "GP source no sound board for 5 min R1 is near its post [stale_source: stale_source]"
    assert watched.at(58) == [told]
    assert watched.at(58.2) == []
    watched.meeting.board(58.5, PRICES)
    assert watched.at(58.6) == ["GP source shows boards again newest 16:58 EDT [over: stale_source: stale_source]"]


def test_boards_that_no_rule_reads_do_not_make_a_source_sound(watched):
    watched.meeting.card(0)
    watched.meeting.board(53, PRICES, flags=frozenset({"no_pairs", "fallback"}))
    watched.run(53.2)
    watched.meeting.board(57, PRICES, flags=frozenset({"suspect", "overround"}))
    watched.meeting.board(57.5, PRICES, source_time=watched.meeting.at(40))
    assert len(watched.at(58)) == 1
    assert "Newest sound board: 16:53 EDT" in watched.meeting.details()[0]["notes"]


def test_each_alert_is_written_with_its_delivery_and_its_figures(watched):
    watched.run(1, "blocked", reason="HTTP 403 from https://track.example/\x1b[2J")
    (text,) = watched.at(2)
    (row,) = watched.meeting.rows("alert")
    (state,) = watched.meeting.rows("alert_state")
    (delivery,) = watched.meeting.rows("alert_delivery")
    assert text == row["message"] == "GP crawl ended blocked the newest at 16:01 EDT [outcome: outcome]"
    assert {name: row[name] for name in ("rule", "alert_type", "scope", "subject", "event", "severity", "race_id")} == {
        "rule": "outcome", "alert_type": "outcome", "scope": "track:gulf", "subject": "blocked", "event": "fired",
        "severity": "watch", "race_id": None,
    }  # fmt: skip
    assert (row["unit"], row["actual_value"], row["triggered_at"]) == ("crawls", 1000, to_ms(watched.meeting.at(2)))
    assert row["expires_at"] == row["created_at"] + 2 * 3_600_000
    assert (state["scope"], state["state"], state["race_id"]) == ("track:gulf", "firing", None)
    assert (delivery["recipient"], delivery["channel"], delivery["state"]) == ("you@example.com", "mail", "pending")
    detail = from_json(row["detail"])
    assert (detail.track_code, detail.race, detail.race_number, detail.race_date) == ("GP", "GP", None, "2026-05-02")
    assert detail.url == "http://127.0.0.1:1"
    assert detail.notes == (
        "HTTP 403 from https://track.example/[2J",
        'What to do: docs/runbook.md, "Alerts about ourselves", outcome',
    )


def test_a_restart_tells_nothing_again(watched):
    watched.run(1, "blocked")
    watched.free = 7
    assert len(watched.at(2)) == 2
    watched.restart()
    assert watched.at(2.2) == []
    watched.run(3, "ok")
    watched.free = 1000
    assert watched.at(3.1) == [
        "GP crawl ended well after blocked [over: outcome: outcome]",
        "SYSTEM disk 1,000 MB free above 500 MB [over: database: database]",
    ]
    assert watched.meeting.rows("alert_state") == []


def test_two_that_look_at_once_tell_it_once(watched, monkeypatch):
    other = Watched(watched.meeting)
    other.rules(EVERY)
    watched.run(1, "blocked")
    write, told = type(watched.meeting.store).write, []

    def late(store):
        """The other one writes between this one's look and its lock."""
        monkeypatch.undo()
        told.extend(other.at(2))
        return write(store)

    monkeypatch.setattr(type(watched.meeting.store), "write", late)
    assert watched.at(2) == []
    assert len(told) == 1
    assert len(watched.meeting.rows("alert")) == 1


@pytest.mark.parametrize(
    ("mode", "text", "expected"),
    [
        ("deliver", "", [("you@example.com", "mail", "pending", None)]),
        ("disabled", "", [("you@example.com", "mail", "logged", "alerts.enabled is false: nothing is queued")]),
        ("log_only", "", [("you@example.com", "mail", "logged", "alerts.log_only is true: nothing is queued")]),
        (
            "deliver",
            ", recipients: [ops@example.com, pager]",
            [("ops@example.com", "mail", "pending", None), ("pager", "apprise", "pending", None)],
        ),
    ],
)
def test_it_goes_to_its_own_recipients_or_is_only_logged(watched, mode, text, expected):
    watched.mode = mode
    watched.rules(
        f"rules: [{{name: it, kind: outcome, severity: urgent{text}}}]\ndelivery: {{channels: {{pager: PAGER_URL}}}}\n"
    )
    watched.run(1, "parse_error")
    watched.at(2)
    rows = watched.meeting.rows("alert_delivery")
    assert [(row["recipient"], row["channel"], row["state"], row["reason"]) for row in rows] == expected
    assert watched.meeting.rows("alert")[0]["severity"] == "urgent"


def test_the_end_of_a_crawl_asks_for_its_own_track_only(watched):
    watched.free = 1
    watched.run(1, "blocked")
    watched.meeting.clock.put(watched.meeting.at(1.1))
    assert watched.engine.evaluate_track("gulf") == [
        "GP crawl ended blocked the newest at 16:01 EDT [outcome: outcome]"
    ]
    assert watched.at(1.2) == ["SYSTEM disk 1 MB free under 500 MB [database: database]"]


def test_a_refused_write_is_critical_at_once_and_told_when_it_can_be(watched, monkeypatch, caplog):
    store = watched.meeting.store
    watched.run(1, "blocked")

    @contextmanager
    def busy(_self):
        raise StoreBusy("pid 7 holds it")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(type(store), "write", busy)
        for minute in (2, 2.2, 2.4):
            with pytest.raises(StoreBusy):
                watched.at(minute)
            watched.engine.store_failed(StoreBusy("pid 7 holds it"))
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    assert watched.at(30) == [
        "GP crawl ended blocked the newest at 16:01 EDT [outcome: outcome]",
        "SYSTEM database could not be written since 20:02 UTC [database: database]",
    ]
    assert "pid 7 holds it" in watched.meeting.details()[1]["notes"]
    assert watched.at(30.2) == ["SYSTEM database is written again [over: database: database]"]


def test_a_database_is_sound_after_five_quiet_minutes(watched):
    watched.at(1)
    watched.engine.store_failed(StoreBusy("busy"))
    assert len(watched.at(1.2)) == 1
    assert watched.at(1 + QUIET_MS / 60_000 - 0.1) == []
    assert watched.at(1 + QUIET_MS / 60_000) == [], "it is looked at, then forgotten"
    assert len(watched.at(1.2 + QUIET_MS / 60_000)) == 1


def test_faults_do_not_fill_the_memory(watched):
    for number in range(1000):
        watched.engine.store_failed(StoreBusy(str(number)))
    assert len(watched.engine._faults) == 11
    assert watched.engine._faults[0].text == "0"


FIELD = {"jockey": Filled(60, 60), "pools": Filled(6, 6)}


def test_a_field_that_empties_is_told_as_it_was_found(watched):
    for minute in range(5):
        watched.run(minute, rates=FIELD)
    watched.run(9, rates={"jockey": Filled(12, 60)})
    watched.run(10, rates={"pools": Filled(6, 6)})
    assert watched.at(11) == [
        "GP jockey 12 of 60 filled (20 %) usual is 100 %, in the median of earlier crawls [selector_health: selector_health]"
    ]
    watched.run(12, rates=FIELD)
    assert [text.split(" [")[1] for text in watched.at(13)] == ["over: selector_health: selector_health]"]


def test_prices_that_stand_still_are_told_by_race(watched):
    watched.meeting.card(0)
    watched.meeting.card(0, race=2, post=watched.meeting.at(300))
    for race in (1, 2):
        for minute in (10, 15):
            watched.meeting.board(minute, PRICES, race=race, flags=frozenset({"suspect", "frozen"}))
    assert watched.at(16) == [
        "GP R1 prices stand still while the pool grows on its last 2 boards [frozen_probables: frozen_probables]"
    ]
    watched.meeting.board(20, PRICES, race=1)
    assert watched.at(21) == ["GP prices move again [over: frozen_probables: frozen_probables]"]


def test_crawls_that_fail_are_told_with_their_reasons(watched):
    watched.rules(
        "rules: [{name: row, kind: crawl_failures}, {name: rate, kind: failure_rate}, {name: burst, kind: error_burst}]"
    )
    for minute, (outcome, reason) in enumerate([("ok", None)] * 3 + [("timeout", "no answer")] * 2 + [("lost", None)]):
        watched.run(minute, outcome, reason=reason, errors=10 if reason else 0)
    watched.run(5.5, "superseded")
    watched.run(5.6, None)
    assert watched.at(6) == [
        "GP crawls 3 in a row failed the newest at 16:05 EDT [crawl_failures: row]",
        "GP crawls 3 of 6 failed (50 %) in 60 min, at least 50 % [failure_rate: rate]",
        "GP crawls 20 errors and rejected items in 15 min, at least 20 [error_burst: burst]",
    ]
    notes = [detail["notes"][:-1] for detail in watched.meeting.details()]
    assert notes == [["lost", "timeout: no answer"], ["The last: lost"], ["timeout: no answer"]]
    for minute in (30, 31, 32, 33):
        watched.run(minute)
    assert watched.at(34) == [
        "GP crawls work again the newest at 16:33 EDT [over: crawl_failures: row]",
        "GP crawls 3 of 10 failed (30 %) in 60 min, under 50 % [over: failure_rate: rate]",
        "GP crawls 0 errors and rejected items in 15 min, under 20 [over: error_burst: burst]",
    ]
    over = watched.meeting.details()[-1]
    assert over["event"] == "resolved"
    assert over["notes"] == ["It was told at 16:06 EDT, 28 min ago"]


def test_mail_that_waits_is_told_by_channel(watched):
    watched.notification(0)
    watched.notification(-61, "dead")
    watched.notification(2, "dead", channel="apprise")
    assert watched.at(5) == [
        "SYSTEM channel apprise 1 given up in the last hour [mail_failing: mail_failing]",
        "SYSTEM channel mail messages wait for 5 min since 20:00 UTC [mail_failing: mail_failing]",
    ]
    watched.sent()
    assert watched.at(6) == [
        "SYSTEM channel apprise delivers again [over: mail_failing: mail_failing]",
        "SYSTEM channel mail delivers again [over: mail_failing: mail_failing]",
    ]


def test_alerts_that_nobody_takes_into_a_message_are_mail_that_fails(watched):
    watched.run(1, "blocked")
    watched.at(2)
    assert watched.at(7.9) == [], "a minute for their group, and five"
    assert watched.at(8) == ["SYSTEM channel mail messages wait for 5 min since 20:03 UTC [mail_failing: mail_failing]"]


def test_a_scrapyd_that_is_silent_is_told_within_a_minute_and_so_is_its_return(watched):
    """As the scheduler looks: it asks every 10 s, and evaluates then."""
    down = 10 / 60
    told = {}
    for second in range(0, 120, 10):
        lasts = second * 1000 - 10_000
        silent = Polling(
            subject="scrapyd",
            at=to_ms(watched.meeting.at(down)),
            lasts_ms=lasts,
            told=("http://127.0.0.1:6800: refused",),
        )
        watched.engine.polls([silent if 0 <= lasts < 80_000 else Polling(subject="scrapyd")])
        if lines := watched.at(second / 60):
            told[second] = lines
    assert told == {
        40: ["SYSTEM scrapyd has not answered for 30 s since 20:00 UTC [polling: polling]"],
        90: ["SYSTEM scrapyd answers again [over: polling: polling]"],
    }
    assert watched.meeting.details()[0]["notes"][:-1] == [
        "http://127.0.0.1:6800: refused",
        "Prices are not watched meanwhile: no alert does not mean no move",
    ]


def test_windows_that_do_not_start_are_told_with_their_jobs(watched):
    late = Polling(
        subject="windows", at=to_ms(watched.meeting.at(1)), lasts_ms=6000, told=("gp-window-1", "aqu-window-1")
    )
    watched.engine.polls([late])
    assert watched.at(1.1) == [
        "SYSTEM window gp-window-1 has not started 6 s after it was due since 20:01 UTC [polling: polling]"
    ]
    assert "Neither has aqu-window-1" in watched.meeting.details()[0]["notes"]
    watched.restart()
    assert watched.at(1.5) == [], "after a restart it is not known"
    watched.engine.polls([Polling(subject="windows")])
    assert watched.at(2) == ["SYSTEM windows start again [over: polling: polling]"]


def test_without_rules_nothing_is_read_and_nothing_stays_behind(watched):
    watched.run(1, "blocked")
    watched.at(2)
    watched.rules("rules: []")
    assert watched.engine.evaluate_track("gulf") == []
    assert len(watched.meeting.rows("alert_state")) == 1
    assert watched.at(3) == []
    assert watched.meeting.rows("alert_state") == []


def test_what_is_about_no_track_has_a_place_of_its_own(watched):
    watched.free = 3
    watched.at(1)
    (row,) = watched.meeting.rows("alert")
    detail = from_json(row["detail"])
    assert (row["scope"], row["subject"]) == ("system", "disk")
    assert (detail.track_key, detail.race, detail.track_name, detail.timezone, detail.url) == (
        "", "SYSTEM", "horses_scrapy", "UTC", "",
    )  # fmt: skip
    assert json.loads(detail.to_json())["notes"] == ['What to do: docs/runbook.md, "Alerts about ourselves", database']
