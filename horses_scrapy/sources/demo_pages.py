"""From the synthetic tote's pages to items. Pure: the same in a crawl, in a test and in `scrapy shell`.

Columns are found by their header, never by place; every page says whose it is, and is refused when that is not what
was asked for.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, cast, get_args

from scrapy.http import HtmlResponse, Response

from horses_scrapy import odds
from horses_scrapy.config import Track
from horses_scrapy.errors import NoCard, ParseError, UnknownOdds
from horses_scrapy.items import (
    RACE_STATUSES,
    SURFACES,
    BetType,
    Entry,
    EntryStatus,
    Finisher,
    OddsItem,
    PairGrid,
    PairPrice,
    Payoff,
    Pool,
    Price,
    RaceItem,
    RaceStatus,
    ResultItem,
    Source,
    Surface,
)
from horses_scrapy.program_number import PROGRAM_NUMBER, interest_of
from horses_scrapy.sources.html_page import (
    Row,
    cents,
    counted,
    html,
    instant,
    once,
    rows,
    text,
    the,
    the_datetime,
    the_text,
    whole,
)
from horses_scrapy.track_spider import Visit

SOURCE = Source("demo", "board", "display")
AXES = "1st \\ 2nd"
"""The corner of an exacta grid says which way round it is."""
STRAIGHT: tuple[BetType, ...] = ("win", "place", "show")

_STATUSES = {status.capitalize(): status for status in RACE_STATUSES}
_SURFACES = {surface.capitalize(): surface for surface in SURFACES}
_ENTRY_STATUSES: dict[str, EntryStatus] = {"": "active", "SCR": "scratched", "AE": "ae", "MTO": "mto"}
_MINUTES = re.compile(r"(\d{1,3}) MTP", re.ASCII)
_PAYOUT = re.compile(r"(\d{1,6})\.(\d\d)", re.ASCII)
_BORN = re.compile(r"\(([A-Z]{2,3})\)$")


def race_url(track: Track, race_date: date, number: int, page: str) -> str:
    return f"{track.base_url}/race/{race_date.isoformat()}/{number}/{page}"


def parse_card(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """The day's races without their entries. Raises NoCard where the track does not race."""
    page = page_of(response, visit)
    if page.css(".no-racing"):
        raise NoCard(f"{response.url}: {the_text(page, '.no-racing', response.url)}")
    where = f"{response.url}: card"
    table = the(page, "table.card", where)
    lines = list(rows(table, ("Race", "Conditions", "Post time", "Status", "Surface"), where))
    counted(table, len(lines), "races", where)
    for line in lines:
        number = whole(text(line["Race"]), where)
        at = f"{where}: race {number}"
        yield RaceItem(
            **_race_key(visit, number),
            source_key=f"{visit.track.source_key}/{visit.race_date.isoformat()}/{number}",
            post_time=instant(the_datetime(line["Post time"], "time", at), at),
            status=_status(text(line["Status"]), at),
            name=text(line["Conditions"]),
            surface=_surface(text(line["Surface"]), at),
        )


def parse_entries(response: Response, visit: Visit, race: RaceItem) -> RaceItem:
    """The race with its entries, as its own page has it now."""
    page = page_of(response, visit, race.race_number)
    where = f"{response.url}: entries"
    table = the(page, "table.entries", where)
    columns = ("No.", "Post", "Horse", "Jockey", "Trainer", "M/L", "Status")
    entries = tuple(_entry(line, where) for line in rows(table, columns, where))
    counted(table, len(entries), "entries", where)
    once([entry.program_number for entry in entries], where)
    return replace(
        race,
        fetched_at=visit.fetched_at,
        post_time=instant(the_datetime(page, "time.post-time", where), where),
        status=_status(the_text(page, ".status", where), where),
        surface=_surface(the_text(page, ".surface", where), where),
        entries=entries,
    )


def parse_odds(response: Response, visit: Visit, race: RaceItem) -> OddsItem:
    """The board without pair prices. `race` is the race with its entries: the board must show its interests, no others."""
    page = page_of(response, visit, race.race_number)
    where = f"{response.url}: odds"
    columns = ("No.", "Horse", "Odds", *(pool.capitalize() for pool in STRAIGHT))
    lines = list(rows(the(page, "table.odds", where), columns, where))
    board = {text(line["No."]): line for line in lines}
    if len(board) != len(lines) or board.keys() != set(labels(race)):
        raise ParseError(f"{where}: {len(lines)} interests {list(board)}, the entries have {labels(race)}")
    _same_horses(board, race, where)
    as_of = the_datetime(page, "time.as-of", where) if page.css("time.as-of") else None
    mtp = the_text(page, ".mtp", where)
    return OddsItem(
        **_race_key(visit, race.race_number),
        status=_status(the_text(page, ".status", where), where),
        prices=tuple(_price(label, line, where) for label, line in board.items()),
        pools=tuple(_pools(page, board, visit.track.currency, where)),
        source_time=None if as_of is None else instant(as_of, where),
        minutes_to_post=_minutes_to_post(mtp, where),
        mtp_text=mtp,
    )


