"""Silences and watchlists as they are typed, listed and ended."""

import pytest

from alerts.tools import silences, watchlists
from alerts.tools.silences import Asked
from alerts.tools.times import span_ms, until_ms
from horses_scrapy.clock import to_ms
from horses_scrapy.errors import ConfigError

HOUR = 3_600_000


def test_a_silence_is_added_listed_and_ended(meeting, settings, clock, lines):
    asked = Asked(["track=GP", "race=1"], by="Ann", comment="a walk-over", lasts="2h")
    assert silences.add(settings, clock, asked) == 0
    assert lines() == ["silence 1: track=GP race=1 until 2026-05-02 22:00 UTC"]
    assert silences.show(settings, clock, every=False) == 0
    told = lines()
    assert [word in told[-1] for word in ("1", "track=GP", "22:00 UTC", "Ann", "a walk-over")] == [True] * 5
    assert silences.expire(settings, clock, 1) == 0
    silences.show(settings, clock, every=False)
    assert lines()[-1].startswith("no silence is active")
    silences.show(settings, clock, every=True)
    assert "(over)" in lines()[-1]
    with pytest.raises(ConfigError, match="silence 1"):
        silences.expire(settings, clock, 1)


@pytest.mark.parametrize(
    ("match", "by", "comment", "says"),
    [
        (["trakc=GP", "race"], "Ann", "x", "trakc"),
        (["track=GP"], " ", "x", "--by"),
        (["track=GP"], "Ann", "", "--comment"),
    ],
)
def test_a_silence_without_sense_who_or_why_is_refused(meeting, settings, clock, match, by, comment, says):
    with pytest.raises(ConfigError, match=says):
        silences.add(settings, clock, Asked(match, by=by, comment=comment, lasts="2h"))
    assert meeting.rows("silence") == []


@pytest.mark.parametrize(("text", "hours"), [("2h", 2), ("90m", 1.5), ("1d12h", 36), ("1d30m", 24.5)])
def test_spans(text, hours):
    assert span_ms(text) == hours * HOUR


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "-1h", "1h2d", "0h", "2w", "٢h"])
def test_what_is_no_span(text):
    with pytest.raises(ConfigError, match="--for"):
        span_ms(text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-05-02T18:30-04:00", 2.5),
        ("2026-05-02 22:30+00:00", 2.5),
        ("22:30", 2.5),
        ("18:30 America/New_York", 2.5),
        ("16:00 America/New_York", 24),
        ("15:59 America/New_York", 24 - 1 / 60),
    ],
)
def test_ends(meeting, text, hours):
    """It is 16:00 in New York."""
    now = to_ms(meeting.start)
    assert until_ms(text, now) == now + round(hours * HOUR)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-05-02T18:30", "2026-05-02T10:00-04:00", "25:00", "18:30 Mars/Base", "18:30 ../../etc"],
)
def test_what_is_no_end(meeting, text):
    with pytest.raises(ConfigError, match="--until"):
        until_ms(text, to_ms(meeting.start))


def test_a_list_is_filled_shown_and_emptied_as_rules_match_it(meeting, settings, clock, lines):
    given = ["horse=Dancér (IRE)", "jockey=A. N. Other", "program=1a", "track=aqu", "race=GP/03"]
    assert watchlists.add(settings, clock, "mine", given, by="Ann") == 0
    assert lines() == [f"{text}: on mine now" for text in given]
    rows = [(row["field"], row["value"], row["shown"]) for row in meeting.rows("watchlist")]
    assert rows == [
        ("horse", "DANCER", "Dancér (IRE)"), ("jockey", "ANOTHER", "A. N. Other"), ("program", "1A", "1a"),
        ("track", "aqueduct", "aqu"), ("race", "gulf/3", "GP/03"),
    ]  # fmt: skip
    watchlists.add(settings, clock, "mine", ["horse=DANCER"], by="")
    assert lines() == ["horse=DANCER: on mine already"]
    watchlists.show(settings, clock, None)
    assert len([line for line in lines() if line.startswith("mine")]) == 5
    watchlists.remove(settings, clock, "mine", ["horse=Dancer", "track=AQU"])
    assert lines() == ["horse=Dancer: off mine", "track=AQU: off mine"]
    watchlists.show(settings, clock, "other")
    assert lines() == ["other: no entry"]


def test_what_is_not_on_a_list_is_not_half_removed(meeting, settings, clock, lines):
    watchlists.add(settings, clock, "mine", ["horse=Dancer"], by="")
    with pytest.raises(ConfigError, match="mine: horse=Alpha is not on it"):
        watchlists.remove(settings, clock, "mine", ["horse=Dancer", "horse=Alpha"])
    assert meeting.rows("watchlist")[0]["removed_at"] is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hrose=Dancer", "did you mean horse"),
        ("horse", "a value is expected"),
        ("horse= ", "a value is expected"),
        ("program=100", "a program number is expected"),
        ("track=XYZ", "a track of tracks.yaml"),
        ("race=AQU", "a race such as AQU/3"),
        ("race=AQU/0", "a race such as AQU/3"),
        ("race=XYZ/3", "a race such as AQU/3"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_all_its_company(meeting, settings, clock, text, says):
    with pytest.raises(ConfigError) as caught:
        watchlists.add(settings, clock, "mine", ["horse=Dancer", text, "colour=red"], by="")
    assert says in str(caught.value)
    assert "colour" in str(caught.value)
    assert meeting.rows("watchlist") == []
