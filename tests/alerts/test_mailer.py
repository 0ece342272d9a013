"""The outbox from a pending delivery to its end, over real sockets."""

import random
import re
import threading

import pytest

from alerts.channels.mail import MailChannel
from alerts.mailer import Mailer
from alerts.outbox import MAX_ATTEMPTS, Outbox, backoff, verdict
from alerts.outcome import Outcome
from alerts.rules.policy import Caps, Delivery, Grouping
from horses_scrapy.errors import StoreBroken

BELOW = "rules: [{name: short, kind: win_odds_below, threshold: 7-2}]"


@pytest.fixture
def day(meeting, clock):
    """A meeting with one alert, two minutes before the post."""
    meeting.rules(BELOW)
    clock.put(meeting.at(58))
    meeting.play(58, {"5": 3, "1": 9})
    return meeting


AT_ONCE = Delivery(grouping=Grouping(wait=0, interval=0), caps=Caps(race=None, hour=None, day=None))


def mailer(meeting, smtp, server, delivery=AT_ONCE, **fields):
    channels = {"mail": MailChannel(smtp(server.port, **fields))}
    outbox = Outbox(meeting.store, meeting.clock, delivery, channels)
    return Mailer(outbox, channels, meeting.clock, random.Random(1))


def states(meeting):
    return [row["state"] for row in meeting.rows("notification")], [
        row["state"] for row in meeting.rows("alert_delivery")
    ]


def test_an_alert_is_sent_and_marked_only_after_the_server_s_250(day, smtp, scripted):
    server = scripted()
    seen = []
    server.before_reply = lambda _count: seen.append((day.rows("alert")[0]["sent"], states(day)))
    report = mailer(day, smtp, server).once()
    assert report.sent == 1
    assert seen == [(0, (["leased"], ["leased"]))]
    assert states(day) == (["sent"], ["sent"])
    [alert], [row] = day.rows("alert"), day.rows("notification")
    assert (alert["sent"], alert["sent_at"]) == (1, day.clock.now_ms())
    assert (row["attempts"], row["last_code"], row["lease_owner"]) == (1, 250, None)
    assert row["first_attempt_mono"] <= row["accepted_mono"]
    assert row["accepted_mono"] >= alert["committed_mono"]
    assert [(name, body.decode()) for name, body in server.taken] == [("you@example.com", row["wire"])]
    assert mailer(day, smtp, server).once().sent == 0


def test_one_mail_per_race_and_recipient(meeting, clock, smtp, scripted):
    meeting.rules(BELOW)
    meeting.recipients = ("a@example.com", "b@example.com")
    clock.put(meeting.at(58))
    meeting.play(58, {"5": 3, "1": 2})
    meeting.play(58, {"5": 3}, race=2)
    server = scripted()
    assert mailer(meeting, smtp, server).once().sent == 4
    subjects = sorted((name, subject(body)) for name, body in server.taken)
    assert subjects == [
        ("a@example.com", "GP R1 #1 2-1 (2 MTP) and 1 more"),
        ("a@example.com", "GP R2 #5 3-1 (2 MTP)"),
        ("b@example.com", "GP R1 #1 2-1 (2 MTP) and 1 more"),
        ("b@example.com", "GP R2 #5 3-1 (2 MTP)"),
    ]
    assert len({row["message_id"] for row in meeting.rows("notification")}) == 4


def subject(body: bytes) -> str:
    return re.search(rb"^Subject: (.*)\r$", body, re.MULTILINE)[1].decode()


@pytest.mark.parametrize("script", [{"DOT": ["drop"]}, {"DOT": ["451 later"]}, {"RCPT": ["450 greylisted"]}], ids=str)
def test_a_resend_is_the_same_to_the_byte(day, smtp, scripted, script):
    server = scripted(script)
    sender = mailer(day, smtp, server)
    assert sender.once().later == 1
    [first] = day.rows("notification")
    assert (first["state"], first["attempts"]) == ("pending", 1)
    assert first["last_error"]
    day.clock.put(day.at(60))
    assert sender.once().sent == 1
    [second] = day.rows("notification")
    assert second["wire"] == first["wire"]
    assert second["attempts"] == 2
    assert {body.decode() for _, body in server.taken} == {first["wire"]}


def test_a_server_that_is_down_costs_the_message_no_attempt_and_all_goes_out_later(day, smtp, scripted):
    down = scripted()
    down.close()
    sender = mailer(day, smtp, down)
    for _ in range(3):
        sender.lanes[0].breaker.until = 0.0
        assert sender.once().sent == 0
    assert states(day) == (["pending"], ["leased"])
    assert day.rows("notification")[0]["attempts"] == 0
    assert mailer(day, smtp, scripted()).once().sent == 1


def test_a_dead_recipient_does_not_hold_up_the_other(day, smtp, scripted):
    day.recipients = ("dead@example.com", "you@example.com")
    day.play(58.5, {"1": 2})
    server = scripted({"RCPT": ["250 ok", "550 unknown"]})
    report = mailer(day, smtp, server).once()
    assert (report.sent, report.dead) == (1, 1)
    assert sorted(row["state"] for row in day.rows("alert_delivery")) == ["dead", "sent", "sent"]
    assert [row["sent"] for row in day.rows("alert")] == [1, 1]
    assert "550 unknown" in next(row["reason"] for row in day.rows("alert_delivery") if row["state"] == "dead")


