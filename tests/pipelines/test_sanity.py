"""Suspect boards through the real pipelines: they are stored with their flags, told once, and no rule reads them."""

import logging
from dataclasses import replace

import pytest
from shown_boards import AT, BOARD, board, entries, grid, terms

from alerts.engine import Engine, Setting
from alerts.history import HARMLESS
from alerts.rules import load_rules
from horses_scrapy.checks import CHECKS
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.tracks import Track
from horses_scrapy.items import RaceItem
from horses_scrapy.pipelines.sanity import Sanity, context_of
from horses_scrapy.pipelines.store import Store as StorePipeline
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.runs import Run
from horses_scrapy.track_spider import TrackSpider

TRACK = Track(
    key="demo",
    code="DMO",
    name="Synthetic Downs",
    country="US",
    timezone="America/New_York",
    source="demo",
    source_key="DMO",
    base_url="http://127.0.0.1:1",
    currency="USD",
    pools={"win": (terms(0.16),), "exacta": (terms(0.185),)},
)
SIX = {"1": 3500, "2": 1600, "3": 13_000, "4": 9000, "5": 9000, "6": 31_000}


class DemoSpider(TrackSpider):
    name = "track_demo"
    source = BOARD


class Crawl:
    """The pipelines of one run, on a database of its own."""

    def __init__(self, home, **system):
        told = {"home": home, "config_file": home / "config" / "config.yaml", "system": system}
        settings = Settings.model_validate(told)
        self.store = open_store(settings, Clock())
        self.spider = DemoSpider(
            track=TRACK, source_config=None, home=home, credentials={}, now=Clock(), date="2026-05-02"
        )
        self.spider.run = Run.begin(self.store, Clock(), spider="track_demo", track="demo", source="demo", job_id=None)
        self.spider.run.take_lease()
        self.sanity, self._stored = Sanity(self), StorePipeline(self)

    def process(self, item):
        passed = self.sanity.process_item(item)
        return self._stored.process_item(passed)

    def card(self, *labels, race=1, at=AT, out=()):
        return self.process(
            RaceItem(
                track="demo",
                race_date=AT.date(),
                race_number=race,
                source=BOARD,
                source_key=f"R{race}",
                url="http://127.0.0.1:1/1",
                fetched_at=at,
                post_time=AT,
                status="open",
                entries=entries(*labels, out=out),
            )
        )

    def board(self, prices, minute=0, **fields):
        item = board(prices, source=BOARD, **fields)
        return self.process(replace(item, fetched_at=AT.replace(minute=minute)))

    def stored_flags(self):
        with self.store.read() as connection:
            rows = connection.exec_driver_sql("SELECT flags FROM board ORDER BY fetched_at").scalars()
            return [set(filter(None, flags.split(","))) for flags in rows]


@pytest.fixture(params=["sqlite", "postgres"])
def crawl(request, tmp_path):
    (tmp_path / "config").mkdir()
    system = {} if request.param == "sqlite" else {"database_url": request.getfixturevalue("postgres_url")}
    made = Crawl(tmp_path, **system)
    yield made
    made.store.close()


def test_no_flag_of_a_check_is_harmless():
    for check in CHECKS:
        assert {"suspect", check.__name__}.isdisjoint(HARMLESS)


def test_a_sound_board_passes_as_it_is(crawl):
    crawl.card(*SIX)
    item = board(SIX, source=BOARD)
    assert crawl.sanity.process_item(item) is item


def test_a_suspect_board_is_stored_with_its_names_and_keeps_the_sources_own_flags(crawl):
    crawl.card(*SIX)
    passed = crawl.board({**SIX, "2": 16_000}, flags=frozenset({"no_pairs"}))
    assert passed.flags == {"suspect", "overround", "no_pairs"}
    assert passed.prices == board({**SIX, "2": 16_000}).prices
    assert crawl.stored_flags() == [{"suspect", "overround", "no_pairs"}]


