import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from documents import objects, put, remove, response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import SHIPPED, outcome, pages, spider_of

from horses_scrapy.errors import Blocked, EmptyResponse, NoCard, ParseError
from horses_scrapy.items import AnyItem, Finisher, OddsItem, RaceItem, ResultItem
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.tvg_card import parse_card
from horses_scrapy.sources.tvg_names import quote, status_of
from horses_scrapy.sources.tvg_race import parse_race
from horses_scrapy.spiders.gulfstream_park import GulfstreamParkSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

NOW = datetime(2026, 8, 15, 19, 56, tzinfo=UTC)
VISIT = Visit(SHIPPED.tracks["gulfstream_park"], date(2026, 8, 15), NOW)
CARD, ONE = "gulfstream_park/one_race/card", "gulfstream_park/one_race/race_4"
DAY, PAID, OFF, COUPLED = (
    "gulfstream_park/race_day/card", "gulfstream_park/race_day/race_1", "gulfstream_park/race_day/race_2",
    "gulfstream_park/race_day/race_3",
)  # fmt: skip
RACE = "data.races[0]"


def card(document: Any) -> list[RaceItem]:
    return list(parse_card(response(document), VISIT))


def read(saved: Saved, document: Any, page: str = ONE) -> list[AnyItem]:
    """What comes before the first fault, and the fault at the end."""
    races = card(saved(CARD if page == ONE else DAY))
    race = next(race for race in races if race.race_number == int(page[-1]))
    return list(parse_race(response(document), VISIT, race))


def before_the_fault(saved: Saved, document: Any, page: str = ONE) -> tuple[list[AnyItem], str]:
    race = next(race for race in card(saved(CARD if page == ONE else DAY)) if race.race_number == int(page[-1]))
    found: list[AnyItem] = []
    with pytest.raises(ParseError) as caught:
        found.extend(parse_race(response(document), VISIT, race))
    return found, str(caught.value)


def board(items: list[AnyItem]) -> OddsItem:
    return next(item for item in items if isinstance(item, OddsItem))


def prices(items: list[AnyItem]) -> dict[str, tuple[int | None, str]]:
    return {price.label: (price.price, price.status) for price in board(items).prices}


# --- odds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fraction", "price"),
    [
        ({"numerator": 12, "denominator": None}, 13_000),
        ({"numerator": 2, "denominator": None}, 3_000),
        ({"numerator": 9, "denominator": 5}, 2_800),
        ({"numerator": 1, "denominator": 1}, 2_000),
        ({"numerator": 1, "denominator": 9}, 1_111),
        ({"numerator": None, "denominator": None}, None),
        ({"numerator": 0, "denominator": None}, None),
        ({"numerator": 0, "denominator": 5}, None),
    ],
)
def test_a_fraction_without_a_denominator_is_to_one_and_zero_is_no_price(fraction: Any, price: int | None) -> None:
    assert quote(Json(fraction, "odds")).price == price


def test_no_fraction_is_no_price_and_99_is_a_floor() -> None:
    assert quote(None).price is None
    capped = quote(Json({"numerator": 99, "denominator": None}, "odds"))
    assert (capped.price, capped.status) == (100_000, "capped")


@pytest.mark.parametrize(
    "fraction",
    [
        {"numerator": -5, "denominator": 2},
        {"numerator": 5, "denominator": 0},
        {"numerator": 5, "denominator": -2},
        {"numerator": "5", "denominator": 2},
        {"numerator": 2.5, "denominator": None},
        {"numerator": True, "denominator": None},
        {"numerator": 5_000, "denominator": None},
        {"numerator": 5},
        {"denominator": 2},
        "5/2",
    ],
)
def test_what_is_no_fraction_is_loud(fraction: Any) -> None:
    with pytest.raises(ParseError, match="odds"):
        quote(Json(fraction, "odds"))