def test_an_alert_is_sent_once_all_its_deliveries_are_final(meeting, clock, smtp, scripted):
    meeting.rules(BELOW)
    meeting.recipients = ("a@example.com", "b@example.com")
    clock.put(meeting.at(50))
    meeting.play(50, {"5": 3, "1": 9})
    sender = mailer(meeting, smtp, scripted({"RCPT": ["250 ok", "450 greylisted"]}))
    assert sender.once().sent == 1
    assert meeting.rows("alert")[0]["sent"] == 0
    clock.put(meeting.at(55))
    assert sender.once().sent == 1
    assert meeting.rows("alert")[0]["sent"] == 1


def test_an_alert_whose_only_recipient_is_dead_was_not_sent(day, smtp, scripted):
    mailer(day, smtp, scripted({"RCPT": "550 unknown"})).once()
    assert states(day) == (["dead"], ["dead"])
    assert day.rows("alert")[0]["sent"] == 0


def test_a_server_that_refuses_us_keeps_the_whole_queue(day, smtp, scripted, caplog):
    day.play(58, {"5": 3}, race=2)
    server = scripted({"MAIL": "550 not you"})
    sender = mailer(day, smtp, server)
    [stopped] = sender.once().stopped
    assert stopped.label == "config-error"
    assert server.connections == 1  # the second mail was not even tried ...
    assert sender.flush(threading.Event()).stopped == []  # ... and nothing is, for minutes
    assert server.connections == 1
    assert states(day) == (["pending", "pending"], ["leased", "leased"])
    assert any("refuses us" in record.message and record.levelname == "ERROR" for record in caplog.records)


def test_a_message_that_fails_for_ever_is_dead_after_its_attempts(day, smtp, scripted):
    server = scripted({"DOT": "451 later"})
    sender = mailer(day, smtp, server)
    for attempt in range(MAX_ATTEMPTS):
        assert states(day)[0] in ([], ["pending"]), attempt
        day.clock.put(day.at(58 + (attempt + 1) * 1.5))
        sender.once()
    assert states(day) == (["dead"], ["dead"])


OFF = {
    "closed": {"status": "closed"},
    "official": {"status": "official"},
    "cancelled": {"status": "cancelled"},
}


@pytest.mark.parametrize("fields", OFF.values(), ids=OFF)
def test_nothing_is_sent_once_the_race_is_off(day, smtp, scripted, fields):
    day.card(59, **fields)
    server = scripted()
    mailer(day, smtp, server).once()
    assert server.taken == []
    [row] = day.rows("alert_delivery")
    assert (row["state"], "race is off" in row["reason"]) == ("expired", True)


def test_a_mail_that_waits_expires_with_its_race(day, smtp, scripted):
    sender = mailer(day, smtp, scripted({"DOT": ["451 later"]}))
    sender.once()
    day.board(59, {"5": 3}, status="closed")
    day.clock.put(day.at(70))
    assert sender.once().expired == 1
    assert states(day) == (["expired"], ["expired"])
    assert day.rows("alert")[0]["sent"] == 0


@pytest.mark.parametrize(("minute", "post", "sent"), [(104, 60, 1), (106, 60, 0), (106, 70, 1)])
def test_an_alert_lives_until_45_minutes_after_the_post_as_it_stands_now(day, smtp, scripted, minute, post, sent):
    day.card(59, post=day.at(post))
    day.clock.put(day.at(minute))
    assert mailer(day, smtp, scripted()).once().sent == sent


def test_an_orphan_of_a_dead_sender_is_taken_over_at_once(day, smtp, scripted):
    server = scripted()

    class Killed(BaseException):
        pass

    sender = mailer(day, smtp, server)

    def die(*_):
        raise Killed

    sender.lanes[0]._outbox.record = die
    with pytest.raises(Killed):
        sender.once()
    assert states(day) == (["leased"], ["leased"])
    assert mailer(day, smtp, server).once().sent == 1
    assert len(server.taken) == 2  # at least once ...
    assert server.taken[0] == server.taken[1]  # ... and a mail program sees one


def test_run_stops_when_told(day, smtp, scripted):
    server = scripted()
    stop = threading.Event()
    server.after_reply = lambda _count: stop.set()
    mailer(day, smtp, server).run(stop)
    assert states(day) == (["sent"], ["sent"])


@pytest.mark.parametrize("step", ["free_orphans", "collect", "due", "record"])
def test_a_broken_disk_ends_the_mailer(day, smtp, scripted, step):
    """A second try would be believed, and the disk lies: the supervisor starts the mailer anew."""

    def broken(*_args, **_named):
        raise StoreBroken("disk I/O error")

    sender = mailer(day, smtp, scripted())
    setattr(sender._outbox, step, broken)
    with pytest.raises(StoreBroken):
        sender.run(threading.Event())


@pytest.mark.parametrize(
    ("label", "attempts", "state"),
    [
        ("accepted", 1, "sent"),
        ("recipient-dead", 1, "dead"),
        ("transient-message", 19, "again"),
        ("transient-message", 20, "dead"),
        ("in-doubt", 20, "dead"),
        ("transient-server", 99, "again"),
        ("config-error", 99, "again"),
    ],
)
def test_verdicts(label, attempts, state):
    assert verdict(Outcome(label, None, ""), attempts, random.Random(1)).state == state


def test_backoff_is_jittered_and_bounded():
    chance = random.Random(1)
    for attempts in range(1, 30):
        waits = [backoff(attempts, chance) for _ in range(200)]
        bound = min(60, 2**attempts)
        assert 0 <= min(waits) < bound / 4
        assert bound * 0.75 < max(waits) <= bound
