"""Odds notation: exact thousandths, or UnknownOdds; never a guess, never another exception."""

import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from horses_scrapy import odds, parimutuel
from horses_scrapy.errors import HorsesError, UnknownOdds
from horses_scrapy.odds import NOT_QUOTED, SCRATCHED, Quote, parse_board, parse_decimal

DIME = Fraction(1, 10)
NBSP = "\N{NO-BREAK SPACE}"
DASHES = ["-", "--", "\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}"]

BOARD_PRICES = {
    "5-2": 3500,
    "5/2": 3500,
    "9/5": 2800,
    "9-5": 2800,
    "1-9": 1111,
    "1/9": 1111,
    "1/5": 1200,
    "3-5": 1600,
    "6-5": 2200,
    "11-8": 2375,
    "100-30": 4333,
    "1-999": 1001,
    "2": 3000,
    "1": 2000,
    "12": 13_000,
    "98": 99_000,
    "98-1": 99_000,
    "EVN": 2000,
    "EVS": 2000,
    "EVEN": 2000,
    "EVENS": 2000,
    "evn": 2000,
    "1-1": 2000,
    "5-2*": 3500,
    "*5-2": 3500,
    "* 5-2": 3500,
    "5-2 *": 3500,
    f"5-2{NBSP}*": 3500,
    "1/9*": 1111,
    "EVN*": 2000,
    "*8": 9000,
    " 5-2 ": 3500,
    "\t7-2\r\n": 4500,
    f"{NBSP}7-2{NBSP}": 4500,
    " " * 40 + "7-2": 4500,
}
BOARD_CAPPED = {
    "99": 100_000,
    "99-1": 100_000,
    "99*": 100_000,
    "150-1": 151_000,
    "198-2": 100_000,
    "9999-1": 10_000_000,
}
BOARD_UNKNOWN = [
    "0-5", "5-0", "5/0", "0/0", "0-0", "00", "007", "05-2", "5-02", "0*", "**", "*5-2*", "5-2**", "- *",
    "5 - 2", "5- 2", f"5{NBSP}-{NBSP}2", "5 2", "5\N{MINUS SIGN}2", "5\N{EN DASH}2", "5\N{FRACTION SLASH}2", "5:2", "5-2-1", "5/", "/2", "5-", "-5", "+5",
    "2.5", "3,5", "1,000", "1_000", "1e3", "1e999", "nan", "NaN", "inf", "Infinity", "0x10", "1000", "9" * 30, "10000-1", "5-1000",
    "\N{FULLWIDTH DIGIT FIVE}-2", "\N{ARABIC-INDIC DIGIT THREE}", "\N{SUPERSCRIPT TWO}", "\N{VULGAR FRACTION ONE HALF}",
    "\N{LATIN SMALL LETTER LONG S}cr", "evn\N{COMBINING ACUTE ACCENT}", "5-2\x00", "5\n-2", "\N{IDEOGRAPHIC SPACE}5-2", "5-2\N{ZERO WIDTH SPACE}", "\ud800",
    "SCR*", "SCR 5-2", "EV", "EVENT", "ODDS", "N/A", "None", "$5", "5-2 F",
]  # fmt: skip

DECIMAL_PRICES = {
    "3.50": 3500,
    "3.5": 3500,
    "2": 2000,
    "2.0": 2000,
    "1.001": 1001,
    "1.01": 1010,
    "13.70": 13_700,
    "99": 99_000,
    "100.25": 100_250,
    "2999.99": 2_999_990,
    "1,141.1": 1_141_100,
    "12,345.678": 12_345_678,
    "99999.9": 99_999_900,
    "100000": 100_000_000,
    f"{NBSP}3.50 ": 3500,
}
DECIMAL_UNKNOWN = [
    "1", "1.0", "1.000", "0.5", "0.999", "00", "00.00", "03.50", "003", ".5", "3.", "3.5000", "3.5.0", "3,50", "3,500", "1,141", "0,500.0", "01,141.1",
    "1141,100.5", "1,14.1", "1,1411.1", "1,,141.1", "1,141,100.5", ",141.1", "100000.001", "100001", "999999", "1000000", "9" * 30, "1_000", "1e3", "1e999",
    "nan", "NaN", "Infinity", "-inf", "-3.5", "+3.5", "\N{MINUS SIGN}3.5", "3 .5", "$3.50", "3.50*", "5-2", "5/2", "EVN", "EVS",
    "\N{FULLWIDTH DIGIT THREE}.5", "3.\N{ARABIC-INDIC DIGIT FIVE}", "1\N{ARABIC THOUSANDS SEPARATOR}141.1", "3\N{FULLWIDTH FULL STOP}5", "3.5\x00", "NR", "-" * 16,
]  # fmt: skip


