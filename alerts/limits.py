"""A rule's numbers, and the life of one identity: inactive -> pending -> firing -> inactive. Pure."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Phase = Literal["pending", "firing"]
Event = Literal["fired", "further", "repeated", "resolved"]
"""What an alert tells: a threshold crossed, a further step beyond it, that the breach lasts, that it is over."""
Step = Literal["fired", "further", "repeated", "resolved", "pending", "holding", "not crossed"]
"""What one more board did to an identity."""


class Identity(NamedTuple):
    """What an alert is about. `subject` is an interest's label, a pair `first-second`, a program number, or nothing."""

    rule: str
    scope: str
    market: str
    subject: str


@dataclass(frozen=True, slots=True)
class State:
    """Where an identity stands; one that is inactive has none.

    boards: consecutive boards in breach while pending. alerted_value: the value that the last alert told. since: when it
    became pending, or was last alerted.
    """

    phase: Phase
    boards: int
    alerted_value: int | None
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Where a value fires and where it re-arms, all in one integer unit.

    sign is +1 where a rise breaches and -1 where a fall does. step: a further alert when the value has moved this much
    beyond the last alerted one. boards: this many in a row before the first alert.
    """

    sign: Literal[1, -1]
    threshold: int
    rearm: int
    inclusive: bool = False
    step: int | None = None
    boards: int = 1

    def breached(self, value: int) -> bool:
        beyond = self.sign * (value - self.threshold)
        return beyond > 0 or (self.inclusive and beyond == 0)

    def cleared(self, value: int) -> bool:
        return self.sign * (value - self.rearm) <= 0

    def further(self, value: int, alerted: int | None) -> bool:
        return self.step is not None and alerted is not None and self.sign * (value - alerted) >= self.step


def advance(
    limit: Limit, before: State | None, value: int, breach: bool, now_ms: int, repeat_ms: int | None = None
) -> tuple[State | None, Step]:
    """The state after one more evaluated board, and what it did. `breach` as the rule decided it."""
    if before is not None and before.phase == "firing":
        return _while_firing(limit, before, value, breach, now_ms, repeat_ms)
    if not breach:
        return None, "not crossed"
    boards = 1 if before is None else before.boards + 1
    if boards >= limit.boards:
        return State("firing", boards, value, now_ms), "fired"
    return State("pending", boards, None, now_ms if before is None else before.since), "pending"


def _while_firing(
    limit: Limit, before: State, value: int, breach: bool, now_ms: int, repeat_ms: int | None
) -> tuple[State | None, Step]:
    if not breach and limit.cleared(value):
        return None, "resolved"
    if breach and limit.further(value, before.alerted_value):
        return State("firing", before.boards, value, now_ms), "further"
    if breach and repeat_ms is not None and now_ms - before.since >= repeat_ms:
        return State("firing", before.boards, value, now_ms), "repeated"
    return before, "holding"
