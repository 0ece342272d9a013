"""How a race ends: the order of finish, the order that stands, and what the final pools pay."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, cast

from horses_scrapy import parimutuel
from horses_scrapy.items import Payoff
from horses_scrapy.simulator.board import BASE, BREAKAGE, Board, exacta_payout
from horses_scrapy.simulator.card import TAKEOUT, Race, Runner
from horses_scrapy.simulator.plan import Plan

INQUIRY_RACE = 3
PAID = {"win": 1, "place": 2, "show": 3}


def order_of_finish(plan: Plan, race: Race) -> tuple[Runner, ...]:
    """Drawn from the late opinion, which the public has about right: the chance to win is the horse's share."""
    dice = plan.dice("finish", race.number)
    running = [runner for runner in race.runners if runner.label != race.scratched]
    chances = {
        runner: race.opinions[runner.label].late * dice.lognormvariate(0, 0.15) * _part(race, runner)
        for runner in running
    }
    order: list[Runner] = []
    while chances:
        next_home = dice.choices(list(chances), weights=list(chances.values()))[0]
        order.append(next_home)
        del chances[next_home]
    return _one_part_placed(order)


def official_order(race: Race, finished: Sequence[Runner]) -> tuple[Runner, ...]:
    """After an inquiry the first two change places."""
    if race.number != INQUIRY_RACE:
        return tuple(finished)
    first, second, *others = finished
    return (second, first, *others)


def payoffs(board: Board, official: Sequence[Runner], currency: str) -> tuple[Payoff, ...]:
    """Win, place, show and exacta for BASE, from the final pools, by the official order."""
    labels = [runner.label for runner in official]
    paid = [
        _payoff(pool, label, BASE * _straight(board, pool, label, labels[:places]), currency)
        for pool, places in PAID.items()
        for label in labels[:places]
    ]
    exacta = (labels[0], labels[1])
    return (*paid, _payoff("exacta", "-".join(exacta), Fraction(exacta_payout(board.pools, exacta)), currency))


def _straight(board: Board, pool: str, label: str, winners: Sequence[str]) -> Fraction:
    amounts = getattr(board.pools, pool)
    on_winners = [amounts[winner] for winner in winners]
    return parimutuel.split_price_for_1(sum(amounts.values()), amounts[label], on_winners, TAKEOUT, BREAKAGE)


def _payoff(bet_type: str, combination: str, payout: Fraction, currency: str) -> Payoff:
    kind = cast("Literal['win', 'place', 'show', 'exacta']", bet_type)
    return Payoff(bet_type=kind, combination=combination, base=BASE, payout=int(payout), currency=currency)


def _part(race: Race, runner: Runner) -> float:
    """A coupled entry's chance, shared by its horses."""
    return 1 / sum(other.label == runner.label for other in race.runners)


def _one_part_placed(order: Sequence[Runner]) -> tuple[Runner, ...]:
    """Both parts of an entry in the first three would need a jurisdiction's own rule: the second part runs fourth."""
    placed: list[Runner] = []
    others: list[Runner] = []
    for runner in order:
        free = len(placed) < PAID["show"] and runner.label not in {other.label for other in placed}
        (placed if free else others).append(runner)
    return (*placed, *others)
