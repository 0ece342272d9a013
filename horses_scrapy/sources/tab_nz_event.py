"""One race of TAB New Zealand: card, board, result."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scrapy.http import Response

from horses_scrapy import clock, odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import (
    OUT,
    AnyItem,
    BetType,
    Entry,
    EntryStatus,
    Finisher,
    Market,
    OddsItem,
    PairGrid,
    Payoff,
    Pool,
    Price,
    RaceItem,
    ResultItem,
)
from horses_scrapy.sources.json_body import Json, read_json
from horses_scrapy.sources.tab_nz_names import CURRENCY, SOURCE, STATUSES, UNIT, day, is_track, number
from horses_scrapy.sources.tab_nz_quinella import parse_quinella
from horses_scrapy.track_spider import Visit

MARKETS: dict[str, Market] = {"pool_win": "win_tote", "fixed_win": "win_fixed", "pool_place": "place_low"}
POOLS: dict[str, BetType] = {
    "Win": "win", "Place": "place", "Quinella": "quinella", "Trifecta": "trifecta", "FirstFour": "superfecta",
}  # fmt: skip
"""Pools of one race; doubles, trebles and quadrellas are not of one race and are left out."""
DIVIDENDS: dict[str, BetType] = {
    "Pool Win": "win", "Pool Place": "place", "Pool Quinella": "quinella", "Pool Trifecta": "trifecta",
    "Pool First4": "superfecta",
}  # fmt: skip


def parse_event(response: Response, visit: Visit, race: RaceItem) -> Iterator[AnyItem]:
    """One race whole: its card, its board, and how it ended. `race` is what the card said; another race is a ParseError."""
    document = read_json(response)
    data = document["data"]
    status = data["race"]["status"].one_of(STATUSES)
    post_time = _identified(data["race"], visit, race)
    runners = data.list_of("runners")
    if not runners:
        raise ParseError("data.runners: no runner")
    common: dict[str, Any] = {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": race.race_number,
        "source": SOURCE,
        "url": response.url,
        "fetched_at": visit.fetched_at,
        "status": status,
    }
    yield RaceItem(
        **common,
        source_key=race.source_key,
        post_time=post_time,
        name=data["race"].optional_text("description"),
        entries=tuple(_entry(runner) for runner in runners),
    )
    yield OddsItem(
        **common,
        prices=tuple(price for runner in runners for price in _prices(runner)),
        pools=_pools(data),
        grids=_grids(data, [number(runner) for runner in runners], visit.fetched_at),
        source_time=document["header"]["generated_time"].iso_instant(),
    )
    if status in {"unofficial", "official"}:
        finishers = _finishers(data, {number(runner) for runner in runners})
        if finishers:
            yield ResultItem(**common, finishers=finishers, payoffs=_payoffs(data))


def _identified(race: Json, visit: Visit, expected: RaceItem) -> datetime:
    """The post time of the race that was asked for."""
    _same(race["event_id"], race["event_id"].text(), expected.source_key)
    _same(race["race_number"], race["race_number"].whole(), expected.race_number)
    names = [race["meeting_name"].text(), race.optional_text("display_meeting_name") or ""]
    if not any(is_track(name, visit.track.source_key) for name in names):
        raise ParseError(f"{race.path}.meeting_name: {visit.track.source_key} was asked for, not {names[0]}")
    post_time = clock.from_ms(race["advertised_start"].whole() * 1000)
    text = race.get("advertised_start_string")
    if text is not None:
        _same(text, _utc(text), post_time)
    nz_date = race.get("race_date_nz")
    local = post_time.astimezone(ZoneInfo(visit.track.timezone)).date()
    _same(nz_date or race["advertised_start"], day(nz_date) if nz_date is not None else local, visit.race_date)
    return post_time


def _same(node: Json, found: object, expected: object) -> None:
    if found != expected:
        raise ParseError(f"{node.path}: {expected} was asked for, not {found}")


def _utc(node: Json) -> datetime:
    try:
        return datetime.strptime(node.text(), "%Y-%m-%d %H:%M:%S +0000 UTC").replace(tzinfo=UTC)
    except ValueError as error:
        raise ParseError(f"{node.path}: {error}") from error


def _entry(runner: Json) -> Entry:
    label = str(number(runner))
    since = runner.get("scratch_time")
    horse_key = runner.get("horse_id")
    barrier = runner.get("barrier")
    status = _entry_status(runner)
    return Entry(
        program_number=label,
        label=label,
        horse=runner["name"].text(),
        status=status,
        jockey=runner.optional_text("jockey"),
        trainer=runner.optional_text("trainer_name"),
        post_position=str(barrier.whole()) if barrier is not None and barrier.whole() else None,
        horse_country=runner.optional_text("country"),
        horse_key=str(horse_key.whole()) if horse_key is not None and horse_key.whole() else None,
        scratched_at=clock.from_ms(since.whole() * 1000) if since is not None and since.whole() else None,
    )


def _entry_status(runner: Json) -> EntryStatus:
    scratched = runner["is_scratched"].truth()
    if runner.flag("is_late_scratched"):
        return "late_scratch"
    if scratched:
        return "scratched"
    return "ae" if runner.flag("is_emergency") else "active"


def _prices(runner: Json) -> Iterator[Price]:
    """Status first: a scratched runner keeps its last odds in this API, and they are no price."""
    label = str(number(runner))
    out = _entry_status(runner) in OUT
    offered = None if out else runner["odds"]
    for field, market in MARKETS.items():
        quoted = offered.get(field) if offered is not None else None
        quote = odds.SCRATCHED if out else odds.NOT_QUOTED if quoted is None else quoted.quote()
        yield Price(label=label, market=market, price=quote.price, status=quote.status)


def _pools(data: Json) -> tuple[Pool, ...]:
    known = [(POOLS.get(pool["product_type"].text()), pool) for pool in data.list_of("tote_pools")]
    return tuple(
        Pool(bet_type=bet_type, amount=pool["total"].cents(), currency=CURRENCY)
        for bet_type, pool in known
        if bet_type is not None
    )


def _grids(data: Json, numbers: list[int], fetched_at: datetime) -> tuple[PairGrid, ...]:
    for pool in data.list_of("tote_pools"):
        rows = pool.list_of("qla_odds")
        if pool["product_type"].text() == "Quinella" and rows:
            prices = parse_quinella(rows, sorted(numbers))
            return (PairGrid(bet_type="quinella", base=UNIT, currency=CURRENCY, fetched_at=fetched_at, prices=prices),)
    return ()


def _finishers(data: Json, numbers: set[int]) -> tuple[Finisher, ...]:
    """The order of finish; a horse without a position did not finish."""
    finishers = []
    for result in data.list_of("results"):
        runner, position = number(result), result["position"].whole()
        if runner not in numbers:
            raise ParseError(f"{result.path}.runner_number: {runner} is no runner of this race")
        if position > 0:
            finishers.append(Finisher(position=position, program_number=str(runner)))
    return tuple(sorted(finishers, key=lambda finisher: finisher.position))


def _payoffs(data: Json) -> tuple[Payoff, ...]:
    """Declared dividends for 1 dollar. Each comes twice, Interim and Final, and only Final is paid."""
    payoffs = []
    for dividend in data.list_of("dividends"):
        bet_type = DIVIDENDS.get(dividend["product_name"].text())
        if bet_type is not None and dividend["status"].text() == "Final":
            combination = _combination(dividend, ordered=bet_type != "quinella")
            payout = dividend["dividend"].cents()
            payoffs.append(
                Payoff(bet_type=bet_type, combination=combination, base=UNIT, payout=payout, currency=CURRENCY)
            )
    return tuple(payoffs)


def _combination(dividend: Json, *, ordered: bool) -> str:
    places = [(position["position"].whole(), number(position)) for position in dividend["positions"].elements()]
    numbers = [runner for _, runner in sorted(places)] if ordered else sorted(runner for _, runner in places)
    if not numbers:
        raise ParseError(f"{dividend.path}.positions: no runner")
    return "-".join(map(str, numbers))
