"""What every configuration block refuses, and keeps to itself."""

import pytest
from pydantic import ValidationError

from horses_scrapy.config.block import Block, Line


class Sample(Block):
    number: float = 1
    text: Line = ""
    flag: bool = False


@pytest.mark.parametrize(
    "given", [{"number": "planted"}, {"flag": "planted"}, {"text": ["planted"]}, {"planted\n": 1, "x": "planted!"}]
)
def test_an_error_never_repeats_its_input(given):
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate(given)
    assert "input_value" not in str(caught.value)
    assert "planted!" not in repr(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"number": True},
        {"text": False},
        {"number": float("nan")},
        {"number": "inf"},
        {"other": 1},
        {"text": "a\nb"},
        {"text": "a\x7f"},
        {"text": "\u2028"},
    ],
)
def test_nothing_meaningless_is_taken(given):
    with pytest.raises(ValidationError):
        Sample.model_validate(given)


def test_a_boolean_is_taken_where_one_is_due():
    assert Sample.model_validate({"flag": True}).flag is True
