"""Betfair's catalogue and books: numbering, joining, statuses, prices, and everything that must be loud."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from offline import outcome, pages, spider_of
from pydantic import ValidationError
from scrapy.http import TextResponse

from horses_scrapy.errors import Blocked, NoCard, ParseError
from horses_scrapy.items import OddsItem, RaceItem, ResultItem
from horses_scrapy.sources import betfair_queries as queries
from horses_scrapy.sources.betfair_card import Race, parse_catalogue
from horses_scrapy.sources.betfair_memory import Memory
from horses_scrapy.sources.betfair_race import parse_books
from horses_scrapy.sources.betfair_rpc import SessionLost, read_result
from horses_scrapy.sources.betfair_runner import parse_runner
from horses_scrapy.sources.json_body import Json
from horses_scrapy.spiders.ascot import AscotSpider
from horses_scrapy.track_spider import Visit

DAY = date(2026, 2, 14)
FETCHED = datetime(2026, 2, 14, 12, 50, tzinfo=UTC)
ONE, THREE = "ascot/one_race", "ascot/race_day"
Saved = Callable[[str], Any]


def visit() -> Visit:
    return Visit(spider_of(AscotSpider, "2026-02-14T12:50:00Z", date="2026-02-14").track, DAY, FETCHED)


def response(document: Any) -> TextResponse:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return TextResponse("http://betfair.test/rpc", body=body, encoding="utf-8")


def races_of(document: Any, known: tuple[Race, ...] = (), posts: dict[int, datetime] | None = None) -> list[Race]:
    return sorted(parse_catalogue(response(document), visit(), known, posts or {}), key=lambda race: race.number)


def items_of(catalogue: Any, books: Any) -> list[Any]:
    return list(parse_books(response(books), visit(), races_of(catalogue)))


def board_of(catalogue: Any, books: Any) -> OddsItem:
    (board,) = [item for item in items_of(catalogue, books) if isinstance(item, OddsItem)]
    return board


def shown(board: OddsItem, market: str) -> dict[str, tuple[int | None, str]]:
    return {price.label: (price.price, price.status) for price in board.prices if price.market == market}


def money(board: OddsItem, bet_type: str) -> dict[str | None, int]:
    return {pool.label: pool.amount for pool in board.pools if pool.bet_type == bet_type}


def without(race: int, document: Any) -> Any:
    """The catalogue without a race's markets, which are told by their time."""
    time = ("2026-02-14T13:00:00.000Z", "2026-02-14T13:35:00.000Z", "2026-02-14T14:10:00.000Z")[race - 1]
    kept = [market for market in document["result"] if market["description"]["marketTime"] != time]
    return {**document, "result": kept}


# --- race numbers


def test_races_are_numbered_by_market_time_whatever_their_order_in_the_answer(saved: Saved) -> None:
    document = saved(f"{THREE}/catalogue")
    document["result"].reverse()
    races = races_of(document)
    assert [(race.number, race.win, race.place) for race in races] == [
        (1, "1.900000011", "1.900000012"),
        (2, "1.900000021", None),
        (3, "1.900000031", "1.900000032"),
    ]


def test_a_settled_race_that_is_no_longer_listed_does_not_move_the_numbers_of_the_others(saved: Saved) -> None:
    """The catalogue drops settled races: the recorded one of Penrith begins with R5."""
    known = tuple(races_of(saved(f"{THREE}/catalogue")))
    later = without(1, saved(f"{THREE}/catalogue"))
    assert [(race.number, race.win) for race in races_of(later, known)] == [(race.number, race.win) for race in known]


def test_without_an_earlier_run_a_day_that_has_begun_is_not_numbered_by_guess(saved: Saved) -> None:
    with pytest.raises(ParseError, match=r"the meeting opened at 2026-02-14 13:00.*earlier races are no longer listed"):
        races_of(without(1, saved(f"{THREE}/catalogue")))


def test_stored_post_times_number_a_day_whose_memory_is_lost(saved: Saved) -> None:
    posts = {race.number: race.post_time for race in races_of(saved(f"{THREE}/catalogue"))}
    assert [race.number for race in races_of(without(1, saved(f"{THREE}/catalogue")), posts=posts)] == [2, 3]


