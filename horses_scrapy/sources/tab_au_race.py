"""One race of TAB Australia: card, board, result."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import OUT, Entry, EntryStatus, Market, OddsItem, Pool, Price, RaceItem, ResultItem
from horses_scrapy.sources.json_body import Json, read_json, same
from horses_scrapy.sources.tab_au_names import (
    CURRENCY,
    POOLS,
    SOURCE,
    STATUSES,
    is_track,
    meeting_day,
    race_key,
)
from horses_scrapy.sources.tab_au_result import finishers, payoffs
from horses_scrapy.track_spider import Visit

SCRATCHED: dict[str, EntryStatus] = {"Scratched": "scratched", "LateScratched": "late_scratch"}
TOTE_WORDS: dict[str, bool] = {"Open": True, "Closed": True, **dict.fromkeys(SCRATCHED, False)}
"""`parimutuel.bettingStatus`: whether the runner's price is one. A closed pool still shows what it pays."""
FIXED_WORDS: dict[str, bool] = {
    "Open": True,
    **dict.fromkeys(("Closed", "Suspended", "Winner", "Placed", "Loser"), False),
    **dict.fromkeys(SCRATCHED, False),
}
"""`fixedOdds.bettingStatus`: a price that nobody can take any more is none, whatever is still printed."""


@dataclass(frozen=True, slots=True)
class RaceSheet:
    """What one answer says of a race. fault: pay-outs that could not be read; they cost neither order nor board."""

    race: RaceItem
    board: OddsItem
    result: ResultItem | None
    fault: ParseError | None


def parse_race(response: Response, visit: Visit, race: RaceItem) -> RaceSheet:
    """`race` is what the card said; another race is a ParseError."""
    document = read_json(response)
    _identified(document, visit, race)
    runners = document["runners"].elements()
    entries = _entries(runners)
    common: dict[str, Any] = {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": race.race_number,
        "source": SOURCE,
        "url": response.url,
        "fetched_at": visit.fetched_at,
        "status": document["raceStatus"].one_of(STATUSES),
    }
    board = OddsItem(
        **common,
        prices=tuple(price for pair in zip(runners, entries, strict=True) for price in _prices(*pair)),
        pools=_pools(document),
        source_time=_instant(document, "oddsUpdateTime"),
    )
    card = RaceItem(
        **common,
        source_key=race.source_key,
        post_time=document["raceStartTime"].iso_instant(),
        name=document.optional_text("raceName"),
        entries=entries,
        race_type=race.race_type,
    )
    result, fault = _result(document, entries, common)
    return RaceSheet(card, board, result, fault)


def _identified(document: Json, visit: Visit, expected: RaceItem) -> None:
    meeting = document["meeting"]
    same(meeting, race_key(meeting, document["raceNumber"]), expected.source_key)
    same(meeting["meetingDate"], meeting_day(meeting), visit.race_date)
    if not is_track(meeting, visit.track.source_key):
        same(meeting["meetingName"], meeting["meetingName"].text(), visit.track.source_key)


def _instant(node: Json, field: str) -> datetime | None:
    found = node.get(field)
    return found.iso_instant() if found is not None else None


def _entries(runners: list[Json]) -> tuple[Entry, ...]:
    entries = tuple(_entry(runner) for runner in runners)
    if not entries:
        raise ParseError("runners: no runner")
    if len({entry.label for entry in entries}) != len(entries):
        raise ParseError("runners: a number that two runners bear")
    return entries


def _entry(runner: Json) -> Entry:
    label = str(runner["runnerNumber"].whole())
    _form_is_of(runner, label)
    fixed, barrier = runner.get("fixedOdds"), runner.get("barrierNumber")
    rider = runner.optional_text("riderDriverFullName")
    return Entry(
        program_number=label,
        label=label,
        horse=runner["runnerName"].text(),
        status=_entry_status(runner),
        jockey=rider if rider != "NOT NOTIFIED" else None,
        trainer=runner.optional_text("trainerFullName"),
        post_position=str(barrier.whole()) if barrier is not None and barrier.whole() else None,
        scratched_at=_instant(fixed, "scratchedTime") if fixed is not None else None,
    )


def _form_is_of(runner: Json, label: str) -> None:
    """The address of a runner's form ends with its number: a second say in whose row this is."""
    links = runner.get("_links")
    form = links.optional_text("form") if links is not None else None
    if form is not None and not form.partition("?")[0].endswith(f"/form/{label}"):
        raise ParseError(f"{runner.path}._links.form: {form[-60:]} is not that of runner {label}")


def _entry_status(runner: Json) -> EntryStatus:
    """There is no field for it: tote and bookmaker each have a word, and one of them is enough."""
    fixed = runner.get("fixedOdds")
    tote_word = runner["parimutuel"]["bettingStatus"]
    fixed_word = fixed["bettingStatus"] if fixed is not None else None
    tote_word.one_of(TOTE_WORDS)
    words = {tote_word.text()}
    if fixed_word is not None:
        fixed_word.one_of(FIXED_WORDS)
        words.add(fixed_word.text())
    for word in ("LateScratched", "Scratched"):
        if word in words:
            return SCRATCHED[word]
    return "ae" if runner.flag("emergency") else "active"


def _prices(runner: Json, entry: Entry) -> Iterator[Price]:
    """Status first: a late scratching keeps the bookmaker's last price in this API."""
    tote, fixed = runner["parimutuel"], runner.get("fixedOdds")
    quotes: dict[Market, odds.Quote] = {
        "win_tote": tote["returnWin"].quote(),
        "win_fixed": _fixed(fixed) if fixed is not None else odds.NOT_QUOTED,
        "place_low": place.quote() if (place := tote.get("returnPlace")) is not None else odds.NOT_QUOTED,
    }
    for market, quote in quotes.items():
        found = odds.SCRATCHED if entry.status in OUT else quote
        yield Price(label=entry.label, market=market, price=found.price, status=found.status)


def _fixed(fixed: Json) -> odds.Quote:
    price = fixed.get("returnWin")
    offered = fixed["bettingStatus"].one_of(FIXED_WORDS)
    return price.quote() if price is not None and offered else odds.NOT_QUOTED


def _pools(document: Json) -> tuple[Pool, ...]:
    known = [(POOLS.get(pool["wageringProduct"].text()), pool) for pool in document.list_of("pools")]
    return tuple(
        Pool(bet_type=bet_type, amount=pool["poolTotal"].cents(), currency=CURRENCY)
        for bet_type, pool in known
        if bet_type is not None
    )


def _result(
    document: Json, entries: tuple[Entry, ...], common: dict[str, Any]
) -> tuple[ResultItem | None, ParseError | None]:
    if common["status"] not in {"unofficial", "official"}:
        return None, None
    ran = frozenset(entry.program_number for entry in entries if entry.status not in OUT)
    order = finishers(document, ran)
    if not order:
        return None, None
    try:
        paid = payoffs(document, ran) if common["status"] == "official" else ()
    except ParseError as fault:
        return ResultItem(**common, finishers=order), fault
    return ResultItem(**common, finishers=order, payoffs=paid), None
