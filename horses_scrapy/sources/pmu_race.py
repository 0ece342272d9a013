"""One race of PMU: its runners with their direct odds, its definitive pay-outs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import Entry, EntryStatus, OddsItem, Payoff, Price, RaceItem, ResultItem
from horses_scrapy.sources.json_body import Json, read_json
from horses_scrapy.sources.pmu_names import CURRENCY, ENTRY_STATUSES, PAYOFFS, SOURCE, UNIT, UNORDERED, WIN_BETS
from horses_scrapy.sources.pmu_programme import Course
from horses_scrapy.track_spider import Visit

_SILKS = re.compile(r"/(\d{8})/R(\d{1,2})/C(\d{1,2})/", re.ASCII)


def parse_participants(response: Response, visit: Visit, course: Course) -> tuple[RaceItem, OddsItem]:
    """The race with its entries, and its board.

    The answer does not say which race it is of. What it does tell is checked: the silks' addresses name day, meeting and
    race, and another one is a ParseError; runners that do not add up to the programme's count flag the board.
    """
    runners = read_json(response)["participants"].elements()
    if not runners:
        raise ParseError("participants: no runner")
    for runner in runners:
        _check_silks(runner, visit, course)
    race = course.race
    board = OddsItem(
        track=race.track,
        race_date=race.race_date,
        race_number=race.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status=race.status,
        prices=tuple(_price(runner) for runner in runners),
        source_time=_source_time(runners),
        flags=frozenset() if _adds_up(runners, course.declared) else frozenset({"runner_count"}),
    )
    return replace(race, fetched_at=visit.fetched_at, entries=tuple(_entry(runner) for runner in runners)), board


def _check_silks(runner: Json, visit: Visit, course: Course) -> None:
    silks = _SILKS.search(runner.optional_text("urlCasaque") or "")
    expected = f"{visit.race_date:%d%m%Y}/{course.race.source_key}"
    if silks is not None and f"{silks[1]}/R{silks[2]}/C{silks[3]}" != expected:
        raise ParseError(f"{runner.path}.urlCasaque: {expected} was asked for, not {silks[0]}")


def _adds_up(runners: list[Json], declared: int) -> bool:
    """Whether the programme counts withdrawn horses is not documented: any number from the runners to all is taken."""
    running = sum(_entry_status(runner) == "active" for runner in runners)
    return running <= declared <= len(runners)


def _entry_status(runner: Json) -> EntryStatus:
    return runner["statut"].one_of(ENTRY_STATUSES)


def _entry(runner: Json) -> Entry:
    number = str(runner["numPmu"].whole())
    reference = _report(runner, "dernierRapportReference", "REFERENCE")
    stall = runner.get("placeCorde")
    return Entry(
        program_number=number,
        label=number,
        horse=runner["nom"].text(),
        status=_entry_status(runner),
        jockey=runner.optional_text("driver"),
        trainer=runner.optional_text("entraineur"),
        morning_line=reference["rapport"].quote().price if reference is not None else None,
        post_position=str(stall.whole()) if stall is not None else None,
        horse_country=runner.optional_text("pays"),
        horse_key=runner.optional_text("idCheval"),
    )


def _price(runner: Json) -> Price:
    """Status first: a withdrawn horse has no price, whatever the answer still carries."""
    direct = _report(runner, "dernierRapportDirect", "DIRECT")
    quote = odds.NOT_QUOTED if direct is None else direct["rapport"].quote()
    if _entry_status(runner) == "scratched":
        quote = odds.SCRATCHED
    return Price(label=str(runner["numPmu"].whole()), market="win_tote", price=quote.price, status=quote.status)


def _report(runner: Json, field: str, kind: str) -> Json | None:
    """A price of the runner, if it is the win bet's, of that kind and of that runner: the answer says so inside, too."""
    report = runner.get(field)
    if report is None:
        return None
    bet, own = report["typePari"].text(), runner["numPmu"].whole()
    if bet not in WIN_BETS:
        raise ParseError(f"{report.path}.typePari: a win bet is expected, not {bet}")
    for name, expected in (("typeRapport", kind), ("numPmu1", own)):
        found = report.get(name)
        if found is not None and found.value != expected:
            raise ParseError(f"{found.path}: {expected} is expected, not {found.value}")
    return report


def _source_time(runners: list[Json]) -> datetime | None:
    """When the tote calculated: one instant for all runners of a refresh, the last of them where a refresh was partial."""
    directs = [direct for runner in runners if (direct := runner.get("dernierRapportDirect")) is not None]
    return max((direct["dateRapport"].instant() for direct in directs), default=None)


def parse_payoffs(response: Response, visit: Visit, course: Course) -> ResultItem:
    """The definitive result: the programme's order of finish, the pay-outs for 1 euro."""
    bets = read_json(response).elements()
    payoffs = tuple(payoff for bet in bets for payoff in _payoffs(bet))
    return result(course, response.url, visit.fetched_at, payoffs)


def _payoffs(bet: Json) -> Iterator[Payoff]:
    """A combination with NP pays on a horse that did not run, and what nobody holds pays 0: neither is a pay-out."""
    bet_type = PAYOFFS.get(bet["typePari"].text())
    for line in bet.list_of("rapports") if bet_type is not None else ():
        numbers = line["combinaison"].text().split("-")
        payout = line["dividendePourUnEuro"].whole()
        if bet_type is None or payout == 0 or "NP" in numbers:
            continue
        if not all(number.isdecimal() for number in numbers):
            raise ParseError(f"{line.path}.combinaison: program numbers are expected, not {'-'.join(numbers)}")
        ordered = sorted(numbers, key=int) if bet_type in UNORDERED else numbers
        yield Payoff(bet_type=bet_type, combination="-".join(ordered), base=UNIT, payout=payout, currency=CURRENCY)


def result(course: Course, url: str, fetched_at: datetime, payoffs: tuple[Payoff, ...] = ()) -> ResultItem:
    race = course.race
    return ResultItem(
        track=race.track,
        race_date=race.race_date,
        race_number=race.race_number,
        source=SOURCE,
        url=url,
        fetched_at=fetched_at,
        status="official" if race.status == "official" else "unofficial",
        finishers=course.finishers,
        payoffs=payoffs,
    )