def test_a_delayed_race_keeps_its_number_by_its_market(saved: Saved) -> None:
    known = tuple(races_of(saved(f"{THREE}/catalogue")))
    document = saved(f"{THREE}/catalogue")
    second = document["result"][2]
    second["marketStartTime"] = second["description"]["marketTime"] = "2026-02-14T14:20:00.000Z"
    assert [(race.number, race.win) for race in races_of(document, known)] == [
        (race.number, race.win) for race in known
    ]


def test_a_first_race_that_is_a_little_late_is_still_the_first(saved: Saved) -> None:
    document = saved(f"{ONE}/catalogue")
    for market in document["result"]:
        market["marketStartTime"] = market["description"]["marketTime"] = "2026-02-14T13:12:00.000Z"
    assert [race.number for race in races_of(document)] == [1]


def test_a_market_that_was_made_anew_takes_the_number_of_its_time(saved: Saved) -> None:
    known = tuple(races_of(saved(f"{THREE}/catalogue")))
    document = saved(f"{THREE}/catalogue")
    document["result"][2]["marketId"] = "1.900000099"
    assert [(race.number, race.win) for race in races_of(document, known)][1] == (2, "1.900000099")


def test_a_race_that_could_not_be_read_at_first_gets_its_number_between_its_neighbours(saved: Saved) -> None:
    first, _, third = races_of(saved(f"{THREE}/catalogue"))
    assert [race.number for race in races_of(saved(f"{THREE}/catalogue"), (first, third))] == [1, 2, 3]


def test_a_race_that_is_put_between_two_known_ones_is_loud(saved: Saved) -> None:
    first, _, third = races_of(saved(f"{THREE}/catalogue"))
    with pytest.raises(ParseError, match=r"result\[2\]: a race at .* between races 1 and 2"):
        races_of(saved(f"{THREE}/catalogue"), (first, replace(third, number=2)))


def test_a_number_in_the_markets_name_is_the_race_number(saved: Saved) -> None:
    document = saved(f"{ONE}/catalogue")
    document["result"][0]["marketName"] = "R5 1200m 3yo"
    assert [race.number for race in races_of(document)] == [5]


def test_two_markets_that_claim_one_number_are_loud(saved: Saved) -> None:
    document = saved(f"{THREE}/catalogue")
    for market in document["result"]:
        market["marketName"] = "R5 1200m"
    with pytest.raises(ParseError, match="two markets claim one number"):
        races_of(document)


# --- what of the catalogue is read


def test_what_is_no_horse_race_of_the_track_and_day_is_ignored(saved: Saved) -> None:
    document = saved(f"{ONE}/catalogue")
    for path, value in (
        (("eventType", "id"), "4339"),
        (("event", "venue"), "York"),
        (("description", "marketType"), "EACH_WAY"),
    ):
        other = saved(f"{ONE}/catalogue")["result"][0]
        other[path[0]][path[1]] = value
        document["result"].append(other)
    tomorrow = saved(f"{ONE}/catalogue")["result"][0]
    tomorrow["marketStartTime"] = tomorrow["description"]["marketTime"] = "2026-02-15T00:00:00.000Z"
    document["result"].append(tomorrow)
    assert [race.win for race in races_of(document)] == ["1.900000001"]


def test_the_day_is_that_of_the_track() -> None:
    """In summer a day in England begins at 23:00 UTC."""
    track = visit().track
    params = queries.catalogue(track, date(2026, 6, 20))["params"]
    assert params["filter"]["marketStartTime"] == {"from": "2026-06-19T23:00:00Z", "to": "2026-06-20T23:00:00Z"}
    assert params["filter"]["eventTypeIds"] == ["7"]
    assert params["filter"]["venues"] == ["Ascot"]
    assert params["filter"]["marketTypeCodes"] == ["WIN", "PLACE"]
    assert params["maxResults"] == 100


