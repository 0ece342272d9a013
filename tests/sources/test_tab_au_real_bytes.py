"""What TAB Australia really sent: one race of Thurles, an excerpt of 6 of its 21 runners. Skipped where it is not at hand."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, crawl
from documents import response
from offline import SHIPPED
from raw_server import answer, serving

from horses_scrapy.errors import ParseError
from horses_scrapy.items import RaceItem
from horses_scrapy.sources.tab_au_names import SOURCE
from horses_scrapy.sources.tab_au_race import RaceSheet, parse_race
from horses_scrapy.track_spider import Visit

SAMPLE = ROOT.parent / "shared/samples/tab_au/race_2018-01-21_R_TRS_1_excerpt.json"
pytestmark = pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the recorded answer is not beside the project: {SAMPLE}")

DAY = date(2018, 1, 21)
AT = datetime(2018, 1, 21, 10, 15, 10, tzinfo=UTC)
MEETINGS = "/v1/tab-info-service/racing/dates/2018-01-21/meetings"
RACE = f"{MEETINGS}/R/TRS/races/1"
EXACTA = f"{RACE}/pools/Exacta/approximates"


def recorded() -> Any:
    return json.loads(SAMPLE.read_bytes())


def read(document: Any, **changed: str) -> RaceSheet:
    track = SHIPPED.tracks["randwick"].model_copy(update={"source_key": "THURLES", **changed})
    expected = RaceItem(
        track=track.key, race_date=DAY, race_number=1, source=SOURCE, source_key="R/TRS/1", url="https://x.test", fetched_at=AT,
        post_time=None, status="open", race_type="gallops",
    )  # fmt: skip
    return parse_race(response(document), Visit(track, DAY, AT), expected)


def prices(sheet: RaceSheet, market: str) -> dict[str, tuple[int | None, str]]:
    return {price.label: (price.price, price.status) for price in sheet.board.prices if price.market == market}


def test_tote_and_fixed_odds_are_kept_apart_and_exact() -> None:
    sheet = read(recorded())
    out = (None, "scratched")
    assert prices(sheet, "win_tote") == {
        "1": (None, "active"), "3": (22_200, "active"), "6": (22_200, "active"), "8": out, "13": (1040, "active"), "21": out,
    }  # fmt: skip
    assert prices(sheet, "win_fixed") == {
        "1": (101_000, "active"), "3": (18_000, "active"), "6": (2250, "active"), "8": out, "13": (8000, "active"), "21": out,
    }  # fmt: skip
    assert prices(sheet, "place_low")["6"] == (9700, "active")
    assert prices(sheet, "place_low")["13"] == (None, "active")  # 1: the stake back is no price


def test_a_late_scratching_keeps_a_fixed_price_in_the_answer_and_has_none_here() -> None:
    stale = {runner["runnerNumber"]: runner["fixedOdds"]["returnWin"] for runner in recorded()["runners"]}
    assert (stale[8], stale[21]) == (101, 12)
    entries = {entry.program_number: entry for entry in read(recorded()).race.entries}
    assert {number for number, entry in entries.items() if entry.status == "late_scratch"} == {"8", "21"}
    assert entries["8"].scratched_at == datetime(2018, 1, 21, 10, 0, 13, tzinfo=UTC)
    assert (entries["21"].jockey, entries["21"].trainer) == (None, "M F MORRIS")


def test_runners_riders_and_trainers_are_joined_by_number() -> None:
    entries = read(recorded()).race.entries
    assert [entry.program_number for entry in entries] == ["1", "3", "6", "8", "13", "21"]
    assert (entries[4].horse, entries[4].jockey, entries[4].trainer, entries[4].post_position) == (
        "PETE SO HIGH", "JACK KENNEDY", "GORDON ELLIOTT", "12",
    )  # fmt: skip


def test_pools_status_and_the_totes_own_time() -> None:
    sheet = read(recorded())
    assert {pool.bet_type: pool.amount for pool in sheet.board.pools} == {
        "win": 1300, "place": 1700, "quinella": 200, "exacta": 100, "trifecta": 100,
    }  # fmt: skip
    assert {pool.currency for pool in sheet.board.pools} == {"AUD"}
    assert sheet.board.source_time == datetime(2018, 1, 21, 10, 6, 23, tzinfo=UTC)
    assert sheet.race.post_time == datetime(2018, 1, 21, 13, 20, tzinfo=UTC)
    assert (sheet.race.status, sheet.result, sheet.fault) == ("open", None, None)


@pytest.mark.parametrize("bet_type", ["win", "place"])
def test_the_takeout_in_the_configuration_is_what_half_a_dollar_in_these_pools_implies(bet_type: str) -> None:
    """22.20 in 13 dollars and 9.70 in a third of 17 are prices of half a dollar, floored to a tenth."""
    pool, shown, places = {"win": (13, 22.2, 1), "place": (17, 9.7, 3)}[bet_type]
    least, most = (1 - price * places / (pool * 2) for price in (shown + 0.1, shown))
    (terms,) = SHIPPED.tracks["randwick"].pools[bet_type]
    assert least <= terms.takeout <= most


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda race: race["meeting"].update(meetingName="RANDWICK"), "THURLES was asked for, not RANDWICK"),
        (lambda race: race["meeting"].update(meetingDate="2018-01-22"), "2018-01-21 was asked for, not 2018-01-22"),
        (lambda race: race.update(raceNumber=2), "R/TRS/1 was asked for, not R/TRS/2"),
        (lambda race: race["runners"][2].update(runnerNumber=7), r"runners\[2\]\._links\.form"),
    ],
)
def test_the_recorded_race_is_not_taken_for_another(change: Callable[[Any], None], message: str) -> None:
    document = recorded()
    change(document)
    with pytest.raises(ParseError, match=message):
        read(document)


def test_a_crawl_of_randwick_reads_the_recorded_bytes(tmp_path: Path) -> None:
    """The card is ours, and the recorded meeting is called Randwick; approximates were not recorded, so the server has none."""
    race = {"raceNumber": 1, "raceName": "OURS", "raceStartTime": "2018-01-21T13:20:00.000Z", "raceStatus": "Normal"}
    meeting = {
        "meetingName": "RANDWICK",
        "venueMnemonic": "TRS",
        "raceType": "R",
        "meetingDate": "2018-01-21",
        "races": [race],
    }
    routes = {
        MEETINGS: [answer(200, json.dumps({"meetings": [meeting]}).encode())],
        RACE: [answer(200, SAMPLE.read_bytes().replace(b'"THURLES"', b'"RANDWICK"'))],
    }
    with serving(routes) as server:
        done = crawl(tmp_path, "track_randwick", "date=2018-01-21", "race=1", base_url=server.url)
        assert server.paths() == [MEETINGS, RACE, EXACTA]
        assert all(target.endswith("?jurisdiction=NSW") for target in server.asked if target.startswith("/v1"))
    assert "ERROR" not in done.stderr
    (board,) = done.of("prices")
    shown = {price["label"]: price["price"] for price in board["prices"] if price["market"] == "win_fixed"}
    assert shown == {"1": 101_000, "3": 18_000, "6": 2250, "8": None, "13": 8000, "21": None}
    assert (board["flags"], board["source_time"]) == (["no_pairs"], "2018-01-21T10:06:23+00:00")
    assert [race["race_type"] for race in done.of("post_time")] == ["gallops", "gallops"]
