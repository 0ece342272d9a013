"""Prices of several books on one race that together leave a sure profit. Pure; fixed odds and exchanges only.

A pari-mutuel price moves with the bet and after it, so it is never part of one. Exact rationals: three prices of 3.0 sum to
1 and not to a hair below. Stakes are whole minor units, rounded down; a commission is a share of a bet's net winnings.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Market = Literal["win_fixed", "win_back", "win_lay"]
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Offer:
    """A price (thousandths) that can be had now. `win_back` and `win_lay` are an exchange's."""

    source: str
    market: Market
    label: str
    price: int

    def effective(self, commission: Fraction) -> Fraction:
        """What 1 backed returns, stake included, after commission. An exchange takes its own per market: never more."""
        price = Fraction(self.price, 1000)
        return ONE + (price - 1) * (ONE - commission) if self.market == "win_back" else price


@dataclass(frozen=True, slots=True)
class Leg:
    """stake: minor units. liability: what a lay may cost; the stake itself where the leg is a back."""

    offer: Offer
    effective: Fraction
    stake: int
    liability: int


@dataclass(frozen=True, slots=True)
class Sure:
    """A bet that cannot lose as long as every leg is taken at its price. Minor units.

    total: sum of 1/effective, below 1; of a back and a lay (l - c) / (b (1 - c)), below 1 too. outlay: what is put up. worst:
    the least that comes back, rounded down. left: what rounding leaves of the stake that was asked for.
    """

    kind: Literal["dutch", "back_lay"]
    total: Fraction
    legs: tuple[Leg, ...]
    outlay: int
    worst: int
    left: int

    @property
    def profit(self) -> int:
        return self.worst - self.outlay


def best_backs(offers: Iterable[Offer], commission: Fraction) -> dict[str, Offer]:
    """By label the one that returns most after commission; the first of equal ones."""
    best: dict[str, Offer] = {}
    for offer in offers:
        if offer.market == "win_lay":
            continue
        held = best.get(offer.label)
        if held is None or offer.effective(commission) > held.effective(commission):
            best[offer.label] = offer
    return best


def field_sum(best: Mapping[str, Offer], running: AbstractSet[str], commission: Fraction) -> Fraction | None:
    """Sum of 1/effective over all that run; None where one of them is not priced, or nobody runs."""
    if not running or not running <= best.keys():
        return None
    return sum((ONE / best[label].effective(commission) for label in running), Fraction())


def dutch(best: Mapping[str, Offer], running: AbstractSet[str], commission: Fraction, stake: int) -> Sure | None:
    """Every interest that runs backed, for an equal return; None where that leaves nothing."""
    total = field_sum(best, running, commission)
    if total is None or total >= 1:
        return None
    legs = []
    for label in best:
        if label in running:
            effective = best[label].effective(commission)
            part = int(stake / effective / total)
            legs.append(Leg(best[label], effective, part, part))
    outlay = sum(leg.stake for leg in legs)
    worst = min(int(leg.stake * leg.effective) for leg in legs)
    return _worth(Sure("dutch", total, tuple(legs), outlay, worst, stake - outlay))


def back_lay(back: Offer, lay: Offer, commission: Fraction, stake: int) -> Sure | None:
    """One interest backed high and laid low, for an equal return whether it wins or not; None where that leaves nothing.

    With b what 1 backed returns and a lay price l: a lay of b/(l - c) for 1 backed returns (1 - c) b/(l - c) either way.
    """
    returns, against = back.effective(commission), Fraction(lay.price, 1000)
    total = (against - commission) / (returns * (ONE - commission))
    if total >= 1 or back.source == lay.source:
        return None
    ratio = returns / (against - commission)
    backed = int(stake / (1 + ratio * (against - 1)))
    laid = int(stake / (1 + ratio * (against - 1)) * ratio)
    liability = -int(-laid * (against - 1) // 1)
    legs = (Leg(back, returns, backed, backed), Leg(lay, against, laid, liability))
    wins = int(backed * returns)  # and the liability is lost
    loses = int(liability + laid * (ONE - commission))
    outlay = backed + liability
    return _worth(Sure("back_lay", total, legs, outlay, min(wins, loses), stake - outlay))


def back_lays(offers: Iterable[Offer], running: AbstractSet[str], commission: Fraction, stake: int) -> list[Sure]:
    """Of each interest that runs: its best back price against the lowest lay of another source."""
    shown = [offer for offer in offers if offer.label in running]
    lays = [offer for offer in shown if offer.market == "win_lay"]
    found = []
    for lay in lays:
        others = [offer for offer in shown if offer.label == lay.label and offer.source != lay.source]
        back = best_backs(others, commission).get(lay.label)
        sure = None if back is None else back_lay(back, lay, commission, stake)
        found += [] if sure is None else [sure]
    return found


def _worth(sure: Sure) -> Sure | None:
    """Rounding may eat it."""
    return sure if sure.profit > 0 else None
