"""Holds what a damaged answer gave against the truth: equal, refused, flagged, or wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alerts.history import HARMLESS
from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem
from horses_scrapy.offline import Read

Verdict = str
"""equal, lost (less than the truth, nothing wrong), flagged (suspect), refused, wrong."""
Facts = dict[tuple[Any, ...], Any]
Flags = dict[int, frozenset[str]]


def facts(items: Iterable[AnyItem]) -> Facts:
    """What a person would bet on, by where it stands: prices, pools, pair prices, will-pays, horses, results, times."""
    found: Facts = {}
    for item in items:
        race = (item.race_number,)
        if isinstance(item, RaceItem):
            found |= _of_card(race, item)
        elif isinstance(item, OddsItem):
            found |= _of_board(race, item)
        else:
            found |= _of_result(race, item)
    return found


def _of_card(race: tuple[Any, ...], item: RaceItem) -> Facts:
    found: Facts = {(*race, "horse", entry.program_number): entry.horse for entry in item.entries}
    found |= {(*race, "label", entry.program_number): entry.label for entry in item.entries}
    found |= {(*race, "morning line", entry.program_number): entry.morning_line for entry in item.entries}
    return found | {(*race, "post"): item.post_time}


def _of_board(race: tuple[Any, ...], item: OddsItem) -> Facts:
    found: Facts = {(*race, "price", one.market, one.label): one.price for one in item.prices}
    found |= {(*race, "pool", one.bet_type, one.label): (one.amount, one.currency) for one in item.pools}
    for grid in item.grids:
        base = (grid.base, grid.currency)
        found |= {(*race, grid.bet_type, one.first, one.second): (one.payout, *base) for one in grid.prices}
    for paid in item.will_pays:
        found[*race, "will pay", paid.bet_type, paid.combination] = (paid.payout, paid.base, paid.currency)
    return found


def _of_result(race: tuple[Any, ...], item: ResultItem) -> Facts:
    found: Facts = {(*race, "position", one.program_number): one.position for one in item.finishers}
    return found | {(*race, "paid", one.bet_type, one.combination): (one.payout, one.base) for one in item.payoffs}


@dataclass(frozen=True, slots=True)
class Truth:
    """What the undamaged answers say, and the flags that their boards get."""

    facts: Facts
    flags: Flags

    @classmethod
    def of(cls, items: Iterable[AnyItem]) -> "Truth":
        stored = list(items)
        return cls(facts(stored), flags(stored))


def flags(items: Iterable[AnyItem]) -> Flags:
    """By race: those that keep a board from alerting."""
    return {item.race_number: item.flags - HARMLESS for item in items if isinstance(item, OddsItem)}


def judge(truth: Truth, found: Read, stored: list[AnyItem]) -> tuple[Verdict, str]:
    """`stored` is what the pipelines made of the items found: rejected ones are gone, suspect ones are flagged."""
    suspect = flags(stored)
    shown = facts(one for one in stored if not (isinstance(one, OddsItem) and suspect[one.race_number]))
    wrong = {at: value for at, value in shown.items() if value is not None and truth.facts.get(at) != value}
    if wrong:
        at, value = next(iter(wrong.items()))
        return "wrong", f"{at}: {value}, the truth is {truth.facts.get(at)}"
    if Truth.of(stored) == truth and not found.errors:
        return "equal", ""
    if len(stored) < len(found.items) or found.errors:
        return "refused", ""
    return ("flagged" if suspect != truth.flags else "lost"), ""
