from datetime import UTC, datetime, timedelta

import pytest

from horses_scrapy.upkeep.rotation import surplus

START = datetime(2026, 5, 1, 3, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("hours", "stays"),
    [
        ([], []),
        ([0], [0]),
        ([0, 1, 2], [2]),  # the newest of a day
        ([24 * day for day in range(7)], [24 * day for day in range(7)]),
        # Daily for 40 days, until Tuesday 9 June: a week; the Tuesday before it, and three Sundays
        ([24 * day for day in range(40)], [24 * day for day in (16, 23, 30, 32, *range(33, 40))]),
        # A gap does not count: the newest seven days that have one
        ([0, 24, 1000, 1024, 2000, 2024, 3000, 3024, 4000], [24, 1000, 1024, 2000, 2024, 3000, 3024, 4000]),
    ],
)
def test_which_stay(hours, stays):
    made = [START + timedelta(hours=hour) for hour in hours]
    assert set(made) - surplus(made) == {START + timedelta(hours=hour) for hour in stays}


def test_kept_up_for_a_year_there_are_never_more_than_eleven_and_a_month_is_covered():
    made = set()
    for day in range(365):
        made.add(START + timedelta(days=day))
        made -= surplus(made)
        assert len(made) <= 11
        assert day < 35 or max(made) - min(made) >= timedelta(days=22)
