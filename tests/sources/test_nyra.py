import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from crawling import ROOT
from documents import objects, put, remove, response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import SHIPPED

from horses_scrapy import offline
from horses_scrapy.errors import Blocked, ConfigError, EmptyResponse, NoCard, ParseError
from horses_scrapy.items import AnyItem, OddsItem, RaceItem
from horses_scrapy.sources.nyra import NyraSpider, listed_race, parse_board
from horses_scrapy.sources.nyra_days import read_days
from horses_scrapy.spiders.aqueduct import AqueductSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

INPUTS = ROOT / "tests/fixtures/aqueduct"
ONE, SCRATCHED = "aqueduct/one_race/probables_5", "aqueduct/race_day/probables_1"
NOW = datetime(2026, 11, 28, 19, 55, tzinfo=UTC)
VISIT = Visit(SHIPPED.tracks["aqueduct"], date(2026, 11, 28), NOW)
LISTED = read_days(INPUTS / "one_race/inputs/nyra.yaml")["AQU", date(2026, 11, 28), 5]
WIN, PLACE, EXACTA = "pools[0]", "pools[1]", "pools[3]"


def read(document: Any, visit: Visit = VISIT, listed: Any = LISTED) -> list[AnyItem]:
    return list(parse_board(response(document), visit, listed_race(visit, 5, listed), listed))


def board(items: list[AnyItem]) -> OddsItem:
    return next(item for item in items if isinstance(item, OddsItem))


def changed(saved: Saved, path: str, value: object, page: str = ONE) -> Any:
    document = saved(page)
    put(document, path, value)
    return document


# --- the board ----------------------------------------------------------------------------------------------------------


def test_one_race_whole(saved: Saved) -> None:
    race, shown = read(saved(ONE))
    assert isinstance(race, RaceItem)
    assert isinstance(shown, OddsItem)
    assert (race.source_key, race.status, race.post_time) == ("4400005", "open", datetime(2026, 11, 28, 20, tzinfo=UTC))
    assert [entry.horse for entry in race.entries][1] == "Bold Tarpaulin"
    assert {price.label: price.price for price in shown.prices} == {
        "1": 2_100, "2": 3_300, "3": 5_200, "4": 7_600, "5": 10_500,
    }  # fmt: skip
    totals = {pool.bet_type: pool.amount for pool in shown.pools if pool.label is None}
    assert totals == {"win": 6_400_000, "place": 2_176_000, "show": 1_407_900, "exacta": 3_840_000}
    (grid,) = shown.grids
    assert (grid.base, len(grid.prices)) == (100, 20)
    assert sum(grid.base / pair.payout for pair in grid.prices) == pytest.approx(1 / 0.815, rel=0.001)
    assert (shown.source_time, shown.minutes_to_post, shown.flags) == (None, None, frozenset())


def test_the_first_of_a_selection_wins(saved: Saved) -> None:
    pairs = {(pair.first, pair.second): pair.payout for pair in board(read(saved(ONE))).grids[0].prices}
    assert (pairs["1", "5"], pairs["5", "1"]) == (1_528, 2_343)


@pytest.mark.parametrize(("after", "status"), [(-1, "open"), (0, "closed"), (60, "closed"), (60 * 24, "closed")])
def test_a_status_that_never_closes_is_closed_by_the_post_time(saved: Saved, after: int, status: str) -> None:
    visit = Visit(VISIT.track, VISIT.race_date, LISTED.post_time + timedelta(minutes=after))
    assert {item.status for item in read(saved(ONE), visit)} == {status}


def test_totals_may_fall_on_refunds(saved: Saved) -> None:
    """The source takes each answer as it is: what fell is for the checks of boards to say."""
    document = saved(ONE)
    before = board(read(document)).pools[0].amount
    for probable in document["pools"][0]["probables"]:
        probable["totalPoolGross"]["amount"] -= 1_000
    put(document, f"{WIN}.currentTotalPoolGross.amount", 59_000)
    put(document, f"{WIN}.currentTotalPoolNet.amount", 49_560)
    assert board(read(document)).pools[0].amount < before


