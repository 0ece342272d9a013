"""How a race of ATG ended: the order of finish and what was paid."""

from collections.abc import Iterator

from scrapy.http import Response

from horses_scrapy.errors import ParseError
from horses_scrapy.items import Finisher, Payoff, RaceItem, ResultItem
from horses_scrapy.sources.atg_names import CURRENCY, PAYOFFS, SOURCE, UNIT
from horses_scrapy.sources.json_body import Json
from horses_scrapy.track_spider import Visit


def parse_result(race: Json, response: Response, visit: Visit, card: RaceItem) -> ResultItem | None:
    """None until the race is official and has an order."""
    if card.status != "official":
        return None
    finishers = tuple(sorted(_finishers(race), key=lambda finisher: finisher.position))
    if not finishers:
        return None
    return ResultItem(
        track=card.track,
        race_date=card.race_date,
        race_number=card.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status="official",
        finishers=finishers,
        payoffs=tuple(payoff for bet in PAYOFFS for payoff in _payoffs(race, bet)),
    )


def _finishers(race: Json) -> Iterator[Finisher]:
    """`place` counts the horses that earn money, 0 is behind them, in `finishOrder`; without a place a horse is out."""
    for start in race["starts"].elements():
        result = start.get("result")
        place = result.get("place") if result is not None else None
        if result is None or place is None:
            continue
        position = place.whole() or result["finishOrder"].whole()
        yield Finisher(position=position, program_number=str(start["number"].whole()))


def _payoffs(race: Json, bet: str) -> Iterator[Payoff]:
    pool = race["pools"].get(bet)
    result = pool.get("result") if pool is not None else None
    if result is None:
        return
    starts = {start["number"].whole(): start for start in race["starts"].elements()}
    winners = result["winners"]
    lines = winners.elements() if bet != "plats" else [line for place in _places(winners) for line in place.elements()]
    for line in lines:
        horses = [line["number"].whole()] if bet in {"vinnare", "plats"} else _horses(line)
        if not horses or not starts.keys() >= set(horses):
            raise ParseError(f"{line.path}: {horses} are not all starts of this race")
        _paid_as_shown(line, starts[horses[0]]["pools"].get(bet))
        yield Payoff(
            bet_type=PAYOFFS[bet],
            combination="-".join(map(str, sorted(horses) if bet == "tvilling" else horses)),
            base=UNIT,
            payout=line["odds"].whole(),
            currency=CURRENCY,
        )


def _paid_as_shown(line: Json, shown: Json | None) -> None:
    """A win or place dividend stands beside its horse, too."""
    odds = shown.get("odds") if shown is not None else None
    if odds is not None and odds.whole() != line["odds"].whole():
        raise ParseError(f"{line.path}.odds: {line['odds'].whole()}, {odds.path} has {odds.whole()}")


def _horses(line: Json) -> list[int]:
    return [number.whole() for number in line["combination"].elements()]


def _places(winners: Json) -> list[Json]:
    return [place for name in ("first", "second", "third") if (place := winners.get(name)) is not None]
