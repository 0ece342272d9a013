"""What rules have in common: their name, their scope, when they look, and whom they tell."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.amounts import Recipient
from alerts.limits import Limit

Severity = Literal["info", "watch", "urgent"]
Minutes = Annotated[float, Field(ge=0, le=1440)]
Text = Annotated[str, Field(min_length=1)]

BAND = 15
"""Percent of a threshold between it and its re-arm level, where a rule names none."""
THIRD = 3
"""A change re-arms at two thirds of its threshold, where a rule names no level."""


class Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(Block):
    """Where a rule applies: every key that is given must match, by any of its values; an empty one is everywhere.

    Tracks by key or code; horses, jockeys and trainers by name; watchlist: the name of a list (`alertctl watchlist`), of
    which any entry may match.
    """

    tracks: tuple[Text, ...] = ()
    races: tuple[Annotated[int, Field(ge=1, le=99)], ...] = ()
    horses: tuple[Text, ...] = ()
    jockeys: tuple[Text, ...] = ()
    trainers: tuple[Text, ...] = ()
    program_numbers: tuple[Text, ...] = ()
    watchlist: Text | None = None

    @property
    def of_runners(self) -> bool:
        """Whether it asks for more than a track and a race."""
        named = (self.horses, self.jockeys, self.trainers, self.program_numbers)
        return self.watchlist is not None or any(named)


class TrackScope(Block):
    """Of a rule about ourselves."""

    tracks: tuple[Text, ...] = ()


class Rule(Block):
    """What all kinds share. recipients: mail addresses, or names of the file's channels."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    kind: str
    enabled: bool = True
    severity: Severity = "watch"
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1)] | None = None


class RaceRule(Rule):
    """A rule about races. minutes_to_post: [from, to], both included."""

    scope: Scope = Scope()
    minutes_to_post: tuple[Minutes, Minutes] | None = None

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.minutes_to_post is not None and self.minutes_to_post[0] > self.minutes_to_post[1]:
            raise ValueError("minutes_to_post: [from, to], the smaller first")
        return self


class BoardRule(RaceRule):
    """A rule that reads boards. min_pool in whole units of the currency; `for`: this many boards in a row.

    repeat: minutes after which a breach that lasts is told again. send_resolved: tell also that it is over.
    """

    min_pool: Annotated[float, Field(ge=0)] | None = None
    for_: Annotated[int, Field(ge=1, le=20, alias="for")] = 1
    repeat: Annotated[float, Field(gt=0, le=1440)] | None = None
    send_resolved: bool = False

    unit: ClassVar[str]
    pulse: ClassVar[bool] = False
    """Whether each board in breach is an event of its own: nothing is remembered, nothing re-arms."""

    @property
    def limit(self) -> Limit:
        """Of readings that bring none of their own."""
        raise NotImplementedError

    @property
    def pool(self) -> str:
        """The bet type whose total min_pool is about."""
        return "win"

    @property
    def about(self) -> str:
        """The market of its alerts' identities: a market of prices, a bet type, or nothing."""
        return ""

    @property
    def repeat_ms(self) -> int | None:
        return None if self.repeat is None else round(self.repeat * 60_000)

    def rise(self, threshold: int, rearm: int | None, step: int | None) -> Limit:
        """Of a change that breaches from its threshold on; without a level of its own it re-arms at two thirds."""
        level = threshold - threshold // THIRD if rearm is None else rearm
        return Limit(sign=1, threshold=threshold, rearm=level, inclusive=True, step=step, boards=self.for_)

    @model_validator(mode="after")
    def _rearm_side(self) -> Self:
        limit = self.limit
        if limit.sign * (limit.threshold - limit.rearm) < 0:
            side = "below" if limit.sign > 0 else "above"
            raise ValueError(f"rearm: a level {side} the threshold is expected: the alert re-arms once it is passed")
        return self


class PoolRule(BoardRule):
    """A rule about one pool: min_pool reads it, and the identities of its alerts name it."""

    @property
    def about(self) -> str:
        return self.pool


class EventRule(RaceRule):
    """A rule about what happens on a card: each change is an event, there is no level to cross."""

    fields: ClassVar[frozenset[str]]
    """Of `change` rows."""
    of_runner: ClassVar[bool] = False
    """Whether it is about changes of an entry, not of the race."""


class SystemRule(Rule):
    """A rule about ourselves, evaluated between boards. It tells its recovery, unless send_resolved is off."""

    scope: TrackScope = TrackScope()
    send_resolved: bool = True

    unit: ClassVar[str]