@pytest.mark.parametrize(("text", "price"), BOARD_PRICES.items())
def test_board_text_is_an_exact_price(text, price):
    assert parse_board(text) == Quote(price, "active")


@pytest.mark.parametrize(("text", "price"), BOARD_CAPPED.items())
def test_at_99_and_beyond_a_board_price_means_this_or_more(text, price):
    assert parse_board(text) == Quote(price, "capped")


@pytest.mark.parametrize(("text", "price"), DECIMAL_PRICES.items())
def test_decimal_text_is_an_exact_price(text, price):
    assert parse_decimal(text) == Quote(price, "active")


@pytest.mark.parametrize("parse", [parse_board, parse_decimal])
@pytest.mark.parametrize("text", ["", " ", NBSP, "*", "0", *DASHES, " - "])
def test_blank_dash_and_zero_mean_that_nothing_is_quoted(parse, text):
    assert parse(text) == NOT_QUOTED == Quote(None, "active")


@pytest.mark.parametrize("text", ["0.0", "0.00", "0.0000", ".0", "-.-", "--.-", "---.-", "--.--"])
def test_a_decimal_without_money_means_that_nothing_is_quoted(text):
    assert parse_decimal(text) == NOT_QUOTED
    with pytest.raises(UnknownOdds):
        parse_board(text)


@pytest.mark.parametrize("parse", [parse_board, parse_decimal])
@pytest.mark.parametrize("text", ["SCR", "scr", "Scr", "SC", "SCRATCHED", " SCR "])
def test_a_scratch_is_a_status_and_not_missing_odds(parse, text):
    assert parse(text) == SCRATCHED == Quote(None, "scratched")


@pytest.mark.parametrize("text", BOARD_UNKNOWN)
def test_board_text_outside_the_notation_is_unknown(text):
    with pytest.raises(UnknownOdds, match="odds"):
        parse_board(text)


@pytest.mark.parametrize("text", DECIMAL_UNKNOWN)
def test_decimal_text_outside_the_notation_is_unknown(text):
    with pytest.raises(UnknownOdds, match="odds"):
        parse_decimal(text)


def test_a_bare_two_is_what_its_source_declares():
    assert parse_board("2").price == 3000
    assert parse_decimal("2").price == 2000


def test_unknown_odds_is_one_of_our_errors_and_names_the_text():
    with pytest.raises(HorsesError, match=re.escape("'5 - 2'")):
        parse_board("5 - 2")


