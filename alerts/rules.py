"""config/alerts.yaml: what is worth an alert. Every fault of the file is reported at once."""

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alerts.amounts import Address, Decimal, Hundredths, Profit, Thousandths
from alerts.limits import Limit
from horses_scrapy.config.yaml_file import Location, YamlFile, faults, nearest, read
from horses_scrapy.errors import ConfigError
from horses_scrapy.items import Market

BAND = 15
"""Percent of a threshold between it and its re-arm level, where a rule names none."""
DROP_BAND = 3
"""A drop re-arms at two thirds of its threshold, where a rule names no level."""

Minutes = Annotated[float, Field(ge=0, le=1440)]


class Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(Block):
    """Where a rule applies; an empty list is everywhere. Tracks by key or code, horses by name."""

    tracks: tuple[str, ...] = ()
    races: tuple[Annotated[int, Field(ge=1, le=99)], ...] = ()
    horses: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class Payout(Block):
    """What a bet of `base` pays; both in hundredths of a unit of whatever currency the track has (written in whole units)."""

    payout: Hundredths
    base: Hundredths

    def per(self, base: int) -> int:
        """The payout that a bet of another base would have."""
        return self.payout * base // self.base


class Rule(Block):
    """What all kinds share. minutes_to_post: [from, to], both included."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    kind: str
    enabled: bool = True
    scope: Scope = Scope()
    minutes_to_post: tuple[Minutes, Minutes] | None = None
    recipients: Annotated[tuple[Address, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.minutes_to_post is not None and self.minutes_to_post[0] > self.minutes_to_post[1]:
            raise ValueError("minutes_to_post: [from, to], the smaller first")
        return self


class BoardRule(Rule):
    """A rule that reads boards. min_pool in whole units of the currency; `for`: this many boards in a row."""

    min_pool: Annotated[float, Field(ge=0)] | None = None
    for_: Annotated[int, Field(ge=1, le=20, alias="for")] = 1

    unit: ClassVar[str]

    @property
    def limit(self) -> Limit:
        raise NotImplementedError

    @property
    def pool(self) -> str:
        return "win"

    @model_validator(mode="after")
    def _rearm_side(self) -> Self:
        limit = self.limit
        if limit.sign * (limit.threshold - limit.rearm) < 0:
            side = "below" if limit.sign > 0 else "above"
            raise ValueError(f"rearm: a level {side} the threshold is expected: the alert re-arms once it is passed")
        return self


class WinRule(BoardRule):
    """The price of one interest against a level. Prices in thousandths."""

    threshold: int
    rearm: int | None
    step: Thousandths | None = None
    market: Market = "win_tote"

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


class DropRule(BoardRule):
    """A fall of the price: percent of the profit per 1, points of 100/decimal, or both at once (thousandths).

    `rearm` and `step` are in percent where the rule names a percent, else in points.
    """

    kind: Literal["odds_drop"]
    percent: Thousandths | None = None
    points: Thousandths | None = None
    against: Literal["open", "previous"] = "open"
    rearm: Thousandths | None = None
    step: Thousandths | None = None
    market: Market = "win_tote"

    @model_validator(mode="after")
    def _some_threshold(self) -> Self:
        if self.percent is None and self.points is None:
            raise ValueError("percent, points or both are expected")
        if self.percent is not None and self.percent >= 100_000:
            raise ValueError("percent: below 100 is expected")
        return self

    @property
    def measure(self) -> Literal["percent", "points"]:
        return "points" if self.percent is None else "percent"

    @property
    def limit(self) -> Limit:
        threshold = self.points if self.percent is None else self.percent
        threshold = 0 if threshold is None else threshold  # _some_threshold has the last word
        rearm = threshold - threshold // DROP_BAND if self.rearm is None else self.rearm
        return Limit(sign=1, threshold=threshold, rearm=rearm, inclusive=True, step=self.step, boards=self.for_)


class PairRule(BoardRule):
    """What a pair pays. `threshold`, `rearm` and `step` name the base that they are for."""

    kind: Literal["exacta_payout_above"]
    threshold: Payout
    bet_type: Literal["exacta", "quinella"] = "exacta"
    rearm: Payout | None = None
    step: Payout | None = None

    unit: ClassVar[str] = "payout"

    @property
    def base(self) -> int:
        return self.threshold.base

    @property
    def pool(self) -> str:
        return self.bet_type

    @property
    def limit(self) -> Limit:
        threshold = self.threshold.payout
        rearm = threshold - threshold * BAND // 100 if self.rearm is None else self.rearm.per(self.base)
        step = None if self.step is None else self.step.per(self.base)
        return Limit(sign=1, threshold=threshold, rearm=rearm, step=step, boards=self.for_)


class ScratchRule(Rule):
    kind: Literal["scratched"]


KINDS: dict[str, type[Rule]] = {
    "win_odds_below": WinOddsRule,
    "win_odds_above": WinOddsRule,
    "win_decimal_below": WinDecimalRule,
    "win_decimal_above": WinDecimalRule,
    "odds_drop": DropRule,
    "exacta_payout_above": PairRule,
    "scratched": ScratchRule,
}


class RuleSet(Block):
    rules: tuple[Rule, ...] = ()

    @property
    def on_boards(self) -> tuple[BoardRule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled and isinstance(rule, BoardRule))

    @property
    def on_scratches(self) -> tuple[ScratchRule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled and isinstance(rule, ScratchRule))


def load_rules(path: Path) -> RuleSet:
    """The rules of one file. Raises ConfigError with a line for every fault."""
    file = read(path)
    found = [
        f"{file.where((key,))}: {key}: unknown key{nearest(key, ['rules'])}" for key in file.data if key != "rules"
    ]
    rules = [rule for index, block in _blocks(file, found) if (rule := _rule(index, block, file, found)) is not None]
    found += _repeated(file)
    if found:
        raise ConfigError("\n".join(found))
    return RuleSet(rules=tuple(rules))


def _blocks(file: YamlFile, found: list[str]) -> list[tuple[int, Any]]:
    blocks = file.data.get("rules") or []
    if not isinstance(blocks, list):
        found.append(f"{file.where(('rules',))}: rules: a list of rules is expected")
        return []
    return list(enumerate(blocks))


def _rule(index: int, block: Any, file: YamlFile, found: list[str]) -> Rule | None:
    at: Location = ("rules", index)
    if not isinstance(block, dict):
        found.append(f"{file.where(at)}: rules.{index}: a mapping with name and kind is expected")
        return None
    kind = block.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        hint = "; known: " + ", ".join(KINDS) if kind is None else nearest(str(kind), list(KINDS))
        found.append(f"{file.where((*at, 'kind'))}: rules.{index}.kind: {kind!r} is no kind of rule{hint}")
        return None
    try:
        return model.model_validate(block)
    except ValidationError as error:
        found += [re.sub(r"\bfor_", "for", line) for line in faults(error, model, file, at)]
        return None


def _repeated(file: YamlFile) -> list[str]:
    blocks = file.data.get("rules")
    named = [
        (index, block["name"])
        for index, block in enumerate(blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict) and isinstance(block.get("name"), str)
    ]
    counts = Counter(name for _, name in named)
    return [
        f"{file.where(('rules', index, 'name'))}: rules.{index}.name: {name!r} names {counts[name]} rules"
        for index, name in named
        if counts[name] > 1
    ]
