"""How a command speaks: its text to the terminal, a named error as one `error:` line with its exit code."""

import sys
from collections.abc import Callable

from horses_scrapy.errors import OK, HorsesError


def speak(make: Callable[[], str]) -> int:
    """Print what `make` returns; the exit code."""
    try:
        print(make())  # noqa: T201 (a command speaks to its terminal)
    except HorsesError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return OK
