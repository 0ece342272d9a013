"""What TAB New Zealand really sent, recorded by others, and its published specification. Skipped where not at hand.

The crawl of Awapuni by a process stands in test_real_bytes.py.
"""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from crawling import ROOT
from documents import response
from offline import SHIPPED

from horses_scrapy import odds
from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import OddsItem, RaceItem
from horses_scrapy.sources.json_body import read_json
from horses_scrapy.sources.tab_nz import parse_card, parse_event
from horses_scrapy.sources.tab_nz_board import will_pays
from horses_scrapy.track_spider import Visit

SAMPLES = ROOT.parent / "shared/samples/tab_nz"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

DAY = date(2025, 7, 17)
AT = datetime(2025, 7, 17, 11, 17, tzinfo=UTC)


def recorded(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_bytes())


def visit(key: str, **changed: str) -> Visit:
    return Visit(SHIPPED.tracks[key].model_copy(update=changed), DAY, AT)


def card(name: str, where: Visit) -> list[RaceItem]:
    return list(parse_card(response(recorded(name)), where))


@pytest.fixture(scope="module")
def awapuni() -> tuple[RaceItem, OddsItem]:
    race = card("meetings", visit("awapuni"))[0]
    full, board, _ = parse_event(response(recorded("event_awapuni_r1")), visit("awapuni"), race)
    assert isinstance(full, RaceItem)
    assert isinstance(board, OddsItem)
    return full, board


@pytest.mark.parametrize(
    ("source_key", "races", "race_type"),
    [("Awapuni", 7, "gallops"), ("Awapuni Synthetic", 7, "gallops"), ("Winton", 10, "harness"), ("Cambridge", 7, "harness")],
)  # fmt: skip
def test_a_meeting_is_found_by_its_name_and_category(source_key: str, races: int, race_type: str) -> None:
    found = card("meetings", visit("awapuni", source_key=source_key))
    assert [race.race_number for race in found] == list(range(1, races + 1))
    assert {(race.race_type, race.status) for race in found} == {(race_type, "official")}


@pytest.mark.parametrize("key", ["addington", "cambridge", "ellerslie", "riccarton", "trentham"])
def test_greyhounds_and_the_harness_of_the_same_town_are_not_our_tracks(key: str) -> None:
    """That day Addington had greyhounds, Cambridge greyhounds and harness, the others nothing."""
    with pytest.raises(NoCard):
        card("meetings", visit(key))


def test_the_answer_of_one_meeting_is_read_like_the_days_list() -> None:
    found = card("meeting_grafton", visit("awapuni", source_key="Grafton"))
    assert [race.race_number for race in found] == list(range(1, 9))
    assert found[6].name == "Westlawn Finance Grafton Cup (L)"
    assert [race.post_time for race in found[:2]] == [
        datetime(2025, 7, 17, 2, 42, tzinfo=UTC),
        datetime(2025, 7, 17, 3, 20, tzinfo=UTC),
    ]


def test_the_list_of_races_holds_no_status_and_is_no_card() -> None:
    """`/racing/list` is not asked for: a hundred races a page, without status, category or name of the meeting."""
    data = recorded("races")["data"]
    assert len(data["races"]) == 100
    assert data["next_page_token"]
    assert not {"status", "category", "meeting_name"} & {field for race in data["races"] for field in race}
    with pytest.raises(ParseError, match=r"data\.meetings: missing"):
        card("races", visit("awapuni"))


def test_awapunis_race_is_one_of_gallops_with_riders_by_number(awapuni: tuple[RaceItem, OddsItem]) -> None:
    race, _ = awapuni
    assert (race.race_type, race.surface) == ("gallops", "synthetic")
    assert [(entry.program_number, entry.horse, entry.jockey, entry.trainer) for entry in race.entries[:1]] == [
        ("1", "Tickford", "Kate Hercock", "Richard French")
    ]


def test_the_quadrellas_will_pays_belong_to_its_last_leg(awapuni: tuple[RaceItem, OddsItem]) -> None:
    """Race 1's answer carries what race 4's runners will pay: nothing that a board of race 1 may say of its own."""
    race, board = awapuni
    assert board.will_pays == ()
    data = read_json(response(recorded("event_awapuni_r1")))["data"]
    found = will_pays(data, 4, race.entries)
    assert {pay.bet_type for pay in found} == {"quadrella"}
    assert [(pay.combination, pay.payout) for pay in found] == [("1", 634_890), ("2", 416_740)] + [
        (str(number), 812_660) for number in range(3, 8)
    ]


