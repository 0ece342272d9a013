import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from documents import put, remove, response
from offline import outcome, pages, spider_of
from scrapy.http import Request, TextResponse

from horses_scrapy.errors import Blocked, EmptyResponse, NoCard, ParseError
from horses_scrapy.items import OddsItem, Pool
from horses_scrapy.sources import hkjc_odds
from horses_scrapy.sources.hkjc_board import parse_investments, parse_odds
from horses_scrapy.sources.hkjc_legacy import parse_pairs, parse_pool_totals, parse_winplaodds
from horses_scrapy.sources.hkjc_meeting import HkjcRace, parse_meeting, parse_result
from horses_scrapy.sources.hkjc_odds import Investment
from horses_scrapy.spiders.sha_tin import ShaTinSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

NOW = "2026-02-15T05:59:00Z"
DAY = date(2026, 2, 15)
VISIT = Visit(spider_of(ShaTinSpider, NOW, date=DAY.isoformat()).track, DAY, datetime.fromisoformat(NOW))
MEETING, ODDS, INVESTMENTS = "sha_tin/race_day/meeting", "sha_tin/race_day/odds_2", "sha_tin/race_day/investments_2"
RACES = "data.raceMeetings[0].races"
POOLS = "data.raceMeetings[0].pmPools"
PLA, WIN, QIN, FCT = (f"{POOLS}[{index}]" for index in range(4))


def meeting(document: Any) -> list[HkjcRace]:
    return list(parse_meeting(response(document), VISIT))


def race(saved: Saved, number: int = 2) -> HkjcRace:
    return meeting(saved(MEETING))[number - 1]


def board(saved: Saved, document: Any, number: int = 2) -> OddsItem:
    found, fault = parse_odds(response(document), VISIT, race(saved, number))
    assert fault is None
    assert found is not None
    return found


def crawled(
    saved: Saved, change: Callable[[dict[str, Any]], None] = lambda _: None, **asked: str
) -> tuple[Any, list[str]]:
    """The race day, its documents by name changed; and the names of what was asked for, in order."""
    names = {
        '"operationName":"raceMeetings"': "meeting",
        'oddsNodes "raceNo":1': "odds_1",
        'oddsNodes "raceNo":2': "odds_2",
        'investment "raceNo":2': "investments_2",
        'oddsNodes "raceNo":3': "odds_3",
        'investment "raceNo":3': "investments_3",
    }
    documents = {name: saved(f"sha_tin/race_day/{name}") for name in names.values()}
    change(documents)
    told: list[str] = []
    by_name = pages({words: name.encode() for words, name in names.items()})

    def page(request: Request) -> bytes | None:
        name = (by_name(request) or b"").decode()
        told.append(name)
        document = documents[name]
        return None if document is None else json.dumps(document).encode()

    return outcome(spider_of(ShaTinSpider, NOW, date=DAY.isoformat(), **asked), page), told


def kinds(found: Any) -> list[tuple[str, int]]:
    return [(item["kind"], item["race_number"]) for item in found["items"]]


def test_stand_by_rows_are_not_runners(saved: Saved) -> None:
    document = saved(MEETING)
    assert len(document["data"]["raceMeetings"][0]["races"][1]["runners"]) == 6
    assert [entry.program_number for entry in race(saved).race.entries] == ["1", "2", "3", "4", "5"]


def test_a_runner_without_any_number_is_an_error(saved: Saved) -> None:
    document = saved(MEETING)
    put(document, f"{RACES}[1].runners[0].no", "")
    with pytest.raises(
        ParseError, match=r"races\[1\]\.runners\[0\]\.no: neither a program number nor a stand-by number"
    ):
        meeting(document)


@pytest.mark.parametrize("word", ["CLOSED", "declared", "", None])
def test_an_unknown_race_status_is_loud_and_costs_no_other_race(saved: Saved, word: object) -> None:
    document = saved(MEETING)
    put(document, f"{RACES}[1].status", word)
    races = parse_meeting(response(document), VISIT)
    assert [next(races).race.race_number, next(races).race.race_number] == [1, 3]
    with pytest.raises(ParseError, match=r"races\[1\]\.status"):
        next(races)


@pytest.mark.parametrize(("venue", "day"), [("HV", "2026-02-15"), ("ST", "2026-02-18")])
def test_a_meeting_that_was_not_asked_for_is_no_card(saved: Saved, venue: str, day: str) -> None:
    document = saved(MEETING)
    for where in ("raceMeetings", "activeMeetings"):
        document["data"][where][0] |= {"venueCode": venue, "date": day}
    with pytest.raises(NoCard, match=f"no meeting at ST on 2026-02-15: the answer is of {venue} {day}"):
        meeting(document)


