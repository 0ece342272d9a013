from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy.config.tracks import RateLimit
from horses_scrapy.middlewares.bucket import Bucket

RATES = st.floats(min_value=0.1, max_value=1000)
PAUSES = st.lists(st.integers(0, 5000), min_size=1, max_size=60)
NOW = 1_700_000_000_000


def grants(bucket: Bucket, pauses: list[int]) -> list[int]:
    """When requests are made by somebody who, after each pause, waits just as long as he must."""
    now, arrival, made = NOW, 0, []
    for pause in pauses:
        now += pause
        now += bucket.wait(arrival, now)
        assert bucket.wait(arrival, now) == 0
        arrival = bucket.take(arrival, now)
        made.append(now)
    return made


@given(rate=RATES, burst=st.integers(1, 20), pauses=PAUSES)
def test_no_window_holds_more_than_the_burst_and_the_rate(rate: float, burst: int, pauses: list[int]) -> None:
    made = grants(Bucket.of(RateLimit(requests_per_second=rate, burst=burst)), pauses)
    for first, since in enumerate(made):
        for last, until in enumerate(made[first:], start=first):
            assert last - first + 1 <= burst + rate * (until - since) / 1000 + 1e-6


@given(rate=RATES, burst=st.integers(1, 20), pauses=PAUSES)
def test_nobody_waits_longer_than_an_interval_for_his_turn(rate: float, burst: int, pauses: list[int]) -> None:
    bucket = Bucket.of(RateLimit(requests_per_second=rate, burst=burst))
    made, asked = grants(bucket, pauses), NOW
    for pause, at in zip(pauses, made, strict=True):
        asked += pause
        assert at - asked <= bucket.interval
        asked = at


def test_after_a_pause_the_burst_goes_at_once_and_then_the_rate_holds() -> None:
    bucket = Bucket.of(RateLimit(requests_per_second=2, burst=3))
    assert [at - NOW for at in grants(bucket, [0] * 6)] == [0, 0, 0, 500, 1000, 1500]
    assert [at - NOW for at in grants(bucket, [0, 0, 0, 0, 1500])] == [0, 0, 0, 500, 2000]


@given(back=st.integers(0, 10**10))
def test_a_clock_that_was_set_back_holds_nobody_up(back: int) -> None:
    bucket = Bucket(interval=2000, burst=1)
    assert bucket.wait(bucket.take(0, NOW), NOW - back) <= 2000
