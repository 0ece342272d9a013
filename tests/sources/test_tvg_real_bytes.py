"""FanDuel Racing's and TVG's recorded bytes. Skipped where they are not at hand.

The one JSON answer was cut by who recorded it to two interests of one race. The parts of a page are of one race, an
Australian harness race with nine runners (the header is of another one): joined they make the page.
"""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from crawling import ROOT, crawl
from documents import response
from offline import SHIPPED
from raw_server import answer, serving
from scrapy.http import HtmlResponse

from horses_scrapy.items import OddsItem, PairGrid, RaceItem, ResultItem, Source
from horses_scrapy.sources.tvg_page import parse_board, parse_details, parse_pools, parse_summary
from horses_scrapy.sources.tvg_race import parse_race
from horses_scrapy.track_spider import Visit

SAMPLES = ROOT.parent / "shared/samples/tvg"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

PATH = "/cosmo/v1/graphql"
NOW = datetime(2025, 8, 26, 22, 0, tzinfo=UTC)
CUT: dict[str, Any] = {
    "number": "6",
    "raceDate": "2025-08-26",
    "postTime": "2025-08-26T22:05:00Z",
    "mtp": 5,
    "isGreyhound": False,
    "status": {"code": "O"},
    "type": {"code": "H"},
    "track": {"code": "HOO"},
}
"""What our query asks for of a race and the recorded answer lacks."""


def recorded_race() -> dict[str, Any]:
    """The recorded race, with the fields that its recorder cut put back by us: all but odds, names and numbers."""
    race = json.loads((SAMPLES / "fanduel_race_detail_sample.json").read_bytes())["data"]["races"][0]
    for interest in race["bettingInterests"]:
        for runner in interest["runners"]:
            runner["runnerId"] = str(interest["biNumber"])
    return {**race, **CUT}


def recorded_page() -> HtmlResponse:
    parts = b"".join(
        b"<table>" + (SAMPLES / f"{name}.txt").read_bytes() + b"</table>" for name in ("summ", "results")
    ) + b"".join((SAMPLES / f"{name}.txt").read_bytes() for name in ("pools", "probables"))
    return HtmlResponse("http://x.test/", body=b"<html><body>" + parts + b"</body></html>", encoding="utf-8")


# --- the JSON -----------------------------------------------------------------------------------------------------------


def test_a_recorded_answer_has_odds_without_denominator_names_and_drivers() -> None:
    track = SHIPPED.tracks["meadowlands"].model_copy(update={"source_key": "HOO"})
    visit = Visit(track, date(2025, 8, 26), NOW)
    card = RaceItem(
        track="meadowlands", race_date=visit.race_date, race_number=6, source=Source("tvg", "board", "display"),
        source_key="3859276", url="", fetched_at=NOW, post_time=None, status="open",
    )  # fmt: skip
    race, board = parse_race(response({"data": {"races": [recorded_race()]}}), visit, card)
    assert isinstance(race, RaceItem)
    assert isinstance(board, OddsItem)
    assert [(entry.horse, entry.jockey, entry.trainer) for entry in race.entries] == [
        ("Pay Me No Mind", "Finn, J D", "Finn, Jared"),
        ("Don't Tell Ur Mom", "Bender, Atlee", "Putnam, Joe"),
    ]
    assert {price.label: price.price for price in board.prices} == {"1": 13_000, "2": 6_000}  # 12 and 5 to 1
    assert (race.race_type, board.pools, board.grids, board.flags) == ("harness", (), (), frozenset())


def test_a_crawl_reads_the_recorded_interests_as_a_process(tmp_path: Any) -> None:
    """The service has one address: our card comes first, then the recorded race, as the Meadowlands'."""
    race = {**recorded_race(), "id": "MED-6", "track": {"code": "MED"}}
    card = {"id": "MED-6", "tvgRaceId": race["tvgRaceId"], **CUT, "track": {"code": "MED"}}
    answers = [
        answer(200, json.dumps({"data": {"races": [one]}}).encode(), Date="Tue, 26 Aug 2025 22:00:01 GMT")
        for one in (card, race)
    ]
    with serving({PATH: answers}) as server:
        done = crawl(tmp_path, "track_meadowlands", "date=2025-08-26", "race=6", base_url=server.url)
        assert server.paths() == [PATH, PATH]
        assert server.heads[-1].startswith("POST ")
    assert (done.returncode, "ERROR" in done.stderr) == (0, False)
    (board,) = done.of("prices")
    assert [(price["label"], price["price"]) for price in board["prices"]] == [("1", 13_000), ("2", 6_000)]
    assert board["source_time"].startswith("2025-08-26T22:00:01")


