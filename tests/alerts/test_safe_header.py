"""Names that a hostile page could print. They may look odd in a mail; they may not change its structure."""

import random
from email import message_from_string, policy
from email.parser import HeaderParser
from html.parser import HTMLParser

import pytest
from alert_details import SEEN, body, composed, detail, path
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.compose import notice
from alerts.mail.wire import to_wire
from alerts.message import Notice
from alerts.safe_header import UnsafeMail, clean, verify

HEADERS = [
    "Auto-Submitted", "Content-Type", "Date", "From", "In-Reply-To", "MIME-Version", "Message-ID", "References",
    "Subject", "To", "X-Alert-Key",
]  # fmt: skip
PARTS = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
PIECES = [
    "=?utf-8?q?x=0ABcc:_evil=40x.test?=", "=?utf-8?b?", "?=", "=?", "=0A", "\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85",
    "\u2028", "\u2029", "\x00", "\u202e", "\u200b", "\ufeff", "\ud800", "Bcc: a@b.c", "Subject: x", "\r\n\r\n<script>",
    "<img src=x onerror=alert(1)>", "'\"><b>", "{{ 7*7 }}", "{% raw %}", "&lt;", "<!--", "]]>", "</style><a href=x>", "é", "馬",
    "🐎", ".", "\n.\n", "--", "--=_", "cid:", "javascript:x", " " * 60, "x" * 90,
]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=8).map("".join)
EVIL = "=?utf-8?q?Race=0ABcc=3A_evil=40x.test?="
FALLING = path(9000, 8000, 4000)


class Tags(HTMLParser):
    """Every tag and comment of a page, with the names of the tags' attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        self.found.append(tag)

    def handle_comment(self, data):
        self.found.append(("comment", data))


def plain_tags(**fields) -> list[object]:
    return Tags(body(composed(detail(**fields)), "html")).found


USUAL = plain_tags(path=FALLING, notes=("a", "b"), expected="x")


@given(hostile)
@example(EVIL)
@settings(max_examples=80, deadline=None)
def test_clean_is_one_short_line_without_an_encoded_word(text):
    line = clean(text)
    assert len(line) <= 120
    assert "=?" not in line
    assert line.isprintable()
    assert clean(line) == line


def hostile_mail(*words: str) -> None:
    """A mail of which every text is hostile; some of it is not even cleaned, as the wording does."""
    horse, label, track, note, url = words
    made = composed(
        detail(
            who=clean(horse), what=f"#{clean(label)}", track_name=clean(track), track_code=clean(track, 8) or "GP",
            source=clean(track), move=clean(label), notes=(note, horse), condition=f"x{note}", pool=f"x{note}",
            points=f"x{horse}", expected=f"x{note}", url=f"https://track.example/7?{url}", path=FALLING,
        )
    )  # fmt: skip
    for way in (policy.compat32, policy.default):
        assert sorted(HeaderParser(policy=way).parsestr(made.wire).keys()) == HEADERS
    # The old policy parses ten times as fast: 20,000 mails are many.
    parts = list(message_from_string(made.wire, policy=policy.compat32).walk())
    assert [part.get_content_type() for part in parts] == PARTS
    assert parts[0]["To"] == "you@example.com"
    plain, html = (parts[number].get_payload(decode=True).decode() for number in (1, 3))
    assert [tag for tag in Tags(html).found if tag not in LINK] == [tag for tag in USUAL if tag not in LINK]
    assert all(line.isprintable() for line in plain.split("\r\n"))


LINK: list[object] = [("a", ("href", "style")), "a"]
"""A URL that may not stand in a mail is left out; all other tags stay as they are."""


def hostile_words(chance: random.Random) -> str:
    pieces = [chance.choice(PIECES) for _ in range(chance.randint(0, 6))]
    return "".join([*pieces, *(chr(chance.randint(0, 0x2FFF)) for _ in range(chance.randint(0, 4)))])


def test_a_hostile_name_adds_no_header_and_no_tag():
    chance = random.Random(300)
    hostile_mail(*[EVIL] * 5)
    for _ in range(300):
        hostile_mail(*(hostile_words(chance) for _ in range(5)))


@pytest.mark.slow
def test_twenty_thousand_hostile_names_add_no_header_and_no_tag():
    chance = random.Random(20_000)
    for _ in range(20_000):
        hostile_mail(*(hostile_words(chance) for _ in range(5)))


@given(hostile, hostile, hostile)
@example(EVIL, EVIL, EVIL)
@settings(max_examples=30, deadline=None)
def test_a_hostile_notice_adds_no_header_and_no_tag(subject, heading, line):
    made = notice(
        Notice(key="k", subject=subject, heading=heading, lines=(line, "x")),
        sender="from@example.com", recipient="you@example.com", now_ms=SEEN,
    )  # fmt: skip
    message = message_from_string(made.wire, policy=policy.default)
    assert sorted(message.keys()) == HEADERS
    usual = Notice(key="k", subject="a", heading="b", lines=("c", "x"))
    plain = notice(usual, sender="from@example.com", recipient="you@example.com", now_ms=SEEN)
    assert Tags(body(made, "html")).found == Tags(body(plain, "html")).found


@given(hostile)
@example(EVIL)
@settings(max_examples=50, deadline=None)
def test_even_uncleaned_text_is_refused_rather_than_sent(text):
    """The second line of defence: whatever gets into a subject, no mail with another header leaves."""
    try:
        wire = to_wire({"From": "a@example.com", "Subject": text}, "plain")
    except UnsafeMail:
        return
    for way in (policy.compat32, policy.default):
        message = message_from_string(wire.decode("ascii"), policy=way)
        assert sorted(message.keys()) == [
            "Content-Transfer-Encoding", "Content-Type", "From", "MIME-Version", "Subject",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "wire",
    [
        b"Subject: a\r\nBcc: b@c.d\r\n\r\nx",
        b"Subject: a\r\nSubject: b\r\n\r\nx",
        b"\r\nSubject: a\r\n\r\nx",
        b"Subject: a\nBcc: b\r\n\r\nx",
        b"Subject: \xc3\xa9\r\n\r\nx",
        b"Subject: a\r\nno header\r\n\r\nx",
        b"X: a\r\n\r\nSubject: x",
    ],
)
def test_verify_refuses(wire):
    with pytest.raises(UnsafeMail):
        verify(wire, ["Subject"])


def test_verify_accepts_what_was_given():
    verify(b"Subject: a\r\nTo: b@c.d\r\n\r\nSubject: x\r\n", ["To", "Subject"])
