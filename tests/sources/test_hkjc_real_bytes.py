"""Answers that the Hong Kong Jockey Club really sent, recorded by others. Skipped where they are not at hand.

Those of the present service are of a meeting before selling (HV, 25 March 2026, in answer to a question for ST on 22
March); those of the retired one are of other days and hold the numbers that were never recorded of the present one.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, crawl
from offline import outcome, pages, spider_of
from raw_server import answer, serving
from scrapy.http import TextResponse

from horses_scrapy.sources.hkjc_legacy import LegacyBoard, parse_pairs, parse_pool_totals, parse_winplaodds
from horses_scrapy.spiders.happy_valley import HappyValleySpider
from horses_scrapy.spiders.sha_tin import ShaTinSpider

SAMPLES = ROOT.parent / "shared/samples/hkjc"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

MEETING = "graphql_2026-03-22_ST_R1_resp5.json"
ODDS = "graphql_2026-03-22_ST_R1_resp7.json"
INVESTMENTS = "graphql_2026-03-22_ST_R1_resp8.json"
NOW = "2026-03-25T02:00:00Z"
BODIES = {'"operationName":"raceMeetings"': MEETING, "oddsNodes": ODDS, "investment": INVESTMENTS}
UNDATED = date(2020, 2, 23)
"""The body of winplaodds names no day; this is one of the two that it can be of."""


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def recorded(name: str) -> TextResponse:
    return TextResponse("https://example.test/getJSON.aspx", body=sample(name), encoding="utf-8")


def read(spider: Any, day: str, race: str = "1") -> dict[str, Any]:
    bodies = {words: sample(name) for words, name in BODIES.items()}
    return outcome(spider_of(spider, NOW, date=day, race=race), pages(bodies))


def test_the_recorded_meeting_has_nine_races_of_twelve_declared_runners_each() -> None:
    races = [item for item in read(HappyValleySpider, "2026-03-25")["items"] if item["kind"] == "RaceItem"]
    told = json.loads(sample(MEETING))["data"]["raceMeetings"][0]["races"]
    assert [race["race_number"] for race in races] == list(range(1, 10))
    assert {race["surface"] for race in races} == {"turf"}
    for race, raw in zip(races, told, strict=True):
        declared = [(runner["no"], runner["name_en"]) for runner in raw["runners"] if runner["no"]]
        assert [(entry["program_number"], entry["horse"]) for entry in race["entries"]] == declared
    assert [(len(race["entries"]), len(raw["runners"])) for race, raw in zip(races, told, strict=True)] == [
        (12, 14)
    ] * 9


def test_the_first_race_its_post_time_and_a_runner_with_jockey_and_trainer() -> None:
    first = read(HappyValleySpider, "2026-03-25")["items"][0]
    assert (first["name"], first["status"]) == ("TUEN MUN HANDICAP", "scheduled")
    assert first["post_time"] == datetime(2026, 3, 25, 10, 40, tzinfo=UTC)
    top = first["entries"][0]
    assert (top["horse"], top["jockey"], top["trainer"]) == ("JOYFUL PROSPERITY", "H Bowman", "C S Shum")
    assert (top["post_position"], top["horse_key"]) == ("5", "HK_2022_H213")


def test_pools_that_are_not_open_yet_give_a_board_without_prices() -> None:
    found = read(HappyValleySpider, "2026-03-25")
    (board,) = [item for item in found["items"] if item["kind"] == "OddsItem"]
    assert found["error"] is None
    assert (board["status"], board["flags"], board["source_time"]) == ("scheduled", frozenset(), None)
    assert {(price["price"], price["status"]) for price in board["prices"]} == {(None, "active")}
    assert (len(board["prices"]), board["grids"], board["pools"]) == (24, (), ())


def test_the_meeting_that_was_not_asked_for_is_refused() -> None:
    found = read(ShaTinSpider, "2026-03-22")
    assert found["items"] == []
    assert found["error"] == "NoCard: no meeting at ST on 2026-03-22: the answer is of HV 2026-03-25"


def test_pools_of_race_1_are_not_taken_for_those_of_race_2() -> None:
    found = read(HappyValleySpider, "2026-03-25", race="2")
    assert "MTG_20260325_0001, race 2, was asked for, not MTG_20260325_0001PLA1" in found["error"]
    assert not [item for item in found["items"] if item["kind"] == "OddsItem"]


def test_happy_valley_as_a_process(tmp_path: Path) -> None:
    bodies = [answer(200, sample(name), Content_Type="application/json") for name in BODIES.values()]
    with serving({"/graphql/base/": bodies}) as server:
        done = crawl(tmp_path, "track_happy_valley", "date=2026-03-25", "race=1", base_url=server.url)
        assert server.paths() == ["/graphql/base/"] * 3
        assert [head.split(" ", 1)[0] for head in server.heads if "graphql" in head] == ["POST"] * 3
    assert "ERROR" not in done.stderr
    (board,) = done.of("prices")
    assert (len(done.of("post_time")), len(board["prices"]), board["status"]) == (9, 24, "scheduled")


def boards() -> list[LegacyBoard]:
    return list(parse_winplaodds(recorded("winplaodds_ST_10races.json"), UNDATED))


def test_the_win_and_place_odds_of_ten_recorded_races() -> None:
    found = boards()
    assert [board.race_number for board in found] == list(range(1, 11))
    runners = [sum(price.market == "win_tote" for price in board.prices) for board in found]
    assert runners == [14, 14, 14, 14, 14, 14, 10, 12, 14, 14]
    assert {board.source_time for board in found} == {datetime(2020, 2, 23, 9, 3, 18, tzinfo=UTC)}
    first = {(price.market, price.label): price.price for price in found[0].prices}
    assert (first["win_tote", "1"], first["win_tote", "3"], first["place_low", "14"]) == (219_000, 2800, 9000)


def test_number_9_of_race_8_is_scratched_in_both_pools() -> None:
    out = [(board.race_number, price) for board in boards() for price in board.prices if price.status == "scratched"]
    assert [(race, price.label, price.market, price.price) for race, price in out] == [
        (8, "9", "win_tote", None),
        (8, "9", "place_low", None),
    ]


def test_a_place_at_1_0_is_no_price() -> None:
    assert [
        (board.race_number, price.label) for board in boards() for price in board.prices if price.price is None
    ] == [(7, "3"), (8, "9"), (8, "9")]


def test_the_recorded_forecast_has_both_orders_of_8_runners() -> None:
    grid = parse_pairs(recorded("fct1.txt"), "FCT", date(2022, 5, 15))
    cells = {(cell.first, cell.second): cell.payout for cell in grid.prices}
    assert (grid.bet_type, grid.base, grid.currency, len(cells)) == ("exacta", 1000, "HKD", 56)
    assert (cells["6", "1"], cells["1", "6"], cells["4", "2"]) == (8700, 10_000, 492_000)
    assert grid.fetched_at == datetime(2022, 5, 15, 5, 2, 57, tzinfo=UTC)
    assert 1 / sum(grid.base / payout for payout in cells.values()) == pytest.approx(1 - 0.195, rel=0.02)
    by_first = {label: sum(1 / cells[pair] for pair in cells if pair[0] == label) for label in map(str, range(1, 9))}
    assert sorted(by_first, key=by_first.__getitem__, reverse=True)[:2] == ["6", "1"]


def test_the_recorded_quinella_has_all_pairs_of_11_runners() -> None:
    grid = parse_pairs(recorded("qin1.txt"), "QIN", date(2022, 5, 15))
    cells = {(cell.first, cell.second): cell.payout for cell in grid.prices}
    assert (grid.bet_type, len(cells), cells["8", "10"], cells["2", "11"]) == ("quinella", 55, 8700, 206_000)
    assert grid.fetched_at == datetime(2022, 5, 14, 20, 31, 28, tzinfo=UTC)


def test_merged_pools_of_the_recording_are_one_pool_each_and_never_a_sum() -> None:
    """WIN and CWA are one pool, the win pool; FCT and TRI are one as well, and so the money of neither."""
    found, at = parse_pool_totals(recorded("pooltot_2022-09-14_HV_R3.json"), date(2022, 9, 14))
    assert {pool.bet_type: pool.amount for pool in found} == {
        "win": 17_464_500,
        "place": 11_459_400,
        "quinella": 15_149_300,
        "trifecta": 1_764_600,
    }
    assert {pool.currency for pool in found} == {"HKD"}
    assert at == datetime(2022, 9, 14, 9, 52, 23, tzinfo=UTC)