def test_an_answer_of_another_meeting_is_refused(saved: Saved) -> None:
    document = saved(f"{ONE}/catalogue")
    for market in document["result"]:
        market["event"] |= {"venue": "York", "name": "York 14th Feb"}
    with pytest.raises(ParseError, match=r"none of 2 markets is of Ascot on 2026-02-14; the first is of York 14th Feb"):
        races_of(document)


def test_a_day_without_markets_has_no_card() -> None:
    with pytest.raises(NoCard, match="no market of Ascot on 2026-02-14"):
        races_of({"jsonrpc": "2.0", "result": [], "id": 1})


def test_a_day_that_is_over_is_known_from_before(saved: Saved) -> None:
    known = tuple(races_of(saved(f"{THREE}/catalogue")))
    assert races_of({"result": []}, known) == list(known)


def test_a_withdrawn_runner_whom_the_catalogue_drops_is_known_from_before(saved: Saved) -> None:
    known = tuple(races_of(saved(f"{THREE}/catalogue")))
    document = saved(f"{THREE}/catalogue")
    for market in document["result"][3:]:
        del market["runners"][2]
    third = races_of(document, known)[2]
    assert [runner.program_number for runner in third.runners] == ["1", "1A", "3", "4", "2"]
    items = list(parse_books(response(saved(f"{THREE}/books")), visit(), races_of(document, known)))
    (card,) = [item for item in items if isinstance(item, RaceItem) and item.race_number == 3]
    assert {entry.program_number for entry in card.entries if entry.status == "scratched"} == {"2"}


@pytest.mark.parametrize(
    ("race_type", "expected"),
    [
        ("Flat", "gallops"),
        ("Hurdle", "gallops"),
        ("Chase", "gallops"),
        ("NHF", "gallops"),
        ("Harness", "harness"),
        ("Camel", None),
    ],
)
def test_the_race_type_is_the_catalogues(saved: Saved, race_type: str, expected: str | None) -> None:
    document = saved(f"{ONE}/catalogue")
    document["result"][0]["description"]["raceType"] = race_type
    assert races_of(document)[0].race_type == expected


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (("marketId",), None, r"result\[0\]\.marketId: missing"),
        (("event", "venue"), None, r"result\[0\]\.event\.venue: missing"),
        (("event", "openDate"), "soon", r"openDate: a time in ISO 8601 is expected"),
        (("description", "marketTime"), None, r"result\[0\]\.description\.marketTime: missing"),
        (("description", "marketTime"), "2026-02-14T13:00:00", r"marketTime: a time with its offset is expected"),
        (
            ("description", "marketTime"),
            "2026-02-14T13:30:00.000Z",
            r"marketStartTime: .* is not description\.marketTime",
        ),
        (("description", "marketType"), None, r"result\[0\]\.description\.marketType: missing"),
        (("eventType", "id"), 7, r"result\[0\]\.eventType\.id: text is expected"),
        (("description", "marketType"), "PLACE", "two markets of one kind are of one time"),
        (("eventType", "id"), "1", r"result\[1\]: a PLACE market at .* without a WIN market"),
        (("runners",), None, r"result\[0\]\.runners: missing"),
        (("runners",), [], r"result\[0\]\.runners: 0 runners"),
    ],
)
def test_a_catalogue_in_which_races_cannot_be_told_apart_is_loud(
    saved: Saved, path: tuple[str, ...], value: Any, error: str
) -> None:
    document = saved(f"{ONE}/catalogue")
    node = document["result"][0]
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ParseError, match=error):
        races_of(document)


def test_one_race_that_cannot_be_read_costs_no_other(saved: Saved) -> None:
    document = saved(f"{THREE}/catalogue")
    del document["result"][0]["runners"][0]["metadata"]["CLOTH_NUMBER"]
    del document["result"][0]["runners"][0]["metadata"]["CLOTH_NUMBER_ALPHA"]
    books = saved(f"{THREE}/books")
    books["result"] = books["result"][2:]
    spider = spider_of(AscotSpider, "2026-02-14T13:37:00Z", date="2026-02-14")
    answers = {"listMarketCatalogue": json.dumps(document).encode(), "listMarketBook": json.dumps(books).encode()}
    found = outcome(spider, pages(answers))
    assert "result[0].runners[0].metadata.CLOTH_NUMBER: missing" in found["error"]
    assert [item["race_number"] for item in found["items"] if item["kind"] == "OddsItem"] == [2, 3]