def test_zero_is_no_price_and_takes_its_pairs_along(saved: Saved) -> None:
    """0 stands for "not offered" and for "scratched": the price is missing, nothing is called scratched."""
    document = saved(SCRATCHED)
    listed = LISTED.model_copy(update={"runners": {}})
    shown = board(read(document, listed=listed))
    prices = {price.label: (price.price, price.status) for price in shown.prices}
    assert prices["2"] == (None, "missing")
    for probable in document["pools"][3]["probables"]:
        if probable["selection"] == "1,2":
            probable["lowProbablePayout"]["amount"] = 7.5  # a pay-out that was not taken off
    assert not any("2" in {pair.first, pair.second} for pair in board(read(document, listed=listed)).grids[0].prices)


def test_a_selection_that_is_gone_has_no_price_at_all(saved: Saved) -> None:
    document = saved(ONE)
    for pool in document["pools"]:
        pool["probables"] = [one for one in pool["probables"] if "5" not in one["selection"].split(",")]
    shown = board(read(document))
    assert "5" not in {price.label for price in shown.prices}
    assert len(shown.grids[0].prices) == 12


def test_before_the_first_bet_nothing_is_quoted_and_nothing_is_missing(saved: Saved) -> None:
    document = saved(ONE)
    for pool in document["pools"]:
        pool["currentTotalPoolGross"]["amount"] = pool["currentTotalPoolNet"]["amount"] = 0
        for probable in pool["probables"]:
            for money in probable.values():
                if isinstance(money, dict):
                    money["amount"] = 0
    shown = board(read(document))
    assert {(price.price, price.status) for price in shown.prices} == {(None, "active")}
    assert (shown.grids, shown.flags) == ((), frozenset())


def test_runners_without_a_pay_out_are_not_quoted(saved: Saved) -> None:
    document = saved(ONE)
    for probable in document["pools"][0]["probables"]:
        del probable["lowProbablePayout"]
    shown = board(read(document))
    assert {(price.price, price.status) for price in shown.prices} == {(None, "active")}
    assert len(shown.grids[0].prices) == 20


def test_pools_that_were_not_asked_for_are_left_out(saved: Saved) -> None:
    listed = LISTED.model_copy(update={"pools": {"WN": 5500051}})
    shown = board(read(saved(ONE), listed=listed))
    assert ({pool.bet_type for pool in shown.pools}, shown.grids, shown.flags) == ({"win"}, (), frozenset())


def test_without_names_there_are_no_entries(saved: Saved) -> None:
    race, shown = read(saved(ONE), listed=LISTED.model_copy(update={"runners": {}}))
    assert isinstance(race, RaceItem)
    assert race.entries == ()
    assert len(board([shown]).prices) == 5


def test_a_recorded_net_lies_below_one_less_takeout_and_is_taken(saved: Saved) -> None:
    """Churchill Downs, 2026-05-01: 0.79 of the win pool, 0.71 of the exacta's."""
    document = changed(saved, f"{WIN}.currentTotalPoolNet.amount", 50_560)
    put(document, f"{EXACTA}.currentTotalPoolNet.amount", 28_032)
    assert board(read(document)).flags == frozenset()


FAULTS = [
    ("pools[1]", {"poolTypeCode": "WN"}, "a second WN pool"),
    (f"{PLACE}.poolTypeCode", "XX", "PL of WN, PL, SH, EX not in the answer"),
    (f"{WIN}.poolTypeName", "PLACE", "WIN is expected of a WN pool"),
    (f"{WIN}.poolStatus", 2, r"poolStatus: 2, only 1 \(open\) was ever recorded"),
    (f"{WIN}.poolStatus", "1", "a whole number is expected"),
    (f"{WIN}.currentTotalPoolNet.amount", 64_001, "a net of 6400100 cents of 6400000"),
    (f"{WIN}.currentTotalPoolNet.amount", 18_278, "a net of 1827800 cents of 6400000"),
    (f"{WIN}.currentTotalPoolGross.amount", 140_000, "a net of 5376000 cents of 14000000"),
    (f"{PLACE}.probables[0].totalPoolGross.amount", 25_600, "runners' amounts add up to"),
    (f"{WIN}.probables[0].totalPoolGross.amount", 25_600.125, "money in whole cents"),
    (f"{WIN}.probables[0].selection", "7", "7 is not among the race's runners"),
    (f"{WIN}.probables[0].selection", "2", "one of the runners"),
    (f"{WIN}.probables[0].selection", "1,2", "a program number is expected, not '1,2'"),
    (f"{WIN}.probables[0].selection", 1, "text is expected"),
    (f"{WIN}.probables", [], "none, though 6400000 cents are in the pool"),
    (f"{WIN}.probables[0].lowProbablePayout.amount", "2.10", "a number is expected"),
    (f"{WIN}.probables[0].lowProbablePayout.amount", -2.1, "decimal odds"),
    (f"{WIN}.probables[0].lowProbablePayout.amount", 0.2, None),
]


