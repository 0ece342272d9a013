"""What a message says where there is room for a few lines: a chat, a telephone."""

from collections.abc import Sequence

from alerts.mail.view import ESTIMATES, link
from alerts.rules.base import Severity
from alerts.wording.detail import Detail

SEVERITIES: tuple[Severity, ...] = ("urgent", "watch", "info")
ESTIMATE = "estimate; final odds may differ"


def rank(detail: Detail) -> tuple[int, bool]:
    """The most severe first, what is over last."""
    return SEVERITIES.index(detail.severity), detail.event == "resolved"


def body_of(details: Sequence[Detail]) -> str:
    """Plain text: one alert after the other, then the page of the race."""
    told = [line for detail in details for line in _lines(detail)]
    odds = any(detail.kind in ESTIMATES for detail in details)
    url = link(details[0].url)
    return "\n".join([*told, *([ESTIMATE] if odds else []), *([url] if url else [])])


def _lines(detail: Detail) -> list[str]:
    """`URGENT: #5 Dancer 6-1 -> 3-1 (4 MTP) below 7-2`, then what else is known of it."""
    said = " ".join(f"{detail.what} {detail.who} {detail.move}{detail.to_post} {detail.condition}".split())
    points = None if detail.points is None else f"chance by the odds: {detail.points} points"
    pool = None if detail.pool is None else f"pool: {detail.pool}"
    return [_mark(detail) + said, *(line for line in (points, pool, detail.expected, *detail.notes) if line)]


def _mark(detail: Detail) -> str:
    if detail.event == "resolved":
        return "over: "
    return "URGENT: " if detail.severity == "urgent" else ""
