"""What PMU really sent, recorded by others, read by the source. Programme and runners of Chantilly are shortened by them."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, crawl
from offline import outcome, pages, spider_of
from raw_server import answer, serving
from scrapy.http import TextResponse

from horses_scrapy.errors import NoCard
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.pmu_programme import parse_programme
from horses_scrapy.sources.pmu_race import _payoffs
from horses_scrapy.spiders.auteuil import AuteuilSpider
from horses_scrapy.spiders.chantilly import ChantillySpider

SAMPLES = ROOT.parent / "shared/samples/pmu"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

DAY = "/rest/client/61/programme/07072026"
RACE_1 = f"{DAY}/R1/C1"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def response_of(url: str, body: bytes) -> TextResponse:
    return TextResponse(url, body=body, encoding="utf-8")


def recorded_pages() -> dict[str, bytes | None]:
    return {
        DAY: sample("pmu_programme_echantillon"),
        f"{RACE_1}/participants": sample("pmu_participants_echantillon"),
        f"{RACE_1}/rapports-definitifs": sample("pmu_rapports_definitifs_echantillon"),
    }


def paid(name: str) -> list[tuple[str, str, int]]:
    bets = Json(json.loads(sample(name), parse_float=Decimal), "").elements()
    return [(payoff.bet_type, payoff.combination, payoff.payout) for bet in bets for payoff in _payoffs(bet)]


@pytest.fixture(scope="module")
def chantilly() -> dict[str, Any]:
    spider = spider_of(ChantillySpider, "2026-07-07T13:00:00Z", date="2026-07-07", race="1")
    return outcome(spider, pages(recorded_pages()))


def test_the_programme_of_chantilly_is_found_by_its_name_and_has_two_flat_races(chantilly: dict[str, Any]) -> None:
    assert chantilly["error"] is None
    first, second = chantilly["items"][:2]
    assert [(race["race_number"], race["status"], race["race_type"]) for race in (first, second)] == [
        (1, "official", "gallops"),
        (2, "official", "gallops"),
    ]
    assert first["post_time"] == datetime(2026, 7, 7, 12, 18, tzinfo=UTC)
    assert first["name"] == "PRIX DU SOLEIL DE BRETAGNE"
    assert (first["surface"], second["surface"]) == ("turf", "turf")


def test_the_programme_tells_which_bets_exist() -> None:
    spider = spider_of(ChantillySpider, "2026-07-07T13:00:00Z", date="2026-07-07")
    request = next(spider.card_requests())
    response = response_of(request.url, sample("pmu_programme_echantillon"))
    courses = list(parse_programme(response, spider.visit(response)))
    exacta, quinella = [{bet for bet, _ in course.bets if "COUPLE" in bet} for course in courses]
    assert exacta == {"COUPLE_ORDRE", "E_COUPLE_ORDRE"}
    assert quinella == {"COUPLE_GAGNANT", "E_COUPLE_GAGNANT", "COUPLE_PLACE", "E_COUPLE_PLACE"}
    assert [finisher.program_number for finisher in courses[1].finishers] == list("914863725")


def test_another_racecourse_is_not_in_that_programme() -> None:
    spider = spider_of(AuteuilSpider, "2026-07-07T13:00:00Z", date="2026-07-07")
    response = response_of("https://example.test/p", sample("pmu_programme_echantillon"))
    with pytest.raises(NoCard, match="no meeting at AUTEUIL on 2026-07-07: the programme has CHANTILLY"):
        list(parse_programme(response, spider.visit(response)))


def test_three_runners_of_six_are_flagged_and_their_odds_are_exact(chantilly: dict[str, Any]) -> None:
    race, board = chantilly["items"][2:4]
    assert [(entry["horse"], entry["jockey"], entry["morning_line"]) for entry in race["entries"]] == [
        ("MASTER MAN", "A.CRASTUS", 5200),
        ("JAMINUS", "A.SUBIAS", 47000),
        ("ROYAL RIZZI", "A.LEMAITRE", 13000),
    ]
    assert [price["price"] for price in board["prices"]] == [4000, 45000, 11000]
    assert board["flags"] == {"runner_count"}
    assert board["source_time"] == datetime(2026, 7, 7, 12, 18, 36, tzinfo=UTC)


def test_the_result_of_chantilly_and_its_definitive_pay_outs(chantilly: dict[str, Any]) -> None:
    ended = chantilly["items"][4]
    assert [finisher["program_number"] for finisher in ended["finishers"]] == ["4", "1", "3", "5", "2", "6"]
    payoffs = [(payoff["bet_type"], payoff["combination"], payoff["payout"]) for payoff in ended["payoffs"]]
    assert payoffs == [("win", "4", 140), ("place", "4", 105), ("place", "1", 110)]


def test_couple_pay_outs_leave_out_the_non_runners_and_bets_without_a_name_here() -> None:
    assert paid("pmu_rapports_couple_2sur4_echantillon") == [("quinella", "3-5", 6760)]


def test_a_quinte_of_63175_euro_is_no_bet_that_we_name() -> None:
    (bet,) = json.loads(sample("pmu_rapports_quinte_echantillon"))
    assert Counter(line["libelle"] for line in bet["rapports"])["Bonus 4sur5"] == 5
    assert bet["rapports"][0]["dividendePourUnEuro"] == 6_317_570
    assert paid("pmu_rapports_quinte_echantillon") == []


def test_eighteen_trotters_one_withdrawn_imply_a_takeout_of_a_sixth() -> None:
    """The recorded refresh of 31 December 2023: what tracks.yaml says of the win pool comes from here."""
    runners = json.loads(sample("31122023_R1_C6_participants"), parse_float=Decimal)["participants"]
    prices = [runner["dernierRapportDirect"]["rapport"] for runner in runners if "dernierRapportDirect" in runner]
    assert (len(runners), len(prices)) == (18, 17)
    assert sum(1 / price for price in prices).quantize(Decimal("0.001")) == Decimal("1.202")
    assert {runner["statut"] for runner in runners} == {"PARTANT", "NON_PARTANT"}
    assert {runner["allure"] for runner in runners} == {"TROT"}


def test_a_real_crawl_of_chantilly_costs_a_programme_and_two_requests(tmp_path: Path) -> None:
    """All three answers are recorded bytes; no pair page is asked for after the race."""
    routes = {path: [answer(200, body or b"")] for path, body in recorded_pages().items()}
    with serving(routes) as server:
        done = crawl(tmp_path, "track_chantilly", "date=2026-07-07", "race=1", base_url=server.url)
        assert server.paths() == [DAY, f"{RACE_1}/participants", f"{RACE_1}/rapports-definitifs"]
    assert "ERROR" not in done.stderr
    (board,) = done.of("prices")
    assert [price["price"] for price in board["prices"]] == [4000, 45000, 11000]
    (ended,) = done.of("finishers")
    assert (ended["status"], len(ended["payoffs"])) == ("official", 3)
