"""scripts/mailer.py as a process of its own."""

import base64
import datetime as dt
import os
import re
import time

import pytest
from mailer_process import MailerProcess

from horses_scrapy.clock import Clock

SECRET = "s3cret-Pa55w0rd"
BELOW = "rules: [{name: short, kind: win_odds_below, threshold: 7-2}]"
AT_ONCE = "delivery: {grouping: {wait: 0, interval: 0}, caps: {race: null, hour: null, day: null}"
AUTH = {"EHLO": "250-test\r\n250 AUTH PLAIN"}


class Office:
    """A meeting whose race is half an hour away by the real clock, and the mailer of its database."""

    def __init__(self, meeting, port):
        self.meeting = meeting
        self.port = port
        self._started = []
        meeting.start = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
        meeting.rules(BELOW)
        (meeting.folder / "config" / "tracks.yaml").write_text("sources: {}\ntracks: {}\n")
        self.configure(port)

    def configure(self, port, *, channels="{}", more=""):
        """channels: of the rule file, as YAML; more: lines of config.yaml."""
        text = f"smtp: {{host: 127.0.0.1, port: {port}, security: none, command_timeout: 5, data_timeout: 5}}\n{more}"
        (self.meeting.folder / "config" / "config.yaml").write_text(text)
        (self.meeting.folder / "config" / "alerts.yaml").write_text(f"{AT_ONCE}, channels: {channels}}}\n{BELOW}\n")

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
        made = MailerProcess(["--config", config, *arguments], clean | mail | environment, self._told())
        self._started.append(made)
        return made

    def run(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        return process.wait(60), process.told()

    def close(self):
        for process in self._started:
            process.close()

    def _told(self):
        return self.meeting.folder / f"told{len(self._started)}.txt"


@pytest.fixture
def office(make_meeting, scripted):
    made = []

    def make(script=None):
        server = scripted(script)
        made.append(Office(make_meeting(Clock()), server.port))
        return made[-1], server

    yield make
    for desk in made:
        desk.close()


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
    assert "2 messages would be sent" in told
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
        (["--test-mail", "x"], {}, "a mail address is expected"),
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
    wait_until(lambda: "Mailing by" in first.told())
    code, told = desk.run("--once")
    assert code == 3
    assert f"pid {first.pid}" in told
    desk.alerts(1)
    wait_until(lambda: server.taken)
    assert first.stop() == 0
    assert "Stopped" in first.told()
    assert desk.meeting.rows("alert")[0]["sent"] == 1


def wait_until(holds):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within 30 s")


def test_a_mailer_killed_between_the_250_and_its_mark_loses_nothing(office):
    """Kills at the final dot, before or after the server's 250; each mail must arrive, again as the same one."""
    desk, server = office()
    desk.alerts(5)
    kills = 0
    done = False
    while not done:
        process = desk.start()
        limit = len(server.taken) + 2

        def kill(count, process=process, limit=limit):
            if count == limit:
                process.kill()

        server.before_reply, server.after_reply = (kill, lambda _: None) if kills % 2 else (lambda _: None, kill)
        wait_until(lambda process=process: process.poll() is not None or settled(desk))
        kills += process.poll() is not None
        process.close()
        done = settled(desk)
    keys = [re.search(rb"^Message-ID: (.*)\r$", body, re.MULTILINE)[1].decode() for _, body in server.taken]
    sent = {row["message_id"]: row for row in desk.meeting.rows("notification")}
    assert kills >= 2
    assert set(keys) == set(sent)
    assert len(sent) == 5
    assert len(keys) - 5 <= kills
    assert all(body.decode() == sent[key]["wire"] for key, (_, body) in zip(keys, server.taken, strict=True))
    assert all(row["sent"] == 1 for row in desk.meeting.rows("alert"))


def settled(desk):
    rows = desk.meeting.rows("notification")
    return len(rows) == 5 and all(row["state"] == "sent" for row in rows)


PAGER = "{pager: PAGER_URL}"
TO_BOTH = "rules: [{name: short, kind: win_odds_below, threshold: 7-2, recipients: [you@example.com, pager]}]"


def test_channels_beside_mail(office, hook):
    """The mail server is down: the pager tells all the same, and the log no secret."""
    desk, server = office()
    server.close()
    desk.configure(server.port, channels=PAGER)
    desk.meeting.text = f"delivery: {{channels: {PAGER}}}\n{TO_BOTH}"
    desk.alerts(1)
    code, told = desk.run("--once", "--log-level", "DEBUG", PAGER_URL=hook.url)
    assert code == 4
    [(_, posted)] = hook.posts
    assert posted["title"] == "GP R1 #5 3-1 (31 MTP)"
    states = {row["channel"]: row["state"] for row in desk.meeting.rows("notification")}
    assert states == {"mail": "pending", "apprise": "sent"}
    assert "takes no messages" in told
    written = [path.read_bytes() for path in desk.meeting.folder.rglob("*") if path.is_file()]
    assert not any(hook.token.encode() in text for text in [told.encode(), *written])


def test_it_does_not_start_without_a_channel_s_url(office):
    desk, server = office()
    desk.configure(server.port, channels="{pager: PAGER_URL, chat: CHAT_URL}")
    code, told = desk.run("--once")
    assert code == 2
    assert "set PAGER_URL" in told
    assert "set CHAT_URL" in told


def test_a_test_message_to_a_channel(office, hook):
    desk, server = office()
    desk.configure(server.port, channels=PAGER)
    assert desk.run("--test-mail", "pager", PAGER_URL=hook.url)[0] == 0
    assert hook.posts[0][1]["title"] == "horses_scrapy: a test message"
    hook.status = 500
    assert desk.run("--test-mail", "pager", PAGER_URL=hook.url)[0] == 1


@pytest.mark.parametrize(
    ("more", "word"), [("enabled: false", "alerts.enabled"), ("log_only: true", "alerts.log_only")]
)
def test_it_says_that_nothing_is_queued(office, more, word):
    desk, server = office()
    desk.configure(server.port, more=f"alerts: {{{more}}}\n")
    code, told = desk.run("--once")
    assert code == 0
    assert f"WARNING - {word} is " in told