@pytest.mark.parametrize("parse", [parse_board, parse_decimal])
@pytest.mark.parametrize(
    "text", ["9" * 1_000_000, "1-" * 500_000, "-" * 100_000 + ".", "1," * 500_000, "x" + " " * 1_000_000 + "y"]
)
def test_a_hostile_length_is_refused_before_any_pattern_sees_it(parse, text, monkeypatch):
    for pattern in ("_FRACTION", "_WHOLE", "_DECIMAL", "_NO_MONEY"):
        monkeypatch.delattr(odds, pattern)  # a pattern that is tried raises NameError
    with pytest.raises(UnknownOdds, match=r"odds text of \d+ characters") as caught:
        parse(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("parse", [parse_board, parse_decimal])
def test_sixteen_characters_are_looked_at_and_seventeen_are_not(parse):
    with pytest.raises(UnknownOdds, match="neither like"):
        parse(f" {'9' * 16} ")
    with pytest.raises(UnknownOdds, match="odds text of 17 characters"):
        parse("9" * 17)


@given(st.text() | st.from_regex(r"\*? ?[0-9]{1,5}[-/.,]?[0-9]{0,4} ?\*?", fullmatch=True))
@example("5-2")
@example("1e999")
@example("\N{LATIN SMALL LETTER LONG S}C")
@example("1_0")
@example("\N{FULLWIDTH DIGIT FIVE}")
def test_any_text_is_a_price_in_the_ascii_grammar_or_unknown(text):
    bare = text.strip(f" \t\r\n\f\v{NBSP}")
    for parse, grammar in (
        (parse_board, r"\*?\s*(\d{1,3}|\d{1,4}[-/]\d{1,3}|EVN|EVS|EVENS?)\s*\*?"),
        (parse_decimal, r"(\d{1,6}|\d{1,3},\d{3}(?=\.))(\.\d{1,3})?"),
    ):
        try:
            quote = parse(text)
        except UnknownOdds:
            continue
        if quote.price is None:
            assert bare.upper() in {"", "*", "0", *DASHES, "SCR", "SC", "SCRATCHED"} or set(bare) <= set("0.-")
        else:
            assert 1001 <= quote.price <= odds.MAX_PRICE
            assert re.fullmatch(grammar, bare.replace(NBSP, " "), re.ASCII | re.IGNORECASE)


# --- The ladder -------------------------------------------------------------------------------------------------------

# Computed, not copied: published tables have typing errors. Lowest and highest $2 pay-out of each shown rung, in dollars.
PAYS = {
    "1-9": (2.20, 2.20), "1-5": (2.40, 2.60), "2-5": (2.80, 2.80), "1-2": (3.00, 3.00), "3-5": (3.20, 3.40), "4-5": (3.60, 3.80),
    "EVN": (4.00, 4.20), "6-5": (4.40, 4.60), "7-5": (4.80, 4.80), "3-2": (5.00, 5.00), "8-5": (5.20, 5.40), "9-5": (5.60, 5.80),
    "2-1": (6.00, 6.80), "5-2": (7.00, 7.80), "3-1": (8.00, 8.80), "7-2": (9.00, 9.80), "4-1": (10.00, 10.80), "9-2": (11.00, 11.80),
    "5-1": (12.00, 13.80),
} | {f"{n}-1": (2.0 * (n + 1), 2.0 * (n + 1) + 1.80) for n in range(6, 99)}  # fmt: skip


def _two_dollars(price_in_thousandths: int) -> Fraction:
    return 2 * parimutuel.break_down(Fraction(price_in_thousandths, 1000), DIME)


@pytest.mark.parametrize(("shown", "pays"), PAYS.items())
def test_each_rung_pays_its_range_for_two_dollars(shown, pays):
    price = parse_board(shown).price
    low, above = odds.display_range(price)
    assert (float(_two_dollars(low)), float(_two_dollars(above - 1))) == pays


def test_the_ladder_is_complete_and_ascending():
    assert [odds.show(rung, "board") for rung in odds.LADDER] == [*PAYS, "99"]
    assert list(odds.LADDER) == sorted(set(odds.LADDER))


@pytest.mark.parametrize("rung", odds.LADDER)
def test_every_rung_round_trips_in_both_notations(rung):
    assert parse_board(odds.show(rung, "board")).price == rung
    assert parse_decimal(odds.show(rung, "decimal")).price == rung
    assert odds.board_floor(rung) == rung


@given(st.integers(1001, odds.MAX_PRICE))
def test_the_floor_is_the_rung_whose_range_holds_the_price(price):
    low, above = odds.display_range(price)
    assert low == odds.board_floor(price)
    assert low in odds.LADDER
    assert price >= low or low == odds.LADDER[0]
    assert above is None or (price < above and above in odds.LADDER)
    assert (above is None) == (low == odds.LADDER[-1])
    assert parse_board(odds.show(price, "board")).price == low


@given(st.integers(1001, odds.MAX_PRICE))
def test_decimal_text_keeps_every_thousandth(price):
    assert parse_decimal(odds.show(price, "decimal")) == Quote(price)


@pytest.mark.parametrize(
    ("price", "board", "decimal"),
    [
        (1050, "1-9", "1.05"),
        (1110, "1-9", "1.11"),
        (1199, "1-9", "1.199"),
        (1999, "4-5", "1.999"),
        (2000, "EVN", "2.00"),
        (3499, "2-1", "3.499"),
        (3500, "5-2", "3.50"),
        (5999, "9-2", "5.999"),
        (6999, "5-1", "6.999"),
        (99_999, "98-1", "99.999"),
        (100_000, "99", "100.00"),
        (1_141_100, "99", "1141.10"),
    ],
)
def test_show_prints_the_floor_on_a_board_and_the_price_in_decimal(price, board, decimal):
    assert odds.show(price, "board") == board
    assert odds.show(price, "decimal") == decimal


def test_the_first_rung_has_a_range_for_the_shortest_prices_too():
    assert odds.display_range(1050) == odds.display_range(1111) == (1111, 1200)
    assert odds.display_range(3500) == (3500, 4000)
    assert odds.display_range(250_000) == (100_000, None)


def test_profit_and_probability_of_a_price():
    assert odds.profit_per_1(3500) == 2.5
    assert odds.probability(4000) == 0.25
