"""The parts of TVG's rendered page. Each function takes a page or a selector of the part, so that it reads a saved part, too."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from parsel import Selector, SelectorList
from scrapy.http import HtmlResponse

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import Entry, Finisher, PairGrid, Payoff, Pool, RaceType
from horses_scrapy.program_number import PROGRAM_NUMBER, interest_of
from horses_scrapy.sources.html_page import cents, text, the_text
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.sources.tvg_result import check_order

Page = HtmlResponse | Selector
PROBABLES = PairForm("exacta", base=100, first="column")
"""For a dollar: the shares 1/pay-out add up to about 1/(1 - takeout)."""
RESULT_BASE = 200
"""For two dollars: the recorded winner at 1-2 paid 3.10."""
STRAIGHT: tuple[Literal["win", "place", "show"], ...] = ("win", "place", "show")

_RUNNER = "tr[qa-label^='program-page-runner']"
_ROUTE = re.compile(r"/betslip/([^/]+)/[^/]+/(\d{1,2})\?betselections=(\d{1,2})(?:&|$)", re.ASCII)
_MONEY = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,7})(?:\.(\d{1,2}))?", re.ASCII)
_POSITION = re.compile(r"(\d{1,2})(?:st|nd|rd|th):?", re.ASCII)
_TYPES: dict[str, RaceType] = {"Thoroughbred": "gallops", "Harness": "harness"}


@dataclass(frozen=True, slots=True)
class Runner:
    """A line of the program. `open`: whether the page takes bets on it."""

    entry: Entry
    quote: odds.Quote
    open: bool


def parse_summary(page: Page, asked: tuple[str, int] | None = None) -> tuple[Runner, ...]:
    """The runners with odds and morning line. `asked`: code of the track and number of the race that it must be of."""
    rows = page.css(_RUNNER)
    runners = tuple(_runner(row, asked) for row in rows)
    numbers = [runner.entry.program_number for runner in runners]
    if not numbers or len(set(numbers)) != len(numbers):
        raise ParseError(f"program: runners {numbers}, each is expected once")
    return runners


def _runner(row: Selector, asked: tuple[str, int] | None) -> Runner:
    number = the_text(row, "[qa-label=horse-number] .horse-number-label", "program")
    where = f"program: number {number[:10]!r}"
    if PROGRAM_NUMBER.fullmatch(number) is None:
        raise ParseError(f"{where}: a program number such as 1A is due")
    _check_route(row, interest_of(number), asked, where)
    out = row.attrib["qa-label"] == "program-page-runner-scratched"
    morning_line = _one_or_none(row, "[qa-label=runner-odds] .race-morning-odds", where)
    entry = Entry(
        program_number=number,
        label=interest_of(number),
        horse=the_text(row, "[qa-label=horse-name]", where),
        status="scratched" if out else "active",
        jockey=_one_or_none(row, "[qa-label=jockey-name]", where) or None,
        trainer=_one_or_none(row, "[qa-label=trainer-name]", where) or None,
        morning_line=_quote(morning_line, where).price,
    )
    shown = _quote(_one_or_none(row, "[qa-label=runner-odds] .race-current-odds", where), where)
    open_for_betting = "open-betslip" in row.attrib.get("class", "").split()
    return Runner(entry, odds.SCRATCHED if out else shown, open_for_betting)


def _check_route(row: Selector, label: str, asked: tuple[str, int] | None, where: str) -> None:
    """The row's own link says of which track, race and interest it is."""
    route = _ROUTE.match(row.attrib.get("window-route", ""))
    if route is None:
        raise ParseError(f"{where}: no window-route such as /betslip/GP/Day/7?betselections=1")
    if asked is not None and (route[1], int(route[2])) != asked:
        raise ParseError(f"{where}: race {route[2]} of {route[1]}, race {asked[1]} of {asked[0]} was asked for")
    if route[3] != label:
        raise ParseError(f"{where}: its link bets on {route[3]}")


def _one_or_none(row: Selector, css: str, where: str) -> str | None:
    return the_text(row, css, where) if row.css(css) else None


def _quote(shown: str | None, where: str) -> odds.Quote:
    try:
        return odds.parse_board(shown or "")
    except UnknownOdds as error:
        raise ParseError(f"{where}: {error}") from error


def parse_pools(page: Page, runners: tuple[Runner, ...], currency: str) -> tuple[Pool, ...]:
    """Totals, and what lies on each interest; they must add up. Empty where the page shows no pools."""
    rows = page.css("runner-amounts[ng-repeat^='pool in race.poolsPerBI']")
    totals = _pool_totals(page)
    if not rows and not totals:
        return ()
    _same_horses(rows, "runners.bettingInterestNumber", "runners.runnerName", runners, "pools")
    found: list[Pool] = []
    for bet_type in STRAIGHT:
        amounts = {
            the_text(row, "[ng-bind='runners.bettingInterestNumber']", "pools"): cents(
                the_text(row, f"[ng-bind='runners.{bet_type}Payoff']", f"pools: {bet_type}"), f"pools: {bet_type}"
            )
            for row in rows
            if row.css(f"[ng-bind='runners.{bet_type}Payoff']")
        }
        if abs(sum(amounts.values()) - totals.get(bet_type, 0)) > 100 * len(amounts):
            raise ParseError(f"pools: {bet_type} adds up to {sum(amounts.values())} cents of {totals.get(bet_type)}")
        if bet_type in totals:
            found.append(Pool(bet_type=bet_type, amount=totals[bet_type], currency=currency))
        found += [
            Pool(bet_type=bet_type, amount=amount, currency=currency, label=label) for label, amount in amounts.items()
        ]
    return tuple(found)


