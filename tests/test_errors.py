"""Each failure has its exit code; the codes are what operators script against."""

import pytest

from horses_scrapy import errors

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HorsesError)]


def test_the_exit_codes_are_the_documented_ones():
    names = ("OK", "FATAL", "USAGE", "ALREADY_RUNNING", "PARTIAL", "UNHEALTHY")
    assert [getattr(errors, name) for name in names] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", ALL)
def test_each_kind_of_error_ends_with_its_code(kind):
    expected = {errors.ConfigError: 2, errors.AlreadyRunning: 3, errors.Unhealthy: 5}
    assert kind("x").exit_code == expected.get(kind, 1)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (errors.SourceError, "parse_error"),
        (errors.ParseError, "parse_error"),
        (errors.EmptyResponse, "empty"),
        (errors.Blocked, "blocked"),
        (errors.NoCard, "no_card"),
    ],
)
def test_each_unusable_response_ends_the_run_with_its_outcome(kind, outcome):
    assert kind("x").outcome == outcome


def test_a_busy_store_is_a_store_error_and_unknown_odds_a_value_error():
    assert issubclass(errors.StoreBusy, errors.StoreError)
    assert issubclass(errors.UnknownOdds, ValueError)
    assert not issubclass(errors.UnknownOdds, errors.SourceError)  # one bad token must not end a run
