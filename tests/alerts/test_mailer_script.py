"""scripts/mailer.py as a process of its own."""

import base64
import datetime as dt
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from horses_scrapy.clock import Clock

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-Pa55w0rd"
BELOW = "rules: [{name: short, kind: win_odds_below, threshold: 7-2}]"
AUTH = {"EHLO": "250-test\r\n250 AUTH PLAIN"}


class Office:
    """A meeting whose race is half an hour away by the real clock, and the mailer of its database."""

    def __init__(self, meeting, port):
        self.meeting = meeting
        self.port = port
        meeting.start = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
        meeting.rules(BELOW)
        (meeting.folder / "config" / "tracks.yaml").write_text("sources: {}\ntracks: {}\n")
        self.configure(port)

    def configure(self, port):
        text = f"smtp: {{host: 127.0.0.1, port: {port}, security: none, command_timeout: 5, data_timeout: 5}}\n"
        (self.meeting.folder / "config" / "config.yaml").write_text(text)

    def alerts(self, count):
        """That many alerts, each of a race of its own."""
        for race in range(1, count + 1):
            assert len(self.meeting.play(29, {"5": 3, "1": 9}, race=race)) == 1

    def start(self, *arguments, **environment):
        config = str(self.meeting.folder / "config" / "config.yaml")
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("SMTP_", "EMAIL_", "HORSES_"))
        }
        mail = {"EMAIL_SENDER": "from@example.com", "EMAIL_RECIPIENT": "you@example.com"}
        return subprocess.Popen(
            [sys.executable, str(ROOT / "scripts" / "mailer.py"), "--config", config, *arguments],
            env=clean | mail | environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        told, _ = process.communicate(timeout=60)
        return process.returncode, told


@pytest.fixture
def office(make_meeting, scripted):
    def make(script=None):
        server = scripted(script)
        return Office(make_meeting(Clock()), server.port), server

    return make


def test_once_sends_and_says_so(office):
    desk, server = office()
    desk.alerts(1)
    code, told = desk.run("--once")
    assert (code, len(server.taken)) == (0, 1)
    assert "Sent GP R1 #5 3-1 (31 MTP) to you@example.com" in told
    code, told = desk.run("--once")
    assert (code, len(server.taken)) == (0, 1)


@pytest.mark.parametrize(
    ("script", "code"), [({"DOT": "451 later"}, 4), ({"RCPT": "550 unknown"}, 4), ({"MAIL": "550 not you"}, 1)], ids=str
)
def test_once_ends_with_what_became_of_the_queue(office, script, code):
    desk, _ = office(script)
    desk.alerts(1)
    assert desk.run("--once")[0] == code


def test_dry_run_prints_connects_to_nothing_and_writes_nothing(office):
    desk, server = office()
    desk.alerts(2)
    before = {table: desk.meeting.rows(table) for table in ("alert", "alert_delivery", "notification")}
    code, told = desk.run("--dry-run")
    assert code == 0
    assert "Subject: GP R2 #5 3-1 (31 MTP)" in told
    assert "2 mails would be sent" in told
    assert server.connections == 0
    assert before == {table: desk.meeting.rows(table) for table in before}


def test_dry_run_makes_no_database(office, tmp_path):
    desk, _ = office()
    code, told = desk.run("--dry-run", DB_PATH=str(tmp_path / "none.db"))
    assert (code, (tmp_path / "none.db").exists()) == (0, False)
    assert "Nothing to send" in told


def test_test_mail(office):
    desk, server = office()
    assert desk.run("--test-mail", "me@example.com", EMAIL_RECIPIENT="")[0] == 0
    assert server.taken[0][0] == "me@example.com"


def test_test_mail_fails_with_the_server_s_reason(office):
    desk, _ = office({"RCPT": "550 no such person"})
    code, told = desk.run("--test-mail", "me@example.com")
    assert code == 1
    assert "550 no such person" in told


@pytest.mark.parametrize(
    ("arguments", "environment", "name"),
    [
        (["--once"], {"EMAIL_SENDER": ""}, "EMAIL_SENDER"),
        (["--once"], {"EMAIL_RECIPIENT": ""}, "EMAIL_RECIPIENT"),
        (["--test-mail", "x"], {}, "--test-mail"),
    ],
)
def test_it_does_not_start_without_addresses(office, arguments, environment, name):
    desk, _ = office()
    code, told = desk.run(*arguments, **environment)
    assert code == 2
    assert name in told


def test_the_password_is_told_to_the_server_only(office):
    blob = base64.b64encode(f"\0me\0{SECRET}".encode()).decode()
    desk, server = office(AUTH | {"AUTH": ["235 welcome", f"535 no {SECRET} {blob}"]})
    desk.alerts(1)
    secret = {"SMTP_USERNAME": "me", "SMTP_PASSWORD": SECRET}
    assert desk.run("--once", "--log-level", "DEBUG", **secret)[0] == 0
    desk.meeting.play(29.5, {"5": 3}, race=9)
    code, told = desk.run("--once", "--log-level", "DEBUG", **secret)
    assert code == 1
    assert any(blob in command for command in server.commands)
    written = [path.read_bytes() for path in desk.meeting.folder.rglob("*") if path.is_file()]
    for text in (told.encode(), *written, *(body for _, body in server.taken)):
        assert SECRET.encode() not in text
        assert blob.encode() not in text


def test_a_second_mailer_is_refused_and_a_signal_stops_the_first(office):
    desk, server = office()
    first = desk.start()
    try:
        for line in first.stdout:
            if "Mailing by" in line:
                break
        code, told = desk.run("--once")
        assert code == 3
        assert f"pid {first.pid}" in told
        desk.alerts(1)
        wait_until(lambda: server.taken)
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 0
    finally:
        stop(first)
    assert desk.meeting.rows("alert")[0]["sent"] == 1


def wait_until(holds):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within 30 s")


def stop(process):
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_mailer_killed_between_the_250_and_its_mark_loses_nothing(office):
    """Kills at the final dot, before or after the server's 250; each mail must arrive, again as the same one."""
    desk, server = office()
    desk.alerts(12)
    kills = 0
    done = False
    while not done:
        process = desk.start()
        limit = len(server.taken) + 2

        def kill(count, process=process, limit=limit):
            if count == limit:
                process.send_signal(signal.SIGKILL)

        server.before_reply, server.after_reply = (kill, lambda _: None) if kills % 2 else (lambda _: None, kill)
        try:
            wait_until(lambda process=process: process.poll() is not None or settled(desk))
            kills += process.poll() is not None
        finally:
            stop(process)
        done = settled(desk)
    keys = [re.search(rb"^Message-ID: (.*)\r$", body, re.MULTILINE)[1].decode() for _, body in server.taken]
    sent = {row["message_id"]: row for row in desk.meeting.rows("notification")}
    assert kills >= 6
    assert set(keys) == set(sent)
    assert len(sent) == 12
    assert len(keys) - 12 <= kills
    assert all(body.decode() == sent[key]["wire"] for key, (_, body) in zip(keys, server.taken, strict=True))
    assert all(row["sent"] == 1 for row in desk.meeting.rows("alert"))


def settled(desk):
    rows = desk.meeting.rows("notification")
    return len(rows) == 12 and all(row["state"] == "sent" for row in rows)
