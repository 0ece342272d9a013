"""TAB Australia: approximates by their documented form, and what a run asks for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from documents import response
from offline import SHIPPED, outcome, pages, spider_of

from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError, ParseError
from horses_scrapy.items import PairGrid, RaceItem
from horses_scrapy.offline import spider_of as spider_with
from horses_scrapy.sources.tab_au import parse_card
from horses_scrapy.sources.tab_au_pairs import PAIRS, parse_approximates
from horses_scrapy.sources.tab_au_race import parse_race
from horses_scrapy.spiders.eagle_farm import EagleFarmSpider
from horses_scrapy.spiders.randwick import RandwickSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]
NOW = "2026-02-14T00:59:00Z"
VISIT = Visit(SHIPPED.tracks["randwick"], date(2026, 2, 14), datetime.fromisoformat(NOW))
CARD, RACE, EXACTA = (f"randwick/one_race/{page}" for page in ("meetings", "race", "exacta"))
ADDRESS = "/v1/tab-info-service/racing/dates/2026-02-14/meetings"


@pytest.fixture
def race(saved: Saved) -> RaceItem:
    (expected,) = parse_card(response(saved(CARD)), VISIT)
    return parse_race(response(saved(RACE)), VISIT, expected).race


def grid(race: RaceItem, rows: object, product: str = "Exacta") -> PairGrid:
    return parse_approximates(response({"approximates": rows}), VISIT, race, PAIRS[product])


def cells(found: PairGrid) -> list[tuple[str, str, int]]:
    return [(cell.first, cell.second, cell.payout) for cell in found.prices]


def row(first: object, second: object, pays: object) -> dict[str, object]:
    return {"selections": [first, second], "return": pays}


@pytest.mark.parametrize(
    ("product", "rows", "expected"),
    [
        ("Exacta", [row(5, 3, 7.4), row(3, 5, 9)], [("3", "5", 900), ("5", "3", 740)]),
        ("Quinella", [row(5, 3, 7.4)], [("3", "5", 740)]),
        ("Quinella", [row(5, 3, 7.4), row(3, 5, 7.4)], [("3", "5", 740)]),
        ("Exacta", [row(1, 2, 0), row(2, 1, 1), row(1, 3, 1140.1)], [("1", "3", 114_010)]),
        ("Exacta", [row(1, 2, 5), row(1, 2, 5)], [("1", "2", 500)]),
        ("Exacta", [], []),
    ],
)
def test_the_first_selection_is_the_first_horse_and_a_return_is_for_one_dollar(
    race: RaceItem, product: str, rows: object, expected: object
) -> None:
    found = grid(race, rows, product)
    assert (found.base, found.cap, found.currency, found.bet_type) == (100, None, "AUD", product.lower())
    assert cells(found) == expected


def test_a_pair_with_a_scratched_horse_has_no_price_whatever_is_shown(race: RaceItem) -> None:
    gone = replace(race.entries[1], status="late_scratch")
    scratched = replace(race, entries=(race.entries[0], gone, *race.entries[2:]))
    assert cells(grid(scratched, [row(1, 2, 6.1), row(2, 1, 6.9), row(1, 3, 8.8)])) == [("1", "3", 880)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "approximates: missing"),
        ({}, "approximates: a list is expected"),
        ([row(1, 9, 5)], r"approximates\[0\]\.selections\[1\]: 9 is no runner"),
        ([row("1", 2, 5)], "a whole number is expected"),
        ([row(1, 1, 5)], "1 with itself pays 500"),
        ([row(1, 2, 5), row(1, 2, 6)], r"approximates\[1\]: 1-2 pays 600 here and 500 before"),
        ([row(1, 2, 5.005)], "not in whole cents"),
        ([row(1, 2, "5.00")], "a number is expected"),
        ([row(1, 2, None)], r"approximates\[0\]\.return: missing"),
        ([{"selections": [1, 2, 3], "return": 5}], "a pair is expected, not 3 runners"),
        ([{"selections": [1, 2]}], r"approximates\[0\]\.return: missing"),
        ([{"return": 2}], r"approximates\[0\]\.selections: missing"),
    ],
)
def test_what_is_not_in_that_form_is_refused(race: RaceItem, rows: object, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        grid(race, rows)


def test_a_quinella_whose_halves_disagree_is_refused(race: RaceItem) -> None:
    with pytest.raises(ParseError, match="1-2 pays 500 and 600"):
        grid(race, [row(1, 2, 5), row(2, 1, 6)], "Quinella")


def test_the_fixtures_exacta_agrees_with_its_takeout_and_its_win_odds(saved: Saved, race: RaceItem) -> None:
    found = parse_approximates(response(saved(EXACTA)), VISIT, race, PAIRS["Exacta"])
    (terms,) = SHIPPED.tracks["randwick"].pools["exacta"]
    total = sum(found.base / cell.payout for cell in found.prices)
    assert total == pytest.approx(1 / (1 - terms.takeout), rel=0.02)
    odds = {str(runner["runnerNumber"]): runner["parimutuel"]["returnWin"] for runner in saved(RACE)["runners"]}
    implied = sum(1 / price for price in odds.values())
    for label, price in odds.items():
        share = sum(found.base / cell.payout for cell in found.prices if cell.first == label) / total
        assert share == pytest.approx(1 / price / implied, abs=0.01)


def run(saved: Saved, pairs: bytes | None, **arguments: str) -> tuple[dict[str, Any], list[str]]:
    """What a crawl gives, and the paths it asked for."""
    answers = pages(
        {
            f"{ADDRESS}?": response(saved(CARD)).body,
            f"{ADDRESS}/R/XQ/races/3?": response(saved(RACE)).body,
            f"{ADDRESS}/R/XQ/races/3/pools": pairs,
        }
    )
    asked = []

    def page(request: Any) -> bytes | None:
        url = urlsplit(request.url)
        assert parse_qs(url.query) == {"jurisdiction": ["NSW"]}
        asked.append(url.path.removeprefix(ADDRESS))
        return answers(request)

    spider = spider_of(RandwickSpider, NOW, date="2026-02-14", **arguments)
    return outcome(spider, page), asked


def boards(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in found["items"] if item["kind"] == "OddsItem"]


def test_a_board_costs_two_requests_beyond_the_card(saved: Saved) -> None:
    found, asked = run(saved, response(saved(EXACTA)).body, race="3")
    assert asked == ["", "/R/XQ/races/3", "/R/XQ/races/3/pools/Exacta/approximates"]
    (board,) = boards(found)
    assert (len(board["grids"][0]["prices"]), board["flags"]) == (20, frozenset())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (None, None),
        (b"", "EmptyResponse"),
        (b"<html>Access Denied</html>", "Blocked"),
        (b'{"approximates":', "ParseError"),
        (b'{"prices":[]}', "ParseError"),
        (b'{"approximates":[]}', None),
    ],
)
def test_a_page_of_approximates_that_fails_costs_the_pairs_only(
    saved: Saved, body: bytes | None, error: str | None
) -> None:
    found, _ = run(saved, body)
    (board,) = boards(found)
    assert (board["grids"], board["flags"], len(board["prices"])) == ((), {"no_pairs"}, 15)
    assert (error is None) == (found["error"] is None)
    assert error is None or found["error"].startswith(error)


@pytest.mark.parametrize(
    ("arguments", "kinds", "requests"),
    [
        ({"only": "card"}, ["RaceItem", "RaceItem"], 2),
        ({"only": "boards"}, ["RaceItem", "RaceItem", "OddsItem"], 3),
        ({"only": "results"}, ["RaceItem"], 1),  # its post is to come
        ({"only": "results", "race": "3"}, ["RaceItem"], 1),
    ],
)
def test_a_run_asks_for_what_it_is_asked_for(
    saved: Saved, arguments: dict[str, str], kinds: list[str], requests: int
) -> None:
    found, asked = run(saved, response(saved(EXACTA)).body, **arguments)
    assert ([item["kind"] for item in found["items"]], len(asked)) == (kinds, requests)


def test_results_alone_cost_no_approximates_and_give_no_board(saved: Saved) -> None:
    names = {f"{ADDRESS}?": "meetings", f"{ADDRESS}/R/XQ/races/1?": "race_1"}
    bodies = {url: response(saved(f"randwick/race_day/{name}")).body for url, name in names.items()}
    spider = spider_of(RandwickSpider, NOW, date="2026-02-14", only="results")
    found = outcome(spider, pages(bodies))
    assert [item["kind"] for item in found["items"][3:]] == ["RaceItem", "ResultItem"]


def test_without_a_pool_no_approximates_are_asked_for(saved: Saved) -> None:
    empty = saved(RACE) | {"pools": []}
    bodies = {f"{ADDRESS}?": response(saved(CARD)).body, f"{ADDRESS}/R/XQ/races/3?": response(empty).body}
    found = outcome(spider_of(RandwickSpider, NOW, date="2026-02-14"), pages(bodies))
    assert [(board["flags"], board["pools"]) for board in boards(found)] == [(frozenset(), ())]


def with_options(**options: str) -> Settings:
    track = SHIPPED.tracks["randwick"].model_copy(update={"options": options})
    return SHIPPED.model_copy(update={"tracks": {"randwick": track}})


def test_the_option_pairs_names_the_product() -> None:
    assert RandwickSpider.required_options == {"jurisdiction"}
    chosen = spider_with(with_options(jurisdiction="VIC", pairs="Quinella"), RandwickSpider, NOW)
    assert isinstance(chosen, RandwickSpider)
    assert chosen.pairs == "Quinella"
    assert spider_of(EagleFarmSpider, NOW).track.options["jurisdiction"] == "QLD"
    with pytest.raises(ConfigError, match="randwick: options: jurisdiction must be set"):
        spider_with(with_options(pairs="Exacta"), RandwickSpider, NOW)
    with pytest.raises(ConfigError, match=r"options\.pairs: one of Exacta, Quinella, none is expected"):
        spider_with(with_options(jurisdiction="VIC", pairs="Duet"), RandwickSpider, NOW)


def test_where_no_pairs_are_wanted_a_board_costs_one_request(saved: Saved) -> None:
    spider = spider_with(with_options(jurisdiction="NSW", pairs="none"), RandwickSpider, NOW, date="2026-02-14")
    bodies = {f"{ADDRESS}?": response(saved(CARD)).body, f"{ADDRESS}/R/XQ/races/3?": response(saved(RACE)).body}
    found = outcome(spider, pages(bodies))
    assert [(board["flags"], board["grids"]) for board in boards(found)] == [(frozenset(), ())]
