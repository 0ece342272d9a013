"""The log of a real crawl: what each line is about, no secret, no chatter."""

import json

from crawling import crawl

CLOSED = "http://127.0.0.1:9"
SECRET = "Connection was refused"
"""What the crawl is sure to log."""


def test_a_crawls_log_is_json_where_that_is_asked_for(tmp_path):
    sections = {
        "logging": {"format": "json"},
        "http": {"retry_attempts": 0, "timeout": 1},
    }
    done = crawl(
        tmp_path, "track_demo", base_url=CLOSED, settings={}, sections=sections, environ={"SMTP_PASSWORD": SECRET}
    )
    lines = done.stderr.splitlines()
    assert not [line for line in lines if "Enabled extensions" in line or "Overridden settings" in line]
    opened = next(index for index, line in enumerate(lines) if "Storing in" in line)
    told = [json.loads(line) for line in lines[opened + 1 :]]  # what comes before the engine is Scrapy's own
    assert len(told) >= 3
    assert {(line["run"], line["track"]) for line in told} == {(1, "demo")}
    assert {"time", "level", "logger", "message"} <= told[0].keys()
    assert SECRET not in "\n".join(lines)
    assert "<secret>" in "\n".join(lines)