def parse_exacta(response: Response, visit: Visit, race: RaceItem) -> PairGrid:
    """Probables of every pair that has money. The grid must hold each interest of `race` that the page calls running."""
    page = page_of(response, visit, race.race_number)
    where = f"{response.url}: exacta"
    table = the(page, "table.exacta", where)
    out = the_text(page, ".scratched", where)
    running = [label for label in labels(race) if label not in out.split(", ")]
    lines = list(rows(table, (AXES, *running), where))
    grid = {text(line.pop(AXES)): line for line in lines}
    if len(lines) != len(running) or grid.keys() != set(running) or any(len(line) != len(running) for line in lines):
        raise ParseError(f"{where}: {len(lines)} rows {list(grid)}, the interests running are {running}")
    return PairGrid(
        bet_type="exacta",
        base=cents(the_text(page, ".base", where), where),
        currency=visit.track.currency,
        fetched_at=visit.fetched_at,
        prices=tuple(price for first, line in grid.items() for price in _pair_prices(first, line, where)),
    )


def parse_results(response: Response, visit: Visit, race: RaceItem) -> ResultItem:
    """The order of finish; pay-offs once it is official."""
    page = page_of(response, visit, race.race_number)
    where = f"{response.url}: results"
    status = _status(the_text(page, ".status", where), where)
    if status != "unofficial" and status != "official":  # noqa: PLR1714 (the form by which the type narrows)
        raise ParseError(f"{where}: the race is {status}, a result is due")
    finishers = tuple(
        Finisher(position=whole(text(line["Position"]), where), program_number=text(line["No."]))
        for line in rows(the(page, "table.finish", where), ("Position", "No."), where)
    )
    unknown = {runner.program_number for runner in finishers} - {entry.program_number for entry in race.entries}
    if unknown or not finishers:
        raise ParseError(f"{where}: {len(finishers)} finishers, of whom {sorted(unknown)} are not among the entries")
    return ResultItem(
        **_race_key(visit, race.race_number),
        status=status,
        finishers=finishers,
        payoffs=tuple(_payoffs(page, visit.track.currency, where)) if status == "official" else (),
    )


def page_of(response: Response, visit: Visit, number: int | None = None) -> HtmlResponse:
    """The page, if it is of this track, this date and this race."""
    page = html(response)
    where = response.url
    shown = (the_text(page, ".track-code", where), the_datetime(page, "time.race-date", where))
    asked = (visit.track.source_key, visit.race_date.isoformat())
    if shown != asked:
        raise ParseError(f"{where}: a page of {' '.join(shown)}, {' '.join(asked)} was asked for")
    if number is not None and whole(the_text(page, ".race-number", where), where) != number:
        raise ParseError(f"{where}: a page of another race than {number}")
    return page


def _race_key(visit: Visit, number: int) -> dict[str, Any]:
    return {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": number,
        "source": SOURCE,
        "url": race_url(visit.track, visit.race_date, number, "odds"),
        "fetched_at": visit.fetched_at,
    }


def labels(race: RaceItem) -> list[str]:
    """The race's betting interests in program order."""
    return list(dict.fromkeys(entry.label for entry in race.entries))


def _same_horses(board: dict[str, Row], race: RaceItem, where: str) -> None:
    for label, line in board.items():
        entered = " / ".join(entry.horse for entry in race.entries if entry.label == label)
        if text(line["Horse"]) != entered:
            raise ParseError(f"{where}: {text(line['Horse'])!r} is {label} on the board, {entered!r} in the entries")


