"""How a race of TAB Australia ended: order of finish, dividends. The form is known from other people's parsers only."""

from horses_scrapy.errors import ParseError
from horses_scrapy.items import BetType, Finisher, Payoff
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.tab_au_names import CURRENCY, POOLS, UNIT, runner_number

RUNNERS: dict[BetType, int] = {"win": 1, "place": 1, "quinella": 2, "exacta": 2, "trifecta": 3, "superfecta": 4}
"""How many runners a winning bet names."""


def finishers(document: Json, ran: frozenset[str]) -> tuple[Finisher, ...]:
    """`[[9],[3,2],[],[1]]`: a list per place, a dead heat shares one. The place is one more than the horses before it.

    So it is the same whether an empty list follows a dead heat or not.
    """
    found: list[Finisher] = []
    for group in document.list_of("results"):
        position = len(found) + 1
        numbers = [runner_number(node, ran) for node in group.elements()]
        found += [Finisher(position=position, program_number=number) for number in numbers]
    if len({finisher.program_number for finisher in found}) != len(found):
        raise ParseError("results: a runner in two places")
    return tuple(found)


def payoffs(document: Json, ran: frozenset[str]) -> tuple[Payoff, ...]:
    """Dividends for 1 dollar, once the race is paid."""
    return tuple(
        _payoff(dividend, bet_type, ran)
        for product in document.list_of("dividends")
        if (bet_type := POOLS.get(product["wageringProduct"].text())) is not None
        for dividend in product["poolDividends"].elements()
    )


def _payoff(dividend: Json, bet_type: BetType, ran: frozenset[str]) -> Payoff:
    selections = dividend["selections"]
    numbers = [runner_number(node, ran) for node in selections.elements()]
    if len(set(numbers)) != RUNNERS[bet_type]:
        raise ParseError(f"{selections.path}: {len(set(numbers))} runners of a {bet_type}")
    amount = dividend["amount"].cents()
    if amount < UNIT:
        raise ParseError(f"{dividend.path}.amount: {amount} cents for 1 dollar")
    combination = "-".join(sorted(numbers, key=int) if bet_type == "quinella" else numbers)
    return Payoff(bet_type=bet_type, combination=combination, base=UNIT, payout=amount, currency=CURRENCY)
