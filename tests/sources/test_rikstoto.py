"""Rikstoto: its race days, its pages without identity, and answers that cannot be trusted."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from documents import objects, put, remove, response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import outcome, pages, spider_of
from scrapy.http import Request

from horses_scrapy.errors import ConfigError, NoCard, ParseError
from horses_scrapy.items import OddsItem, PairGrid, RaceItem
from horses_scrapy.sources.rikstoto_board import parse_finish, parse_place, parse_twin, parse_win
from horses_scrapy.sources.rikstoto_days import RaceDay, parse_race_days, parse_starts
from horses_scrapy.spiders.bjerke import BjerkeSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

NOW = "2026-03-04T11:50:00Z"
SPIDER = spider_of(BjerkeSpider, NOW, date="2026-03-04")
VISIT = Visit(SPIDER.track, date(2026, 3, 4), datetime.fromisoformat(NOW))
DAYS, STARTS, WIN, TWIN = (f"bjerke/one_race/{page}" for page in ("racedays", "starts", "winodds", "twin"))
FINISH = "bjerke/race_day/finish_1"
OWN = "result[1]"


def changed(saved: Saved, page: str, path: str, value: object) -> Any:
    document = saved(page)
    put(document, path, value)
    return document


def race_day(document: Any) -> RaceDay:
    return parse_race_days(response(document), VISIT)


def card(saved: Saved, starts: Any = None, day: str = DAYS) -> list[RaceItem]:
    return list(parse_starts(response(starts or saved(STARTS)), VISIT, race_day(saved(day))))


def board(saved: Saved, document: Any, starts: Any = None) -> OddsItem:
    return parse_win(response(document), VISIT, card(saved, starts)[0])


def twin(saved: Saved, document: Any, starts: Any = None) -> PairGrid:
    return parse_twin(response(document), VISIT, board(saved, saved(WIN), starts))


def place_lines(*ranges: tuple[object, object]) -> Any:
    lines = [
        {"startNumber": number, "minOdds": low, "maxOdds": high, "lastUpdated": "2026-03-04T12:00:00.043"}
        for number, (low, high) in enumerate(ranges, 1)
    ]
    return {"result": lines, "success": True, "errorCode": None, "message": None}


def test_odds_are_decimal_and_stand_by_start_number_not_by_rank(saved: Saved) -> None:
    found = board(saved, changed(saved, WIN, "result[0].odds", 2.94))
    assert [price.label for price in found.prices] == ["1", "2", "3", "4", "5"]
    assert found.prices[0].price == 2940
    document = saved(WIN)
    document["result"].reverse()
    assert board(saved, document).prices == board(saved, saved(WIN)).prices


def test_zero_odds_mean_that_nobody_has_bet(saved: Saved) -> None:
    found = board(saved, changed(saved, WIN, "result[0].odds", 0.0))
    assert (found.prices[0].price, found.prices[0].status) == (None, "active")
    document = changed(saved, TWIN, "result[0].odds", 0.0)
    assert len(twin(saved, document).prices) == 9


def test_a_start_without_a_line_has_no_price_yet(saved: Saved) -> None:
    document = saved(WIN)
    del document["result"][0]
    assert [price.price for price in board(saved, document).prices] == [None, 3070, 4440, 6660, 10_000]


def test_a_scratched_start_has_no_price_whatever_the_tote_still_prints(saved: Saved) -> None:
    starts = changed(saved, STARTS, "result.1[1].isScratched", True)
    found = board(saved, saved(WIN), starts)
    assert (found.prices[1].price, found.prices[1].status) == (None, "scratched")
    pairs = {(cell.first, cell.second) for cell in twin(saved, saved(TWIN), starts).prices}
    assert len(pairs) == 6
    assert not any("2" in pair for pair in pairs)


def test_times_are_norwegian_in_winter_and_in_summer(saved: Saved) -> None:
    assert board(saved, saved(WIN)).source_time == datetime(2026, 3, 4, 11, 49, 31, 980_000, tzinfo=UTC)
    (race,) = race_day(changed(saved, DAYS, f"{OWN}.races[0].startTime", "2026-07-04T13:00:00")).races
    assert race.post_time == datetime(2026, 7, 4, 11, tzinfo=UTC)


def test_twin_pairs_are_unordered_and_pay_back_all_but_the_takeout(saved: Saved) -> None:
    found = twin(saved, saved(TWIN))
    assert (found.bet_type, found.base, found.currency, len(found.prices)) == ("quinella", 100, "NOK", 10)
    terms = SPIDER.track.terms("quinella", VISIT.race_date)
    assert terms is not None
    assert sum(found.base / cell.payout for cell in found.prices) == pytest.approx(1 / (1 - terms.takeout), rel=0.01)
    document = saved(TWIN)
    for line in document["result"]:
        line["startNumber1"], line["startNumber2"] = line["startNumber2"], line["startNumber1"]
    assert twin(saved, document).prices == found.prices


STATUSES = [
    ("Future", True, "open"),
    ("Future", False, "scheduled"),
    ("Ongoing", False, "closed"),
    ("Finished", False, "unofficial"),
]


@pytest.mark.parametrize(("word", "on_sale", "status"), STATUSES)
def test_every_status(saved: Saved, word: str, on_sale: bool, status: str) -> None:
    document = changed(saved, DAYS, f"{OWN}.races[0].progressStatus", word)
    put(document, f"{OWN}.singleLegProducts[0].isOpenForBet", on_sale)
    assert race_day(document).races[0].status == status


@pytest.mark.parametrize(("word", "race_type"), [("T", "harness"), ("G", "gallops"), ("U", None)])
def test_every_kind_of_racing(saved: Saved, word: str, race_type: str | None) -> None:
    assert race_day(changed(saved, DAYS, f"{OWN}.sportType", word)).races[0].race_type == race_type


def test_an_unknown_status_is_loud_and_costs_no_other_race(saved: Saved) -> None:
    day = race_day(changed(saved, "bjerke/race_day/racedays", f"{OWN}.races[1].progressStatus", "Cancelled"))
    assert [race.race_number for race in day.races] == [1, 3]
    assert day.fault is not None
    assert "races[1].progressStatus: one of Future, Ongoing, Finished is expected" in day.fault
    found = crawl_with(saved, {"racedays/": changed(saved, DAYS, f"{OWN}.races[0].progressStatus", "Cancelled")})
    assert "progressStatus" in found["error"]


def test_a_start_list_that_is_not_sound_costs_no_other_race(saved: Saved) -> None:
    starts = changed(saved, "bjerke/race_day/starts", "result.2[0].raceKey", "BJ_NR_2026-03-04#1")
    races = parse_starts(response(starts), VISIT, race_day(saved("bjerke/race_day/racedays")))
    assert [next(races).race_number for _ in range(2)] == [1, 3]
    with pytest.raises(ParseError, match="BJ_NR_2026-03-04#2 was asked for, not BJ_NR_2026-03-04#1"):
        next(races)


@pytest.mark.parametrize(
    ("path", "value", "error", "what"),
    [
        ("success", False, ParseError, "no success"),
        (f"{OWN}.raceDayKey", "BJ_NR_2026-03-05", NoCard, "no race day at BJ on 2026-03-04"),
        (f"{OWN}.raceDayKey", "FO_NR_2026-03-04", ParseError, "FO_NR_2026-03-04 starts at"),
        (f"{OWN}.startTime", "2026-03-05T13:00:00", ParseError, "a day of 2026-03-04 was asked for"),
        (f"{OWN}.isMultiTrack", True, NoCard, "no race day"),
        ("result[0]", None, ParseError, "an object is expected"),
    ],
)
def test_a_list_of_race_days_that_cannot_be_trusted_is_refused(
    saved: Saved, path: str, value: object, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        race_day(changed(saved, DAYS, path, value))


def test_two_days_of_one_track_cannot_be_told_apart(saved: Saved) -> None:
    document = saved(DAYS)
    document["result"].append(document["result"][1])
    with pytest.raises(ParseError, match="their races cannot be told apart"):
        race_day(document)


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("success", False, "no success"),
        ("result[0].startNumber", 6, "each start of the list once is expected, not 6"),
        ("result[0].startNumber", 2, "each start of the list once is expected, not 2"),
        ("result[0].odds", "2.94", "a number is expected"),
        ("result[0].odds", -1, "decimal odds"),
        ("result[0].lastUpdated", "2026-03-05T00:00:01", "2026-03-04 was asked for, the odds are of 2026-03-05"),
        ("result[0].lastUpdated", "soon", "is no time"),
    ],
)
def test_win_odds_that_cannot_be_trusted_are_refused(saved: Saved, path: str, value: object, what: str) -> None:
    with pytest.raises(ParseError, match=what):
        board(saved, changed(saved, WIN, path, value))


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("result[0].startNumber1", 2, "each pair of two starts once"),
        ("result[0].startNumber1", 9, "each pair of two starts once"),
        ("result[0].odds", 7.615, "odds of two decimals"),
        ("result[0].odds", None, "odds: missing"),
    ],
)
def test_twin_odds_that_cannot_be_trusted_are_refused(saved: Saved, path: str, value: object, what: str) -> None:
    with pytest.raises(ParseError, match=what):
        twin(saved, changed(saved, TWIN, path, value))


def test_a_pair_given_both_ways_is_refused(saved: Saved) -> None:
    document = saved(TWIN)
    document["result"].append({"startNumber1": 2, "startNumber2": 1, "odds": 9.99})
    with pytest.raises(ParseError, match="each pair of two starts once is expected, not 2-1"):
        twin(saved, document)


def test_place_odds_are_a_range(saved: Saved) -> None:
    document = place_lines((1.31, 1.55), (1.7, 2.66), (0.0, 0.0), (3, 3), (1.98, 3.33))
    found = parse_place(response(document), VISIT, card(saved)[0])
    assert [(price.market, price.price) for price in found[:6]] == [
        ("place_low", 1310),
        ("place_high", 1550),
        ("place_low", 1700),
        ("place_high", 2660),
        ("place_low", None),
        ("place_high", None),
    ]
    with pytest.raises(ParseError, match=r"from 2\.66 to 1\.7 is no range"):
        parse_place(response(place_lines((2.66, 1.7))), VISIT, card(saved)[0])


def test_the_order_of_finish_is_that_of_the_start_lists_horses(saved: Saved) -> None:
    race = card(saved, saved("bjerke/race_day/starts"), "bjerke/race_day/racedays")[0]
    found = parse_finish(response(saved(FINISH)), VISIT, race)
    assert found is not None
    assert [(one.position, one.program_number) for one in found.finishers] == [(1, "3"), (2, "1"), (2, "4")]
    with pytest.raises(ParseError, match="start 3 is istind in the start list, not Istapp"):
        parse_finish(response(changed(saved, FINISH, "result.results[0].horseName", "Istapp")), VISIT, race)
    without = saved(FINISH)
    del without["result"]["results"][0]
    assert parse_finish(response(without), VISIT, race) is None


def crawl_with(
    saved: Saved,
    bodies: dict[str, Any],
    asked: list[str] | None = None,
    options: dict[str, str] | None = None,
    only: str | None = None,
) -> Any:
    shipped = {
        "racedays/": saved(DAYS),
        "/starts racedays/": saved(STARTS),
        "winodds": saved(WIN),
        "odds/tv/": saved(TWIN),
    }
    shipped |= {"placeodds": place_lines((1.1, 1.2), (1.3, 1.6), (1.7, 2.7), (2.2, 3.9), (3, 5.6))}
    found = {**shipped, **bodies}
    serve = pages({words: None if body is None else response(body).body for words, body in found.items()})

    def page(request: Request) -> bytes | None:
        if asked is not None:
            asked.append(request.url.rpartition("/api/")[2])
        return serve(request)

    shipped_spider = spider_of(BjerkeSpider, NOW)
    spider = BjerkeSpider(
        track=shipped_spider.track.model_copy(update={"options": options or {}}),
        source_config=shipped_spider.source_config,
        credentials={},
        home=shipped_spider.home,
        now=shipped_spider.clock,
        date="2026-03-04",
        race="1",
        only=only,
    )
    return outcome(spider, page)


def test_a_poll_of_one_race_costs_two_requests_beyond_the_card(saved: Saved) -> None:
    asked: list[str] = []
    assert crawl_with(saved, {}, asked)["error"] is None
    assert asked == [
        "racedays/",
        "racedays/BJ_NR_2026-03-04/starts",
        "game/BJ_NR_2026-03-04/betdistribution/winodds/1",
        "game/BJ_NR_2026-03-04/odds/tv/1",
    ]


def test_place_odds_take_the_place_of_the_pairs_where_that_is_chosen(saved: Saved) -> None:
    asked: list[str] = []
    found = crawl_with(saved, {}, asked, options={"second": "place"})
    assert asked[3:] == ["game/BJ_NR_2026-03-04/betdistribution/placeodds/1"]
    (board,) = [item for item in found["items"] if item["kind"] == "OddsItem"]
    assert (len(board["prices"]), board["grids"], board["flags"]) == (15, (), frozenset())
    with pytest.raises(ConfigError, match="second=trio: one of place, twin is expected"):
        crawl_with(saved, {}, options={"second": "trio"})


@pytest.mark.parametrize("place", [None, place_lines((3, 2))])
def test_place_odds_that_fail_leave_the_win_odds(saved: Saved, place: Any) -> None:
    found = crawl_with(saved, {"placeodds": place}, options={"second": "place"})
    (board,) = [item for item in found["items"] if item["kind"] == "OddsItem"]
    assert len(board["prices"]) == 5


def test_without_a_start_list_there_is_a_card_and_no_board(saved: Saved) -> None:
    """Names and scratches stand nowhere else, so no price is taken for a runner's."""
    found = crawl_with(saved, {"/starts racedays/": None})
    assert [item["kind"] for item in found["items"]] == ["RaceItem"]
    assert found["items"][0]["entries"] == ()


