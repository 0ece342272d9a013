from datetime import UTC, datetime

import pytest

from horses_scrapy.errors import ParseError
from horses_scrapy.sources.pairs import PairForm, pair_grid

AT = datetime(2026, 5, 2, tzinfo=UTC)


def read(form, cells):
    grid = pair_grid(form, cells, currency="USD", fetched_at=AT, where="test")
    return [(cell.first, cell.second, cell.payout) for cell in grid.prices]


@pytest.mark.parametrize(
    ("form", "cells", "expected"),
    [
        (PairForm("exacta", 100), {("1", "9"): 800, ("9", "1"): 300}, [("1", "9", 800), ("9", "1", 300)]),
        (
            PairForm("exacta", 100, first="column"),
            {("1", "9"): 800, ("9", "1"): 300},
            [("1", "9", 300), ("9", "1", 800)],
        ),
        (PairForm("exacta", 200), {("1", "1"): None, ("2", "10"): 5, ("10", "2"): None}, [("2", "10", 5)]),
        (PairForm("quinella", 100), {("10", "2"): 700, ("2", "10"): 700, ("1A", "1"): 9}, [("1", "1A", 9), ("2", "10", 700)]),
        (PairForm("quinella", 100, first="column"), {("10", "2"): 700}, [("2", "10", 700)]),
    ],
)  # fmt: skip
def test_a_matrix_is_read_as_its_source_declares(form, cells, expected):
    assert read(form, cells) == expected


@pytest.mark.parametrize(
    ("form", "cells", "message"),
    [
        (PairForm("exacta", 100), {("1", "1"): 5}, "1 with itself pays 5"),
        (PairForm("quinella", 100), {("1", "2"): 5, ("2", "1"): 6}, "1-2 pays 5 and 6"),
    ],
)
def test_what_cannot_be_is_refused(form, cells, message):
    with pytest.raises(ParseError, match=message):
        read(form, cells)
