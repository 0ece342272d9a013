"""What several addresses take in their query, bounded."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, AwareDatetime

from horses_scrapy.web.desk import Desk, desk_of

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


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
Moment = Annotated[AwareDatetime, AfterValidator(_within)]
SourceName = Annotated[
    str | None,
    Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$", description="default: the race's primary source"),
]
