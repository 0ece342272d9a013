"""One value that a rule read off a board."""

from dataclasses import dataclass

from alerts.limits import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one subject, in the rule's unit.

    now, before: what the message shows, in thousandths (prices) or hundredths of a unit (money, pay-outs for the rule's
    base); before is None at first sight. capped: `now` is only the least that it can be. confirmed: whether the rule's
    further condition, if it has one, holds too. limit: where it is not the rule's own. against: the price that the value is
    measured against where that is not `before` (a line). note: what the message says of the measuring.
    """

    subject: str
    labels: tuple[str, ...]
    value: int
    now: int
    before: int | None
    capped: bool = False
    confirmed: bool = True
    limit: Limit | None = None
    against: int | None = None
    note: str = ""
