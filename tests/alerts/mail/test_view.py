import pytest
from alert_details import SEEN, detail

from alerts.mail.view import link, seen


@pytest.mark.parametrize("url", ["https://track.example/7?a=1&b=2", "http://127.0.0.1:8000/race/1#odds"])
def test_a_link_is_kept(url):
    assert link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "", "data:text/html,x", "ftp://a/b", "https://a/\r\nb", "/race/1", "https://ä/", "https://",
        "https://bank.example@evil.example/", "https://[evil/", "https://a/ b", "//a/b", "https:\\\\a",
    ],
)  # fmt: skip
def test_any_other_is_not(url):
    assert link(url) == ""


@pytest.mark.parametrize(
    ("late", "source_time", "text"),
    [
        (1, None, "16:56:00 EDT by demo, 1 s before this mail"),
        (31, SEEN - 12_000, "16:55:48 EDT by demo's clock (read 16:56:00), 43 s before this mail"),
        (300, None, "16:56:00 EDT by demo, 5 min before this mail"),
        (9000, None, "16:56:00 EDT by demo, 2 h before this mail"),
        (-5, None, "16:56:00 EDT by demo, 0 s before this mail"),
    ],
)
def test_how_old_it_is(late, source_time, text):
    assert seen(detail(source_time=source_time), SEEN + late * 1000) == text
