"""The mailer is killed, again and again, while it drains a long queue: nothing may be lost, nothing told twice for long."""

import multiprocessing
import random
import re
import signal
import time
from collections import Counter

import pytest
from mail_queue import fill, wire_of

from alerts import post_office
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings

MAILS = 6_000
KILLS = 60


class Assassin:
    """Kills the mailer at the server's every so manieth message: before its 250, after it, or a moment later."""

    def __init__(self, server, chance):
        self.kills = 0
        self._server = server
        self._chance = chance
        self._process = None
        self._at = 0
        self._when, self._pause = "", 0
        server.before_reply = lambda count: self._strike(count, "before")
        server.after_reply = lambda count: self._strike(count, "after")

    def aim(self, process, *, strike):
        self._when, self._pause = self._chance.choice([("before", 0), ("after", 0), ("after", 0.005)])
        self._at = len(self._server.taken) + self._chance.randint(1, 2 * MAILS // KILLS - 5)
        self._process = process if strike else None

    def _strike(self, count, when):
        if self._process is not None and count >= self._at and when == self._when:
            time.sleep(self._chance.uniform(0, self._pause))
            self._process.kill()
            self.kills += 1
            self._process = None


@pytest.mark.fault
def test_sixty_kills_over_six_thousand_mails(make_meeting, scripted, record_property):
    meeting, server = make_meeting(Clock()), scripted()
    now = meeting.clock.now_ms()
    fill(meeting.store, range(MAILS), at_ms=now, expires_at=now + 7_200_000)
    settings = settings_of(meeting, server.port)
    assassin = Assassin(server, random.Random(7))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["alerts.post_office"])
    began = time.monotonic()
    while not drained(meeting):
        process = context.Process(
            target=post_office.run, args=(settings,), kwargs={"once": True, "dry_run": False, "test_mail": None}
        )
        assassin.aim(process, strike=assassin.kills < KILLS)
        process.start()
        process.join(120)
        assert process.exitcode in {0, 4, -signal.SIGKILL}
    seen = [(re.search(rb"Message-ID: (\S+)", body)[1].decode(), body.decode()) for _, body in server.taken]
    told = Counter(key for key, _ in seen)
    expected = {f"<{n}@example.com>": wire_of(n) for n in range(MAILS)}
    lost, duplicates = len(expected.keys() - told.keys()), len(seen) - len(told)
    figures = (
        f"KILLS: {assassin.kills} over {MAILS} mails: {lost} lost, {duplicates} duplicates (bound {assassin.kills}), "
        f"{len(told) - MAILS} after Message-ID dedup, {time.monotonic() - began:.0f} s"
    )
    print(figures)  # noqa: T201 (shown with -s)
    record_property("figures", figures)
    assert assassin.kills == KILLS
    assert (lost, len(told)) == (0, MAILS)
    assert duplicates <= assassin.kills
    assert all(body == expected[key] for key, body in seen)
    assert all(row["sent"] == 1 for row in meeting.rows("alert"))


def settings_of(meeting, port) -> Settings:
    config = meeting.folder / "config"
    (config / "alerts.yaml").write_text("rules: []\n")
    return Settings.model_validate(
        {
            "home": meeting.folder, "config_file": config / "config.yaml",
            "smtp": {
                "host": "127.0.0.1", "port": port, "security": "none", "sender": "from@example.com",
                "recipients": "you@example.com",
            },
        }
    )  # fmt: skip


def drained(meeting):
    return all(row["state"] == "sent" for row in meeting.rows("notification"))