def test_the_place_market_must_have_the_runners_of_its_race(saved: Saved) -> None:
    document = saved(f"{ONE}/catalogue")
    document["result"][1]["runners"][0]["selectionId"] = 1
    with pytest.raises(ParseError, match=r"result\[1\]\.runners: other runners than those of the WIN market"):
        races_of(document)


# --- runners


def runner(name: str = "Copper Kettle", **metadata: str | None) -> Json:
    return Json({"selectionId": 5, "runnerName": name, "metadata": {"CLOTH_NUMBER": "7", **metadata}}, "r")


@pytest.mark.parametrize(
    ("cloth", "alpha", "name", "expected"),
    [
        ("7", "7", "Copper Kettle", "7"),
        ("1A", "1A", "SHOUT TO THE TEST", "1A"),
        ("1", "1A", "Copper Kettle", "1A"),
        (None, "21A", "Copper Kettle", "21A"),
        ("12", None, "12. Copper Kettle", "12"),
        (None, None, "5. Copper Kettle", "5"),
    ],
)
def test_the_cloth_number_is_text_and_1a_is_real(
    cloth: str | None, alpha: str | None, name: str, expected: str
) -> None:
    """Laurel Park of 22 February 2026, race 7, had a CLOTH_NUMBER "1A" (samples' notes; that file is not at hand)."""
    found = parse_runner(runner(name, CLOTH_NUMBER=cloth, CLOTH_NUMBER_ALPHA=alpha))
    assert found.program_number == expected
    assert found.horse in {"Copper Kettle", "SHOUT TO THE TEST"}
    entry = found.entry("active")
    assert (entry.program_number, entry.label) == (expected, expected)  # each selection is bet on its own


@pytest.mark.parametrize(
    ("cloth", "alpha", "name"),
    [
        (None, None, "Copper Kettle"),
        ("7", "8", "Copper Kettle"),
        ("7", "7", "8. Copper Kettle"),
        ("0", None, "Copper Kettle"),
        ("seven", None, "Copper Kettle"),
        ("107", None, "Copper Kettle"),
    ],
)
def test_a_cloth_number_that_is_missing_or_contradicted_is_loud(
    cloth: str | None, alpha: str | None, name: str
) -> None:
    with pytest.raises(ParseError, match=r"r\.metadata\.CLOTH_NUMBER"):
        parse_runner(runner(name, CLOTH_NUMBER=cloth, CLOTH_NUMBER_ALPHA=alpha))


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [("7", "2", 4500), ("1", "1", 2000), ("499", "1", 500_000), ("11", "10", 2100), (None, None, None)],
)
def test_the_forecast_price_is_a_fraction_of_profit(
    numerator: str | None, denominator: str | None, expected: int | None
) -> None:
    found = parse_runner(runner(FORECASTPRICE_NUMERATOR=numerator, FORECASTPRICE_DENOMINATOR=denominator))
    assert found.morning_line == expected


@pytest.mark.parametrize(("numerator", "denominator"), [("7", None), (None, "2"), ("7", "0"), ("x", "2")])
def test_half_a_forecast_price_is_loud(numerator: str | None, denominator: str | None) -> None:
    with pytest.raises(ParseError, match=r"r\.metadata\.FORECASTPRICE_NUMERATOR"):
        parse_runner(runner(FORECASTPRICE_NUMERATOR=numerator, FORECASTPRICE_DENOMINATOR=denominator))


# --- books