@pytest.mark.parametrize(("path", "value", "words"), FAULTS)
def test_a_board_that_is_not_sound_is_refused(saved: Saved, path: str, value: object, words: str | None) -> None:
    document = changed(saved, path, value)
    if words is None:  # a pay-out below the stake is none
        assert board(read(document)).prices[0].price is None
        return
    with pytest.raises(ParseError, match=words):
        read(document)


def test_pay_outs_for_two_dollars_betray_themselves(saved: Saved) -> None:
    document = saved(ONE)
    for probable in document["pools"][0]["probables"]:
        probable["lowProbablePayout"]["amount"] *= 2
    with pytest.raises(ParseError, match="the pay-outs are not for a dollar"):
        read(document)


def test_a_place_pool_under_the_name_of_the_win_pool_betrays_itself(saved: Saved) -> None:
    """Three horses are paid: the shares add up to about three times as much."""
    document = saved(ONE)
    for probable in document["pools"][0]["probables"]:
        probable["lowProbablePayout"]["amount"] = 1.2
    with pytest.raises(ParseError, match="the pay-outs are not for a dollar"):
        read(document)


EXACTA_FAULTS = [
    ("selection", "1", "two program numbers are expected, not 1,"),
    ("selection", "1,2,3", "two program numbers are expected"),
    ("selection", "1,9", "1,9, the win pool has 1, 2, 3, 4, 5"),
    ("selection", "1,1", "1 with itself pays"),
    ("selection", "1,3", "1,3 pays"),
    ("lowProbablePayout", {"amount": 4.891}, "money in whole cents"),
    ("lowProbablePayout", {}, "lowProbablePayout.amount: missing"),
    ("lowProbablePayout", 4.89, "an object is expected"),
]


@pytest.mark.parametrize(("field", "value", "words"), EXACTA_FAULTS)
def test_probables_that_cannot_be_read_do_not_cost_the_board(
    saved: Saved, field: str, value: object, words: str
) -> None:
    document = changed(saved, f"{EXACTA}.probables[0].{field}", value)
    found: list[AnyItem] = []
    with pytest.raises(ParseError, match=words):
        found.extend(parse_board(response(document), VISIT, listed_race(VISIT, 5, LISTED), LISTED))
    assert board(found).flags == {"no_pairs"}
    assert board(found).prices == board(read(saved(ONE))).prices


REQUIRED = (
    ["pools"]
    + [f"{WIN}.{name}" for name in ("poolTypeCode", "poolTypeName", "poolStatus")]
    + [f"{WIN}.{name}" for name in ("currentTotalPoolGross", "currentTotalPoolGross.amount", "currentTotalPoolNet.amount")]
    + [f"{WIN}.probables[0].{name}" for name in ("selection", "lowProbablePayout.amount", "totalPoolGross.amount")]
    + [f"{EXACTA}.probables[0].{name}" for name in ("selection", "lowProbablePayout.amount")]
)  # fmt: skip


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_required_field_is_named(saved: Saved, path: str) -> None:
    document = saved(ONE)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        read(document)
    assert path in str(caught.value)


EXTRA = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.text(max_size=5))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int) -> None:
    document = saved(ONE)
    places = list(objects(document))
    places[where % len(places)]["unknownField"] = extra
    assert read(document) == read(saved(ONE))


@pytest.mark.parametrize(
    ("body", "error"), [(b"", EmptyResponse), (b"<html>denied</html>", Blocked), (b'{"pools": [', ParseError)]
)
def test_what_is_no_answer_is_named(body: bytes, error: type[Exception]) -> None:
    answer = response({}).replace(body=body)
    with pytest.raises(error):
        list(parse_board(answer, VISIT, listed_race(VISIT, 5, LISTED), LISTED))


