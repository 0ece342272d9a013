import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from documents import objects, put, remove, response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import spider_of

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import AnyItem, Finisher, OddsItem, RaceItem, RaceStatus
from horses_scrapy.sources.pmu_programme import Course, parse_programme, programme_url
from horses_scrapy.sources.pmu_race import parse_participants, parse_payoffs
from horses_scrapy.spiders.vincennes import VincennesSpider
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]

NOW = "2026-02-14T14:14:30Z"
TRACK = spider_of(VincennesSpider, NOW, date="2026-02-14").track
VISIT = Visit(TRACK, date(2026, 2, 14), datetime.fromisoformat(NOW))
DAY, RUNNERS, PAID = "vincennes/race_day/programme", "vincennes/race_day/participants_1", "vincennes/race_day/rapports"
COURSE = "programme.reunions[1].courses[1]"


def programme(document: Any) -> list[Course]:
    return list(parse_programme(response(document), VISIT))


def participants(saved: Saved, document: Any, number: int = 1) -> list[AnyItem]:
    return list(parse_participants(response(document), VISIT, programme(saved(DAY))[number - 1]))


def board(items: list[AnyItem]) -> OddsItem:
    return next(item for item in items if isinstance(item, OddsItem))


STATUSES: list[tuple[str, dict[str, object], RaceStatus]] = [
    ("PROGRAMMEE", {"paris": []}, "scheduled"),
    ("PROGRAMMEE", {"paris": [{"typePari": "TRIO", "enVente": True}]}, "scheduled"),
    ("PROGRAMMEE", {"paris": [{"typePari": "E_SIMPLE_GAGNANT", "enVente": True}]}, "open"),
    ("DEPART_DANS_TROIS_MINUTES", {}, "open"),
    ("EN_COURS", {}, "closed"),
    ("ARRIVEE_PROVISOIRE", {}, "unofficial"),
    ("FIN_COURSE", {}, "unofficial"),
    ("FIN_COURSE", {"isArriveeDefinitive": True}, "official"),
    ("ARRIVEE_PROVISOIRE", {"arriveeDefinitive": True}, "official"),
    ("ARRIVEE_DEFINITIVE", {}, "official"),
    ("ARRIVEE_DEFINITIVE_COMPLETE", {}, "official"),
    ("COURSE_ANNULEE", {}, "cancelled"),
]


@pytest.mark.parametrize(("word", "also", "status"), STATUSES)
def test_every_status(saved: Saved, word: str, also: dict[str, object], status: RaceStatus) -> None:
    document = saved(DAY)
    put(document, f"{COURSE}.statut", word)
    for name, value in also.items():
        put(document, f"{COURSE}.{name}", value)
    assert programme(document)[1].race.status == status


@pytest.mark.parametrize("word", ["SUSPENDUE", "programmee", "", None])
def test_an_unknown_status_is_loud_and_costs_no_other_race(saved: Saved, word: object) -> None:
    document = saved(DAY)
    put(document, f"{COURSE}.statut", word)
    courses = parse_programme(response(document), VISIT)
    assert [course.race.race_number for course in itertools.islice(courses, 3)] == [1, 3, 4]
    with pytest.raises(ParseError, match=r"courses\[1\]\.statut"):
        next(courses)


@pytest.mark.parametrize(
    ("order", "positions"),
    [
        ([[4], [1], [3]], [(1, "4"), (2, "1"), (3, "3")]),
        ([[4, 2], [1], [3]], [(1, "4"), (1, "2"), (3, "1"), (4, "3")]),
        ([[4], [1, 3, 2], [5]], [(1, "4"), (2, "1"), (2, "3"), (2, "2"), (5, "5")]),
        ([], []),
        (None, []),
    ],
)
def test_a_dead_heat_shares_a_place_and_takes_the_next(
    saved: Saved, order: object, positions: list[tuple[int, str]]
) -> None:
    document = saved(DAY)
    put(document, f"{COURSE}.ordreArrivee", order)
    expected = tuple(Finisher(position=position, program_number=number) for position, number in positions)
    assert programme(document)[1].finishers == expected


def test_another_racecourse_is_no_card_and_another_day_an_error(saved: Saved) -> None:
    document = saved(DAY)
    put(document, "programme.reunions[1].hippodrome.libelleCourt", "ENGHIEN")
    with pytest.raises(NoCard, match="VINCENNES on 2026-02-14: the programme has CHA, ENGHIEN"):
        programme(document)
    for path in ("programme.date", "programme.reunions[1].dateReunion"):
        document = saved(DAY)
        put(document, path, int(datetime(2026, 2, 12, 23, tzinfo=UTC).timestamp() * 1000))
        with pytest.raises(ParseError, match="2026-02-14 was asked for, the answer is of 2026-02-13"):
            programme(document)


def test_midnight_is_that_of_paris_in_summer_too(saved: Saved) -> None:
    document = saved(DAY)
    midnight = int(datetime(2026, 7, 6, 22, tzinfo=UTC).timestamp() * 1000)
    for path in ("programme.date", "programme.reunions[1].dateReunion"):
        put(document, path, midnight)
    summer = Visit(TRACK, date(2026, 7, 7), VISIT.fetched_at)
    assert len(list(parse_programme(response(document), summer))) == 4


def test_a_non_runner_has_no_price_whatever_it_still_carries(saved: Saved) -> None:
    document = saved(RUNNERS)
    put(document, "participants[0].statut", "NON_PARTANT")
    price = board(participants(saved, document)).prices[0]
    assert (price.price, price.status) == (None, "scratched")


