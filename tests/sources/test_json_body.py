from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import TextResponse

from horses_scrapy.errors import Blocked, EmptyResponse, ParseError, SourceError
from horses_scrapy.odds import NOT_QUOTED, Quote
from horses_scrapy.sources.json_body import Json, each_sound, read_json


def body(content: bytes) -> TextResponse:
    return TextResponse("https://example.test/x", body=content)


def field(value: object) -> Json:
    return Json({"a": value}, "data")["a"]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyResponse, "without a body"),
        (b" \n\t", EmptyResponse, "without a body"),
        (b"<!DOCTYPE html><html>", Blocked, "a page came"),
        (b"\n <html><body>Access Denied", Blocked, "a page came"),
        (b'{"data": [1, 2', ParseError, "no sound JSON in 14 bytes"),
        (b'{"data": NaN}', ParseError, "NaN is not JSON"),
        (b'{"data": -Infinity}', ParseError, "-Infinity is not JSON"),
        (b'{"data": "\xff"}', ParseError, "no sound JSON"),
        (b"[" * 200_000, ParseError, "no sound JSON"),
        (b"9" * 10_000, ParseError, "no sound JSON"),
    ],
)
def test_what_is_no_document_is_named(content: bytes, error: type[SourceError], words: str) -> None:
    with pytest.raises(error, match=words):
        read_json(body(content))


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_json(body(b'\xef\xbb\xbf{"a": 1}'))["a"].whole() == 1


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("5", Quote(5000)),
        ("2.35", Quote(2350)),
        ("1.04", Quote(1040)),
        ("1.001", Quote(1001)),
        ("149.0", Quote(149_000)),
        ("0", NOT_QUOTED),
        ("0.0000", NOT_QUOTED),
        ("1", NOT_QUOTED),
        ("0.85", NOT_QUOTED),
    ],
)
def test_a_price_is_exact_thousandths_and_zero_is_none(text: str, quote: Quote) -> None:
    assert read_json(body(f'{{"a": {text}}}'.encode()))["a"].quote() == quote


@given(st.integers(1001, 999_999))
def test_every_price_of_three_decimals_survives(thousandths: int) -> None:
    text = f"{thousandths // 1000}.{thousandths % 1000:03d}"
    assert read_json(body(f'{{"a": {text}}}'.encode()))["a"].quote() == Quote(thousandths)


@pytest.mark.parametrize("text", ["-2.5", "2.3456", "1e999999", '"2.5"', "true", "1000000000000000000", "{}"])
def test_a_number_that_is_no_price_is_named_with_its_path(text: str) -> None:
    with pytest.raises(ParseError, match=r"^a: "):
        read_json(body(f'{{"a": {text}}}'.encode()))["a"].quote()


@pytest.mark.parametrize(("amount", "cents"), [("9151.38", 915_138), ("5341", 534_100), ("0", 0), ("0.1", 10)])
def test_money_becomes_cents(amount: str, cents: int) -> None:
    assert field(Decimal(amount)).cents() == cents


def test_money_below_a_cent_is_a_fault() -> None:
    with pytest.raises(ParseError, match=r"data\.a: money in whole cents"):
        field(Decimal("1.005")).cents()


def test_times_need_their_offset() -> None:
    assert field("2025-07-17T11:16:59.18904298Z").iso_instant() == datetime(2025, 7, 17, 11, 16, 59, 189042, tzinfo=UTC)
    assert field(1_704_032_221_000).instant() == datetime(2023, 12, 31, 14, 17, 1, tzinfo=UTC)
    for text in ("2025-07-17T11:16:59", "12:50:00", "yesterday"):
        with pytest.raises(ParseError, match=r"data\.a: "):
            field(text).iso_instant()
    with pytest.raises(ParseError, match="epoch milliseconds"):
        field(10**15).instant()


def test_null_and_absent_are_the_same_and_a_required_field_is_neither() -> None:
    document = Json({"here": None, "blank": " "}, "")
    assert document.get("here") is None
    assert document.get("gone") is None
    assert document.optional_text("blank") is None
    assert document.list_of("here") == []
    assert document.flag("here") is False
    for name in ("here", "gone"):
        with pytest.raises(ParseError, match=f"^{name}: missing"):
            document[name]


WRONG = {"a": [Decimal("1.5"), "x" * 500]}


@pytest.mark.parametrize(
    "read",
    [
        lambda node: node["b"],
        lambda node: node["a"].text(),
        lambda node: node["a"].whole(),
        lambda node: node["a"].truth(),
        lambda node: node["a"].quote(),
        lambda node: node["a"].cents(),
        lambda node: node["a"].instant(),
        lambda node: node["a"].iso_instant(),
        lambda node: node["a"].get("b"),
        lambda node: node["a"].one_of({"Open": "open"}),
        lambda node: node["a"].elements()[0].elements(),
        lambda node: node["a"].elements()[0].whole(),
    ],
)
def test_a_wrong_type_is_named_with_its_path_and_a_short_value(read: Callable[[Json], object]) -> None:
    with pytest.raises(ParseError, match=r"^data\.[ab]") as caught:
        read(Json(WRONG, "data"))
    assert len(str(caught.value)) < 160


def test_one_unsound_element_does_not_cost_the_others() -> None:
    made = each_sound([Json(value, f"races[{index}]") for index, value in enumerate([1, "two", 3, None])], Json.whole)
    assert [next(made), next(made)] == [1, 3]
    with pytest.raises(ParseError, match=r"races\[1\]: .*; races\[3\]: "):
        next(made)
