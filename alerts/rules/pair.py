"""Rules about pair prices: what a pair pays, against what it should pay, and what the grid says of the winner."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alerts.amounts import Hundredths, Thousandths
from alerts.limits import Limit
from alerts.rules.base import BAND, Block, PoolRule
from horses_scrapy.fair_exacta import HARVILLE, model_name

PairType = Literal["exacta", "quinella"]


class Payout(Block):
    """What a bet of `base` pays; both in hundredths of a unit of whatever currency the track has (written in whole units)."""

    payout: Hundredths
    base: Hundredths

    def per(self, base: int) -> int:
        """The payout that a bet of another base would have."""
        return self.payout * base // self.base


class PayoutRule(PoolRule):
    """What a pair pays. `threshold`, `rearm` and `step` name the base that they are for."""

    kind: Literal["exacta_payout_below", "exacta_payout_above"]
    threshold: Payout
    bet_type: PairType = "exacta"
    rearm: Payout | None = None
    step: Payout | None = None

    unit: ClassVar[str] = "payout"

    @property
    def above(self) -> bool:
        return self.kind.endswith("_above")

    @property
    def base(self) -> int:
        return self.threshold.base

    @property
    def pool(self) -> str:
        return self.bet_type

    @property
    def limit(self) -> Limit:
        threshold = self.threshold.payout
        sign: Literal[1, -1] = 1 if self.above else -1
        rearm = threshold - sign * (threshold * BAND // 100) if self.rearm is None else self.rearm.per(self.base)
        step = None if self.step is None else self.step.per(self.base)
        return Limit(sign=sign, threshold=threshold, rearm=rearm, step=step, boards=self.for_)


class ExactaRule(PoolRule):
    """About the exacta grid, by so many percent (thousandths). min_pool is of the exacta pool."""

    percent: Thousandths
    rearm: Thousandths | None = None
    step: Thousandths | None = None

    unit: ClassVar[str] = "percent"

    @property
    def pool(self) -> str:
        return "exacta"

    @property
    def limit(self) -> Limit:
        return self.rise(self.percent, self.rearm, self.step)


class ExactaOverlayRule(ExactaRule):
    """A pair pays more than its fair price after takeout.

    The fair price is Harville's (gamma 1) or Henery's: P(second | first) ~ p^gamma.
    """

    kind: Literal["exacta_overlay"]
    gamma: Annotated[float, Field(gt=0, le=1)] = HARVILLE

    @property
    def model(self) -> str:
        """As messages name it."""
        return model_name(self.gamma)


class CrossPoolRule(ExactaRule):
    """The exacta grid gives an interest another chance to win than the win pool does, by percent of the latter.

    side: `exacta_higher` (the exacta's bettors like it better) or `exacta_lower`.
    """

    kind: Literal["cross_pool"]
    percent: Thousandths = 30_000
    side: Literal["exacta_higher", "exacta_lower"] = "exacta_higher"
