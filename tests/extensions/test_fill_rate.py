"""What a run filled of what it should have, when that makes it degraded, and when a field's fall is told."""

import logging
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from offline import Frozen
from shown_boards import AT, BOARD, board, entries, grid

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings, Track
from horses_scrapy.extensions.fill_rate import DEGRADED_STAT, FillRate
from horses_scrapy.extensions.filled import of_board, of_card
from horses_scrapy.items import RaceItem
from horses_scrapy.storage import fill_rates
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.fill_rates import Filled
from horses_scrapy.storage.runs import Run
from horses_scrapy.track_spider import TrackSpider

TODAY = Frozen(instant="2026-05-02T20:00:00Z")
FOUR = {"1": 2600, "2": 3000, "3": 6000, "4": "SCR"}
TRACK = Track(
    key="demo", code="DMO", name="Synthetic Downs", country="US", timezone="America/New_York", source="demo",
    source_key="DMO", base_url="http://127.0.0.1:1", currency="USD",
)  # fmt: skip


def card(*, out=(), **fields) -> RaceItem:
    listed = tuple(replace(entry, **fields) for entry in entries("1", "2", "3", "4", out=out))
    return RaceItem(
        track="demo",
        race_date=date(2026, 5, 2),
        race_number=1,
        source=BOARD,
        source_key="R1",
        url="http://127.0.0.1:1/1",
        fetched_at=AT,
        post_time=AT,
        status="open",
        entries=listed,
    )


def test_a_card_is_held_to_the_horses_that_run():
    half = card(jockey="A. Rider", out=("4",))
    assert of_card(half) == {
        "jockey": Filled(3, 3),
        "trainer": Filled(0, 3),
        "morning_line": Filled(0, 3),
        "post_time": Filled(1, 1),
    }
    assert of_card(replace(half, entries=(), post_time=None))["post_time"] == Filled(0, 1)


def test_a_board_is_held_to_the_interests_that_run():
    pairs = grid({("1", "2"): 900, ("2", "1"): 800, ("1", "3"): 2000})
    item = board({**FOUR, "3": None}, pools={("win", None): 100_000}, grids=[pairs], source_time=AT)
    assert of_board(item, AT) == {
        "win_odds": Filled(2, 3),
        "pools": Filled(1, 1),
        "pair_prices": Filled(3, 6),
        "source_time": Filled(1, 1),
    }
    bare = of_board(board(FOUR, grids=[grid({("1", "2"): 900}, kind="quinella")]), None)
    assert [bare[field] for field in ("win_odds", "pools", "pair_prices")] == [Filled(3, 3), Filled(0, 1), Filled(1, 3)]


def test_an_exchange_is_held_to_its_best_backs():
    assert of_board(board({"1": 2000, "2": None}, market="win_back"), None)["win_odds"] == Filled(1, 2)


NOT_COUNTED = {
    "nothing is priced yet": (board(dict.fromkeys(FOUR)), AT),
    "not open": (board(FOUR, status="scheduled"), AT),
    "over": (board(FOUR, status="official"), AT),
    "the post is 31 minutes away": (board(FOUR), AT + timedelta(minutes=31)),
    "the site says 31 minutes": (board(FOUR, minutes_to_post=31), None),
}


@pytest.mark.parametrize("case", NOT_COUNTED)
def test_a_board_does_not_count_before_it_is_ripe(case):
    assert of_board(*NOT_COUNTED[case]) == {}


def test_percent_is_rounded_down_and_nothing_due_is_nothing_missed():
    assert [Filled(899, 1000).percent, Filled(0, 0).percent, Filled(3, 3).percent] == [89, 100, 100]


class DemoSpider(TrackSpider):
    name = "track_demo"
    source = BOARD


@pytest.fixture
def runs(tmp_path):
    """Runs of one track: `runs(items)` is the stats of a whole run that scraped them."""
    (tmp_path / "config").mkdir()
    settings = Settings.model_validate({"home": tmp_path, "config_file": tmp_path / "config" / "config.yaml"})
    store = open_store(settings, Clock())

    def run(*items, **asked):
        spider = DemoSpider(track=TRACK, source_config=None, home=tmp_path, credentials={}, now=TODAY, **asked)
        spider.run = Run.begin(store, TODAY, spider="track_demo", track="demo", source="demo", job_id=None)
        stats: dict[str, str] = {}
        extension = FillRate(SimpleNamespace(stats=SimpleNamespace(set_value=stats.__setitem__)))
        for item in items:
            extension.item_scraped(item, spider)
        extension.spider_closed(spider)
        return stats

    run.store = store
    yield run
    store.close()


def test_rates_are_stored_by_run_and_read_newest_first(runs):
    runs(card(jockey="A. Rider"), board(FOUR))
    runs(card())
    with runs.store.read() as connection:
        assert fill_rates.recent(connection, "demo", "jockey", 10, before_run=99) == [Filled(0, 4), Filled(4, 4)]
        assert fill_rates.recent(connection, "demo", "jockey", 1, before_run=99) == [Filled(0, 4)]
        assert fill_rates.recent(connection, "demo", "win_odds", 10, before_run=2) == [Filled(3, 3)]
        assert fill_rates.recent(connection, "elsewhere", "jockey", 10, before_run=99) == []


def test_under_nine_tenths_of_the_win_odds_a_run_is_degraded(runs):
    ten = {str(number): 8000 + number for number in range(1, 11)}
    assert runs(board({**ten, "1": None})) == {}
    assert runs(board({**ten, "1": None, "2": None})) == {DEGRADED_STAT: "8 of 10 win odds of active runners"}
    assert runs(card()) == {}


def two_cards(**fields):
    return [replace(card(**fields), race_number=number) for number in (1, 2)]


FELL = "Selector health: DMO jockey 0 of 8 filled (0 %), usual is 100 %"


def test_a_field_that_empties_is_told_and_one_that_was_never_filled_is_not(runs, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            runs(*two_cards(jockey="A. Rider"))
        assert caplog.messages == []
        runs(*two_cards())
    assert caplog.messages == [FELL]


@pytest.mark.parametrize(("filled", "told"), [(7, 0), (6, 1)])
def test_a_field_has_fallen_by_twenty_points(runs, caplog, filled, told):
    """Of 8 places, all of which were filled before."""
    listed = [card(jockey="A. Rider")] * 2
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            runs(*listed)
        entries_of = [
            replace(entry, jockey="A. Rider" if place < filled else None)
            for place, entry in enumerate(listed[0].entries * 2)
        ]
        runs(replace(listed[0], entries=tuple(entries_of)))
    assert len(caplog.messages) == told


def test_a_crawl_of_a_past_day_says_nothing_of_the_site_today(runs, caplog):
    for jockey in [*["A. Rider"] * 5, None]:
        runs(*two_cards(jockey=jockey), date="2026-05-01")
    assert caplog.messages == []
    with runs.store.read() as connection:
        assert fill_rates.recent(connection, "demo", "jockey", 10, before_run=99) == []


def test_a_run_that_saw_little_tells_nothing(runs, caplog):
    for _ in range(5):
        runs(*two_cards(jockey="A. Rider"))
    with caplog.at_level(logging.WARNING):
        runs(card())
        runs()
    assert caplog.messages == []
