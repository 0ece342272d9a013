"""How long to wait before asking again. Pure; seconds of the spider's clock."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_WAIT = 120.0
"""A site that asks for more is not waited for: this crawl gives up, and none asks earlier than it was told to."""


def retry_after(header: bytes | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date), None where it says nothing usable."""
    text = header.decode("latin-1").strip() if header is not None else ""
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return float(text)
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, (instant - now).total_seconds())


def backoff(first: float, retry: int) -> float:
    """first, 2 x first, 4 x first ... for retry 1, 2, 3 ..."""
    return first * 2.0 ** (retry - 1)
