"""Will-pays, quinella, types of racing, and what a run asks for."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from documents import put, remove, response
from offline import SHIPPED, outcome, pages, spider_of

from horses_scrapy.errors import ParseError
from horses_scrapy.items import OddsItem
from horses_scrapy.sources.tab_nz import parse_card, parse_event
from horses_scrapy.spiders.awapuni import AwapuniSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]
NOW = "2026-02-14T00:02:00Z"
VISIT = Visit(SHIPPED.tracks["awapuni"], date(2026, 2, 14), datetime.fromisoformat(NOW))
CARD, RACE = "awapuni/one_race/meetings", "awapuni/one_race/event"
QUINELLA, QUADRELLA = "data.tote_pools[2]", "data.tote_pools[4]"


def board(saved: Saved, document: Any) -> OddsItem:
    (race,) = parse_card(response(saved(CARD)), VISIT)
    return next(item for item in parse_event(response(document), VISIT, race) if isinstance(item, OddsItem))


def whole(saved: Saved, document: Any) -> None:
    (race,) = parse_card(response(saved(CARD)), VISIT)
    list(parse_event(response(document), VISIT, race))


@pytest.mark.parametrize(("category", "race_type"), [("T", "gallops"), ("H", "harness")])
def test_the_category_tells_gallops_from_harness(saved: Saved, category: str, race_type: str) -> None:
    meetings, race = saved(CARD), saved(RACE)
    put(meetings, "data.meetings[0].category", category)
    put(race, "data.race.type", category)
    (expected,) = parse_card(response(meetings), VISIT)
    card = next(parse_event(response(race), VISIT, expected))
    assert (expected.race_type, card.race_type) == (race_type, race_type)


@pytest.mark.parametrize(
    ("word", "surface"), [("Grass", "turf"), ("Synthetic", "synthetic"), ("Sand", None), ("", None), (None, None)]
)
def test_the_surface(saved: Saved, word: str | None, surface: str | None) -> None:
    race = saved(RACE)
    put(race, "data.race.track_surface", word)
    (expected,) = parse_card(response(saved(CARD)), VISIT)
    assert next(parse_event(response(race), VISIT, expected)).surface == surface


DOUBLE = {"product_type": "RunningDouble", "total": 100}
ROWS = [{"sel": 1, "odds": 12.5}, {"sel": 5, "odds": 80}]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [("quadrella", "1", 121_050), ("quadrella", "5", 512_040)]),
        ({"early_quaddie": [4, 5, 6, 7]}, []),  # this race is its first leg: the numbers are those of race 7's runners
        ({"early_quaddie": [5, 6, 7, 8]}, []),
        ({"early_quaddie": None}, []),  # of which races, nobody says
        ({"product_type": "Quadrella", "quaddie": [1, 2, 3, 4]}, [("quadrella", "1", 121_050), ("quadrella", "5", 512_040)]),
        ({**DOUBLE, "tote_running_double": [[3, 4]], "will_pays": ROWS}, [("daily_double", "1", 1250), ("daily_double", "5", 8000)]),
        ({**DOUBLE, "tote_running_double": [[3, 4], [4, 5]], "will_pays": ROWS}, []),  # two fit
        ({**DOUBLE, "tote_running_double": [[4, 5]], "will_pays": ROWS}, []),
        ({"product_type": "Treble", "tote_treble": [[2, 3, 4]], "will_pays": ROWS}, [("treble", "1", 1250), ("treble", "5", 8000)]),
        ({"will_pays": [{"sel": 1, "odds": 0}, {"sel": 2, "odds": 9.4, "change": "S"}, {"sel": 5, "odds": 7, "change": "U"}]},
         [("quadrella", "5", 700)]),
        ({"will_pays": None}, []),
    ],
)  # fmt: skip
def test_will_pays_are_those_of_the_last_leg(saved: Saved, changed: dict[str, Any], expected: list[Any]) -> None:
    document = saved(RACE)
    document["data"]["tote_pools"][4].update(changed)
    found = [(pay.bet_type, pay.combination, pay.payout) for pay in board(saved, document).will_pays]
    assert [pay for pay in found if pay[1] in {"1", "5"}] == expected


def test_a_scratched_runner_has_no_will_pay_and_no_quinella(saved: Saved) -> None:
    document = saved(RACE)
    put(document, "data.runners[1].is_scratched", True)
    found = board(saved, document)
    assert [pay.combination for pay in found.will_pays] == ["1", "3", "4", "5"]
    assert {label for cell in found.grids[0].prices for label in (cell.first, cell.second)} == {"1", "3", "4", "5"}


@pytest.mark.parametrize(
    ("path", "value"),
    [("sel", 9), ("sel", "1"), ("odds", 0.5), ("odds", -3), ("odds", "1,210.50"), ("odds", 12.345), ("odds", None)],
)
def test_an_unsound_will_pay_is_named_and_costs_no_price(saved: Saved, path: str, value: object) -> None:
    document = saved(RACE)
    put(document, f"{QUADRELLA}.will_pays[0].{path}", value)
    found = board(saved, document)
    assert (found.will_pays, found.flags, len(found.grids)) == ((), frozenset(), 1)
    with pytest.raises(ParseError, match=rf"tote_pools\[4\]\.will_pays\[0\]\.{path}"):
        whole(saved, document)


def test_a_matrix_that_cannot_be_read_costs_the_pairs_and_is_noted(saved: Saved) -> None:
    document = saved(RACE)
    put(document, f"{QUINELLA}.qla_odds[0].oddsString", "-|3.10|4.70|6.70")
    found = board(saved, document)
    assert (found.grids, found.flags) == ((), {"no_pairs"})
    assert found.prices == board(saved, saved(RACE)).prices
    with pytest.raises(ParseError, match=r"qla_odds\[0\]: row 1 of 4 cells in a race of 5 runners"):
        whole(saved, document)


def test_two_rows_that_change_places_are_told_by_the_diagonal(saved: Saved) -> None:
    document = saved(RACE)
    for row, sel in ((0, 2), (1, 1)):
        put(document, f"{QUINELLA}.qla_odds[{row}].sel", sel)
    with pytest.raises(ParseError, match="with itself pays"):
        whole(saved, document)


def test_the_fixtures_quinella_agrees_with_its_takeout(saved: Saved) -> None:
    (grid,) = board(saved, saved(RACE)).grids
    (terms,) = SHIPPED.tracks["awapuni"].pools["quinella"]
    assert sum(grid.base / cell.payout for cell in grid.prices) == pytest.approx(1 / (1 - terms.takeout), rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        ({}, ["RaceItem", "RaceItem", "OddsItem"]),
        ({"only": "card"}, ["RaceItem", "RaceItem"]),
        ({"only": "boards"}, ["RaceItem", "RaceItem", "OddsItem"]),
        ({"only": "results"}, ["RaceItem"]),  # its post is to come
    ],
)
def test_a_run_gives_what_it_is_asked_for(saved: Saved, arguments: dict[str, str], kinds: list[str]) -> None:
    spider = spider_of(AwapuniSpider, NOW, date="2026-02-14", **arguments)
    names = {"/racing/meetings": CARD, "/racing/events/b1c2d3e4-0004": RACE}
    found = outcome(spider, pages({url: response(saved(name)).body for url, name in names.items()}))
    assert ([item["kind"] for item in found["items"]], found["error"]) == (kinds, None)


def test_results_alone_come_without_the_board(saved: Saved) -> None:
    spider = spider_of(AwapuniSpider, "2026-02-14T01:05:10Z", date="2026-02-14", race="1", only="results")
    folder = "awapuni/race_day"
    names = {"/racing/meetings": f"{folder}/meetings", "/racing/events/race-1": f"{folder}/event_1"}
    found = outcome(spider, pages({url: response(saved(name)).body for url, name in names.items()}))
    assert [item["kind"] for item in found["items"][-2:]] == ["RaceItem", "ResultItem"]
    assert not [item for item in found["items"] if item["kind"] == "OddsItem"]


def test_a_list_without_meetings_at_all_is_no_list_of_meetings(saved: Saved) -> None:
    document = saved(CARD)
    remove(document, "data.meetings")
    with pytest.raises(ParseError, match=r"data\.meetings: missing"):
        list(parse_card(response(document), VISIT))