def test_an_unknown_entry_status_is_loud(saved: Saved) -> None:
    document = saved(RUNNERS)
    put(document, "participants[2].statut", "DISTANCE")
    with pytest.raises(ParseError, match=r"participants\[2\]\.statut: one of PARTANT, NON_PARTANT is expected"):
        participants(saved, document)


@pytest.mark.parametrize(
    ("declared", "flagged"),
    [(2, True), (3, False), (4, False), (5, True)],  # 4 on the list, one of them withdrawn
)
def test_runners_that_do_not_add_up_flag_the_board(saved: Saved, declared: int, flagged: bool) -> None:
    document = saved(DAY)
    put(document, "programme.reunions[1].courses[0].nombreDeclaresPartants", declared)
    course = programme(document)[0]
    found = board(list(parse_participants(response(saved(RUNNERS)), VISIT, course)))
    assert found.flags == (frozenset({"runner_count"}) if flagged else frozenset())
    assert len(found.prices) == 4


@pytest.mark.parametrize("silks", ["/14022026/R2/C2/P1.png", "/14022026/R1/C1/P1.png", "/13022026/R2/C1/P1.png"])
def test_silks_of_another_race_betray_another_race(saved: Saved, silks: str) -> None:
    document = saved(RUNNERS)
    put(document, "participants[3].urlCasaque", f"https://example.test/casaques{silks}")
    with pytest.raises(ParseError, match="14022026/R2/C1 was asked for"):
        participants(saved, document)
    put(document, "participants[3].urlCasaque", "https://example.test/none.png")
    assert participants(saved, document)


def test_the_boards_age_is_the_totes_own(saved: Saved) -> None:
    document = saved(RUNNERS)
    assert board(participants(saved, document)).source_time == datetime(2026, 2, 14, 14, 14, tzinfo=UTC)
    for runner in document["participants"]:
        runner.pop("dernierRapportDirect", None)
    unpriced = board(participants(saved, document))
    assert unpriced.source_time is None
    assert [price.price for price in unpriced.prices] == [None] * 4


def test_a_price_of_another_bet_is_refused(saved: Saved) -> None:
    document = saved(RUNNERS)
    put(document, "participants[0].dernierRapportDirect.typePari", "SIMPLE_PLACE")
    with pytest.raises(ParseError, match="a win bet is expected, not SIMPLE_PLACE"):
        participants(saved, document)


def test_pay_outs_leave_out_non_runners_and_bets_without_a_name_here(saved: Saved) -> None:
    course = programme(saved(DAY))[0]
    ended = parse_payoffs(response(saved(PAID)), VISIT, course)
    assert [(payoff.bet_type, payoff.combination, payoff.payout) for payoff in ended.payoffs] == [
        ("win", "4", 140),
        ("place", "4", 105),
        ("place", "1", 110),
        ("place", "3", 130),
        ("quinella", "1-4", 620),
        ("exacta", "4-1", 1350),
    ]
    assert ended.finishers == course.finishers


def test_a_combination_that_is_none_is_refused(saved: Saved) -> None:
    document = saved(PAID)
    put(document, "[2].rapports[0].combinaison", "4-X")
    with pytest.raises(ParseError, match=r"\[2\]\.rapports\[0\]\.combinaison"):
        parse_payoffs(response(document), VISIT, programme(saved(DAY))[0])


REQUIRED = {
    DAY: ["programme", "programme.date", "programme.reunions"]
    + [f"programme.reunions[1].{name}" for name in ("hippodrome", "hippodrome.code", "dateReunion", "numOfficiel")]
    + ["programme.reunions[1].courses"]
    + [f"{COURSE}.{name}" for name in ("numOrdre", "heureDepart", "statut", "nombreDeclaresPartants")],
    RUNNERS: ["participants"]
    + [f"participants[0].{name}" for name in ("numPmu", "nom", "statut", "dernierRapportReference.rapport")]
    + [f"participants[0].dernierRapportDirect.{name}" for name in ("rapport", "typePari", "dateRapport")],
    PAID: ["[0].typePari", "[0].rapports[0].combinaison", "[0].rapports[0].dividendePourUnEuro"],
}


def read(saved: Saved, page: str, document: Any) -> object:
    if page == DAY:
        return programme(document)
    if page == RUNNERS:
        return participants(saved, document)
    return parse_payoffs(response(document), VISIT, programme(saved(DAY))[0])


@pytest.mark.parametrize(("page", "path"), [(page, path) for page, paths in REQUIRED.items() for path in paths])
def test_a_missing_required_field_is_named(saved: Saved, page: str, path: str) -> None:
    document = saved(page)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        read(saved, page, document)
    assert path in str(caught.value)


EXTRA = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.text(max_size=5))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000), page=st.sampled_from([DAY, RUNNERS, PAID]))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int, page: str) -> None:
    document = saved(page)
    places = list(objects(document))
    places[where % len(places)]["champInconnu"] = extra
    assert read(saved, page, document) == read(saved, page, saved(page))


def test_the_day_is_written_as_the_service_writes_it() -> None:
    assert programme_url("https://x.test", date(2026, 2, 4)) == "https://x.test/rest/client/61/programme/04022026"


def test_items_of_one_race_agree_on_it(saved: Saved) -> None:
    race, odds_item = participants(saved, saved(RUNNERS))
    assert isinstance(race, RaceItem)
    assert (race.race_number, race.source_key, race.status) == (1, "R2/C1", odds_item.status)
