import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from documents import objects, put, remove, response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import spider_of

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import AnyItem, OddsItem, RaceItem, RaceStatus, ResultItem
from horses_scrapy.sources.tab_nz import event_url, meetings_url, parse_card, parse_event
from horses_scrapy.spiders.awapuni import AwapuniSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

NOW = "2026-02-14T01:05:10Z"
DAY = date(2026, 2, 14)
TRACK = spider_of(AwapuniSpider, NOW, date="2026-02-14").track
VISIT = Visit(TRACK, DAY, datetime.fromisoformat(NOW))
CARD, FINAL, OPEN = "awapuni/race_day/meetings", "awapuni/race_day/event_1", "awapuni/race_day/event_2"


def card(document: Any) -> list[RaceItem]:
    return list(parse_card(response(document), VISIT))


def event(saved: Saved, document: Any, number: int = 1) -> list[AnyItem]:
    race = next(race for race in card(saved(CARD)) if race.race_number == number)
    return list(parse_event(response(document), VISIT, race))


def board(items: list[AnyItem]) -> OddsItem:
    return next(item for item in items if isinstance(item, OddsItem))


def result(items: list[AnyItem]) -> ResultItem | None:
    return next((item for item in items if isinstance(item, ResultItem)), None)


STATUSES: list[tuple[str, RaceStatus]] = [
    ("Open", "open"),
    ("Closed", "closed"),
    ("Interim", "unofficial"),
    ("Final", "official"),
    ("Abandoned", "cancelled"),
]


@pytest.mark.parametrize(("word", "status"), STATUSES)
def test_every_status_on_the_card_and_in_the_race(saved: Saved, word: str, status: RaceStatus) -> None:
    meetings, race = saved(CARD), saved(FINAL)
    put(meetings, "data.meetings[1].races[1].status", word)
    put(race, "data.race.status", word)
    assert card(meetings)[0].status == status
    items = event(saved, race)
    assert [item.status for item in items[:2]] == [status, status]
    ended = result(items)
    assert (ended.status if ended is not None else None) == (status if status in {"unofficial", "official"} else None)


@pytest.mark.parametrize("word", ["Postponed", "open", "", 7])
def test_an_unknown_status_is_loud_and_costs_no_other_race(saved: Saved, word: object) -> None:
    meetings = saved(CARD)
    put(meetings, "data.meetings[1].races[1].status", word)
    races = parse_card(response(meetings), VISIT)
    assert [race.race_number for race in itertools.islice(races, 2)] == [2, 3]
    with pytest.raises(ParseError, match=r"data\.meetings\[1\]\.races\[1\]\.status: "):
        next(races)


@pytest.mark.parametrize(
    ("name", "category", "found"),
    [
        ("Awapuni", "T", True),
        ("Awapuni Synthetic", "T", True),
        ("AWAPUNI", "H", True),
        ("Awapuni", "G", False),
        ("Awapuni (G)", "G", False),
        ("Awapuni North", "T", False),
    ],
)
def test_which_meeting_is_the_tracks(saved: Saved, name: str, category: str, found: bool) -> None:
    meetings = saved(CARD)
    put(meetings, "data.meetings[1].name", name)
    put(meetings, "data.meetings[1].category", category)
    if found:
        assert len(card(meetings)) == 3
    else:
        with pytest.raises(NoCard, match="Awapuni on 2026-02-14"):
            card(meetings)


def test_no_meeting_anywhere_is_no_card(saved: Saved) -> None:
    meetings = saved(CARD)
    for nothing in ([], None):
        put(meetings, "data.meetings", nothing)
        with pytest.raises(NoCard):
            card(meetings)