@pytest.mark.parametrize("only", ["card", "results"])
def test_who_asks_for_no_board_costs_only_the_card_before_the_post(saved: Saved, only: str) -> None:
    asked: list[str] = []
    found = crawl_with(saved, {}, asked, only=only)
    assert asked == ["racedays/", "racedays/BJ_NR_2026-03-04/starts"]
    assert len(found["items"][1]["entries"]) == 5


REQUIRED = {
    DAYS: [f"{OWN}.{name}" for name in ("startTime", "sportType", "races", "races[0].raceNumber", "races[0].startTime")]
    + [f"{OWN}.races[0].progressStatus"],
    STARTS: ["result.1"] + [f"result.1[0].{name}" for name in ("startNumber", "horseName", "raceKey", "isScratched")],
    WIN: ["success", "result"] + [f"result[0].{name}" for name in ("startNumber", "odds", "lastUpdated")],
    TWIN: [f"result[0].{name}" for name in ("startNumber1", "startNumber2", "odds")],
}


def read(saved: Saved, page: str, document: Any) -> object:
    if page == DAYS:
        day = race_day(document)
        if day.fault is not None:
            raise ParseError(day.fault)
        return day
    if page == STARTS:
        return card(saved, document)
    return board(saved, document) if page == WIN else twin(saved, document)


@pytest.mark.parametrize(("page", "path"), [(page, path) for page, paths in REQUIRED.items() for path in paths])
def test_a_missing_required_field_is_named(saved: Saved, page: str, path: str) -> None:
    document = saved(page)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        read(saved, page, document)
    assert path in str(caught.value)


EXTRA = st.none() | st.booleans() | st.integers() | st.lists(st.text(max_size=5))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000), page=st.sampled_from([*REQUIRED]))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int, page: str) -> None:
    document = saved(page)
    places = list(objects(document))
    places[where % len(places)]["ukjent"] = extra
    assert read(saved, page, document) == read(saved, page, saved(page))