def test_another_meeting_than_an_active_one_is_an_error(saved: Saved) -> None:
    document = saved(MEETING)
    document["data"]["raceMeetings"][0]["venueCode"] = "HV"
    with pytest.raises(ParseError, match="ST 2026-02-15 is active and was asked for, the answer is of HV 2026-02-15"):
        meeting(document)


def test_no_meeting_at_all_is_no_card() -> None:
    with pytest.raises(NoCard, match="the answer is of none"):
        meeting({"data": {"activeMeetings": [], "raceMeetings": []}})


def test_a_query_that_the_service_does_not_know_is_refused_by_it() -> None:
    with pytest.raises(Blocked, match="refused the query: not on the list"):
        meeting({"errors": [{"message": "not on the list"}], "data": None})
    with pytest.raises(ParseError, match="whole data are expected, not 1 errors"):
        meeting({"errors": [{"message": "half of it"}], "data": {"raceMeetings": []}})
    with pytest.raises(ParseError, match="whole data are expected, not 0 errors"):
        meeting({"data": None})


@pytest.mark.parametrize(
    ("body", "error"),
    [(b"", EmptyResponse), (b"<html>", Blocked), (b'{"data": {"race', ParseError), (b"[]", ParseError)],
)
def test_no_answer_page_and_cut_answer(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_meeting(TextResponse("https://example.test/x", body=body), VISIT)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{RACES}[1].runners[0].id", "20260215HV02X200", "a runner of 20260215ST02 is expected"),
        (f"{RACES}[1].no", 3, "a runner of 20260215ST03 is expected"),
        (f"{RACES}[1].no", "2", "a whole number is expected"),
        (f"{RACES}[1].runners[0].no", "A", "a program number is expected"),
        (f"{RACES}[1].runners[0].no", "2", "stands twice"),
        (f"{RACES}[1].runners[0].status", "Standby", "one of Declared, Scratched is expected"),
        (f"{RACES}[1].runners[0].name_en", "", "name_en: text is expected"),
        (f"{RACES}[1].runners[0].jockey", None, r"runners\[0\]\.jockey: missing"),
        (f"{RACES}[1].runners[0].trainer.name_en", None, r"trainer\.name_en: missing"),
        (f"{RACES}[0].runners[4].finalPosition", 5, "5, though the horse did not run"),
        (f"{RACES}[1].runners", [], "no declared runner"),
        (f"{RACES}[1].postTime", "2026-02-16T14:00:00+08:00", "a race of 2026-02-15 is expected"),
        (f"{RACES}[1].postTime", "2026-02-15T14:00:00", "a time with its offset is expected"),
        (f"{RACES}[0].runners[0].finalPosition", "1", "a whole number is expected"),
    ],
)
def test_a_card_that_cannot_be(saved: Saved, path: str, value: object, message: str) -> None:
    document = saved(MEETING)
    put(document, path, value)
    with pytest.raises(ParseError, match=message):
        meeting(document)