def test_prices_are_joined_by_selection_and_not_by_position(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    expected = board_of(saved(f"{ONE}/catalogue"), saved(f"{ONE}/books"))
    for market in books["result"]:
        market["runners"].reverse()
    books["result"].reverse()
    assert board_of(saved(f"{ONE}/catalogue"), books) == expected
    assert shown(expected, "win_back")["3"] == (2480, "active")
    assert shown(expected, "win_lay")["3"] == (2520, "active")
    assert shown(expected, "win_last")["3"] == (2500, "active")
    assert shown(expected, "place_back")["3"] == (1430, "active")


def test_money_matched_and_on_offer_is_in_pence(saved: Saved) -> None:
    board = board_of(saved(f"{ONE}/catalogue"), saved(f"{ONE}/books"))
    assert money(board, "win")[None] == 4_821_055
    assert money(board, "win")["3"] == 1_928_422
    assert (money(board, "win_back")["3"], money(board, "win_lay")["3"]) == (40_000, 32_000)
    assert money(board, "place")[None] == 964_210
    assert {pool.currency for pool in board.pools} == {"GBP"}


@pytest.mark.parametrize(
    ("amount", "expected"), [("5.022000000000001", 502), ("621.6585", 62_166), ("0.0", 0), ("2", 200)]
)
def test_converted_money_is_rounded_to_pence(saved: Saved, amount: str, expected: int) -> None:
    """The catalogue of 2023 shows totals such as 5.022000000000001."""
    text = json.dumps(saved(f"{ONE}/books")).replace("48210.55", amount).encode()
    board = next(
        item
        for item in parse_books(response(text), visit(), races_of(saved(f"{ONE}/catalogue")))
        if isinstance(item, OddsItem)
    )
    assert money(board, "win")[None] == expected


def first(books: Any) -> dict[str, Any]:
    found: dict[str, Any] = books["result"][0]["runners"][0]
    return found


@pytest.mark.parametrize("nothing", [None, "NaN", "Infinity", 0, 0.0])
def test_nan_infinity_null_and_zero_are_no_price(saved: Saved, nothing: Any) -> None:
    books = saved(f"{ONE}/books")
    first(books)["lastPriceTraded"] = nothing
    assert shown(board_of(saved(f"{ONE}/catalogue"), books), "win_last")["3"] == (None, "active")


def test_a_level_without_size_is_no_offer(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    first(books)["ex"]["availableToBack"].insert(0, {"price": 2.5, "size": 0.0})
    board = board_of(saved(f"{ONE}/catalogue"), books)
    assert shown(board, "win_back")["3"] == (2480, "active")
    assert money(board, "win_back")["3"] == 40_000


def test_the_best_offer_is_the_best_whatever_the_order_of_the_levels(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    for side in ("availableToBack", "availableToLay"):
        first(books)["ex"][side].reverse()
    board = board_of(saved(f"{ONE}/catalogue"), books)
    assert (shown(board, "win_back")["3"], shown(board, "win_lay")["3"]) == ((2480, "active"), (2520, "active"))


def test_sides_that_are_swapped_are_loud(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    sides = first(books)["ex"]
    sides["availableToBack"], sides["availableToLay"] = sides["availableToLay"], sides["availableToBack"]
    with pytest.raises(ParseError, match=r"runners\[0\]\.ex: back 2520 is not below lay 2480"):
        items_of(saved(f"{ONE}/catalogue"), books)


def test_a_removed_runner_never_carries_a_price_whatever_stands_there(saved: Saved) -> None:
    items = items_of(saved(f"{THREE}/catalogue"), saved(f"{THREE}/books"))
    (board,) = [item for item in items if isinstance(item, OddsItem) and item.race_number == 3]
    out = [price for price in board.prices if price.label == "2"]
    assert len(out) == 6
    assert {(price.price, price.status) for price in out} == {(None, "scratched")}
    assert "2" not in {pool.label for pool in board.pools}
    (card,) = [item for item in items if isinstance(item, RaceItem) and item.race_number == 3]
    (entry,) = [entry for entry in card.entries if entry.program_number == "2"]
    assert (entry.status, entry.reduction_factor) == ("scratched", 1667)
    assert entry.scratched_at == datetime(2026, 2, 14, 9, 12, tzinfo=UTC)


def test_a_runner_removed_from_one_market_has_no_price_in_the_other(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    market = books["result"][1]
    market["runners"][0]["status"] = "REMOVED"
    market["numberOfActiveRunners"] -= 1
    board = board_of(saved(f"{ONE}/catalogue"), books)
    assert shown(board, "win_back")["3"] == (None, "scratched")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "INACTIVE"}, "scheduled"),
        ({"status": "OPEN"}, "open"),
        ({"status": "SUSPENDED"}, "open"),
        ({"status": "OPEN", "inplay": True}, "closed"),
        ({"status": "SUSPENDED", "inplay": True}, "closed"),
        ({"status": "SUSPENDED", "bspReconciled": True}, "closed"),
        ({"status": "CLOSED"}, "closed"),
    ],
)
def test_a_suspension_before_the_off_is_no_off(saved: Saved, changes: dict[str, Any], expected: str) -> None:
    books = saved(f"{ONE}/books")
    books["result"][0] |= changes
    assert board_of(saved(f"{ONE}/catalogue"), books).status == expected


def test_a_market_that_was_voided_is_a_cancelled_race(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    for market in books["result"]:
        market |= {"status": "CLOSED", "numberOfActiveRunners": 0}
        for runner_book in market["runners"]:
            runner_book["status"] = "REMOVED"
    board = board_of(saved(f"{ONE}/catalogue"), books)
    assert board.status == "cancelled"
    assert {price.price for price in board.prices} == {None}


def test_the_winners_of_a_dead_heat_share_position_1(saved: Saved) -> None:
    items = items_of(saved(f"{THREE}/catalogue"), saved(f"{THREE}/books"))
    (ended,) = [item for item in items if isinstance(item, ResultItem)]
    assert [(one.position, one.program_number) for one in ended.finishers] == [(1, "1"), (1, "3")]
    assert (ended.status, ended.race_number, ended.payoffs) == ("official", 1, ())


def test_a_delayed_key_is_told_no_money_per_runner(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    for market in books["result"]:
        for runner_book in market["runners"]:
            del runner_book["totalMatched"]
    assert money(board_of(saved(f"{ONE}/catalogue"), books), "win") == {None: 4_821_055}


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (("marketId",), "1.5", r"result\[0\]\.marketId: 1\.5 was not asked for"),
        (("marketId",), "1.900000002", r"result\[1\]\.marketId: 1\.900000002 .* is given twice"),
        (("status",), "PAUSED", r"result\[0\]\.status: one of INACTIVE, OPEN, SUSPENDED, CLOSED is expected"),
        (("inplay",), "no", r"result\[0\]\.inplay: true or false is expected"),
        (("runners",), None, r"result\[0\]\.runners: missing"),
        (("numberOfRunners",), 4, r"numberOfRunners: 4, but 5 are listed"),
        (("numberOfActiveRunners",), 4, r"numberOfActiveRunners: 4, but 5 are listed"),
        (("totalMatched",), "much", r"result\[0\]\.totalMatched: money is expected"),
        (("totalMatched",), -1, r"result\[0\]\.totalMatched: -1 is no sane sum"),
        (("runners", 0, "status"), "HIDDEN", r"numberOfActiveRunners: 5, but 4 are listed"),
        (("runners", 0, "selectionId"), 7, r"selections \[7\] are not in the catalogue, \[70000001\] not in the book"),
        (("runners", 0, "selectionId"), 70000002, r"result\[0\]\.runners: a selection is given twice"),
        (("runners", 0, "ex"), None, r"result\[0\]\.runners\[0\]\.ex: missing"),
        (("runners", 0, "ex", "availableToBack"), None, r"ex\.availableToBack: missing"),
        (("runners", 0, "ex", "availableToLay", 0, "price"), None, r"availableToLay\[0\]\.price: missing"),
        (
            ("runners", 0, "ex", "availableToLay", 0, "price"),
            "NaN",
            r"availableToLay\[0\]\.price: an offer without a price",
        ),
        (("runners", 0, "ex", "availableToLay", 0, "size"), True, r"availableToLay\[0\]\.size: money is expected"),
        (("runners", 0, "lastPriceTraded"), "2.5", r"lastPriceTraded: a number is expected"),
        (("runners", 0, "lastPriceTraded"), -2.5, r"lastPriceTraded: decimal odds '-2.5'"),
        (("runners", 0, "adjustmentFactor"), 250, r"adjustmentFactor: a reduction of 250 percent"),
    ],
)
def test_a_book_that_is_not_as_it_must_be_is_loud(saved: Saved, path: tuple[Any, ...], value: Any, error: str) -> None:
    books = saved(f"{ONE}/books")
    node = books["result"][0]
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ParseError, match=error):
        items_of(saved(f"{ONE}/catalogue"), books)


