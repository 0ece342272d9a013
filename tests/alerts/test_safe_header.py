"""Names that a hostile page could print. They may look odd in a mail; they may not change its structure."""

from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.compose import Told, compose, subject_of, to_wire
from alerts.safe_header import SUBJECT_CAP, UnsafeMail, clean, verify
from alerts.wording import Detail

HEADERS = [
    "Auto-Submitted", "Content-Type", "Date", "From", "In-Reply-To", "MIME-Version", "Message-ID", "References",
    "Subject", "To", "X-Alert-Key",
]  # fmt: skip
PIECES = [
    "=?utf-8?q?x=0ABcc:_evil=40x.test?=", "=?utf-8?b?", "?=", "=?", "=0A", "\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85",
    "\u2028", "\u2029", "\x00", "\u202e", "\u200b", "\ufeff", "\ud800", "Bcc: a@b.c", "Subject: x", "\r\n\r\n<script>",
    "<img src=x onerror=alert(1)>", "'\"><b>", "{{ 7*7 }}", "&lt;", "é", "馬", "🐎", ".", "\n.\n", "--", " " * 60, "x" * 90,
]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=8).map("".join)
EVIL = "=?utf-8?q?Race=0ABcc=3A_evil=40x.test?="


def detail(**fields) -> Detail:
    plain = {
        "track_key": "gulf", "track_code": "GP", "track_name": "Gulf Downs", "timezone": "America/New_York",
        "race_date": "2026-05-02", "race_number": 7, "post_time": 1_777_755_600_000, "url": "https://track.example/7",
        "source": "demo", "rule": "short", "kind": "win_odds_below", "what": "#5", "who": "Dancer",
        "move": "6-1 -> 3-1", "condition": "below 7-2", "minutes": 4, "pool": "5,000.00 USD (win)",
        "points": "14.3 -> 25.0 (+10.7)", "fetched_at": 1_777_755_360_000, "source_time": 1_777_755_348_000,
    }  # fmt: skip
    return Detail(**(plain | fields))


def mail(*details):
    alerts = [Told(f"key{number}", each) for number, each in enumerate(details)]
    return compose(alerts, sender="from@example.com", recipient="you@example.com", now_ms=1_777_755_361_000)


@given(hostile)
@example(EVIL)
@settings(max_examples=500, deadline=None)
def test_clean_is_one_short_line_without_an_encoded_word(text):
    line = clean(text)
    assert len(line) <= 120
    assert "=?" not in line
    assert line.isprintable()
    assert clean(line) == line


@given(hostile, hostile, hostile)
@example(EVIL, EVIL, EVIL)
@settings(max_examples=40, deadline=None)
def test_a_hostile_name_adds_no_header_and_no_tag(horse, label, track):
    hostile_mail(horse, label, track)


@pytest.mark.slow
@given(hostile, hostile, hostile)
@settings(max_examples=2000, deadline=None)
def test_thousands_of_hostile_names_add_no_header_and_no_tag(horse, label, track):
    hostile_mail(horse, label, track)


def hostile_mail(horse, label, track):
    made = mail(detail(who=clean(horse), what=f"#{clean(label)}", track_name=clean(track), source=clean(track)))
    message = message_from_bytes(made.wire, policy=policy.default)
    assert sorted(message.keys()) == HEADERS
    assert message["To"] == "you@example.com"
    html = message.get_body(("html",)).get_content()
    assert tags(html) == tags(
        message_from_bytes(mail(detail()).wire, policy=policy.default).get_body(("html",)).get_content()
    )


@given(hostile)
@example(EVIL)
@settings(max_examples=200, deadline=None)
def test_even_uncleaned_text_is_refused_rather_than_sent(text):
    """The second line of defence: whatever gets into a subject, no mail with another header leaves."""
    try:
        wire = to_wire({"From": "a@example.com", "Subject": text}, "plain")
    except (UnsafeMail, ValueError, UnicodeError):
        return
    assert sorted(message_from_bytes(wire).keys()) == [
        "Content-Transfer-Encoding", "Content-Type", "From", "MIME-Version", "Subject",
    ]  # fmt: skip


def tags(html: str) -> list[str]:
    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, tuple(name for name, _ in attrs)))

        def handle_comment(self, data):
            found.append(("comment", data))

    Tags().feed(html)
    return found


@pytest.mark.parametrize(
    "wire",
    [
        b"Subject: a\r\nBcc: b@c.d\r\n\r\nx",
        b"Subject: a\r\nSubject: b\r\n\r\nx",
        b"\r\nSubject: a\r\n\r\nx",
        b"Subject: a\nBcc: b\r\n\r\nx",
        b"Subject: \xc3\xa9\r\n\r\nx",
    ],
)
def test_verify_refuses(wire):
    with pytest.raises(UnsafeMail):
        verify(wire, ["Subject"])


def test_verify_accepts_what_was_given():
    verify(b"Subject: a\r\nTo: b@c.d\r\n\r\nSubject: x\r\n", ["To", "Subject"])


@given(st.integers(1, 200), hostile)
@settings(max_examples=100, deadline=None)
def test_a_subject_is_short_and_keeps_its_ending(count, text):
    subject = subject_of([detail(move=clean(text))] * count)
    assert len(subject) <= SUBJECT_CAP
    assert subject.startswith("GP R7 #5")
    assert count == 1 or subject.endswith(f" and {count - 1} more")
