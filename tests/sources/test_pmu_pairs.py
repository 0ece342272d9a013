"""PMU's pair prices (documented form only), the names of its racecourses, and what a poll costs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from documents import put, remove, response
from offline import outcome, pages, spider_of
from scrapy.http import Request, TextResponse

from horses_scrapy.errors import ConfigError, ParseError
from horses_scrapy.items import PairGrid, RaceStatus
from horses_scrapy.sources.pmu_names import DISCIPLINES, is_course
from horses_scrapy.sources.pmu_pairs import BETS, pair_bet, parse_pairs, preferred_bets
from horses_scrapy.sources.pmu_programme import Course, parse_programme
from horses_scrapy.sources.pmu_race import parse_participants, parse_payoffs
from horses_scrapy.spiders.cagnes_sur_mer import CagnesSurMerSpider
from horses_scrapy.spiders.deauville import DeauvilleSpider
from horses_scrapy.spiders.parislongchamp import ParislongchampSpider
from horses_scrapy.spiders.saint_cloud import SaintCloudSpider
from horses_scrapy.spiders.vincennes import VincennesSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

NOW = "2026-03-07T12:50:00Z"
SPIDER = spider_of(VincennesSpider, NOW, date="2026-03-07")
VISIT = Visit(SPIDER.track, date(2026, 3, 7), datetime.fromisoformat(NOW))
CASE = "vincennes/one_race"
DAY, RUNNERS, GRID = f"{CASE}/programme", f"{CASE}/participants", f"{CASE}/couple_ordre"
COURSE = "programme.reunions[0].courses[0]"


def course_of(saved: Saved, **changes: object) -> Course:
    document = saved(DAY)
    for field, value in changes.items():
        put(document, f"{COURSE}.{field}", value)
    return next(iter(parse_programme(response(document), VISIT)))


def grid(saved: Saved, document: Any, bet: str = "E_COUPLE_ORDRE", out: str | None = None) -> PairGrid:
    runners = saved(RUNNERS)
    for runner in runners["participants"]:
        if str(runner["numPmu"]) == out:
            runner["statut"] = "NON_PARTANT"
    course = course_of(saved)
    _, board = parse_participants(response(runners), VISIT, course)
    return parse_pairs(response(document), VISIT, course, bet, board)


def test_the_first_number_of_an_ordered_pair_wins_so_shares_follow_the_odds(saved: Saved) -> None:
    found = grid(saved, saved(GRID))
    shares = {first: sum(1 / cell.payout for cell in found.prices if cell.first == first) for first in "12345"}
    assert sorted(shares, key=lambda first: -shares[first]) == ["1", "2", "3", "4", "5"]  # as the win odds have it
    assert (found.bet_type, found.base, found.currency, len(found.prices)) == ("exacta", 100, "EUR", 20)


def test_a_sold_exacta_pays_back_all_but_its_takeout(saved: Saved) -> None:
    found = grid(saved, saved(GRID))
    terms = SPIDER.track.terms("exacta", VISIT.race_date)
    assert terms is not None
    assert sum(found.base / cell.payout for cell in found.prices) == pytest.approx(1 / (1 - terms.takeout), rel=0.02)


def test_an_unordered_pair_stands_once_whichever_way_it_is_written(saved: Saved) -> None:
    lines = [((3, 1), 45.5), ((1, 3), 45.5), ((2, 5), 62), ((4, 1), 0)]
    document = {"rapportsParticipant": [{"numerosParticipant": [*pair], "rapportDirect": odds} for pair, odds in lines]}
    found = grid(saved, document, "E_COUPLE_GAGNANT")
    assert [(cell.first, cell.second, cell.payout) for cell in found.prices] == [("1", "3", 4550), ("2", "5", 6200)]


def test_a_pair_with_a_non_runner_has_no_price_whatever_the_answer_still_prints(saved: Saved) -> None:
    found = grid(saved, saved(GRID), out="2")
    assert len(found.prices) == 4 * 3
    assert not any("2" in {cell.first, cell.second} for cell in found.prices)


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("numeroReunion", 3, "numeroReunion: 1 was asked for, not 3"),
        ("numeroCourse", 2, "numeroCourse: 1 was asked for, not 2"),
        ("typePari", "E_COUPLE_PLACE", "E_COUPLE_ORDRE was asked for, not E_COUPLE_PLACE"),
        ("rapportsParticipant[0].numerosParticipant", [1, 1], "two different runners"),
        ("rapportsParticipant[0].numerosParticipant", [1, 6], "two different runners"),
        ("rapportsParticipant[0].numerosParticipant", [1, 2, 3], "two different runners"),
        ("rapportsParticipant[0].numerosParticipant", ["1", "2"], "a whole number is expected"),
        ("rapportsParticipant[1].numerosParticipant", [1, 2], "1-2 pays"),
        ("rapportsParticipant[0].rapportDirect", "5.7", "a number is expected"),
        ("rapportsParticipant[0].rapportDirect", 5.123, "whole cents are expected"),
        ("rapportsParticipant[0].rapportDirect", -2, "decimal odds"),
        ("rapportsParticipant", {}, "a list is expected"),
    ],
)
def test_a_pair_page_that_cannot_be_trusted_is_refused(saved: Saved, path: str, value: object, what: str) -> None:
    document = saved(GRID)
    put(document, path, value)
    with pytest.raises(ParseError, match=what):
        grid(saved, document)


def test_what_names_the_race_is_optional_but_the_pairs_are_not(saved: Saved) -> None:
    document = saved(GRID)
    for field in ("numeroReunion", "numeroCourse", "typePari", "nbParticipants"):
        remove(document, field)
    assert len(grid(saved, document).prices) == 20
    remove(document, "rapportsParticipant[3].numerosParticipant")
    with pytest.raises(ParseError, match=r"rapportsParticipant\[3\]\.numerosParticipant"):
        grid(saved, document)


def sold(*bets: str) -> list[dict[str, object]]:
    return [{"typePari": "SIMPLE_GAGNANT", "enVente": True}, *({"typePari": bet, "enVente": True} for bet in bets)]


@pytest.mark.parametrize(
    ("option", "bets", "chosen"),
    [
        ("exacta", ("COUPLE_ORDRE", "E_COUPLE_ORDRE", "COUPLE_GAGNANT"), "E_COUPLE_ORDRE"),
        ("exacta", ("COUPLE_GAGNANT", "E_COUPLE_GAGNANT"), "E_COUPLE_GAGNANT"),
        ("exacta", ("COUPLE_GAGNANT", "COUPLE_PLACE"), "COUPLE_GAGNANT"),
        ("quinella", ("COUPLE_ORDRE", "COUPLE_GAGNANT"), "COUPLE_GAGNANT"),
        ("quinella", ("COUPLE_ORDRE",), "COUPLE_ORDRE"),
        ("exacta", ("COUPLE_PLACE", "TRIO"), None),
    ],
)
def test_one_pair_bet_that_the_programme_has(saved: Saved, option: str, bets: tuple[str, ...], chosen: str) -> None:
    assert pair_bet(course_of(saved, paris=sold(*bets)), preferred_bets(option)) == chosen


@pytest.mark.parametrize(
    ("status", "asks"),
    [("scheduled", False), ("open", True), ("closed", True), ("unofficial", False), ("cancelled", False)],
)
def test_pairs_are_asked_for_while_they_move_and_once_the_race_is_off(
    saved: Saved, status: RaceStatus, asks: bool
) -> None:
    course = course_of(saved)
    changed = replace(course, race=replace(course.race, status=status), bets=(("COUPLE_ORDRE", status == "open"),))
    assert (pair_bet(changed, BETS["exacta"]) is not None) is asks


def test_an_unknown_choice_of_pairs_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="pairs=trio: one of exacta, quinella is expected"):
        preferred_bets("trio")


def requests_of(saved: Saved, **arguments: str) -> list[str]:
    asked: list[str] = []
    documents = {"07032026": DAY, "07032026 participants": RUNNERS, "07032026 rapports/E_COUPLE_ORDRE": GRID}
    serve = pages({words: response(saved(name)).body for words, name in documents.items()})

    def page(request: Request) -> bytes | None:
        asked.append(request.url.rpartition("07032026")[2])
        return serve(request)

    assert outcome(spider_of(VincennesSpider, NOW, date="2026-03-07", **arguments), page)["error"] is None
    return asked


def test_a_poll_of_one_race_costs_two_requests_beyond_the_programme(saved: Saved) -> None:
    assert requests_of(saved, race="1") == ["", "/R1/C1/participants", "/R1/C1/rapports/E_COUPLE_ORDRE"]


@pytest.mark.parametrize(
    ("only", "more"),
    [("card", ["/R1/C1/participants"]), ("results", [])],  # the entries stand with the odds
)
def test_who_asks_for_no_board_asks_for_no_pairs(saved: Saved, only: str, more: list[str]) -> None:
    assert requests_of(saved, race="1", only=only) == ["", *more]


def test_no_content_says_that_nobody_has_bet_on_a_pair_yet(saved: Saved) -> None:
    course = course_of(saved)
    _, board = parse_participants(response(saved(RUNNERS)), VISIT, course)
    nothing = TextResponse("https://example.test/x", status=204)
    (found,) = SPIDER.read_pairs(nothing, board, course=course, bet="E_COUPLE_ORDRE")  # type: ignore[attr-defined]
    assert (found.flags, found.grids, found.prices) == (frozenset({"no_pairs"}), (), board.prices)


@pytest.mark.parametrize(
    ("spider", "name", "is_it"),
    [
        (VincennesSpider, "HIPPODROME DE PARIS-VINCENNES", True),
        (VincennesSpider, "Vincennes", True),
        (ParislongchampSpider, "HIPPODROME DE PARISLONGCHAMP", True),
        (ParislongchampSpider, "PARIS LONGCHAMP", True),
        (DeauvilleSpider, "DEAUVILLE", True),
        (DeauvilleSpider, "CLAIREFONTAINE DEAUVILLE", False),
        (DeauvilleSpider, "HIPPODROME DE DEAUVILLE CLAIREFONTAINE", False),
        (SaintCloudSpider, "SAINT CLOUD", True),
        (SaintCloudSpider, "HIPPODROME DE ST CLOUD", True),
        (SaintCloudSpider, "CLOUD", False),
        (CagnesSurMerSpider, "HIPPODROME DE LA CÔTE D'AZUR", False),
        (CagnesSurMerSpider, "CAGNES/MER", True),
    ],
)
def test_a_racecourse_is_known_by_its_whole_name(spider: type[VincennesSpider], name: str, is_it: bool) -> None:
    assert is_course([name], spider_of(spider, NOW).track) is is_it


def test_a_code_counts_only_where_the_answer_gives_no_name(saved: Saved) -> None:
    """LON may be London's code: only CHA was ever recorded."""
    document = saved(DAY)
    ground = document["programme"]["reunions"][0]["hippodrome"]
    ground |= {"code": "VIN", "libelleCourt": "AILLEURS", "libelleLong": None}
    assert not found_in(document)
    ground["libelleCourt"] = " "
    assert found_in(document)


