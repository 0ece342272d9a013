"""What every track that `scrapy list` names must have."""

import pytest
from crawling import ROOT
from offline import SHIPPED

from horses_scrapy.fixtures import Case, spider_class
from horses_scrapy.items import OddsItem, RaceItem

KEYS = sorted(SHIPPED.tracks)


@pytest.mark.parametrize("key", KEYS)
def test_a_track_has_a_code_a_zone_and_a_takeout(key):
    track = SHIPPED.tracks[key]
    assert track.code
    assert track.timezone
    win = track.pools["win"]
    assert all(terms.origin for terms in win)
    assert track.min_runners < track.max_runners


@pytest.mark.parametrize("key", KEYS)
def test_a_track_has_a_saved_day_with_a_race_and_its_board(key):
    read = Case(ROOT / "tests/fixtures" / key / "one_race").read(SHIPPED)
    assert read.errors == []
    (board,) = [item for item in read.items if isinstance(item, OddsItem)]
    assert {item.track for item in read.items} == {key}
    assert any(isinstance(item, RaceItem) and item.post_time is not None for item in read.items)
    assert sum(price.price is not None for price in board.prices) >= 3


@pytest.mark.parametrize("key", KEYS)
def test_a_track_file_is_short(key):
    text = (ROOT / "horses_scrapy/spiders" / f"{key}.py").read_text("utf-8")
    assert len(text.splitlines()) <= 40
    assert spider_class(key).name == f"track_{key}"


def test_no_real_track_is_enabled_as_shipped():
    assert set(SHIPPED.enabled_tracks) == {"demo"}