def test_what_the_quadrella_will_pay_uses_up_its_live_units() -> None:
    """5.81 units are live: 1.28 on 1, 1.95 on 2, and less than 1 on each of those that would take the whole pool."""
    pool = next(pool for pool in recorded("event_awapuni_r1")["data"]["tote_pools"] if "will_pays" in pool)
    units = [pool["total"] / row["odds"] for row in pool["will_pays"]]
    assert sum(units[:2]) < pool["will_pay_live_units"] <= sum(units)


@pytest.mark.parametrize(("bet_type", "field", "places"), [("win", "pool_win", 1), ("place", "pool_place", 3)])
def test_the_takeout_in_the_configuration_is_what_the_board_implies(bet_type: str, field: str, places: int) -> None:
    shown = [runner["odds"][field] for runner in recorded("event_awapuni_r1")["data"]["runners"]]
    (terms,) = SHIPPED.tracks["awapuni"].pools[bet_type]
    least, most = (1 - places / sum(1 / (price + floored) for price in shown) for floored in (0.1, 0.0))
    assert least <= terms.takeout <= most
    assert most - least < 0.045


def test_the_quinellas_takeout_is_what_the_matrix_implies(awapuni: tuple[RaceItem, OddsItem]) -> None:
    (grid,) = awapuni[1].grids
    (terms,) = SHIPPED.tracks["awapuni"].pools["quinella"]
    assert sum(grid.base / cell.payout for cell in grid.prices) == pytest.approx(1 / (1 - terms.takeout), rel=0.01)


READ = {
    "MeetingPayload": ["meetings"],
    "MeetingData": ["name", "date", "category", "races"],
    "MeetingRace": ["id", "race_number", "name", "start_time", "status"],
    "EventRaceDetails": ["race", "runners", "tote_pools", "results", "dividends"],
    "EventRace": ["event_id", "race_number", "status", "description", "meeting_name", "display_meeting_name", "type",
                  "advertised_start", "advertised_start_string", "race_date_nz", "track_surface"],
    "EventRunner": ["runner_number", "name", "is_scratched", "is_late_scratched", "is_emergency", "scratch_time", "barrier",
                    "jockey", "trainer_name", "country", "horse_id", "odds"],
    "odds": ["pool_win", "fixed_win", "pool_place"],
    "TotePool": ["product_type", "total", "qla_odds", "will_pays", "early_quaddie", "quaddie", "tote_treble", "tote_running_double"],
    "QLAOdds": ["sel", "oddsString"],
    "WillPaysOdds": ["sel", "odds", "change"],
    "EventResult": ["position", "runner_number", "name"],
    "EventDividend": ["product_name", "status", "dividend", "positions"],
    "EventDividendPosition": ["position", "runner_number"],
    "git_neds_sh_usvc_feedrouter_response_RESTHeader": ["generated_time"],
}  # fmt: skip


@pytest.mark.parametrize("schema", READ)
def test_every_field_that_is_read_is_in_the_published_specification(schema: str) -> None:
    published = recorded("openapi")["components"]["schemas"][schema]["properties"]
    assert not set(READ[schema]) - published.keys()


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/affiliates/v1/racing/meetings", {"enc", "date_from", "date_to", "country", "limit"}),
        ("/affiliates/v1/racing/events/{id}", {"enc", "with_tote_trends_data", "with_will_pays"}),
    ],
)
def test_every_parameter_that_is_sent_is_in_the_published_specification(path: str, asked: set[str]) -> None:
    published = recorded("openapi")["paths"][path]["get"]["parameters"]
    assert asked <= {parameter["name"] for parameter in published}


def test_a_scratched_cell_is_written_as_the_specification_shows() -> None:
    shown = recorded("openapi")["components"]["schemas"]["QLAOdds"]["properties"]["oddsString"]["description"]
    row = shown.split('"')[1]
    quotes = [odds.parse_decimal(token) for token in row.split("|")]
    assert [quote.price for quote in quotes] == [None, 13_900, 12_800, 11_000, None, 15_200, 20_600, 18_900]
    assert quotes[4] == odds.SCRATCHED
