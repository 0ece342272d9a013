"""What several lists are asked by."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator


def _as_written(text: str) -> str:
    """A number of seconds would be an instant to pydantic alone."""
    if re.match(r"\d{4}-\d{2}-\d{2}[Tt ]", text, re.ASCII) is None:
        raise ValueError("an instant such as 2026-05-02T17:00:00Z is expected")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_as_written)]