# --- the crawl ----------------------------------------------------------------------------------------------------------


class _Run:
    """What the database knows: nothing."""

    def finished_races(self, _: date) -> frozenset[int]:
        return frozenset()

    def post_times(self, _: date) -> dict[int, datetime]:
        return {}


def spider(case: str, frozen_time: str, **arguments: str) -> NyraSpider:
    path = INPUTS / case / "inputs/nyra.yaml"
    config = SHIPPED.sources["nyra"].model_copy(update={"data_path": path})
    settings_ = SHIPPED.model_copy(update={"sources": {**SHIPPED.sources, "nyra": config}})
    made = offline.spider_of(settings_, AqueductSpider, frozen_time, date="2026-11-28", **arguments)
    assert isinstance(made, NyraSpider)
    made.run = _Run()  # type: ignore[assignment]
    return made


async def started(made: NyraSpider) -> list[str]:
    return [
        f"{one.status} {one.race_number}" if isinstance(one, RaceItem) else f"{one.method} {-one.priority}"
        async for one in made.start()
    ]


CRAWLS: list[tuple[str, dict[str, str], list[str]]] = [
    ("17:24", {}, ["POST 1", "POST 2"]),
    ("17:24", {"race": "2"}, ["POST 2", "closed 1"]),
    ("17:24", {"only": "card"}, ["closed 1", "scheduled 2"]),
    ("17:24", {"only": "boards", "race": "1"}, ["POST 1"]),
    ("17:24", {"only": "results"}, []),
    ("18:21", {}, ["POST 2", "closed 1"]),  # an hour after its post nothing more is asked
    ("18:21", {"race": "1"}, ["POST 1", "closed 2"]),
]


@pytest.mark.parametrize(("at", "arguments", "expected"), CRAWLS)
def test_a_race_without_a_request_is_told_all_the_same(at: str, arguments: dict[str, str], expected: list[str]) -> None:
    made = spider("race_day", f"2026-11-28T{at}:00Z", **arguments)
    assert asyncio.run(started(made)) == expected
    assert made.problems == []


def test_a_day_that_the_file_does_not_list_is_no_card() -> None:
    made = spider("race_day", "2026-11-28T17:24:00Z")
    made.race_date = date(2026, 11, 29)
    assert asyncio.run(started(made)) == []
    assert [type(problem) for problem in made.problems] == [NoCard]
    assert str(made.problems[0]) == "nyra.yaml lists no race of AQU on 2026-11-29"


def test_a_race_that_the_file_does_not_list_is_no_card() -> None:
    with pytest.raises(NoCard, match="no race 9 at aqueduct"):
        list(spider("race_day", "2026-11-28T17:24:00Z", race="9").card_requests())


def test_the_request_names_all_pools_of_the_race() -> None:
    (request,) = spider("one_race", "2026-11-28T19:55:00Z").card_requests()
    assert (request.method, request.url) == (
        "POST", "https://brk0201-iapi-webservice.nyrabets.com/GetProbables.ashx",
    )  # fmt: skip
    assert request.headers["Content-Type"] == b"application/x-www-form-urlencoded"
    name, _, value = request.body.decode().partition("=")
    assert name == "request"
    assert json.loads(unquote(value)) == {
        "header": {
            "version": 2, "fragmentLanguage": "Javascript", "fragmentVersion": "", "clientIdentifier": "nyra.1b",
        },
        "wageringCohort": "NBI",
        "poolIds": [5500051, 5500052, 5500053, 5500054],
    }  # fmt: skip


# --- config/nyra.yaml ---------------------------------------------------------------------------------------------------

GOOD = """AQU:
  2026-11-28:
    5:
      race_id: 1
      post_time: 2026-11-28T15:00:00-05:00
      pools: {WN: 11, EX: 12}
"""


