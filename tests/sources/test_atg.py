"""ATG: its units, its merged pools, its pair matrix, and answers that cannot be trusted."""

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
from horses_scrapy.items import OddsItem, PairGrid, RaceItem, ResultItem
from horses_scrapy.sources.atg_calendar import parse_calendar
from horses_scrapy.sources.atg_pairs import pair_game, parse_combos
from horses_scrapy.sources.atg_race import find_race, parse_board, parse_card
from horses_scrapy.sources.atg_result import parse_result
from horses_scrapy.sources.json_body import read_json
from horses_scrapy.spiders.solvalla import SolvallaSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]
Read = tuple[RaceItem, OddsItem, ResultItem | None]

NOW = "2026-03-04T11:50:00Z"
SPIDER = spider_of(SolvallaSpider, NOW, date="2026-03-04")
VISIT = Visit(SPIDER.track, date(2026, 3, 4), datetime.fromisoformat(NOW))
DAY, GAME, KOMB = (f"solvalla/one_race/{page}" for page in ("calendar", "vinnare", "komb"))
ENDED = "solvalla/race_day/vinnare_1"


def calendar(document: Any) -> list[RaceItem]:
    return list(parse_calendar(response(document), VISIT))


def read(saved: Saved, document: Any) -> Read:
    expected = calendar(saved(DAY))[0]
    answer = response(document)
    race = find_race(read_json(answer), VISIT, expected)
    card = parse_card(race, answer, VISIT, expected)
    return card, parse_board(race, answer, VISIT, card), parse_result(race, answer, VISIT, card)


def changed(saved: Saved, page: str, path: str, value: object) -> Any:
    document = saved(page)
    put(document, path, value)
    return document


def combos(saved: Saved, document: Any, bet: str = "komb", game: Any = None) -> PairGrid:
    _, board, _ = read(saved, game or saved(GAME))
    return parse_combos(response(document), VISIT, "2026-03-04_5_1", bet, board)


def test_odds_are_hundredths_and_the_turnover_is_in_oere(saved: Saved) -> None:
    _, board, _ = read(saved, changed(saved, GAME, "races[0].starts[0].pools.vinnare.odds", 464))
    assert (board.prices[0].market, board.prices[0].price) == ("win_tote", 4640)
    (pool,) = board.pools
    assert (pool.bet_type, pool.amount, pool.currency) == ("win", 48_231_700, "SEK")


def test_merged_pools_show_one_turnover_and_are_never_summed(saved: Saved) -> None:
    document = saved(GAME)
    assert {pool["turnover"] for pool in document["races"][0]["pools"].values()} == {48_231_700}
    assert len(read(saved, document)[1].pools) == 1
    del document["races"][0]["mergedPools"]  # forgotten: the same money to the oere is one pool all the same
    assert len(read(saved, document)[1].pools) == 1
    for extra, pool in enumerate(document["races"][0]["pools"].values()):
        pool["turnover"] += extra
    assert len(read(saved, document)[1].pools) == 5
    document["races"][0]["mergedPools"] = [{"name": "A", "betTypes": ["vinnare", "plats"]}]
    assert [pool.bet_type for pool in read(saved, document)[1].pools] == ["win", "quinella", "exacta", "trifecta"]
    del document["races"][0]["pools"]["vinnare"]["turnover"]  # what is left says nothing of a place pool
    assert [pool.bet_type for pool in read(saved, document)[1].pools] == ["quinella", "exacta", "trifecta"]


@pytest.mark.parametrize("odds", [0, 100, 9999])
def test_neither_zero_nor_the_stake_back_nor_9999_is_a_price(saved: Saved, odds: int) -> None:
    _, board, _ = read(saved, changed(saved, GAME, "races[0].starts[1].pools.vinnare.odds", odds))
    price = next(price for price in board.prices if price.label == "2" and price.market == "win_tote")
    assert (price.price, price.status) == (None, "active")


