from datetime import UTC, date, datetime, time

import pytest

from horses_scrapy.errors import ParseError
from horses_scrapy.sources.local_time import clock_instant, local_instant


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-06-28 15:52:30", "Asia/Tokyo", datetime(2026, 6, 28, 6, 52, 30, tzinfo=UTC)),
        ("2024-09-21T16:28:43", "Europe/Stockholm", datetime(2024, 9, 21, 14, 28, 43, tzinfo=UTC)),
        ("2026-07-01T12:00:00", "America/Phoenix", datetime(2026, 7, 1, 19, tzinfo=UTC)),
        ("2026-10-25T02:30:00", "Europe/Oslo", None),
        ("2026-10-25T03:00:00", "Europe/Oslo", datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_an_instant_or_unknown(text, zone, expected):
    assert local_instant(text, zone, "test") == expected


@pytest.mark.parametrize(
    "text", ["2026-03-29T02:30:00", "2026-03-29T02:30:00+01:00", "half past two", "", "2026-13-01T00:00:00"]
)
def test_what_is_no_local_time_is_refused(text):
    with pytest.raises(ParseError, match="test: "):
        local_instant(text, "Europe/Oslo", "test")


def test_a_time_of_day_on_a_date():
    assert clock_instant(date(2022, 9, 14), time(19, 5, 1), "Asia/Hong_Kong", "test") == datetime(
        2022, 9, 14, 11, 5, 1, tzinfo=UTC
    )
