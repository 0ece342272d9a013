"""A game of ATG as it was really sent: the V75 of 21 September 2024 at Färjestad, seven races with their results.

The recording is of another track than those that are shipped, so its name is replaced by ours; no calendar was recorded:
the one around it is ours in the documented form. The answer to games/vinnare_<race> has the same shape as that of a V75.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, crawl
from offline import outcome, pages, spider_of
from raw_server import answer, serving

from horses_scrapy.spiders.solvalla import SolvallaSpider

SAMPLE = ROOT.parent / "shared/samples/nordic/atg_game_V75_2024-09-21_15_5.json"
pytestmark = pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the recorded answer is not beside the project: {SAMPLE}")

API = "/services/racinginfo/v1/api"
DAY = "2024-09-21"


def game() -> bytes:
    return SAMPLE.read_bytes().replace('"Färjestad"'.encode(), b'"Solvalla"')


def recorded() -> list[dict[str, Any]]:
    races: list[dict[str, Any]] = json.loads(SAMPLE.read_bytes(), parse_float=Decimal)["races"]
    return races


def calendar() -> bytes:
    races = [{name: race[name] for name in ("id", "number", "status", "startTime")} for race in recorded()]
    track = {"id": 15, "name": "Solvalla", "countryCode": "SE", "sport": "trot", "races": races}
    return json.dumps({"date": DAY, "tracks": [track]}).encode()


@pytest.fixture(scope="module")
def found() -> dict[str, list[dict[str, Any]]]:
    spider = spider_of(SolvallaSpider, "2024-09-21T20:00:00Z", date=DAY)
    read = outcome(spider, pages({"calendar": calendar(), "games": game()}))
    assert read["error"] is None
    kinds = ("RaceItem", "OddsItem", "ResultItem")
    return {kind: [item for item in read["items"] if item["kind"] == kind] for kind in kinds}


def test_seven_trotting_races_with_86_starts_of_which_five_are_scratched(found: dict[str, Any]) -> None:
    cards = [race for race in found["RaceItem"] if race["entries"]]
    assert [race["race_number"] for race in cards] == [5, 6, 7, 8, 9, 10, 11]
    assert {(race["status"], race["race_type"]) for race in cards} == {("official", "harness")}
    assert [len(race["entries"]) for race in cards] == [12, 12, 9, 14, 12, 15, 12]
    out = [
        (race["race_number"], entry["program_number"])
        for race in cards
        for entry in race["entries"]
        if entry["status"] == "scratched"
    ]
    assert out == [(5, "7"), (8, "5"), (9, "12"), (11, "11"), (11, "12")]


def test_a_delayed_post_is_the_time_that_the_race_really_had(found: dict[str, Any]) -> None:
    sixth = next(race for race in found["RaceItem"] if race["race_number"] == 6)
    assert sixth["post_time"].isoformat() == "2024-09-21T14:45:52+00:00"  # scheduled for 16:42 in Sweden


def test_every_win_price_is_exact_and_no_scratched_start_has_one(found: dict[str, Any]) -> None:
    for race, board in zip(recorded(), found["OddsItem"], strict=True):
        expected = {
            str(start["number"]): None if start.get("scratched") else start["pools"]["vinnare"]["odds"] * 10
            for start in race["starts"]
        }
        prices = {one["label"]: one["price"] for one in board["prices"] if one["market"] == "win_tote"}
        assert prices == expected
    fifth = {(one["label"], one["market"]): one["price"] for one in found["OddsItem"][0]["prices"]}
    assert (fifth["1", "win_tote"], fifth["2", "win_tote"], fifth["10", "win_tote"]) == (4640, 4020, 153_580)
    assert (fifth["7", "win_tote"], fifth["7", "place_low"]) == (None, None)


def test_the_merged_turnover_is_told_once(found: dict[str, Any]) -> None:
    """Recorded: vinnare, plats, tvilling, komb and trio of race 5 all show 109641500 oere, being one merged pool."""
    assert [[(pool["bet_type"], pool["amount"]) for pool in board["pools"]] for board in found["OddsItem"]][:2] == [
        [("win", 109_641_500)],
        [("win", 127_784_400)],
    ]
    assert found["OddsItem"][0]["source_time"].isoformat() == "2024-09-21T14:25:50+00:00"


def test_the_order_of_finish_and_every_pay_off_of_race_6(found: dict[str, Any]) -> None:
    sixth = found["ResultItem"][1]
    assert [one["program_number"] for one in sixth["finishers"]] == [
        "8",
        "5",
        "11",
        "7",
        "1",
        "3",
        "6",
        "2",
        "9",
        "10",
        "12",
    ]
    assert [(one["bet_type"], one["combination"], one["payout"]) for one in sixth["payoffs"]] == [
        ("win", "8", 1126),
        ("place", "8", 256),
        ("place", "5", 319),
        ("place", "11", 166),
        ("quinella", "5-8", 5936),
        ("exacta", "8-5", 11_820),
        ("trifecta", "8-5-11", 54_465),
    ]
    assert {one["base"] for one in sixth["payoffs"]} == {100}


def test_a_driver_and_a_trainer_stand_by_start_number_not_by_post(found: dict[str, Any]) -> None:
    """Race 10 starts in two rows: number 11 has post 1."""
    tenth = next(race for race in found["RaceItem"] if race["race_number"] == 10 and race["entries"])
    entries = {entry["program_number"]: entry for entry in tenth["entries"]}
    assert (entries["11"]["horse"], entries["11"]["post_position"]) == ("Future Sox", "1")
    starts = {str(start["number"]): start for start in recorded()[5]["starts"]}
    for number, entry in entries.items():
        driver = starts[number]["driver"]
        assert entry["jockey"] == f"{driver['firstName']} {driver['lastName']}"


def test_the_win_odds_imply_the_takeout_that_tracks_yaml_states() -> None:
    for race in recorded():
        odds = [start["pools"]["vinnare"]["odds"] for start in race["starts"]]
        assert 1.178 < sum(100 / one for one in odds if one) < 1.181


def test_a_real_crawl_of_one_race(tmp_path: Path) -> None:
    vinnare = f"{API}/games/vinnare_{DAY}_15_5"
    routes = {f"{API}/calendar/day/{DAY}": [answer(200, calendar())], vinnare: [answer(200, game())]}
    with serving(routes) as server:
        done = crawl(tmp_path, "track_solvalla", f"date={DAY}", "race=5", base_url=server.url)
        assert server.paths() == list(routes)
    assert "ERROR" not in done.stderr
    (board,) = done.of("prices")
    assert (len(board["prices"]), board["status"], board["flags"]) == (36, "official", [])
    (ended,) = done.of("finishers")
    assert ended["payoffs"][0]["payout"] == 402