# --- status -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "minutes", "status"),
    [
        ("O", 12, "open"),
        ("O", 0, "open"),
        ("O", None, "open"),
        ("MO", 12, "scheduled"),
        ("MO", 0, "closed"),
        ("MO", None, "closed"),
        ("IC", 0, "closed"),
        ("IC", 5, "closed"),
        ("SK", 0, "closed"),
        ("RO", None, "closed"),
        ("C", 3, "closed"),
        ("D", None, "closed"),
    ],
)
def test_only_o_is_open_and_mo_is_ahead_while_minutes_remain(code: str, minutes: int | None, status: str) -> None:
    assert status_of(Json({"status": {"code": code}, "mtp": minutes}, "race")) == status


@pytest.mark.parametrize("code", ["o", "XX", "", None, 1])
def test_an_unknown_status_is_loud_and_costs_no_other_race(saved: Saved, code: object) -> None:
    document = saved(DAY)
    put(document, "data.races[1].status.code", code)
    races = parse_card(response(document), VISIT)
    assert [race.race_number for race in itertools.islice(races, 2)] == [1, 3]
    with pytest.raises(ParseError, match=r"data\.races\[1\]\.status\.code"):
        next(races)


def test_results_outrank_a_status_code(saved: Saved) -> None:
    document = saved(PAID)
    put(document, f"{RACE}.status.code", "O")
    assert {item.status for item in read(saved, document, PAID)} == {"official"}


def test_an_order_without_pay_offs_is_unofficial(saved: Saved) -> None:
    document = saved(PAID)
    put(document, f"{RACE}.results.payoffs", [])
    items = read(saved, document, PAID)
    assert {item.status for item in items} == {"unofficial"}
    assert items[-1].payoffs == ()  # type: ignore[union-attr]


# --- the card -----------------------------------------------------------------------------------------------------------


def test_the_card_has_types_posts_and_keys(saved: Saved) -> None:
    races = card(saved(DAY))
    assert [(race.race_number, race.source_key, race.race_type) for race in races] == [
        (1, "4100011", "gallops"),
        (2, "4100012", "gallops"),
        (3, "4100013", "gallops"),
    ]
    assert races[2].post_time == datetime(2026, 8, 15, 18, 34, tzinfo=UTC)


def test_harness_is_told_apart_and_greyhounds_are_left_out(saved: Saved) -> None:
    document = saved(DAY)
    put(document, "data.races[0].type.code", "H")
    put(document, "data.races[1].isGreyhound", True)
    put(document, "data.races[1].type.code", "G")
    assert [(race.race_number, race.race_type) for race in card(document)] == [(1, "harness"), (3, "gallops")]


def test_a_meeting_of_greyhounds_only_is_no_card(saved: Saved) -> None:
    document = saved(CARD)
    put(document, "data.races[0].isGreyhound", True)
    with pytest.raises(NoCard, match="lists no day"):
        card(document)


@pytest.mark.parametrize("day", ["2026-08-14", "2026-08-16T00:00:00", "2026-08-16T00:00:00Z"])
def test_another_day_is_no_card(saved: Saved, day: str) -> None:
    document = saved(CARD)
    put(document, f"{RACE}.raceDate", day)
    with pytest.raises(NoCard, match=f"GP on 2026-08-15: the service lists {day[:10]}"):
        card(document)


def test_no_race_at_all_is_no_card() -> None:
    with pytest.raises(NoCard):
        card({"data": {"races": []}})


CARD_FAULTS = [
    (f"{RACE}.track.code", "AQU", "GP was asked for, not AQU"),
    (f"{RACE}.id", "GP-5", "GP-4 is expected, not GP-5"),
    (f"{RACE}.number", "4A", "a race number is expected"),
    (f"{RACE}.number", "٤", "a race number is expected"),
    (f"{RACE}.raceDate", "15/08/2026", "a date is expected"),
    (f"{RACE}.postTime", "2026-08-17T20:00:00Z", "is not of the card of 2026-08-15"),
    (f"{RACE}.postTime", "2026-08-14T20:00:00Z", "is not of the card of 2026-08-15"),
    (f"{RACE}.postTime", "2026-08-15T20:00:00", "a time with its offset is expected"),
    (f"{RACE}.type.code", "Q", "one of T, H is expected"),
    (f"{RACE}.tvgRaceId", "4100004", "a whole number is expected"),
    (f"{RACE}.isGreyhound", "no", "true or false is expected"),
]