def test_the_shipped_file_lists_nothing_and_its_example_is_sound(tmp_path: Path) -> None:
    shipped = ROOT / "config/nyra.yaml"
    assert read_days(shipped) == {}
    example = tmp_path / "nyra.yaml"
    example.write_text(
        shipped.read_text("utf-8").partition("\n#\n")[2].replace("# ", "", 1).replace("\n# ", "\n"), "utf-8"
    )
    ((key, listed),) = read_days(example).items()
    assert key == ("AQU", date(2026, 11, 28), 5)
    assert (listed.post_time.isoformat(), listed.runners["1A"]) == ("2026-11-28T14:22:00-05:00", "Its Stable Mate")


def test_a_sound_file(tmp_path: Path) -> None:
    path = tmp_path / "nyra.yaml"
    path.write_text(GOOD, "utf-8")
    ((key, listed),) = read_days(path).items()
    assert (key, listed.pools, listed.runners) == (("AQU", date(2026, 11, 28), 5), {"WN": 11, "EX": 12}, {})


BAD = [
    ("race_id: 1", "raceid: 1", ":4: AQU.2026-11-28.5.raceid: unknown key; did you mean race_id?"),
    ("race_id: 1", 'race_id: "1"', ":4: AQU.2026-11-28.5.race_id: Input should be a valid integer"),
    ("race_id: 1", "race_id: 0", ":4: AQU.2026-11-28.5.race_id: Input should be greater than 0"),
    ("15:00:00-05:00", "15:00:00", ":5: AQU.2026-11-28.5.post_time: Input should have timezone info"),
    ("2026-11-28T15:00:00-05:00", "noon", ":5: AQU.2026-11-28.5.post_time: Input should be a valid datetime"),
    ("WN: 11, ", "", "pools: WN is required: it tells the win odds"),
    ("EX: 12", "EX: 11", "pools: two of them have the same id"),
    ("EX: 12", "DB: 12", ":6: AQU.2026-11-28.5.pools.DB"),
    ("pools: {WN: 11, EX: 12}", "pools: []", ":6: AQU.2026-11-28.5.pools: Input should be a valid dictionary"),
    ("2026-11-28:", '"2026-11-28":', "'2026-11-28' is no date; write it like 2026-11-28, without quotes"),
    ("    5:", '    "5":', "'5' is no race number; write a number from 1 to 99, without quotes"),
    ("    5:", "    500:", "500 is no race number"),
    ("AQU:\n", "AQU: soon\nX:\n", ":1: AQU: a mapping is expected: date, race number, then the race"),
    ("pools:", "runners: {1: Amber}\n      pools:", "put quotes around it"),
    ("pools:", 'runners: {"0A": Amber}\n      pools:', ":6: AQU.2026-11-28.5.runners.0A"),
    ("pools:", 'runners: {"1": ""}\n      pools:', ":6: AQU.2026-11-28.5.runners.1: Value should have at least 1"),
]


@pytest.mark.parametrize(("old", "new", "words"), BAD)
def test_a_fault_of_the_file_is_named_with_its_line_and_what_to_do(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "nyra.yaml"
    path.write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_days(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_pool_id_of_another_race_is_named_with_both_places(tmp_path: Path) -> None:
    path = tmp_path / "nyra.yaml"
    again = GOOD.partition("2026-11-28:\n")[2].replace("5:", "6:", 1)
    path.write_text(GOOD + again, "utf-8")
    with pytest.raises(ConfigError, match=r":10: AQU.2026-11-28.6.pools.WN: 11 is already that of AQU.2026-11-28.5"):
        read_days(path)


def test_all_faults_are_told_at_once_and_a_missing_file_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "nyra.yaml"
    path.write_text(GOOD.replace("race_id: 1", "race_id: x").replace("EX: 12", "EX: y"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_days(path)
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(ConfigError, match=r"there is no such file; sources\.nyra\.data_path"):
        read_days(tmp_path / "other.yaml")


def test_a_source_without_its_file_is_a_fault_of_the_configuration() -> None:
    config = SHIPPED.sources["nyra"].model_copy(update={"data_path": None})
    settings_ = SHIPPED.model_copy(update={"sources": {**SHIPPED.sources, "nyra": config}})
    with pytest.raises(ConfigError, match=r"sources\.nyra\.data_path must name the file"):
        offline.spider_of(settings_, AqueductSpider, "2026-11-28T17:24:00Z")
