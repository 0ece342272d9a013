"""`scrapy sources`, as a process: what is enabled, what is missing, how the last run of a track ended."""

import subprocess
import sys

import pytest
from crawling import ROOT, crawl, environment, write_config
from raw_server import answer, serving

MEETINGS = "/affiliates/v1/racing/meetings"


def listed(home, **environ):
    """By spider: the columns after it."""
    config = home / "config/config.yaml"
    command = [sys.executable, "-m", "scrapy", "sources"]
    kept = environment(config, {"COLUMNS": "240", **environ})
    done = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    return {row[1]: row[2:] for row in rows}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """A home in which one track was crawled on a day without racing."""
    home = tmp_path_factory.mktemp("sources")
    with serving({MEETINGS: [answer(200, b'{"data": {"meetings": []}}')]}) as server:
        crawl(home, "track_awapuni", "date=2026-02-14", base_url=server.url)
    return home


def test_each_track_is_listed_with_its_last_outcome(crawled):
    found = listed(crawled)
    assert found["track_demo"] == ["yes", "none needed", "never run"]
    enabled, credentials, outcome = found["track_awapuni"]
    assert (enabled, credentials) == ("no", "none needed")
    assert outcome.startswith("no_card 20")
    assert outcome.endswith(("NZDT", "NZST"))


def test_missing_credentials_are_named_and_given_ones_are_not_shown(crawled):
    _, missing, _ = listed(crawled)["track_ascot"]
    assert "auth.app_key: the environment variable BETFAIR_APP_KEY is not set" in missing
    given = dict.fromkeys(("BETFAIR_APP_KEY", "BETFAIR_USERNAME", "BETFAIR_PASSWORD"), "planted")
    assert listed(crawled, **given)["track_york"][1] == "set"


def test_looking_makes_no_database(tmp_path):
    write_config(tmp_path, "http://127.0.0.1:9")
    assert listed(tmp_path)["track_demo"][2] == "never run"
    assert not (tmp_path / "data").exists()