# --- the page -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def items() -> tuple[RaceItem, OddsItem, ResultItem]:
    track = SHIPPED.tracks["meadowlands"].model_copy(update={"source_key": "AU2"})
    now = datetime(2022, 3, 12, 10, tzinfo=UTC)
    race = RaceItem(
        track="meadowlands", race_date=date(2022, 3, 12), race_number=7, source=Source("tvg", "board", "display"),
        source_key="AU2-7", url="", fetched_at=now, post_time=None, status="open",
    )  # fmt: skip
    card, board, result = parse_board(recorded_page(), Visit(track, race.race_date, now), race)
    assert isinstance(card, RaceItem)
    assert isinstance(board, OddsItem)
    assert isinstance(result, ResultItem)
    return card, board, result


@pytest.fixture(scope="module")
def grid(items: tuple[RaceItem, OddsItem, ResultItem]) -> PairGrid:
    return items[1].grids[0]


def test_the_recorded_program_has_nine_runners_and_one_is_scratched(
    items: tuple[RaceItem, OddsItem, ResultItem],
) -> None:
    card, board, _ = items
    assert len(card.entries) == 9
    assert [entry.program_number for entry in card.entries if entry.status == "scratched"] == ["3"]
    named = {entry.horse: entry for entry in card.entries}
    assert named["Sumomentsomewhere"].jockey == "A F J Sanderson"
    assert [named[horse].morning_line for horse in ("Destiny Jane", "Judge Jujon", "Sumomentsomewhere")] == [
        19_000, 4_500, 8_500,
    ]  # fmt: skip
    assert {price.label: (price.price, price.status) for price in board.prices} == {
        "1": (14_000, "active"), "2": (9_000, "active"), "3": (None, "scratched"), "4": (20_000, "active"),
        "5": (7_000, "active"), "6": (61_000, "active"), "7": (7_000, "active"), "8": (10_000, "active"),
        "9": (1_500, "active"),
    }  # fmt: skip


def test_the_recorded_pools_add_up(items: tuple[RaceItem, OddsItem, ResultItem]) -> None:
    pools = {(pool.bet_type, pool.label): pool.amount for pool in items[1].pools}
    assert [pools[name, None] for name in ("win", "place", "show")] == [289_700, 59_600, 48_400]  # type: ignore[index]
    assert (pools["win", "9"], pools["place", "9"], pools["win", "3"]) == (149_100, 27_000, 0)
    assert sum(amount for (name, label), amount in pools.items() if (name, label is None) == ("win", False)) == 289_700


def test_a_column_of_the_recorded_matrix_is_the_horse_that_wins(grid: PairGrid) -> None:
    """Shares of 1/pay-out by first horse must track the odds: 9 is at 1-2."""
    total = sum(grid.base / pair.payout for pair in grid.prices)
    first = sum(grid.base / pair.payout for pair in grid.prices if pair.first == "9")
    second = sum(grid.base / pair.payout for pair in grid.prices if pair.second == "9")
    assert (round(total, 2), round(first / total, 2), round(second / total, 2)) == (1.37, 0.53, 0.17)
    payouts = {(pair.first, pair.second): pair.payout for pair in grid.prices}
    assert (payouts["9", "1"], payouts["1", "9"]) == (800, 2_700)


def test_the_recorded_matrix_has_all_pairs_of_the_eight_that_run(grid: PairGrid) -> None:
    assert (len(grid.prices), grid.base) == (8 * 7, 100)
    assert not any("3" in {pair.first, pair.second} for pair in grid.prices)


def test_the_recorded_result_paid_for_two_dollars(items: tuple[RaceItem, OddsItem, ResultItem]) -> None:
    result = items[2]
    assert result.status == "official"
    assert [(one.position, one.program_number) for one in result.finishers] == [(1, "9"), (2, "5"), (3, "8"), (4, "2")]
    paid = {(one.bet_type, one.combination): (one.base, one.payout) for one in result.payoffs}
    assert [paid[name, "9"] for name in ("win", "place", "show")] == [(200, 310), (200, 210), (200, 210)]  # type: ignore[index]
    assert (paid["place", "5"], paid["show", "8"], len(paid)) == ((200, 660), (200, 440), 6)


def test_each_recorded_part_is_read_alone() -> None:
    def part(name: str) -> HtmlResponse:
        return HtmlResponse("http://x.test/", body=(SAMPLES / f"{name}.txt").read_bytes(), encoding="utf-8")

    runners = parse_summary(part("summ"))
    assert not any(runner.open for runner in runners)
    assert len(parse_pools(part("pools"), runners, "AUD")) == 3 * (1 + 9)
    assert parse_details(part("details")) == "gallops"
