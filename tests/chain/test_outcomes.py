"""What a site does wrong ends in the run's own outcome, stores nothing wrong, and the next run goes on."""

import shutil

import pytest

ODDS = "/race/*/1/odds"
QUICK = {
    "http": {"requests_per_second": 1000, "burst": 1000, "timeout": 1, "retry_attempts": 1, "retry_first_wait": 0.05}
}

CASES = {
    "403": ({"kind": "403"}, "blocked", "HTTP 403"),
    "429 for an hour": ({"kind": "429", "retry_after": 3600}, "blocked", "HTTP 429"),
    "500 again and again": ({"kind": "500"}, "unavailable", "HTTP 500"),
    "no answer": ({"kind": "timeout"}, "timeout", "DownloadTimeoutError"),
    "truncated": ({"kind": "truncated"}, "parse_error", "ResponseDataLossError"),
    "empty": ({"kind": "empty"}, "empty", "EmptyResponse"),
    "login page": ({"kind": "login"}, "blocked", "login"),
    "columns swapped": ({"kind": "swapped_columns"}, "parse_error", "Error"),
    "garbage": ({"kind": "html_garbage"}, "parse_error", "ParseError"),
    "another meeting": ({"kind": "wrong_meeting"}, "parse_error", "asked for"),
}  # fmt: skip


RULE = "rules: [{name: any, kind: outcome, outcomes: [blocked, unavailable, timeout, parse_error, empty]}]\n"
RECOVERIES = {"429 for an hour", "no answer", "garbage"}
"""One of each kind, after which the next run is looked at, too."""


@pytest.mark.parametrize("case", CASES)
def test_a_site_that_misbehaves_ends_in_its_own_outcome(case, tote, installation):
    rule, outcome, reason = CASES[case]
    (installation.home / "config").mkdir()
    (installation.home / "config/alerts.yaml").write_text(RULE, "utf-8")
    tote.misbehave(path=ODDS, **rule)
    done = installation.crawl("track_demo", "race=1", tote.date, sections=QUICK)
    run = installation.last_run()
    assert (run.outcome, done.returncode) == (outcome, 1), done.stderr
    assert reason in run.reason
    assert installation.count("board") == installation.count("price_change") == 0
    assert installation.count("track_lease") == 1
    assert told(installation) == [("fired", outcome)]
    assert f"Alert: DMO crawl ended {outcome}" in done.stderr
    if case not in RECOVERIES:
        return
    tote.behave()
    shutil.rmtree(installation.home / "data/state/hosts")  # the hour or the 15 minutes of a refusal are over
    assert installation.crawl("track_demo", "race=1", tote.date, sections=QUICK).returncode == 0
    assert installation.last_run().outcome == "ok"
    assert installation.count("board") == 1
    assert told(installation) == [("fired", outcome), ("resolved", outcome)]


def told(installation):
    return [(row.event, row.subject) for row in installation.rows("SELECT event, subject FROM alert ORDER BY alert_id")]


def test_a_slow_page_and_a_passing_error_are_read_in_the_end(tote, installation):
    tote.misbehave(path=ODDS, kind="500", count=1)
    done = installation.crawl("track_demo", "race=1", tote.date, sections=QUICK)
    assert (done.returncode, installation.last_run().outcome) == (0, "ok")
    assert "answered 500, waiting" in done.stderr
    tote.misbehave(path=ODDS, kind="slow", seconds=0.5)
    assert installation.crawl("track_demo", "race=1", tote.date, sections=QUICK).returncode == 0
    assert installation.count("board") == 2


def test_a_refused_exacta_page_costs_the_pairs_and_says_so(tote, installation):
    tote.misbehave(path="/race/*/1/exacta", kind="403")
    done = installation.crawl("track_demo", "race=1", tote.date, sections=QUICK)
    run = installation.last_run()
    assert (run.outcome, run.degraded, run.boards, done.returncode) == ("blocked", 1, 1, 4)
    assert [row.flags for row in installation.rows("SELECT flags FROM board")] == ["no_pairs"]
    assert installation.count("price_change") > 0
    assert installation.count("pair_grid") == 0


def test_a_day_without_racing_is_no_failure(tote, installation):
    done = installation.crawl("track_demo", "date=2020-01-01")
    run = installation.last_run()
    assert (run.outcome, done.returncode) == ("no_card", 0)
    assert installation.count("race") == 0


def test_a_race_that_is_not_on_the_card_is_named(tote, installation):
    done = installation.crawl("track_demo", "race=1,9", tote.date)
    run = installation.last_run()
    assert (run.outcome, run.boards, done.returncode) == ("no_card", 1, 0)
    assert "no race 9" in run.reason


def test_a_dead_host_is_unavailable(installation, tote):
    tote.server.shutdown()
    tote.server.server_close()
    done = installation.crawl("track_demo", sections=QUICK)
    assert (installation.last_run().outcome, done.returncode) == ("unavailable", 1)


def test_an_item_out_of_bounds_is_kept_with_its_reason(tote, installation):
    done = installation.crawl("track_demo", "race=1", tote.date, validation={"max_price": 1.02})
    run = installation.last_run()
    assert (run.outcome, run.rejected, done.returncode) == ("parse_error", 1, 1)
    rejected = installation.rows("SELECT rule, field, url, item FROM rejected_item")
    assert {row.rule for row in rejected} == {"price_range"}
    assert all("/race/" in row.url and '"prices"' in row.item for row in rejected)
    assert installation.count("board") == 0