@pytest.mark.parametrize("field", ["no", "id", "status", "postTime", "runners"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_race_without_a_required_field_names_it(saved: Saved, field: str, gone: bool) -> None:
    document = saved(MEETING)
    remove(document, f"{RACES}[1].{field}") if gone else put(document, f"{RACES}[1].{field}", None)
    with pytest.raises(ParseError, match=rf"races\[1\]\.{field}: missing"):
        meeting(document)


def test_a_dead_heat_repeats_the_position_and_who_is_unplaced_is_left_out(saved: Saved) -> None:
    result = parse_result(race(saved, 1))
    assert result is not None
    assert [(finisher.position, finisher.program_number) for finisher in result.finishers] == [
        (1, "2"), (1, "3"), (3, "1"), (4, "4"),
    ]  # fmt: skip
    assert parse_result(race(saved, 2)) is None


@pytest.mark.parametrize(
    ("shown", "price", "status"),
    [
        ("7.9", 7900, "active"),
        ("219", 219_000, "active"),
        ("1,250", 1_250_000, "active"),
        ("1,250.5", 1_250_500, "active"),
        ("SCR", None, "scratched"),
        ("---", None, "active"),
        ("", None, "active"),
        ("0", None, "active"),
        ("1.0", None, "active"),
    ],
)
def test_odds_as_they_are_printed(shown: str, price: int | None, status: str) -> None:
    assert (hkjc_odds.quote(shown, "here").price, hkjc_odds.quote(shown, "here").status) == (price, status)


@pytest.mark.parametrize("shown", ["x", "1,25", "12,50", "-3", "0.9", "1e3", "N/A"])
def test_odds_that_are_none(shown: str) -> None:
    with pytest.raises(ParseError, match="here"):
        hkjc_odds.quote(shown, "here")


@pytest.mark.parametrize(
    ("sells", "odds", "number", "status"),
    [
        ("START_SELL", True, 2, "open"),
        ("START_SELL", False, 2, "open"),
        ("STOP_SELL", True, 2, "closed"),
        ("STOP_SELL", False, 2, "scheduled"),
        ("STOP_SELL", True, 1, "official"),
        ("STOP_SELL", False, 1, None),
    ],
)
def test_what_the_win_pool_tells_of_the_race(
    saved: Saved, sells: str, odds: bool, number: int, status: str | None
) -> None:
    """An official race without odds has no board: an empty one would wipe out the last."""
    document = json.loads(json.dumps(saved(ODDS)).replace("0001WIN2", f"0001WIN{number}"))
    for pool in document["data"]["raceMeetings"][0]["pmPools"]:
        pool |= {"sellStatus": sells, "leg": {"races": [number]}}
        pool["oddsNodes"] = pool["oddsNodes"] if odds else []
    found, _ = parse_odds(response(document), VISIT, race(saved, number))
    assert (None if found is None else found.status) == status


def test_an_unknown_word_for_selling_is_an_error(saved: Saved) -> None:
    document = saved(ODDS)
    put(document, f"{WIN}.sellStatus", "REFUND")
    with pytest.raises(ParseError, match="sellStatus: one of START_SELL, STOP_SELL is expected, not 'REFUND'"):
        board(saved, document)


def test_a_scratched_horse_keeps_no_price_whatever_is_printed(saved: Saved) -> None:
    """On the card 3 is out, its odds still stand."""
    document = saved(ODDS)
    for pool in document["data"]["raceMeetings"][0]["pmPools"]:
        for node in pool["oddsNodes"]:
            node["oddsValue"] = "12" if node["oddsValue"] == "SCR" else node["oddsValue"]
    found = board(saved, document)
    assert [(price.price, price.status) for price in found.prices if price.label == "3"] == [(None, "scratched")] * 2
    assert not [cell for grid in found.grids for cell in grid.prices if "3" in {cell.first, cell.second}]


def test_one_pool_may_know_of_a_scratch_before_the_card(saved: Saved) -> None:
    document = saved(ODDS)
    put(document, f"{PLA}.oddsNodes[0].oddsValue", "SCR")
    assert {(p.price, p.status) for p in board(saved, document).prices if p.label == "1"} == {(None, "scratched")}


def test_a_runner_without_odds_among_others_is_missing(saved: Saved) -> None:
    document = saved(ODDS)
    remove(document, f"{WIN}.oddsNodes[0]")
    first = board(saved, document).prices[0]
    assert (first.label, first.market, first.price, first.status) == ("1", "win_tote", None, "missing")


def test_a_forecast_is_ordered_and_a_quinella_is_not(saved: Saved) -> None:
    grids = {grid.bet_type: grid for grid in board(saved, saved(ODDS)).grids}
    exacta = {(cell.first, cell.second): cell.payout for cell in grids["exacta"].prices}
    quinella = {(cell.first, cell.second): cell.payout for cell in grids["quinella"].prices}
    assert (len(exacta), len(quinella)) == (12, 6)
    assert (exacta["1", "2"], exacta["2", "1"], quinella["1", "2"]) == (4000, 4600, 2200)
    assert {(grid.base, grid.currency) for grid in grids.values()} == {(1000, "HKD")}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{WIN}.id", "MTG_20260218_0001WIN2", "MTG_20260215_0001, race 2, was asked for"),
        (f"{WIN}.oddsType", "PLA", "was asked for, not MTG_20260215_0001WIN2"),
        (f"{WIN}.leg.races", [3], "race 2, was asked for"),
        (f"{WIN}.leg", None, r"pmPools\[1\]\.leg: missing"),
        (f"{WIN}.oddsNodes", None, r"pmPools\[1\]\.oddsNodes: missing"),
        (f"{WIN}.oddsNodes[0].combString", "02", "2 is no runner of this race, or stands twice"),
        (f"{WIN}.oddsNodes[0].combString", "09", "9 is no runner"),
        (f"{WIN}.oddsNodes[0].combString", "01,02", "a program number is expected"),
        (f"{WIN}.oddsNodes[0].oddsValue", 2.0, r"oddsNodes\[0\]\.oddsValue: text is expected"),
        (f"{WIN}.oddsNodes[0].oddsValue", "?", r"oddsNodes\[0\]\.oddsValue: decimal odds '\?'"),
        (f"{WIN}.lastUpdateTime", "2026-02-15T13:58:10", "a time with its offset is expected"),
        (POOLS, None, "pmPools: missing"),
        ("data.raceMeetings", [], "one meeting is expected, not 0"),
    ],
)
def test_a_board_that_cannot_be(saved: Saved, path: str, value: object, message: str) -> None:
    document = saved(ODDS)
    put(document, path, value)
    with pytest.raises(ParseError, match=message):
        board(saved, document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{QIN}.oddsNodes[0].combString", "01"),
        (f"{QIN}.oddsNodes[0].combString", "01,09"),
        (f"{QIN}.oddsNodes[0].combString", "01,01"),
        (f"{QIN}.oddsNodes[0].combString", "04,01"),
        (f"{FCT}.oddsNodes[0].combString", "02,01"),
        (f"{FCT}.oddsNodes[0].oddsValue", "nought"),
    ],
)
def test_pairs_that_cannot_be_cost_the_pairs_and_not_the_board(saved: Saved, path: str, value: str) -> None:
    found, told = crawled(saved, lambda documents: put(documents["odds_2"], path, value), race="2")
    (read,) = [item for item in found["items"] if item["kind"] == "OddsItem"]
    assert (read["flags"], read["grids"], len(read["pools"])) == ({"no_pairs"}, (), 3)
    assert sum(price["price"] is not None for price in read["prices"]) == 8
    assert told == ["meeting", "odds_2", "investments_2"]


