"""Rikstoto as it was really sent: the race days of 1 June 2021, and the odds of a race with fifteen starts of 25 May 2021.

That race's day and start list were not recorded: those around its odds are ours, in the form of the recorded and of the
documented answers; the horses' names are invented.
"""

import json
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, crawl
from offline import spider_of
from raw_server import answer, serving
from scrapy.http import TextResponse

from horses_scrapy.items import OddsItem
from horses_scrapy.sources.rikstoto_board import parse_place, parse_twin, parse_win
from horses_scrapy.sources.rikstoto_days import RaceDay, parse_race_days, parse_starts
from horses_scrapy.spiders.bjerke import BjerkeSpider
from horses_scrapy.track_spider import Visit

SAMPLES = ROOT.parent / "shared/samples/nordic"
pytestmark = pytest.mark.skipif(
    not (SAMPLES / "rikstoto_win_odds.json").is_file(), reason=f"recorded answers are not beside the project: {SAMPLES}"
)

KEY = "BJ_NR_2021-05-25"
GAME = f"/api/game/{KEY}"
TRACK = spider_of(BjerkeSpider, "2021-05-25T18:20:00Z").track
VISIT = Visit(TRACK, date(2021, 5, 25), datetime.fromisoformat("2021-05-25T18:28:10Z"))


def sample(name: str) -> bytes:
    return (SAMPLES / f"rikstoto_{name}.json").read_bytes()


def lines(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sample(name), parse_float=Decimal)["result"]
    return found


def response(body: bytes) -> TextResponse:
    return TextResponse("https://example.test/x", body=body, encoding="utf-8")


def ok(result: object) -> bytes:
    return json.dumps({"result": result, "success": True, "errorCode": None, "message": None}).encode()


def race_days() -> bytes:
    """Ours: race 1 at 20:30, its bets open."""
    race = {"raceNumber": 1, "startTime": "2021-05-25T20:30:00", "progressStatus": "Future"}
    day = {"raceDayName": "Bjerke", "raceDayKey": KEY, "trackCode": "BJ", "sportType": "T", "races": [race]}
    day |= {"startTime": "2021-05-25T20:30:00", "isMultiTrack": False}
    day["singleLegProducts"] = [{"product": product, "raceNumber": 1, "isOpenForBet": True} for product in ("V", "TV")]
    return ok([day])


def starts() -> bytes:
    """Ours: fifteen invented horses."""
    numbers = range(1, 16)
    fixed = {"raceNumber": 1, "raceKey": f"{KEY}#1", "isScratched": False}
    return ok({"1": [{"startNumber": number, "horseName": f"Hest {number}", **fixed} for number in numbers]})


@pytest.fixture(scope="module")
def board() -> OddsItem:
    day = parse_race_days(response(race_days()), VISIT)
    (race,) = parse_starts(response(starts()), VISIT, day)
    return parse_win(response(sample("win_odds")), VISIT, race)


@pytest.fixture(scope="module")
def first_of_june() -> RaceDay:
    visit = Visit(TRACK, date(2021, 6, 1), datetime.fromisoformat("2021-06-01T18:50:00Z"))
    return parse_race_days(response(sample("racedays")), visit)


def test_bjerke_is_one_of_21_race_days_and_has_nine_races(first_of_june: RaceDay) -> None:
    assert len(lines("racedays")) == 21
    assert (first_of_june.key, first_of_june.fault) == ("BJ_NR_2021-06-01", None)
    assert [race.status for race in first_of_june.races] == ["unofficial"] * 5 + ["closed"] + ["open"] * 3
    assert {race.race_type for race in first_of_june.races} == {"harness"}
    posts = [race.post_time.isoformat() for race in first_of_june.races if race.post_time is not None]
    assert (posts[0], posts[6]) == ("2021-06-01T17:00:00+00:00", "2021-06-01T19:05:00+00:00")
    assert Counter(product for _, product in first_of_june.products) == dict.fromkeys(["V", "P", "TV", "T", "VP"], 9)


