"""What makes an alert pointless: its runner is out, or the source that it came from is down. Pure.

A race that is off needs no stage: what perishes with it expires (alerts.expiry), and its result never does.
"""

from alerts.delivery.standing import Standing
from alerts.rules.base import BoardRule
from alerts.rules.kinds import KINDS
from alerts.rules.policy import Delivery
from alerts.rules.system import OutcomeRule, StaleSourceRule
from horses_scrapy.storage.outbox_rows import Waiting

NO_ANSWER = frozenset({"blocked", "unavailable"})
"""Outcomes of a site that shows nothing at all; one that is half read may still have sound boards."""


def source_down(kind: str, subject: str) -> bool:
    """Whether a system rule of this kind, firing about this, means that a track's prices are not to be trusted."""
    model = KINDS.get(kind)
    if model is None:
        return False
    return issubclass(model, StaleSourceRule) or (issubclass(model, OutcomeRule) and subject in NO_ANSWER)


def why_inhibited(each: Waiting, standing: Standing, _policy: Delivery) -> str | None:
    model = KINDS.get(each.kind)
    if model is None or not issubclass(model, BoardRule):
        return None
    out = _out(each, standing)
    if out is not None:
        return f"{out} is out"
    return None if each.track_key is None else standing.down.get(each.track_key)


def _out(each: Waiting, standing: Standing) -> str | None:
    """The interest of the alert on which no bet stands: none of its entries runs."""
    about = standing.concerned(each)
    for label in each.subject.split("-"):
        entries = [runner for runner in about if runner.label == label]
        if entries and all(runner.out for runner in entries):
            return f"#{label}"
    return None
