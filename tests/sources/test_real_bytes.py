"""Answers that the services really sent, recorded by others, through a real crawl. Skipped where they are not at hand."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, Completed, crawl
from offline import outcome, pages, spider_of
from raw_server import answer, serving

from horses_scrapy.spiders.vincennes import VincennesSpider

SAMPLES = ROOT.parent / "shared/samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

MEETINGS = "/affiliates/v1/racing/meetings"
AWAPUNI_1 = "/affiliates/v1/racing/events/0f57e087-00d9-4c61-9549-835abe2ae2ed"
VINCENNES = "/rest/client/61/programme/31122023"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def parsed(name: str) -> Any:
    return json.loads(sample(name), parse_float=Decimal)


def prices(done: Completed, market: str) -> dict[str, tuple[int | None, str]]:
    (board,) = done.of("prices")
    return {price["label"]: (price["price"], price["status"]) for price in board["prices"] if price["market"] == market}


def thousandths(value: Decimal | int) -> int:
    return int(Decimal(value) * 1000)


@pytest.fixture(scope="module")
def awapuni(tmp_path_factory: pytest.TempPathFactory) -> Completed:
    routes = {MEETINGS: [answer(200, sample("tab_nz/meetings.json"))]}
    routes[AWAPUNI_1] = [answer(200, sample("tab_nz/event_awapuni_r1.json"))]
    with serving(routes) as server:
        done = crawl(
            tmp_path_factory.mktemp("awapuni"), "track_awapuni", "date=2025-07-17", "race=1", base_url=server.url
        )
        assert server.paths() == [MEETINGS, AWAPUNI_1]
    assert "ERROR" not in done.stderr
    return done


def test_awapuni_has_its_seven_races_and_reads_the_one_that_was_asked_for(awapuni: Completed) -> None:
    card = [race for race in awapuni.of("post_time") if not race["entries"]]
    assert [(race["race_number"], race["status"]) for race in card] == [(number, "official") for number in range(1, 8)]
    (race,) = [race for race in awapuni.of("post_time") if race["entries"]]
    assert (race["race_date"], race["post_time"]) == ("2025-07-17", "2025-07-17T00:50:00+00:00")
    assert [entry["program_number"] for entry in race["entries"]] == [str(number) for number in range(1, 9)]
    assert race["entries"][1]["horse"] == "Frosbie"


def test_awapunis_tote_and_fixed_odds_are_kept_apart_and_exact(awapuni: Completed) -> None:
    runners = parsed("tab_nz/event_awapuni_r1.json")["data"]["runners"]
    for market, field in (("win_tote", "pool_win"), ("win_fixed", "fixed_win"), ("place_low", "pool_place")):
        expected = {str(runner["runner_number"]): (thousandths(runner["odds"][field]), "active") for runner in runners}
        assert prices(awapuni, market) == expected
    assert prices(awapuni, "win_tote")["2"] == (6600, "active")
    assert prices(awapuni, "win_fixed")["2"] == (7500, "active")


def test_awapunis_pools_and_the_age_of_its_board(awapuni: Completed) -> None:
    (board,) = awapuni.of("prices")
    assert {pool["bet_type"]: pool["amount"] for pool in board["pools"]} == {
        "win": 915_138,
        "place": 392_351,
        "quinella": 534_106,
        "trifecta": 797_624,
        "superfecta": 461_792,
    }
    assert {pool["currency"] for pool in board["pools"]} == {"NZD"}
    assert board["source_time"] == "2025-07-17T11:16:59.189042+00:00"


def test_awapunis_quinella_cell_is_what_was_then_declared(awapuni: Completed) -> None:
    (board,) = awapuni.of("prices")
    (grid,) = board["grids"]
    cells = {(cell["first"], cell["second"]): cell["payout"] for cell in grid["prices"]}
    assert len(cells) == 8 * 7 // 2
    assert cells["2", "4"] == 1370
    (ended,) = awapuni.of("finishers")
    declared = {(payoff["bet_type"], payoff["combination"]): payoff["payout"] for payoff in ended["payoffs"]}
    assert declared["quinella", "2-4"] == cells["2", "4"]
    assert declared["win", "2"] == prices(awapuni, "win_tote")["2"][0] / 10
    assert len(declared) == len(ended["payoffs"]) == 7
    assert [finisher["program_number"] for finisher in ended["finishers"]][:4] == ["2", "4", "7", "6"]


def milliseconds(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)


def vincennes_programme(change: Callable[[dict[str, Any]], None] = lambda _: None) -> bytes:
    """The day's programme was not recorded: this one is ours, around the recorded runners."""
    midnight = milliseconds(2023, 12, 30, 23)
    course = {"numOrdre": 6, "heureDepart": milliseconds(2023, 12, 31, 14, 15), "nombreDeclaresPartants": 18}
    course |= {"statut": "EN_COURS", "libelle": "OURS"}
    change(course)
    meeting = {"hippodrome": {"code": "VIN"}, "dateReunion": midnight, "numOfficiel": 1, "courses": [course]}
    return json.dumps({"programme": {"date": midnight, "reunions": [meeting]}}).encode()


def test_vincennes_of_the_last_day_of_2023(tmp_path: Path) -> None:
    recorded = "pmu/31122023_R1_C6_participants.json"
    participants = f"{VINCENNES}/R1/C6/participants"
    routes = {VINCENNES: [answer(200, vincennes_programme())], participants: [answer(200, sample(recorded))]}
    with serving(routes) as server:
        done = crawl(tmp_path, "track_vincennes", "date=2023-12-31", "race=6", base_url=server.url)
        assert server.paths() == [VINCENNES, participants]
    runners = parsed(recorded)["participants"]
    expected = {
        str(runner["numPmu"]): (thousandths(runner["dernierRapportDirect"]["rapport"]), "active")
        for runner in runners
        if runner["statut"] == "PARTANT"
    }
    assert prices(done, "win_tote") == {**expected, "7": (None, "scratched")}
    (board,) = done.of("prices")
    assert (len(board["prices"]), board["flags"], board["status"]) == (18, [], "closed")
    assert board["source_time"] == "2023-12-31T14:17:01+00:00"
    (race,) = [race for race in done.of("post_time") if race["entries"]]
    assert [entry["program_number"] for entry in race["entries"] if entry["status"] == "scratched"] == ["7"]
    assert (race["entries"][0]["horse"], race["entries"][0]["morning_line"]) == ("HOHNECK", 4600)


def offline(race: str, day: str, bodies: dict[str, bytes]) -> dict[str, Any]:
    spider = spider_of(VincennesSpider, "2026-11-01T00:00:00Z", date=day, race=race)
    return outcome(spider, pages(bodies))


def test_runners_of_another_race_are_not_taken_for_the_one_asked_for() -> None:
    """The answer names no race, but its silks do: what was recorded as R1/C6 is served as C5."""
    programme = vincennes_programme(lambda course: course.update(numOrdre=5))
    bodies = {VINCENNES: programme, f"{VINCENNES}/R1/C5/participants": sample("pmu/31122023_R1_C6_participants.json")}
    found = offline("5", "2023-12-31", bodies)
    assert "31122023/R1/C5 was asked for, not /31122023/R1/C6/" in found["error"]
    assert not [item for item in found["items"] if item["kind"] == "OddsItem"]