def _pool_totals(page: Page) -> dict[str, int]:
    names = [text(cell).lower() for cell in page.css(".totals .total-names")]
    amounts = [text(cell) for cell in page.css(".totals .total-amounts")]
    if len(names) != len(amounts):
        raise ParseError(f"pools: {len(amounts)} totals under {len(names)} names")
    named = [(name, amount) for name, amount in zip(names, amounts, strict=True) if name]
    if [name for name, _ in named] not in ([], list(STRAIGHT)):
        raise ParseError(f"pools: the columns are {[name for name, _ in named]}, {list(STRAIGHT)} are due")
    return {name: cents(amount, f"pools: {name}") for name, amount in named if amount}


def _same_horses(rows: SelectorList[Selector], number: str, name: str, runners: tuple[Runner, ...], where: str) -> None:
    """Each row names a horse, too, and it must be one that the program has under that number."""
    for row in rows:
        shown = (the_text(row, f"[ng-bind^='{number}']", where), the_text(row, f"[ng-bind='{name}']", where))
        known = {
            (own, runner.entry.horse) for runner in runners for own in (runner.entry.program_number, runner.entry.label)
        }
        if shown not in known:
            raise ParseError(f"{where}: {shown[0][:10]} is {shown[1][:40]!r}, the program has it otherwise")


def parse_probables(page: Page, runners: tuple[Runner, ...], currency: str, fetched_at: datetime) -> PairGrid | None:
    """The exacta matrix; None where the page shows none. Pairs with a scratched interest are left out, whatever is printed."""
    table = page.css(".probables-table")
    if not table:
        return None
    labels = [
        text(cell) for cell in table.css("[ng-repeat^='headerNumber in data.selectedProbable.colOrderedHeaders']")
    ]
    expected = list(dict.fromkeys(runner.entry.label for runner in runners))
    if labels != expected:
        raise ParseError(f"probables: columns {labels}, the program has {expected}")
    lines = table.css("[ng-repeat^='rows in data.selectedProbable.betCombos']")
    if len(lines) != len(labels):
        raise ParseError(f"probables: {len(lines)} rows under {len(labels)} columns")
    running = {runner.entry.label for runner in runners if runner.entry.status == "active"}
    cells: dict[tuple[str, str], int | None] = {}
    for row_label, line in zip(labels, lines, strict=True):
        shown = [text(cell) for cell in line.css("[ng-bind='betCombo.payout']")]
        if len(shown) != len(labels):
            raise ParseError(f"probables: row {row_label} has {len(shown)} cells under {len(labels)} columns")
        for label, payout in zip(labels, shown, strict=True):
            if {row_label, label} <= running:
                cells[row_label, label] = _payout(payout, f"probables: row {row_label}, column {label}")
    return pair_grid(PROBABLES, cells, currency=currency, fetched_at=fetched_at, where="probables")


def _payout(shown: str, where: str) -> int | None:
    if shown == "-":
        return None
    match = _MONEY.fullmatch(shown)
    if match is None:
        raise ParseError(f"{where}: {shown[:20]!r} where a pay-out such as 62 is due")
    return int(match[1].replace(",", "")) * 100 + int((match[2] or "0").ljust(2, "0")) or None


def parse_results(
    page: Page, runners: tuple[Runner, ...], currency: str
) -> tuple[tuple[Finisher, ...], tuple[Payoff, ...]]:
    """The order of finish and what win, place and show paid; both empty before the race."""
    rows = page.css("tr[ng-repeat^='runner in raceResultsCtrl.raceResults.runners']")
    _same_horses(rows, "runner.runnerNumber", "runner.runnerName", runners, "results")
    finishers: list[Finisher] = []
    payoffs: list[Payoff] = []
    for row in rows:
        number = the_text(row, "[ng-bind^='runner.runnerNumber']", "results")
        where = f"results: number {number}"
        finishers.append(Finisher(position=_position(row, where), program_number=number))
        for bet_type in STRAIGHT:
            paid = the_text(row, f"[ng-bind*='runner.{bet_type}Payoff']", where)
            if paid:
                payoffs.append(
                    Payoff(
                        bet_type=bet_type,
                        combination=number,
                        base=RESULT_BASE,
                        payout=cents(paid, where),
                        currency=currency,
                    )
                )
    check_order(finishers, "results")
    return tuple(finishers), tuple(payoffs)


def _position(row: Selector, where: str) -> int:
    shown = the_text(row, "[ng-bind^='runner.finishPosition']", where)
    match = _POSITION.fullmatch(shown)
    if match is None:
        raise ParseError(f"{where}: {shown[:20]!r} where a position such as 1st: is due")
    return int(match[1])


def parse_details(page: Page) -> RaceType | None:
    """Gallops or harness, from the race's header; None where the page has none."""
    if not page.css("[ng-bind='data.raceType.Name']"):
        return None
    shown = the_text(page, "[ng-bind='data.raceType.Name']", "details")
    if shown not in _TYPES:
        raise ParseError(f"details: {shown[:20]!r} where one of {', '.join(_TYPES)} is due")
    return _TYPES[shown]
