"""What several addresses take in their query, bounded."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from horses_scrapy.web.desk import Desk, desk_of

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


def _as_written(text: str) -> str:
    """A number of seconds would be an instant to pydantic alone."""
    if re.match(r"\d{4}-\d{2}-\d{2}[Tt ]", text, re.ASCII) is None:
        raise ValueError("an instant such as 2026-05-02T17:00:00Z is expected")
    return text


def _within(at: datetime) -> datetime:
    """Further out the calendar itself ends, and so does the arithmetic of zones."""
    try:
        inside = _FIRST <= at <= _LAST
    except OverflowError:
        inside = False
    if not inside:
        raise ValueError("an instant from 1970 to 2200 is expected")
    return at


Served = Annotated[Desk, Depends(desk_of)]
RaceId = Annotated[int, Path(ge=1, le=2**53)]
Moment = Annotated[AwareDatetime, BeforeValidator(_as_written), AfterValidator(_within)]
Word = Annotated[str, Query(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
SourceName = Annotated[
    str | None,
    Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$", description="default: the race's primary source"),
]