@pytest.mark.parametrize(("path", "value", "words"), CARD_FAULTS)
def test_a_card_that_is_not_sound_is_refused(saved: Saved, path: str, value: object, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        card(_put(saved(CARD), path, value))


def _put(document: Any, path: str, value: object) -> Any:
    put(document, path, value)
    return document


def test_a_last_race_after_midnight_belongs_to_its_evening(saved: Saved) -> None:
    document = _put(saved(CARD), f"{RACE}.postTime", "2026-08-16T04:20:00Z")  # 00:20 at the track
    assert card(document)[0].race_date == date(2026, 8, 15)


def test_errors_of_the_service_are_told_in_its_words() -> None:
    answer = {"errors": [{"message": "Cannot query field"}], "data": None}
    with pytest.raises(ParseError, match="the service reports Cannot query field"):
        card(answer)


@pytest.mark.parametrize(
    ("body", "error"), [(b"", EmptyResponse), (b"<html>press and hold</html>", Blocked), (b'{"data":', ParseError)]
)
def test_what_is_no_answer_is_named(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(parse_card(response({}).replace(body=body), VISIT))


# --- the board ----------------------------------------------------------------------------------------------------------


def test_one_race_whole(saved: Saved) -> None:
    race, shown = read(saved, saved(ONE))
    assert isinstance(race, RaceItem)
    assert [(entry.horse, entry.jockey, entry.trainer, entry.morning_line) for entry in race.entries][3] == (
        "Dune Lantern", "Vance M", "Birch T", 5_500,
    )  # fmt: skip
    assert prices([shown]) == {
        "1": (2_000, "active"), "2": (3_500, "active"), "3": (5_000, "active"), "4": (7_000, "active"),
        "5": (10_000, "active"),
    }  # fmt: skip
    assert isinstance(shown, OddsItem)
    assert (shown.minutes_to_post, shown.mtp_text, shown.source_time) == (4, "4", None)
    totals = {pool.bet_type: pool.amount for pool in shown.pools if pool.label is None}
    assert totals == {
        "win": 4_800_000,
        "place": 1_937_900,
        "show": 1_760_000,
        "exacta": 3_100_000,
        "trifecta": 841_000,
    }
    assert {pool.currency for pool in shown.pools} == {"USD"}
    (grid,) = shown.grids
    assert (grid.bet_type, grid.base, len(grid.prices)) == ("exacta", 200, 20)
    assert sum(grid.base / pair.payout for pair in grid.prices) == pytest.approx(1.25, rel=0.01)
    assert next((bet.bet_type, bet.combination, bet.payout) for bet in shown.will_pays) == ("daily_double", "1", 1305)


def test_shares_by_the_first_horse_track_the_odds(saved: Saved) -> None:
    """Were `runner2` the winner, the rows would: no recorded answer tells."""
    shown = board(read(saved, saved(ONE)))
    pairs = shown.grids[0].prices
    for price in shown.prices:
        assert price.price is not None
        share = sum(200 / pair.payout for pair in pairs if pair.first == price.label) / 1.25
        assert share == pytest.approx(1000 / price.price / 1.2286, rel=0.02)


def test_the_answers_age_is_its_http_date(saved: Saved) -> None:
    race = card(saved(CARD))[0]
    made = response(saved(ONE)).replace(headers={"Date": "Sat, 15 Aug 2026 19:55:58 GMT"})
    assert board(list(parse_race(made, VISIT, race))).source_time == datetime(2026, 8, 15, 19, 55, 58, tzinfo=UTC)
    for odd in ("yesterday", "Sat, 15 Aug 2026 19:55:58 -0000"):
        assert board(list(parse_race(made.replace(headers={"Date": odd}), VISIT, race))).source_time is None


def test_coupled_runners_are_one_interest_with_one_price(saved: Saved) -> None:
    race, shown = read(saved, saved(COUPLED), COUPLED)
    assert isinstance(race, RaceItem)
    assert [(entry.program_number, entry.label, entry.status) for entry in race.entries] == [
        ("1", "1", "active"), ("1A", "1", "active"), ("2", "2", "active"), ("3", "3", "active"),
        ("3X", "3", "scratched"), ("4", "4", "active"), ("5", "5", "active"),
    ]  # fmt: skip
    assert prices([shown])["3"] == (5_000, "active")  # its stable mate still runs
    assert prices([shown])["5"] == (None, "active")
    assert {pair.first for pair in board([shown]).grids[0].prices} == {"1", "2", "3", "4"}


def test_a_coupled_pair_may_be_named_by_either_runner(saved: Saved) -> None:
    document = saved(COUPLED)
    combos = document["data"]["races"][0]["probables"][0]["betCombos"]
    for combo in combos:
        combo["runner1"] = "1A" if combo["runner1"] == "1" else int(combo["runner1"])
    assert read(saved, document, COUPLED) == read(saved, saved(COUPLED), COUPLED)


def test_a_scratched_interest_has_no_price_though_odds_are_still_printed(saved: Saved) -> None:
    document = saved(OFF)
    assert document["data"]["races"][0]["bettingInterests"][2]["currentOdds"]["numerator"] == 12
    race, shown = read(saved, document, OFF)
    assert isinstance(race, RaceItem)
    assert race.entries[2].status == "scratched"
    assert prices([shown])["3"] == (None, "scratched")


def test_a_pair_with_a_scratched_interest_is_left_out_though_a_pay_out_is_still_printed(saved: Saved) -> None:
    document = saved(ONE)
    put(document, f"{RACE}.bettingInterests[1].runners[0].scratched", True)
    pairs = board(read(saved, document)).grids[0].prices
    assert len(pairs) == 12
    assert not any("2" in {pair.first, pair.second} for pair in pairs)


def test_probables_may_come_as_rows(saved: Saved) -> None:
    document = saved(ONE)
    combos = document["data"]["races"][0]["probables"][0]["betCombos"]
    rows = [list(row) for _, row in itertools.groupby(combos, key=lambda combo: combo["runner1"])]
    put(document, f"{RACE}.probables[0].betCombos", rows)
    assert read(saved, document) == read(saved, saved(ONE))


def test_other_probables_are_no_exactas_and_missing_ones_are_flagged(saved: Saved) -> None:
    document = saved(ONE)
    put(document, f"{RACE}.probables[0].wagerType.code", "DB")
    shown = board(read(saved, document))
    assert (shown.grids, shown.flags) == ((), {"no_pairs"})
    put(document, f"{RACE}.status.code", "IC")  # nothing is due any more
    assert board(read(saved, document)).flags == frozenset()


PAIR_FAULTS = [
    ("betCombos[1].runner2", "9", "'9' is no runner of the race"),
    ("betCombos[1].runner2", "1", "1-1 pays"),
    ("betCombos[1].runner1", "3", "3-2 pays"),
    ("betCombos[1].payout", "7.4", "a number is expected"),
    ("betCombos[1].payout", 7.4321, "money in whole cents"),
    ("minWagerAmount", None, "minWagerAmount: missing"),
    ("betCombos", None, "betCombos: missing"),
]


@pytest.mark.parametrize(("path", "value", "words"), PAIR_FAULTS)
def test_probables_that_cannot_be_read_do_not_cost_the_board(
    saved: Saved, path: str, value: object, words: str
) -> None:
    document = _put(saved(ONE), f"{RACE}.probables[0].{path}", value)
    items, fault = before_the_fault(saved, document)
    assert words in fault
    assert board(items).flags == {"no_pairs"}
    assert prices(items) == prices(read(saved, saved(ONE)))


BOARD_FAULTS = [
    (f"{RACE}.tvgRaceId", 4100005, "was asked for"),
    (f"{RACE}.number", "5", "was asked for"),
    (f"{RACE}.raceDate", "2026-08-16", "was asked for"),
    (f"{RACE}.track.code", "AQU", "GP was asked for, not AQU"),
    (f"{RACE}.bettingInterests", [], "each is expected once"),
    (f"{RACE}.bettingInterests[1].biNumber", 1, "each is expected once"),
    (f"{RACE}.bettingInterests[1].biNumber", 7, "none of its 1 runners is a 7"),
    (f"{RACE}.bettingInterests[1].runners", [], "none of its 0 runners is a 2"),
    (f"{RACE}.bettingInterests[1].currentOdds", {"numerator": 5, "denominator": 0}, r"currentOdds: board odds '5/0'"),
    (f"{RACE}.bettingInterests[1].biPools[0].poolRunnersData", [{"amount": 1}, {"amount": 2}], "2 amounts in WN"),
    (f"{RACE}.bettingInterests[1].biPools[1].poolRunnersData[0].amount", 11_160, "PL amounts add up to"),
    (f"{RACE}.racePools[0].amount", 19_379, "WN amounts add up to 4800000 cents, the pool is 1937900"),
    (f"{RACE}.racePools[0].amount", 70_000, "WN amounts add up to"),
    (f"{RACE}.racePools[1].wagerType.code", "WN", "a second WN pool"),
    (f"{RACE}.racePools[0].amount", 48_000.123, "money in whole cents"),
    (f"{RACE}.mtp", "4", "a whole number is expected"),
    (f"{RACE}.mtp", 4.5, "a whole number is expected"),
]


@pytest.mark.parametrize(("path", "value", "words"), BOARD_FAULTS)
def test_a_board_that_is_not_sound_is_refused(saved: Saved, path: str, value: object, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(saved, _put(saved(ONE), path, value))


def test_another_number_of_races_is_refused(saved: Saved) -> None:
    document = saved(ONE)
    document["data"]["races"] *= 2
    with pytest.raises(ParseError, match="2 races where one was asked for"):
        read(saved, document)


def test_a_runner_stands_once(saved: Saved) -> None:
    document = saved(COUPLED)
    put(document, f"{RACE}.bettingInterests[0].runners[1].runnerId", "1")
    with pytest.raises(ParseError, match=r"runners \['1', '1', '2'"):
        read(saved, document, COUPLED)


@pytest.mark.parametrize(("minutes", "read_as", "text"), [(None, None, None), (-3, None, "-3"), (0, 0, "0")])
def test_minutes_to_post_beside_their_text(saved: Saved, minutes: object, read_as: object, text: object) -> None:
    shown = board(read(saved, _put(saved(ONE), f"{RACE}.mtp", minutes)))
    assert (shown.minutes_to_post, shown.mtp_text) == (read_as, text)


def test_amounts_that_are_not_told_are_not_zero(saved: Saved) -> None:
    document = saved(ONE)
    for interest in document["data"]["races"][0]["bettingInterests"]:
        interest["biPools"] = None
    put(document, f"{RACE}.racePools[2].amount", None)
    pools = board(read(saved, document)).pools
    assert {(pool.bet_type, pool.label) for pool in pools} == {
        ("win", None), ("place", None), ("exacta", None), ("trifecta", None),
    }  # fmt: skip


def test_a_double_that_is_not_decided_up_to_its_last_leg_will_pay_nothing_yet(saved: Saved) -> None:
    assert board(read(saved, _put(saved(ONE), f"{RACE}.willPays[0].legResults", []))).will_pays == ()
    assert board(read(saved, _put(saved(ONE), f"{RACE}.willPays[0].type.code", "ZZ"))).will_pays == ()


def test_will_pays_of_another_race_cost_themselves_only(saved: Saved) -> None:
    document = _put(saved(ONE), f"{RACE}.willPays[0].payouts[0].bettingInterestNumber", 9)
    items, fault = before_the_fault(saved, document)
    assert "9 is no interest of the race" in fault
    assert board(items).will_pays == ()
    assert board(items).grids


# --- the result ---------------------------------------------------------------------------------------------------------


def test_a_dead_heat_repeats_the_position_and_pays_both(saved: Saved) -> None:
    ended = read(saved, saved(PAID), PAID)[-1]
    assert isinstance(ended, ResultItem)
    assert ended.finishers == tuple(
        Finisher(position=position, program_number=number)
        for position, number in [(1, "2"), (2, "4"), (2, "1"), (4, "3")]
    )
    paid = {(payoff.bet_type, payoff.combination): (payoff.base, payoff.payout) for payoff in ended.payoffs}
    assert paid["win", "2"] == (200, 620)
    assert {paid["exacta", "2-4"], paid["exacta", "2-1"]} == {(200, 2_180), (200, 1_460)}
    assert paid["trifecta", "2-4-1"] == (50, 1_835)
    assert len(ended.payoffs) == 11  # an OMNI has no name here


def test_of_a_bet_paid_for_two_amounts_the_first_is_kept(saved: Saved) -> None:
    document = saved(PAID)
    payoffs = document["data"]["races"][0]["results"]["payoffs"]
    again = json.loads(json.dumps(payoffs[4]).replace("18.35", "36.7").replace("0.5", "1.0"))
    payoffs.append(again)
    assert read(saved, document, PAID) == read(saved, saved(PAID), PAID)


def test_who_did_not_finish_or_was_not_paid_is_left_out(saved: Saved) -> None:
    document = saved(PAID)
    put(document, f"{RACE}.results.runners[3].finishPosition", None)
    put(document, f"{RACE}.results.payoffs[1].selections[0].payoutAmount", 0.0)
    ended = read(saved, document, PAID)[-1]
    assert isinstance(ended, ResultItem)
    assert [finisher.program_number for finisher in ended.finishers] == ["2", "4", "1"]
    assert ("place", "2") not in {(payoff.bet_type, payoff.combination) for payoff in ended.payoffs}


def test_a_quinella_is_in_order_of_numbers(saved: Saved) -> None:
    document = saved(PAID)
    put(document, f"{RACE}.results.payoffs[3].wagerType.code", "QN")
    ended = read(saved, document, PAID)[-1]
    assert isinstance(ended, ResultItem)
    assert [payoff.combination for payoff in ended.payoffs if payoff.bet_type == "quinella"] == ["2-4", "1-2"]


RESULT_FAULTS = [
    ("runners[0].runnerNumber", "9", "'9' is no runner of the race"),
    ("runners[0].finishPosition", 2, "are no order of finish"),
    ("runners[3].finishPosition", 7, "are no order of finish"),
    ("runners[3].runnerNumber", "2", "are no order of finish"),
    ("payoffs[3].selections[0].selection", "2", "2 numbers are expected, not '2'"),
    ("payoffs[0].selections[0].selection", "2-4", "1 numbers are expected, not '2-4'"),
    ("payoffs[0].selections[0].selection", "two", "1 numbers are expected, not 'two'"),
    ("payoffs[0].wagerAmount", 0.5, "win, place and show are for one amount"),
    ("payoffs[0].selections[0].payoutAmount", "6.20", "a number is expected"),
]


@pytest.mark.parametrize(("path", "value", "words"), RESULT_FAULTS)
def test_a_result_that_cannot_be_read_does_not_cost_the_board(
    saved: Saved, path: str, value: object, words: str
) -> None:
    items, fault = before_the_fault(saved, _put(saved(PAID), f"{RACE}.results.{path}", value), PAID)
    assert words in fault
    assert [type(item) for item in items] == [RaceItem, OddsItem]
    assert board(items).status == "closed"


# --- the crawl ----------------------------------------------------------------------------------------------------------


def crawl(saved: Saved, **arguments: str) -> list[tuple[str, int]]:
    spider = spider_of(GulfstreamParkSpider, "2026-08-15T18:10:00Z", date="2026-08-15", **arguments)
    bodies = {'"operationName":"card"': DAY, "4100011": PAID, "4100012": OFF, "4100013": COUPLED}
    answers = pages({words: json.dumps(saved(name)).encode() for words, name in bodies.items()})
    found = outcome(spider, answers)
    assert found["error"] is None
    return [(item["kind"], item["race_number"]) for item in found["items"]]


def test_each_part_can_be_asked_for_alone(saved: Saved) -> None:
    whole_card = [("RaceItem", 1), ("RaceItem", 2), ("RaceItem", 3)]
    assert crawl(saved, only="card") == [*whole_card, ("RaceItem", 1), ("RaceItem", 2), ("RaceItem", 3)]
    assert crawl(saved, only="boards", race="1") == [*whole_card, ("RaceItem", 1), ("OddsItem", 1)]
    assert crawl(saved, only="results", race="1,3") == [*whole_card, ("RaceItem", 1), ("ResultItem", 1)]


def test_a_race_that_is_not_on_the_card_is_named(saved: Saved) -> None:
    spider = spider_of(GulfstreamParkSpider, "2026-08-15T18:10:00Z", date="2026-08-15", race="9")
    found = outcome(spider, lambda _: json.dumps(saved(DAY)).encode())
    assert "no race 9 at gulfstream_park on 2026-08-15" in found["error"]


def test_requests_name_the_track_the_profile_and_the_race(saved: Saved) -> None:
    spider = spider_of(GulfstreamParkSpider, "2026-08-15T18:10:00Z", date="2026-08-15", race="3")
    (first,) = spider.card_requests()
    assert (first.method, first.url) == ("POST", "https://api.racing.fanduel.com/cosmo/v1/graphql")
    sent = json.loads(first.body)
    assert sent["variables"] == {"track": "GP", "profile": "FDR-Generic"}
    assert sent["query"].count("{") == sent["query"].count("}")
    assert first.meta["card"] is True
    answer = response(saved(DAY)).replace(request=first)
    (second,) = [made for made in spider.card(answer) if not isinstance(made, RaceItem)]  # type: ignore[attr-defined]
    sent = json.loads(second.body)
    assert sent["variables"] == {"ids": [4100013], "profile": "FDR-Generic"}
    assert sent["query"].count("{") == sent["query"].count("}")
    assert second.meta["card"] is False


# --- any answer ---------------------------------------------------------------------------------------------------------

INTEREST = f"{RACE}.bettingInterests[0]"
REQUIRED = {
    CARD: ["data", "data.races"]
    + [f"{RACE}.{name}" for name in ("id", "tvgRaceId", "number", "raceDate", "postTime", "isGreyhound")]
    + [f"{RACE}.{name}" for name in ("status", "status.code", "type", "type.code", "track", "track.code")],
    ONE: [f"{RACE}.bettingInterests", f"{INTEREST}.biNumber", f"{INTEREST}.runners", f"{RACE}.racePools[0].wagerType"]
    + [f"{INTEREST}.runners[0].{name}" for name in ("runnerId", "horseName", "scratched")]
    + [f"{INTEREST}.currentOdds.{name}" for name in ("numerator", "denominator")]
    + [f"{INTEREST}.biPools[0].{name}" for name in ("wagerType", "wagerType.code")]
    + [f"{RACE}.probables[0].{name}" for name in ("wagerType", "minWagerAmount", "betCombos[3].runner1")]
    + [f"{RACE}.willPays[0].{name}" for name in ("type.code", "wagerAmount", "payouts[0].bettingInterestNumber")],
    PAID: [f"{RACE}.results.runners[0].runnerNumber", f"{RACE}.results.payoffs[0].wagerAmount"]
    + [f"{RACE}.results.payoffs[0].{name}" for name in ("wagerType.code", "selections[0].selection")],
}


@pytest.mark.parametrize(("page", "path"), [(page, path) for page, paths in REQUIRED.items() for path in paths])
def test_a_missing_required_field_is_named(saved: Saved, page: str, path: str) -> None:
    document = saved(page)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        _ = card(document) if page == CARD else read(saved, document, page)
    assert path in str(caught.value)


EXTRA = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.text(max_size=5))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000), page=st.sampled_from([ONE, PAID, COUPLED]))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int, page: str) -> None:
    document = saved(page)
    places = list(objects(document))
    places[where % len(places)]["__typename"] = extra
    assert read(saved, document, page) == read(saved, saved(page), page)


def test_a_board_does_not_depend_on_the_order_of_interests(saved: Saved) -> None:
    document = saved(ONE)
    document["data"]["races"][0]["bettingInterests"].reverse()
    document["data"]["races"][0]["probables"][0]["betCombos"].reverse()
    turned, straight = board(read(saved, document)), board(read(saved, saved(ONE)))
    assert set(turned.prices) == set(straight.prices)
    assert replace(turned, prices=(), pools=(), will_pays=()) == replace(straight, prices=(), pools=(), will_pays=())
