"""The truth about a card: what stood on every board, when, and how each race ended."""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property

from horses_scrapy.items import Payoff
from horses_scrapy.simulator import card, finish, market
from horses_scrapy.simulator.board import Board
from horses_scrapy.simulator.card import Race, Runner
from horses_scrapy.simulator.plan import Plan

CURRENCY = "USD"


class RaceLedger:
    """One race. Boards are worked out on first use, all at once, because each stands on the one before."""

    def __init__(self, plan: Plan, race: Race) -> None:
        self.plan = plan
        self.race = race

    @cached_property
    def boards(self) -> tuple[Board, ...]:
        called_off = self.race.times.cancelled_at
        shown = [one for one in market.run(self.plan, self.race) if called_off is None or one[0] <= called_off]
        return tuple(Board(self.race, number, at, pools) for number, (at, pools) in enumerate(shown))

    @property
    def final(self) -> Board:
        return self.boards[-1]

    @cached_property
    def finished(self) -> tuple[Runner, ...]:
        return finish.order_of_finish(self.plan, self.race)

    @cached_property
    def official(self) -> tuple[Runner, ...]:
        return finish.official_order(self.race, self.finished)

    @cached_property
    def payoffs(self) -> tuple[Payoff, ...]:
        return finish.payoffs(self.final, self.official, CURRENCY)

    def board_at(self, instant: dt.datetime) -> Board | None:
        """The board that shows at an instant, such as a page's source time; None before wagering opens."""
        since_opening = (instant - self.race.times.opens).total_seconds()
        if since_opening < 0:
            return None
        return self.boards[min(len(self.boards) - 1, int(since_opening // self.plan.cycle))]


class Ledger:
    """The same plan gives the same ledger, in every process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._races = {race.number: RaceLedger(plan, race) for race in card.card(plan)}

    @property
    def races(self) -> Mapping[int, RaceLedger]:
        return self._races

    @property
    def ends(self) -> dt.datetime:
        """When the last race is official, or cancelled."""
        return max(entry.race.times.ends for entry in self._races.values())

    def race(self, number: int) -> RaceLedger:
        """Raises KeyError for a race that is not on the card."""
        return self._races[number]

    def board_at(self, number: int, source_time: dt.datetime) -> Board | None:
        return self.race(number).board_at(source_time)

    def final(self, number: int) -> Board:
        return self.race(number).final