def _entry(line: Row, where: str) -> Entry:
    program_number, status = text(line["No."]), text(line["Status"])
    at = f"{where}: number {program_number!r}"
    if PROGRAM_NUMBER.fullmatch(program_number) is None or status not in _ENTRY_STATUSES:
        raise ParseError(
            f"{at}, status {status!r}: a program number such as 1A and one of {list(_ENTRY_STATUSES)} are due"
        )
    horse = text(line["Horse"])
    born = _BORN.search(horse)
    return Entry(
        program_number=program_number,
        label=interest_of(program_number),
        horse=horse,
        status=_ENTRY_STATUSES[status],
        jockey=text(line["Jockey"]) or None,
        trainer=text(line["Trainer"]) or None,
        morning_line=_quote(text(line["M/L"]), at).price,
        post_position=str(whole(text(line["Post"]), at)),
        horse_country=born[1] if born else None,
    )


def _price(label: str, line: Row, where: str) -> Price:
    quote = _quote(text(line["Odds"]), f"{where}: interest {label}")
    return Price(label=label, market="win_tote", price=quote.price, status=quote.status)


def _quote(shown: str, where: str) -> odds.Quote:
    try:
        return odds.parse_board(shown)
    except UnknownOdds as error:
        raise UnknownOdds(f"{where}: {error}") from error


def _pools(page: HtmlResponse, board: dict[str, Row], currency: str, where: str) -> Iterator[Pool]:
    """Totals and amounts. An amount under the wrong header breaks its pool's sum, so it cannot pass for another."""
    lines = rows(the(page, "table.pools", where), ("Pool", "Total"), where)
    totals = {text(line["Pool"]).lower(): cents(text(line["Total"]), where) for line in lines}
    for pool in STRAIGHT:
        amounts = {label: text(line[pool.capitalize()]) for label, line in board.items()}
        known = {label: cents(shown, f"{where}: {pool} on {label}") for label, shown in amounts.items() if shown}
        if sum(known.values()) != totals.get(pool, 0) or (known and pool not in totals):
            raise ParseError(
                f"{where}: {pool} amounts add up to {sum(known.values())} cents, the pool is {totals.get(pool)}"
            )
        if known:
            yield Pool(bet_type=pool, amount=totals[pool], currency=currency)
            yield from (
                Pool(bet_type=pool, amount=amount, currency=currency, label=label) for label, amount in known.items()
            )
    if "exacta" in totals:
        yield Pool(bet_type="exacta", amount=totals["exacta"], currency=currency)


def _pair_prices(first: str, line: Row, where: str) -> Iterator[PairPrice]:
    """A row of the grid: blank against itself, and only there; a dash where nobody has bet."""
    for second, cell in line.items():
        shown = text(cell)
        if (shown == "") != (first == second):
            raise ParseError(f"{where}: {shown!r} for {first} with {second}")
        if shown not in {"", "-"}:
            yield PairPrice(first=first, second=second, payout=payout(shown, f"{where}: {first} with {second}"))


def payout(shown: str, where: str) -> int:
    match = _PAYOUT.fullmatch(shown)
    if match is None:
        raise ParseError(f"{where}: {shown[:20]!r} where a pay-out such as 27.40 is due")
    return int(match[1]) * 100 + int(match[2])


def _payoffs(page: HtmlResponse, currency: str, where: str) -> Iterator[Payoff]:
    for line in rows(the(page, "table.payoffs", where), ("Bet", "Combination", "Base", "Pays"), where):
        bet = text(line["Bet"]).lower()
        if bet not in get_args(BetType):
            raise ParseError(f"{where}: a pay-off of {bet[:20]!r}")
        paid = text(line["Combination"])
        if not all(PROGRAM_NUMBER.fullmatch(number) for number in paid.split("-")):
            raise ParseError(f"{where}: a pay-off for {paid[:20]!r}, where program numbers are expected")
        yield Payoff(
            bet_type=cast("BetType", bet),
            combination=paid,
            base=cents(text(line["Base"]), where),
            payout=cents(text(line["Pays"]), where),
            currency=currency,
        )


def _status(shown: str, where: str) -> RaceStatus:
    if shown not in _STATUSES:
        raise ParseError(f"{where}: status {shown!r} is not one of {list(_STATUSES)}")
    return _STATUSES[shown]


def _surface(shown: str, where: str) -> Surface:
    if shown not in _SURFACES:
        raise ParseError(f"{where}: surface {shown!r} is not one of {list(_SURFACES)}")
    return _SURFACES[shown]


def _minutes_to_post(shown: str, where: str) -> int | None:
    """None once the race is off."""
    if shown == "OFF":
        return None
    match = _MINUTES.fullmatch(shown)
    if match is None:
        raise ParseError(f"{where}: {shown!r} where minutes to post such as `7 MTP` or `OFF` are due")
    return int(match[1])
