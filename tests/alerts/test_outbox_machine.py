"""The outbox under kills, clock jumps and every outcome: nothing is lost, nothing goes out twice once it is recorded."""

import json
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from delivering import PlainChannel
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, select, text, update

from alerts.expiry import why_expired
from alerts.outbox import Outbox, verdict
from alerts.outcome import ACCEPTED, Outcome
from alerts.rules import RuleSet
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store

OPEN = {"pending", "leased"}
T0 = 1_777_752_000_000
PEOPLE = ("you@example.com", "bob@example.com")
KINDS = ("win_odds_below", "result", "stale_source")
OUTCOMES = st.sampled_from(
    [
        ACCEPTED,
        Outcome("transient-message", 451, "later"),
        Outcome("transient-server", 421, "busy"),
        Outcome("in-doubt", None, "dropped"),
        Outcome("recipient-dead", 550, "unknown"),
        Outcome("config-error", 535, "who are you"),
    ]
)
RULES = RuleSet.model_validate(
    {"delivery": {"caps": {"race": 3, "hour": 8, "day": 20}, "grouping": {"wait": 20, "interval": 40, "members": 3}}}
)
DETAIL = {
    "track_key": "gulf", "track_code": "GP", "track_name": "Gulf Downs", "timezone": "America/New_York",
    "race_date": "2026-05-02", "race_number": 1, "post_time": None, "url": "", "source": "demo", "rule": "short",
    "kind": "win_odds_below", "severity": "watch", "event": "fired", "what": "#5", "who": "", "move": "", "condition": "",
    "minutes": None, "pool": None, "points": None, "notes": [], "basis": None, "notation": "board", "path": [],
    "expected": None, "fetched_at": T0, "source_time": None,
}  # fmt: skip


class Hands(Clock):
    """A clock whose hands anybody may move."""

    def __init__(self) -> None:
        super().__init__()
        self.__dict__["at"] = T0

    def now_ms(self) -> int:
        return self.__dict__["at"]

    def move(self, seconds: float) -> None:
        self.__dict__["at"] += round(seconds * 1000)


