"""Arbitrage between books and exchanges, by fresh and unflagged boards of races that are not off."""

from collections.abc import Sequence
from datetime import timedelta

from horses_scrapy.arbitrage import Leg
from horses_scrapy.clock import from_ms
from horses_scrapy.storage.best_prices import Asked, horses_listed, prices_asked, sources_showing
from horses_scrapy.storage.board_reader import pools_at
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.race_list import races_around
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.book_field import FIXED, Asking, BookField, Find, fields, finds
from horses_scrapy.web.facts.names import race_name
from horses_scrapy.web.models.arbitrage import Arbitrage, ArbitrageLeg, ArbitrageLook, Arbitrages
from horses_scrapy.web.models.base import Odds, in_units, instant

BACK, AHEAD = timedelta(hours=12), timedelta(hours=72)
"""A race that is late is still to come; further ahead nobody bets."""
UNITS = 100
"""Stakes are worked out in hundredths."""
MOST = 50
"""Arbitrages in one answer: those with the largest margin."""
CAVEATS = (
    "Nothing here is bet, and nothing is promised: prices move, and one may be gone while another is taken.",
    "Bookmakers limit stakes; an exchange matches no more than what is on offer at that price.",
    "A dead heat pays each winner a part only, and its rules differ from book to book.",
    "A withdrawal cuts prices: by rule 4 deductions at books, by reduction factors at exchanges, and they are not the same.",
    "The commission is assumed, and taken of each winning bet; an exchange takes it of what is won net in a market.",
    "Currencies are not converted, and taxes are not looked at.",
)


def arbitrages_of(reading: Reading, commission: float, max_age_s: int, stake: int) -> Arbitrages:
    """stake: in whole units."""
    asking = Asking.of(reading.now_ms, commission, max_age_s, stake * UNITS)
    looked, totes = _looked(reading, asking)
    found = sorted(finds(looked, asking), key=lambda one: one.sure.outlay / one.sure.worst)[:MOST]
    sums = {one.race.race_id: one.total(asking.commission) for one in looked}
    best = min((total for total in sums.values() if total is not None), default=None)
    return Arbitrages(
        at=instant(reading.now_ms),
        commission=commission,
        max_age_seconds=max_age_s,
        stake=stake,
        arbitrages=[_arbitrage(reading, one) for one in found],
        best_sum=None if best is None else round(float(best), 6),
        looked_at=[_look(one, asking) for one in looked],
        tote_sources=totes,
        reason=None if found else _reason(looked, totes, asking),
        caveats=list(CAVEATS),
    )


def _looked(reading: Reading, asking: Asking) -> tuple[list[BookField], list[str]]:
    """Races to come with fixed or exchange prices, by post time, and the sources that show tote prices alone."""
    connection, now = reading.connection, from_ms(reading.now_ms)
    races = races_around(connection, reading.now_ms - _ms(BACK), reading.now_ms + _ms(AHEAD))
    dates = ((now - BACK - timedelta(days=1)).date(), (now + AHEAD + timedelta(days=1)).date())
    asked = prices_asked(connection, *dates)
    showing = sources_showing(connection, *dates)
    fixed = {one.race_id for one in asked if one.market in FIXED}
    booked = [one for one in races if one.race_id in fixed]
    listed = horses_listed(connection, fixed) if booked else []
    totes = {one.source for one in showing} - {one.source for one in asked if one.market in FIXED}
    return fields(booked, asked, showing, listed, asking), sorted(totes)


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _reason(looked: Sequence[BookField], totes: Sequence[str], asking: Asking) -> str:
    if not looked and not totes:
        return "no race that is still to come is stored"
    if not looked:
        return f"only tote sources show races to come ({', '.join(totes)}): what a pool pays moves with the bet and after it"
    summed = [(total, one) for one in looked if (total := one.total(asking.commission)) is not None]
    if not summed:
        return f"no race has its whole field priced by fresh boards; {_name(looked[0])}: {looked[0].why(asking.commission)}"
    best, field = min(summed, key=lambda pair: pair[0])
    return f"nothing beats 1: the best sum is {float(best):.4f}, {_name(field)}"


def _name(field: BookField) -> str:
    return f"{field.race.track_code} R{field.race.race_number}"


def _look(field: BookField, asking: Asking) -> ArbitrageLook:
    total = field.total(asking.commission)
    return ArbitrageLook(
        race=race_name(field.race),
        sources=sorted({one.source for one in field.asked}),
        sum=None if total is None else round(float(total), 6),
        reason=field.why(asking.commission),
    )


def _arbitrage(reading: Reading, find: Find) -> Arbitrage:
    sure = find.sure
    return Arbitrage(
        race=race_name(find.field.race),
        kind=sure.kind,
        sum=round(float(sure.total), 6),
        legs=[_leg(reading, find.field, leg) for leg in sure.legs],
        outlay=sure.outlay / UNITS,
        returns=sure.worst / UNITS,
        profit=sure.profit / UNITS,
        margin=round(sure.profit / sure.outlay, 6),
        unused=sure.left / UNITS,
    )


def _leg(reading: Reading, field: BookField, leg: Leg) -> ArbitrageLeg:
    offer = leg.offer
    asked = field.price_of(offer)
    return ArbitrageLeg(
        label=offer.label,
        horse=field.horses.get(offer.label, ""),
        source=offer.source,
        market=offer.market,
        side="lay" if offer.market == "win_lay" else "back",
        odds=Odds.of(Shown(asked.price, asked.status), asked.notation),
        effective=round(float(leg.effective), 6),
        stake=leg.stake / UNITS,
        liability=leg.liability / UNITS,
        available=_available(reading, asked),
        seen_at=instant(asked.fetched_at),
    )


def _available(reading: Reading, asked: Asked) -> float | None:
    if asked.market == "win_fixed":
        return None
    pool = pools_at(reading.connection, asked.race_id, asked.source_id, asked.fetched_at).get(asked.market)
    amount = None if pool is None else pool.amounts.get(asked.label)
    return None if pool is None or amount is None else in_units(amount, pool.currency)