def test_a_suspect_board_fires_nothing_and_the_next_sound_one_does(crawl, tmp_path):
    rules = tmp_path / "alerts.yaml"
    rules.write_text("rules: [{name: long, kind: win_odds_above, threshold: 10-1, scope: {races: [1]}}]", "utf-8")
    engine = Engine(crawl.store, Setting(rules=load_rules(rules)), Clock())
    crawl.card(*SIX)
    crawl.board({**SIX, "2": 16_000})
    assert engine.evaluate_race(1) == []
    crawl.board(SIX, minute=1)
    assert [fired.text.split()[2] for fired in engine.evaluate_race(1)] == ["#3", "#6"]


def test_one_line_for_a_board_and_each_name_once_a_run(crawl, caplog):
    crawl.card(*SIX)
    with caplog.at_level(logging.WARNING):
        crawl.board({**SIX, "2": 16_000})
        crawl.board({**SIX, "2": 16_000}, minute=1)
        crawl.board({label: price for label, price in SIX.items() if label != "2"}, minute=2)
    first, second = [record.getMessage() for record in caplog.records]
    assert first.startswith("Suspect board: DMO R1: overround: expected 1/price to add up to ")
    assert second.startswith("Suspect board: DMO R1: runner_count: ")
    assert "#2 Horse 2" in second
    assert len(crawl.stored_flags()) == 3


def test_a_fall_of_the_pool_is_read_from_the_board_before_and_a_scratch_on_the_card_explains_it(crawl):
    crawl.card(*SIX)
    crawl.board(SIX, pools={("win", None): 1_000_000})
    assert crawl.board(SIX, minute=1, pools={("win", None): 900_000}).flags == {"suspect", "pool_fell"}
    assert crawl.board(SIX, minute=2, pools={("win", None): 900_000}).flags == set()
    crawl.card(*SIX, at=AT.replace(minute=3), out=["6"])
    five = {**SIX, "6": "SCR"}
    assert crawl.board(five, minute=4, pools={("win", None): 800_000}).flags == set()
    assert crawl.board(five, minute=8, pools={("win", None): 790_000}).flags == set()  # the refund comes in parts
    assert crawl.board(five, minute=19, pools={("win", None): 790_000}).flags == set()
    assert crawl.board(five, minute=20, pools={("win", None): 700_000}).flags == {"suspect", "pool_fell"}


def exactas(factor=1.0):
    chance = {label: 1000 / price / 1.242 for label, price in SIX.items()}
    pays = {
        (a, b): round(200 * 0.815 / (chance[a] * chance[b] / (1 - chance[a])) * factor)
        for a in SIX
        for b in SIX
        if a != b
    }
    return [grid(pays)]


def test_frozen_pairs_are_measured_from_the_board_that_first_showed_them(crawl):
    """5 % a poll is little; over four polls it is not."""
    crawl.card(*SIX)
    totals = [100_000, 105_000, 109_000, 111_000]
    found = [
        crawl.board(SIX, minute=minute, pools={("exacta", None): total}, grids=exactas()).flags
        for minute, total in enumerate(totals)
    ]
    assert found == [set(), set(), set(), {"suspect", "frozen"}]
    moved = crawl.board(SIX, minute=9, pools={("exacta", None): 200_000}, grids=exactas(1.01))
    assert moved.flags == set()
    assert crawl.board(SIX, minute=10, pools={("exacta", None): 201_000}, grids=exactas(1.01)).flags == set()


def test_the_prices_of_another_race_are_placeholders(crawl):
    crawl.card(*SIX, race=3)
    crawl.process(replace(board(SIX, source=BOARD), race_number=3))
    crawl.card(*SIX)
    assert crawl.board(SIX, minute=1).flags == {"suspect", "placeholder"}


def test_the_context_of_a_race_that_is_not_stored_is_the_tracks(crawl):
    with crawl.store.read() as connection:
        around = context_of(connection, board(SIX), TRACK, None)
    assert (around.runners, around.earlier, set(around.terms)) == ((), None, {"win", "exacta"})
