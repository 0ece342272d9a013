"""The rendered page, with bindings as the recorded one has them and a race of ours."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from offline import SHIPPED
from scrapy.http import HtmlResponse

from horses_scrapy.errors import Blocked, EmptyResponse, ParseError
from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem, Source
from horses_scrapy.sources.tvg_page import parse_board, parse_summary
from horses_scrapy.track_spider import Visit

NOW = datetime(2026, 8, 15, 19, 56, tzinfo=UTC)
VISIT = Visit(SHIPPED.tracks["gulfstream_park"], date(2026, 8, 15), NOW)
RACE = RaceItem(
    track="gulfstream_park",
    race_date=VISIT.race_date,
    race_number=4,
    source=Source("rendered", "board", "display"),
    source_key="GP-4",
    url="http://x.test/4",
    fetched_at=NOW - timedelta(minutes=4),
    post_time=NOW + timedelta(minutes=4),
    status="open",
)
HORSES = {"1": "Amber Kettle", "2": "Bold Tarpaulin", "3": "Copper Sonnet"}


def line(number: str, horse: str, odds: str, *, out: bool = False, is_open: bool = True) -> str:
    label = number.rstrip("A")
    prices = (
        "" if out else f'<strong class="race-current-odds">{odds}</strong><span class="race-morning-odds">7/2</span>'
    )
    return (
        f'<tr qa-label="program-page-runner{"-scratched" if out else ""}"'
        f' class="runner {"open-betslip" if is_open else ""}" window-route="/betslip/GP/Day/4?betselections={label}&x=1">'
        f'<td qa-label="horse-number"><span class="horse-number-label">{number} </span></td>'
        f'<td qa-label="runner-odds">{prices}</td><td><strong qa-label="horse-name">{horse}</strong></td>'
        f'<td><strong qa-label="jockey-name">Rider {number}</strong></td>'
        f'<td><strong qa-label="trainer-name">Trainer {number}</strong></td></tr>'
    )


def program(*lines: str) -> str:
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def amounts(number: str, horse: str, *money: str) -> str:
    cells = "".join(
        f'<span ng-bind="runners.{name}Payoff">{amount}</span>'
        for name, amount in zip(("win", "place", "show"), money, strict=True)
    )
    return (
        '<runner-amounts ng-repeat="pool in race.poolsPerBI.runners track by $index">'
        f'<span ng-bind="runners.bettingInterestNumber">{number}</span>'
        f'<span ng-bind="runners.runnerName">{horse}</span>{cells}</runner-amounts>'
    )


def pools(totals: tuple[str, ...], *lines: str) -> str:
    names = "".join(f'<span class="total-names">{name}</span>' for name in ("", "Win", "Place", "Show"))
    sums = "".join(f'<span class="total-amounts">{total}</span>' for total in ("", *totals))
    return f'<div class="totals">{names}</div><div class="totals">{sums}</div>{"".join(lines)}'


def probables(labels: str, *rows: str) -> str:
    head = "".join(
        f'<span ng-repeat="headerNumber in data.selectedProbable.colOrderedHeaders">{label} </span>'
        for label in labels.split()
    )
    lines = "".join(
        '<div ng-repeat="rows in data.selectedProbable.betCombos track by $index">'
        + "".join(f'<span ng-bind="betCombo.payout">{cell}</span>' for cell in row.split())
        + "</div>"
        for row in rows
    )
    return f'<div class="probables-table"><div class="probables-row">{head}</div>{lines}</div>'


def result(position: str, number: str, horse: str, *paid: str) -> str:
    cells = "".join(
        f'<td ng-bind="raceResultsCtrl.formatPayoffValue(runner.{name}Payoff)">{amount}</td>'
        for name, amount in zip(("win", "place", "show"), paid, strict=True)
    )
    return (
        '<tr ng-repeat="runner in raceResultsCtrl.raceResults.runners track by $index">'
        f'<td><strong ng-bind="runner.finishPosition | ordinalNumberString">{position}</strong></td>'
        f'<td><span ng-bind="runner.runnerNumber || runner.bettingInterestNumber">{number}</span></td>'
        f'<td><strong ng-bind="runner.runnerName">{horse}</strong></td>{cells}</tr>'
    )


PROGRAM = program(line("1", "Amber Kettle", "6/5"), line("2", "Bold Tarpaulin", "2"), line("3", "Copper Sonnet", "9"))
POOLS = pools(
    ("$2,897", "$600", "$300"),
    amounts("1", "Amber Kettle", "$1,497", "$300", "$100"),
    amounts("2", "Bold Tarpaulin", "$1,000", "$200", "$100"),
    amounts("3", "Copper Sonnet", "$400", "$100", "$100"),
)
GRID = probables("1 2 3", "- 7 31", "5 - 44", "12 19.5 -")
DETAILS = '<li ng-bind="data.raceType.Name">Harness</li>'
RESULTS = [
    result("1st:", "2", "Bold Tarpaulin", "$6.20", "$3.40", "$2.60"),
    result("2nd:", "1", "Amber Kettle", "", "$2.80", "$2.20"),
    result("2nd:", "3", "Copper Sonnet", "", "$5.60", "$3.10"),
]


def page(*parts: str) -> HtmlResponse:
    body = f"<html><body>{''.join(parts)}</body></html>"
    return HtmlResponse("http://x.test/gp/4", body=body.encode(), encoding="utf-8")


def board_of(*parts: str, race: RaceItem = RACE, visit: Visit = VISIT) -> list[AnyItem]:
    return list(parse_board(page(*parts), visit, race))


def odds_of(items: list[AnyItem]) -> OddsItem:
    return next(item for item in items if isinstance(item, OddsItem))


def test_a_page_with_all_parts() -> None:
    race, shown = board_of(PROGRAM, POOLS, GRID, DETAILS)
    assert isinstance(race, RaceItem)
    assert isinstance(shown, OddsItem)
    assert (race.race_type, race.status, race.fetched_at, race.source_key) == ("harness", "open", NOW, "GP-4")
    assert [(entry.horse, entry.jockey, entry.trainer, entry.morning_line) for entry in race.entries][1] == (
        "Bold Tarpaulin", "Rider 2", "Trainer 2", 4_500,
    )  # fmt: skip
    assert {price.label: price.price for price in shown.prices} == {"1": 2_200, "2": 3_000, "3": 10_000}
    assert {(pool.bet_type, pool.label): pool.amount for pool in shown.pools}["win", None] == 289_700
    assert {item.source.name for item in (race, shown)} == {"rendered"}
    assert shown.flags == frozenset()


def test_a_column_of_the_matrix_is_the_horse_that_wins() -> None:
    (grid,) = odds_of(board_of(PROGRAM, GRID)).grids
    assert grid.base == 100
    assert {(pair.first, pair.second): pair.payout for pair in grid.prices} == {
        ("2", "1"): 700, ("3", "1"): 3_100, ("1", "2"): 500, ("3", "2"): 4_400, ("1", "3"): 1_200, ("2", "3"): 1_950,
    }  # fmt: skip


def test_a_scratched_runner_has_no_odds_and_no_pairs_whatever_is_printed() -> None:
    lines = program(
        line("1", "Amber Kettle", "6/5"),
        line("2", "Bold Tarpaulin", "2", out=True).replace(
            'qa-label="runner-odds">', 'qa-label="runner-odds"><strong class="race-current-odds">2</strong>'
        ),
        line("3", "Copper Sonnet", "9"),
    )
    race, shown = board_of(lines, GRID)
    assert isinstance(race, RaceItem)
    assert isinstance(shown, OddsItem)
    assert [(price.price, price.status) for price in shown.prices][1] == (None, "scratched")
    assert race.entries[1].status == "scratched"
    assert {(pair.first, pair.second) for pair in shown.grids[0].prices} == {("3", "1"), ("1", "3")}


@pytest.mark.parametrize("cell", ["-", "0"])
def test_a_dash_is_no_pay_out(cell: str) -> None:
    (grid,) = odds_of(board_of(PROGRAM, probables("1 2 3", f"- {cell} 31", "5 - 1,044", "12 19 -"))).grids
    payouts = {(pair.first, pair.second): pair.payout for pair in grid.prices}
    assert ("2", "1") not in payouts
    assert payouts["3", "2"] == 104_400


def test_coupled_runners_share_an_interest() -> None:
    lines = program(
        line("1", "Amber Kettle", "6/5"), line("1A", "Amber Teapot", "6/5"), line("2", "Bold Tarpaulin", "2")
    )
    race, shown = board_of(lines, probables("1 2", "- 7", "5 -"))
    assert isinstance(race, RaceItem)
    assert [(entry.program_number, entry.label) for entry in race.entries] == [("1", "1"), ("1A", "1"), ("2", "2")]
    assert {price.label: price.price for price in odds_of([shown]).prices} == {"1": 2_200, "2": 3_000}


@pytest.mark.parametrize("order", [("1", "1A"), ("1A", "1")])
def test_an_interest_keeps_its_price_until_its_last_horse_is_out(order: tuple[str, str]) -> None:
    lines = [line("1", "Amber Kettle", "6/5"), line("1A", "Amber Teapot", "", out=True)]
    both = program(*(lines if order[0] == "1" else reversed(lines)), line("2", "Bold Tarpaulin", "2"))
    prices = odds_of(board_of(both)).prices
    assert {price.label: price.price for price in prices} == {"1": 2_200, "2": 3_000}


def test_coupled_runners_at_two_prices_are_refused() -> None:
    with pytest.raises(ParseError, match="interest 1 is shown at 2200 and at 3000"):
        board_of(program(line("1", "Amber Kettle", "6/5"), line("1A", "Amber Teapot", "2")))


@pytest.mark.parametrize(
    ("is_open", "post", "given", "status"),
    [
        (True, NOW - timedelta(minutes=3), "open", "open"),  # posts drag
        (False, NOW - timedelta(minutes=3), "open", "closed"),
        (False, NOW + timedelta(minutes=3), "scheduled", "scheduled"),
        (False, None, "closed", "closed"),
    ],
)
def test_the_race_is_open_while_the_page_takes_bets(
    is_open: bool, post: datetime | None, given: str, status: str
) -> None:
    race = replace(RACE, post_time=post, status=given)  # type: ignore[arg-type]
    items = board_of(program(line("1", "Amber Kettle", "2", is_open=is_open)), race=race)
    assert {item.status for item in items} == {status}


def test_a_result_with_a_dead_heat() -> None:
    ended = board_of(PROGRAM, f"<table>{''.join(RESULTS)}</table>")[-1]
    assert isinstance(ended, ResultItem)
    assert (ended.status, [(one.position, one.program_number) for one in ended.finishers]) == (
        "official", [(1, "2"), (2, "1"), (2, "3")],
    )  # fmt: skip
    assert {(one.bet_type, one.combination, one.base, one.payout) for one in ended.payoffs} >= {
        ("win", "2", 200, 620), ("place", "3", 200, 560), ("show", "1", 200, 220),
    }  # fmt: skip
    assert len(ended.payoffs) == 7


def test_an_order_without_pay_offs_is_unofficial() -> None:
    items = board_of(PROGRAM, f"<table>{result('1st:', '2', 'Bold Tarpaulin', '', '', '')}</table>")
    assert {item.status for item in items} == {"unofficial"}


def test_a_page_without_a_matrix_is_flagged() -> None:
    assert odds_of(board_of(PROGRAM)).flags == {"no_pairs"}


MATRIX_FAULTS = [
    (probables("1 2", "- 7", "5 -"), "columns"),
    (probables("1 3 2", "- 7 9", "5 - 4", "1 2 -"), "columns"),
    (probables("1 2 3", "- 7 31", "5 - 44"), "2 rows under 3 columns"),
    (probables("1 2 3", "- 7 31", "5 - 44", "12 -"), "row 3 has 2 cells under 3 columns"),
    (probables("1 2 3", "- 7 31", "5 8 44", "12 19 -"), "2 with itself pays 800"),
    (probables("1 2 3", "- 7-1 31", "5 - 44", "12 19 -"), "'7-1' where a pay-out such as 62 is due"),
    (probables("1 2 3", "- NaN 31", "5 - 44", "12 19 -"), "'NaN' where a pay-out"),
]


@pytest.mark.parametrize(("matrix", "words"), MATRIX_FAULTS)
def test_a_matrix_that_cannot_be_read_does_not_cost_the_board(matrix: str, words: str) -> None:
    found: list[AnyItem] = []
    with pytest.raises(ParseError, match=words):
        found.extend(parse_board(page(PROGRAM, matrix), VISIT, RACE))
    assert odds_of(found).flags == {"no_pairs"}
    assert len(odds_of(found).prices) == 3


OTHER = "/betslip/GP/Day/4?betselections=1"
FAULTS = [
    ("", "each is expected once"),
    (program(line("1", "A", "2"), line("1", "A", "2")), "each is expected once"),
    (PROGRAM.replace("/betslip/GP/", "/betslip/AQU/"), "race 4 of AQU, race 4 of GP was asked for"),
    (PROGRAM.replace("/Day/4?", "/Day/5?"), "race 5 of GP, race 4 of GP was asked for"),
    (PROGRAM.replace("betselections=2", "betselections=3"), "its link bets on 3"),
    (PROGRAM.replace("window-route", "route"), "no window-route"),
    (PROGRAM.replace(">6/5<", ">6/0<"), "number '1': board odds '6/0'"),
    (PROGRAM.replace(">1 <", ">1ST <"), "a program number such as 1A is due"),
    (PROGRAM.replace('qa-label="horse-name"', ""), "0 elements '\\[qa-label=horse-name\\]'"),
    (PROGRAM + POOLS.replace("$1,497", "$1,397"), "win adds up to 279700 cents of 289700"),
    (PROGRAM + POOLS.replace("$1,497", "1497"), "where an amount such as \\$1,234 is due"),
    (PROGRAM + POOLS.replace("Amber", "Ember"), "1 is 'Ember Kettle', the program has it otherwise"),
    (PROGRAM + POOLS.replace(">Place<", ">Show<"), "the columns are"),
    (PROGRAM + POOLS.replace('<span class="total-names">Show</span>', ""), "4 totals under 3 names"),
    (PROGRAM + f"<table>{RESULTS[0].replace('1st:', 'first')}</table>", "'first' where a position such as 1st"),
    (PROGRAM + f"<table>{RESULTS[1]}</table>", "are no order of finish"),
    (PROGRAM + f"<table>{RESULTS[0].replace('Bold', 'Old')}</table>", "2 is 'Old Tarpaulin'"),
    (PROGRAM + DETAILS.replace("Harness", "Camels"), "'Camels' where one of Thoroughbred, Harness is due"),
]


@pytest.mark.parametrize(("body", "words"), FAULTS)
def test_a_page_that_is_not_sound_is_refused(body: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        board_of(body)


def test_an_empty_page_and_a_login_are_named() -> None:
    with pytest.raises(EmptyResponse):
        list(parse_board(HtmlResponse("http://x.test/", body=b" "), VISIT, RACE))
    with pytest.raises(Blocked):
        board_of(PROGRAM, '<input type="password">')


def test_a_part_may_be_read_without_knowing_the_race() -> None:
    assert [runner.entry.horse for runner in parse_summary(page(PROGRAM))] == list(HORSES.values())
    assert parse_summary(page(PROGRAM))[0].open
