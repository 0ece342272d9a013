"""Sentinels of the Tatts XML (samples/tatts): 1638.35, 0.0000 and a fixed price of 1.0000 are no prices.

There is no tatts source: the service was retired. What its recorded answers teach holds for the shared parsers and for
sources of the same houses. Zero and 1 are no price by the notation itself. 1638.35 is one by notation (netkeiba and the
early pools of TAB show such numbers), so only two things stop it: the status of the runner, which every source reads
first, and the bounds of a source's config. No source of ours prints it, so none declares it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from crawling import ROOT
from documents import response
from offline import SHIPPED

from horses_scrapy import odds
from horses_scrapy.config import Validation
from horses_scrapy.errors import UnknownOdds
from horses_scrapy.items import OddsItem, Price
from horses_scrapy.pipelines.validate import Bounds, faults
from horses_scrapy.sources import tab_au, tab_nz
from horses_scrapy.sources.json_body import read_json
from horses_scrapy.sources.tab_au_race import parse_race
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]
SAMPLES = ROOT.parent / "shared/samples/tatts"
recorded = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")
AT = datetime(2026, 2, 14, tzinfo=UTC)


def race_day(name: str) -> Element:
    return fromstring((SAMPLES / name).read_bytes())


def texts(runner: Element) -> Iterator[str]:
    """Every odds text of a runner, pool and fixed."""
    for tag, field in (
        ("WinOdds", "Odds"),
        ("PlaceOdds", "Odds"),
        ("FixedOdds", "WinOdds"),
        ("FixedOdds", "PlaceOdds"),
    ):
        for node in runner.iter(tag):
            yield node.attrib[field]


def as_price(text: str) -> int | None:
    """What the shared parser makes of a text; refused is as good as none."""
    try:
        return odds.parse_decimal(text).price
    except UnknownOdds:
        return None


@pytest.mark.parametrize("text", ["0.0000", "0.00", "0", "0.0", ".0", "-", ""])
def test_zero_is_not_quoted(text: str) -> None:
    assert odds.parse_decimal(text) == odds.NOT_QUOTED


@pytest.mark.parametrize("text", ["1.0000", "1.00", "1.0", "1", "0.95", "1638.3500", "-1638.35", "1638,35"])
def test_what_is_no_price_by_its_notation_is_refused(text: str) -> None:
    with pytest.raises(UnknownOdds):
        odds.parse_decimal(text)


@pytest.mark.parametrize("number", ["0", "0.0000", "1", "1.0000", "1.00", "0.95"])
def test_json_numbers_up_to_one_are_not_quoted(number: str) -> None:
    page = response(None).replace(body=f'{{"odds": {number}}}'.encode())
    assert read_json(page)["odds"].quote() == odds.NOT_QUOTED


def test_the_number_itself_is_a_price_to_the_parser_and_out_of_bounds_to_a_source_that_does_not_widen_them() -> None:
    assert odds.parse_decimal("1638.35").price == 1_638_350
    price = Price(label="10", market="win_tote", price=1_638_350)
    item = OddsItem(
        track="awapuni", race_date=date(2026, 2, 14), race_number=1, source=tab_nz.SOURCE, url="http://t/1", fetched_at=AT,
        status="open", prices=(price,),
    )  # fmt: skip
    bounds = Bounds(Validation(), "awapuni", history=False)
    assert [fault.rule for fault in faults(item, bounds)] == ["price_range"]
    assert faults(replace(item, prices=(replace(price, price=34_600),)), bounds) == []


@recorded
def test_the_recorded_sentinel_stands_at_the_scratched_runner_only() -> None:
    runners = list(race_day("raceday1.xml").iter("Runner"))
    assert len(runners) == 10
    for runner in runners:
        scratched = runner.attrib["Scratched"] == "Y"
        assert scratched == (runner.attrib["RunnerNo"] == "10")
        assert ("1638.35" in set(texts(runner))) == scratched
    assert {text: as_price(text) for text in texts(runners[9])} == {"1638.35": 1_638_350, "1.0000": None}
    assert as_price(next(texts(runners[0]))) == 3400


@recorded
def test_no_recorded_pair_of_zero_or_with_the_scratched_runner_becomes_a_price() -> None:
    pairs = list(race_day("raceday1.xml").iterfind(".//PoolApproximates/Odds"))
    assert len(pairs) == 45
    for pair in pairs:
        if pair.attrib["Odds"] == "0.0000" or pair.attrib["RunnerNo2"] == "10":
            assert as_price(pair.attrib["Odds"]) is None
    assert sum(pair.attrib["Odds"] == "1638.3500" for pair in pairs) == 9


@recorded
def test_the_days_file_has_no_prices_to_be_misread() -> None:
    day = race_day("raceday.xml")
    assert len(list(day.iter("Race"))) == 7
    assert not [text for runner in day.iter("Runner") for text in texts(runner)]


@pytest.mark.parametrize("sentinel", [1638.35, 1.0, 0.0])
def test_a_scratched_runner_has_no_price_whatever_stands_there_tab_nz(saved: Saved, sentinel: float) -> None:
    visit = Visit(SHIPPED.tracks["awapuni"], date(2026, 2, 14), AT)
    (race,) = tab_nz.parse_card(response(saved("awapuni/one_race/meetings")), visit)
    document = saved("awapuni/one_race/event")
    runner = document["data"]["runners"][1]
    runner.update(is_scratched=True, odds=dict.fromkeys(runner["odds"], sentinel))
    _, board = tab_nz.parse_event(response(document), visit, race)
    assert isinstance(board, OddsItem)
    assert {(price.price, price.status) for price in board.prices if price.label == "2"} == {(None, "scratched")}
    assert not [cell for cell in board.grids[0].prices if "2" in (cell.first, cell.second)]


@pytest.mark.parametrize("sentinel", [1638.35, 1.0, 0.0])
def test_a_scratched_runner_has_no_price_whatever_stands_there_tab_au(saved: Saved, sentinel: float) -> None:
    visit = Visit(SHIPPED.tracks["randwick"], date(2026, 2, 14), AT)
    (race,) = tab_au.parse_card(response(saved("randwick/one_race/meetings")), visit)
    document = saved("randwick/one_race/race")
    for part in (document["runners"][1]["parimutuel"], document["runners"][1]["fixedOdds"]):
        part.update(returnWin=sentinel, returnPlace=sentinel)
    document["runners"][1]["parimutuel"]["bettingStatus"] = "Scratched"
    board = parse_race(response(document), visit, race).board
    assert {(price.price, price.status) for price in board.prices if price.label == "2"} == {(None, "scratched")}
