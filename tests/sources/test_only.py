"""`-a only=`: what a run asks for, of each source, and that a card comes with its entries."""

import pytest
from crawling import ROOT
from offline import SHIPPED

from horses_scrapy.fixtures import Case
from horses_scrapy.items import OddsItem, RaceItem, ResultItem
from horses_scrapy.offline import pages, read_all

FIRST = {
    source: next(key for key, track in SHIPPED.tracks.items() if track.source == source) for source in SHIPPED.sources
}
KEYS = sorted(FIRST.values())


def run(key, only):
    """The items of the saved race, and the requests that they cost."""
    case = Case(ROOT / "tests/fixtures" / key / "one_race")
    spider = case.spider(SHIPPED) if only is None else case.spider(SHIPPED, only=only)
    asked = []
    answers = pages(case.bodies())

    def page(request):
        asked.append(request.url)
        return answers(request)

    found = read_all(spider, page)
    assert found.errors == []
    return found.items, asked


@pytest.mark.parametrize("key", sorted({*KEYS} - {"aqueduct"}))  # its card is a file, told as the spider starts
def test_a_card_comes_with_its_entries_and_asks_for_no_more(key):
    whole, all_requests = run(key, None)
    entered = {entry for item in whole if isinstance(item, RaceItem) for entry in item.entries}
    items, asked = run(key, "card")
    assert {entry for item in items if isinstance(item, RaceItem) for entry in item.entries} == entered
    assert len(asked) <= len(all_requests)


@pytest.mark.parametrize("key", KEYS)
def test_boards_are_those_of_a_whole_run(key):
    whole, _ = run(key, None)
    items, _ = run(key, "boards")
    assert [item for item in items if isinstance(item, OddsItem)] == [
        item for item in whole if isinstance(item, OddsItem)
    ]


@pytest.mark.parametrize("key", sorted({*KEYS} - {"demo"}))  # its saved race is late: it may be over
def test_an_open_race_has_no_result_to_ask_for(key):
    items, asked = run(key, "results")
    assert not [item for item in items if isinstance(item, ResultItem)]
    assert len(asked) <= 2  # the card, which may be two pages
