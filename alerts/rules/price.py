"""Rules about the price of one interest: its level, its move, and against somebody's line."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from alerts.amounts import Decimal, Profit, Thousandths
from alerts.limits import Limit
from alerts.rules.base import BAND, Block, BoardRule, Minutes
from horses_scrapy.items import Market


class PriceRule(BoardRule):
    market: Market = "win_tote"

    @property
    def about(self) -> str:
        return self.market


class WinRule(PriceRule):
    """The price of one interest against a level. Prices in thousandths."""

    threshold: int
    rearm: int | None
    step: Thousandths | None = None

    unit: ClassVar[str] = "price"

    @property
    def above(self) -> bool:
        return self.kind.endswith("_above")

    @property
    def limit(self) -> Limit:
        sign: Literal[1, -1] = 1 if self.above else -1
        band = (self.threshold - 1000) * BAND // 100
        rearm = self.threshold - sign * band if self.rearm is None else self.rearm
        return Limit(sign=sign, threshold=self.threshold, rearm=rearm, step=self.step, boards=self.for_)


class WinOddsRule(WinRule):
    kind: Literal["win_odds_below", "win_odds_above"]
    threshold: Profit
    rearm: Profit | None = None


class WinDecimalRule(WinRule):
    kind: Literal["win_decimal_below", "win_decimal_above"]
    threshold: Decimal
    rearm: Decimal | None = None


class Ago(Block):
    """The newest board that is at least so old."""

    minutes: Annotated[Minutes, Field(gt=0)]


class Band(Block):
    """The percent that a price needs whose reference is at most `up_to` (profit per 1); None: all longer ones."""

    up_to: Profit | None = None
    percent: Thousandths


class MoveRule(PriceRule):
    """A price that fell or rose: percent of the profit per 1, points of 100/decimal, or both at once (thousandths).

    `rearm` and `step` are in percent where the rule names a percent or bands, else in points.
    """

    kind: Literal["odds_drop", "odds_drift"]
    percent: Thousandths | None = None
    points: Thousandths | None = None
    bands: tuple[Band, ...] = ()
    against: Literal["open", "previous", "morning_line"] | Ago = "open"
    rearm: Thousandths | None = None
    step: Thousandths | None = None

    @model_validator(mode="after")
    def _some_threshold(self) -> Self:
        if self.percent is None and self.points is None and not self.bands:
            raise ValueError("percent, points or bands are expected")
        if self.percent is not None and self.bands:
            raise ValueError("percent or bands, not both")
        return self

    @model_validator(mode="after")
    def _possible(self) -> Self:
        asked = [self.percent or 0, *(band.percent for band in self.bands)]
        if self.kind == "odds_drop" and max(asked) >= 100_000:
            raise ValueError("percent: below 100 is expected: odds cannot fall by more than all of themselves")
        return self

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ends = [band.up_to for band in self.bands]
        known = [end for end in ends if end is not None]
        if None in ends[:-1] or known != sorted(set(known)):
            raise ValueError("bands: from short to long prices, one without up_to last")
        return self

    @property
    def sign(self) -> Literal[1, -1]:
        """Of a move that the rule is about: -1 for a fall of the price."""
        return -1 if self.kind == "odds_drop" else 1

    @property
    def measure(self) -> Literal["percent", "points"]:
        return "points" if self.percent is None and not self.bands else "percent"

    @property
    def unit(self) -> str:  # type: ignore[override]
        return self.measure

    @property
    def limit(self) -> Limit:
        first = self.bands[0].percent if self.bands else self.percent
        return self._limit(self.points if first is None else first)

    def limit_at(self, reference: int) -> Limit | None:
        """The limit for a price that moved from `reference` (thousandths); None where no band holds it."""
        if not self.bands:
            return self.limit
        band = next((one for one in self.bands if one.up_to is None or reference <= one.up_to), None)
        return None if band is None else self._limit(band.percent)

    def _limit(self, threshold: int | None) -> Limit:
        threshold = 0 if threshold is None else threshold  # _some_threshold has the last word
        return self.rise(threshold, self.rearm, self.step)


class SteamRule(PriceRule):
    """The win probability (100/decimal, not normalised) rose by `points` within `minutes`, no scratch in between."""

    kind: Literal["steam"]
    points: Thousandths = 3000
    minutes: Annotated[Minutes, Field(gt=0)] = 5
    rearm: Thousandths | None = None
    step: Thousandths | None = None

    unit: ClassVar[str] = "points"

    @property
    def limit(self) -> Limit:
        return self.rise(self.points, self.rearm, self.step)


class OverlayRule(PriceRule):
    """The price is longer than the morning line, or than the user's own line, by so many percent of its profit per 1."""

    kind: Literal["overlay_vs_morning_line", "overlay_vs_line"]
    percent: Thousandths
    rearm: Thousandths | None = None
    step: Thousandths | None = None

    unit: ClassVar[str] = "percent"

    @property
    def limit(self) -> Limit:
        return self.rise(self.percent, self.rearm, self.step)
