"""Holds what a damaged answer gave against the truth: equal, refused, flagged, or wrong."""

from collections.abc import Callable, Iterable
from typing import Any

from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem
from horses_scrapy.offline import Read

Verdict = str
"""equal, lost (less than the truth, nothing wrong), flagged, refused, wrong."""
Facts = dict[tuple[Any, ...], Any]


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


def judge(truth: Facts, found: Read, kept: Callable[[AnyItem], AnyItem | None]) -> tuple[Verdict, str]:
    """`kept` is what the pipelines make of an item: None where it is rejected, flags where it is suspect."""
    stored = [one for item in found.items if (one := kept(item)) is not None]
    flagged = any(isinstance(one, OddsItem) and one.flags for one in stored)
    shown = facts(one for one in stored if not (isinstance(one, OddsItem) and one.flags))
    wrong = {at: value for at, value in shown.items() if value is not None and truth.get(at) != value}
    if wrong:
        at, value = next(iter(wrong.items()))
        return "wrong", f"{at}: {value}, the truth is {truth.get(at)}"
    if len(stored) < len(found.items) or found.errors:
        return "refused", ""
    if flagged:
        return "flagged", ""
    return ("equal" if all(shown.get(at) == value for at, value in truth.items()) else "lost"), ""