def test_two_meetings_that_would_mix_their_race_numbers_are_refused(saved: Saved) -> None:
    meetings = saved(CARD)
    put(meetings, "data.meetings[2].name", "Awapuni Synthetic")
    with pytest.raises(ParseError, match=r"Awapuni \(T\), Awapuni Synthetic \(H\)"):
        card(meetings)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.race.event_id", "another"),
        ("data.race.race_number", 2),
        ("data.race.race_date_nz", "2026-02-13"),
        ("data.race.advertised_start_string", "2026-02-14 01:00:01 +0000 UTC"),
        ("data.race.advertised_start_string", "2026-02-14 01:00:00 +1300 NZDT"),
        ("data.race.meeting_name", "Ruakaka"),
        ("data.runners", []),
        ("data.runners[0].runner_number", 9),
        ("data.runners[0].is_scratched", None),
        ("data.results[0].runner_number", 12),
        ("data.results[0].runner_number", 1),
        ("data.race.type", "H"),
        ("data.race.advertised_start", 10**15),
        ("data.runners[0].scratch_time", 10**15),
        ("data.race.type", "G"),
        ("data.runners[1].runner_number", 1),
        ("data.dividends[1].positions[0].runner_number", 12),
        ("data.dividends[1].positions", []),
        ("data.tote_pools[0].total", "9,151.38"),
        ("data.tote_pools[0].total", 1.005),
        ("header.generated_time", "11:16:59"),
    ],
)
def test_another_race_or_an_unsound_one_is_refused_by_its_path(saved: Saved, path: str, value: object) -> None:
    document = saved(FINAL)
    if path == "data.race.meeting_name":
        put(document, "data.race.display_meeting_name", value)
    put(document, path, value)
    with pytest.raises(ParseError):
        event(saved, document)


def test_the_nz_date_is_not_the_utc_date(saved: Saved) -> None:
    """A race at 11:45 in New Zealand is off at 22:45 UTC of the day before."""
    document = saved(FINAL)
    before = datetime(2026, 2, 13, 22, 45, tzinfo=UTC)
    put(document, "data.race.advertised_start", int(before.timestamp()))
    put(document, "data.race.advertised_start_string", "2026-02-13 22:45:00 +0000 UTC")
    remove(document, "data.race.race_date_nz")
    race = event(saved, document)[0]
    assert isinstance(race, RaceItem)
    assert (race.race_date, race.post_time) == (DAY, before)
    put(document, "data.race.advertised_start", int(before.timestamp()) - 86_400)
    remove(document, "data.race.advertised_start_string")
    with pytest.raises(ParseError, match="2026-02-14 was asked for, not 2026-02-13"):
        event(saved, document)


def test_a_scratched_runner_keeps_its_odds_in_the_api_and_loses_them_here(saved: Saved) -> None:
    prices = [price for price in board(event(saved, saved(FINAL))).prices if price.label == "3"]
    assert [(price.market, price.price, price.status) for price in prices] == [
        ("win_tote", None, "scratched"),
        ("win_fixed", None, "scratched"),
        ("place_low", None, "scratched"),
    ]


REQUIRED = {
    CARD: ["data", "data.meetings[1].date", "data.meetings[1].category", "data.meetings[1].name"]
    + [f"data.meetings[1].races[1].{name}" for name in ("id", "race_number", "start_time", "status")],
    FINAL: ["header", "header.generated_time", "data.race", "data.runners"]
    + [f"data.race.{name}" for name in ("event_id", "race_number", "status", "meeting_name", "advertised_start")]
    + [f"data.runners[0].{name}" for name in ("runner_number", "name", "is_scratched", "odds")]
    + ["data.tote_pools[0].product_type", "data.tote_pools[0].total"]
    + ["data.tote_pools[2].qla_odds[0].sel", "data.tote_pools[2].qla_odds[0].oddsString"]
    + ["data.results[0].position", "data.results[0].runner_number", "data.results[0].name"]
    + [f"data.dividends[1].{name}" for name in ("product_name", "status", "dividend", "positions")],
}


@pytest.mark.parametrize(("page", "path"), [(page, path) for page, paths in REQUIRED.items() for path in paths])
def test_a_missing_required_field_is_named(saved: Saved, page: str, path: str) -> None:
    document = saved(page)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        card(document) if page == CARD else event(saved, document)
    assert path in str(caught.value)


OPTIONAL = ["data.tote_pools", "data.results", "data.dividends", "data.race.race_date_nz", "data.race.description"] + [
    f"data.runners[0].{name}"
    for name in ("jockey", "trainer_name", "barrier", "country", "horse_id", "scratch_time", "is_emergency")
]


@pytest.mark.parametrize("path", OPTIONAL)
def test_what_the_documentation_calls_nullable_may_be_null_or_absent(saved: Saved, path: str) -> None:
    document = saved(FINAL)
    put(document, path, None)
    with_null = event(saved, document)
    remove(document, path)
    assert event(saved, document) == with_null
    assert board(with_null).prices == board(event(saved, saved(FINAL))).prices


EXTRA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int) -> None:
    document = saved(FINAL)
    places = list(objects(document))
    places[where % len(places)]["x_unknown"] = extra
    assert event(saved, document) == event(saved, saved(FINAL))