def test_a_scratched_start_has_no_price_whatever_its_pools_still_say(saved: Saved) -> None:
    card, board, _ = read(saved, changed(saved, GAME, "races[0].starts[2].scratched", True))
    assert [entry.status for entry in card.entries] == ["active", "active", "scratched", "active", "active"]
    assert {(price.price, price.status) for price in board.prices if price.label == "3"} == {(None, "scratched")}


def test_the_races_own_list_of_scratches_counts_too(saved: Saved) -> None:
    card, board, _ = read(saved, changed(saved, GAME, "races[0].result", {"scratchings": [5]}))
    assert card.entries[4].status == "scratched"
    assert {price.price for price in board.prices if price.label == "5"} == {None}


def test_times_are_swedish_in_winter_and_in_summer(saved: Saved) -> None:
    card, board, _ = read(saved, saved(GAME))
    assert card.post_time == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert board.source_time == datetime(2026, 3, 4, 11, 49, 21, tzinfo=UTC)
    card, _, _ = read(saved, changed(saved, GAME, "races[0].startTime", "2026-07-04T13:00:00"))
    assert card.post_time == datetime(2026, 7, 4, 11, tzinfo=UTC)
    with pytest.raises(ParseError, match="has an offset"):
        read(saved, changed(saved, GAME, "races[0].startTime", "2026-03-04T13:00:00+01:00"))


STATUSES = [
    ("upcoming", "bettable", "open"),
    ("upcoming", "upcoming", "scheduled"),
    ("bettable", "bettable", "open"),
    ("ongoing", "unbettable", "closed"),
    ("results", "results", "unofficial"),  # no dividend yet
    ("cancelled", "cancelled", "cancelled"),
]


@pytest.mark.parametrize(("word", "pool", "status"), STATUSES)
def test_every_status(saved: Saved, word: str, pool: str, status: str) -> None:
    document = changed(saved, GAME, "races[0].status", word)
    document["races"][0]["pools"]["vinnare"]["status"] = pool
    assert read(saved, document)[0].status == status


@pytest.mark.parametrize("word", ["Results", "postponed", ""])
def test_an_unknown_status_is_loud(saved: Saved, word: str) -> None:
    with pytest.raises(ParseError, match=r"races\[0\]\.status"):
        read(saved, changed(saved, GAME, "races[0].status", word))


def test_a_race_of_the_calendar_that_cannot_be_read_costs_no_other(saved: Saved) -> None:
    document = changed(saved, "solvalla/race_day/calendar", "tracks[1].races[0].status", "what")
    races = parse_calendar(response(document), VISIT)
    assert [next(races).race_number for _ in range(3)] == [2, 3, 4]
    with pytest.raises(ParseError, match=r"tracks\[1\]\.races\[0\]\.status"):
        next(races)


def test_a_dead_heat_for_second_shares_the_place_and_pays_both(saved: Saved) -> None:
    card, _, result = read(saved, saved(ENDED))
    assert card.status == "official"
    assert result is not None
    assert [(one.position, one.program_number) for one in result.finishers] == [(1, "1"), (2, "3"), (2, "4"), (4, "5")]
    pairs = [(one.bet_type, one.combination, one.payout) for one in result.payoffs if "-" in one.combination]
    assert pairs[:4] == [
        ("quinella", "1-3", 905),
        ("quinella", "1-4", 1010),
        ("exacta", "1-3", 1700),
        ("exacta", "1-4", 1955),
    ]


