"""How rounds make a run's outcome, and its summary line."""

import pytest

from horses_scrapy.extensions.outcome import Outcome, made_good, of_exception, of_rounds
from horses_scrapy.extensions.summary import Summary

ENDS = [  # the rounds, the outcome of a crawl of several days, of a window
    (["ok"], "ok", "ok"),
    (["blocked"], "blocked", "blocked"),
    (["unavailable", "ok"], "unavailable", "ok"),
    (["ok", "unavailable"], "unavailable", "unavailable"),
    (["blocked", "ok", "timeout"], "blocked", "blocked"),
    (["ok", "no_card", "skipped"], "ok", "ok"),
    (["no_card", "skipped"], "no_card", "no_card"),
    (["ok", "superseded"], "superseded", "superseded"),
    (["memory", "store_error"], "memory", "memory"),
]


@pytest.mark.parametrize(("names", "days", "window"), ENDS)
def test_the_outcome_of_several_rounds(names, days, window):
    ends = [Outcome(name, "why") for name in names]
    assert of_rounds(ends, made_good=False).name == days
    assert of_rounds(ends, made_good=True).name == window


def test_what_was_made_good_is_still_told():
    ends = [Outcome("unavailable", "HTTP 500"), Outcome("ok"), Outcome("timeout", "late"), Outcome("ok")]
    assert made_good(ends) == "2 of 4 polls failed: timeout: late"
    assert made_good(ends[:3]) is None
    assert made_good(ends[1:2]) is None


def test_a_job_that_met_its_memory_limit_says_so():
    assert of_exception(MemoryError("200 MB")) == Outcome("memory", "MemoryError: 200 MB")


def test_the_summary_in_one_line():
    told = {"boards": 8, "rejected": 0, "errors": 0}
    whole = Summary(items=9, requests={"api.example.com": 10}, answered=10, duration_ms=2140, **told)
    assert whole.text() == (
        "8 boards, 9 items, 0 rejected, 10 requests (api.example.com 10), 2.1 s, 4.2 items/s, 100 % of requests answered"
    )
    nothing = Summary(items=0, requests={}, answered=0, duration_ms=0, polls=3, skipped=1, **{**told, "boards": 0})
    assert nothing.text() == "0 boards, 0 items, 0 rejected, 0 requests, 0.0 s, 0.0 items/s, 3 polls, 1 skipped"
