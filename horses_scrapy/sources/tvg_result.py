"""How a race of FanDuel Racing ended, and what bets over several races will pay."""

import re
from collections.abc import Iterator

from horses_scrapy.errors import ParseError
from horses_scrapy.items import BetType, Finisher, Payoff, RaceItem, WillPay
from horses_scrapy.program_number import program_order
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.tvg_names import LEGS, PAYOFFS

_COMBINATION = re.compile(r"(?:\d{1,2}[A-Z]?|ALL)(?:-(?:\d{1,2}[A-Z]?|ALL))*", re.ASCII)

_HORSES: dict[BetType, int] = {
    "win": 1, "place": 1, "show": 1, "exacta": 2, "quinella": 2, "trifecta": 3, "superfecta": 4,
}  # fmt: skip


def finishers(node: Json, race: RaceItem) -> tuple[Finisher, ...]:
    """The order of finish, empty while there is none; a dead heat repeats the position. Who has no position did not finish."""
    results = node.get("results")
    known = {entry.program_number for entry in race.entries}
    found = []
    for runner in results.list_of("runners") if results is not None else []:
        number, position = runner["runnerNumber"].text(), runner.get("finishPosition")
        if number not in known:
            raise ParseError(f"{runner.path}.runnerNumber: {number[:10]!r} is no runner of the race")
        if position is not None and position.whole() != 0:
            found.append(Finisher(position=position.whole(), program_number=number))
    check_order(found, f"{node.path}.results.runners")
    return tuple(sorted(found, key=lambda finisher: finisher.position))


def check_order(found: list[Finisher], where: str) -> None:
    """Positions run from 1; a horse comes home once."""
    positions = sorted(finisher.position for finisher in found)
    once = len({finisher.program_number for finisher in found}) == len(found)
    if found and (positions[0] != 1 or positions[-1] > len(found) or not once):
        raise ParseError(f"{where}: positions {positions} are no order of finish")


def payoffs(node: Json, currency: str) -> tuple[Payoff, ...]:
    """Final pay-outs. Of a bet that is listed for two amounts the first is kept; bets without a name here are left out."""
    found: dict[tuple[str, str], Payoff] = {}
    for line in node["results"].list_of("payoffs"):
        for payoff in _payoffs(line, currency):
            found.setdefault((payoff.bet_type, payoff.combination), payoff)
    bases = {payoff.base for payoff in found.values() if _HORSES[payoff.bet_type] == 1}
    if len(bases) > 1:
        raise ParseError(
            f"{node.path}.results.payoffs: win, place and show are for one amount, not {sorted(bases)} cents"
        )
    return tuple(found.values())


def _payoffs(line: Json, currency: str) -> Iterator[Payoff]:
    bet_type = PAYOFFS.get(line["wagerType"]["code"].text())
    for selection in line.list_of("selections") if bet_type is not None else []:
        payout = selection["payoutAmount"].cents()
        if bet_type is None or payout == 0:
            continue
        combination = selection["selection"].text()
        if _COMBINATION.fullmatch(combination) is None or combination.count("-") + 1 != _HORSES[bet_type]:
            raise ParseError(
                f"{selection.path}.selection: {_HORSES[bet_type]} numbers are expected, not {combination[:20]!r}"
            )
        yield Payoff(
            bet_type=bet_type,
            combination=_in_order(combination) if bet_type == "quinella" else combination,
            base=line["wagerAmount"].cents(),
            payout=payout,
            currency=currency,
        )


def _in_order(combination: str) -> str:
    return "-".join(sorted(combination.split("-"), key=program_order))


def will_pays(node: Json, race: RaceItem, currency: str) -> tuple[WillPay, ...]:
    """What the last leg's interests will pay, once the legs before it are run; until then the figures are estimates."""
    labels = {entry.label for entry in race.entries}
    found: dict[tuple[str, str], WillPay] = {}
    for bet in node.list_of("willPays"):
        bet_type = LEGS.get(bet["type"]["code"].text())
        for line in bet.list_of("payouts") if bet_type is not None and bet.list_of("legResults") else []:
            label, payout = str(line["bettingInterestNumber"].whole()), line.get("payoutAmount")
            if label not in labels:
                raise ParseError(f"{line.path}.bettingInterestNumber: {label} is no interest of the race")
            if bet_type is not None and payout is not None and payout.cents() != 0:
                made = WillPay(
                    bet_type=bet_type,
                    combination=label,
                    base=bet["wagerAmount"].cents(),
                    payout=payout.cents(),
                    currency=currency,
                )
                found.setdefault((bet_type, label), made)
    return tuple(found.values())