class OutboxMachine(RuleBasedStateMachine):
    """A sender that may die between any two of its steps, beside a world that goes on."""

    @initialize()
    def open(self) -> None:
        self.home = folder()
        (self.home / "config").mkdir()
        shutil.copy(template(), self.home / "horses.db")
        self.clock = Hands()
        told = {
            "home": self.home,
            "config_file": self.home / "config" / "config.yaml",
            "system": {"database_path": "horses.db"},
        }
        self.store = open_store(Settings.model_validate(told), self.clock)
        self.channel = PlainChannel()
        self.taken: Counter[str] = Counter()  # by Message-ID: what the server has, however the line ended
        self.bytes: dict[str, str] = {}
        self.recorded: set[str] = set()
        self.leased = []
        self.alerts = 0
        self.kills = 0
        self.start()
        with self.store.write() as connection:
            track = {"key": "gulf", "name": "Gulf", "timezone": "UTC", "created_at": T0, "updated_at": T0}
            connection.execute(insert(schema.track).values(**track))
            for number in (1, 2):
                race = {
                    "track_id": 1,
                    "race_date": "2026-05-02",
                    "race_number": number,
                    "post_time": T0 + number * 900_000,
                }
                connection.execute(insert(schema.race).values(**race, created_at=T0, updated_at=T0))

    def start(self) -> None:
        self.outbox = Outbox(self.store, self.clock, RULES.delivery, {"mail": self.channel}, RULES)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.live_on()
            self.store.close()
            shutil.rmtree(self.home)

    # --- The world ------------------------------------------------------------------------------------------------------

    @rule(
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
        race=st.sampled_from([1, 2]),
        people=st.sampled_from([PEOPLE, PEOPLE[:1], PEOPLE[1:]]),
        severity=st.sampled_from(["watch", "urgent"]),
    )
    def alert(self, kinds, race, people, severity) -> None:
        now = self.clock.now_ms()
        with self.store.write() as connection:
            for kind in kinds:
                self.alerts += 1
                about = (
                    {"scope": "track:gulf"} if kind == "stale_source" else {"scope": f"race:{race}", "race_id": race}
                )
                row = {
                    "alert_id": self.alerts, "rule": "short", "alert_type": kind, "severity": severity, "market": "",
                    "subject": "", "unit": "", "message": "", "detail": json.dumps(DETAIL), "created_at": now,
                    "triggered_at": T0 + self.alerts, "expires_at": now + 7_200_000, "committed_mono": 0, **about,
                }  # fmt: skip
                connection.execute(insert(schema.alert).values(**row))
                to = [
                    {"alert_id": self.alerts, "recipient": name, "channel": "mail", "state": "pending"}
                    for name in people
                ]
                connection.execute(insert(schema.alert_delivery), to)

    @rule(race=st.sampled_from([1, 2]), status=st.sampled_from(["closed", "official", "open", "cancelled"]))
    def race_goes_on(self, race, status) -> None:
        with self.store.write() as connection:
            connection.execute(update(schema.race).where(schema.race.c.race_id == race).values(status=status))

    @rule(seconds=st.sampled_from([0.1, 1, 20, 41, 61, 600, 4000, 5000, -1, -60, -5000]))
    def clock_moves(self, seconds) -> None:
        self.clock.move(seconds)

    # --- The sender -------------------------------------------------------------------------------------------------------

    @rule()
    def collect(self) -> None:
        self.outbox.collect()

    @precondition(lambda self: not self.leased)
    @rule(limit=st.sampled_from([1, 3, None]))
    def lease(self, limit) -> None:
        batch = []
        for due in self.outbox.due("mail", limit=limit):
            assert due.message_id not in self.recorded, "what was recorded as sent is due again"
            late = why_expired(due.kind, due.race, due.expires_at, self.clock.now_ms())
            if late is None:
                batch.append(due)
            else:
                self.outbox.expire(due, late)
        self.outbox.lease(batch, "me")
        self.leased = batch

    @precondition(lambda self: self.leased)
    @rule(outcome=OUTCOMES, dies=st.sampled_from([None, "before the offer", "before the record"]))
    def offer(self, outcome, dies) -> None:
        due = self.leased.pop(0)
        if dies == "before the offer":
            self.kill()
            return
        if outcome.label in {"accepted", "in-doubt"}:
            self.taken[due.message_id] += 1
        if dies == "before the record":
            self.kill()
            return
        self.outbox.record(due, outcome, verdict(outcome, due.attempts + 1, random.Random(due.notification_id)))
        if outcome.label == "accepted":
            self.recorded.add(due.message_id)

    @precondition(lambda self: self.leased)
    @rule()
    def hand_back(self) -> None:
        self.outbox.hand_back(self.leased)
        self.leased = []

    @rule()
    def kill(self) -> None:
        self.kills += 1
        self.leased = []
        self.start()
        self.outbox.free_orphans()

    # --- What always holds ----------------------------------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        if hasattr(self, "store"):
            messages, deliveries = self.rows(schema.notification), self.rows(schema.alert_delivery)
            self.every_delivery_is_somewhere({row["notification_id"]: row for row in messages}, deliveries)
            self.what_is_marked_sent_was_taken_and_recorded(messages)
            for row in messages:
                assert self.bytes.setdefault(row["message_id"], row["wire"]) == row["wire"], "the bytes changed"
            told = [(row["recipient"], key) for row in messages for key in json.loads(row["wire"]).get("keys", ())]
            assert len(told) == len(set(told)), "an alert is in two messages"

    def every_delivery_is_somewhere(self, messages, deliveries) -> None:
        of_alert: dict[int, list[str]] = {}
        for each in deliveries:
            of_alert.setdefault(each["alert_id"], []).append(each["state"])
            held = messages.get(each["notification_id"])
            if each["state"] == "leased":
                assert held["state"] in OPEN
            elif each["state"] in {"sent", "dead"}:
                assert held["state"] == each["state"]
            elif each["state"] == "pending":
                assert held is None
            else:
                assert each["reason"]
        for row in self.rows(schema.alert):
            states = set(of_alert[row["alert_id"]])
            assert row["sent"] == (not OPEN & states and "sent" in states)

    def what_is_marked_sent_was_taken_and_recorded(self, messages) -> None:
        sent = {row["message_id"] for row in messages if row["state"] == "sent"}
        assert sent == self.recorded
        assert all(self.taken[message] for message in sent)

    def live_on(self) -> None:
        """The server is well and time passes: the queue must drain, and every alert must have its end."""
        self.kill()
        for _ in range(60):
            self.clock.move(400)
            self.outbox.collect()
            self.lease(None)
            while self.leased:
                self.offer(ACCEPTED, None)
            if self.is_over():
                return
        pytest.fail("something waits for ever")

    def is_over(self) -> bool:
        """What a day's cap held back is told after midnight only."""
        left = [row for row in self.rows(schema.alert_delivery) if row["state"] in OPEN or self.is_untold(row)]
        return not left and self.outbox.unsent() == 0

    @staticmethod
    def is_untold(row) -> bool:
        return row["state"] == "capped" and row["notification_id"] is None and not row["reason"].endswith("day")

    def rows(self, table) -> list[dict]:
        with self.store.read() as connection:
            return list(connection.execute(select(table)).mappings())


MEMORY = Path("/dev/shm")  # where there is one: a commit waits for the disk, and there are thousands
MADE: list[Path] = []


def folder() -> Path:
    return Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))


def template() -> Path:
    """An empty database, made once: each example begins with a copy."""
    if not MADE:
        home = folder()
        (home / "config").mkdir()
        told = {"home": home, "config_file": home / "config" / "config.yaml", "system": {"database_path": "horses.db"}}
        store = open_store(Settings.model_validate(told), Hands())
        with store.write() as connection:
            connection.execute(text("SELECT 1"))
        store.close()
        MADE.append(home / "horses.db")
    return MADE[0]


def run(examples, steps) -> None:
    checked = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(OutboxMachine, settings=checked)


def test_the_outbox_loses_nothing_and_repeats_nothing():
    run(12, 25)


@pytest.mark.slow
def test_the_outbox_loses_nothing_and_repeats_nothing_for_long():
    run(300, 40)
