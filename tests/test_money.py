"""Minor units by currency, sums of one currency only, and what people read."""

import pytest
from crawling import ROOT
from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy import money
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.yaml_file import read
from horses_scrapy.errors import HorsesError
from horses_scrapy.money import DIGITS, MixedCurrencies, Money, UnknownCurrency


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_450, "USD", "1,234.50 USD"),
        (5, "EUR", "0.05 EUR"),
        (0, "SEK", "0.00 SEK"),
        (-250, "GBP", "-2.50 GBP"),
        (123_450, "JPY", "123,450 JPY"),
        (99, "JPY", "99 JPY"),
    ],
)
def test_money_is_shown_with_the_digits_of_its_currency(minor, currency, text):
    assert money.shown(minor, currency) == str(Money(minor, currency)) == text


@given(st.integers(0, 10**12), st.sampled_from(sorted(DIGITS)))
def test_what_is_shown_is_the_amount(minor, currency):
    assert int(money.figure(minor, currency).replace(",", "").replace(".", "")) == minor


def test_two_currencies_are_never_added():
    with pytest.raises(MixedCurrencies, match=r"1\.00 USD and 100 JPY cannot be added"):
        Money(100, "USD") + Money(100, "JPY")
    with pytest.raises(MixedCurrencies):
        money.total([Money(1, "USD"), Money(2, "USD"), Money(3, "CAD")])


def test_a_total_is_of_its_currency_and_of_nothing_there_is_none():
    assert money.total([Money(1, "USD"), Money(2, "USD")]) == Money(3, "USD")
    assert money.total([]) is None


@pytest.mark.parametrize("currency", ["", "usd", "XTS", "BTC"])
def test_an_unknown_currency_has_no_minor_unit(currency):
    with pytest.raises(UnknownCurrency, match="one of AUD, CAD") as caught:
        money.minor_units(currency)
    assert isinstance(caught.value, HorsesError)


def test_a_track_with_an_unknown_currency_is_not_watched(tmp_path):
    text = (ROOT / "config/tracks.yaml").read_text("utf-8").replace("currency: HKD", "currency: XTS", 1)
    (tmp_path / "tracks.yaml").write_text(text, "utf-8")
    _, tracks, faults = parse_tracks(read(tmp_path / "tracks.yaml"))
    (fault,) = faults
    assert "currency" in fault
    assert "'XTS'" in fault
    assert "sha_tin" not in tracks
    assert "happy_valley" in tracks
