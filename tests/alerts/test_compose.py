import re
from email.utils import parsedate_to_datetime

import pytest
from alert_details import SEEN, body, composed, detail, parsed, path

from alerts.compose import PICTURES, notice
from alerts.message import Notice
from alerts.wording.detail import from_json

ESTIMATE = "estimate; final odds may differ"
FALLING = path(9000, 8000, 8000, 7000, 5000, 4000)
DAILY = Notice(
    key="daily|2026-05-02",
    subject="horses_scrapy: all well on 2026-05-02",
    heading="Since yesterday",
    lines=("14 alerts, 11 sent", "Tracks watched: AQU, <GP>"),
)


def told(made_of: Notice = DAILY, recipient="you@example.com"):
    return notice(made_of, sender="from@example.com", recipient=recipient, now_ms=SEEN)


def test_headers():
    message = parsed(composed(detail()))
    assert message["Subject"] == "GP R7 #5 6-1->3-1 (4 MTP)"
    assert (message["From"], message["To"]) == ("from@example.com", "you@example.com")
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]).timestamp() == (SEEN + 1000) // 1000
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", message["Message-ID"])
    assert message["X-Alert-Key"] in message["Message-ID"]


def test_what_is_composed_names_its_own_headers():
    made = composed(detail(who="Söhne"))
    assert (made.message_id, made.subject) == (parsed(made)["Message-ID"], parsed(made)["Subject"])


def test_the_body_says_all_that_a_player_needs():
    alert = detail(
        who="O'Brien <b> & Söhne",
        path=FALLING,
        expected="final range 5-2 to 4-1 (p10-p90 of 42 races from 4 MTP)",
        notes=("3-1 is the floor of a range: 2 USD pay 8.00 to 8.80", "takeout assumed 20%"),
    )
    assert body(composed(alert)).splitlines() == [
        "Gulf Downs (GP), race 7",
        "2026-05-02, post time 17:00 EDT",
        "",
        "#5 O'Brien <b> & Söhne",
        "  6-1 -> 3-1 (4 MTP), below 7-2",
        "  Odds: 8-1 █▇▇▆▃▁ 3-1 in 5 min, on display",
        "  Expected: final range 5-2 to 4-1 (p10-p90 of 42 races from 4 MTP)",
        "  Chance by the odds: 14.3 -> 25.0 (+10.7) points",
        "  Pool: 5,000.00 USD (win)",
        "  3-1 is the floor of a range: 2 USD pay 8.00 to 8.80",
        "  takeout assumed 20%",
        "  Rule: short (win_odds_below)",
        "  Seen: 16:55:48 EDT by demo's clock (read 16:56:00), 13 s before this mail",
        "",
        "https://track.example/7?a=1&b=2",
        "An estimate; final odds may differ: money comes in until the off and after it.",
    ]


def test_the_html_part_says_the_same_escapes_and_links():
    alert = detail(who="O'Brien <b> & Söhne", path=FALLING, expected="final range 5-2 to 4-1", notes=("exact <i>",))
    html = body(composed(alert), "html")
    for part in (
        "O&#39;Brien &lt;b&gt; &amp; Söhne",
        'href="https://track.example/7?a=1&amp;b=2"',
        "6-1 -&gt; 3-1",
        "below 7-2",
        "8-1 █▇▇▆▃▁ 3-1 in 5 min, on display",
        "final range 5-2 to 4-1",
        "exact &lt;i&gt;",
        "13 s before this mail",
        "prefers-color-scheme: dark",
        ESTIMATE,
    ):
        assert part in html
    assert "<b>" not in html
    assert "<i>" not in html


def test_the_picture_is_in_the_mail():
    message = parsed(composed(detail(path=FALLING)))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    picture = list(message.walk())[-1]
    html = message.get_body(("html",)).get_content()
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in html
    assert 'alt="Odds from 8-1 to 3-1 in 5 min, between 3-1 and 8-1"' in html
    assert picture.get_content().startswith(b"\x89PNG")
    assert picture.get_content_disposition() == "inline"