def test_nothing_of_an_ongoing_race_is_open_and_everything_of_a_later_one_is() -> None:
    """What the status words stand for here comes from these bytes."""
    day = lines("racedays")[0]
    words = {race["raceNumber"]: race["progressStatus"] for race in day["races"]}
    found = {(words[one["raceNumber"]], one["isOpenForBet"]) for one in day["singleLegProducts"]}
    assert found == {("Finished", False), ("Ongoing", False), ("Future", True)}


def test_codes_of_foreign_tracks_are_of_one_day_only() -> None:
    names = {(day["trackCode"], day["raceDayName"]) for day in lines("racedays")}
    assert {
        ("S1", "Vaggeryd"),
        ("S1", "Gävle"),
        ("S1", "Jägersro"),
        ("F1", "Strasbourg"),
        ("F1", "Saint-Cloud"),
    } <= names


def test_fifteen_win_odds_are_exact(board: OddsItem) -> None:
    expected = {str(line["startNumber"]): int(line["odds"] * 1000) for line in lines("win_odds")}
    assert {price.label: price.price for price in board.prices} == expected
    assert (len(expected), expected["6"], expected["12"]) == (15, 2940, 104_680)
    assert board.source_time == datetime.fromisoformat("2021-05-25T18:27:59.980+00:00")


def test_fifteen_place_ranges_are_exact() -> None:
    day = parse_race_days(response(race_days()), VISIT)
    (race,) = parse_starts(response(starts()), VISIT, day)
    found = parse_place(response(sample("place_odds")), VISIT, race)
    prices = {(price.label, price.market): price.price for price in found}
    for line in lines("place_odds"):
        label = str(line["startNumber"])
        assert prices[label, "place_low"] == int(line["minOdds"] * 1000)
        assert prices[label, "place_high"] == int(line["maxOdds"] * 1000)
    assert (len(prices), prices["6", "place_low"], prices["6", "place_high"]) == (30, 1310, 1550)


def test_105_twin_pairs_of_which_five_have_no_bet(board: OddsItem) -> None:
    grid = parse_twin(response(sample("twin_odds")), VISIT, board)
    cells = {(cell.first, cell.second): cell.payout for cell in grid.prices}
    assert (len(lines("twin_odds")), len(cells)) == (105, 100)
    assert (cells["6", "14"], cells["6", "9"], cells["5", "6"]) == (761, 836, 1167)
    assert ("3", "11") not in cells


def test_win_and_twin_odds_imply_the_takeout_that_tracks_yaml_states() -> None:
    assert sum(1 / line["odds"] for line in lines("win_odds")).quantize(Decimal("0.0001")) == Decimal("1.2507")
    twin = sum(1 / line["odds"] for line in lines("twin_odds") if line["odds"])
    assert twin.quantize(Decimal("0.0001")) == Decimal("1.3336")


def test_a_triple_grid_of_2245_cells_is_mostly_cap_and_no_board() -> None:
    """Not read: it is here for its cap, which the twin grid may show too."""
    odds = Counter(line["odds"] for line in lines("triple_odds"))
    assert (odds.total(), max(odds), odds[Decimal("2999.99")]) == (2245, Decimal("2999.99"), 1467)


def test_a_real_crawl_of_one_race(tmp_path: Path) -> None:
    routes = {
        "/api/racedays/": [answer(200, race_days())],
        f"/api/racedays/{KEY}/starts": [answer(200, starts())],
        f"{GAME}/betdistribution/winodds/1": [answer(200, sample("win_odds"))],
        f"{GAME}/odds/tv/1": [answer(200, sample("twin_odds"))],
    }
    with serving(routes) as server:
        done = crawl(tmp_path, "track_bjerke", "date=2021-05-25", "race=1", base_url=server.url)
        assert server.paths() == list(routes)
    assert "ERROR" not in done.stderr
    (board,) = done.of("prices")
    assert (len(board["prices"]), board["flags"], len(board["grids"][0]["prices"])) == (15, [], 100)
    assert board["source_time"] == "2021-05-25T18:27:59.980000+00:00"
