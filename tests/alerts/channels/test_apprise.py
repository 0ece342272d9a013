"""Channels by apprise, against a real web server on loopback."""

import logging
import time

import pytest
from pydantic import SecretStr

from alerts.channels.apprise import AppriseChannel
from alerts.message import Notice, Told
from alerts.wording.detail import from_json
from horses_scrapy.errors import ConfigError

TEST = Notice(key="daily|1", subject="Alive", heading="All is well", lines=("2 alerts", "0 dead"))


@pytest.fixture
def alerts(meeting):
    meeting.rules(
        "rules: [{name: short, kind: win_odds_below, threshold: 7-2}, {name: out, kind: scratched, severity: urgent}]"
    )
    meeting.play(50, {"5": 6, "1": 4})
    meeting.play(58, {"5": 3, "1": 4})
    meeting.card(59, out=("2",))
    meeting.evaluate()
    return [Told(str(row["alert_id"]), from_json(row["detail"])) for row in meeting.rows("alert")]


def send(channel, recipient, wire):
    with channel.session() as session:
        return session.send(recipient, wire)


def test_a_message_says_the_most_severe_first_and_where_to_look(hook, alerts):
    channel = AppriseChannel({"pager": SecretStr(hook.url)})
    made = channel.compose(alerts, "pager", 0)
    assert send(channel, "pager", made.wire).label == "accepted"
    [(path, told)] = hook.posts
    assert path == f"/{hook.token}"
    assert told["title"] == made.subject == channel.title(made.wire) == "GP R1 #2 scratched (1 MTP) and 1 more"
    lines = told["message"].splitlines()
    assert lines[0] == "URGENT: #2 Bravo scratched (1 MTP)"
    assert "#5 Dancer 6-1 -> 3-1 (2 MTP) below 7-2" in lines
    assert lines[-2:] == ["estimate; final odds may differ", "https://track.example/race/1"]
    assert channel.text(made.wire) == told["message"]


def test_the_same_alerts_are_the_same_message_and_another_recipient_s_is_another(hook, alerts):
    channel = AppriseChannel({"pager": SecretStr(hook.url), "chat": SecretStr(hook.url)})
    assert channel.compose(alerts, "pager", 1) == channel.compose(alerts[::-1], "pager", 2)
    assert channel.compose(alerts, "pager", 1).message_id != channel.compose(alerts, "chat", 1).message_id
    assert channel.compose(alerts[:1], "pager", 1).message_id != channel.compose(alerts, "pager", 1).message_id


def test_a_notice(hook):
    channel = AppriseChannel({"pager": SecretStr(hook.url)})
    made = channel.notice(TEST, "pager", 0)
    assert send(channel, "pager", made.wire).label == "accepted"
    [(_, told)] = hook.posts
    assert (told["title"], told["message"]) == ("Alive", "All is well\n2 alerts\n0 dead")


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_a_service_that_refuses_is_asked_again_and_tells_no_secret(hook, caplog, status):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "urllib3")  # as in our own programs
    hook.status = status
    channel = AppriseChannel({"pager": SecretStr(hook.url)})
    outcome = send(channel, "pager", channel.notice(TEST, "pager", 0).wire)
    assert outcome.label == "transient-message"
    assert hook.token not in outcome.reason + channel.where
    assert hook.token not in caplog.text


def test_nobody_listens(hook):
    channel = AppriseChannel({"pager": SecretStr("json://127.0.0.1:9/x")})
    assert send(channel, "pager", channel.notice(TEST, "pager", 0).wire).label == "transient-message"


def test_a_service_that_trickles_is_left_at_the_deadline(hook):
    hook.pace = 0.3
    channel = AppriseChannel({"pager": SecretStr(hook.url)}, timeout=1)
    began = time.monotonic()
    outcome = send(channel, "pager", channel.notice(TEST, "pager", 0).wire)
    assert time.monotonic() - began < 20  # the whole answer takes a minute
    assert (outcome.label, outcome.reason) == ("in-doubt", "no answer within 1 s")


def test_a_channel_that_the_rule_file_no_longer_has(hook):
    channel = AppriseChannel({"pager": SecretStr(hook.url)})
    outcome = send(channel, "chat", channel.notice(TEST, "chat", 0).wire)
    assert (outcome.label, "chat" in outcome.reason) == ("recipient-dead", True)


def test_each_name_is_a_lane_and_one_more_takes_the_rest(hook):
    lanes = AppriseChannel({"pager": SecretStr(hook.url), "chat": SecretStr(hook.url)}).lanes
    assert [lane.only for lane in lanes] == ["pager", "chat", None]
    assert lanes[-1].but == ("pager", "chat")


def test_urls_that_apprise_does_not_know_are_named_and_not_shown(hook):
    bad = SecretStr("nosuch://s3cret@host")
    with pytest.raises(ConfigError) as error:
        AppriseChannel({"pager": SecretStr(hook.url), "chat": bad, "desk": bad})
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == ["channel chat", "channel desk"]
    assert "s3cret" not in str(error.value)