@pytest.mark.parametrize("seen", [(), path(3000), ((SEEN, 3000), (SEEN, 4000))])
def test_one_board_is_no_path(seen):
    made = composed(detail(path=seen))
    assert [part.get_content_type() for part in parsed(made).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert "Odds:" not in body(made)
    assert "<img" not in body(made, "html")


def test_each_alert_has_its_own_picture_up_to_a_number():
    message = parsed(composed(*[detail(what=f"#{n}", path=FALLING) for n in range(PICTURES + 2)]))
    pictures = [part["Content-ID"] for part in message.walk() if part.get_content_type() == "image/png"]
    assert len(set(pictures)) == PICTURES
    assert body(composed(*[detail(path=FALLING)] * (PICTURES + 2))).count("Odds: 8-1") == PICTURES + 2


def test_several_alerts_are_one_mail_the_most_severe_first():
    alerts = [
        detail(what="#1", severity="info"),
        detail(what="#2", event="resolved", move="4-1"),
        detail(what="#3"),
        detail(what="#4", severity="urgent", move="2-1 -> 1-1"),
        detail(what="#5"),
    ]
    made = composed(*alerts)
    assert made.subject == "GP R7 #4 2-1->1-1 (4 MTP) and 4 more"
    assert re.findall(r"^(URGENT: )?(#\d)", body(made), re.MULTILINE) == [
        ("URGENT: ", "#4"), ("", "#3"), ("", "#5"), ("", "#2"), ("", "#1"),
    ]  # fmt: skip
    assert body(made, "html").count("URGENT") == 1


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("further", "A further step since the last alert"),
        ("repeated", "Told before, and still so"),
        ("resolved", "Over: what was told before is no longer so"),
    ],
)
def test_an_event_that_is_not_the_first_is_told(event, words):
    made = composed(detail(event=event))
    assert words in body(made)
    assert words in body(made, "html")


@pytest.mark.parametrize("kind", ["odds_drop", "exacta_overlay", "cross_pool", "pool_above", "large_bet"])
def test_what_a_board_shows_is_an_estimate(kind):
    made = composed(detail(kind="result"), detail(kind=kind))
    assert ESTIMATE in body(made)
    assert ESTIMATE in body(made, "html")


@pytest.mark.parametrize("kind", ["result", "scratched", "race_status", "off_turf", "stale_source", "mail_failing"])
def test_what_has_happened_is_none(kind):
    made = composed(detail(kind=kind, basis=None, notation=None))
    assert "estimate" not in body(made) + body(made, "html")


def test_an_alert_about_ourselves_has_no_post_and_no_link():
    made = composed(
        detail(race_number=None, track_code="SYSTEM", track_name="horses_scrapy", url="", kind="database",
               what="database", who="", move="cannot be written", condition="", minutes=None, pool=None, points=None,
               basis=None, notation=None, source_time=None, notes=("Since 16:50 UTC",))
    )  # fmt: skip
    assert made.subject == "SYSTEM database cannot be written"
    assert body(made).splitlines() == [
        "horses_scrapy (SYSTEM)", "2026-05-02", "", "database", "  cannot be written", "  Since 16:50 UTC",
        "  Rule: short (database)", "  Seen: 16:56:00 EDT by demo, 1 s before this mail",
    ]  # fmt: skip
    assert "<a " not in body(made, "html")


def test_without_post_time_and_without_source_time():
    text = body(composed(detail(post_time=None, source_time=None, minutes=None, points=None, pool=None, condition="")))
    assert "post time not known" in text
    assert "MTP" not in text


def test_the_same_alerts_at_the_same_instant_are_the_same_bytes():
    alerts = [detail(path=FALLING), detail(what="#2", path=FALLING)]
    assert composed(*alerts) == composed(*alerts)


def test_the_message_id_is_of_the_alerts_and_the_recipient():
    one, two = detail(), detail(what="#2")
    same = composed(one, two)
    assert composed(one, two, late=99_000).message_id == same.message_id
    others = [composed(one), composed(one, two, one), composed(one, two, recipient="b@example.com")]
    assert len({same.message_id, *(other.message_id for other in others)}) == 4


def test_mails_of_one_race_are_one_thread():
    first, second = parsed(composed(detail())), parsed(composed(detail(what="#2"), detail()))
    other = parsed(composed(detail(race_number=8)))
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert other["References"] != first["References"]


def test_a_detail_survives_its_row():
    alert = detail(who="O'Brien <b> & Söhne", path=FALLING, notes=("one", "two"), event="resolved")
    assert from_json(alert.to_json()) == alert
    assert alert.text == "GP R7 #5 O'Brien <b> & Söhne 6-1 -> 3-1 (4 MTP) below 7-2 [over: win_odds_below: short]"


def test_a_notice():
    made = told()
    assert made.subject == parsed(made)["Subject"] == DAILY.subject
    assert body(made) == "Since yesterday\n\n14 alerts, 11 sent\nTracks watched: AQU, <GP>\n"
    assert "Tracks watched: AQU, &lt;GP&gt;" in body(made, "html")
    assert parsed(made)["Auto-Submitted"] == "auto-generated"
    assert parsed(made)["X-Alert-Key"] in made.message_id


def test_a_notice_has_one_message_id_per_key_and_recipient():
    later = Notice(key=DAILY.key, subject="other", heading="", lines=())
    assert told(later).message_id == told().message_id
    assert told(recipient="b@example.com").message_id != told().message_id
    assert told(Notice(key="daily|2026-05-03", subject="x", heading="", lines=())).message_id != told().message_id


def test_a_notice_of_one_long_line_has_a_short_subject():
    made = told(Notice(key="k", subject="x " * 80, heading="h", lines=("=?utf-8?q?a?=\r\nBcc: a@b.c",)))
    assert len(made.subject) <= 78
    assert "Bcc" not in parsed(made)
