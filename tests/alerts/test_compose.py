import re
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest

from alerts.compose import Told, compose, link
from alerts.wording import Detail, from_json

PLAIN = {
    "track_key": "gulf", "track_code": "GP", "track_name": "Gulf Downs", "timezone": "America/New_York",
    "race_date": "2026-05-02", "race_number": 7, "post_time": 1_777_755_600_000, "url": "https://track.example/7?a=1&b=2",
    "source": "demo", "rule": "short", "kind": "win_odds_below", "what": "#5", "who": "O'Brien <b> & Söhne",
    "move": "6-1 -> 3-1", "condition": "below 7-2", "minutes": 4, "pool": "5,000.00 USD (win)",
    "points": "14.3 -> 25.0 (+10.7)", "fetched_at": 1_777_755_360_000, "source_time": 1_777_755_348_000,
}  # fmt: skip


def told(number=0, **fields):
    return Told(f"key{number}", Detail(**(PLAIN | fields)))


def mail(*alerts, recipient="you@example.com"):
    return compose(alerts, sender="from@example.com", recipient=recipient, now_ms=1_777_755_361_000)


def parsed(made):
    return message_from_bytes(made.wire, policy=policy.default)


def test_headers():
    message = parsed(mail(told()))
    assert message["Subject"] == "GP R7 #5 6-1->3-1 (4 MTP)"
    assert (message["From"], message["To"]) == ("from@example.com", "you@example.com")
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]).timestamp() == 1_777_755_361
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", message["Message-ID"])
    assert message["X-Alert-Key"] in message["Message-ID"]


def test_the_body_says_all_that_a_player_needs():
    text = parsed(mail(told())).get_body(("plain",)).get_content()
    for part in (
        "Gulf Downs (GP), race 7, 2026-05-02",
        "#5 O'Brien <b> & Söhne",
        "6-1 -> 3-1 (4 MTP), below 7-2",
        "Rule: short (win_odds_below)",
        "14.3 -> 25.0 (+10.7) points",
        "Pool: 5,000.00 USD (win)",
        "Seen: 16:56:00 EDT by demo (its time 16:55:48, 12 s old)",
        "Post time: 17:00 EDT",
        "https://track.example/7?a=1&b=2",
        "final odds may differ",
    ):
        assert part in text


def test_the_html_part_escapes_and_links():
    html = parsed(mail(told())).get_body(("html",)).get_content()
    assert "O&#39;Brien &lt;b&gt; &amp; Söhne" in html
    assert 'href="https://track.example/7?a=1&amp;b=2"' in html
    assert "<b>" not in html
    assert "6-1 -&gt; 3-1" in html


def test_several_alerts_are_one_mail_in_their_order():
    message = parsed(mail(told(), told(1, what="#9", move="2-1 -> 1-1"), told(2, what="#1")))
    assert message["Subject"] == "GP R7 #5 6-1->3-1 (4 MTP) and 2 more"
    text = message.get_body(("plain",)).get_content()
    assert text.index("#5") < text.index("#9") < text.index("#1 ")


def test_the_message_id_is_of_the_alerts_and_the_recipient():
    same = mail(told(1), told(2))
    assert mail(told(1), told(2)).wire == same.wire
    assert mail(told(2), told(1)).message_id == same.message_id
    others = [mail(told(1)), mail(told(1), told(2), recipient="b@example.com"), mail(told(1), told(3))]
    assert len({same.message_id, *(other.message_id for other in others)}) == 4


def test_mails_of_one_race_are_one_thread():
    first, second = parsed(mail(told(1))), parsed(mail(told(2)))
    other = parsed(mail(told(1, race_number=8)))
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert other["References"] != first["References"]


def test_the_wire_is_seven_bit_with_short_lines():
    wire = mail(told(who="Söhne " * 60)).wire
    assert wire.isascii()
    assert max(map(len, wire.split(b"\r\n"))) <= 998
    assert b"\n" not in wire.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "", "data:text/html,x", "ftp://a/b", "https://a/\r\nb", "/race/1", "https://ä/"]
)
def test_a_link_is_http_or_absent(url):
    assert link(url) == ""


def test_without_post_time_and_without_source_time():
    text = parsed(
        mail(told(post_time=None, source_time=None, minutes=None, points=None, pool=None, condition=""))
    ).get_body(("plain",))
    assert "Post time: not known" in text.get_content()
    assert "MTP" not in text.get_content()


def test_a_detail_survives_its_row():
    detail = told().detail
    assert from_json(detail.to_json()) == detail
    assert detail.text == "GP R7 #5 O'Brien <b> & Söhne 6-1 -> 3-1 (4 MTP) below 7-2 [win_odds_below: short]"