def quinella(saved: Saved, *rows: str) -> list[tuple[str, str, int]]:
    document = saved(FINAL)
    sels = [1, 2, 3, 4][: len(rows)]
    matrix = [{"sel": sel, "oddsString": row} for sel, row in zip(sels, rows, strict=True)]
    put(document, "data.tote_pools[2].qla_odds", matrix)
    for name in ("is_scratched", "is_late_scratched"):
        put(document, f"data.runners[2].{name}", False)
    grids = board(event(saved, document)).grids
    return [(cell.first, cell.second, cell.payout) for grid in grids for cell in grid.prices]


def test_the_quinella_matrix_gives_each_pair_once(saved: Saved) -> None:
    pairs = quinella(saved, "-|2.10|3.20|4.30", "2.10|-|5.40|6.50", "3.20|5.40|-|0.00", "4.30|6.50|0.00|-")
    assert pairs == [("1", "2", 210), ("1", "3", 320), ("1", "4", 430), ("2", "3", 540), ("2", "4", 650)]


def test_before_the_pool_opens_there_is_no_quinella(saved: Saved) -> None:
    document = saved(FINAL)
    put(document, "data.tote_pools[2].qla_odds", None)
    assert board(event(saved, document)).grids == ()


@pytest.mark.parametrize(
    "rows",
    [
        ["-|2.10|3.20|4.30", "2.20|-|5.40|6.50", "3.20|5.40|-|7.60", "4.30|6.50|7.60|-"],  # 1-2 is not 2-1
        ["2.10|-|3.20|4.30", "-|2.10|5.40|6.50", "3.20|5.40|-|7.60", "4.30|6.50|7.60|-"],  # diagonal not empty
        ["-|2.10|3.20", "2.10|-|5.40", "3.20|5.40|-"],  # three columns, four runners
        ["-|2.10|3.20|4.30|9.90", "2.10|-|5.40|6.50|9.90", "3.20|5.40|-|7.60|9.90", "4.30|6.50|7.60|-|9.90"],
        ["-|2.105|3.20|4.30", "2.105|-|5.40|6.50", "3.20|5.40|-|7.60", "4.30|6.50|7.60|-"],  # not in cents
        ["-|N/A|3.20|4.30", "N/A|-|5.40|6.50", "3.20|5.40|-|7.60", "4.30|6.50|7.60|-"],
    ],
)
def test_a_matrix_that_is_not_what_it_seems_is_refused(saved: Saved, rows: list[str]) -> None:
    with pytest.raises(ParseError, match="qla_odds"):
        quinella(saved, *rows)


def test_only_final_dividends_are_paid(saved: Saved) -> None:
    ended = result(event(saved, saved(FINAL)))
    assert ended is not None
    assert [(payoff.bet_type, payoff.combination, payoff.payout) for payoff in ended.payoffs] == [
        ("win", "2", 1170),
        ("place", "2", 290),
        ("place", "1", 104),
        ("quinella", "1-2", 1370),
        ("trifecta", "2-1-4", 9660),
    ]


def test_what_is_asked_for() -> None:
    meetings = urlsplit(meetings_url("https://api.tab.co.nz", DAY))
    query = parse_qs(meetings.query)
    assert meetings.path == "/affiliates/v1/racing/meetings"
    assert (query["date_from"], query["date_to"], query["enc"]) == (["2026-02-14"], ["2026-02-14"], ["json"])
    race = urlsplit(event_url("https://api.tab.co.nz", "race-1"))
    assert race.path == "/affiliates/v1/racing/events/race-1"
    assert parse_qs(race.query)["with_tote_trends_data"] == ["true"]


def test_the_headers_of_the_terms_go_with_every_request() -> None:
    spider = spider_of(AwapuniSpider, NOW, date="2026-02-14", race="2")
    spider.source_config = spider.source_config.model_copy(update={"headers": {"From": "me@example.test"}})
    first = next(spider.card_requests())
    assert first.headers["From"] == b"me@example.test"
    assert first.headers["Accept"] == b"application/json"


def test_only_wanted_races_are_asked_for_and_a_cancelled_one_never(saved: Saved) -> None:
    spider = spider_of(AwapuniSpider, NOW, date="2026-02-14", race="2,3")
    assert isinstance(spider, AwapuniSpider)
    requests = [found for found in spider.card(response(saved(CARD))) if not isinstance(found, RaceItem)]
    assert [urlsplit(request.url).path for request in requests] == ["/affiliates/v1/racing/events/race-2"]
    assert not any(request.dont_filter for request in requests)