@pytest.mark.parametrize(
    ("lines", "totals"),
    [
        ([("WIN", 7, None), ("PLA", 5, None)], {"win": 7, "place": 5}),
        ([("WIN", 7, "9"), ("CWA", 7, "9"), ("CWB", 7, "9")], {"win": 7}),
        ([("CWA", 7, "9"), ("WIN", 7, "9")], {"win": 7}),
        ([("FCT", 7, "9"), ("TRI", 7, "9")], {}),
        ([("QTT", 7, "9"), ("FF", 7, "9")], {}),
        ([("FCT", 7, None), ("TRI", 3, None)], {"exacta": 7, "trio": 3}),
        ([("FCT", 7, "9")], {}),
        ([("FCT", 7, "9"), ("TRI", 7, None)], {}),
        ([("FCT", 0, None), ("TRI", 0, None)], {"exacta": 0, "trio": 0}),
        ([("QPL", 7, None), ("DBL", 2, "8")], {}),
        ([], {}),
    ],
)
def test_merged_pools_are_never_summed(lines: list[tuple[str, int, str | None]], totals: dict[str, int]) -> None:
    found = hkjc_odds.pools([Investment(bet, amount, merged, "here") for bet, amount, merged in lines])
    assert list(found) == [Pool(bet_type=bet, amount=amount, currency="HKD") for bet, amount in totals.items()]


@pytest.mark.parametrize(
    "lines",
    [
        [("WIN", 7, "9"), ("CWA", 8, "9")],
        [("WIN", 7, None), ("CWA", 8, None)],
        [("WIN", 7, None), ("WIN", 8, None)],
    ],
)
def test_one_pool_of_two_amounts_is_an_error(lines: list[tuple[str, int, str | None]]) -> None:
    with pytest.raises(ParseError, match="here"):
        hkjc_odds.pools([Investment(bet, amount, merged, "here") for bet, amount, merged in lines])


@pytest.mark.parametrize(
    ("shown", "expected"), [("174645", 17_464_500), ("7,723,562", 772_356_200), ("12.50", 1250), ("0", 0)]
)
def test_money(shown: str, expected: int) -> None:
    assert hkjc_odds.cents(shown, "here") == expected


@pytest.mark.parametrize("shown", ["", "-5", "1,23", "$5", "NaN", "1e5"])
def test_money_that_is_none(shown: str) -> None:
    with pytest.raises(ParseError, match="here"):
        hkjc_odds.cents(shown, "here")


def test_investments_of_another_race_are_refused(saved: Saved) -> None:
    document = saved(INVESTMENTS)
    put(document, "data.raceMeetings[0].poolInvs[0].leg.races", [1])
    with pytest.raises(ParseError, match="race 2, was asked for"):
        parse_investments(response(document), board(saved, saved(ODDS)), race(saved))


