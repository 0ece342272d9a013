import io

import pytest
from alert_details import detail, path
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from alerts.mail.chart import HEIGHT, WIDTH, chart
from alerts.mail.odds_path import path_of

AMBER = (250, 200, 80)


def drawn(*seen, every=60, **fields) -> Image.Image:
    return Image.open(io.BytesIO(chart(path_of(detail(path=path(*seen, every=every), **fields)))))


def line(picture: Image.Image) -> list[float]:
    """The middle of the line in each column from a fifth to two thirds of the picture, top 0."""
    coloured = picture.convert("RGB")
    found = []
    for x in range(WIDTH // 5, WIDTH * 2 // 3):
        rows = [y for y in range(HEIGHT) if coloured.getpixel((x, y)) == AMBER]
        assert rows, x
        found.append(sum(rows) / len(rows))
    return found


def test_it_is_small_and_says_nothing_of_its_maker():
    picture = drawn(*range(30_000, 3000, -300), every=30)
    assert (picture.size, picture.format, picture.mode) == ((WIDTH, HEIGHT), "PNG", "P")
    assert not set(picture.info) - {"transparency"}


@pytest.mark.parametrize("seen", [(9000, 4000), (9000, 8000, 7000, 6000, 5000, 4500, 4000), (100_000, 50_000, 1100)])
def test_falling_odds_read_as_falling(seen):
    rows = line(drawn(*seen))
    assert rows == sorted(rows)


def test_rising_odds_read_as_rising():
    rows = line(drawn(4000, 5000, 9000, 12_000))
    assert rows == sorted(rows, reverse=True)
    assert rows[0] > rows[-1]


def test_odds_that_stand_still_are_a_level_line():
    assert len(set(line(drawn(4000, 4000, 4000)))) == 1


@given(
    st.lists(st.integers(1010, 100_000), min_size=2, max_size=150),
    st.integers(1, 900),
    st.none() | st.integers(0, 1440),
    st.sampled_from(["board", "decimal"]),
)
@settings(max_examples=40, deadline=None)
def test_any_path_is_drawn_the_same_twice_and_small(seen, every, minutes, notation):
    found = path_of(detail(path=path(*seen, every=every), minutes=minutes, notation=notation))
    made = chart(found)
    assert made == chart(found)
    assert len(made) < 6000