def test_an_unknown_runner_status_is_loud(saved: Saved) -> None:
    books = saved(f"{ONE}/books")
    first(books)["status"] = "HIDDEN"
    books["result"][0]["numberOfActiveRunners"] = 4
    with pytest.raises(ParseError, match=r"runners\[0\]\.status: one of ACTIVE, WINNER, LOSER, PLACED, REMOVED"):
        items_of(saved(f"{ONE}/catalogue"), books)


def test_one_book_that_cannot_be_read_costs_no_other_race(saved: Saved) -> None:
    books = saved(f"{THREE}/books")
    books["result"][2]["status"] = "PAUSED"
    races = races_of(saved(f"{THREE}/catalogue"))
    found = parse_books(response(books), visit(), races)
    items = list(islice(found, 5))  # card, board and result of the first race, card and board of the third
    assert {item.race_number for item in items} == {1, 3}
    with pytest.raises(ParseError, match=r"result\[2\]\.status"):
        next(found)


@pytest.mark.parametrize(
    ("market", "error"), [(0, r"no book of R1 \(1\.900000001\)"), (1, r"no book of R1's PLACE market")]
)
def test_a_book_that_does_not_come_is_loud(saved: Saved, market: int, error: str) -> None:
    books = saved(f"{ONE}/books")
    del books["result"][market]
    with pytest.raises(ParseError, match=error):
        items_of(saved(f"{ONE}/catalogue"), books)


