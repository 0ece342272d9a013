"""Where a mail leads beside the site: to the board, and to what mutes."""

import re
from itertools import starmap

import pytest
from alert_details import SEEN, body, detail, parsed
from pydantic import SecretStr

from alerts.compose import MUTES, compose
from alerts.message import Told
from alerts.mute_link import Links, Muting, read_token

KEY = SecretStr("a key of twenty characters")
LINKS = Links("https://board.example", KEY)
MIDNIGHT = 1_777_780_800_000
"""Of 2026-05-02 in New York."""


def mail(*alerts: Told, links: Links | None = LINKS, late: int = 1000):
    return compose(alerts, sender="from@example.com", recipient="you@example.com", now_ms=SEEN + late, links=links)


def told(number: int, program: str | None, **fields) -> Told:
    return Told(f"key{number}", detail(what=f"#{program}" if program else "exacta 3-5", **fields), 12, program)


def mutings(made) -> list[Muting]:
    return [
        read_token(token, KEY) for token in re.findall(r"https://board\.example/mute/(\S+)$", body(made), re.MULTILINE)
    ]


def test_a_mail_leads_to_the_board_and_mutes_its_race_and_its_horses():
    made = mail(told(1, "5"), told(2, None), told(3, "1A", severity="urgent"), told(4, "5"))
    assert mutings(made) == [Muting(12, program, "you@example.com", MIDNIGHT) for program in (None, "1A", "5")]
    lines = body(made).splitlines()
    at = lines.index("https://track.example/7?a=1&b=2")
    assert lines[at + 1] == "On the board: https://board.example/races/12"
    assert [line.partition(":")[0] for line in lines[at + 2 : at + 5]] == ["Mute this race", "Mute #1A", "Mute #5"]


def test_the_html_part_has_the_same_links():
    made = mail(told(1, "5"))
    shown = dict(re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', body(made, "html")))
    urls = re.findall(r"https://board\.example/\S+", body(made))
    assert [shown[url] for url in urls] == ["On the board", "Mute this race", "Mute #5"]


def test_a_mail_is_no_list_of_links():
    many = list(starmap(told, enumerate(map(str, range(1, MUTES + 5)))))
    assert len(mutings(mail(*many))) == 1 + MUTES


@pytest.mark.parametrize("links", [None, Links("https://board.example", SecretStr(""))])
def test_without_a_key_nothing_can_be_muted(links):
    made = mail(told(1, "5"), links=links)
    assert "Mute" not in body(made)
    assert "/mute/" not in body(made, "html")
    assert ("https://board.example/races/12" in body(made)) is (links is not None)


def test_an_alert_about_ourselves_has_no_link_to_mute():
    made = mail(Told("key", detail(race_number=None, url="")))
    assert "board.example" not in body(made) + body(made, "html")


def test_the_same_mail_later_has_the_same_links_and_the_same_bytes_at_the_same_instant():
    alerts = [told(1, "5"), told(2, None)]
    assert mail(*alerts) == mail(*alerts)
    assert mutings(mail(*alerts, late=99_000)) == mutings(mail(*alerts))
    assert parsed(mail(*alerts))["Message-ID"] == parsed(mail(*alerts, links=None))["Message-ID"]