def found_in(document: Any) -> bool:
    return outcome(SPIDER, lambda _: response(document).body if document else None)["items"] != []


@pytest.mark.parametrize(("word", "race_type"), [*DISCIPLINES.items(), (None, None)])
def test_every_discipline(saved: Saved, word: str | None, race_type: str | None) -> None:
    assert course_of(saved, discipline=word).race.race_type == race_type


@pytest.mark.parametrize(("word", "surface"), [("HERBE", "turf"), ("SOMETHING NEW", None), ("", None), (None, None)])
def test_only_grass_is_a_surface_that_we_know(saved: Saved, word: str | None, surface: str | None) -> None:
    assert course_of(saved, typePiste=word).race.surface == surface


def test_an_unknown_discipline_is_loud(saved: Saved) -> None:
    with pytest.raises(ParseError, match=r"courses\[0\]\.discipline: one of PLAT, .* is expected, not 'LEVRIER'"):
        course_of(saved, discipline="LEVRIER")


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("dernierRapportDirect.typeRapport", "REFERENCE", "DIRECT is expected, not REFERENCE"),
        ("dernierRapportReference.typeRapport", "DIRECT", "REFERENCE is expected, not DIRECT"),
        ("dernierRapportDirect.numPmu1", 2, "numPmu1: 1 is expected, not 2"),
    ],
)
def test_a_price_says_itself_whose_and_which_it_is(saved: Saved, path: str, value: object, what: str) -> None:
    document = saved(RUNNERS)
    put(document, f"participants[0].{path}", value)
    with pytest.raises(ParseError, match=what):
        parse_participants(response(document), VISIT, course_of(saved))


def test_a_dead_heat_pays_both_and_a_trio_in_any_order_is_sorted(saved: Saved) -> None:
    def bet(kind: str, *lines: tuple[str, int]) -> dict[str, object]:
        return {"typePari": kind, "rapports": [{"combinaison": c, "dividendePourUnEuro": d} for c, d in lines]}

    document = [
        bet("SIMPLE_GAGNANT", ("4", 150), ("2", 210)),
        bet("COUPLE_ORDRE", ("4-2", 700), ("2-4", 820)),
        bet("TRIO", ("10-4-2", 1830)),
        bet("TRIO_ORDRE", ("10-4-2", 9000)),
    ]
    found = parse_payoffs(response(document), VISIT, course_of(saved))
    assert [(payoff.bet_type, payoff.combination, payoff.payout) for payoff in found.payoffs] == [
        ("win", "4", 150),
        ("win", "2", 210),
        ("exacta", "4-2", 700),
        ("exacta", "2-4", 820),
        ("trio", "2-4-10", 1830),
        ("trifecta", "10-4-2", 9000),
    ]
    assert found.fetched_at == datetime(2026, 3, 7, 12, 50, tzinfo=UTC)