def test_a_quinella_is_sorted_and_an_exacta_keeps_its_order(saved: Saved) -> None:
    document = saved(ENDED)
    for bet in ("komb", "tvilling"):
        put(document, f"races[0].pools.{bet}.result.winners", [{"combination": [3, 1], "odds": 500}])
    result = read(saved, document)[2]
    assert result is not None
    found = {payoff.bet_type: payoff.combination for payoff in result.payoffs}
    assert (found["exacta"], found["quinella"]) == ("3-1", "1-3")


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("races[0].starts[0].result.finalOdds", 4.03, "402 hundredths, the final odds are 4.03"),
        ("races[0].starts[0].pools.vinnare.odds", 403, "403 hundredths, the final odds are 4.02"),
        ("races[0].pools.vinnare.result.winners[0].odds", 403, "403, .* has 402"),
        ("races[0].pools.plats.result.winners.first[0].odds", 140, "140, .* has 161"),
        ("races[0].pools.komb.result.winners[0].combination", [1, 9], "are not all starts"),
    ],
)
def test_what_a_result_says_twice_must_agree(saved: Saved, path: str, value: object, what: str) -> None:
    with pytest.raises(ParseError, match=what):
        read(saved, changed(saved, ENDED, path, value))


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("races[0].id", "2026-03-04_5_2", "2026-03-04_5_1 was asked for, the answer holds it 0 times"),
        ("races[0].date", "2026-03-05", "2026-03-04 was asked for, not 2026-03-05"),
        ("races[0].number", 2, "1 was asked for, not 2"),
        ("races[0].track.name", "Åby", "Solvalla was asked for, not Åby"),
        ("races[0].sport", "greyhound", "one of trot, gallop"),
        ("races[0].starts", [], "no start"),
        ("races[0].starts[0].number", "1", "a whole number"),
        ("races[0].starts[0].scratched", "true", "true or false"),
        ("races[0].starts[0].horse.name", " ", "text is expected"),
        ("races[0].starts[0].pools.vinnare.odds", 2.36, "a whole number"),
        ("races[0].starts[0].pools.vinnare.odds", -1, "odds in hundredths"),
        ("races[0].starts[0].pools.vinnare.odds", 10**12, "odds in hundredths"),
        ("races[0].starts[0].pools.plats.minOdds", 500, "from 500 to 148 is no range"),
        ("races[0].pools.vinnare.turnover", 1.5, "a whole number"),
        ("races[0].pools.vinnare.timestamp", "yesterday", "is no time"),
    ],
)
def test_a_game_that_cannot_be_trusted_is_refused(saved: Saved, path: str, value: object, what: str) -> None:
    with pytest.raises(ParseError, match=what):
        read(saved, changed(saved, GAME, path, value))


@pytest.mark.parametrize(
    ("path", "value", "error", "what"),
    [
        ("date", "2026-03-05", ParseError, "2026-03-04 was asked for, not 2026-03-05"),
        ("tracks[1].name", "Åby", NoCard, "no meeting at Solvalla on 2026-03-04: the calendar has Annanstans, Åby"),
        ("tracks[0].name", "solvalla", ParseError, "2 are called Solvalla"),
        ("tracks[1].races[0].id", "2026-03-04_9_1", ParseError, "race 1 at track 5 is expected"),
        ("tracks[1].races[0].startTime", "13:00", ParseError, "is no time"),
    ],
)
def test_a_calendar_that_cannot_be_trusted_is_refused(
    saved: Saved, path: str, value: object, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        calendar(changed(saved, DAY, path, value))


def test_a_row_of_the_pair_matrix_is_the_horse_that_wins(saved: Saved) -> None:
    found = combos(saved, saved(KOMB))
    shares = {first: sum(1 / cell.payout for cell in found.prices if cell.first == first) for first in "12345"}
    assert sorted(shares, key=lambda first: -shares[first]) == ["1", "2", "3", "4", "5"]  # as the win odds have it
    assert (found.bet_type, found.base, len(found.prices)) == ("exacta", 100, 20)
    terms = SPIDER.track.terms("exacta", VISIT.race_date)
    assert terms is not None
    assert sum(found.base / cell.payout for cell in found.prices) == pytest.approx(1 / (1 - terms.takeout), rel=0.01)


def test_an_unordered_matrix_whose_halves_disagree_is_refused(saved: Saved) -> None:
    document = saved(KOMB)
    cells = document["pools"].pop("komb")["comboOdds"]
    half = [[odds if column > row else 0 for column, odds in enumerate(line)] for row, line in enumerate(cells)]
    document |= {"id": "tvilling_2026-03-04_5_1", "pools": {"tvilling": {"comboOdds": half}}}
    assert len(combos(saved, document, "tvilling").prices) == 10
    half[1][0] = half[0][1] + 1
    with pytest.raises(ParseError, match="1-2 pays"):
        combos(saved, document, "tvilling")


def test_pairs_with_a_scratched_start_have_no_price(saved: Saved) -> None:
    found = combos(saved, saved(KOMB), game=changed(saved, GAME, "races[0].starts[0].scratched", True))
    assert len(found.prices) == 4 * 3


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("id", "komb_2026-03-04_5_2", "komb_2026-03-04_5_1 was asked for"),
        ("pools.komb.comboOdds[4]", [1, 2, 3, 4], "5 rows of .* cells"),
        ("pools.komb.comboOdds", [[0, 900], [900, 0]], "2 rows of .* cells"),
        ("pools.komb.comboOdds[2][2]", 500, "3 with itself"),
        ("pools.komb.comboOdds[0][1]", 99, "a pay-out in hundredths"),
        ("pools.komb.comboOdds[0][1]", "8.33", "a whole number"),
    ],
)
def test_a_pair_page_that_cannot_be_trusted_is_refused(saved: Saved, path: str, value: object, what: str) -> None:
    with pytest.raises(ParseError, match=what):
        combos(saved, changed(saved, KOMB, path, value))


