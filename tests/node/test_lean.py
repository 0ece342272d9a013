"""The lean runner, as a process of its own."""

import pytest


@pytest.mark.parametrize(("times", "limit", "done"), [(12, "250", ["12"]), (40, "250", []), (40, None, ["40"])])
def test_a_job_that_takes_too_much_memory_ends_and_others_do_not(place, start, times, limit, done):
    told = {} if limit is None else {"HORSES_JOB_MEGABYTES": limit}
    job = start("-m", "horses_scrapy.node.lean", "crawl", "hog", "-a", f"times={times}", **told)
    assert job.process.wait(30) == (0 if done else 1)
    assert place.done == done
    assert ("MemoryError" in job.output) is not done
    assert "Spider closed" in job.output, "in order, with its end written"


def test_an_error_before_the_crawl_is_not_lost(place, start):
    (place.path / "tiny" / "settings.py").write_text("1 / 0\n")
    job = start("-m", "horses_scrapy.node.lean", "crawl", "quick")
    assert job.process.wait(30) == 1
    assert "ZeroDivisionError" in job.output