# --- requests, envelope, memory


def test_books_are_asked_for_by_at_most_200_points_with_a_races_markets_together(saved: Saved) -> None:
    (race,) = races_of(saved(f"{ONE}/catalogue"))
    day = [replace(race, number=number) for number in range(1, 46)]
    batches = list(queries.batches(day))
    assert [len(batch) for batch in batches] == [20, 20, 5]
    assert list(queries.batches([])) == []
    params = queries.books(race.markets, "GBP")["params"]
    assert params["marketIds"] == ["1.900000001", "1.900000002"]
    assert params["priceProjection"]["priceData"] == ["EX_BEST_OFFERS"]
    assert params["currencyCode"] == "GBP"


def error(code: str) -> dict[str, Any]:
    told = {"errorCode": code, "errorDetails": "", "requestUUID": "x"}
    return {"jsonrpc": "2.0", "error": {"code": -32099, "message": "ANGX", "data": {"APINGException": told}}, "id": 1}


@pytest.mark.parametrize(
    ("document", "kind", "text"),
    [
        (error("INVALID_SESSION_INFORMATION"), SessionLost, "INVALID_SESSION_INFORMATION"),
        (error("NO_SESSION"), SessionLost, "NO_SESSION"),
        (error("INVALID_APP_KEY"), Blocked, "INVALID_APP_KEY"),
        (error("TOO_MANY_REQUESTS"), Blocked, "TOO_MANY_REQUESTS"),
        (error("TOO_MUCH_DATA"), ParseError, "TOO_MUCH_DATA"),
        ({"error": {"code": -32700, "message": "DSC-0008"}}, ParseError, "DSC-0008"),
        ({"error": {"code": -32700}}, ParseError, "an error without a code"),
        ({"faultcode": "Client", "faultstring": "DSC-0018"}, ParseError, "DSC-0018"),
        ({"jsonrpc": "2.0", "id": 1}, ParseError, "result: missing"),
        ({"result": {}}, ParseError, "result: a list is expected"),
        (b"<html>Sign in</html>", Blocked, "a page came where JSON is due"),
    ],
)
def test_the_services_own_code_is_in_the_error(document: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        read_result(response(document))


def test_the_memory_gives_back_what_it_keeps_and_drops_what_is_old(saved: Saved, tmp_path: Path) -> None:
    races = races_of(saved(f"{THREE}/catalogue"))
    memory = Memory(tmp_path, "ascot", DAY)
    assert memory.races() == ()
    memory.keep(races[:2])
    memory.keep(races[1:])
    assert list(memory.races()) == races
    Memory(tmp_path, "york", DAY).keep(races)
    Memory(tmp_path, "ascot", DAY + timedelta(days=31)).keep(races)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ascot-2026-03-17.json", "york-2026-02-14.json"]


def test_a_memory_that_is_not_ours_is_named(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "ascot", DAY)
    (tmp_path / "ascot-2026-02-14.json").write_text('{"races": 1}', "utf-8")
    with pytest.raises(ParseError, match=r"ascot-2026-02-14\.json: not the races of a day; remove the file") as raised:
        memory.races()
    assert isinstance(raised.value.__cause__, ValidationError)


def test_a_near_post_poll_of_one_race_costs_two_requests(saved: Saved) -> None:
    asked: list[str] = []
    answers = pages(
        {
            "listMarketCatalogue": json.dumps(saved(f"{THREE}/catalogue")).encode(),
            "listMarketBook": json.dumps(
                {"result": [book for book in saved(f"{THREE}/books")["result"] if book["marketId"] == "1.900000021"]}
            ).encode(),
        }
    )

    def page(request: Any) -> bytes | None:
        asked.append(json.loads(request.body)["method"])
        return answers(request)

    found = outcome(spider_of(AscotSpider, "2026-02-14T13:30:00Z", date="2026-02-14", race="2"), page)
    assert found["error"] is None
    assert asked == ["SportsAPING/v1.0/listMarketCatalogue", "SportsAPING/v1.0/listMarketBook"]


def test_a_race_that_is_not_on_the_card_is_told(saved: Saved) -> None:
    answers = pages({"listMarketCatalogue": json.dumps(saved(f"{THREE}/catalogue")).encode()})
    found = outcome(spider_of(AscotSpider, "2026-02-14T12:00:00Z", date="2026-02-14", race="9"), answers)
    assert found["error"] == "NoCard: no race 9 at ascot on 2026-02-14"


def test_unknown_fields_change_nothing(saved: Saved) -> None:
    def strange(value: Any) -> Any:
        if isinstance(value, dict):
            return {"surprise": [1, {"x": None}], **{key: strange(one) for key, one in value.items()}}
        return [strange(one) for one in value] if isinstance(value, list) else value

    expected = items_of(saved(f"{THREE}/catalogue"), saved(f"{THREE}/books"))
    assert items_of(strange(saved(f"{THREE}/catalogue")), strange(saved(f"{THREE}/books"))) == expected


def test_the_best_lays_and_backs_of_the_fixture_are_a_market(saved: Saved) -> None:
    board = board_of(saved(f"{ONE}/catalogue"), saved(f"{ONE}/books"))
    for market, low, high in (
        ("win_back", "1.00", "1.05"),
        ("win_lay", "0.95", "1.00"),
        ("place_back", "2.00", "2.10"),
    ):
        found = sum(Decimal(1000) / price for price, _ in shown(board, market).values() if price is not None)
        assert Decimal(low) <= found <= Decimal(high)


def test_a_session_that_the_service_does_not_know_is_forgotten_for_the_next_run(saved: Saved, tmp_path: Path) -> None:
    spider = spider_of(AscotSpider, "2026-02-14T12:00:00Z", date="2026-02-14")
    spider._state_dir, spider._session = tmp_path, {"X-Authentication": "token-1"}
    kept = tmp_path / "betfair_session.json"
    kept.write_text('{"account": "x", "token": "token-1", "since": 0}', "utf-8")
    lost = json.dumps(error("INVALID_SESSION_INFORMATION")).encode()
    card = json.dumps(saved(f"{ONE}/catalogue")).encode()
    found = outcome(spider, pages({"listMarketCatalogue": card, "listMarketBook": lost}))
    assert found["error"].startswith("SessionLost: ")
    assert "INVALID_SESSION_INFORMATION" in found["error"]
    assert not kept.exists()