def requests_of(saved: Saved, **arguments: str) -> list[str]:
    asked: list[str] = []
    documents = {"calendar": DAY, "games/vinnare_": GAME, "games/komb_": KOMB}
    serve = pages({words: response(saved(name)).body for words, name in documents.items()})

    def page(request: Request) -> bytes | None:
        asked.append(request.url.rpartition("/api/")[2])
        return serve(request)

    assert outcome(spider_of(SolvallaSpider, NOW, date="2026-03-04", **arguments), page)["error"] is None
    return asked


def test_a_poll_of_one_race_costs_two_requests_beyond_the_calendar(saved: Saved) -> None:
    assert requests_of(saved, race="1") == [
        "calendar/day/2026-03-04",
        "games/vinnare_2026-03-04_5_1",
        "games/komb_2026-03-04_5_1",
    ]


@pytest.mark.parametrize(
    ("only", "more"),
    [("card", ["games/vinnare_2026-03-04_5_1"]), ("results", [])],  # the entries stand with the odds
)
def test_who_asks_for_no_board_asks_for_no_pairs(saved: Saved, only: str, more: list[str]) -> None:
    assert requests_of(saved, race="1", only=only) == ["calendar/day/2026-03-04", *more]


def test_a_pair_page_of_another_race_leaves_the_board_without_pairs(saved: Saved) -> None:
    bodies = {"calendar": saved(DAY), "games/vinnare_": saved(GAME), "games/komb_": changed(saved, KOMB, "id", "x")}
    serve = pages({words: response(document).body for words, document in bodies.items()})
    found = outcome(spider_of(SolvallaSpider, NOW, date="2026-03-04", race="1"), serve)
    assert "komb_2026-03-04_5_1 was asked for" in found["error"]
    (board,) = [item for item in found["items"] if item["kind"] == "OddsItem"]
    assert (board["flags"], board["grids"], len(board["prices"])) == ({"no_pairs"}, (), 15)


def test_an_unknown_choice_of_pairs_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="pairs=trio: one of komb, tvilling is expected"):
        pair_game("trio")


RACE = "races[0]"
REQUIRED = [
    *(f"{RACE}.{name}" for name in ("id", "date", "number", "track", "track.name", "sport", "status", "startTime")),
    *(f"{RACE}.{name}" for name in ("pools", "starts", "starts[0].number", "starts[0].horse", "starts[0].horse.name")),
    *(f"{RACE}.starts[0].{name}" for name in ("pools", "pools.vinnare", "pools.vinnare.odds", "pools.plats.minOdds")),
]


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_required_field_is_named(saved: Saved, path: str) -> None:
    document = saved(GAME)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        read(saved, document)
    assert path in str(caught.value)


EXTRA = st.none() | st.booleans() | st.integers() | st.lists(st.text(max_size=5))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000), page=st.sampled_from([GAME, ENDED]))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int, page: str) -> None:
    document = saved(page)
    places = list(objects(document))
    places[where % len(places)]["okant"] = extra
    assert read(saved, document) == read(saved, saved(page))
