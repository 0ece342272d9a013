"""What each update asks a track for, and which options go with it."""

import argparse

import pytest

from horses_scrapy.config.updates import Updates
from horses_scrapy.errors import USAGE, ConfigError
from horses_scrapy.updates import by_hand
from horses_scrapy.updates.catalogue import NAMES, VALID, Options, check, jobs

ENABLED = ("daily_data", "weekly_reconciliation", "reference_data")


def asked(*words: str) -> tuple[tuple[str, ...], Options]:
    parser = argparse.ArgumentParser()
    by_hand.options(parser)
    arguments = parser.parse_args(words)
    return by_hand.asked(arguments, ENABLED), by_hand.options_of(arguments)


def wanted(*words: str) -> list[str]:
    (name,), options = asked("--update", *words)
    return [" ".join(f"{key}={value}" for key, value in job.items()) for job in jobs(Updates().of(name), options)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("live_data", [""]),
        ("live_data --races-only", ["only=boards"]),
        ("live_data --results-only", ["only=results"]),
        ("daily_data", ["only=card days_ahead=2", "only=results days_back=1"]),
        ("daily_data --days-ahead 3 --days-back 0", ["only=card days_ahead=3"]),
        ("daily_data --days-ahead 0", ["only=card", "only=results days_back=1"]),
        ("daily_data --racecards-only --days-ahead 31", ["only=card days_ahead=31"]),
        ("daily_data --results-only --days-back 2", ["only=results days_back=2"]),
        ("daily_data --weekly", ["only=results days_back=7"]),
        ("daily_data --days-back 7 --results-only", ["only=results days_back=7"]),
        ("weekly_reconciliation", ["only=results days_back=7"]),
        ("weekly_reconciliation --days-back 14", ["only=results days_back=14"]),
        ("weekly_reconciliation --days-back 0", []),
        ("historical_sync --days-back 0", []),
        ("historical_sync", ["days_back=30 sync=1"]),
        ("historical_sync --days-back 366", ["days_back=366 sync=1"]),
        ("reference_data --courses-only", []),
    ],
)
def test_what_a_track_is_asked_for(words, told):
    assert wanted(*words.split()) == told


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("--update dayly", "--update dayly: no such update; there are live_data, daily_data, weekly_reconciliation,"),
        (
            "--update daily_data --racecards-only --results-only",
            "--racecards-only and --results-only exclude each other",
        ),
        ("--update live_data --races-only --results-only", "--results-only and --races-only exclude each other"),
        ("--update reference_data --courses-only --bookmakers-only", "exclude each other"),
        ("--update daily_data --weekly --days-back 3", "--weekly and --days-back exclude each other"),
        ("--update daily_data --results-only --days-ahead 3", "--results-only and --days-ahead exclude each other"),
        ("--update daily_data --courses-only", "--courses-only is no option of daily_data, but of reference_data"),
        (
            "--update historical_sync --weekly",
            "is no option of historical_sync, but of daily_data, weekly_reconciliation",
        ),
        ("--update daily_data --days-back 367", "--days-back 367: 0 to 366 days are expected"),
        ("--update daily_data --days-ahead -1", "--days-ahead -1: 0 to 366 days are expected"),
        ("--days-back 3", "--days-back belongs to an update: add --update NAME"),
        ("--force-all --days-back 3", "--days-back is no option of reference_data"),
    ],
)
def test_what_makes_no_sense_is_refused(words, fault):
    with pytest.raises(ConfigError) as refused:
        asked(*words.split())
    assert fault in str(refused.value)
    assert refused.value.exit_code == USAGE


def test_names_are_asked_for_once_and_force_all_takes_the_enabled_ones():
    assert asked("--update", "daily_data", "--update", "daily_data")[0] == ("daily_data",)
    assert asked("--force-all")[0] == ENABLED
    assert asked()[0] == ()


def test_every_option_belongs_to_an_update_and_every_update_is_known():
    options = set(Options.__dataclass_fields__)
    assert set().union(*VALID.values()) == options
    assert set(VALID) == set(NAMES)
    for name in NAMES:
        check([name], Options())