@pytest.mark.parametrize("document", [None, {"data": {}}, {"errors": [{"message": "no"}]}])
def test_a_board_goes_out_without_the_money_of_its_pools(saved: Saved, document: object) -> None:
    found, _ = crawled(saved, lambda documents: documents.update(investments_2=document), race="2")
    (read,) = [item for item in found["items"] if item["kind"] == "OddsItem"]
    assert (read["pools"], len(read["grids"]), read["flags"]) == ((), 2, frozenset())


def test_the_whole_day_race_by_race(saved: Saved) -> None:
    found, told = crawled(saved)
    assert told == ["meeting", "odds_1", "odds_2", "investments_2", "odds_3", "investments_3"]
    assert kinds(found)[3:] == [("ResultItem", 1), ("OddsItem", 2), ("OddsItem", 3)]


@pytest.mark.parametrize(
    ("asked", "told", "beyond_the_card"),
    [
        ({"race": "2"}, ["meeting", "odds_2", "investments_2"], [("OddsItem", 2)]),
        ({"only": "card"}, ["meeting"], []),
        ({"only": "results"}, ["meeting"], [("ResultItem", 1)]),
        ({"only": "boards", "race": "1"}, ["meeting", "odds_1"], []),
        ({"race": "1"}, ["meeting", "odds_1"], [("ResultItem", 1)]),
    ],
)
def test_a_poll_asks_for_no_more_than_it_must(
    saved: Saved, asked: dict[str, str], told: list[str], beyond_the_card: list[tuple[str, int]]
) -> None:
    found, requests = crawled(saved, **asked)
    assert requests == told
    assert [kind for kind in kinds(found) if kind[0] != "RaceItem"] == beyond_the_card


def test_a_race_that_is_not_there_is_no_card(saved: Saved) -> None:
    found, _ = crawled(saved, race="9")
    assert found["error"] == "NoCard: no race 9 at sha_tin on 2026-02-15"


def test_unknown_fields_change_nothing(saved: Saved) -> None:
    document = saved(ODDS)
    before = board(saved, saved(ODDS))
    put(document, f"{WIN}.guarantee", None)
    put(document, f"{WIN}.oddsNodes[0].hotFavourite", True)
    assert board(saved, document) == before


def legacy(text: object) -> TextResponse:
    return response({"OUT": text})


@pytest.mark.parametrize(
    "text",
    [
        "130257",
        "13025@@@WIN;1=2.0=0",
        "250257@@@WIN;1=2.0=0",
        "130257@@@WIN;1=2.0",
        "130257@@@WIN;1=2.0=9",
        "130257@@@WIN;1=2.0=0;1=3.0=0",
        "130257@@@QIN;1=2.0=0",
        "130257@@@WIN;1=2.0=0#WIN;1=2.0=0",
        "130257@@@WIN;A=2.0=0",
        "130257@@@WIN;1=two=0",
        "",
        7,
    ],
)
def test_a_recording_of_the_former_service_that_cannot_be(text: object) -> None:
    with pytest.raises(ParseError):
        list(parse_winplaodds(legacy(text), DAY))


def test_blocks_before_the_first_race_asked_for_are_empty() -> None:
    (found,) = parse_winplaodds(legacy("130257@@@@@@WIN;1=2.0=0;2=SCR=0#PLA;1=1.1=0;2=2.0=0"), DAY)
    assert (found.race_number, len(found.prices)) == (2, 4)
    assert [price.status for price in found.prices if price.label == "2"] == ["scratched", "scratched"]


@pytest.mark.parametrize("text", ["130257@@@;1-2=72=0@@@;1-2=72=0", "130257@@@;1-1=72=0", "130257@@@;1-2-3=72=0"])
def test_pairs_of_the_former_service_that_cannot_be(text: str) -> None:
    with pytest.raises(ParseError):
        parse_pairs(legacy(text), "FCT", DAY)


@pytest.mark.parametrize(
    "document",
    [
        {"inv": [{"pool": "WIN", "value": "1"}], "updateTime": "1752"},
        {"inv": [{"pool": "WIN"}], "updateTime": "175223"},
        {"inv": [{"pool": "WIN", "value": 5}], "updateTime": "175223"},
        {"updateTime": "175223"},
    ],
)
def test_pool_totals_of_the_former_service_that_cannot_be(document: object) -> None:
    with pytest.raises(ParseError):
        parse_pool_totals(response(document), DAY)
