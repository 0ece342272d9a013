"""The one line that a phone shows."""

import re
from collections.abc import Sequence

from alerts.safe_header import SUBJECT_CAP, clean
from alerts.wording.detail import Detail

_DECIMALS = re.compile(r"(?:\d+\.\d{2,3} -> )?\d+\.\d{2,3}\+?", re.ASCII)
_LONG = re.compile(r"(\d+\.\d+?)0+(?=\D|$)", re.ASCII)


def subject_of(details: Sequence[Detail]) -> str:
    """`AWA R1 #4 6.0->3.0 (4 MTP) and 2 more`, at most 78 characters; the first leads, the ending is never cut off."""
    first = details[0]
    more = f" and {len(details) - 1} more" if len(details) > 1 else ""
    over = "over: " if first.event == "resolved" else ""
    told = f"{first.race} {first.what} {over}{short(first).replace(' -> ', '->')}"
    ending = first.to_post + more
    return clean(told, SUBJECT_CAP - len(ending)) + ending


def short(detail: Detail) -> str:
    """The move with no more digits than decimal prices need, and one at least: `6.00 -> 3.50` is `6.0 -> 3.5`."""
    prices = detail.basis is not None and detail.notation == "decimal"
    return _LONG.sub(r"\1", detail.move) if prices and _DECIMALS.fullmatch(detail.move) else detail.move
