"""What an alert about a result says: who won, and what was paid for which bet."""

from collections.abc import Iterator
from itertools import zip_longest

from alerts.events import EventFiring
from alerts.safe_header import clean
from alerts.wording.detail import Words
from horses_scrapy import money
from horses_scrapy.program_number import interest_of
from horses_scrapy.storage.result_reader import Paid, Placed, ResultView

STRAIGHT = ("win", "place", "show")
PLACES = 3
"""How far down the order is told where it was not paid."""


def official(firing: EventFiring) -> Words:
    """The winners with what they paid; every number with its bet, base and currency in the notes."""
    found = firing.happening.result
    assert found is not None
    paid = _straight(found)
    first = [one for one in found.finishers if one.position == found.finishers[0].position]
    heat = "dead heat " if len(first) > 1 else ""
    return Words(
        what="result",
        move=f"{heat}win {' and '.join(_winner(one, paid.get(one, [])) for one in first)}",
        notes=(*(_line(one, paid.get(one, [])) for one in _told(found, paid)), *_others(found)),
    )


def _winner(one: Placed, paid: list[Paid]) -> str:
    return " ".join((_named(one), *(money.figure(each.payout, each.currency) for each in paid)))


def _told(found: ResultView, paid: dict[Placed, list[Paid]]) -> list[Placed]:
    return [one for one in found.finishers if one.position <= PLACES or one in paid]


def _line(one: Placed, paid: list[Paid]) -> str:
    """`1st 5 Dancer: win 7.40, place 4.20, show 3.00 for 2.00 USD`."""
    sums = ", ".join(
        f"{each.bet_type} {money.figure(each.payout, each.currency)}{_base(each) if _ends(each, later) else ''}"
        for each, later in zip_longest(paid, paid[1:])
    )
    return f"{_ordinal(one.position)} {_named(one)}{': ' if sums else ''}{sums}"


def _ends(paid: Paid, later: Paid | None) -> bool:
    """Whether the next sum is for another bet, so that the base must stand here."""
    return later is None or (later.base, later.currency) != (paid.base, paid.currency)


def _others(found: ResultView) -> Iterator[str]:
    for each in found.payoffs:
        if each.bet_type not in STRAIGHT:
            combination = clean(each.combination)
            yield f"{clean(each.bet_type)} {combination} paid {money.figure(each.payout, each.currency)}{_base(each)}"


def _straight(found: ResultView) -> dict[Placed, list[Paid]]:
    """What each horse paid for win, place and show, in this order. Of a coupled entry its best placed part is paid."""
    by_bet = {(each.bet_type, each.combination): each for each in found.payoffs}
    paid: dict[Placed, list[Paid]] = {}
    taken: set[str] = set()
    for one in found.finishers:
        names = dict.fromkeys((one.program_number, interest_of(one.program_number)))
        name = next((each for each in names if any((bet, each) in by_bet for bet in STRAIGHT)), None)
        if name is not None and name not in taken:
            taken.add(name)
            paid[one] = [by_bet[bet, name] for bet in STRAIGHT if (bet, name) in by_bet]
    return paid


def _base(paid: Paid) -> str:
    return f" for {money.shown(paid.base, paid.currency)}"


def _named(one: Placed) -> str:
    return f"{clean(one.program_number)} {clean(one.horse)}"


def _ordinal(position: int) -> str:
    if position % 100 in {11, 12, 13}:
        return f"{position}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(position % 10, "th")
    return f"{position}{ending}"
